"""Depth and poses read out of pictures by transformers models on this disk, asked one picture at a time.

Pictures are prepared here, as each model's `preprocessor_config.json` asks, without the image processors of
transformers, most of which want torchvision.
"""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from underpaint.engine.families.folder_loading import from_pretrained
from underpaint.errors import ModelError
from underpaint.imaging.arrays import FloatArray
from underpaint.models.description import ModelDescription
from underpaint.models.folders import component_weights
from underpaint.models.header import read_json

_MEAN, _SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_BOX = 1.25
"""How much larger than a person the part is that the pose net looks at."""
_SURE_OF_PERSON = 0.5
_LONGEST = 4
"""How many times the net's own side the longer side of what it is shown may be."""
Box = tuple[float, float, float, float]
"""Left, top, width, height, in pixels."""


class DepthModel:
    """A DPT or Depth Anything folder."""

    def __init__(self, description: ModelDescription) -> None:
        from transformers import AutoModelForDepthEstimation

        self._settings = _settings(description.path)
        self._net: Any = _opened(AutoModelForDepthEstimation, description)

    @torch.no_grad()
    def __call__(self, picture: FloatArray) -> FloatArray:
        """How near everything is: H x W, 0..1, 1 nearest, for a picture H x W x 3."""
        height, width = picture.shape[:2]
        size = self._settings.get("size") or {}
        side = size if isinstance(size, int) else int(size.get("height", size.get("shortest_edge", 384)))
        multiple = int(self._settings.get("ensure_multiple_of") or 1)
        shape = (side, side)
        if self._settings.get("keep_aspect_ratio"):
            factor = min(max(side / height, side / width), _LONGEST * side / max(height, width))
            shape = (_rounded(height * factor, multiple), _rounded(width * factor, multiple))
        near = self._net(pixel_values=_prepared(picture, shape, self._settings)).predicted_depth
        grown = nn.functional.interpolate(near[:, None].float(), (height, width), mode="bicubic", align_corners=False)
        found = grown[0, 0].cpu().numpy()
        low, high = float(np.quantile(found, 0.005)), float(np.quantile(found, 0.995))
        if "metric" in str(getattr(self._net.config, "depth_estimation_type", "")):  # metres: far is large
            low, high = high, low
        return np.asarray(np.clip((found - low) / ((high - low) or 1.0), 0, 1), dtype=np.float32)


class PoseModel:
    """A ViTPose folder: 17 joints of each person in the boxes that it is given."""

    def __init__(self, description: ModelDescription) -> None:
        from transformers import VitPoseForPoseEstimation

        self._settings = _settings(description.path)
        self._net: Any = _opened(VitPoseForPoseEstimation, description)

    @torch.no_grad()
    def __call__(self, picture: FloatArray, boxes: list[Box]) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        """For each box the joints in COCO's order, 17 x 2 (x, y in pixels), and how sure each is, 0..1."""
        size = self._settings.get("size") or {"height": 256, "width": 192}
        height, width = int(size["height"]), int(size["width"])
        found = []
        for box in boxes:
            whole = _around(box, width / height)
            to_net = np.float32([[width / whole[2], 0, -whole[0] * width / whole[2]],
                                 [0, height / whole[3], -whole[1] * height / whole[3]]])
            part = cv2.warpAffine(picture[..., :3], to_net, (width, height), flags=cv2.INTER_LINEAR)
            given: dict[str, Any] = {"pixel_values": _prepared(part, (height, width), self._settings)}
            if getattr(self._net.config.backbone_config, "num_experts", 1) > 1:
                given["dataset_index"] = torch.zeros(1, dtype=torch.int64)
            heat = self._net(**given).heatmaps[0].float().cpu().numpy()
            points, sure = _peaks(heat)
            scale = np.float32((whole[2] / heat.shape[2], whole[3] / heat.shape[1]))
            found.append((points * scale + np.float32(whole[:2]), sure))
        return found


class PeopleModel:
    """An RT-DETR folder: where people are."""

    def __init__(self, description: ModelDescription) -> None:
        from transformers import RTDetrForObjectDetection

        self._settings = _settings(description.path)
        self._net: Any = _opened(RTDetrForObjectDetection, description)
        names = {int(number): str(name).lower() for number, name in self._net.config.id2label.items()}
        self._person = next((number for number, name in names.items() if name == "person"), 0)

    @torch.no_grad()
    def __call__(self, picture: FloatArray) -> list[Box]:
        """The boxes of people, surest first."""
        size = self._settings.get("size") or {"height": 640, "width": 640}
        settings = {"do_normalize": False, **self._settings}
        said = self._net(pixel_values=_prepared(picture, (int(size["height"]), int(size["width"])), settings))
        sure = torch.sigmoid(said.logits[0, :, self._person])
        height, width = picture.shape[:2]
        kept = [(float(score), box.tolist()) for score, box in zip(sure, said.pred_boxes[0], strict=True)
                if float(score) > _SURE_OF_PERSON]
        return [((x - w / 2) * width, (y - h / 2) * height, w * width, h * height)
                for _, (x, y, w, h) in sorted(kept, reverse=True)][:16]


def _opened(kind: Any, description: ModelDescription) -> nn.Module:
    _, variant = component_weights(description.path)
    return from_pretrained(kind, description.path, variant, torch.float32)


def _settings(folder: Path) -> dict[str, Any]:
    file = folder / "preprocessor_config.json"
    try:
        return dict(read_json(file)) if file.is_file() else {}
    except ModelError:
        return {}


def _prepared(picture: FloatArray, shape: tuple[int, int], settings: dict[str, Any]) -> Tensor:
    """1 x 3 x h x w: resized, colours around zero."""
    small = cv2.resize(np.ascontiguousarray(picture[..., :3]), (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
    small = np.clip(small, 0, 1)
    if settings.get("do_normalize", True):
        mean, spread = settings.get("image_mean") or _MEAN, settings.get("image_std") or _SPREAD
        small = (small - np.float32(mean)) / np.float32(spread)
    return torch.from_numpy(np.ascontiguousarray(small.transpose(2, 0, 1), dtype=np.float32))[None]


def _rounded(length: float, multiple: int) -> int:
    return max(multiple, round(length / multiple) * multiple)


def _around(box: Box, ratio: float) -> Box:
    """A box of that width to height round the middle of another, a little larger."""
    left, top, width, height = box
    middle = (left + width / 2, top + height / 2)
    width, height = max(width, height * ratio) * _BOX, max(height, width / ratio) * _BOX
    return middle[0] - width / 2, middle[1] - height / 2, width, height


def _peaks(heat: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The highest place of each map, K x 2 in its cells, a quarter of a cell toward the higher neighbour, and its
    height."""
    joints, height, width = heat.shape
    flat = heat.reshape(joints, -1)
    best, sure = flat.argmax(1), flat.max(1)
    points = np.stack([best % width, best // width], axis=1).astype(np.float32)
    for number, (x, y) in enumerate(points.astype(int)):
        if 0 < x < width - 1:
            points[number, 0] += 0.25 * np.sign(heat[number, y, x + 1] - heat[number, y, x - 1])
        if 0 < y < height - 1:
            points[number, 1] += 0.25 * np.sign(heat[number, y + 1, x] - heat[number, y - 1, x])
    return points + 0.5, np.clip(sure, 0, 1)
