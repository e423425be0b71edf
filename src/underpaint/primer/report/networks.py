"""The smaller networks: extractors against truth, the autoencoder there and back, the upscaler, the two towers."""

from collections.abc import Iterable
from functools import lru_cache

import numpy as np
import torch

from underpaint.engine.families.autoencoder_unshuffle import AutoencoderUnshuffle
from underpaint.engine.families.clip_pictures import IMAGE_FOLDER, ClipPictures
from underpaint.engine.families.upscaler_net import FOLDER as UPSCALER
from underpaint.engine.families.upscaler_net import load_enlarger
from underpaint.imaging.arrays import FloatArray, to_float
from underpaint.primer.part_scores import (
    Asked,
    Enlarge,
    depth_order,
    joints_right,
    normals_apart,
    overlap,
    psnr,
    upscale_scores,
)
from underpaint.primer.part_truth import scene_normals
from underpaint.primer.render import paint_scene
from underpaint.primer.report.desk import Desk
from underpaint.primer.report.outside import NO_OTHERS, art
from underpaint.primer.report.rows import Row, means, missing, most, shares
from underpaint.primer.report.words import asked_in_words, rendered, scene_of
from underpaint.primer.stagecraft.captions import captions
from underpaint.primer.stagecraft.scene import SIZES, sample_scene

_LEAST_SUBJECT = 0.005
_AMONG = 100
_STEP = 16
_READ = {"depth": 0.9, "subject": 0.85, "pose": 0.85}
_NAMES = {"depth": "reading depth (rank correlation)", "normals": "reading normals (degrees)",
          "subject": "reading the subject (intersection over union)", "pose": "reading poses (joints)"}  # fmt: skip


def extractors_part(desk: Desk) -> list[Row]:
    """What the extractors read in fresh renders, against what the World knows; a number a picture."""
    reader = desk.extractors
    if reader is None:
        return [missing(name, "", "there are no extractors") for name in _NAMES.values()]
    found: dict[str, list[float]] = {name: [] for name in _NAMES}
    for one in fresh_truths(desk.settings.drawings, desk.settings.seed):
        read = reader.read(one.picture)
        found["depth"].append(depth_order(read.depth, one.near))
        found["normals"].append(normals_apart(read, one))
        if (one.subject > 127).mean() >= _LEAST_SUBJECT:
            found["subject"].append(overlap(read.mask, one.subject))
        joints = joints_right(read.people, one.people)
        found["pose"] += [float(np.mean(joints))] if joints else []
    rows = []
    for name, values in found.items():
        if not values:
            rows.append(missing(_NAMES[name], "", "no scene shows one large enough"))
        elif name == "normals":
            rows.append(most(_NAMES[name], values, None, 20.0))
        else:
            rows.append(means(_NAMES[name], values, None, _READ[name]))
    return rows


@lru_cache(maxsize=1)
def fresh_truths(count: int, seed: int) -> tuple[Asked, ...]:
    """Fresh scenes with their truth, as the extractors learned it."""
    rng = np.random.default_rng([seed, 13])
    found = []
    for _ in range(count):
        scene = sample_scene(rng, size=SIZES[0], allow_held_out=True)
        one = paint_scene(scene, rng, allow_held_out=True)[0]
        people = np.array(one.people, np.float32).reshape(-1, 18, 3)
        arrays = one.arrays
        found.append(
            Asked(to_float(arrays["pictures"]), arrays["near"], arrays["subject"], scene_normals(scene), people)
        )
    return tuple(found)


def autoencoder_part(desk: Desk) -> list[Row]:
    """Decibels after encoding and decoding: fresh renders, and pictures of others."""
    autoencoder, asked = desk.hand.box.autoencoder, asked_in_words(desk)[: desk.settings.drawings]
    renders = rendered(desk, "words", asked_in_words(desk))[: len(asked)]
    rows = [means("autoencoder on fresh renders (dB)", [fidelity(autoencoder, to_float(p)) for p in renders], None, 30)]
    name, others = "autoencoder on pictures of others (dB)", desk.places.others
    if others is None:
        return [*rows, missing(name, "25", NO_OTHERS)]
    return [*rows, means(name, [fidelity(autoencoder, p) for _, p in art(others)], None, 25)]


