"""Finding pictures again, and what people say about them."""

import datetime
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.easel import paint_cheaply, recipes

from underpaint.errors import LibraryError
from underpaint.library import ratings
from underpaint.library.jobs import JobItem, Jobs
from underpaint.library.library import Entry, Library
from underpaint.library.looks import Colour
from underpaint.library.runner import Runner
from underpaint.library.search import Query, colour_of, search
from underpaint.pictures import Record, write_picture
from underpaint.recipe import CreateRecipe, ModelRef


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library(tmp_path / "library") as opened:
        yield opened


def flat(tmp_path: Path, library: Library, colour: tuple[float, float, float], words: str, model: str = "primer",
         spot: tuple[float, float, float] | None = None) -> Entry:
    """A picture of one colour, a sixth of it of another."""
    pixels = np.tile(np.array(colour, np.float32), (36, 36, 1))
    if spot:
        pixels[:, :6] = spot
    file = tmp_path / f"{words[:20]}.png"
    write_picture(file, pixels, Record(CreateRecipe(prompt=words, seed=1, model=ModelRef(name=model))))
    return library.add(file)


@pytest.fixture
def shelf(tmp_path: Path, library: Library) -> dict[str, Entry]:
    return {
        "red": flat(tmp_path, library, (0.75, 0.15, 0.15), "a Café by the sea, storm"),
        "blue": flat(tmp_path, library, (0.17, 0.37, 0.7), "a cat on the roof", "anime-v3", spot=(0.77, 0.16, 0.16)),
        "grey": flat(tmp_path, library, (0.5, 0.5, 0.5), "夜景の猫, ночной город"),
    }


def names(library: Library, shelf: dict[str, Entry], **fields: object) -> list[str]:
    known = {entry.id: name for name, entry in shelf.items()}
    return [known[entry.id] for entry in search(library, Query(**fields))]


@pytest.mark.parametrize(("words", "found"), [
    ("", ["grey", "blue", "red"]), ("a", ["blue", "red"]), ("cafe", ["red"]), ("STORM sea", ["red"]), ("roof st", []),
    ("ro", ["blue"]), ("夜景", ["grey"]), ("景猫", []), ("猫", ["grey"]), ("город", ["grey"]), ("anime", ["blue"]),
    ('"', ["grey", "blue", "red"]), ("storm OR cat", []), ("NEAR(", []), ("*", ["grey", "blue", "red"]),
    ("cat*", ["blue"]),
])  # fmt: skip
def test_words_are_found_and_no_sign_in_them_breaks_anything(library: Library, shelf: dict[str, Entry], words: str,
                                                             found: list[str]) -> None:
    assert names(library, shelf, words=words) == found


def test_model_colour_date_and_order(library: Library, shelf: dict[str, Entry]) -> None:
    assert names(library, shelf, model="anime-v3") == ["blue"]
    assert names(library, shelf, colour="red") == ["red", "blue"]
    assert names(library, shelf, colour="#2b5fb3") == ["blue"]
    assert names(library, shelf, colour="yellow") == [] and names(library, shelf, colour="808080") == ["grey"]
    today = datetime.date.today()
    day = datetime.timedelta(days=1)
    assert len(names(library, shelf, since=today - day, until=today)) == 3
    assert names(library, shelf, until=today - 2 * day) == [] and names(library, shelf, since=today + day) == []
    assert names(library, shelf, order="oldest", limit=2) == ["red", "blue"]
    for bad in ({"colour": "reddish"}, {"order": "best"}, {"since": datetime.date.min}):
        with pytest.raises(LibraryError):
            search(library, Query(**bad))


@given(st.floats(0, 1), st.floats(-0.3, 0.3), st.floats(-0.3, 0.3), st.lists(st.floats(-1, 1), min_size=3, max_size=3))
def test_every_near_colour_lies_in_a_near_cell(light: float, red: float, yellow: float, way: list[float]) -> None:
    step = 0.11 * np.array(way) / max(float(np.linalg.norm(way)), 1.0)
    other = Colour(light + step[0], red + step[1], yellow + step[2])
    assert other.cell in Colour(light, red, yellow).near(0.1101) and len(Colour(light, red, yellow).near(0.11)) < 100


