"""Who reads depth and poses out of a picture: transformers models on this disk, else the built-in model's small nets.

Each tells its name and how far to trust it, so that whoever measures by it can say so.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from underpaint.controls.pose.openpose import BODY_18
from underpaint.controls.pose.people import Person, Place, Pose
from underpaint.errors import ModelError
from underpaint.imaging.arrays import FloatArray
from underpaint.imaging.geometry import Extent
from underpaint.models.catalogue import Catalogue
from underpaint.models.description import ModelDescription
from underpaint.models.header import read_json
from underpaint.models.primer import PRIMER, primer_folder

if TYPE_CHECKING:
    from underpaint.engine.families.depth_reader import DepthReader
    from underpaint.engine.families.extractor_nets import Reading

Role = Literal["depth", "pose"]
SURE = 0.3
"""From what certainty a joint of a transformers model counts as seen; the Primer's net is asked at `_SURE_OF_GUESS`."""
_SURE_OF_GUESS = 0.1
_COCO = ("nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow",
         "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle",
         "right_ankle")


@dataclass(frozen=True, eq=False)
class Extractor:
    """`reads` makes a depth map (H x W, near is 1) or a Pose of a picture (H x W x 3). `trust`: one sentence."""

    name: str
    trust: str
    reads: Callable[[FloatArray], Any]


Shelf = Callable[[Role], list[Extractor]]
_SHELF: ContextVar[Shelf | None] = ContextVar("extractors", default=None)


@contextmanager
def reading_with(shelf: Shelf) -> Iterator[None]:
    """Within, extractors come from there: another catalogue's, or a test's."""
    before = _SHELF.set(shelf)
    try:
        yield
    finally:
        _SHELF.reset(before)


def shelf_of(catalogue: Catalogue) -> Shelf:
    """The extractors among a catalogue's models, the most trusted first, and those of the built-in model."""
    def shelf(role: Role) -> list[Extractor]:
        found = [_transformers(one, catalogue) for one in catalogue.models("extractor") if one.extracts == role]
        return [*found, *([_primer(role)] if _primer_reads(role) else [])]

    return shelf


def _primer_reads(role: Role) -> bool:
    """Whether the built-in model's small net is good enough at this to be asked."""
    config = primer_folder() / "extractors" / "config.json"
    return config.is_file() and role in read_json(config).get("reads", ())


def extractor(role: Role, *, other_than: str = "", rather_than: str = "") -> Extractor:
    """Who reads depth or poses here, somebody else than `other_than` if there is one, and than `rather_than` too if
    there is a third.

    Raises ModelError where there is none; its hint says what to put where.
    """
    there = (_SHELF.get() or shelf_of(Catalogue()))(role)
    if not there:
        kinds = {"depth": "Depth Anything or DPT", "pose": "ViTPose"}[role]
        raise ModelError(f"nothing here reads {'depth' if role == 'depth' else 'poses'} out of pictures",
                         hint=f"Put a transformers folder of {kinds} into a folder of models that was added, or give "
                              "the map yourself.", field=f"control {role}")
    return min(there, key=lambda one: (one.name == other_than, one.name == rather_than))


@lru_cache(maxsize=1)
def depth_reader() -> "DepthReader":
    """Who reads depth with gradients, so that it can steer: the built-in model's small net.

    Raises ModelError where it has none that can be relied upon.
    """
    from underpaint.engine.families.depth_reader import DepthReader  # needs torch

    if not _primer_reads("depth"):
        raise ModelError("nothing here can steer by depth", field="control depth",
                         hint="Install the built-in model again, or name an adapter with +model=.")
    return DepthReader.load(primer_folder())


def _transformers(model: ModelDescription, catalogue: Catalogue) -> Extractor:
    if model.extracts == "depth":
        return Extractor(model.name, f"{model.name} was trained on photos: its order of near and far is good, its "
                                     "distances are guesses", lambda picture: _depth_model(model)(picture))
    people = next((one for one in catalogue.models("extractor") if one.extracts == "people"), None)
    whole = "" if people else "; without a finder of people (RT-DETR) it takes the whole picture for one person"
    return Extractor(model.name, f"{model.name} was trained on photos of people{whole}",
                     lambda picture: _found_people(picture, model, people))


def _primer(role: Role) -> Extractor:
    trust = {"depth": "the built-in model's small net: the order of large things, roughly",
             "pose": "the built-in model's small net: figures as it paints them, roughly"}[role]
    reads: dict[Role, Callable[[FloatArray], Any]] = {"depth": lambda picture: _look(picture).depth,
                                                      "pose": _posed}
    return Extractor(PRIMER, trust, reads[role])


def _look(picture: FloatArray) -> "Reading":
    read: Reading = _primer_net().read(np.ascontiguousarray(picture[..., :3]))
    return read


@lru_cache(maxsize=1)
def _primer_net() -> Any:
    from underpaint.engine.families.extractor_nets import Extractors  # needs torch

    return Extractors.load(primer_folder())


@lru_cache(maxsize=1)
def _depth_model(model: ModelDescription) -> Any:
    from underpaint.engine.families.extractors import DepthModel

    return DepthModel(model)


@lru_cache(maxsize=2)
def _pose_model(model: ModelDescription) -> Any:
    from underpaint.engine.families.extractors import PeopleModel, PoseModel

    return PeopleModel(model) if model.extracts == "people" else PoseModel(model)


def _posed(picture: FloatArray) -> Pose:
    people = []
    for found in _look(picture).people:
        seen = zip(BODY_18, found.points, found.confidence, strict=True)
        joints = {name: (float(x), float(y)) for name, (x, y), sure in seen if sure >= _SURE_OF_GUESS}
        if joints:
            people.append(Person(joints))
    return Pose(tuple(people), Extent.of(picture))


def _found_people(picture: FloatArray, model: ModelDescription, people: ModelDescription | None) -> Pose:
    extent = Extent.of(picture)
    boxes = _pose_model(people)(picture) if people else [(0.0, 0.0, float(extent.width), float(extent.height))]
    found = []
    for points, sure in _pose_model(model)(picture, boxes):
        joints: dict[str, Place] = {name: (float(x), float(y))
                                    for name, (x, y), one in zip(_COCO, points, sure, strict=True) if one >= SURE}
        left, right = joints.get("left_shoulder"), joints.get("right_shoulder")
        if left and right:
            joints["neck"] = ((left[0] + right[0]) / 2, (left[1] + right[1]) / 2)
        if joints:
            found.append(Person(joints))
    return Pose(tuple(found), extent)
