"""Every kind of drawing becomes a line layer: recognised, clean paper empty, lines kept."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image
from scipy.ndimage import distance_transform_edt

from underpaint.errors import DrawingError
from underpaint.imaging import recognise
from underpaint.imaging.arrays import to_bytes, to_float
from underpaint.imaging.blend import flatten
from underpaint.imaging.drawing import DrawingKind, LineLayer, line_layer

CLEAN = ["dracolion", "duck", "elephant", "hippo", "kitten", "mouse", "penguin", "puppy"]
ROUGH = ["duck", "hand", "penguin1", "penguin2"]


def sketch(height: int = 320, width: int = 400) -> np.ndarray:
    """Black on white, float H x W: curves, a hairline, a dot and a solid black shape."""
    page = np.full((height, width), 255, np.uint8)
    cv2.ellipse(page, (150, 150), (90, 110), 20, 0, 360, 0, 3, cv2.LINE_AA)
    cv2.ellipse(page, (270, 190), (80, 60), -30, 20, 300, 0, 2, cv2.LINE_AA)
    cv2.line(page, (30, 300), (380, 260), 0, 1, cv2.LINE_AA)
    cv2.line(page, (40, 20), (360, 60), 0, 4, cv2.LINE_AA)
    cv2.circle(page, (330, 120), 22, 0, -1, cv2.LINE_AA)
    cv2.circle(page, (60, 80), 3, 0, -1, cv2.LINE_AA)
    return page.astype(np.float32) / 255.0


def rgb(gray: np.ndarray) -> np.ndarray:
    return np.repeat(gray[..., None], 3, axis=2).astype(np.float32)


def grainy(picture: np.ndarray, sigma: float, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, sigma, picture.shape)
    return np.clip(picture + noise, 0, 1).astype(np.float32)


def agreement(layer: LineLayer, truth: np.ndarray) -> tuple[float, float]:
    """Precision and recall at 2 px of the layer's ink against a black-on-white original."""
    found, wanted = layer.rgba[..., 3] > 0.3, truth < 0.7
    precision = (distance_transform_edt(~wanted)[found] <= 2).mean()
    return float(precision), float((distance_transform_edt(~found)[wanted] <= 2).mean())


def assert_found(layer: LineLayer, truth: np.ndarray, least: float = 0.98) -> None:
    precision, recall = agreement(layer, truth)
    assert precision >= least, f"{layer.kind}: invented lines, precision {precision:.3f}"
    assert recall >= least, f"{layer.kind}: lost lines, recall {recall:.3f}"


@pytest.mark.parametrize("name", CLEAN)
def test_clean_drawings_come_back_over_white(material: Path, name: str) -> None:
    scan = np.asarray(Image.open(material / "05_art" / "lineart_clean" / f"clean_line_drawings__{name}.png"))
    layer = line_layer(scan)
    assert layer.kind is DrawingKind.INK and layer.corners is None
    shown = to_bytes(flatten(layer.rgba)).astype(int)
    assert np.abs(shown - scan[..., None].astype(int)).max() <= 1
    assert (layer.rgba[scan == 255, 3] == 0).all()


@pytest.mark.parametrize("name", ROUGH)
def test_pencil_on_toned_paper_loses_the_paper_only(material: Path, name: str) -> None:
    scan = np.asarray(Image.open(material / "05_art" / "lineart_clean" / f"rough_sketches__{name}.png"))
    layer = line_layer(scan)
    assert layer.kind is DrawingKind.PAPER and layer.extent.shape == scan.shape[:2]
    alpha = layer.rgba[..., 3]
    assert (alpha == 0).mean() > 0.8  # the paper, its colour and its grain are gone
    gray = scan.mean(axis=-1)
    dark = gray < np.percentile(gray, 1.5)
    assert (alpha[dark] > 0.25).mean() > 0.95  # and what was drawn is there


