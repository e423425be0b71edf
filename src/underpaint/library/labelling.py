"""A team's own labels: the page they are given on, and what is learned from them."""

import base64
import hashlib
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from importlib import resources
from pathlib import Path

from PIL import Image

from underpaint.errors import PictureError, RecipeError
from underpaint.imaging.arrays import to_bytes
from underpaint.library.review_files import pictures_in, review_files, small_picture
from underpaint.library.reviewing import Desk
from underpaint.library.store import hash_file
from underpaint.review.team import Label, Team, learn_team, team_file
from underpaint.review.verdict import GRADES

MOST_LABELLED = 400
_SIDE = 384
_MOST_BYTES = 16 * 2**20


@dataclass(frozen=True)
class Labelled:
    """One picture of the page: its file, the SHA-256 of its bytes, and a small JPEG."""

    path: Path
    sha256: str
    thumbnail: bytes


def labelled_pictures(folder: Path) -> tuple[list[Labelled], list[tuple[str, str]]]:
    """The first 400 pictures of a folder, made small, and those that cannot be read, with why.

    Raises PictureError for none.
    """
    found: list[Labelled] = []
    problems: list[tuple[str, str]] = []
    for path in pictures_in([folder]):
        if len(found) == MOST_LABELLED:
            break
        try:
            small, sha256 = small_picture(path, _SIDE), hash_file(path)
        except (PictureError, OSError) as error:  # the second where a file is taken away meanwhile
            problems.append((path.name, error.message if isinstance(error, PictureError) else "it is gone"))
            continue
        file = io.BytesIO()
        Image.fromarray(to_bytes(small)).save(file, "JPEG", quality=85)
        found.append(Labelled(path, sha256, file.getvalue()))
    if not found:
        raise PictureError(f"no picture in {folder.name} can be read", hint="Name a folder of PNG, JPEG or WebP files.")
    return found, problems


def labelling_page(pictures: Sequence[Labelled], title: str) -> bytes:
    """One HTML file that holds everything it shows, fetches nothing and runs only its own script."""
    style, script = _asset("label.css"), _asset("label.js")
    policy = (f"default-src 'none'; img-src data:; style-src '{_mark(style)}'; script-src '{_mark(script)}'; "
              "base-uri 'none'; form-action 'none'")
    cards = "\n".join(_card(one, number) for number, one in enumerate(pictures, 1))
    page = f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Label: {escape(title)}</title>
<style>{style}</style>
</head>
<body>
<header><h1>{escape(title)}</h1>
<p><b>Craft</b>: is it well made? <b>Content</b>: does it show what was asked? Keys: 1 2 3 craft good, fair, weak;
4 5 6 content; arrows move.</p>
<label>Your name <input id="who" maxlength="60"></label> <button id="save">Save labels</button>
<span id="count" role="status"></span></header>
<main>
{cards}
</main>
<script>{script}</script>
</body>
</html>
"""
    return page.encode("utf-8", "replace")


def _card(one: Labelled, number: int) -> str:
    source = "data:image/jpeg;base64," + base64.b64encode(one.thumbnail).decode()
    rows = []
    for kind in ("craft", "content"):
        choices = "".join(f'<label><input type="radio" name="{kind}-{number}" value="{grade}">{grade}</label>'
                          for grade in GRADES)
        rows.append(f'<fieldset data-kind="{kind}"><legend>{kind}</legend>{choices}</fieldset>')
    return (f'<figure tabindex="0" data-sha256="{one.sha256}"><img src="{source}" alt="picture {number}">'
            f"<figcaption>{escape(one.path.name)}</figcaption>{''.join(rows)}</figure>")


def _asset(name: str) -> str:
    return (resources.files("underpaint.review") / "page" / name).read_text(encoding="utf-8")


def _mark(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def read_labels(path: Path) -> list[Label]:
    """The labels of a file that the page saved. Raises RecipeError for one that is none."""
    hint = "Give the file that the page's Save button wrote."
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise RecipeError(f"{path.name} is too large for labels", hint=hint, field="learn")
        data = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(data, dict) or data.get("underpaint_labels") != 1:
            raise RecipeError(f"{path.name} holds no labels of ours", hint=hint, field="learn")
        return [Label.from_json(one) for one in data["labels"]]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise RecipeError(f"{path.name} cannot be read as labels", hint=hint, field="learn") from error


def learn_labels(folder: Path, files: Sequence[Path], desk: Desk, tell: Callable[[int, int], None]) -> Team:
    """Learn from the labels of a folder's pictures, and keep what was learned where the review finds it; labels too few
    to learn anything from leave what was learned before as it is."""
    labels = [label for file in files for label in read_labels(file)]
    wanted = {one.sha256 for one in labels}
    known = {path: sha256 for path in pictures_in([folder]) if (sha256 := hash_file(path)) in wanted}
    if not known:
        raise PictureError(f"none of the labelled pictures lies in {folder.name}", field="learn",
                           hint="Name the folder that the page was made from; changed files count as others.")
    plain = Desk(desk.reviewer, desk.embedder, desk.wording)
    reviewed = {known[one.path]: one for one in review_files([*known], plain, tell=tell) if one.error is None}
    team = learn_team(labels, {key: (one.verdict, one.qualities) for key, one in reviewed.items()})
    if team.craft is not None or team.content is not None:
        team.keep(team_file())
    return team
