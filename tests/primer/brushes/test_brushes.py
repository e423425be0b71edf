"""Every way of painting: the same twice, unlike the others, true to the light, the hour and the colours."""

import re
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from brush_kit import seen

from underpaint.errors import UnderpaintError
from underpaint.primer.brushes import HANDS, STYLES, draw_lines, paint
from underpaint.primer.stagecraft.seen import Seen

SIZE = (128, 128)
BALL, CONE = 3, 5


@pytest.fixture(scope="module")
def scenes() -> dict[str, Seen]:
    """The scene at noon with light from either side, and by night, all of one seed."""
    return {
        "left": seen("noon", "left", SIZE, seed=5),
        "right": seen("noon", "right", SIZE, seed=5),
        "night": seen("night", "left", SIZE, seed=5),
        "dusk": seen("dusk", "left", SIZE, seed=5),
    }


@pytest.fixture(scope="module")
def painted(scenes: dict[str, Seen]) -> dict[tuple[str, str], np.ndarray]:
    return {(s, name): paint(scene, s).astype(np.float32) / 255 for s in STYLES for name, scene in scenes.items()}


def grey(picture: np.ndarray) -> np.ndarray:
    return picture @ np.array([0.3, 0.59, 0.11])


def test_there_are_a_dozen_ways() -> None:
    assert len(STYLES) >= 12


@pytest.mark.parametrize("style", STYLES)
def test_the_same_scene_gives_the_same_pixels(style: str, scenes: dict[str, Seen]) -> None:
    first, again = paint(scenes["left"], style), paint(scenes["left"], style)
    assert first.dtype == np.uint8
    assert first.shape == (SIZE[1], SIZE[0], 3)
    assert np.array_equal(first, again)


@pytest.mark.parametrize("style", ["watercolour", "oil", "ink", "woodcut"])
def test_another_seed_lays_other_strokes(style: str, scenes: dict[str, Seen]) -> None:
    other = paint(replace(scenes["left"], seed=6), style)
    assert np.abs(other.astype(int) - paint(scenes["left"], style)).mean() > 0.5


def test_no_two_ways_look_alike(painted: dict[tuple[str, str], np.ndarray]) -> None:
    """Apart in colour or in texture: mean colour differences, and how much they vary from pixel to pixel."""

    def traits(style: str) -> np.ndarray:
        p = painted[style, "left"]
        rough = [np.abs(np.diff(grey(p)[::k, ::k], axis=a)).mean() for a in (0, 1) for k in (1, 3)]
        return np.array([*p.mean((0, 1)), *(4 * np.array(rough)), p.std()])

    for a, b in combinations(STYLES, 2):
        apart = np.abs(painted[a, "left"] - painted[b, "left"]).mean()
        assert apart > 0.02, (a, b)
        assert np.abs(traits(a) - traits(b)).max() > 0.02, (a, b)


@pytest.mark.parametrize("style", STYLES)
def test_the_light_side_is_lighter(style: str, painted: dict, scenes: dict[str, Seen]) -> None:
    ball = scenes["left"].part[::2, ::2] == BALL
    columns = np.flatnonzero(ball.any(0))
    middle = (columns[0] + columns[-1]) / 2
    left = ball & (np.arange(SIZE[0])[None, :] < middle)
    for side, sign in (("left", 1), ("right", -1)):
        g = grey(painted[style, side])
        assert sign * (g[left].mean() - g[ball & ~left].mean()) > 0.03, side


@pytest.mark.parametrize("style", STYLES)
def test_hours_are_told_apart(style: str, painted: dict) -> None:
    noon, dusk, night = (painted[style, name] for name in ("left", "dusk", "night"))
    assert grey(night).mean() < grey(noon).mean() - 0.04
    assert grey(night).mean() < grey(dusk).mean()
    warmth = [(p[:50, :, 0] - p[:50, :, 2]).mean() for p in (noon, dusk, night)]
    assert warmth[1] > warmth[0] + 0.02
    assert warmth[1] > warmth[2] + 0.02


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("hour", ["left", "dusk", "night"])
def test_named_colours_stay(style: str, hour: str, painted: dict, scenes: dict[str, Seen]) -> None:
    """The red ball is redder than green or blue by clear steps, the yellow cone keeps red and green over blue."""
    part = scenes[hour].part[::2, ::2]
    red, cone = (painted[style, hour][part == p].mean(0) for p in (BALL, CONE))
    assert red[0] > 1.5 * red[1], red
    assert red[0] > 1.5 * red[2], red
    assert min(cone[0], cone[1]) > 1.15 * cone[2], cone
    assert cone[1] > 0.5 * cone[0], cone


@pytest.mark.parametrize("style", STYLES)
def test_paint_reaches_every_border(style: str, painted: dict) -> None:
    """A dusk is nowhere bare white along the rim of the picture, nor flat black."""
    p = painted[style, "dusk"]
    for strip in (p[:4], p[-4:], p[:, :4], p[:, -4:]):
        assert strip.mean() < 0.9
        assert strip.mean() > 0.03
        assert strip.std() > 0.004


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("size", [(128, 72), (56, 96), (65, 67)])
def test_wide_tall_and_odd_sizes(style: str, size: tuple[int, int]) -> None:
    picture = paint(seen("dawn", "right", size), style)
    assert picture.shape == (size[1], size[0], 3)
    assert picture.std() > 8