def test_a_rough_sketch_full_of_tone_is_kept_and_said(material: Path) -> None:
    scan = np.asarray(Image.open(material / "05_art" / "rough_sketch_revoy" / "fig06_pepper.png"))
    layer = line_layer(scan)
    assert any("tone" in note for note in layer.notes)
    shown = flatten(layer.rgba)[..., 0]
    assert np.corrcoef(shown.ravel(), scan.ravel())[0, 1] > 0.97


@given(arrays(np.uint8, st.tuples(st.integers(1, 24), st.integers(1, 24), st.just(4))))
@settings(max_examples=60)
def test_transparent_drawings_come_back_bit_for_bit(pixels: np.ndarray) -> None:
    if pixels[..., 3].max() < 8:
        with pytest.raises(DrawingError, match="blank"):
            line_layer(pixels, kind=DrawingKind.TRANSPARENT)
        return
    layer = line_layer(pixels, kind=DrawingKind.TRANSPARENT)
    assert layer.stored().dtype == np.uint8
    assert (layer.stored() == pixels).all()


def test_transparency_is_recognised_and_sixteen_bits_stay() -> None:
    ink = 1.0 - sketch()
    lines = np.dstack([np.full_like(ink, 0.2), np.full_like(ink, 0.1), np.full_like(ink, 0.4), ink])
    sixteen = np.rint(lines.astype(np.float64) * 65535).astype(np.uint16)
    layer = line_layer(sixteen)
    assert layer.kind is DrawingKind.TRANSPARENT
    assert (layer.stored() == sixteen).all() and layer.stored().dtype == np.uint16
    white_chalk = np.dstack([np.ones((*ink.shape, 3), np.float32), ink])
    assert line_layer(white_chalk).kind is DrawingKind.TRANSPARENT


def test_a_sheet_cut_out_of_its_surroundings_is_no_transparent_drawing() -> None:
    alpha = np.zeros((320, 400), np.float32)
    alpha[10:-10, 10:-10] = 1.0
    layer = line_layer(np.dstack([rgb(sketch()), alpha]))
    assert layer.kind is DrawingKind.INK
    opaque = line_layer(np.dstack([rgb(sketch()), np.ones((320, 400), np.float32)]))
    assert opaque.kind is DrawingKind.INK


def test_layers_that_are_made_fit_eight_bits() -> None:
    layer = line_layer(grainy(rgb(sketch()) * 0.8, 0.01))
    assert layer.stored().dtype == np.uint8
    assert (to_float(layer.stored()) == layer.rgba).all()
    again = line_layer(layer.stored())  # a file of the layer, read again, is the layer
    assert (again.rgba == layer.rgba).all()


@pytest.mark.parametrize("level", [0.95, 0.8, 0.55])
def test_gray_paper(level: float) -> None:
    layer = line_layer(grainy(rgb(sketch()) * level, 0.012))
    assert layer.kind is DrawingKind.PAPER
    assert_found(layer, sketch())
    assert layer.rgba[190:200, 140:160, 3].max() == 0


def test_white_on_black_is_turned_round() -> None:
    clean = line_layer(rgb(1.0 - sketch()))
    assert clean.kind is DrawingKind.WHITE_ON_BLACK
    assert np.abs(flatten(clean.rgba)[..., 0] - sketch()).max() <= 1 / 255
    board = line_layer(grainy(0.12 + 0.7 * rgb(1.0 - sketch()), 0.015))
    assert board.kind is DrawingKind.WHITE_ON_BLACK
    assert_found(board, sketch())


@pytest.mark.parametrize("dark", [False, True])
def test_a_very_large_drawing_is_recognised_as_a_small_one_is(dark: bool) -> None:
    """Broad tone is told from lines in a smaller copy, which must say the same of hairlines and of washes."""
    found = []
    for factor in (1, 5):
        gray = np.repeat(np.repeat(sketch(), factor, axis=0), factor, axis=1)
        gray[: 60 * factor, : 200 * factor] = np.minimum(gray[: 60 * factor, : 200 * factor], 0.6)
        pixels = rgb(1.0 - gray if dark else gray)
        found.append((recognise.is_light_on_dark(pixels), recognise.tone_share(rgb(gray))))
    assert found[0][0] == found[1][0] == dark
    assert found[0][1] == pytest.approx(found[1][1], abs=0.03) and found[0][1] > 0.05


