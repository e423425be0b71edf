"""Pictures come in: other people's folders, what lies beside a file, many at once, families."""

import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from kit.easel import picture_for
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from sqlalchemy import insert

from underpaint.errors import PictureError
from underpaint.library import ratings
from underpaint.library.entering import Circumstances, enter
from underpaint.library.facts import read_facts
from underpaint.library.importing import import_folder
from underpaint.library.library import Library
from underpaint.library.lineage import tree
from underpaint.library.search import Query, search
from underpaint.library.tables import PARENTS
from underpaint.pictures import Record, write_picture
from underpaint.recipe import Blob, RefineRecipe


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Library]:
    with Library(tmp_path / "shelf") as library:
        yield library


def test_a_family_that_meets_again_and_again_is_shown_once(shelf: Library, tmp_path: Path) -> None:
    Image.new("RGB", (9, 9)).save(tmp_path / "a.png")
    facts = read_facts(tmp_path / "a.png")
    with shelf.database.writing() as connection:
        numbers = [enter(connection, replace(facts, sha256=f"{turn:064x}"), Circumstances()) for turn in range(150)]
        for turn in range(1, 150):
            for before in range(max(turn - 2, 0), turn):
                connection.execute(insert(PARENTS).values(child_id=numbers[turn], parent_id=numbers[before], how="grew",
                                                          facts="{}"))
    branch, = tree(shelf, shelf.entry(numbers[0]))
    assert len(json.dumps(branch.to_json())) < 200_000
    first, second = branch.children
    assert [child.entry.number for child in first.children] == numbers[2:4]
    assert second.again and second.children == ()


class TestImport:
    def test_other_programs_pictures_keep_what_they_say(self, shelf: Library, material: Path, tmp_path: Path) -> None:
        old = tmp_path / "old"
        shutil.copytree(material / "01_metadata" / "sd-parsers", old)
        originals = {file.name: file.read_bytes() for file in old.rglob("*") if file.is_file()}
        done = import_folder(shelf, old, tags=("Old",))
        assert done.entered and any(entry.words for entry in done.entered)
        assert all("empty" in why or why for _, why in done.problems)
        for entry in done.entered:
            assert entry.file.read_bytes() == originals[entry.name]
            assert entry.tags == ("old",) and entry.kind == "import"
            _, _, found = shelf.record(entry)
            assert found or not entry.words
        assert {file.name: file.read_bytes() for file in old.rglob("*") if file.is_file()} == originals
        again = import_folder(shelf, old)
        assert again.entered == () and again.known >= len(done.entered)

    def test_referenced_files_stay_where_they_are(self, shelf: Library, tmp_path: Path) -> None:
        file = tmp_path / "mine" / "deep" / "a.png"
        file.parent.mkdir(parents=True)
        Image.new("RGB", (9, 9), (1, 2, 3)).save(file)
        entry, = import_folder(shelf, tmp_path / "mine", reference=True).entered
        assert entry.file == file and list(shelf.takes.files()) == []
        ratings.trash(shelf, entry)
        assert ratings.empty_trash(shelf) == 1 and file.is_file()

    def test_a_referenced_file_that_is_imported_later_is_kept(self, shelf: Library, tmp_path: Path) -> None:
        file = tmp_path / "mine" / "a.png"
        file.parent.mkdir()
        Image.new("RGB", (9, 9), (1, 2, 3)).save(file)
        import_folder(shelf, file, reference=True)
        assert import_folder(shelf, file).known == 1
        entry = shelf.find(file)
        assert entry.file == shelf.takes.path(entry.sha256, ".png") and entry.file.is_file()

    def test_strange_names_do_not_stop_the_others(self, shelf: Library, tmp_path: Path) -> None:
        old = tmp_path / "old"
        old.mkdir()
        Image.new("RGB", (9, 9), (1, 2, 3)).save(old / os.fsdecode(b"a\xe4.png"), "PNG")
        Image.new("RGB", (9, 9), (3, 2, 1)).save(old / "b.png")
        (old / "c.png~").write_bytes((old / "b.png").read_bytes() + b"more")
        (file, _), = import_folder(shelf, old, reference=True).problems
        assert file.name == os.fsdecode(b"a\xe4.png")
        assert sorted(one.name for one in import_folder(shelf, old).entered) == ["a?.png"]
        backup, = import_folder(shelf, old / "c.png~").entered
        assert backup.file.suffix == ".png"

    def test_stars_of_other_programs_count_until_somebody_says_otherwise(self, shelf: Library, tmp_path: Path) -> None:
        xmp = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description xmp:Rating="{}"/></x:xmpmeta>'
        for name, rating in (("good", 4), ("bad", -1), ("none", 0)):
            said = PngInfo()
            said.add_itxt("XML:com.adobe.xmp", xmp.format(rating))
            Image.new("RGB", (9, 9), (len(name), 9, 9)).save(tmp_path / f"{name}.png", pnginfo=said)
            import_folder(shelf, tmp_path / f"{name}.png")
        rated = {entry.name: (entry.stars, entry.rejected) for entry in search(shelf, Query(rejected=None))}
        assert rated == {"good.png": (4, False), "bad.png": (0, True), "none.png": (0, False)}
        ratings.star(shelf, shelf.find(tmp_path / "good.png"), 1)
        import_folder(shelf, tmp_path / "good.png")
        assert shelf.find(tmp_path / "good.png").stars == 1

    def test_a_folder_without_pictures_is_refused(self, shelf: Library, tmp_path: Path) -> None:
        (tmp_path / "notes.txt").write_text("nothing to see")
        for place in (tmp_path / "shelf" / "backups", tmp_path / "missing", tmp_path):
            with pytest.raises(PictureError, match="no pictures"):
                import_folder(shelf, place)


def test_half_a_drawing_beside_a_take_is_made_whole_again(shelf: Library, tmp_path: Path) -> None:
    drawing = b"a large drawing"
    sha256 = hashlib.sha256(drawing).hexdigest()
    recipe = RefineRecipe(picture=Blob(sha256=sha256, name="sea.png"), prompt="the sea", seed=1)
    write_picture(tmp_path / "a.png", picture_for(recipe), Record(recipe=recipe, blobs={sha256: drawing}))
    beside = tmp_path / "a.recipe"
    beside.mkdir(exist_ok=True)
    (beside / sha256).write_bytes(drawing)
    kept = shelf.add(tmp_path / "a.png").file
    copy = kept.with_name(f"{kept.stem}.recipe") / sha256
    copy.write_bytes(drawing[:4])  # as a full disk leaves it
    shelf.add(tmp_path / "a.png")
    assert copy.read_bytes() == drawing


def test_more_pictures_than_sqlite_takes_in_one_question(shelf: Library, tmp_path: Path) -> None:
    Image.new("RGB", (9, 9)).save(tmp_path / "a.png")
    entry = shelf.add(tmp_path / "a.png")
    with shelf.database.reading() as connection:
        connection.connection.driver_connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 6_000)
        found = shelf.entries_within(connection, [*range(2, 9_000), entry.number])
    assert [one.number for one in found] == [entry.number]
