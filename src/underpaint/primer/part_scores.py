"""How well extractors, upscaler and towers do: against what the World knows, on pictures that no training saw."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.stats import spearmanr

from underpaint.engine.families.clip_pictures import ClipPictures
from underpaint.engine.families.extractor_nets import Extractors, FoundPerson, Reading
from underpaint.engine.families.upscaler_net import SCALE
from underpaint.imaging.arrays import FloatArray, to_float
from underpaint.primer.extractor_targets import SMALLEST, body_size
from underpaint.primer.part_truth import NORMALS, scene_normals
from underpaint.primer.stagecraft.scene import Scene
from underpaint.training.shards import Shard

CLOSE = 0.1
"""A joint is right within this share of the longer side of the box round its person."""
_LEAST_SUBJECT = 0.005
_SKY = np.int8([0, 0, 127])


@dataclass(frozen=True, eq=False)
class Asked:
    """One picture of an examination, float H x W x 3, with its truth as shards hold it, and its notes."""

    picture: FloatArray
    near: NDArray[np.uint8]
    subject: NDArray[np.uint8]
    normals: NDArray[np.int8]
    people: FloatArray


def extractor_questions(shards: Iterable[Shard], count: int) -> list[Asked]:
    """`count` pictures, evenly from all shards, with their normals looked at anew where the shard has none."""
    shards = list(shards)
    out = []
    for i in range(count):
        shard = shards[i % len(shards)]
        row = (i // len(shards) * 7) % len(shard.notes())
        note = shard.notes()[row]
        own = shard.array(NORMALS)[row] if shard.has(NORMALS) else scene_normals(Scene.from_dict(note["scene"]))
        out.append(
            Asked(
                to_float(np.asarray(shard.array("pictures")[row])),
                np.asarray(shard.array("near")[row]),
                np.asarray(shard.array("subject")[row]),
                own,
                np.array(note["people"], np.float32).reshape(-1, 18, 3),
            )
        )
    return out


def extractor_scores(extractors: Extractors, asked: list[Asked]) -> dict[str, float]:
    """Means over the pictures: `depth` (Spearman), `normals` (degrees, without the sky), `subject` (overlap of masks
    over their union, where there is a subject), `pose` (share of seen joints within a tenth); how `many` counted each.
    """
    found: dict[str, list[float]] = {"depth": [], "normals": [], "subject": [], "pose": []}
    for one in asked:
        read = extractors.read(one.picture)
        found["depth"].append(depth_order(read.depth, one.near))
        found["normals"].append(normals_apart(read, one))
        if (one.subject > 127).mean() >= _LEAST_SUBJECT:
            found["subject"].append(overlap(read.mask, one.subject))
        found["pose"] += joints_right(read.people, one.people)
    scores = {name: float(np.mean(values)) if values else float("nan") for name, values in found.items()}
    return scores | {f"{name} many": float(len(values)) for name, values in found.items()}


def depth_order(depth: FloatArray, near: NDArray[np.uint8]) -> float:
    """Spearman's rank correlation of two maps; 0 where one of them is flat."""
    small = cv2.resize(depth, near.shape[::-1], interpolation=cv2.INTER_AREA)
    if np.ptp(near) == 0 or np.ptp(small) == 0:
        return 0.0
    return float(spearmanr(small.ravel(), near.ravel()).statistic)


def normals_apart(read: Reading, one: Asked) -> float:
    """The mean angle between said and true normals in degrees, where there is anything but sky."""
    small = cv2.resize(read.normals, one.near.shape[::-1], interpolation=cv2.INTER_AREA)
    small /= np.maximum(np.linalg.norm(small, axis=-1, keepdims=True), 1e-6)
    cosine = np.clip((small * (one.normals.astype(np.float32) / 127)).sum(-1), -1, 1)
    there = (one.normals != _SKY).any(-1)
    return float(np.degrees(np.arccos(cosine[there])).mean()) if there.any() else 0.0


def overlap(mask: FloatArray, subject: NDArray[np.uint8]) -> float:
    """Intersection over union of two masks cut at a half."""
    ours = cv2.resize(mask, subject.shape[::-1], interpolation=cv2.INTER_AREA) > 0.5
    theirs = subject > 127
    return float((ours & theirs).sum() / max(1, (ours | theirs).sum()))


