"""Controls: what steers besides words; maps made from pictures, and how well a picture follows."""

import base64
import hashlib
from dataclasses import asdict
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Path
from pydantic import Field

from underpaint.controls.ground import Ground
from underpaint.controls.shape import Check
from underpaint.controls.table import CONTROLS, check, named
from underpaint.errors import NotThere, RecipeError
from underpaint.imaging.arrays import to_bytes
from underpaint.imaging.blend import flatten
from underpaint.imaging.geometry import Extent
from underpaint.imaging.resize import resize
from underpaint.pictures.encode import Encoding, encode
from underpaint.pictures.read import read_picture
from underpaint.pictures.recall import blobs_from_file, recipe_from_file
from underpaint.recipe import Control
from underpaint.studio.api.finishes import OnPicture, picture_file
from underpaint.studio.api.shared import BUSY, ERRORS, NOT_THERE, Answer, TheDesk, plain
from underpaint.studio.desk import Desk

router = APIRouter(tags=["controls"], responses=ERRORS)
Name = Annotated[str, Path(max_length=40, description="A control's name, such as line or palette.")]


class ControlAbout(Answer):
    """What a control is, for people choosing one."""

    name: str
    says: str
    given: str
    steers: str
    checks: str
    families: str
    cost: str
    extracts: list[str] = Field(description="The ways to make its map from a picture, the usual one first.")
    options: list[str]


class ControlList(Answer):
    """The controls that there are."""

    controls: list[ControlAbout]


class NewMap(OnPicture):
    """From which picture a map is made, and how."""

    how: Annotated[str, Field(max_length=40)] = Field("", description="One of the control's ways; the usual without.")
    side: Annotated[int, Field(ge=64, le=4096, description="Its longest side, in pixels.")] = 2048


class MapAnswer(Answer):
    """A control's map: a blob that recipes may name, where it is a picture."""

    sha256: str
    suffix: str = Field(description="What kind of file it is, such as .png or .hex.")
    bytes: int
    says: str
    found: dict[str, Any]


class NewCheck(OnPicture):
    """Which picture is measured, against which control; without one, against those it was painted by."""

    control: Annotated[Control, Field(discriminator="kind")] | None = None
    overlay: bool = Field(False, description="Also draw where it does not follow.")


class CheckAnswer(Answer):
    """How well a picture followed a control."""

    name: str
    score: float = Field(description="0..1, 1 is best.")
    says: str
    measured: dict[str, Any]
    overlay: str | None = Field(description="A PNG in base64 that shows where it does not follow.")


class CheckList(Answer):
    """How well a picture followed."""

    checks: list[CheckAnswer]


@router.get("/controls", operation_id="list_controls")
def list_controls() -> ControlList:
    """What steers besides words: what it is given, how it steers, which models take it, at what cost."""
    return ControlList(controls=[ControlAbout.model_validate(asdict(one.description)) for one in CONTROLS.values()])


@router.post("/controls/{name}/extract", operation_id="extract_control", status_code=201,
             responses={**NOT_THERE, **BUSY})
def extract_control(name: Name, asked: NewMap, desk: TheDesk) -> MapAnswer:
    """Make a control's map from a picture. It can be cleaned up by hand, and steers a painting."""
    return desk.work(_extracted, desk, name, asked)


@router.post("/controls/{name}/check", operation_id="check_control", responses={**NOT_THERE, **BUSY})
def check_control(name: Name, asked: NewCheck, desk: TheDesk) -> CheckList:
    """Measure how well a finished picture follows a control."""
    return desk.work(_checked, desk, name, asked)


def _extracted(desk: Desk, name: str, asked: NewMap) -> MapAnswer:
    shape = _named(name)
    ways = shape.description.extracts
    if not ways or (asked.how and asked.how not in ways):
        raise RecipeError(f"{name} is not extracted by '{asked.how}'" if ways else f"{name} has no map", field="how",
                          hint=f"Choose {', '.join(ways)}." if ways else None)
    picture = flatten(np.asarray(read_picture(picture_file(desk, asked)).pixels))
    smaller = Extent.of(picture).fit_within(Extent(asked.side, asked.side), grow=False)
    made = shape.extract(resize(picture, smaller), asked.how or ways[0], None)
    desk.library.put_blobs([made.data])
    return MapAnswer(sha256=hashlib.sha256(made.data).hexdigest(), suffix=made.suffix, bytes=len(made.data),
                     says=made.says, found=plain(dict(made.found)))


def _checked(desk: Desk, name: str, asked: NewCheck) -> CheckList:
    _named(name)
    file = picture_file(desk, asked)
    picture = flatten(np.asarray(read_picture(file).pixels))
    controls, blobs = [asked.control] if asked.control else [], {}
    if not controls:
        controls, blobs = [one for one in recipe_from_file(file).controls if one.kind == name], blobs_from_file(file)
    if any(one.kind != name for one in controls) or not controls:
        raise RecipeError(f"there is no {name} to check", field="control", hint="Name the control itself.")
    blobs |= {blob.sha256: data for one in controls for blob in one.blobs()
              if (data := desk.library.blobs.read(blob.sha256)) is not None}
    missing = next((blob for one in controls for blob in one.blobs() if blob.sha256 not in blobs), None)
    if missing is not None:
        raise NotThere(f"there is no blob {missing.sha256[:12]}", hint="Hand it in with POST /api/v1/blobs.",
                       field="control")
    ground = Ground.of(picture, lambda blob: read_picture(blobs[blob.sha256]).pixels)
    found = check(controls, picture, ground)
    return CheckList(checks=[_answer(called, one, picture if asked.overlay else None) for called, one in found.items()])


def _answer(name: str, one: Check, picture: Any) -> CheckAnswer:
    overlay = None
    if picture is not None:
        overlay = base64.b64encode(encode("PNG", to_bytes(one.overlay(picture)), None, Encoding(), True)).decode()
    return CheckAnswer(name=name, score=one.score, says=one.says, measured=plain(dict(one.measured)), overlay=overlay)


def _named(name: str) -> Any:
    if name not in CONTROLS:
        raise NotThere(f"there is no control '{name:.40}' here", field="name",
                       hint=f"There are: {', '.join(CONTROLS)}.")
    return named(name)
