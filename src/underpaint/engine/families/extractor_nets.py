"""Depth, normals, poses and the subject of a picture, read by the small network that comes with the model.

    extractors = Extractors.load(primer_folder())
    depth = extractors.depth(picture)    # H x W, 0..1, near is bright
    mask = extractors.mask(picture)      # H x W, 0..1, 1 = subject
    normals = extractors.normals(picture)  # H x W x 3, unit vectors: x right, y up, z to the viewer
    people = extractors.pose(picture)    # FoundPerson: points and confidences in OpenPose's order of eighteen
    read = extractors.read(picture)      # all four for one look

`picture` is H x W x 3 or 4 (colours alone are looked at), float32, sRGB 0..1. Nothing here needs diffusers.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from underpaint.engine.families.extractor_net import JOINTS, REACH, ExtractorNet
from underpaint.engine.families.small_net_files import read_net
from underpaint.errors import PictureError
from underpaint.imaging.arrays import FloatArray

FOLDER = "extractors"
BODY = ("nose", "neck", "right_shoulder", "right_elbow", "right_wrist", "left_shoulder", "left_elbow", "left_wrist",
        "right_hip", "right_knee", "right_ankle", "left_hip", "left_knee", "left_ankle", "right_eye", "left_eye",
        "right_ear", "left_ear")  # fmt: skip
"""The joints of a found person, in order."""
OTHER_SIDE = [
    BODY.index({"left": "right", "right": "left"}.get(side, side) + rest)
    for side, rest in ((name.split("_")[0], name[len(name.split("_")[0]) :]) for name in BODY)
]
"""For each joint the number of the one that it becomes in a mirror."""
MOST_PEOPLE = 8
_STEP = 16
_LONGEST = 4
"""How many times as long as the training's square a side may become."""
_SURE = 0.3
_WINDOW = 0.14


@dataclass(frozen=True, eq=False)
class FoundPerson:
    """`points` 18 x 2 (x, y in pixels of the picture), `confidence` 18, 0..1, in the order of `BODY`; below about 0.1 a
    joint is a guess from the rest of the body. `certainty` 0..1: how sure it is that somebody is there."""

    points: FloatArray
    confidence: FloatArray
    certainty: float


@dataclass(frozen=True, eq=False)
class Reading:
    """All that one look says: `depth` and `mask` H x W 0..1, `normals` H x W x 3, and the people, surest first."""

    depth: FloatArray
    normals: FloatArray
    mask: FloatArray
    people: list[FoundPerson]


class Extractors:
    """The loaded network. It keeps nothing between pictures."""

    def __init__(self, net: ExtractorNet, device: str = "cpu") -> None:
        self._net = net.to(device, memory_format=torch.channels_last).eval()
        self._device = torch.device(device)
        self.reads = net.reads
        """Which answers may be relied upon: "depth", "normals", "subject", "pose". The others are there all the same.
        """

    @classmethod
    def load(cls, folder: Path, *, device: str = "cpu") -> "Extractors":
        """From a model's folder. Raises ModelError where it has no extractors, or damaged ones."""
        return cls(read_net(folder / FOLDER, ExtractorNet), device)

    def depth(self, picture: FloatArray) -> FloatArray:
        """How near everything is: H x W, 0..1, 1 nearest, 0 the sky; the square root of the inverse of metres."""
        return self.read(picture).depth

    def normals(self, picture: FloatArray) -> FloatArray:
        """Which way surfaces face: H x W x 3, unit vectors, x right, y up, z to the viewer."""
        return self.read(picture).normals

    def mask(self, picture: FloatArray) -> FloatArray:
        """Where the subject is: H x W, 0..1, 1 = subject."""
        return self.read(picture).mask

    def pose(self, picture: FloatArray) -> list[FoundPerson]:
        """The people in the picture, surest first; none where there is nobody."""
        return self.read(picture).people

    @torch.inference_mode()
    def read(self, picture: FloatArray) -> Reading:
        """Everything at once, for the price of one. Raises PictureError for what is no picture."""
        height, width = picture.shape[:2]
        told = _agreed(self._net(self._seen(picture)))
        near, subject = (torch.sigmoid(told[name])[None].numpy() for name in ("near", "subject"))
        return Reading(
            depth=np.clip(_stretched(near, width, height)[..., 0], 0, 1),
            normals=_unit(_stretched(told["normals"].numpy(), width, height)),
            mask=np.clip(_stretched(subject, width, height)[..., 0], 0, 1),
            people=found_people(told, (width, height)),
        )

    def _seen(self, picture: FloatArray) -> Tensor:
        """The picture and its mirror image as the network takes them: 2 x 3 x H x W in -1..1, as large as those it was
        trained on."""
        if picture.ndim != 3 or picture.shape[2] not in (3, 4) or min(picture.shape[:2]) < 1:
            raise PictureError("only colour pictures can be looked at", hint="Give height x width x 3 or 4.")
        size = working_size(picture.shape[1], picture.shape[0], self._net.side)
        colours = np.ascontiguousarray(picture[..., :3], np.float32)
        kernel = cv2.INTER_AREA if picture.shape[1] > size[0] else cv2.INTER_CUBIC
        small = cv2.resize(colours, size, interpolation=kernel)
        given = torch.from_numpy(np.clip(small, 0, 1).transpose(2, 0, 1).copy())[None] * 2 - 1
        both = torch.cat([given, given.flip(3)])
        return both.to(self._device, memory_format=torch.channels_last)