def test_a_way_that_is_not_there_is_named() -> None:
    with pytest.raises(UnderpaintError, match="crayons") as caught:
        paint(seen(size=(32, 32)), "crayons")
    assert "watercolour" in str(caught.value)


def test_hands_draw_the_same_lines_differently(scenes: dict[str, Seen]) -> None:
    drawn = {name: draw_lines(scenes["left"], name) for name in HANDS}
    for name, lines in drawn.items():
        assert lines.shape == (SIZE[1], SIZE[0])
        assert lines.dtype == np.uint8
        assert np.array_equal(lines, draw_lines(scenes["left"], name))
        assert 0.002 < (lines > 96).mean() < 0.12, name
    assert drawn["broken"].sum() < 0.9 * drawn["clean"].sum()
    assert (drawn["rough"] > 64).sum() > 1.2 * (drawn["clean"] > 64).sum()
    for a, b in combinations(HANDS, 2):
        assert np.abs(drawn[a].astype(int) - drawn[b]).mean() > 0.3, (a, b)


def test_clean_lines_lie_on_the_seen_ones(scenes: dict[str, Seen]) -> None:
    lines = draw_lines(scenes["left"], "clean")
    for line in scenes["left"].lines:
        x, y = (line.points[3:-3] / 2).astype(int).clip(0, SIZE[0] - 2).T
        near = np.maximum.reduce([lines[y, x], lines[y + 1, x], lines[y, x + 1], lines[y + 1, x + 1]])
        assert (near > 80).mean() > 0.97


def test_a_scene_without_lines_gives_an_empty_drawing(scenes: dict[str, Seen]) -> None:
    bare = replace(scenes["left"], lines=())
    assert draw_lines(bare, "rough").max() == 0
    assert paint(bare, "anime").std() > 8


@pytest.mark.parametrize("style", STYLES)
def test_a_sky_alone_and_matter_without_direction_are_painted(style: str) -> None:
    scene = seen("noon", "left", (64, 48))
    nothing = replace(
        scene, part=np.zeros_like(scene.part), depth=np.full_like(scene.depth, 1e4), flow=np.zeros_like(scene.flow),
        lines=(),
    )  # fmt: skip
    still = replace(scene, flow=np.zeros_like(scene.flow), scale=1)
    with np.errstate(all="raise", under="ignore"):
        assert paint(nothing, style).shape == (48, 64, 3)
        assert paint(still, style).shape == (96, 128, 3)


@pytest.mark.parametrize("weather", ["rain", "storm", "snow", "mist"])
def test_rain_and_snow_fall_in_pictures_only(weather: str, scenes: dict[str, Seen]) -> None:
    wet = replace(scenes["dusk"], weather=weather)
    change = grey(paint(wet, "flat").astype(float) - paint(scenes["dusk"], "flat"))
    assert np.array_equal(draw_lines(wet, "clean"), draw_lines(scenes["dusk"], "clean"))
    if weather == "mist":  # the scene's own haze says it
        return
    assert 0.003 < (change > 12).mean() < 0.2
    roofed = tuple(replace(p, role="place") for p in wet.parts)
    indoors = [paint(replace(scene, parts=roofed), "flat") for scene in (wet, scenes["dusk"])]
    assert np.array_equal(*indoors)


@pytest.mark.parametrize("style", STYLES)
def test_a_new_coat_leaves_the_rest_as_it_was(style: str, painted: dict, scenes: dict[str, Seen]) -> None:
    """Strokes keep their own chance: repainting the ball in blue changes the ball, what it shines on, and no more."""
    scene = scenes["left"]
    ball = scene.part == BALL
    blue = replace(scene, albedo=np.where(ball[..., None], np.float32([0.15, 0.3, 0.8]), scene.albedo))
    change = np.abs(paint(blue, style).astype(np.float32) / 255 - painted[style, "left"]).max(-1)
    rows, columns = (np.flatnonzero(ball[::2, ::2].any(axis)) for axis in (1, 0))
    near = np.zeros(change.shape, bool)
    near[max(rows[0] - 12, 0) :, max(columns[0] - 12, 0) : columns[-1] + 12] = True  # down to its mirror on the ground
    assert change[ball[::2, ::2]].mean() > 0.15
    assert (change[~near] > 0.1).mean() < 0.01


def test_the_example_of_the_page_runs_as_it_stands() -> None:
    page = (Path(__file__).parents[3] / "docs" / "brushes.md").read_text(encoding="utf-8")
    code = re.search(r"```python\n(.*?)```", page, re.S)
    assert code is not None
    told: dict = {}
    exec(compile(code[1], "docs/brushes.md", "exec"), told)  # our own page
    assert told["picture"].shape == (224, 288, 3)
    assert told["lines"].shape == (224, 288)
    for name in STYLES:
        assert f"| {name} |" in page
    for name in HANDS:
        assert name in page
