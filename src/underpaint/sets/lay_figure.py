"""A lay figure: one standing body of fixed measures, seen from any side without perspective.

As joints for models that follow poses, and as a line drawing for models that follow lines. Nothing is nearer than
anything else, so from every side it has the same height and the same joints at the same levels.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

CROWN = 1.78
"""The figure's height in metres."""
BREADTH = 0.96
"""What it takes across from any side, with some air, in metres."""
# Metres to the figure's left, up, and forward; arms a little away from the body.
_MIDDLE = {"nose": (0.0, 1.62, 0.12), "neck": (0.0, 1.45, 0.0), "mid_hip": (0.0, 0.93, 0.0)}
_LEFT = {"eye": (0.035, 1.66, 0.09), "ear": (0.075, 1.64, 0.0), "shoulder": (0.19, 1.43, 0.0),
         "elbow": (0.30, 1.16, -0.02), "wrist": (0.38, 0.92, 0.04), "hip": (0.10, 0.92, 0.0),
         "knee": (0.115, 0.50, 0.02), "ankle": (0.12, 0.09, -0.03), "big_toe": (0.13, 0.02, 0.16),
         "small_toe": (0.18, 0.02, 0.12), "heel": (0.12, 0.03, -0.08)}
_JOINTS = {**_MIDDLE, **{f"left_{name}": place for name, place in _LEFT.items()},
           **{f"right_{name}": (-left, up, forward) for name, (left, up, forward) in _LEFT.items()}}
_SHAPE = {**_JOINTS, "left_hand": (0.405, 0.82, 0.07), "right_hand": (-0.405, 0.82, 0.07)}
_LEVEL = 0.05  # metres of depth between shoulders below which none is the nearer one
_FACE = ("nose", "left_eye", "right_eye", "left_ear", "right_ear")
_BEHIND = -0.055  # metres from the head's middle: what lies farther back is hidden by it
# Limbs as joints with how thick the figure is there (metres).
_ARM = (("shoulder", 0.062), ("elbow", 0.047), ("wrist", 0.034), ("hand", 0.036))
_LEG = (("hip", 0.098), ("knee", 0.066), ("ankle", 0.046))
_FOOT = (("heel", 0.032), ("big_toe", 0.030))
_TRUNK = (("neck", 0.055), ("collar", 0.07), ("chest", 0.13), ("waist", 0.105), ("mid_hip", 0.115))
_BROADER = {"neck": 0.0, "collar": 0.10, "chest": 0.075, "waist": 0.045, "mid_hip": 0.075}  # than deep, half of it
_HEAD = (0.0, 1.645, 0.015)
_FINE = 4  # pixels drawn for each pixel kept, along one side

Place = tuple[float, float]
Ink = NDArray[np.uint8]


@dataclass(frozen=True)
class Stand:
    """Where a figure stands: the pixel column of its axis, the row of its soles, pixels a metre, degrees it is turned
    to its right."""

    middle: float
    floor: float
    scale: float
    turn: float

    def see(self, place: tuple[float, float, float]) -> tuple[float, float, float]:
        """A place of the body in the picture: column, row, and metres toward the eye."""
        left, up, forward = place
        turn = math.radians(self.turn)
        across = left * math.cos(turn) - forward * math.sin(turn)
        near = left * math.sin(turn) + forward * math.cos(turn)
        return self.middle + across * self.scale, self.floor - up * self.scale, near


def joints(stand: Stand) -> dict[str, Place]:
    """The joints in pixels, by name; what of the face is turned away is left out."""
    seen = {name: stand.see(place) for name, place in _JOINTS.items()}
    return {name: (round(x, 2), round(y, 2)) for name, (x, y, near) in seen.items()
            if name not in _FACE or near >= _BEHIND}