@torch.no_grad()
def fidelity(autoencoder: AutoencoderUnshuffle, picture: FloatArray) -> float:
    """Peak signal-to-noise ratio in dB of a picture, H x W x 3 in 0..1, after encoding and decoding; what does not fill
    a patch at the right and below is left out."""
    height, width = (side // _STEP * _STEP for side in picture.shape[:2])
    pixels = torch.from_numpy(np.ascontiguousarray(picture[:height, :width].transpose(2, 0, 1)))[None] * 2 - 1
    device = next(autoencoder.parameters()).device
    again = autoencoder(pixels.to(device, memory_format=torch.channels_last)).sample.float().cpu().clamp(-1, 1)
    return psnr(again.numpy() / 2, pixels.numpy() / 2)


def upscaler_part(desk: Desk) -> list[Row]:
    """Decibels over bicubic, on fresh renders and on pictures of others, and how wide edges are beside bicubic's."""
    names = ("upscaler on renders (dB over bicubic)", "upscaler on pictures of others (dB over bicubic)",
             "upscaler on pictures of others, the worst one (dB)", "upscaler on pictures of others, edges' width over "
             "bicubic's")  # fmt: skip
    if not (desk.places.primer / UPSCALER / "config.json").is_file():
        return [missing(name, "", "there is no upscaler") for name in names]
    enlarge = load_enlarger(desk.places.primer, device=desk.shop.device)[0]
    renders = rendered(desk, "words", asked_in_words(desk))[: desk.settings.drawings]
    over, _ = enlarged(enlarge, (to_float(p) for p in renders))
    rows = [means(names[0], over, None, 1.0)]
    others = desk.places.others
    if others is None:
        return [*rows, *(missing(name, "", NO_OTHERS) for name in names[1:])]
    over, wider = enlarged(enlarge, (picture for _, picture in art(others)))
    worst = min(over)
    single = Row(names[2], worst, None, None, len(over), None, "not under bicubic", worst >= 0)
    return [*rows, means(names[1], over, None, 0.0), single, most(names[3], wider, None, 1.0)]


def enlarged(enlarge: Enlarge, pictures: Iterable[FloatArray]) -> tuple[list[float], list[float]]:
    """For each picture, made four times smaller and enlarged again: decibels over bicubic, and the width of strong
    edges over that of bicubic's (no number for a picture without any)."""
    over, wider = [], []
    for picture in pictures:
        found = upscale_scores(enlarge, [picture])
        over.append(found["psnr"] - found["bicubic"])
        wider += [found["width"] / found["bicubic width"]] if found["bicubic width"] > 0 else []
    return over, wider


def clip_part(desk: Desk) -> list[Row]:
    """How often a fresh render's own caption is the likeliest of a hundred."""
    name, bar = "CLIP: the right caption of 100", 0.85
    if not (desk.places.primer / IMAGE_FOLDER / "config.json").is_file():
        return [missing(name, f"{bar:.0%}", "the image tower is not trained")]
    towers = ClipPictures.load(desk.places.primer, device=desk.shop.device)
    asked, seed = asked_in_words(desk), desk.settings.seed
    pictures = rendered(desk, "words", asked)
    scenes = [scene_of(question, seed, i) for i, question in enumerate(asked)]
    told = [captions(scene, np.random.default_rng([seed, 14, i])).list for i, scene in enumerate(scenes)]
    right: list[bool] = []
    among = min(_AMONG, len(asked))
    for start in range(0, len(asked) - among + 1, among):
        some = slice(start, start + among)
        likeness = towers.pictures([to_float(p) for p in pictures[some]]) @ towers.words(told[some]).T
        right += [told[some][int(best)] == told[some][i] for i, best in enumerate(likeness.argmax(1))]
    row = shares(name, right, [True], bar)
    return [Row(name, row.value, row.low, row.high, row.count, None, f"{bar:.0%}", row.met)]
