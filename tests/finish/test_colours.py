"""Tone and match: what they promise about values, colours, exactness."""

import numpy as np
import pytest
from finish_kit import painting, picture_of
from hypothesis import given, settings
from hypothesis import strategies as st

from underpaint.errors import PlanError, RecipeError
from underpaint.finish.match import Match, Reference, match
from underpaint.finish.shape import checked
from underpaint.finish.tone import Tone, adaptation, tone
from underpaint.imaging.color import lightness, srgb_to_oklab

KINDS = [(1, 8), (2, 8), (3, 8), (4, 8), (3, 16), (4, 16)]
SUNSET = np.array([[0.13, 0.07, 0.2], [0.55, 0.2, 0.3], [0.9, 0.5, 0.25], [0.98, 0.86, 0.6]], np.float32)


@pytest.mark.parametrize(("channels", "depth"), KINDS)
def test_asking_for_nothing_changes_nothing(channels: int, depth: int) -> None:
    pixels = painting(channels=channels, depth=depth)
    assert np.array_equal(tone(picture_of(pixels), Tone()).whole(), pixels)
    assert np.array_equal(match(picture_of(pixels), Match(strength=0), Reference(SUNSET)).whole(), pixels)


@pytest.mark.parametrize(("channels", "depth"), KINDS)
def test_alpha_and_depth_stay(channels: int, depth: int) -> None:
    pixels = painting(channels=channels, depth=depth)
    for made in (tone(picture_of(pixels), Tone(temperature=40, saturation=20)),
                 match(picture_of(pixels), Match(), Reference(SUNSET))):
        whole = made.whole()
        assert whole.dtype == pixels.dtype and whole.shape == (*pixels.shape[:2], made.channels)
        assert made.channels in (3, 4) and (made.channels == 4) == (channels in (2, 4))
        if channels in (2, 4):
            assert np.array_equal(whole[..., -1], pixels[..., -1])


def test_temperature_and_tint_go_the_right_way_and_keep_luminance() -> None:
    grey = picture_of(np.full((4, 4, 3), 120, np.uint8))

    def after(**asked: float) -> np.ndarray:
        return tone(grey, Tone(**asked)).whole()[0, 0].astype(int)

    warm, cool, magenta, green = after(temperature=50), after(temperature=-50), after(tint=50), after(tint=-50)
    assert warm[0] > 126 > 106 > warm[2] and cool[2] > 128 > 112 > cool[0]
    assert magenta[1] < 117 < 123 < green[1] and min(magenta[0], magenta[2]) > 121
    for matrix in (adaptation(70, 0), adaptation(0, -80), adaptation(-30, 40)):
        assert abs(float(np.array([0.2126729, 0.7151522, 0.0721750]) @ matrix @ np.ones(3)) - 1) < 1e-3
    assert np.allclose(adaptation(0, 0), np.eye(3), atol=1e-6)


def test_levels_curve_and_saturation() -> None:
    steps = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, axis=2)
    levels = tone(picture_of(steps), Tone(black=64 / 255, white=192 / 255)).whole()[..., 0].ravel()
    assert (levels[:65] == 0).all() and (levels[192:] == 255).all() and levels[128] == 128
    assert tone(picture_of(steps), Tone(gamma=2)).whole()[0, 4, 0] > 4
    curved = tone(picture_of(steps), Tone(curve=((0, 0.1), (0.5, 0.7), (1, 1)))).whole()[..., 0].ravel()
    assert curved[0] == 26 and (np.diff(curved.astype(int)) >= 0).all() and 175 <= curved[127] <= 180
    grey = tone(picture_of(painting()), Tone(saturation=-100)).whole()
    assert np.ptp(grey.astype(int), axis=2).max() <= 1
    before, after = (np.hypot(*np.moveaxis(srgb_to_oklab(one / np.float32(255))[..., 1:], -1, 0)).mean()
                     for one in (painting(), tone(picture_of(painting()), Tone(saturation=50)).whole()))
    assert after > 1.15 * before


