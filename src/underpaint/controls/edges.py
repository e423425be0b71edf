"""The edges in a painted picture, found by colour gradients: the judge of lines, never what steers them."""

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.morphology import skeletonize

from underpaint.imaging.color import srgb_to_oklab

WEAK, STRONG = 0.025, 0.05
"""Hysteresis thresholds in OKLab units per pixel; a sharp step of 0.15 between two colours gives 0.05."""
_FIXED_POINT = 8192.0


def picture_edges(picture: NDArray[np.float32], *, smooth: float = 1.0) -> NDArray[np.bool_]:
    """One-pixel-wide edges of an sRGB H x W x 3 picture, as H x W.

    The direction of greatest colour change is that of the structure tensor over OKLab (Di Zenzo 1986); thinning
    and hysteresis are Canny's (1986). `smooth` is the Gaussian's sigma in pixels.
    """
    lab = cv2.GaussianBlur(srgb_to_oklab(picture[..., :3]), (0, 0), smooth)
    horizontal = cv2.Scharr(lab, cv2.CV_32F, 1, 0) / 32
    vertical = cv2.Scharr(lab, cv2.CV_32F, 0, 1) / 32
    xx, yy = (horizontal**2).sum(-1), (vertical**2).sum(-1)
    xy = (horizontal * vertical).sum(-1)
    strength = np.sqrt(np.maximum((xx + yy + np.sqrt((xx - yy) ** 2 + 4 * xy**2)) / 2, 0))
    angle = 0.5 * np.arctan2(2 * xy, xx - yy)
    along_x = np.clip(strength * np.cos(angle) * _FIXED_POINT, -32767, 32767).astype(np.int16)
    along_y = np.clip(strength * np.sin(angle) * _FIXED_POINT, -32767, 32767).astype(np.int16)
    found = cv2.Canny(along_x, along_y, WEAK * _FIXED_POINT, STRONG * _FIXED_POINT, L2gradient=True)
    return np.asarray(found > 0)


def line_centres(ink: NDArray[np.float32], *, threshold: float = 0.35) -> NDArray[np.bool_]:
    """The one-pixel-wide middle of drawn lines; of solid black areas, the outline.

    `ink` is an H x W map, 1 where there is ink.
    """
    dark = ink >= threshold
    solid = cv2.morphologyEx(dark.astype(np.uint8), cv2.MORPH_OPEN, np.ones((7, 7), np.uint8)) > 0
    rim = solid & ~(cv2.erode(solid.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)
    return np.asarray(skeletonize(dark & ~solid) | rim)
