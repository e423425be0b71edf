"""Faults of the surface, laid on right pictures while the reviewer learns: each with its strength and its place."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
CELLS = 8
_FONTS = (cv2.FONT_HERSHEY_SCRIPT_SIMPLEX, cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_COMPLEX_SMALL)


@dataclass(frozen=True)
class Damaged:
    """A damaged picture (float32 H x W x 3, 0..1), the fault's name, and where it is (8 x 8, 0/1)."""

    picture: Floats
    fault: str
    where: Floats


@dataclass(frozen=True)
class Sound:
    """A right picture (float32 H x W x 3, 0..1) and its subject (float32 H x W, 0..1), None where it is not known."""

    picture: Floats
    subject: Floats | None = None

    def middle(self) -> tuple[float, float, float]:
        """Where the subject stands, and half its height, in pixels: x, y, reach."""
        height, width = self.picture.shape[:2]
        known = None if self.subject is None else np.argwhere(self.subject > 0.5)
        if known is None or len(known) < 20:
            return width / 2, height * 0.55, height * 0.22
        y, x = np.median(known, axis=0)
        return float(x), float(y), float(np.clip(np.ptp(known[:, 0]) / 2, height * 0.08, height * 0.4))


def damage(sound: Sound, kind: str, strength: float, rng: np.random.Generator) -> Damaged:
    """Lay one fault on a picture; `strength` 0..1 goes from hardly seen to glaring."""
    make, fault = DAMAGES[kind]
    bad, where = make(sound, strength, rng)
    return Damaged(np.ascontiguousarray(bad.clip(0, 1), dtype=np.float32), fault, where)


def _everywhere() -> Floats:
    return np.ones((CELLS, CELLS), np.float32)


def _cells(mask: NDArray[np.floating]) -> Floats:
    small = cv2.resize(np.asarray(mask, np.float32), (CELLS, CELLS), interpolation=cv2.INTER_AREA)
    return np.asarray(small > 0.1, np.float32)