def test_solid_blacks_are_no_white_on_black_and_stay_solid() -> None:
    page = sketch()
    page[:, 210:] = np.minimum(page[:, 210:], 0.0)
    page[60:120, 250:380] = 1.0
    layer = line_layer(rgb(page))
    assert layer.kind is DrawingKind.INK
    assert (layer.rgba[200:, 240:, 3] == 1).all()
    scanned = line_layer(grainy(0.1 + 0.8 * rgb(page), 0.01))
    assert scanned.rgba[200:300, 240:, 3].min() > 0.8


def test_blue_pencil_is_kept_or_dropped() -> None:
    blue = np.array([0.62, 0.83, 0.93], np.float32)
    page = np.ones((320, 400, 3), np.float32)
    rough = np.full((320, 400), 0, np.uint8)
    for y in range(40, 300, 40):
        cv2.line(rough, (10, y), (390, y - 20), 255, 5, cv2.LINE_AA)
    page *= 1.0 - (rough[..., None] / 255.0) * (1.0 - blue)
    page *= 0.1 + 0.9 * sketch()[..., None]
    page = grainy(page * 0.97, 0.008)
    kept = line_layer(page)
    assert kept.kind is DrawingKind.BLUE_PENCIL
    assert any("blue" in note for note in kept.notes)
    line = kept.rgba[rough > 250]
    assert (line[:, 3] > 0.1).mean() > 0.95
    dropped = line_layer(page, keep_blue=False)
    assert_found(dropped, sketch())
    assert (dropped.rgba[(rough > 250) & (sketch() == 1.0), 3] > 0.1).mean() < 0.02


def test_a_blue_pen_is_a_coloured_line() -> None:
    pen = 1.0 - (1.0 - rgb(sketch())) * (1.0 - np.array([0.15, 0.2, 0.6], np.float32))
    layer = line_layer(grainy(pen * 0.95, 0.008))
    assert layer.kind is DrawingKind.COLORED
    inked = layer.rgba[sketch() < 0.02]
    assert np.median(inked[:, 2] - inked[:, 0]) > 0.15


@pytest.mark.parametrize("paper", [None, (0.93, 0.9, 0.84)])
def test_coloured_lines_keep_their_colour(paper: tuple[float, float, float] | None) -> None:
    red = np.array([0.85, 0.15, 0.1], np.float32)
    page = 1.0 - (1.0 - rgb(sketch())) * (1.0 - red)
    layer = line_layer(page if paper is None else grainy(page * np.float32(paper), 0.008))
    assert layer.kind is DrawingKind.COLORED
    shown = flatten(layer.rgba)[sketch() == 0.0]
    assert np.abs(np.median(shown, axis=0) - red).max() < 0.12
    if paper is None:
        assert np.abs(flatten(layer.rgba) - page).max() < 1.01 / 255


def test_uneven_light_and_a_hard_shadow_go() -> None:
    y, x = np.mgrid[0:320, 0:400]
    light = (0.95 - 0.4 * x / 400) * np.where(y > 180 + 0.1 * x, 0.72, 1.0)
    light = cv2.GaussianBlur(light.astype(np.float32), (0, 0), 3)
    layer = line_layer(grainy(rgb(sketch()) * light[..., None] * np.float32([1, 0.98, 0.9]), 0.01))
    assert_found(layer, sketch())
    assert any("corners" in note for note in layer.notes)


def test_faint_pencil_is_kept_and_grain_is_not() -> None:
    page = grainy(0.93 - 0.22 * (1.0 - rgb(sketch())), 0.012)
    layer = line_layer(page)
    assert_found(layer, sketch(), least=0.97)
    far = distance_transform_edt(sketch() > 0.9) > 6
    assert (layer.rgba[far, 3] > 0).mean() < 0.001


