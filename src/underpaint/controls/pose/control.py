"""Pose: where people's joints are."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from underpaint.controls.adapting import HINT
from underpaint.controls.extractors import extractor
from underpaint.controls.ground import Ground
from underpaint.controls.pose.data import fields_of, pose_on
from underpaint.controls.pose.openpose import MAX_BYTES, read_pose, write_pose
from underpaint.controls.pose.people import Pose as People
from underpaint.controls.pose.people import joints_in_place, matched
from underpaint.controls.preprocess import at_size, drawn_pose, opened, sized
from underpaint.controls.shape import Check, Description, Extracted, Files, Given, Steering, Tools
from underpaint.controls.spec import ControlSpec
from underpaint.errors import OutputError, PictureError, PlanError, RecipeError
from underpaint.imaging.arrays import FloatArray
from underpaint.recipe import ModelRef, PoseControl


class Pose:
    """People's joints."""

    description = Description(
        name="pose", says="people stand and move as their joints say",
        given="OpenPose JSON: pose=pose.json; or a picture to find people in: pose=photo.jpg",
        steers="by a ControlNet, union or T2I-Adapter for poses; there is no steering without one",
        checks="joints in place, seen by another extractor than found the pose where there are two",
        families="SD 1.x, SD 2.x and SDXL with an adapter for poses",
        cost="a ControlNet: a third to a half of a step; a T2I-Adapter: a few hundredths",
        extracts=("people",), options=("model", "mode", "resize", "preprocess-size", "curve"))
    measured_as = "pose"

    def read(self, spec: ControlSpec, files: Files) -> Given:
        spec.expects("model", "mode", "resize", "preprocess-size")
        if not spec.source:
            raise RecipeError("whose pose?", hint="Write pose=pose.json.", field="control pose")
        path, by = Path(spec.source), ""
        notes: tuple[str, ...] = ()
        if path.suffix.lower() == ".json":
            people = read_pose(_read(path), path.name)
        else:
            who = extractor("pose")
            people = who.reads(at_size(opened(files.picture(path).data), spec))
            by, notes = who.name, (f"{_counted(people)} found; {who.trust}",)
        if not any(person.joints for person in people.people):
            raise PictureError(f"there is nobody in {path.name}", field="control pose",
                               hint="Give a pose with joints, or a picture with people.")
        fields: dict[str, Any] = {**spec.fields, **spec.resizing(), **fields_of(people), "by": by}
        fields |= {"mode": spec.options["mode"]} if spec.options.get("mode") else {}
        fields |= {"adapter": ModelRef(name=spec.options["model"])} if spec.options.get("model") else {}
        return Given(PoseControl.model_validate(fields), {}, notes)

    def extract(self, picture: FloatArray, how: str, suffix: str | None = None) -> Extracted:
        if suffix not in (None, ".json", ".png"):
            raise OutputError(f"a pose is not written as {suffix}", field="output",
                              hint="Name a .json of its joints, or a .png to draw it into.")
        who = extractor("pose")
        people = who.reads(picture)
        if not people.people:
            raise PictureError("nobody was found in this picture", hint=f"It was looked at by {who.name}: {who.trust}.")
        told = {"people": len(people.people), "by": who.name, "trust": who.trust}
        says = f"{_counted(people)} found; {who.trust}"
        if suffix == ".png":
            return Extracted(sized(drawn_pose(people)), ".png", says, told)
        return Extracted(write_pose(people), ".json", says, told)

    def steer(self, control: PoseControl, ground: Ground, tools: Tools) -> Steering:
        from underpaint.controls.steering.attached import hung  # needs torch

        adapter = tools.adapter(control) if tools.adapter is not None else None
        if adapter is None:
            raise PlanError("no adapter for poses is loaded", hint=HINT, field="control pose")
        return Steering(attachments=(hung(control, drawn_pose(pose_on(control, ground)), adapter),))

    def check(self, picture: FloatArray, control: PoseControl, ground: Ground) -> Check | None:
        who = extractor("pose", other_than=control.by)
        wanted, found = pose_on(control, ground), who.reads(picture)
        share = joints_in_place(found, wanted)
        same = bool(control.by) and who.name == control.by
        eyes = ", seen by the same eyes that found them" if same else ""
        measured = {"in_place": round(share, 4), "people": len(found.people), "by": who.name, "same_eyes": same}
        return Check(share, measured, f"joints in place {share:.0%}{eyes} ({who.trust})",
                     lambda shown: _overlay(shown, wanted, found))


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise PictureError(f"{path.name} is too large for a pose", hint="Poses have at most 8 MB.")
        return path.read_bytes()
    except OSError as error:
        raise PictureError(f"{path} cannot be read: {(error.strerror or '').lower()}", hint="Check the name.",
                           field="control pose") from error


def _counted(people: People) -> str:
    return f"{len(people.people)} {'person' if len(people.people) == 1 else 'people'}"


def _overlay(picture: FloatArray, wanted: People, found: People) -> FloatArray:
    """The picture, greyed; wanted joints that are in place are green, others red."""
    shown = np.repeat(picture[..., :3].mean(-1, keepdims=True) * 0.6 + 0.3, 3, axis=-1).astype(np.float32)
    width = max(2, round(min(shown.shape[:2]) / 96))
    for place, there in matched(found, wanted):
        colour = (0.0, 0.7, 0.2) if there else (0.95, 0.1, 0.1)
        spot = [round(float(np.clip(one, -1e5, 1e5))) for one in place]
        cv2.circle(shown, (spot[0], spot[1]), width, colour, -1, cv2.LINE_AA)
    return np.clip(shown, 0, 1)
