"""Jobs: written down first, painted in turn, cut off anywhere, never twice and never otherwise."""

import hashlib
import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from kit.easel import paint_cheaply, recipes

from underpaint.errors import Busy, Cancelled, LibraryError, OutputError, PlanError
from underpaint.library.jobs import JobItem, Jobs, Order
from underpaint.library.journal import Journal
from underpaint.library.library import Library
from underpaint.library.runner import Runner, Tell
from underpaint.plan.take import Take
from underpaint.recipe import Blob, CreateRecipe, Recipe, RefineRecipe


@pytest.fixture
def library(tmp_path: Path) -> Library:
    with Library(tmp_path / "library") as opened:
        yield opened


def run_all(library: Library, engine=paint_cheaply) -> list[tuple[str, int]]:
    with Runner(library, engine) as runner:
        return [(done.job, done.position) for done in iter(runner.run_once, None)]


def test_a_job_is_painted_in_order_and_every_take_is_entered(library: Library) -> None:
    jobs = Jobs(library)
    job = jobs.submit([JobItem(recipe, f"house {recipe.seed}") for recipe in recipes(3)], order=Order(title="houses"))
    assert [run[1] for run in run_all(library)] == [0, 1, 2]
    status = jobs.status(job[:6])
    assert (status.state, status.done, status.total, status.title) == ("done", 3, 3, "houses")
    entries = library.entries([take for take in status.takes if take is not None])
    assert [entry.name for entry in entries] == ["house 1", "house 2", "house 3"]
    assert [entry.seed for entry in entries] == [1, 2, 3] and entries[0].words == "a red house by the sea"
    for entry in entries:
        assert hashlib.sha256(entry.file.read_bytes()).hexdigest() == entry.sha256
    recipe, plan, _ = library.record(entries[1])
    assert recipe is not None and plan is not None
    assert recipe["seed"] == 2 and plan["measured"] == {"light": {"mean": 0.5}}
    assert [event.what for event in jobs.events(job)] == ["submitted", *["painting", "painted"] * 3, "done"]
    assert list(library.incoming.iterdir()) == [] and list((library.folder / "runners").iterdir()) == []


def test_a_job_that_the_queue_has_no_room_for_leaves_no_drawing_behind(library: Library) -> None:
    picture = b"a picture that is never looked at"
    digest = hashlib.sha256(picture).hexdigest()
    recipe = RefineRecipe(prompt="x", seed=1, picture=Blob(sha256=digest))
    Jobs(library).submit(recipes(2))
    with pytest.raises(Busy):
        Jobs(library).submit([recipe], blobs={digest: picture}, most=2)
    assert library.blobs.read(digest) is None
    Jobs(library).submit([recipe], blobs={digest: picture}, most=3)
    assert library.blobs.read(digest) == picture


def test_the_same_key_is_the_same_job_and_for_others_it_is_refused(library: Library) -> None:
    jobs = Jobs(library)
    first = jobs.submit(recipes(2), order=Order(key="k"))
    assert jobs.submit(recipes(2), order=Order(key="k")) == first
    assert len(run_all(library)) == 2 and jobs.submit(recipes(2), order=Order(key="k")) == first
    assert run_all(library) == []
    with pytest.raises(LibraryError, match="another job"):
        jobs.submit(recipes(3), order=Order(key="k"))


def test_seeds_are_drawn_when_a_job_is_written_down(library: Library) -> None:
    jobs = Jobs(library)
    job = jobs.submit([CreateRecipe(prompt="a cat")] * 2)
    seeds = [recipe.seed for recipe, *_ in jobs.items(job)]
    assert None not in seeds and seeds[0] != seeds[1]