@pytest.mark.parametrize("sigma", [0.03, 0.1])
def test_noise_that_white_clips_is_not_ink(sigma: float) -> None:
    layer = line_layer(grainy(rgb(sketch()), sigma))
    assert_found(layer, sketch())
    assert (layer.rgba[..., 3] == 0).mean() > 0.75


@pytest.mark.parametrize(
    "blank",
    [
        np.ones((40, 60, 3), np.float32),
        np.full((200, 200, 3), 0.6, np.float32),
        grainy(np.full((200, 300, 3), 0.85, np.float32), 0.03),
        np.tile(np.linspace(0.5, 0.9, 300, dtype=np.float32)[None, :, None], (200, 1, 3)),
        np.zeros((30, 30, 4), np.float32),
        np.ones((1, 1, 3), np.float32),
        np.zeros((1, 1), np.float32),
    ],
    ids=["white", "grey", "grain", "gradient", "transparent", "one white pixel", "one black pixel"],
)
def test_blank_drawings_are_refused(blank: np.ndarray) -> None:
    with pytest.raises(DrawingError, match="blank") as caught:
        line_layer(blank)
    assert caught.value.hint


@pytest.mark.parametrize("name", ["rocket", "content__sailboat", "the_scream", "girl_with_a_pearl_earring"])
def test_photographs_and_paintings_are_refused_with_a_way_out(material: Path, name: str) -> None:
    path = next((material / "05_art").glob(f"*/{name}.jpg"), None)
    if path is None:
        pytest.skip(f"{name} is not among the real files")
    picture = Image.open(path).convert("RGB")
    picture.thumbnail((512, 512))
    with pytest.raises(DrawingError, match="photograph or a painting") as caught:
        line_layer(np.asarray(picture))
    assert caught.value.hint and "photo" in caught.value.hint


@pytest.mark.parametrize("shape", [(3, 3), (8, 8), (1, 40), (40, 1), (6, 900), (900, 6), (60, 1500)])
@pytest.mark.parametrize("gray", [False, True])
def test_tiny_and_extreme_shapes(shape: tuple[int, int], gray: bool) -> None:
    page = np.ones(shape, np.float32)
    page[shape[0] // 2, : max(1, shape[1] // 2)] = 0.0
    layer = line_layer(grainy(page * 0.8, 0.004) if gray else page)
    assert layer.extent.shape == shape
    assert layer.rgba[shape[0] // 2, 0, 3] > 0.3


@given(arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40), st.sampled_from([1, 3, 4]))))
@settings(max_examples=60, deadline=None)
def test_any_pixels_give_a_valid_layer_or_one_clear_line(pixels: np.ndarray) -> None:
    try:
        layer = line_layer(pixels)
    except DrawingError as error:
        assert error.message and error.hint
        return
    assert layer.rgba.dtype == np.float32 and layer.rgba.shape[2] == 4
    assert np.isfinite(layer.rgba).all() and layer.rgba.min() >= 0 and layer.rgba.max() <= 1
    assert layer.kind is not DrawingKind.AUTO
    assert (to_float(layer.stored()) == layer.rgba).all()


def test_a_named_kind_overrules_recognition() -> None:
    page = rgb(sketch())
    assert line_layer(page, kind=DrawingKind.PAPER).kind is DrawingKind.PAPER
    photo = line_layer(grainy(page * 0.8, 0.01), kind=DrawingKind.PHOTO)
    assert photo.kind is DrawingKind.PHOTO and any("corners" in note for note in photo.notes)
    with pytest.raises(DrawingError, match="no transparency"):
        line_layer(page, kind=DrawingKind.TRANSPARENT)
    with pytest.raises(DrawingError, match="shape"):
        line_layer(np.zeros((4, 4, 7), np.float32))
