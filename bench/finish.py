"""Finishing: how fast and how large upscaling is, whether its seams show, how near it and cutouts come to the truth."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from time import perf_counter

import cv2
import numpy as np
import skia
from PIL import Image

from bench.memory import peak_mb
from bench.table import Row
from underpaint.cli.main import main
from underpaint.finish.closed_form import closed_form
from underpaint.finish.cutout import Cutout, Hints, cutout
from underpaint.finish.networks import Network
from underpaint.finish.shape import STRIP_PIXELS
from underpaint.finish.upscale import Upscale, upscale
from underpaint.imaging.masks import grow
from underpaint.pictures.encode import Encoding, encode
from underpaint.pictures.read import Picture, read_picture
from underpaint.primer.stagecraft.scene import sample_scene
from underpaint.primer.stagecraft.truth import render, truth

MATERIAL = Path(__file__).resolve().parents[2] / "shared" / "material" / "05_art"
OUTSIDE = ("paintings/*.jpg", "style_potter_watercolour/*.jpg", "lineart_clean/*.png")
SIDE = 384
FIGURES = 6
_LIMIT_SECONDS, _LIMIT_MB = 90.0, 2000


def measure() -> list[Row]:
    """Rows for upscaling and for cutouts."""
    return [*_size_and_time(), _strip_seams(), _tile_seams(), _ink(), *_outside(), *_figures()]


def _picture(pixels: np.ndarray) -> Picture:
    return read_picture(encode("PNG", pixels, None, Encoding(), True))


def _size_and_time() -> list[Row]:
    """3840x2160 from 960x540 by the command line, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "small.png", Path(folder) / "large.png"
        Image.fromarray(_painting(540, 960)).save(source)
        began = perf_counter()
        words = ["finish", "upscale", str(source), "--size", "3840x2160", "-o", str(target)]
        subprocess.run([sys.executable, "-m", "underpaint.cli.main", *words], check=True, capture_output=True)
        seconds = perf_counter() - began
        peak = peak_mb(main, [*words[:-1], str(target.with_name("again.png"))])
    return [Row("3840x2160 from 960x540, start to file", f"{seconds:.1f} s", "90 s", seconds <= _LIMIT_SECONDS),
            Row("its memory at most", f"{peak:.0f} MB", "2 GB", peak <= _LIMIT_MB)]


def _painting(height: int, width: int) -> np.ndarray:
    scene = sample_scene(np.random.default_rng(5), size=(256, 256))
    return cv2.resize(render(scene), (width, height), interpolation=cv2.INTER_CUBIC)


def _roughness(pixels: np.ndarray, axis: int) -> np.ndarray:
    """How much each row (or column) breaks what its neighbours on both sides do."""
    return np.abs(np.diff(pixels.astype(np.float64), n=2, axis=axis)).mean(axis=(1 - axis, 2))


def _strip_seams() -> Row:
    whole = upscale(_picture(_painting(540, 960)), Upscale(width=3840, height=2160)).whole()
    rows = STRIP_PIXELS // 3840
    rough = _roughness(whole, 0)
    seams = [place + shift for place in range(rows, 2160, rows) for shift in (-2, -1)]
    worst = max(rough[seam] / np.median(rough[max(0, seam - 24):seam + 24]) for seam in seams)
    usual = max(rough[at] / np.median(rough[max(0, at - 24):at + 24]) for at in range(8, len(rough) - 8))
    return Row("seams between strips, against any row", f"{worst:.2f} times (elsewhere up to {usual:.2f})",
               "no more than elsewhere", bool(worst <= usual))