def test_what_a_recipe_names_must_be_there(library: Library) -> None:
    picture = b"not looked at here"
    recipe = RefineRecipe(picture=Blob(sha256=hashlib.sha256(picture).hexdigest(), name="sea.png"), seed=1)
    with pytest.raises(PlanError, match=r"sea\.png"):
        Jobs(library).submit([recipe])
    Jobs(library).submit([recipe], blobs={recipe.picture.sha256: picture})
    seen: list[Mapping[str, bytes]] = []

    def engine(recipe: Recipe, blobs: Mapping[str, bytes], tell: Tell) -> Take:
        seen.append(blobs)
        return paint_cheaply(recipe, blobs, tell)

    run_all(library, engine)
    assert [list(blobs.values()) for blobs in seen] == [[picture]]


def test_priorities_first_then_clients_in_turn(library: Library) -> None:
    jobs = Jobs(library)
    greedy = jobs.submit(recipes(4, "greedy"), order=Order(client="a"))
    modest = jobs.submit(recipes(2, "modest"), order=Order(client="b"))
    urgent = jobs.submit(recipes(1, "urgent"), order=Order(client="a", priority=5))
    order = [job for job, _ in run_all(library)]
    assert order[0] == urgent and sorted(order[1:5]) == sorted([greedy, modest] * 2)
    assert order[1] == modest and order[5:] == [greedy, greedy]


def test_a_picture_that_fails_does_not_stop_the_others_and_can_be_tried_again(library: Library) -> None:
    jobs, broken = Jobs(library), [2]

    def engine(recipe: Recipe, blobs: Mapping[str, bytes], tell: Tell) -> Take:
        if recipe.seed in broken:
            raise PlanError("no such control", hint="Leave it out.") if recipe.seed == 2 else ZeroDivisionError("x")
        return paint_cheaply(recipe, blobs, tell)

    job = jobs.submit(recipes(3))
    run_all(library, engine)
    status = jobs.status(job)
    assert (status.state, status.done, status.failed) == ("failed", 2, 1)
    assert status.errors == {1: "no such control. Leave it out."}
    broken.clear()
    jobs.resume(job)
    assert run_all(library, engine) == [(job, 1)]
    assert jobs.status(job).state == "done"


def test_cancelling_keeps_what_is_finished_and_stops_the_picture_at_work(library: Library) -> None:
    jobs = Jobs(library)
    job = jobs.submit(recipes(4))

    def engine(recipe: Recipe, blobs: Mapping[str, bytes], tell: Tell) -> Take:
        if recipe.seed == 3:
            jobs.cancel(job)
            for _ in range(500):
                tell(1, 2)
                time.sleep(0.01)
            raise AssertionError("nobody stopped it")
        return paint_cheaply(recipe, blobs, tell)

    with Runner(library, engine, lease_seconds=0.6) as runner:
        while runner.run_once():
            pass
    status = jobs.status(job)
    assert (status.state, status.done) == ("cancelled", 2) and run_all(library) == []
    jobs.resume(job)
    assert len(run_all(library)) == 2 and jobs.status(job).state == "done"
    waiting = jobs.submit(recipes(2, "never"))
    jobs.cancel(waiting)
    assert jobs.status(waiting).state == "cancelled"


def test_a_job_is_leased_to_one_runner_until_it_dies(library: Library, tmp_path: Path) -> None:
    jobs = Jobs(library)
    job = jobs.submit(recipes(2))
    with Library(tmp_path / "library") as elsewhere, Runner(library, paint_cheaply) as first:
        second = Runner(elsewhere, paint_cheaply)
        first.run_item(job, 0)
        assert second.run_once() is None
        with pytest.raises(LibraryError, match="another program"):
            second.run_item(job, 1)
        first.close()  # as the system does for one that was killed
        assert second.run_once() is not None
        second.close()
    assert jobs.status(job).state == "done"


def test_the_same_command_beside_itself_paints_pictures_of_its_own(library: Library) -> None:
    items = [JobItem(recipe) for recipe in recipes(2)]
    with Journal(library, items, {}, Order(kind="paint"), paint_cheaply) as first:
        first.take(0)
        with Journal(library, items, {}, Order(kind="paint"), paint_cheaply) as second:
            assert second.job != first.job and not second.resumed
            second.take(0)
    with Journal(library, items, {}, Order(kind="paint"), paint_cheaply) as third:
        assert third.job in (first.job, second.job) and third.finished == [True, False]
        assert third.take(0).before and not third.take(1).before
        third.done()
    assert Jobs(library).status(third.job).state == "done" and len(list(library.takes.files())) == 2


