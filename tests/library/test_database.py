"""The database: lifted step by step with a copy kept, never touched when damaged or newer, made anew from the files."""

import json
import os
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from kit.easel import paint_cheaply, picture_for, plan_for, recipes
from PIL import Image
from sqlalchemy import text

from underpaint.errors import LibraryError, OutputError
from underpaint.library import alive, ratings
from underpaint.library import repair as repair_module
from underpaint.library.alive import Alive
from underpaint.library.database import Database, look
from underpaint.library.entering import Circumstances
from underpaint.library.importing import import_folder
from underpaint.library.jobs import JobItem, Jobs
from underpaint.library.library import Library
from underpaint.library.lineage import tree
from underpaint.library.migrations import MIGRATIONS
from underpaint.library.repair import repair
from underpaint.library.returning import bring_back
from underpaint.library.runner import Runner
from underpaint.library.search import Query, search
from underpaint.library.tables import METADATA
from underpaint.pictures import Record, write_picture
from underpaint.recipe import CreateRecipe


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A library with a half-painted job of four and some words about its takes."""
    folder = tmp_path / "library"
    with Library(folder) as library:
        job = Jobs(library).submit([JobItem(recipe, f"house {recipe.seed}") for recipe in recipes(4)])
        with Runner(library, paint_cheaply) as runner:
            for _ in range(3):
                runner.run_once()
        first, second, third = library.entries([take for take in Jobs(library).status(job).takes if take])
        ratings.tag(library, ratings.star(library, first, 4), ["sea"])
        ratings.reject(library, second)
        ratings.trash(library, third)
    return folder


def state(folder: Path) -> dict[str, tuple[object, ...]]:
    with Library(folder, write=False) as library:
        found = search(library, Query(rejected=None, trashed=None, limit=100))
    return {one.sha256: (one.name, one.kind, one.words, one.seed, one.stars, one.rejected, one.trashed, one.pick,
                         one.tags, one.painted_at, one.width) for one in found}


def test_tables_are_as_the_queries_name_them(tmp_path: Path) -> None:
    with Library(tmp_path / "library") as library, library.database.reading() as connection:
        for table in METADATA.tables.values():
            made = {row[1] for row in connection.execute(text(f"PRAGMA table_info({table.name})"))}
            assert made == set(table.columns.keys()), table.name


def test_an_older_database_is_copied_and_lifted_step_by_step(folder: Path) -> None:
    before = (folder / "library.db").read_bytes()
    steps = (*MIGRATIONS, ("ALTER TABLE takes ADD COLUMN mood TEXT", "UPDATE takes SET mood = 'calm'"),
             ("CREATE TABLE moods (name TEXT)",))
    with closing(sqlite3.connect(folder / "library.db")) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    Database(folder, migrations=steps).close()
    assert look(folder / "library.db") == len(steps)
    kept, = (folder / "backups").iterdir()
    assert look(kept) == len(MIGRATIONS) and f"schema-{len(MIGRATIONS)}" in kept.name
    assert before[:16] == kept.read_bytes()[:16]
    with closing(sqlite3.connect(folder / "library.db")) as database:
        assert {row[0] for row in database.execute("SELECT mood FROM takes")} == {"calm"}
    Database(folder, migrations=steps).close()
    assert len(list((folder / "backups").iterdir())) == 1


def test_a_step_that_fails_leaves_the_database_as_it_was(folder: Path) -> None:
    with pytest.raises(LibraryError):
        Database(folder, migrations=(*MIGRATIONS, ("CREATE TABLE moods (name TEXT)", "INSERT INTO nowhere VALUES (1)")))
    assert look(folder / "library.db") == len(MIGRATIONS) and len(state(folder)) == 3


def files(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "cut off": lambda data: data[: len(data) // 2],
    "another file": lambda data: b"I am no database at all" * 300,
    "a page of nonsense": lambda data: data[:8192] + bytes(range(256)) * 16 + data[8192 + 4096 :],
    "nonsense at the end": lambda data: data[:-4096] + b"\xff" * 4096,
}


@pytest.mark.parametrize("how", DAMAGE)
def test_a_damaged_database_is_told_left_alone_and_made_anew(folder: Path, how: str) -> None:
    before = state(folder)
    with closing(sqlite3.connect(folder / "library.db")) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database_file = folder / "library.db"
    database_file.write_bytes(DAMAGE[how](database_file.read_bytes()))
    damaged = files(folder)
    for write in (True, False):
        with pytest.raises(LibraryError, match="damaged") as told:
            Library(folder, write=write)
        assert "library repair" in str(told.value)
    assert files(folder) == damaged
    done = repair(folder)
    assert done.backup is not None and done.backup.read_bytes() == damaged["library.db"] and done.problems == []
    now = state(folder)
    assert done.pictures == 3 and now.keys() == before.keys()
    for sha256, facts in before.items():
        assert now[sha256][1:] == facts[1:] and now[sha256][0] in (facts[0], "")


def test_after_a_repair_a_saved_job_goes_on_where_it_was(folder: Path) -> None:
    done = repair(folder)
    assert (done.pictures, done.jobs) == (3, 1)
    with Library(folder) as library:
        job, = Jobs(library).all()
        assert (job.done, job.total) == (3, 4)
        with Runner(library, paint_cheaply) as runner:
            finished = runner.run_once()
        assert finished is not None and finished.position == 3 and Jobs(library).status(job.id).state == "done"


def test_a_lost_database_comes_back_with_every_word_and_tie(folder: Path, tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.mkdir()
    Image.fromarray(np.full((20, 30, 3), (200, 30, 40), np.uint8)).save(old / "sunset.jpg")
    Image.fromarray(np.full((20, 30, 3), (20, 30, 240), np.uint8)).save(old / "sea.png")
    big = CreateRecipe(prompt="hills", seed=3)
    write_picture(tmp_path / "t.png", picture_for(big, 120), Record(big, plan_for(big, 120).to_record()))
    with Library(folder) as library:
        import_folder(library, old / "sunset.jpg", tags=("archive",))
        import_folder(library, old / "sea.png", reference=True)
        take = library.add(tmp_path / "t.png", Circumstances(name="hills 3"))
        over = (picture_for(big, 120) * 255).astype(np.uint8)
        over[:30] = 9
        Image.fromarray(over).save(tmp_path / "over.png")
        assert bring_back(library, tmp_path / "over.png").origin.id == take.id
    before = state(folder)
    for file in folder.glob("library.db*"):
        file.unlink()
    done = repair(folder)
    assert done.pictures == 7 and done.backup is None
    now = state(folder)
    assert now.keys() == before.keys() and all(now[one][1:] == before[one][1:] for one in now)
    assert {facts[0] for facts in now.values()} >= {"sunset.jpg", "sea.png"}
    with Library(folder) as library:
        branch, = tree(library, library.find(take.id))
        assert branch.children[0].changes == ("painted over by hand: 25% of the picture changed",)


def test_what_was_finished_and_never_entered_is_found_by_a_repair(folder: Path) -> None:
    recipe = recipes(9)[8]
    with Library(folder) as library:
        file = library.incoming / "deadbeefdeadbeef-00002.png"
        write_picture(file, picture_for(recipe), Record(recipe, plan_for(recipe).to_record()))
    assert repair(folder).pictures == 4
    assert 9 in {facts[3] for facts in state(folder).values()} and not file.exists()


def test_a_damaged_picture_is_named_and_the_rest_is_saved(folder: Path) -> None:
    with Library(folder) as library:
        _, place = next(library.takes.files())
    place.write_bytes(place.read_bytes()[:-20])
    done = repair(folder)
    assert done.pictures == 2 and [path for path, _ in done.problems] == [place]


def test_a_newer_database_is_left_alone_by_all(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "library.db")) as database:
        database.execute("PRAGMA user_version = 99")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = files(folder)
    for opening in (lambda: Library(folder), lambda: Library(folder, write=False), lambda: repair(folder)):
        with pytest.raises(LibraryError, match="newer Underpaint") as told:
            opening()
        assert "Update Underpaint" in str(told.value)
    assert files(folder) == before


def test_another_programs_database_is_no_library(tmp_path: Path) -> None:
    (tmp_path / "library").mkdir()
    with closing(sqlite3.connect(tmp_path / "library" / "library.db")) as database:
        database.execute("CREATE TABLE songs (name TEXT)")
    with pytest.raises(LibraryError, match="another program"):
        Library(tmp_path / "library")


def test_repair_waits_for_runners_and_wants_a_library(folder: Path, tmp_path: Path) -> None:
    alive = Alive(folder / "runners")
    with pytest.raises(LibraryError, match="another program is painting"):
        repair(folder)
    alive.close()
    with pytest.raises(LibraryError, match="no library"):
        repair(tmp_path / "nowhere")
    with pytest.raises(LibraryError, match="no library"):
        Library(tmp_path / "nowhere", write=False)


def test_a_dead_sign_of_life_from_elsewhere_keeps_nobody_from_a_repair(folder: Path) -> None:
    sign = folder / "runners" / "elsewhere.12.abcd"
    sign.touch()
    with closing(sqlite3.connect(folder / "library.db")) as database:
        database.execute("UPDATE jobs SET runner = ?, lease_until = ?", (sign.name, time.time() + 60))
        database.commit()
    with pytest.raises(LibraryError, match="another program is painting"):
        repair(folder)
    with closing(sqlite3.connect(folder / "library.db")) as database:
        database.execute("UPDATE jobs SET lease_until = ?", (time.time() - 1,))
        database.commit()
    with (folder / "marks.jsonl").open("ab") as file:
        file.write(b'\n{"take": ["a"], "what": "import", "value": "b"}\n' + b"[" * 100_000)
    assert repair(folder).pictures == 3
    os.utime(sign, (1, 1))
    with Library(folder) as library, Runner(library, paint_cheaply):
        assert not sign.exists()


def test_nobody_writes_or_begins_while_a_repair_reads(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, signs, tried = state(folder), [], []
    say_again = repair_module._say_again

    def disturbed(*words) -> None:
        with (closing(sqlite3.connect(folder / "library.db", timeout=0)) as database,
              pytest.raises(sqlite3.OperationalError, match="locked")):
            database.execute("UPDATE takes SET stars = 5")
        tried.append(True)
        signs.append(Alive(folder / "runners"))
        say_again(*words)

    monkeypatch.setattr(repair_module, "_say_again", disturbed)
    with pytest.raises(LibraryError, match="another program is painting"):
        repair(folder)
    signs[0].close()
    assert tried and state(folder) == before and not (folder / "backups").exists()


def test_a_library_that_may_only_be_looked_at(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = files(folder)
    with Library(folder, write=False) as library:
        entry, *_ = search(library, Query())
        for change in (lambda: ratings.star(library, entry, 1), lambda: Jobs(library).submit(recipes(1)),
                       lambda: ratings.empty_trash(library)):
            with pytest.raises(LibraryError, match="cannot be written"):
                change()
    monkeypatch.setattr("os.access", lambda path, mode: False)
    with pytest.raises(LibraryError, match="cannot be written"):
        Library(folder)
    after = files(folder)
    assert {name: data for name, data in after.items() if not name.startswith("library.db-")} == {
        name: data for name, data in before.items() if not name.startswith("library.db-")}


def test_a_full_disk_spoils_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = state(folder)
    with Library(folder) as library:
        entry = library.find(next(iter(before)))
        with library.database.reading() as connection:
            pages = connection.execute(text("PRAGMA page_count")).scalar()

        def no_room(connection: sqlite3.Connection) -> None:
            connection.execute(f"PRAGMA max_page_count = {pages}")

        with pytest.raises(OutputError, match="disk is full"), library.database.writing() as connection:
            no_room(connection.connection.driver_connection)
            connection.execute(text("UPDATE takes SET stars = 1"))
            connection.execute(text("INSERT INTO marks (take_id, at, what, value) VALUES (:id, 0, 'tag', :long)"),
                               {"id": entry.number, "long": "x" * 1_000_000})
    assert state(folder) == before


def test_two_programs_write_at_once_and_nothing_is_lost(folder: Path) -> None:
    with Library(folder) as one, Library(folder) as two:
        names = list(state(folder))

        def rate(library: Library, mark: str) -> None:
            for turn in range(15):
                ratings.tag(library, library.find(names[turn % 3]), [f"{mark}{turn}"])

        threads = [threading.Thread(target=rate, args=args) for args in ((one, "a"), (two, "b"))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    tags = {tag for facts in state(folder).values() for tag in facts[8]}
    assert tags >= {f"{mark}{turn}" for mark in "ab" for turn in range(15)}
    assert len([line for line in (folder / "marks.jsonl").read_text().splitlines() if line]) == 34


def test_the_marks_survive_half_a_line(folder: Path) -> None:
    with (folder / "marks.jsonl").open("ab") as file:
        file.write(b'{"take": "ab')
    first = next(iter(state(folder)))
    with Library(folder) as library:
        ratings.star(library, library.find(first), 2)
    lines = [line for line in (folder / "marks.jsonl").read_text().splitlines() if line]
    assert json.loads(lines[-1])["value"] == "2"
    for file in folder.glob("library.db*"):
        file.unlink()
    repair(folder)
    assert state(folder)[first][4] == 2


def test_marks_that_a_stranger_wrote_spoil_no_repair(folder: Path) -> None:
    first = next(iter(state(folder)))
    hostile = [{"take": first, "what": "stars", "value": "3", "at": float("nan")},
               {"take": first, "what": "stars", "value": "9" * 5000, "at": 1.0},
               {"take": first, "what": "stars", "value": "3", "at": 10**400}, {"take": "\ud800", "what": "stars"},
               {"take": first, "what": "reference", "value": "x" * 5000, "at": 1.0},
               {"take": first, "what": "tag", "value": "\ud800", "at": 1.0}]
    with (folder / "marks.jsonl").open("a") as file:
        file.writelines(f"\n{json.dumps(entry)}\n" for entry in hostile)
        file.write(json.dumps({"take": first, "what": "stars", "value": "4", "at": 1.0}) + "\n")
    for file in folder.glob("library.db*"):
        file.unlink()
    repair(folder)
    assert state(folder)[first][4] == 4


def test_a_sign_of_life_is_locked_and_there_however_busy_the_clearing_up(tmp_path: Path, monkeypatch) -> None:
    lock, turns = alive._lock, []

    def contended(file) -> bool:
        turns.append(file)
        if len(turns) == 1:
            return False  # somebody who clears up holds it at this very moment
        if len(turns) == 2:
            Path(file.name).unlink()  # and somebody was quicker
        return lock(file)

    monkeypatch.setattr(alive, "_lock", contended)
    sign = Alive(tmp_path / "runners")
    assert len(turns) == 3 and [file.name for file in (tmp_path / "runners").iterdir()] == [sign.name]
    assert alive.is_alive(tmp_path / "runners", sign.name)
    sign.close()
    assert not alive.is_alive(tmp_path / "runners", sign.name)
