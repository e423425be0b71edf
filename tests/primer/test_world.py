"""The World keeps its promises: same scene, same pixels; every word shows in the picture; lines lie on edges."""

import json
import re

import cv2
import numpy as np
import pytest

from underpaint.errors import RecipeError
from underpaint.primer.world import FACTORS, MOODS, SIZES, Scene, held_out, render, sample_scene

BASE = Scene(
    subject="cat", colour="red", style="flat", place="meadow", time="noon", position="centre", light="left", seed=7
)


def _with(**words: str) -> Scene:
    return Scene.from_dict(BASE.to_dict() | words)


def test_same_scene_same_pixels_after_a_round_trip_through_json() -> None:
    rng = np.random.default_rng(0)
    for i in range(12):
        scene = sample_scene(rng, size=SIZES[i % len(SIZES)])
        again = Scene.from_dict(json.loads(json.dumps(scene.to_dict())))
        assert again == scene
        first, second = render(scene), render(again)
        assert np.array_equal(first.picture, second.picture)
        assert np.array_equal(first.lines, second.lines)


@pytest.mark.parametrize("style", FACTORS["style"])
@pytest.mark.parametrize("size", [SIZES[0], SIZES[3], SIZES[4]])
def test_pictures_have_the_promised_shape_and_something_in_them(style: str, size: tuple[int, int]) -> None:
    painted = render(sample_scene(np.random.default_rng(3), size=size, fixed={"style": style}, allow_held_out=True))
    assert painted.picture.shape == (size[1], size[0], 3) and painted.picture.dtype == np.uint8
    assert painted.lines.shape == (size[1], size[0]) and painted.lines.dtype == np.uint8
    assert painted.picture.std() > 6
    assert painted.lines.max() > 200 and painted.lines.mean() < 60


@pytest.mark.parametrize("factor", [name for name in (*FACTORS, *MOODS) if name != "pose"])
def test_every_value_of_every_factor_shows_in_the_picture(factor: str) -> None:
    values = (FACTORS | MOODS)[factor]
    pictures = [render(_with(**{factor: value})).picture.astype(float) for value in values]
    for i, one in enumerate(pictures):
        for j, other in enumerate(pictures[:i]):
            assert np.abs(one - other).mean() > 0.4, f"{values[i]} looks like {values[j]}"


def test_every_pose_shows_in_a_figure() -> None:
    lines = [render(_with(subject="girl", pose=pose)).lines.astype(float) for pose in MOODS["pose"]]
    for i, one in enumerate(lines):
        assert all(np.abs(one - other).mean() > 1 for other in lines[:i])


def test_changing_the_light_leaves_the_drawing_alone() -> None:
    for place in ("studio", "meadow", "cliff"):
        left, right = (render(_with(place=place, light=light)).lines for light in ("left", "right"))
        where = slice(int(left.shape[0] * 0.55), None)  # below the sun, which stands where the light comes from
        assert np.array_equal(left[where], right[where])


def test_the_light_tells_left_from_right_by_mean_luminance() -> None:
    rng = np.random.default_rng(11)
    right = 0
    for i in range(40):
        side = ("left", "right")[i % 2]
        luma = render(sample_scene(rng, fixed={"light": side})).picture.astype(float) @ [0.30, 0.59, 0.11]
        lean = float((luma.mean(0) * np.linspace(-1, 1, luma.shape[1])).mean())
        right += (lean < 0) == (side == "left")
    assert right >= 37


@pytest.mark.parametrize("style", FACTORS["style"])
def test_lines_lie_on_edges_of_the_picture(style: str) -> None:
    rng = np.random.default_rng(5)
    found = []
    for _ in range(6):
        fixed = {"style": style, "weather": "clear", "values": "full range", "time": "noon"}
        painted = render(sample_scene(rng, fixed=fixed, allow_held_out=True))
        lab = cv2.cvtColor(painted.picture, cv2.COLOR_RGB2LAB)
        edges = np.zeros(painted.lines.shape, np.uint8)
        for channel in range(3):
            edges |= cv2.Canny(cv2.GaussianBlur(lab[..., channel], (0, 0), 1), 20, 50)
        ink = painted.lines > 100
        found.append((ink & (cv2.dilate(edges, np.ones((5, 5))) > 0)).sum() / ink.sum())
    assert np.mean(found) > 0.75


def test_the_drawing_can_hold_the_subject_alone_on_the_same_picture() -> None:
    whole, alone = render(_with(inked="all")), render(_with(inked="subject"))
    assert np.array_equal(whole.picture, alone.picture)
    assert not np.any((alone.lines > 0) & (whole.lines == 0))
    assert alone.lines.sum() < whole.lines.sum()


def test_position_moves_the_subject() -> None:
    centres = []
    for position in FACTORS["position"]:
        lines = render(_with(position=position, place="studio", inked="subject")).lines.astype(float)
        centres.append((lines.sum(0) * np.arange(lines.shape[1])).sum() / lines.sum())
    assert centres[0] < centres[1] - 20 and centres[1] < centres[2] - 20


def test_a_fifth_of_the_triples_is_held_out_and_never_sampled() -> None:
    triples = [
        {"subject": s, "colour": c, "style": y}
        for s in FACTORS["subject"]
        for c in FACTORS["colour"]
        for y in FACTORS["style"]
    ]
    held = [t for t in triples if held_out(t)]
    assert 0.17 < len(held) / len(triples) < 0.23
    rng = np.random.default_rng(2)
    scenes = [sample_scene(rng) for _ in range(300)]
    assert not any(held_out(scene) for scene in scenes)
    assert sample_scene(rng, fixed=held[0], allow_held_out=True).factors().items() >= held[0].items()
    with pytest.raises(RecipeError, match="held out"):
        sample_scene(rng, fixed=held[0])


def test_sampling_reaches_every_value_and_keeps_pins() -> None:
    rng = np.random.default_rng(4)
    scenes = [sample_scene(rng) for _ in range(600)]
    for name, values in FACTORS.items():
        assert {scene.factors()[name] for scene in scenes} == set(values)
    for name, values in MOODS.items():
        assert {scene.moods()[name] for scene in scenes} == set(values)
    pinned = sample_scene(rng, fixed={"place": "cliff", "values": "low key"})
    assert pinned.place == "cliff" and pinned.values == "low key"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"style": "collage"}, "not known"),
        ({"size": (10, 10)}, "cannot be painted"),
        ({"size": (9000, 9000)}, "cannot"),
    ],
)
def test_unknown_words_and_sizes_are_refused(change: dict[str, object], says: str) -> None:
    with pytest.raises(RecipeError, match=re.escape(says)):
        Scene.from_dict(BASE.to_dict() | change)
    with pytest.raises(RecipeError, match="no 'mood'"):
        sample_scene(np.random.default_rng(0), fixed={"mood": "merry"})
