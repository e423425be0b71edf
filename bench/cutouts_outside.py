"""Cut-outs of other people's layers, whose true alpha their files hold: each is laid over a scene out of focus, told to
the cut-out by a trimap alone, and what comes back is held against the layer's own alpha."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from bench.counting import counted, many, mean
from bench.table import Row
from underpaint.canvas.files.ora_read import read_ora
from underpaint.canvas.files.psd_read import read_psd
from underpaint.errors import PictureError
from underpaint.finish.closed_form import closed_form
from underpaint.imaging.arrays import FloatArray
from underpaint.imaging.masks import grow
from underpaint.primer.stagecraft.scene import sample_scene
from underpaint.primer.stagecraft.truth import render

MATERIAL = Path(__file__).resolve().parents[2] / "shared" / "material" / "04_layered"
LEAST, MOST = 48, 640
"""Pixels of a layer's sides."""
_SURE, _NEAR = 3, 6


def measure() -> list[Row]:
    """One row, and one for the band in doubt."""
    found = list(_some(many(4, 32))) if MATERIAL.is_dir() else []
    if not found:
        return [Row.skipped("cut-outs of others' layers", "no layers of others here", "0.03")]
    every, doubt = [], []
    for number, layer in enumerate(counted(found, "cut-outs of others' layers")):
        whole, unsure = errors(layer, number)
        every.append(whole)
        doubt.append(unsure)
    told = mean(every, least=0)
    return [Row(f"{len(found)} layers of others cut out by a trimap: squared error of alpha",
                f"{told.number(4)}, worst {max(every):.4f}", "0.03", told.value <= 0.03),
            Row("the same in doubt only", mean(doubt, least=0).number(4), "reported", True)]


def _some(count: int) -> Iterator[FloatArray]:
    """Layers with soft edges that are neither nearly all nor nearly nothing, each once, as H x W x 4 floats."""
    seen = set[str]()
    for path in sorted([*MATERIAL.rglob("*.psd"), *MATERIAL.rglob("*.ora")]):
        try:
            document = read_psd(path) if path.suffix == ".psd" else read_ora(path)
        except PictureError:
            continue
        for layer, _ in document.walk():
            digest = hashlib.sha256(layer.pixels.tobytes()).hexdigest()
            if digest not in seen and fits(layer.pixels):
                yield layer.pixels.astype(np.float32) / 255
                seen.add(digest)
            if len(seen) == count:
                return


def fits(pixels: np.ndarray) -> bool:
    """Whether a layer asks anything of a cut-out."""
    height, width = pixels.shape[:2]
    if not (LEAST <= height <= MOST and LEAST <= width <= MOST):
        return False
    alpha = pixels[..., 3]
    soft, there = ((alpha > 12) & (alpha < 243)).mean(), (alpha > 242).mean()
    return bool(soft > 0.001 and 0.005 < there < 0.9)


def errors(layer: FloatArray, number: int) -> tuple[float, float]:
    """The mean squared error of alpha over a layer (H x W x 4) with a margin, and over the band in doubt alone."""
    margin = 2 * _NEAR + 4
    layer = np.pad(layer, ((margin, margin), (margin, margin), (0, 0)))
    alpha = layer[..., 3]
    picture = layer[..., :3] * alpha[..., None] + ground(number, *alpha.shape) * (1 - alpha[..., None])
    sure = 1 - grow((alpha < 0.99).astype(np.float32), _SURE)
    near = grow((alpha > 0).astype(np.float32), _NEAR)
    trimap = np.where(sure > 0, 1.0, np.where(near > 0, 0.5, 0.0)).astype(np.float32)
    wrong = (closed_form(np.ascontiguousarray(picture, dtype=np.float32), trimap).alpha - alpha) ** 2
    return float(wrong.mean()), float(wrong[trimap == 0.5].mean())


def ground(number: int, height: int, width: int) -> FloatArray:
    """A scene of the World, out of focus."""
    scene = sample_scene(np.random.default_rng(9_500 + number), size=(256, 256))
    soft = cv2.GaussianBlur(render(scene).astype(np.float32) / 255, (0, 0), 4.0)
    return np.asarray(cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR))