def joints_right(found: list[FoundPerson], people: FloatArray) -> list[float]:
    """1 or 0 for every joint that can be seen of people large enough to be asked for; nobody found is all wrong."""
    asked = [body for body in people if body_size(body) >= 2 * SMALLEST and (body[:, 2] == 2).sum() >= 4]
    if not asked:
        return []
    apart = np.array([[_apart(person, body) for person in found] for body in asked]).reshape(len(asked), len(found))
    pairs = dict(zip(*linear_sum_assignment(apart), strict=True))
    out: list[float] = []
    for i, body in enumerate(asked):
        seen = body[:, 2] == 2
        if i not in pairs:
            out += [0.0] * int(seen.sum())
            continue
        far = np.linalg.norm(found[pairs[i]].points[seen] - body[seen, :2], axis=1)
        out += (far <= CLOSE * body_size(body)).astype(float).tolist()
    return out


def _apart(person: FoundPerson, body: FloatArray) -> float:
    seen = body[:, 2] == 2
    return float(np.linalg.norm(person.points[seen] - body[seen, :2], axis=1).mean())


Enlarge = Callable[[FloatArray], FloatArray]


def upscale_scores(enlarge: Enlarge, pictures: Iterable[FloatArray]) -> dict[str, float]:
    """Pictures made four times smaller by area and enlarged again: means of `psnr` and `bicubic` in dB, `worst` the
    smallest lead over bicubic, `width` and `bicubic width` of strong edges in pixels."""
    rows = []
    for picture in pictures:
        height, width = (side // SCALE * SCALE for side in picture.shape[:2])
        large = np.ascontiguousarray(picture[:height, :width, :3])
        small = cv2.resize(large, (width // SCALE, height // SCALE), interpolation=cv2.INTER_AREA)
        small = np.round(small * 255).astype(np.float32) / 255
        ours = np.clip(enlarge(small), 0, 1)
        plain = np.clip(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), 0, 1)
        rows.append((psnr(ours, large), psnr(plain, large), edge_width(ours, large), edge_width(plain, large)))
    table = np.array(rows)
    names = ("psnr", "bicubic", "width", "bicubic width")
    return dict(zip(names, table.mean(0).tolist(), strict=True)) | {"worst": float((table[:, 0] - table[:, 1]).min())}


def psnr(ours: FloatArray, theirs: FloatArray) -> float:
    """Peak signal to noise in dB of pictures in 0..1."""
    return float(-10 * np.log10(max(float(np.square(ours - theirs).mean()), 1e-10)))


def edge_width(picture: FloatArray, original: FloatArray) -> float:
    """How many pixels wide edges are that are strong in the original: the step across nine pixels over the slope."""
    grey, truth = (cv2.cvtColor(np.ascontiguousarray(p), cv2.COLOR_RGB2GRAY) for p in (picture, original))
    strong = _slope(truth)
    places = strong > max(0.1, float(np.quantile(strong, 0.97)))
    if not places.any():
        return 0.0
    around = np.ones((9, 9), np.uint8)
    step = cv2.dilate(grey, around) - cv2.erode(grey, around)
    steepest = cv2.dilate(_slope(grey), np.ones((5, 5), np.uint8))
    return float((step[places] / np.maximum(steepest[places], 1e-3)).mean())


def _slope(grey: FloatArray) -> FloatArray:
    """How much grey changes from pixel to pixel."""
    x, y = (cv2.Sobel(grey, cv2.CV_32F, dx, 1 - dx, ksize=3) / 8 for dx in (1, 0))
    return np.hypot(x, y)


def clip_score(towers: ClipPictures, shards: Iterable[Shard], among: int = 100, rounds: int = 5) -> float:
    """How often a picture's own caption is the likeliest of `among`, all of pictures of different scenes."""
    right, asked = 0, 0
    offered = list(shards)
    for number in range(rounds):
        pictures, captions = [], []
        for i in range(among):
            shard = offered[(number * among + i) % len(offered)]
            notes = shard.notes()
            # Every second row shows the same scene painted in another way.
            row = 2 * (((number * among + i) // len(offered) * 3) % (len(notes) // 2)) if len(notes) > 1 else 0
            pictures.append(to_float(np.asarray(shard.array("pictures")[row])))
            captions.append(notes[row]["captions"][0])
        likeness = towers.pictures(pictures) @ towers.words(captions).T
        best = likeness.argmax(1)
        right += sum(captions[int(b)] == captions[i] for i, b in enumerate(best))
        asked += among
    return right / asked
