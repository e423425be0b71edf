"""The desk: jobs painted at once, in fair turns, told live, stopped, and gone on with after any end."""

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest
from kit.easel import paint_cheaply, recipes
from studio.conftest import cheap_brush

from underpaint.errors import Busy, LibraryError, ModelError, NotThere, PlanError, RecipeError
from underpaint.library.jobs import JobItem, Order
from underpaint.library.runner import Tell
from underpaint.models import Catalogue
from underpaint.plan.take import Take
from underpaint.recipe import CreateRecipe, LoraRef, ModelRef, Recipe, SecondPass
from underpaint.studio import following, herald
from underpaint.studio.desk import Desk
from underpaint.studio.herald import Beat
from underpaint.studio.previews import Glimpses, small_jpeg
from underpaint.studio.settings import ServeSettings


class Gate:
    """A brush that waits, after the first of its two steps, until it is let go."""

    def __init__(self) -> None:
        self.open, self.begun = threading.Event(), threading.Event()
        self.painted: list[str] = []

    def __call__(self, recipe: Recipe, blobs: Mapping[str, bytes], tell: Tell, glimpses: Glimpses) -> Take:
        self.painted.append(recipe.prompt)
        tell(1, 3)
        self.begun.set()
        assert self.open.wait(20)
        return paint_cheaply(recipe, blobs, tell)


def named(words: str) -> CreateRecipe:
    return CreateRecipe(prompt=words, seed=1)


def test_a_job_is_painted_and_waited_for(desk: Desk) -> None:
    job = desk.submit([JobItem(one, f"house {one.seed}") for one in recipes(3)], order=Order(title="houses"))
    status = desk.wait(job, 20)
    assert (status.state, status.done, status.title) == ("done", 3, "houses")
    pictures = desk.jobs.pictures(job)
    assert [one.name for one in pictures] == ["house 1", "house 2", "house 3"]
    assert all(one.take and len(one.take) == 64 for one in pictures)
    assert desk.live() is None
    with pytest.raises(NotThere):
        desk.status(job[:8])  # a program names the whole id


def test_clients_take_turns_and_priority_goes_first(settings: ServeSettings) -> None:
    gate = Gate()
    with Desk(settings, gate) as desk:
        first = desk.submit([named("first")], order=Order(client="z"))
        assert gate.begun.wait(20)
        jobs = [desk.submit([named(f"a{number}") for number in range(3)], order=Order(client="a")),
                desk.submit([named(f"b{number}") for number in range(3)], order=Order(client="b")),
                desk.submit([named("urgent")], order=Order(client="a", priority=5))]
        gate.open.set()
        assert all(desk.wait(job, 20).state == "done" for job in (first, *jobs))
    assert gate.painted == ["first", "urgent", "b0", "a0", "b1", "a1", "b2", "a2"]


def test_the_picture_being_painted_is_told_and_stopped_after_its_step(settings: ServeSettings) -> None:
    gate = Gate()
    with Desk(settings, gate) as desk:
        job = desk.submit([JobItem(named("one"), "the first"), named("two")])
        assert gate.begun.wait(20)
        live = desk.live()
        assert live is not None and (live.job, live.position, live.name, live.step, live.steps) == (
            job, 0, "the first", 1, 3)
        assert desk.live("another") is None and live.share == pytest.approx(1 / 3)
        other = desk.submit([named("other")])
        desk.cancel(job)
        gate.open.set()
        assert desk.wait(job, 20).state == "cancelled"
        assert desk.wait(other, 20).state == "done"
        assert gate.painted == ["one", "other"] and desk.status(job).done == 0
        desk.resume(job)
        assert desk.wait(job, 20).done == 2


def test_what_waits_or_is_half_painted_at_the_end_is_painted_after_the_next_start(settings: ServeSettings) -> None:
    gate = Gate()
    with Desk(settings, gate) as desk:
        job = desk.submit([named("half"), named("waiting")], order=Order(key="k"))
        assert gate.begun.wait(20)
        threading.Timer(0.2, gate.open.set).start()
    with Desk(settings, cheap_brush) as desk:
        assert desk.submit([named("half"), named("waiting")], order=Order(key="k")) == job
        status = desk.wait(job, 20)
        assert (status.state, status.done, status.failed) == ("done", 2, 0)
        assert len(set(status.takes)) == 2 and not list(desk.library.incoming.glob("*.png"))


