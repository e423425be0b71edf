"""Pictures with known answers: a figure with hairs on a busy ground, files of every kind of pixel."""

from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from underpaint.pictures.encode import Encoding, encode
from underpaint.pictures.read import Picture, read_picture


def picture_of(pixels: np.ndarray, icc: bytes | None = None) -> Picture:
    """Integers H x W x C as they come back from a PNG."""
    return read_picture(encode("PNG", pixels, icc, Encoding(), True))


def save_png(path: Path, pixels: np.ndarray, icc: bytes | None = None) -> Path:
    path.write_bytes(encode("PNG", pixels, icc, Encoding(), True))
    return path


def painting(height: int = 40, width: int = 56, channels: int = 3, depth: int = 8, seed: int = 0) -> np.ndarray:
    """Soft colours with a dark line through them; alpha (channels 2, 4) falls off to one side."""
    rng = np.random.default_rng(seed)
    soft = cv2.resize(rng.random((5, 6, 3), np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    cv2.line(soft, (3, height - 4), (width - 4, 3), (0.05, 0.04, 0.1), 2, cv2.LINE_AA)
    alpha = np.clip(np.linspace(1.6, -0.3, width, dtype=np.float32), 0, 1)[None].repeat(height, axis=0)[..., None]
    color = soft.mean(axis=2, keepdims=True) if channels <= 2 else soft
    top = 65535 if depth == 16 else 255
    pixels = np.concatenate([color, alpha], axis=2) if channels in (2, 4) else color
    return np.rint(np.clip(pixels, 0, 1) * top).astype(np.uint16 if depth == 16 else np.uint8)


def figure(height: int = 200, width: int = 170) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A figure with hair-thin lines on a busy ground: the picture (8 bits), true alpha, the figure's own colours."""
    fine = 4
    drawn = np.zeros((height * fine, width * fine), np.uint8)
    middle = np.array([width * fine / 2, height * fine * 0.36])
    belly, axes = (width * fine // 2, int(height * fine * 0.7)), (width * fine // 5, height * fine // 4)
    cv2.ellipse(drawn, belly, axes, 0, 0, 360, 255, -1)
    cv2.circle(drawn, tuple(int(one) for one in middle), height * fine // 8, 255, -1)
    for hair in range(16):
        turn = -np.pi + np.pi * hair / 15
        along = np.linspace(0, 1, 12)[:, None]
        bent = turn + 0.3 * np.sin(3 * along + hair)
        line = middle + height * fine * (0.11 + 0.14 * along) * np.concatenate([np.cos(bent), np.sin(bent)], axis=1)
        cv2.polylines(drawn, [line.astype(np.int32)], False, 255, fine)
    alpha = cv2.resize(drawn.astype(np.float32) / 255, (width, height), interpolation=cv2.INTER_AREA)
    y, x = np.mgrid[0:1:height * 1j, 0:1:width * 1j]
    own = np.stack([0.78 - 0.2 * y, 0.33 + 0.1 * x, 0.2 + 0.05 * np.sin(20 * x)], axis=-1)
    busy = cv2.resize(np.random.default_rng(0).random((5, 6, 3), np.float32), (width, height),
                      interpolation=cv2.INTER_CUBIC)
    ground = np.clip(np.stack([0.3 + 0.1 * x, 0.6 - 0.2 * y, 0.75 - 0.1 * x], axis=-1) + 0.3 * busy - 0.15, 0, 1)
    mixed = own * alpha[..., None] + ground * (1 - alpha[..., None])
    return np.rint(mixed * 255).astype(np.uint8), alpha, own


def trimap_of(alpha: np.ndarray, reach: int = 5) -> np.ndarray:
    """What somebody would mark: sure inside white, sure outside black, everything near the edge grey; 8 bits."""
    around = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    sure = cv2.erode((alpha > 0.99).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    near = cv2.dilate((alpha > 0).astype(np.uint8), around) > 0
    return np.where(sure, 255, np.where(near, 128, 0)).astype(np.uint8)[..., None]


def save_strokes(path: Path, height: int, width: int) -> Path:
    """Green down the figure's middle, red along the upper corners, on nothing."""
    strokes = np.zeros((height, width, 4), np.uint8)
    cv2.line(strokes, (width // 2, int(height * 0.32)), (width // 2, int(height * 0.85)), (0, 255, 0, 255), 4)
    cv2.rectangle(strokes, (2, 2), (width - 3, height - 3), (255, 0, 0, 255), 4)
    Image.fromarray(strokes).save(path)
    return path