def test_the_same_command_beside_itself_before_the_first_picture_leaves_it_alone(library: Library) -> None:
    items = [JobItem(recipe) for recipe in recipes(2)]
    with Journal(library, items, {}, Order(kind="paint"), paint_cheaply) as first:
        with Journal(library, items, {}, Order(kind="paint"), paint_cheaply) as second:
            assert second.job != first.job
        assert [job.id for job in Jobs(library).all()] == [first.job]
        with library.database.writing() as connection:
            connection.exec_driver_sql("UPDATE jobs SET lease_until = 0")  # first was put to sleep meanwhile
        with Journal(library, items, {}, Order(kind="paint"), paint_cheaply) as third:
            assert third.job == first.job and not third.take(0).before
    assert Jobs(library).status(third.job).done == 1


def test_a_job_that_is_painted_cannot_be_forgotten(library: Library) -> None:
    items, jobs = [JobItem(recipe) for recipe in recipes(2)], Jobs(library)
    with Journal(library, items, {}, Order(kind="paint"), paint_cheaply) as journal:
        journal.take(0)
        with pytest.raises(LibraryError, match="being painted"):
            jobs.forget(journal.job)
        with library.database.writing() as connection:
            connection.exec_driver_sql("DELETE FROM jobs")
        with pytest.raises(LibraryError, match="taken off"):
            journal.take(1)

    def forgetful(recipe: Recipe, blobs: Mapping[str, bytes], tell: Tell) -> Take:
        with library.database.writing() as connection:
            connection.exec_driver_sql("DELETE FROM jobs")
        return paint_cheaply(recipe, blobs, tell)

    jobs.submit(recipes(1, "another"))
    (_, position), = run_all(library, forgetful)
    assert position == 0 and len(list(library.takes.files())) == 2


def test_cancelling_ends_jobs_that_nobody_paints_and_commands_between_two_pictures(library: Library) -> None:
    items, jobs = [JobItem(recipe) for recipe in recipes(3)], Jobs(library)
    dead = Journal(library, items, {}, Order(kind="paint"), paint_cheaply)
    dead.take(0)
    dead._runner.close()  # as the system does for one that was killed
    assert jobs.status(dead.job).state == "stopped"
    jobs.cancel(dead.job)
    assert jobs.status(dead.job).state == "cancelled"
    with Journal(library, items, {}, Order(kind="paint"), paint_cheaply) as alive:
        assert alive.job != dead.job
        alive.take(0)
        jobs.cancel(alive.job)
        with pytest.raises(Cancelled):
            alive.take(1)
    assert (jobs.status(alive.job).state, jobs.status(alive.job).done) == ("cancelled", 1)
    assert run_all(library) == []


def test_a_recipe_that_cannot_be_read_fails_alone_and_strange_jobs_are_left(library: Library) -> None:
    jobs = Jobs(library)
    job = jobs.submit(recipes(2))
    strange = jobs.submit(recipes(1, "strange"))
    with library.database.writing() as connection:
        connection.exec_driver_sql("UPDATE items SET recipe = '{\"schema\": 999}' WHERE position = 0 AND job_id = ?",
                                   (job,))
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        connection.exec_driver_sql("UPDATE items SET job_id = '../../x' WHERE job_id = ?", (strange,))
        connection.exec_driver_sql("UPDATE events SET job_id = '../../x' WHERE job_id = ?", (strange,))
        connection.exec_driver_sql("UPDATE jobs SET id = '../../x' WHERE id = ?", (strange,))
    assert run_all(library) == [(job, 1)]
    status = jobs.status(job)
    assert (status.state, status.done, list(status.errors)) == ("failed", 1, [0])
    assert not list(library.folder.parent.glob("x*")) and jobs.status("../..").state == "waiting"


