"""Defects that are simply measured: each is found on a picture that has it, and a sound picture has none."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from underpaint.errors import PictureError
from underpaint.review.measured import MEASURES, defects
from underpaint.review.shape import lay, side_of


def landscape(height: int = 192, width: int = 256, seed: int = 3) -> np.ndarray:
    """Hills before a sky, with a red house: soft changes of tone, edges, a subject in the middle."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    sky = np.stack([0.45 + 0.35 * y / height, 0.6 + 0.2 * y / height, 0.9 - 0.1 * y / height], axis=-1)
    hill = y > 0.55 * height + 14 * np.sin(x / 31) + 6 * np.sin(x / 9 + 1)
    grass = cv2.GaussianBlur(rng.random((height, width, 3)).astype(np.float32), (0, 0), 2)
    ground = np.array([0.25, 0.42, 0.2], np.float32) + 0.7 * (grass - 0.5)
    picture = np.where(hill[..., None], ground, sky).astype(np.float32)
    picture[int(0.42 * height) : int(0.68 * height), int(0.42 * width) : int(0.6 * width)] = (0.75, 0.18, 0.14)
    picture[int(0.52 * height) : int(0.68 * height), int(0.48 * width) : int(0.53 * width)] = (0.2, 0.1, 0.08)
    return np.clip(picture, 0, 1).astype(np.float32)


def names(picture: np.ndarray) -> set[str]:
    return {one.name for one in defects(picture)}


def test_a_sound_picture_has_no_defect() -> None:
    assert defects(landscape()) == ()


@pytest.mark.parametrize(("name", "spoil"), [
    ("washed out", lambda p: 0.62 + 0.22 * (0.7 * p.mean(2, keepdims=True).repeat(3, 2) + 0.3 * p)),
    ("too dark", lambda p: 0.12 * p),
    ("empty", lambda p: np.full_like(p, 0.6)),
    ("banding", lambda p: np.round(cv2.GaussianBlur(p, (0, 0), 3) * 8) / 8),
    ("speckle", lambda p: np.where(np.random.default_rng(1).random(p.shape[:2])[..., None] < 0.03, 1.0, p)),
    ("soft", lambda p: cv2.GaussianBlur(p, (0, 0), 6)),
])
def test_each_spoilt_surface_is_named(name: str, spoil: object) -> None:
    spoilt = np.clip(spoil(landscape()), 0, 1).astype(np.float32)  # type: ignore[operator]
    found = {one.name: one for one in defects(spoilt)}
    assert name in found and 0 < found[name].strength <= 1


def test_a_seam_is_found_where_it_is() -> None:
    picture = landscape()
    at = 244
    picture[:, at:] = np.roll(picture, 6, axis=0)[:, at:] * 0.85
    seam, = (one for one in defects(picture) if one.name == "seam")
    assert seam.words == "seam at the right edge"
    assert seam.box is not None and seam.box[0] <= at / 256 <= seam.box[2]


def test_a_signature_in_a_corner_is_seen_and_placed() -> None:
    picture = landscape(384, 512)
    sheet = np.zeros(picture.shape[:2], np.uint8)
    cv2.putText(sheet, "Mvulelwu", (400, 370), cv2.FONT_HERSHEY_SIMPLEX, 0.55, 255, 1, cv2.LINE_AA)
    picture = picture * (1 - sheet[..., None] / 255.0)
    found, = (one for one in defects(picture.astype(np.float32)) if one.name == "signature")
    assert found.words == "a signature nobody asked for, bottom right"


def test_a_subject_that_runs_out_of_the_picture_is_cut_off() -> None:
    picture = np.full((192, 192, 3), 0.85, np.float32)
    cv2.circle(picture, (0, 96), 62, (0.7, 0.1, 0.1), -1)
    found, = (one for one in defects(picture) if one.name == "cut off")
    assert found.words == "the subject is cut off at the left"
    whole = np.full((192, 192, 3), 0.85, np.float32)
    cv2.circle(whole, (96, 96), 62, (0.7, 0.1, 0.1), -1)
    assert "cut off" not in names(whole)


@pytest.mark.parametrize("shape", [(1, 1, 3), (23, 400, 3), (400, 3, 4), (1, 5000)])
def test_of_tiny_pictures_nothing_is_said(shape: tuple[int, ...]) -> None:
    assert defects(np.zeros(shape, np.float32)) == ()


@pytest.mark.parametrize("wrong", [np.zeros((4, 4, 5), np.float32), np.zeros((0, 4, 3), np.float32),
                                   np.zeros(7, np.float32), np.full((40, 40, 3), np.nan, np.float32)])
def test_what_is_no_picture_is_refused(wrong: np.ndarray) -> None:
    with pytest.raises(PictureError):
        defects(wrong)


def test_a_huge_picture_is_halved_and_a_transparent_one_laid_on_grey() -> None:
    laid = lay(np.zeros((100, 3000, 4), np.float32))
    assert laid is not None and laid.color.shape == (25, 750, 3)
    assert float(laid.light.min()) == pytest.approx(0.5)


@settings(max_examples=20, deadline=None)
@given(arrays(np.float32, (31, 47, 3), elements=st.floats(-2, 3, width=32)))
def test_no_numbers_break_a_measurement(picture: np.ndarray) -> None:
    laid = lay(picture)
    assert laid is not None
    for measure in MEASURES.values():
        said = measure(laid)
        assert said is None or all(0 <= one <= 1 for one in (said.strength, *(said.box or ())))


@pytest.mark.parametrize(("box", "said"), [((0, 0, 0.1, 0.1), "top left"), ((0.45, 0.45, 0.55, 0.55), "middle"),
                                           ((0.4, 0.9, 0.6, 1), "bottom"), ((0.9, 0.4, 1, 0.6), "right")])
def test_places_have_an_artists_names(box: tuple[float, float, float, float], said: str) -> None:
    assert side_of(box) == said