def test_a_commands_own_job_is_left_to_the_command(desk: Desk) -> None:
    job = desk.jobs.submit([named("keys of a command")], order=Order(kind="keys"))
    desk.cancel(job)
    with pytest.raises(LibraryError, match="command that began it"):
        desk.resume(job)
    mine = desk.submit([named("mine")])
    assert desk.wait(mine, 20).state == "done" and desk.status(job).state == "cancelled"


def test_a_full_queue_says_when_to_come_again(make_settings: Callable[..., ServeSettings]) -> None:
    gate = Gate()
    with Desk(make_settings(max_queue=3), gate) as desk:
        job = desk.submit([named("one"), named("two"), named("three")], order=Order(key="same"))
        with pytest.raises(Busy, match="3 pictures are waiting") as caught:
            desk.submit([named("four")])
        assert 1 <= caught.value.retry_after <= 600 and caught.value.http_status == 429
        assert desk.submit([named("one"), named("two"), named("three")], order=Order(key="same")) == job
        gate.open.set()
        desk.wait(job, 20)
        assert desk.submit([named("four")])


def test_what_cannot_be_painted_is_refused_before_it_waits(make_settings: Callable[..., ServeSettings]) -> None:
    with Desk(make_settings(max_pixels=512 * 512), cheap_brush) as desk:
        with pytest.raises(RecipeError, match="more than this server paints"):
            desk.submit([CreateRecipe(width=520, height=512)])
        with pytest.raises(RecipeError, match="more than this server paints"):
            desk.submit([CreateRecipe(width=256, height=512, second_pass=SecondPass(scale=2.0))])
        with pytest.raises(ModelError, match="no checkpoint called"):
            desk.submit([CreateRecipe(model=ModelRef(name="nowhere"))])
        with pytest.raises(ModelError, match="no lora called"):
            desk.submit([CreateRecipe(loras=(LoraRef(name="nowhere"),))])
        desk.submit([named("a")], order=Order(key="k"))
        with pytest.raises(LibraryError, match="another job"):
            desk.submit([named("b")], order=Order(key="k"))
        with pytest.raises(PlanError, match="missing"):
            from underpaint.recipe import Blob, RefineRecipe

            desk.submit([RefineRecipe(picture=Blob(sha256="0" * 64))])


def test_a_model_is_never_a_path(desk: Desk, tiny_model: object) -> None:
    assert Catalogue().find(str(tiny_model)).path == tiny_model
    with pytest.raises(ModelError):
        desk.submit([CreateRecipe(model=ModelRef(name=str(tiny_model)))])


def test_the_servers_model_is_used_where_a_recipe_names_none(make_settings: Callable[..., ServeSettings],
                                                             tiny_model: object) -> None:
    Catalogue().add(tiny_model)  # type: ignore[arg-type]
    with Desk(make_settings(model="tiny"), cheap_brush) as desk:
        job = desk.submit([named("any"), CreateRecipe(model=ModelRef(name="primer"))])
        assert [one[0].model.name for one in desk.jobs.items(job)] == ["tiny", "primer"]


async def collect(desk: Desk, job: str | None, after: int | None = None) -> list[Beat]:
    return [beat async for beat in desk.follow(job, after) if beat is not None]


def test_a_job_is_followed_from_its_beginning_or_from_where_one_was(desk: Desk) -> None:
    job = desk.submit([JobItem(one, f"house {one.seed}") for one in recipes(2)])
    told = asyncio.run(collect(desk, job))
    assert [beat.what for beat in told if beat.id] == ["submitted", *["painting", "painted"] * 2, "done"]
    takes = [beat.data["take"] for beat in told if beat.what == "painted"]
    assert [one.take[:16] for one in desk.jobs.pictures(job) if one.take] == takes
    assert all(beat.job == job for beat in told)
    numbers = [beat.id for beat in told if beat.id]
    again = asyncio.run(collect(desk, job, after=numbers[2]))
    assert [beat.id for beat in again] == numbers[3:]
    with pytest.raises(NotThere):
        asyncio.run(collect(desk, "0" * 16))


def test_hundreds_of_listeners_hear_everything_and_leave_nothing_behind(settings: ServeSettings) -> None:
    gate = Gate()
    with Desk(settings, gate) as desk:

        async def listen() -> list[list[Beat]]:
            job = desk.submit([named("one"), named("two")])
            waiting = [asyncio.create_task(collect(desk, job)) for _ in range(300)]
            while desk.herald.listeners < 300:
                await asyncio.sleep(0.01)
            gone = asyncio.create_task(desk.over(job))
            await asyncio.sleep(0)
            gone.cancel()  # somebody hangs up
            gate.open.set()
            return await asyncio.gather(*waiting)

        heard = asyncio.run(listen())
        assert all([beat.what for beat in one if beat.id] ==
                   ["submitted", *["painting", "painted"] * 2, "done"] for one in heard)
        assert desk.herald.listeners == 0