def _tile_seams() -> Row:
    """A sharpening that sees 17 pixels far and takes what lies beyond a tile for black, as networks do."""
    def sharpen(tile: np.ndarray) -> np.ndarray:
        around = cv2.blur(tile, (17, 17), borderType=cv2.BORDER_CONSTANT)
        large = cv2.resize(tile * 1.6 - around * 0.6, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
        return np.clip(large, 0, 1)

    picture, network = _picture(_painting(270, 480)), Network("sharpening", "0" * 64, 4, sharpen)
    tiled = upscale(picture, Upscale(tile=96, overlap=32), network).whole().astype(int)
    whole = upscale(picture, Upscale(tile=2048), network).whole().astype(int)
    apart = np.abs(tiled - whole).max()
    return Row("tiles against one piece", f"{apart} of 255 at most", "2", bool(apart <= 2))


def _bicubic(small: np.ndarray, times: int) -> np.ndarray:
    height, width = small.shape[:2]
    return np.asarray(Image.fromarray(small).resize((width * times, height * times), Image.Resampling.BICUBIC))


def _ink() -> Row:
    """The 10 to 90 % width of ink edges in eight directions, enlarged four times."""
    widths: dict[str, list[float]] = {"sharp": [], "bicubic": []}
    for turn in np.linspace(0, np.pi, 8, endpoint=False):
        y, x = np.mgrid[-32:32:256j, -32:32:256j]
        fine = np.where(x * np.cos(turn) + y * np.sin(turn) > 0.3, 0, 255).astype(np.uint8)
        small = np.asarray(Image.fromarray(fine).resize((64, 64), Image.Resampling.BOX))[..., None].repeat(3, axis=2)
        across = np.linspace(-3, 3, 241)
        places = [((across * one + 32) * 4 - 0.5).astype(np.float32) for one in (np.cos(turn), np.sin(turn))]
        ours = upscale(_picture(small), Upscale(scale=4)).whole()
        for name, large in (("sharp", ours), ("bicubic", _bicubic(small, 4))):
            values = cv2.remap(large[..., 0].astype(np.float32), places[0], places[1], cv2.INTER_LINEAR).ravel()
            inside = (values > 25.5) & (values < 229.5)
            widths[name].append(float(inside.sum() * (across[1] - across[0])))
    wide, theirs = (float(np.mean(widths[name])) for name in ("sharp", "bicubic"))
    return Row("ink edges, 10 to 90 %, input pixels", f"{wide:.2f} (bicubic {theirs:.2f})", "no wider than bicubic",
               wide <= theirs)


def _outside() -> Iterator[Row]:
    """Outside pictures made smaller and larger again."""
    files = [file for pattern in OUTSIDE for file in sorted(MATERIAL.glob(pattern))[:4]]
    if not files:
        return
    for times in (2, 4):
        gains = []
        for file in files:
            image = Image.open(file).convert("RGB")
            image.thumbnail((900, 900), Image.Resampling.LANCZOS)
            width, height = (min(side, 480) // times * times for side in image.size)
            truth = np.asarray(image.crop((0, 0, width, height)))
            small = np.asarray(Image.fromarray(truth).resize((width // times, height // times), Image.Resampling.BOX))
            ours = upscale(_picture(small), Upscale(scale=times)).whole()
            gains.append(_psnr(ours, truth) - _psnr(_bicubic(small, times), truth))
        yield Row(f"{len(files)} outside pictures, {times} times, PSNR above bicubic",
                  f"{np.mean(gains):+.2f} dB (worst {min(gains):+.2f})", "above", min(gains) > 0)


def _psnr(one: np.ndarray, other: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / np.mean((one.astype(float) - other) ** 2)))


def figure(number: int) -> tuple[np.ndarray, np.ndarray]:
    """The subjects of a scene with hair-thin strands round their heads, on another scene: picture and alpha."""
    rng = np.random.default_rng(number)
    scene = sample_scene(rng, size=(SIDE, SIDE))
    layer = truth(scene).layers[-1].rgba
    surface = skia.Surface(SIDE, SIDE)
    canvas = surface.getCanvas()
    canvas.drawImage(skia.Image.fromarray(np.ascontiguousarray(layer), skia.kRGBA_8888_ColorType), 0, 0)
    rows, columns = np.nonzero(layer[..., 3] > 127)
    top, height, middle = float(rows.min()), float(np.ptp(rows)) + 1, float(columns[rows == rows.min()].mean())
    strand = skia.Paint(Color=0xFF2A1A10, AntiAlias=True, Style=skia.Paint.kStroke_Style, StrokeWidth=0.8)
    for turn in np.linspace(-np.pi, 0, 24):
        path = skia.Path()
        path.moveTo(middle, top + 0.1 * height)
        bend, far = turn + rng.normal(0, 0.2), 0.1 * height + 0.09 * SIDE
        path.quadTo(middle + far * 0.6 * np.cos(turn), top + far * 0.6 * np.sin(turn),
                    middle + far * np.cos(bend), top + 0.1 * height + far * np.sin(bend))
        canvas.drawPath(path, strand)
    drawn = surface.makeImageSnapshot().toarray(colorType=skia.kRGBA_8888_ColorType).astype(np.float32) / 255
    alpha = drawn[..., 3]
    picture = drawn[..., :3] * alpha[..., None] + _ground(number) * (1 - alpha[..., None])
    return np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8), alpha


def _ground(number: int) -> np.ndarray:
    """Another scene, a little out of focus, as behind a figure."""
    other = sample_scene(np.random.default_rng(number + 1000), size=(SIDE, SIDE))
    return cv2.GaussianBlur(render(other).astype(np.float32) / 255, (0, 0), 4.0)


def _figures() -> Iterator[Row]:
    """Cutouts of World figures by a drawn trimap, by a rough mask, and by a guess alone."""
    errors: dict[str, list[float]] = {"a trimap": [], "a trimap, in doubt only": [], "a mask": [], "nothing": []}
    for number in range(FIGURES):
        pixels, alpha = figure(number)
        picture = _picture(pixels)
        sure = 1 - grow((alpha < 0.99).astype(np.float32), 3)
        near = grow((alpha > 0).astype(np.float32), 6)
        trimap = np.where(sure > 0, 1.0, np.where(near > 0, 0.5, 0.0)).astype(np.float32)
        found = closed_form(pixels.astype(np.float32) / 255, trimap).alpha
        errors["a trimap"].append(float(((found - alpha) ** 2).mean()))
        errors["a trimap, in doubt only"].append(float(((found - alpha) ** 2)[trimap == 0.5].mean()))
        mask = _picture(((alpha > 0.5) * 255).astype(np.uint8)[..., None])
        run = partial(cutout, picture, Cutout())
        for name, made in (("a mask", run(Hints(mask=mask))), ("nothing", run())):
            errors[name].append(float(((made.whole()[..., 3] / 255 - alpha) ** 2).mean()))
    for name, found_errors in errors.items():
        reached = max(found_errors) <= 0.03 if name != "nothing" else True
        yield Row(f"{FIGURES} World figures cut out by {name}: squared error of alpha",
                  f"{np.mean(found_errors):.4f} (worst {max(found_errors):.4f})",
                  "0.03" if name != "nothing" else "reported", reached)
