"""A library of a hundred thousand takes: how soon it is open, and how soon something in it is found."""

import json
import random
import tempfile
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import text

from bench.table import Row, median_seconds
from underpaint.library.entering import searchable
from underpaint.library.library import Library
from underpaint.library.looks import Colour
from underpaint.library.search import Query, search

TAKES = 100_000
_SUBJECTS = ("red house", "lighthouse", "girl with a sword", "heron", "old town", "ship", "fox", "castle", "market",
             "sleeping cat", "robot gardener", "mountain pass", "夜景", "ночной город")
_MOODS = ("storm", "golden hour", "mist", "night, moonlight", "overcast noon", "dawn, high key", "snow", "fireflies")
_STYLES = ("watercolour", "oil", "gouache", "ink", "pastel", "flat", "anime", "pixel")
_MODELS = ("primer", "dreamlike-v2", "anime-v3", "inkpunk", "realistic-v6")


def measure() -> list[Row]:
    """Rows for opening and for each way of searching."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "library"
        _fill(place)
        size = (place / "library.db").stat().st_size / 1e6
        rows = [_opening(place, size)]
        with Library(place, write=False) as library:
            rows += [_search(library, name, query) for name, query in (
                ("a rare word", Query(words="fireflies castle 77")), ("a common word", Query(words="house")),
                ("the beginning of a word", Query(words="light")), ("another script", Query(words="夜景")),
                ("model and stars", Query(model="inkpunk", stars=4)), ("a colour", Query(colour="teal")),
                ("a rare colour", Query(colour="#e01080")), ("a tag", Query(tags=("client 7",))),
                ("words, model, colour, stars", Query(words="storm", model="primer", colour="red", stars=3)),
                ("all words and a colour", Query(words="castle fireflies 13", colour="blue")),
                ("date", Query(order="painted")), ("the latest", Query()), ("the best", Query(order="stars")))]
            rows.append(_row("one by its id", lambda: library.find(library.entry(TAKES // 2).id)))
    return rows


def _opening(place: Path, size: float) -> Row:
    def opened() -> None:
        with Library(place) as library:
            search(library, Query(limit=1))

    seconds = median_seconds(opened, rounds=5)
    return Row(f"opening {TAKES:,} takes ({size:.0f} MB)", f"{seconds * 1000:.0f} ms", "< 500 ms", seconds < 0.5)


def _search(library: Library, name: str, query: Query) -> Row:
    return _row(f"searching by {name}: {len(search(library, query))} shown", lambda: search(library, query))


def _row(name: str, call: Callable[[], object]) -> Row:
    seconds = median_seconds(call, rounds=7)
    return Row(name, f"{seconds * 1000:.0f} ms", "< 100 ms", seconds < 0.1)


def _fill(place: Path) -> None:
    """Rows as takes make them, without painting a hundred thousand pictures."""
    random.seed(5)
    with Library(place) as library, library.database.writing() as connection:
        for start in range(0, TAKES, 5000):
            takes = [_take(number) for number in range(start + 1, min(start + 5000, TAKES) + 1)]
            connection.execute(text(
                "INSERT INTO takes (id, sha256, pixels, suffix, kind, name, program, words, negative, model, seed, "
                "recipe_hash, width, height, likeness, lightness, green_red, blue_yellow, stars, painted_at, "
                "entered_at) "
                "VALUES (:id, :sha256, :sha256, '.png', 'take', '', 'underpaint', :words, '', :model, :seed, :sha256, "
                "512, 512, :likeness, :l, :a, :b, :stars, :at, :at)"), takes)
            connection.execute(text("INSERT INTO searched (rowid, words, name, tags, model) "
                                    "VALUES (:id, :searched, '', :tag, :model)"), takes)
            connection.execute(text("INSERT INTO records VALUES (:id, :recipe, :plan, '{}')"), takes)
            connection.execute(text("INSERT INTO tags VALUES (:id, :tag)"), [one for one in takes if one["tag"]])
            colours = [colour for one in takes for colour in one["colours"]]
            connection.execute(text("INSERT INTO colours VALUES (:take, :l, :a, :b, :share, :cell)"), colours)


def _take(number: int) -> dict[str, object]:
    words = (f"{random.choice(_SUBJECTS)}, {random.choice(_MOODS)}, {random.choice(_STYLES)}, "
             f"{random.choice(('sea', 'forest', 'street', 'desert'))} {number % 1000}")
    model = random.choice(_MODELS)
    colours = [Colour(random.betavariate(2, 2), random.gauss(0, 0.06), random.gauss(0.01, 0.07), share)
               for share in (0.4, 0.25, 0.15, 0.12, 0.08)]
    recipe = {"task": "create", "prompt": words, "seed": number, "model": {"name": model}}
    return {"id": number, "sha256": f"{random.getrandbits(256):064x}", "words": words, "searched": searchable(words),
            "model": model, "seed": str(number), "likeness": f"{random.getrandbits(64):016x}",
            "l": colours[0].lightness, "a": colours[0].green_red, "b": colours[0].blue_yellow,
            "stars": random.choice((0, 0, 0, 0, 1, 2, 3, 4, 5)), "at": 1.7e9 + 60 * number,
            "tag": f"client {number % 40}" if number % 3 == 0 else "",
            "recipe": json.dumps(recipe), "plan": json.dumps({**recipe, "passes": [{"width": 512, "steps": 20}] * 3}),
            "colours": [{"take": number, "l": one.lightness, "a": one.green_red, "b": one.blue_yellow,
                         "share": one.share, "cell": one.cell} for one in colours]}
