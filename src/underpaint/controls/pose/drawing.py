"""The map that pose adapters learned from: coloured limbs and joints on black, as the OpenPose annotators draw them."""

import colorsys

import cv2
import numpy as np
from numpy.typing import NDArray

from underpaint.controls.pose.openpose import BODY_18
from underpaint.controls.pose.people import Person, Place, Pose
from underpaint.pictures.limits import LIMITS

Colour = tuple[int, int, int]
_LIMBS = (("neck", "right_shoulder"), ("neck", "left_shoulder"), ("right_shoulder", "right_elbow"),
          ("right_elbow", "right_wrist"), ("left_shoulder", "left_elbow"), ("left_elbow", "left_wrist"),
          ("neck", "right_hip"), ("right_hip", "right_knee"), ("right_knee", "right_ankle"), ("neck", "left_hip"),
          ("left_hip", "left_knee"), ("left_knee", "left_ankle"), ("neck", "nose"), ("nose", "right_eye"),
          ("right_eye", "right_ear"), ("nose", "left_eye"), ("left_eye", "left_ear"))
_LONGEST = 64
"""How many times longer than the canvas a limb may be, which may be a crop, before nobody's limb it is."""
_FINGERS = tuple((0 if joint % 4 == 1 else joint - 1, joint) for joint in range(1, 21))


def draw_pose(pose: Pose) -> NDArray[np.uint8]:
    """H x W x 3, 8 bits, at the pose's own size. Raises PictureError for one past the size limit."""
    extent = pose.extent()
    LIMITS.check_size(extent.width, extent.height, "the pose's canvas")
    sheet = np.zeros((*extent.shape, 3), np.uint8)
    width = max(2, round(min(extent.shape) / 128))
    for person in pose.people:
        _limbs(sheet, person, width)
    for person in pose.people:
        for number, joint in enumerate(BODY_18):
            if joint in person.joints:
                cv2.circle(sheet, _pixel(person.joints[joint]), width, _hue(number / 18), -1, cv2.LINE_AA)
        for part in ("hand_left", "hand_right"):
            _hand(sheet, person.parts.get(part, ()), max(1, width // 2))
        for place in person.parts.get("face", ()):
            if place is not None:
                cv2.circle(sheet, _pixel(place), max(1, width // 2), (255, 255, 255), -1, cv2.LINE_AA)
    return sheet


def _limbs(sheet: NDArray[np.uint8], person: Person, width: int) -> None:
    for number, (first, second) in enumerate(_LIMBS):
        if first in person.joints and second in person.joints:
            start, end = np.array(person.joints[first]), np.array(person.joints[second])
            middle, apart = (start + end) / 2, end - start
            if np.abs(apart).max() > _LONGEST * max(sheet.shape):
                continue
            turn = float(np.degrees(np.arctan2(apart[1], apart[0])))
            axes = (max(1, round(float(np.hypot(*apart)) / 2)), width)
            colour = _hue(number / 18)
            dimmed = (round(colour[0] * 0.6), round(colour[1] * 0.6), round(colour[2] * 0.6))
            cv2.ellipse(sheet, _pixel((float(middle[0]), float(middle[1]))), axes, turn, 0, 360, dimmed, -1,
                        cv2.LINE_AA)


def _hand(sheet: NDArray[np.uint8], points: tuple[Place | None, ...], width: int) -> None:
    if not points:
        return
    for number, (first, second) in enumerate(_FINGERS):
        start, end = points[first], points[second]
        if start is not None and end is not None:
            cv2.line(sheet, _pixel(start), _pixel(end), _hue(number / 20), width, cv2.LINE_AA)
    for place in points:
        if place is not None:
            cv2.circle(sheet, _pixel(place), width, (0, 0, 255), -1, cv2.LINE_AA)


def _hue(turn: float) -> Colour:
    red, green, blue = (round(255 * value) for value in colorsys.hsv_to_rgb(turn, 1, 1))
    return red, green, blue


def _pixel(place: Place) -> tuple[int, int]:
    return round(place[0]), round(place[1])
