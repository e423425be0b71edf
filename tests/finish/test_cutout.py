"""Cutting out: soft alpha near the truth, the figure's own colours, and every way of saying where it is."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from finish_kit import figure, painting, picture_of, save_strokes, trimap_of

from underpaint.errors import ModelError, PictureError, PlanError, RecipeError
from underpaint.finish import closed_form, knn, subject_net
from underpaint.finish.cutout import Cutout, Hints, cutout
from underpaint.finish.foreground import foreground
from underpaint.finish.shape import checked
from underpaint.finish.trimap import from_mask, read_strokes
from underpaint.pictures.read import read_picture

PIXELS, ALPHA, OWN = figure()
PICTURE = picture_of(PIXELS)
MASK = picture_of(((ALPHA > 0.5) * 255).astype(np.uint8)[..., None])
TRIMAP = picture_of(trimap_of(ALPHA))


def error(found: np.ndarray, where: np.ndarray | None = None) -> float:
    """Mean squared error of alpha."""
    apart = (found[..., -1] / np.iinfo(found.dtype).max - ALPHA) ** 2
    return float(apart.mean() if where is None else apart[where].mean())


def test_a_trimap_gives_soft_alpha_and_clean_colour() -> None:
    whole = cutout(PICTURE, Cutout(), Hints(trimap=TRIMAP)).whole()
    unknown = TRIMAP.stored[..., 0] == 128
    assert error(whole, unknown) < 0.01
    soft = (ALPHA > 0.3) & (ALPHA < 0.95)
    left = np.abs(whole[..., :3] / 255 - OWN)[soft].mean()
    assert left < 0.4 * np.abs(PIXELS / 255 - OWN)[soft].mean()
    inside = TRIMAP.stored[..., 0] == 255
    assert np.array_equal(whole[inside][:, :3], PIXELS[inside]) and (whole[inside][:, 3] == 255).all()
    assert (whole[TRIMAP.stored[..., 0] == 0][:, 3] == 0).all()


def test_a_rough_mask_is_enough() -> None:
    assert error(cutout(PICTURE, Cutout(), Hints(mask=MASK)).whole()) < 0.002


def test_strokes_and_boxes_find_the_figure(tmp_path: Path) -> None:
    height, width = ALPHA.shape
    strokes = read_picture(save_strokes(tmp_path / "s.png", height, width))
    made = cutout(PICTURE, Cutout(), Hints(strokes=strokes))
    assert error(made.whole()) < 0.03 and made.found["subject"] == "found from your strokes"
    made = cutout(PICTURE, Cutout(box=(10, 10, width - 10, height - 2)))
    assert error(made.whole()) < 0.06 and made.notes == ()


def test_a_guess_says_that_it_is_one() -> None:
    made = cutout(PICTURE, Cutout())
    assert error(made.whole()) < 0.03 and "correct it with --strokes" in made.notes[0]


def test_a_guess_keeps_eyes_and_opens_gaps() -> None:
    height, width = 160, 200
    y, x = np.mgrid[0:1:height * 1j, 0:1:width * 1j]
    pixels = np.rint(255 * np.stack([0.25 + 0.1 * y, 0.45 + 0.1 * x, 0.75 - 0.1 * y], axis=-1)).astype(np.uint8)
    ground = pixels.copy()
    cv2.circle(pixels, (100, 80), 55, (235, 190, 60), -1)
    cv2.circle(pixels, (85, 65), 7, (15, 12, 20), -1)  # an eye: not the ground's colour, so it stays
    gap = cv2.circle(np.zeros((height, width), np.uint8), (115, 100), 12, 1, -1) > 0
    pixels[gap] = ground[gap]  # the ground shows through
    alpha = cutout(picture_of(pixels), Cutout()).whole()[..., 3]
    assert alpha[65, 85] == 255 and alpha[80, 60] == 255 and alpha[100, 115] == 0 and alpha[5, 5] == 0


def test_strokes_correct_a_wrong_mask(tmp_path: Path) -> None:
    height, width = ALPHA.shape
    wrong = (ALPHA > 0.5).astype(np.uint8) * 255
    wrong[: height // 2] = 0  # the head is missing
    hints = Hints(mask=picture_of(wrong[..., None]))
    before = error(cutout(PICTURE, Cutout(), hints).whole())
    strokes = read_picture(save_strokes(tmp_path / "s.png", height, width))
    after = error(cutout(PICTURE, Cutout(), Hints(mask=hints.mask, strokes=strokes)).whole())
    assert after < 0.03 and after < 0.4 * before


@pytest.mark.parametrize(("channels", "depth"), [(1, 8), (2, 8), (4, 8), (1, 16), (3, 16), (4, 16)])
def test_depth_and_transparency_stay(channels: int, depth: int) -> None:
    pixels = painting(60, 50, channels, depth)
    mask = np.zeros((60, 50, 1), np.uint8)
    mask[15:45, 10:40] = 255
    picture = picture_of(pixels)
    made = cutout(picture, Cutout(edge=3), Hints(mask=picture_of(mask)))
    whole = made.whole()
    assert whole.dtype == pixels.dtype and whole.shape[2] == (2 if channels <= 2 else 4) == made.channels
    assert np.array_equal(whole[20:40, 15:20, :-1], pixels[20:40, 15:20, :whole.shape[2] - 1])
    if channels in (2, 4):
        assert (whole[..., -1] <= pixels[..., -1]).all()
        assert np.array_equal(whole[20:40, 15:35, -1], pixels[20:40, 15:35, -1])


def test_what_goes_leaves_no_colour_behind() -> None:
    whole = cutout(PICTURE, Cutout(), Hints(mask=MASK)).whole()
    far = cv2.dilate((ALPHA > 0).astype(np.uint8), np.ones((61, 61), np.uint8)) == 0
    assert far.any() and (whole[far] == 0).all()
    kept = cutout(PICTURE, Cutout(spill=False), Hints(mask=MASK)).whole()
    assert np.array_equal(kept[..., :3], PIXELS) and np.array_equal(kept[..., 3], whole[..., 3])


def test_much_in_doubt_is_solved_smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(closed_form, "MOST", 2_000)
    made = cutout(PICTURE, Cutout(), Hints(trimap=TRIMAP))
    assert error(made.whole()) < 0.01 and 0 < made.found["solved_at"] < 1 and "solved at" in made.notes[0]


def test_matting_with_everything_or_nothing_known() -> None:
    color = PIXELS.astype(np.float32) / 255
    for known in (0.0, 1.0):
        matte = closed_form.closed_form(color, np.full(ALPHA.shape, known, np.float32))
        assert matte.unknown == 0 and (matte.alpha == known).all()
    doubtful = closed_form.closed_form(color[:9, :8], np.full((9, 8), 0.5, np.float32))
    assert np.isfinite(doubtful.alpha).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (2, 2), (7, 1)])
def test_tiny_pictures(shape: tuple[int, int]) -> None:
    picture = picture_of(painting(*shape))
    mask = np.zeros((*shape, 1), np.uint8)
    mask[:1, :1] = 255
    whole = cutout(picture, Cutout(), Hints(mask=picture_of(mask))).whole()
    assert whole.shape == (*shape, 4)
    try:
        assert cutout(picture, Cutout()).whole().shape == (*shape, 4)
    except PictureError as refused:
        assert "stands out" in refused.message


def test_masks_become_trimaps() -> None:
    mask = np.zeros((60, 60), np.float32)
    mask[10:50, 10:40] = 1
    mask[28:30, 40:58] = 1  # a thin line, whose middle stays known
    trimap = from_mask(mask, 5)
    assert trimap[30, 25] == 1 and trimap[2, 2] == 0 and trimap[10, 25] == 0.5 and trimap[14, 6] == 0.5
    mask[0:5, 0:5] = 0.4
    assert (from_mask(mask, 2)[0:4, 0:4] == 0.5).all()


class TestStrokes:
    def test_on_the_picture_itself(self) -> None:
        painted = PIXELS.copy()
        painted[100:120, 80:85] = (10, 230, 20)
        painted[5:10, 5:50] = (240, 10, 15)
        strokes = read_strokes(picture_of(painted), PICTURE)
        assert strokes.keep.sum() == 100 and strokes.remove.sum() == 225

    def test_white_and_black_on_grey(self) -> None:
        marks = np.full((*ALPHA.shape, 1), 128, np.uint8)
        marks[100:110, 80:90] = 255
        marks[:4] = 0
        strokes = read_strokes(picture_of(marks), PICTURE)
        assert strokes.keep.sum() == 100 and strokes.remove.sum() == 4 * ALPHA.shape[1]

    def test_none_and_another_size(self) -> None:
        with pytest.raises(PictureError, match="no strokes"):
            read_strokes(PICTURE, PICTURE)
        with pytest.raises(PictureError, match="the strokes has 8x8"):
            read_strokes(picture_of(painting(8, 8)), PICTURE)
        with pytest.raises(PictureError, match="mask"):
            cutout(PICTURE, Cutout(), Hints(mask=picture_of(painting(8, 8, 1))))


def test_foreground_of_a_known_mix() -> None:
    alpha = np.tile(np.linspace(0, 1, 64, dtype=np.float32), (32, 1))
    inner, outer = np.array([0.8, 0.2, 0.1], np.float32), np.array([0.1, 0.3, 0.9], np.float32)
    mixed = inner * alpha[..., None] + outer * (1 - alpha[..., None])
    found = foreground(mixed, alpha)
    assert np.abs(found - inner)[alpha > 0.1].max() < 0.08


def test_refusals() -> None:
    with pytest.raises(PlanError, match="no pixel"):
        cutout(PICTURE, Cutout(box=(500, 500, 600, 600)))
    with pytest.raises(PictureError, match="nothing stands out"):
        cutout(picture_of(np.full((40, 40, 3), 90, np.uint8)), Cutout())
    with pytest.raises(RecipeError, match="edge"):
        checked(Cutout, {"edge": 0})
    with pytest.raises(ModelError, match="there is no network"):
        subject_net.load_subject_net(Path("nothing.onnx"))


def test_knn_matting_where_it_is_installed() -> None:
    if not knn.is_installed():
        with pytest.raises(PlanError, match=r"pymatting.*underpaint\[matting\]"):
            cutout(PICTURE, Cutout(method="knn"), Hints(trimap=TRIMAP))
        return
    assert error(cutout(PICTURE, Cutout(method="knn"), Hints(trimap=TRIMAP)).whole()) < 0.01


@pytest.mark.skipif(not subject_net.is_installed(), reason="onnxruntime is not installed")
def test_damaged_onnx_files(tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(b"no network at all")
    with pytest.raises(ModelError, match="damaged"):
        subject_net.load_subject_net(tmp_path / "net.onnx")


def test_a_subject_network_says_where(monkeypatch: pytest.MonkeyPatch) -> None:
    class Session:
        """Answers with what is warmer than the ground, as a network would, at its own size."""

        def get_inputs(self) -> list[object]:
            return [type("Input", (), {"name": "x"})]

        def run(self, _: None, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
            given = inputs["x"]
            assert given.shape == (1, 3, 64, 64) and given.dtype == np.float32
            return [np.clip(given[:, :1] - given[:, 2:], -1, 1)]

    net = subject_net.SubjectNet("warm", "0" * 64, 64, Session())
    made = cutout(PICTURE, Cutout(), Hints(net=net))
    assert error(made.whole()) < 0.03 and made.found["subject"] == "found by warm"