def _agreed(told: dict[str, Tensor]) -> dict[str, Tensor]:
    """The mean of what is said of a picture and of its mirror image, turned back: one map each, C x H x W."""
    out = {}
    for name, (straight, mirrored) in ((name, value.float().cpu()) for name, value in told.items()):
        back = mirrored.flip(-1)
        if name == "normals":
            back = back * torch.tensor([-1.0, 1.0, 1.0])[:, None, None]
        elif name == "joints":
            back = back[OTHER_SIDE]
        elif name == "offsets":
            back = torch.cat([-back[:JOINTS][OTHER_SIDE], back[JOINTS:][OTHER_SIDE]])
        out[name] = (straight + back) / 2
    return out


def working_size(width: int, height: int, side: int) -> tuple[int, int]:
    """The (width, height) at which a picture is looked at: its shape, the area of `side` squared, multiples of 16."""
    factor = side / (width * height) ** 0.5
    steps = (max(1, round(length * factor / _STEP)) for length in (width, height))
    wide, tall = (min(step * _STEP, _LONGEST * side) for step in steps)
    return wide, tall


def _stretched(maps: NDArray[np.float32], width: int, height: int) -> FloatArray:
    """C x h x w at the picture's size: H x W x C."""
    grown = cv2.resize(np.ascontiguousarray(maps.transpose(1, 2, 0)), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(grown.reshape(height, width, -1), np.float32)


def _unit(vectors: FloatArray) -> FloatArray:
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, 1e-6), np.float32)


def found_people(told: dict[str, Tensor], size: tuple[int, int], sure: float = _SURE) -> list[FoundPerson]:
    """People from the maps of one picture, their points in pixels of a picture of that (width, height).

    A body's centre says where its joints should be; each is then looked for near there on its own map.
    """
    centres, joints = torch.sigmoid(told["centres"])[0], torch.sigmoid(told["joints"])
    tall, wide = centres.shape
    peaks = centres == functional.max_pool2d(centres[None], 5, 1, 2)[0]
    scores = torch.where(peaks, centres, torch.zeros(())).flatten()
    best = scores.topk(min(MOST_PEOPLE, len(scores)))
    out = []
    for score, index in zip(best.values.tolist(), best.indices.tolist(), strict=True):
        if score < sure:
            break
        row, column = divmod(index, wide)
        offsets = told["offsets"][:, row, column].view(2, JOINTS).T.numpy() * REACH
        points, confidence = _refined(joints.numpy(), (offsets + np.float32([column + 0.5, row + 0.5])) * 2)
        share = np.float32((size[0] / (2 * wide), size[1] / (2 * tall)))
        out.append(FoundPerson(np.asarray(points * share, np.float32), confidence, float(score)))
    return out


def _refined(joints: NDArray[np.float32], expected: NDArray[np.float32]) -> tuple[FloatArray, FloatArray]:
    """Each joint's best place near where the body says it is, in cells of the joints' maps, and how sure it is."""
    _, tall, wide = joints.shape
    size = float(np.ptp(expected, axis=0).max())
    spread = max(1.5, _WINDOW * size)
    y, x = np.mgrid[:tall, :wide].astype(np.float32) + 0.5
    points, confidence = expected.astype(np.float32).copy(), np.zeros(JOINTS, np.float32)
    for k, (left, top) in enumerate(expected):
        close = np.exp(-((x - left) ** 2 + (y - top) ** 2) / (2 * spread**2))
        row, column = divmod(int((joints[k] * close).argmax()), wide)
        confidence[k] = joints[k, row, column] * close[row, column]
        around = np.s_[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2]
        weight = joints[k][around] + 1e-9
        place = np.float32(((x[around] * weight).sum(), (y[around] * weight).sum())) / weight.sum()
        # A weak peak pulls less than what the body says.
        points[k] += min(1.0, float(confidence[k]) / 0.25) * (place - points[k])
    return points, confidence