def test_tone_refusals() -> None:
    for wrong in ({"black": 0.6, "white": 0.5}, {"curve": ((0, 0),)}, {"curve": ((0.5, 0), (0.2, 1))},
                  {"temperature": 200}, {"gamma": 0}, {"curve": ((0, 0), (1, 2))}):
        with pytest.raises(RecipeError):
            checked(Tone, wrong)


def test_matching_a_picture_takes_its_colours_and_values() -> None:
    source, other = painting(48, 60, seed=1), (painting(48, 60, seed=2) * [1.0, 0.7, 0.35]).astype(np.uint8)
    reference = Reference.of_picture(picture_of(other))
    assert reference.kind == "picture"

    def apart(pixels: np.ndarray) -> float:
        here, there = (srgb_to_oklab(one / np.float32(255)).reshape(-1, 3) for one in (pixels, other))
        return float(np.abs(here.mean(0) - there.mean(0)).sum() + np.abs(here.std(0) - there.std(0)).sum())

    whole = match(picture_of(source), Match(strength=1), reference).whole()
    half = match(picture_of(source), Match(strength=0.5), reference).whole()
    assert apart(whole) < 0.25 * apart(source) and apart(whole) < apart(half) < apart(source)


def test_matching_itself_changes_next_to_nothing() -> None:
    picture = picture_of(painting(48, 60))
    whole = match(picture, Match(strength=1), Reference.of_picture(picture)).whole()
    assert np.abs(whole.astype(int) - picture.stored).mean() < 2


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 99), strength=st.floats(0, 1), palette=st.booleans())
def test_what_was_lighter_stays_lighter(seed: int, strength: float, palette: bool) -> None:
    source = painting(24, 30, depth=16, seed=seed)
    other = np.random.default_rng(seed).random((7, 3)).astype(np.float32)
    reference = Reference(other) if palette else Reference.of_picture(picture_of(painting(24, 30, seed=seed + 100)))
    whole = match(picture_of(source), Match(strength=strength), reference).whole()
    before, after = (lightness((one / np.float32(65535)).reshape(-1, 3)) for one in (source, whole))
    rises = np.diff(after[np.argsort(before, kind="stable")])
    assert rises.min() > -2e-3  # gamut and rounding


def test_matching_a_palette_goes_to_its_swatches() -> None:
    source = painting(48, 60, seed=3)

    def off(pixels: np.ndarray) -> float:
        lab = srgb_to_oklab(pixels / np.float32(255)).reshape(-1, 1, 3)
        line = srgb_to_oklab(np.stack([SUNSET[a] * (1 - t) + SUNSET[a + 1] * t for a in range(3)
                                       for t in np.linspace(0, 1, 8, dtype=np.float32)]))
        return float(np.sqrt(((lab - line[None]) ** 2).sum(-1)).min(1).mean())

    whole = match(picture_of(source), Match(strength=1), Reference(SUNSET)).whole()
    assert off(whole) < 0.5 * off(source)
    kept = match(picture_of(source), Match(strength=1, values=False), Reference(SUNSET)).whole()
    before, after = (lightness(one / np.float32(255)) for one in (source, kept))
    assert np.abs(before - after).mean() < 0.01


@pytest.mark.parametrize("pixels", [np.full((1, 1, 3), 7, np.uint8), np.full((9, 9, 3), 255, np.uint8),
                                    np.zeros((5, 5, 4), np.uint8)])
def test_flat_and_empty_pictures(pixels: np.ndarray) -> None:
    for reference in (Reference(SUNSET), Reference(SUNSET[:1]), Reference.of_picture(picture_of(painting()))):
        assert match(picture_of(pixels), Match(), reference).whole().shape == pixels.shape
    with pytest.raises(PlanError, match="no colours"):
        match(picture_of(painting()), Match(), Reference.of_picture(picture_of(np.zeros((5, 5, 4), np.uint8))))
