"""`underpaint review`: good, fair or weak, and why; look-alikes together; in the order of the artist's own taste."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from underpaint.cli import recipes
from underpaint.cli.keeping import LIBRARY
from underpaint.cli.output import notes, print_json, print_table
from underpaint.cli.progress import job_progress

if TYPE_CHECKING:
    from underpaint.library.reviewing import Desk
    from underpaint.review.lookalikes import Group


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("review", epilog="Example: underpaint review keys/")(review)


def review(files: list[Path] = typer.Argument(None, metavar="[FILE...]",
                                              help="Pictures, or folders of them; without any, those of the library."),
           words: str | None = typer.Option(None, "--words", help="What was asked for, where the files do not say."),
           limit: int = typer.Option(200, "-n", "--limit", min=1, max=20_000, help="How many of the library."),
           sheet: Path | None = typer.Option(None, "--sheet", help="Also a contact sheet with the verdicts, best "
                                                                   "first."),
           again: bool = typer.Option(False, "--again", help="Review also what was reviewed before."),
           library: Path | None = LIBRARY, as_json: bool = recipes.JSON) -> None:
    """Say which pictures are good, fair or weak, and why; group those that look alike."""
    if files:
        _files(files, words, sheet, as_json)
    else:
        _library(library, limit, again, sheet, as_json)


def desk() -> "Desk":
    """What pictures are reviewed with here."""
    from underpaint.library.reviewing import Desk
    from underpaint.review.encoder import embedder
    from underpaint.review.team import Team, team_file
    from underpaint.review.verdict import Reviewer
    from underpaint.review.wording import Wording

    return Desk(Reviewer(), embedder(), Wording(), Team.read(team_file()))


def _files(files: Sequence[Path], words: str | None, sheet: Path | None, as_json: bool) -> None:
    from underpaint.library.review_files import pictures_in, review_files

    paths = pictures_in(files)
    with job_progress(1, quiet=as_json) as watcher:
        watcher.begin("reviewing")
        found = review_files(paths, desk(), words=words, tell=watcher.step)
    groups = _groups([one.likeness for one in found], [one.vector for one in found], [one.score for one in found])
    alike = _alike(groups)
    rows = [{"file": str(one.path), **_said(one.verdict, one.error), "alike": alike[at]}
            for at, one in enumerate(found)]
    order = sorted(range(len(found)), key=lambda at: -found[at].score)
    _sheet(sheet, [(found[at].path, rows[at]) for at in order])
    if as_json:
        print_json({"pictures": [rows[at] for at in order]})
    else:
        _table([(rows[at], found[at].path.name) for at in order])
    if all(one.error for one in found):
        raise typer.Exit(4)


def _library(folder: Path | None, limit: int, again: bool, sheet: Path | None, as_json: bool) -> None:
    from underpaint.library.library import Library
    from underpaint.library.reviewing import likenesses, opinions, review_entries, taste_of
    from underpaint.library.search import Query, search

    with Library(folder, make=False) as opened:
        entries = search(opened, Query(limit=limit))
        with job_progress(1, quiet=as_json) as watcher:
            watcher.begin("reviewing")
            found = review_entries(opened, entries, desk(), again=again, tell=watcher.step)
        said = opinions(opened)
        hashes = likenesses(opened, [one.entry for one in found])
    taste = taste_of(found, said)
    by_key = {one.entry.sha256: at for at, one in enumerate(found)}
    groups = _groups(hashes, [one.vector for one in found], [one.score for one in found])
    alike = _alike(groups)
    by_score = sorted(by_key, key=lambda key: -found[by_key[key]].score)
    order = [by_key[key] for key in taste.order(by_score, said.rated)]
    rows = [{"id": one.entry.id, "file": str(one.entry.file), "stars": one.entry.stars,
             **_said(one.verdict, one.error), "alike": alike[at],
             "taste": round(taste.worth[one.entry.sha256], 3) if one.entry.sha256 in taste.worth else None}
            for at, one in enumerate(found)]
    _sheet(sheet, [(found[at].entry.file, rows[at]) for at in order])
    if as_json:
        print_json({"taste": {"knows": taste.knows, "picks": taste.picks, "says": taste.says,
                              "right": taste.right, "contradicted": taste.contradicted},
                    "pictures": [rows[at] for at in order]})
        return
    _table([(rows[at], found[at].entry.id) for at in order])
    notes().print(f"your taste: {taste.says}", markup=False)


def _groups(hashes: list[str], vectors: list[Any], scores: list[float]) -> "list[Group]":
    import numpy as np

    from underpaint.review.lookalikes import group

    width = max((len(one) for one in vectors), default=0)
    rows = [one if len(one) == width else np.zeros(width, np.float32) for one in vectors]
    return group(hashes, np.stack(rows) if rows and width else None, scores)


def _alike(groups: "list[Group]") -> dict[int, int | None]:
    """For each picture the number of its group of look-alikes, None for one that stands alone."""
    found: dict[int, int | None] = {}
    number = 0
    for one in groups:
        number += len(one.members) > 1
        found |= dict.fromkeys(one.members, number if len(one.members) > 1 else None)
    return found


def _said(verdict: dict[str, Any], error: str | None) -> dict[str, Any]:
    return verdict if error is None else {"error": error}


def _sheet(target: Path | None, rows: list[tuple[Path, dict[str, Any]]]) -> None:
    """Write the contact sheet, where one is wanted."""
    if target is None:
        return
    from underpaint.canvas.sheet import Tile, contact_sheet
    from underpaint.library.review_files import small_picture
    from underpaint.library.saving import check_place
    from underpaint.pictures.record import Record
    from underpaint.pictures.write import write_picture

    check_place(target)
    tiles = [Tile(small_picture(path), f"{_class(row)}, {_share(row)} {'sure' if row['sure'] else 'likely'}",
                  _wrapped(row["reason"])) for path, row in rows if "error" not in row]
    if tiles:
        write_picture(target, contact_sheet(tiles, title="Review"), Record())


def _class(row: dict[str, Any]) -> str:
    """The class as people see it: what is called good only for want of anything likelier is not praised."""
    return "good?" if row["grade"] == "good" and not row["sure"] else str(row["grade"])


def _share(row: dict[str, Any]) -> str:
    return f"{row['chances'][row['grade']]:.0%}"


def _wrapped(text: str) -> list[str]:
    """A reason over as many lines as its small print needs."""
    import textwrap

    return textwrap.wrap(text, 40)[:3]


def _table(rows: list[tuple[dict[str, Any], str]]) -> None:
    cells = []
    for row, name in rows:
        if "error" in row:
            cells.append(["", "", row["error"], "", name])
            continue
        cells.append([_class(row), _share(row), row["reason"], f"group {row['alike']}" if row["alike"] else "", name])
    print_table(["", "chance", "because", "alike", "picture"], cells, whole=("chance", "picture"))