def draw(stands: list[Stand], width: int, height: int) -> Ink:
    """The figures as an ink drawing, H x W, 0 paper to 255 ink."""
    sheet = np.zeros((height * _FINE, width * _FINE), np.uint8)
    for stand in stands:
        _draw_one(sheet, Stand(stand.middle * _FINE, stand.floor * _FINE, stand.scale * _FINE, stand.turn))
    return np.asarray(cv2.resize(sheet, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _draw_one(sheet: Ink, stand: Stand) -> None:
    """Far parts first, each covering what is behind it; what is equally far is one shape."""
    depths = {side: stand.see(_SHAPE[f"{side}_shoulder"])[2] for side in ("left", "right")}
    far, near = sorted(depths, key=lambda side: depths[side])
    arms = {side: _limb(sheet, stand, side, _ARM) for side in depths}
    legs = {side: _limb(sheet, stand, side, _LEG) | _limb(sheet, stand, side, _FOOT) for side in depths}
    body = _trunk(sheet, stand) | legs[near]
    if depths[near] - depths[far] < _LEVEL:
        parts = [body | legs[far] | arms[far] | arms[near]]
    else:
        parts = [arms[far], legs[far], body, arms[near]]
    for part in (*parts, _head(sheet, stand)):
        _lay(sheet, part, stand)
    _face(sheet, stand)


def _lay(sheet: Ink, part: Ink, stand: Stand) -> None:
    """White inside, a line round it."""
    sheet[part > 0] = 0
    outlines, _ = cv2.findContours(part, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(sheet, outlines, -1, 255, _pen(stand))


def _pen(stand: Stand) -> int:
    return max(2, round(0.013 * stand.scale))


def _limb(sheet: Ink, stand: Stand, side: str, limb: tuple[tuple[str, float], ...]) -> Ink:
    return _chain(sheet, stand, [(_SHAPE[f"{side}_{name}"], thick, thick) for name, thick in limb])


def _trunk(sheet: Ink, stand: Stand) -> Ink:
    middle = _MIDDLE | {
        "collar": (0, 1.42, 0), "chest": (0, 1.33, 0), "waist": (0, 1.10, 0)}
    broad = abs(math.cos(math.radians(stand.turn)))
    return _chain(sheet, stand, [(middle[name], thick + _BROADER[name] * broad, thick) for name, thick in _TRUNK])


def _chain(sheet: Ink, stand: Stand, links: list[tuple[tuple[float, float, float], float, float]]) -> Ink:
    """A shape as thick as its links: place, half its breadth, half its height, in metres."""
    part = np.zeros_like(sheet)
    last = None
    for place, breadth, tall in links:
        x, y, _ = stand.see(place)
        rim = cv2.ellipse2Poly((round(x), round(y)), (max(1, round(breadth * stand.scale)),
                                                      max(1, round(tall * stand.scale))), 0, 0, 360, 6)
        cv2.fillConvexPoly(part, rim if last is None else cv2.convexHull(np.vstack([last, rim])), 255)
        last = rim
    return part


def _head(sheet: Ink, stand: Stand) -> Ink:
    deep = abs(math.sin(math.radians(stand.turn)))
    head = _chain(sheet, stand, [(_HEAD, 0.088 + 0.02 * deep, CROWN - _HEAD[1])])
    if deep > 0.5:  # the nose stands out
        head |= _chain(sheet, stand, [((0, 1.64, 0.09), 0.012, 0.02), ((0, 1.61, 0.135), 0.008, 0.008)])
    return head


def _face(sheet: Ink, stand: Stand) -> None:
    """Eyes, mouth and hair line; the hair of the back of the head where that is seen."""
    pen = _pen(stand)

    def dot(*place: float) -> tuple[int, int] | None:
        x, y, near = stand.see((place[0], place[1], place[2]))
        return (round(x), round(y)) if near >= 0.02 else None

    for side in (-1, 1):
        eye = dot(0.036 * side, 1.66, 0.09)
        if eye is not None:
            cv2.circle(sheet, eye, max(1, round(0.011 * stand.scale)), 255, -1)
    brow = [found for left in np.linspace(-0.066, 0.066, 9)
            if (found := dot(float(left), 1.715, 0.11 - 9 * float(left) ** 2)) is not None]
    mouth = [found for left in (-0.025, 0.025) if (found := dot(left, 1.575, 0.09)) is not None]
    for line in (brow, mouth):
        if len(line) > 1:
            cv2.polylines(sheet, [np.array(line, np.int32)], False, 255, pen, cv2.LINE_AA)
    if abs(stand.turn) > 135:
        for left in (-0.04, 0.0, 0.04):
            x, y, _ = stand.see((left, 1.76, -0.05))
            _, low, _ = stand.see((left, 1.56, -0.05))
            cv2.line(sheet, (round(x), round(y)), (round(x), round(low)), 255, pen, cv2.LINE_AA)