def _seam(sound: Sound, strength: float, rng: np.random.Generator) -> tuple[Floats, Floats]:
    picture, upright = sound.picture, rng.random() < 0.6
    turned = picture if upright else picture.transpose(1, 0, 2)
    width = turned.shape[1]
    at = int(width * (rng.uniform(0.25, 0.75) if rng.random() < 0.6 else rng.choice([0.04, 0.08, 0.92, 0.96])))
    shift = max(1, round(width * (0.008 + 0.03 * strength))) * int(rng.choice([-1, 1]))
    tone = 1 + float(rng.choice([-1, 1])) * (0.03 + 0.13 * strength)
    bad = turned.copy()
    bad[:, at:] = np.roll(turned, shift, 0 if rng.random() < 0.5 else 1)[:, at:] * tone
    where = np.zeros((CELLS, CELLS), np.float32)
    where[:, min(CELLS - 1, at * CELLS // width)] = 1
    return (bad, where) if upright else (bad.transpose(1, 0, 2), where.T.copy())


def _banding(sound: Sound, strength: float, rng: np.random.Generator) -> tuple[Floats, Floats]:
    levels = float(np.interp(strength, [0, 1], [13, 4]))
    smooth = cv2.bilateralFilter(sound.picture, 7, 0.12, 5)
    return np.round(smooth * levels + rng.uniform(-0.2, 0.2)) / levels, _everywhere()


def _speckle(sound: Sound, strength: float, rng: np.random.Generator) -> tuple[Floats, Floats]:
    bad, shape = sound.picture.copy(), sound.picture.shape[:2]
    if rng.random() < 0.5:
        dots = rng.random(shape) < 0.004 + 0.05 * strength
        bad[dots] = rng.random((int(dots.sum()), 3))
    else:
        bad = bad + rng.normal(0, 0.05 + 0.17 * strength, (*shape, 3)).astype(np.float32)
    return bad, _everywhere()


def _soft(sound: Sound, strength: float, rng: np.random.Generator) -> tuple[Floats, Floats]:
    return cv2.GaussianBlur(sound.picture, (0, 0), 1.6 + 2.4 * strength), _everywhere()


def _melted(sound: Sound, strength: float, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Forms that run: a smooth random bend, strongest round one place of the subject."""
    picture, (x0, y0, reach) = sound.picture, sound.middle()
    height, width = picture.shape[:2]
    bends = [cv2.GaussianBlur(rng.normal(0, 1, (height, width)).astype(np.float32), (0, 0), rng.uniform(3, 7))
             for _ in range(2)]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    at, radius = rng.normal((x0, y0), 0.4 * reach), rng.uniform(0.5, 1.3) * reach
    near = np.exp(-(((x - at[0]) ** 2 + (y - at[1]) ** 2) / (2 * radius**2))).astype(np.float32)
    away = [(2.0 + 7.0 * strength) * near * bend / (np.abs(bend).std() + 1e-6) / 2 for bend in bends]
    bad = cv2.remap(picture, x + away[0], y + away[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return bad, _cells(near > 0.5)


def _mush(sound: Sound, strength: float, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """No form anywhere: everything has run into blots, as a painter leaves it who knows colours and no things."""
    picture = sound.picture
    height, width = picture.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    for sigma, reach in ((11.0, 9.0 + 9.0 * strength), (5.0, 4.0 + 6.0 * strength)):
        bends = [cv2.GaussianBlur(rng.normal(0, 1, (height, width)).astype(np.float32), (0, 0), sigma)
                 for _ in range(2)]
        away = [reach * bend / (bend.std() + 1e-6) for bend in bends]
        picture = cv2.remap(picture, x + away[0], y + away[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    plain = cv2.medianBlur((picture.clip(0, 1) * 255).astype(np.uint8), 3 + 2 * int(rng.integers(0, 3)))
    blots = plain.astype(np.float32) / 255
    return blots + 0.4 * (blots - cv2.GaussianBlur(blots, (0, 0), 3)), _everywhere()


def _twice(sound: Sound, strength: float, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """A part of the subject a second time beside itself, as a painter does who forgot what stands there."""
    picture, (x0, y0, reach) = sound.picture, sound.middle()
    height, width = picture.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    radius = (0.5 + 0.6 * strength) * reach
    at = rng.normal((x0, y0), 0.25 * reach)
    turn = float(rng.uniform(-0.5, 0.5)) + (0.0 if rng.random() < 0.5 else np.pi)
    shift = np.array([np.cos(turn), np.sin(turn)]) * rng.uniform(0.5, 1.5) * radius
    mask = np.clip((radius - np.hypot(x - at[0], y - at[1])) / 4 + 0.5, 0, 1).astype(np.float32)
    if sound.subject is not None:
        mask = mask * sound.subject
    turned = np.asarray([[1, 0, shift[0]], [0, 1, shift[1]]], np.float32)
    moved = cv2.warpAffine(picture, turned, (width, height), borderMode=cv2.BORDER_REFLECT)
    mask = cv2.warpAffine(mask, turned, (width, height))
    return picture + (moved - picture) * mask[..., None], _cells(mask)


def _gone(sound: Sound, strength: float, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """A part of the subject is not there: what stands round it goes on behind it."""
    picture, (x0, y0, reach) = sound.picture, sound.middle()
    height, width = picture.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    turn, far = rng.uniform(0, 2 * np.pi), rng.uniform(0.3, 0.8) * reach
    radius = (0.3 + 0.5 * strength) * reach
    near = np.hypot(x - x0 - np.cos(turn) * far * 0.6, y - y0 - np.sin(turn) * far) < radius
    part = near if sound.subject is None else near & (cv2.dilate(sound.subject, np.ones((3, 3))) > 0.3)
    plain = (picture.clip(0, 1) * 255).astype(np.uint8)
    filled = cv2.inpaint(plain, part.astype(np.uint8), 3, cv2.INPAINT_TELEA).astype(np.float32) / 255
    return np.where(part[..., None], filled, picture), _cells(part.astype(np.float32))


def _cut(sound: Sound, strength: float, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """The picture's border goes through the subject."""
    picture, (x0, y0, reach) = sound.picture, sound.middle()
    height, width = picture.shape[:2]
    share = 0.25 + 0.45 * strength  # of the subject's reach that lies outside
    side = int(rng.integers(3))
    edge = min(0.45 * width, x0 - reach * 0.6 * (1 - share)) if side == 0 else 0.0
    far = max(0.55 * width, x0 + reach * 0.6 * (1 - share)) if side == 1 else float(width)
    top = y0 - reach * (1 - share) if side == 2 else 0.0
    box = [int(np.clip(v, 0, width - 1)) for v in (max(0.0, edge), far)]
    rows = int(np.clip(top, 0, height * 0.6))
    part = picture[rows:, box[0] : max(box[0] + 24, box[1])]
    where = np.zeros((CELLS, CELLS), np.float32)
    where[(slice(None), 0) if side == 0 else (slice(None), -1) if side == 1 else (0, slice(None))] = 1
    return cv2.resize(part, (width, height), interpolation=cv2.INTER_LINEAR), where


def _signature(sound: Sound, strength: float, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """A scribble or letters in a corner."""
    picture = sound.picture
    height, width = picture.shape[:2]
    sheet = np.zeros((height, width), np.uint8)
    left = int(rng.choice([rng.integers(2, 10), rng.integers(width - 52, width - 36)]))
    base = int(rng.integers(height - 12, height - 4)) if rng.random() < 0.85 else int(rng.integers(8, 14))
    if rng.random() < 0.5:
        letters = "".join(chr(int(c)) for c in rng.integers(97, 123, int(rng.integers(3, 7))))
        font = int(rng.choice(_FONTS))
        cv2.putText(sheet, letters.title(), (left, base), font, 0.3 + 0.2 * strength, 255, 1, cv2.LINE_AA)
    else:
        run = np.arange(0, int(rng.integers(22, 40)))
        wave = np.cumsum(rng.normal(0, 2.2, len(run)))
        wave = 4 * np.sin(run * rng.uniform(0.6, 1.3)) + wave - wave.mean()
        path = np.stack([left + run, (base - 4 + wave.clip(-7, 5))], 1).astype(np.int32)
        cv2.polylines(sheet, [path], False, 255, 1, cv2.LINE_AA)
    ink = 0.0 if picture[base - 6 : base + 2, left : left + 36].mean() > 0.45 else 1.0
    colour = np.clip(ink + rng.uniform(-0.12, 0.12, 3), 0, 1).astype(np.float32)
    mask = sheet.astype(np.float32) * np.float32((0.7 + 0.3 * strength) / 255)
    return picture + (colour - picture) * mask[..., None], _cells(cv2.dilate(mask, np.ones((7, 7))))


Damage = Callable[[Sound, float, np.random.Generator], tuple[Floats, Floats]]
DAMAGES: dict[str, tuple[Damage, str]] = {
    "seam": (_seam, "seam"), "banding": (_banding, "banding"), "speckle": (_speckle, "speckle"),
    "soft": (_soft, "soft"), "melted": (_melted, "malformed"), "twice": (_twice, "doubled"),
    "mush": (_mush, "malformed"), "gone": (_gone, "missing"), "cut": (_cut, "cut off"),
    "signature": (_signature, "signature"),
}
"""Each way of spoiling a picture, and the fault that it is called."""
