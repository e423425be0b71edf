"""Controls beside controls and words beside controls: what the model lacks is said, what is lost is counted."""

from pathlib import Path

import numpy as np
import pytest

from bench import ignored, judging, pairs
from bench.controls import Desk
from bench.edits import AT, seconds
from bench.ignored import ASKED, PHRASES, SPOKEN, Seen, words_of
from bench.pairs import Brief, Side, depth_of, pose_of, regions_of
from underpaint.controls.extractors import Extractor, Role, reading_with
from underpaint.controls.pose.data import pose_of as people_of
from underpaint.engine.families.image_text import ImageText
from underpaint.errors import ModelError
from underpaint.imaging.arrays import to_float
from underpaint.plan.painter import Painter
from underpaint.primer.config import read_config
from underpaint.primer.judge import Judge
from underpaint.primer.render import nearness
from underpaint.primer.stagecraft.look import see
from underpaint.primer.stagecraft.scene import PEOPLE, sample_scene
from underpaint.primer.stagecraft.truth import render
from underpaint.recipe import CreateRecipe, PoseControl, Sampling

QUICK = CreateRecipe(sampling=Sampling(steps=2))


def test_what_the_model_lacks_is_said_and_not_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairs, "own_adapter", lambda *_: None)
    rows = pairs.measure()
    assert {row.reached for row in rows} == {None} and len(rows) == 4
    assert rows[0].measured == "not measured: the model has no adapter for depth"
    assert rows[1].measured == "not measured: the model has no adapter for pose"


def test_nobody_reads_what_is_not_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairs, "own_adapter", lambda *_: object())

    def shelf(role: Role) -> list[Extractor]:
        return []

    with reading_with(shelf):
        assert pairs.missing("pose") == "nothing here reads pose out of pictures"


def test_a_scenes_own_depth_is_followed_by_it_alone() -> None:
    scene = sample_scene(np.random.default_rng(3), fixed={"place": "meadow"})
    near = to_float(nearness(see(scene)))

    def shelf(role: Role) -> list[Extractor]:
        return [Extractor("truth", "", lambda picture: near if picture.mean() < 0.5 else near[::-1])]

    side = depth_of(scene)
    with reading_with(shelf):
        right, wrong = (side.score(np.full((256, 256, 3), value, np.float32)) for value in (0.2, 0.8))
    assert right > 0.9 and wrong < 0.5


def test_a_scenes_own_people_are_in_place() -> None:
    scene = sample_scene(np.random.default_rng(3), fixed={"subject": "girl", "place": "studio", "relation": "hugging"})
    side = pose_of(scene)
    control, = side.controls
    assert isinstance(control, PoseControl) and len(control.people) == 2
    with reading_with(lambda _: [Extractor("truth", "", lambda _: people_of(control))]):
        assert side.score(np.zeros((256, 256, 3), np.float32)) == 1


def test_scenes_of_two_are_of_two_people() -> None:
    assert all(one.other is not None and one.other.kind in PEOPLE
               for one in pairs._scenes(3, relation="left of", subject="girl"))


def test_what_company_costs_is_counted_on_both_sides() -> None:
    halves = regions_of([("left", "a girl in red"), ("right", "a girl in blue")])
    picture = np.zeros((64, 64, 3), np.float32)
    picture[:, :32], picture[:, 32:] = (0.8, 0.15, 0.1), (0.2, 0.4, 0.8)
    assert halves.score(picture) > 0.95 and halves.score(picture[:, ::-1].copy()) < 0.05
    bright = Side((), lambda picture: float(picture.mean()))
    row = pairs._pair(Desk(QUICK), "regions + light", [Brief("two girls, noon, gouache", 1, (halves, bright))])
    assert row.what == "pair: regions + light, 1 pictures each way, lost" and row.measured.count("%") == 2


def test_words_are_held_to_what_no_control_speaks_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from safetensors.torch import save_file

    save_file(Judge(read_config().judge.width).state_dict(), tmp_path / "judge.safetensors")
    monkeypatch.setattr(judging, "WEIGHTS", tmp_path / "judge.safetensors")
    judge, painter = judging.Judging.open(), Painter()
    assert judge is not None
    scene, = ignored._scenes(1)
    assert words_of(scene) == f"a {scene.colour} {scene.subject}, {scene.place}, {scene.time}, {scene.style}"
    plain = [ignored._seen(painter, judge, scene, 0, QUICK)]
    row = ignored._adherence(painter, judge, plain, "light", QUICK)
    assert "1 pictures, subject, colour, place, style" in row.what and "time" not in row.what
    assert set(SPOKEN) == {"line", "palette", "perspective", "light", "style"}
    line, blobs = ignored._control("line", scene, 0)
    assert {blob.sha256 for blob in line.blobs()} == set(blobs)


def test_an_ignored_phrase_is_named_or_the_alarm_is_false(monkeypatch: pytest.MonkeyPatch) -> None:
    from kit.tiny_clip import tiny_image_text

    scenes = ignored._scenes(3)
    shown = [{**one.factors(), "place": "elsewhere"} for one in scenes]
    seen = [Seen(one, to_float(render(one)), named) for one, named in zip(scenes, shown, strict=True)]
    model: ImageText = tiny_image_text()
    monkeypatch.setattr(ignored, "open_image_text", lambda _: model)
    row = ignored._named("words", seen, ignored.share([True] * 10))
    assert row.what == "words (3 takes)" and "false alarms" in row.measured and row.reached in (True, False)

    def none(_: object) -> None:
        raise ModelError("there is no image-text model here")

    monkeypatch.setattr(ignored, "open_image_text", none)
    row = ignored._named("words", seen, ignored.share([True] * 10))
    assert row.reached is None and "ignored were 25 %" in row.measured


def test_without_a_judge_no_word_is_judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "WEIGHTS", tmp_path / "none.safetensors")
    assert [row.reached for row in ignored.measure()] == [None, None]
    assert set(PHRASES) < set(ASKED)


def test_every_edit_is_at_work_where_it_is_timed() -> None:
    found = seconds(4, 16)
    assert len(found) == 9 and all(one > 0 for one in found.values()) and 0.3 <= AT.fraction < 0.6
