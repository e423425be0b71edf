"""Keys of others' drawings: the same picture tinted is found out, light is told on forms, plans are named."""

import cv2
import numpy as np

from bench.keys_outside import KEYS, Painted, _light, _lines, _named, _pairs, lit_forms
from underpaint.recipe import Blob
from underpaint.sets.keys import Key, plan_keys

SIDE = 64


def drawn() -> np.ndarray:
    """Two squares in outline, H x W, 1 = ink."""
    ink = np.zeros((SIDE, SIDE), np.float32)
    for left in (6, 36):
        cv2.rectangle(ink, (left, 6), (left + 22, 30), 1.0, 1)
    return ink


def shaded(key: Key, seed: int) -> np.ndarray:
    """The squares under the key's own colours, light from its side, lines dark."""
    rng = np.random.default_rng(seed)
    colours = np.float32([[int(one[at: at + 2], 16) / 255 for at in (1, 3, 5)] for one in key.plan.palette])
    picture = np.broadcast_to(colours[2], (SIDE, SIDE, 3)).copy()
    picture[7:30, 7:28], picture[7:30, 37:58] = colours[1], colours[3]
    picture[48:] = colours[4]
    picture += np.linspace(-0.1, 0.1, SIDE)[None, :, None] * np.cos(np.radians(key.plan.direction or 0))
    picture = np.where(drawn()[..., None] > 0, 0, picture) + rng.normal(0, 0.01, picture.shape)
    return np.clip(picture, 0, 1).astype(np.float32)


def sheets(count: int) -> list[list[Painted]]:
    keys = plan_keys("squares", Blob(sha256="0" * 64), count=KEYS)
    grey = np.full((SIDE, SIDE, 3), 0.5, np.float32)
    return [[Painted(key, shaded(key, 100 * number + key.number), grey, drawn()) for key in keys]
            for number in range(count)]


def test_plans_that_show_are_named_and_grey_ones_are_not() -> None:
    row, = _named(sheets(3), 2)
    assert row.reached and row.measured.startswith("100 %") and "words alone 8 %" in row.measured


def test_light_is_told_over_all_and_on_the_forms() -> None:
    whole, forms = _light(sheets(2))
    assert whole.reached and "by its words alone 0 %" in whole.measured
    assert forms.measured.startswith("100 %")


def test_forms_are_lit_whichever_of_them_is_light() -> None:
    across = np.linspace(0.3, 0.5, SIDE, dtype=np.float32)
    picture = np.repeat(np.broadcast_to(across, (SIDE, SIDE))[..., None], 3, axis=-1).copy()
    picture[7:30, 7:28] += 0.4  # the left form is the light one, but each grows lighter to the right
    assert lit_forms(picture, drawn(), 0) > 0 > lit_forms(picture, drawn(), 180)


def test_a_picture_tinted_is_no_other_picture() -> None:
    made = sheets(1)[0]
    assert _pairs([made[:3]]).reached is not None
    tinted = Painted(made[1].key, made[0].picture * np.float32((0.9, 0.8, 0.7)), made[0].plain, made[0].ink)
    row = _pairs([[made[0], tinted]])
    assert not row.reached and "1 under 6" in row.measured


def test_lines_are_held_against_what_the_drawing_itself_reaches() -> None:
    kept, above = _lines(sheets(2))
    assert above.reached and kept.target == ">= 0.6, >= 0.9 of the ceiling"
    grey = [[Painted(one.key, one.plain, one.plain, one.ink) for one in sheet] for sheet in sheets(1)]
    kept, above = _lines(grey)
    assert not kept.reached and not above.reached