def test_listeners_are_counted_and_all_end_with_the_server(make_settings: Callable[..., ServeSettings]) -> None:
    with Desk(make_settings(max_listeners=2), cheap_brush) as desk:

        async def listen() -> None:
            waiting = [asyncio.create_task(collect(desk, None)) for _ in range(2)]
            while desk.herald.listeners < 2:
                await asyncio.sleep(0.01)
            with pytest.raises(Busy, match="listening"):
                await collect(desk, None)
            await asyncio.to_thread(desk.hush)
            assert await asyncio.wait_for(asyncio.gather(*waiting), 10) == [[], []]

        asyncio.run(listen())


def test_a_job_that_is_stopped_as_it_begins_is_let_go_once(settings: ServeSettings) -> None:
    gate = Gate()
    gate.open.set()
    desk = Desk(settings, gate)
    job = desk.submit([named("one")])
    desk.easel.stop(job)  # between its being claimed and its first step
    with desk:
        assert desk.wait(job, 20).state == "done"  # for nobody cancelled it
    assert gate.painted == ["one", "one"]


def test_who_waits_for_a_job_takes_no_listeners_place(make_settings: Callable[..., ServeSettings]) -> None:
    gate = Gate()
    with Desk(make_settings(max_listeners=1), gate) as desk:

        async def wait() -> None:
            job = desk.submit([named("one")])
            listener = asyncio.create_task(collect(desk, job))
            while desk.herald.listeners < 1:
                await asyncio.sleep(0.01)
            waiting = [asyncio.create_task(desk.over(job)) for _ in range(3)]
            await asyncio.sleep(0.05)
            assert desk.herald.listeners == 1
            gate.open.set()
            assert [one.state for one in await asyncio.gather(*waiting)] == ["done"] * 3
            assert (await listener)[-1].what == "done"

        asyncio.run(wait())


def test_a_job_that_is_taken_off_the_list_keeps_nobody_waiting(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "QUIET_SECONDS", 0.05)
    desk.easel.close()

    async def wait() -> None:
        job = desk.submit([named("one")])
        waiting = asyncio.create_task(desk.over(job))
        await asyncio.sleep(0.2)
        assert not waiting.done()
        await asyncio.to_thread(desk.jobs.forget, job)
        with pytest.raises(NotThere):
            await asyncio.wait_for(waiting, 20)

    asyncio.run(wait())


def test_a_long_past_is_told_page_by_page(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    job = desk.submit([JobItem(one) for one in recipes(3)])
    told = [beat.id for beat in asyncio.run(collect(desk, job)) if beat.id]
    for module in (herald, following):
        monkeypatch.setattr(module, "PAGE", 3)
    assert len(told) == 8 and [beat.id for beat in asyncio.run(collect(desk, job))] == told


def test_other_work_has_threads_of_its_own_and_a_short_queue(desk: Desk) -> None:
    assert desk.work(lambda one, two: one + two, 1, 2) == 3
    with pytest.raises(PlanError, match="because"):
        desk.work(_fail)
    assert desk.quick(lambda: threading.current_thread().name) != desk.work(lambda: threading.current_thread().name)
    hold = threading.Event()
    with ThreadPoolExecutor(16) as many:
        begun = [many.submit(desk.work, hold.wait, 20) for _ in range(8)]
        until = time.monotonic() + 10
        busy = None
        while busy is None and time.monotonic() < until:
            try:
                many.submit(desk.work, int).result(0.05)
            except Busy as error:
                busy = error
            except TimeoutError:
                continue
        hold.set()
        assert busy is not None and [one.result(20) for one in begun]


def _fail() -> None:
    raise PlanError("because")


def test_previews_are_small_and_made_only_while_somebody_looks(desk: Desk) -> None:
    import numpy as np

    shown: list[bytes] = []
    looked = [False]
    glimpses = Glimpses(shown.append, lambda: looked[0])
    assert not glimpses.due()
    looked[0] = True
    assert glimpses.due()
    glimpses.see(np.full((600, 300, 3), np.nan, np.float32), 1, 2)
    assert shown[0].startswith(b"\xff\xd8\xff") and len(shown[0]) < 10_000 and not glimpses.due()
    assert small_jpeg(np.zeros((1, 2000, 3), np.float32)).startswith(b"\xff\xd8\xff")