def test_a_colour_of_three_digits_is_that_of_six() -> None:
    assert colour_of("#f80") == colour_of("ff8800")


def test_stars_tags_rejects_and_trash(library: Library, shelf: dict[str, Entry]) -> None:
    ratings.star(library, shelf["red"], 4)
    ratings.tag(library, shelf["blue"], ["Client  One", "roof"])
    ratings.reject(library, shelf["grey"])
    assert names(library, shelf) == ["blue", "red"] and names(library, shelf, stars=4) == ["red"]
    assert names(library, shelf, tags=("client one",)) == ["blue"] and names(library, shelf, words="client") == ["blue"]
    assert names(library, shelf, rejected=True) == ["grey"] and names(library, shelf, rejected=None) == [
        "grey", "blue", "red"]
    ratings.trash(library, shelf["red"])
    assert names(library, shelf, stars=4) == [] and names(library, shelf, trashed=True) == ["red"]
    assert ratings.restore(library, library.find(shelf["red"].id)).stars == 4
    assert ratings.untag(library, shelf["blue"], ["roof"]).tags == ("client one",)
    assert names(library, shelf, order="stars")[0] == "red" and names(library, shelf, words="client roof") == ["blue"]
    assert names(library, shelf, tags=("roof",)) == []
    for bad in (-1, 6):
        with pytest.raises(LibraryError, match="stars"):
            ratings.star(library, shelf["red"], bad)
    with pytest.raises(LibraryError, match="no tag"):
        ratings.tag(library, shelf["red"], ["  "])


def test_of_contradicting_words_the_last_one_counts_and_none_is_lost(library: Library, shelf: dict[str, Entry],
                                                                     tmp_path: Path) -> None:
    entry = ratings.star(library, shelf["red"], 5)
    with Library(tmp_path / "library") as elsewhere:
        entry = ratings.reject(elsewhere, elsewhere.find(entry.id))
    assert entry.rejected and entry.stars == 0
    entry = ratings.star(library, entry, 3)
    assert not entry.rejected and entry.stars == 3
    said = [(mark.what, mark.value) for mark in ratings.history(library, entry)]
    assert said == [("stars", "5"), ("reject", "1"), ("stars", "3")]
    written = [line for line in (tmp_path / "library" / "marks.jsonl").read_text().splitlines() if line]
    assert [json.loads(line)["what"] for line in written] == ["stars", "reject", "stars"]


def test_the_trash_is_emptied_only_on_purpose_and_then_wholly(library: Library, shelf: dict[str, Entry],
                                                              tmp_path: Path) -> None:
    ratings.trash(library, shelf["red"])
    assert shelf["red"].file.is_file() and library.find(shelf["red"].id[:4]).trashed
    assert ratings.empty_trash(library) == 1
    assert not shelf["red"].file.exists() and names(library, shelf, trashed=None) == ["grey", "blue"]
    assert names(library, shelf, words="storm", trashed=None) == []
    with pytest.raises(LibraryError, match="no picture"):
        library.find(shelf["red"].id)
    with pytest.raises(LibraryError, match="no longer"):
        ratings.star(library, shelf["red"], 1)


def test_a_picture_is_found_by_letters_of_its_id_or_by_any_file_of_it(library: Library, tmp_path: Path) -> None:
    job = Jobs(library).submit([JobItem(recipes(1)[0], "one")])
    with Runner(library, paint_cheaply) as runner:
        runner.run_once()
    number, = Jobs(library).status(job).takes
    entry = library.entry(number)
    copy = tmp_path / "elsewhere.png"
    copy.write_bytes(entry.file.read_bytes())
    assert library.find(entry.id[:5]) == library.find(copy) == library.find(entry.sha256) == entry
    written = write_picture(tmp_path / "small.jpg", np.zeros((9, 9, 3), np.float32))
    library.note_copy(entry.number, written.path, written.pixels)
    assert library.find(written.path) == entry
    for missing in ("abc", "zzzzzz", "ffff"):
        with pytest.raises(LibraryError):
            library.find(missing)