def test_one_that_overslept_its_lease_gives_its_picture_up(library: Library) -> None:
    jobs = Jobs(library)
    job = jobs.submit(recipes(1))

    def sleepy(recipe: Recipe, blobs: Mapping[str, bytes], tell: Tell) -> Take:
        with library.database.writing() as connection:
            connection.exec_driver_sql("UPDATE jobs SET lease_until = 0")
        run_all(library)
        return paint_cheaply(recipe.changed(prompt="otherwise"), blobs, tell)

    run_all(library, sleepy)
    status = jobs.status(job)
    entry, = library.entries([take for take in status.takes if take])
    assert status.state == "done" and entry.words == "a red house by the sea"
    assert [path for _, path in library.takes.files()] == [entry.file]


def test_progress_and_the_time_left(library: Library) -> None:
    jobs, seen = Jobs(library), []
    job = jobs.submit(recipes(3))

    def engine(recipe: Recipe, blobs: Mapping[str, bytes], tell: Tell) -> Take:
        if recipe.seed == 2:
            tell(1, 2)
            for _ in range(500):
                if jobs.status(job).progress > 0:
                    break
                time.sleep(0.01)
            seen.append(jobs.status(job))
        return paint_cheaply(recipe, blobs, tell)

    with Runner(library, engine, lease_seconds=0.6) as runner:
        while runner.run_once():
            pass
    status, = seen
    assert (status.state, status.done, status.progress) == ("running", 1, 0.5)
    assert status.seconds_left == pytest.approx(0.25 * 1.5)


def test_a_full_disk_in_the_middle_keeps_what_is_finished(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = Jobs(library)
    job = jobs.submit(recipes(3))
    fsync, full = os.fsync, []

    def no_space(handle: int) -> None:
        if full:
            raise OSError(28, "No space left on device")
        fsync(handle)

    monkeypatch.setattr(os, "fsync", no_space)
    with Runner(library, paint_cheaply) as runner:
        runner.run_once()
        full.append(True)
        with pytest.raises(OutputError, match="no space left"):
            runner.run_once()
        assert jobs.status(job).done == 1 and jobs.status(job).state == "waiting"
        full.clear()
        while runner.run_once():
            pass
    assert jobs.status(job).state == "done" and len(list(library.takes.files())) == 3


def test_a_command_goes_on_without_a_library_that_fails_half_way(library: Library,
                                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    items, painted, said, full = [JobItem(recipe) for recipe in recipes(3)], [], [], []
    fsync = os.fsync

    def engine(recipe: Recipe, blobs: Mapping[str, bytes], tell: Tell) -> Take:
        painted.append(recipe.seed)
        return paint_cheaply(recipe, blobs, tell)

    def no_space(handle: int) -> None:
        if full:
            raise OSError(28, "No space left on device")
        fsync(handle)

    monkeypatch.setattr(os, "fsync", no_space)
    with Journal(library, items, {}, Order(kind="paint"), engine, forgive=said.append) as journal:
        assert journal.take(0).number is not None
        full.append(True)
        kept = [journal.take(1), journal.take(2)]
        journal.written(kept[0], library.folder / "nowhere.png", "")
        assert [one.take.recipe.seed for one in kept] == [2, 3] and kept[0].number is None
    assert painted == [1, 2, 3] and len(said) == 1 and "no space left" in str(said[0])
    assert Jobs(library).status(journal.job).done == 1


def test_a_runner_that_waits_paints_what_comes(library: Library) -> None:
    jobs, stop = Jobs(library), threading.Event()
    with Runner(library, paint_cheaply) as runner:
        thread = threading.Thread(target=runner.run_forever, args=(stop,), kwargs={"idle_seconds": 0.02})
        thread.start()
        job = jobs.submit(recipes(2))
        for _ in range(500):
            if jobs.status(job).state == "done":
                break
            time.sleep(0.01)
        stop.set()
        thread.join()
    assert jobs.status(job).state == "done"
