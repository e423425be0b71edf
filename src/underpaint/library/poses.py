"""Changing a pose file as people ask for it in words: move, mirror, scale, compare."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from underpaint.controls.extractors import extractor
from underpaint.controls.pose.drawing import draw_pose
from underpaint.controls.pose.openpose import LAYOUTS, MAX_BYTES, MAX_PLACE, read_pose, write_pose
from underpaint.controls.pose.people import JOINTS, LIMBS, Pose, joints_in_place
from underpaint.errors import OutputError, PictureError, RecipeError
from underpaint.files import atomic_write
from underpaint.imaging.blend import flatten
from underpaint.imaging.geometry import Extent
from underpaint.pictures.encode import Encoding, encode
from underpaint.pictures.read import read_picture

PICTURES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp"})


@dataclass(frozen=True)
class Changes:
    """`moves` as `1.left_wrist=320,200` (or `=+20,-10` from where it is), `scales` as `1.arms=1.2`; people are counted
    from 1, and without a number it is everybody. `shifts` as `2=+40,0` move people whole. `adds` are other poses whose
    people join in, `removes` numbers of people. `size`: of the picture the pose is in."""

    mirror: bool = False
    moves: Sequence[str] = ()
    scales: Sequence[str] = ()
    size: Extent | None = None
    shifts: Sequence[str] = ()
    adds: Sequence[Path] = ()
    removes: Sequence[int] = ()


def load(path: Path) -> Pose:
    """A pose file, or the people who are found in a picture.

    Raises PictureError for one that cannot be read, ModelError where nothing here finds people."""
    if path.suffix.lower() in PICTURES:
        found: Pose = extractor("pose").reads(flatten(np.asarray(read_picture(path).pixels)))
        return found
    try:
        if path.stat().st_size > MAX_BYTES:
            raise PictureError(f"{path.name} is too large for a pose", hint="Poses have at most 8 MB.")
        return read_pose(path.read_bytes(), path.name)
    except OSError as error:
        raise PictureError(f"{path} cannot be read: {(error.strerror or '').lower()}",
                           hint="Check the name.") from error


def change(pose: Pose, changes: Changes) -> Pose:
    """The pose with everything done that was asked for: sized, people taken out and added, mirrored, scaled, shifted,
    moved. Raises RecipeError."""
    if changes.size is not None:
        pose = replace(pose, canvas=changes.size)
    gone = {id(pose.person(number)) for number in changes.removes}
    pose = replace(pose, people=tuple(person for person in pose.people if id(person) not in gone))
    for path in changes.adds:
        other = load(path)
        pose = replace(pose, people=(*pose.people, *other.people), layout=max(pose.layout, other.layout))
    if changes.mirror:
        pose = pose.mirrored()
    for text in changes.scales:
        numbers, limb, value = _asked(text, pose, tuple(LIMBS), "scale", "1.arms=1.2")
        factor = _number(value, text)
        if not 0.05 <= factor <= 20:
            raise RecipeError(f"'{text:.60}': limbs are scaled by 0.05 to 20", field="scale")
        for number in numbers:
            pose = pose.changed(number, pose.person(number).scaled(limb, factor))
    for text in changes.shifts:
        number, by = _shift(text)
        pose = pose.changed(number, pose.person(number).shifted(by))
    for text in changes.moves:
        numbers, joint, value = _asked(text, pose, JOINTS, "move", "1.left_wrist=320,200")
        for number in numbers:
            pose = pose.changed(number, pose.person(number).moved(joint, _place(value, text, pose, number, joint)))
    return pose


def compare(found: Pose, wanted: Path) -> float:
    """The share of another pose's joints that are in place."""
    return joints_in_place(found, load(wanted))


def save(pose: Pose, target: Path | None, drawing: Path | None, layout: int | None) -> list[Path]:
    """Write the pose as JSON and its map as PNG, whichever is named. Raises OutputError for another kind of file."""
    if layout is not None and layout not in LAYOUTS:
        raise RecipeError(f"there is no layout of {layout} joints", hint="Choose 18 or 25.", field="layout")
    written = []
    for path, suffix in ((target, ".json"), (drawing, ".png")):
        if path is None:
            continue
        if path.suffix.lower() != suffix:
            raise OutputError(f"{path.name}: this is written as {suffix}", hint=f"Name a file ending in {suffix}.",
                              field="output")
        data = write_pose(pose, layout) if suffix == ".json" else \
            encode("PNG", draw_pose(pose), None, Encoding(), True)
        with atomic_write(path) as file:
            file.write(data)
        written.append(path)
    return written


def _asked(text: str, pose: Pose, names: Sequence[str], field: str, example: str) -> tuple[list[int], str, str]:
    """`1.left_wrist=...` as the people it is about, the name, and what follows."""
    what, mark, value = text.partition("=")
    number, dot, name = what.strip().rpartition(".")
    if not mark or (dot and not number.isdecimal()):
        raise RecipeError(f"'{text:.60}' says nothing to {field}", hint=f"Write --{field} {example}.", field=field)
    if name not in names:
        raise RecipeError(f"there is no '{name:.40}' to {field}", hint=f"There are: {', '.join(names)}.", field=field)
    if dot:
        pose.person(int(number))
        return [int(number)], name, value
    return list(range(1, len(pose.people) + 1)), name, value


def _shift(text: str) -> tuple[int, tuple[float, float]]:
    """`2=+40,-10` as the person it is about, and how far."""
    number, _, value = text.partition("=")
    parts = [part.strip() for part in value.split(",")]
    if not number.strip().isdecimal() or len(parts) != 2:
        raise RecipeError(f"'{text:.60}' says nobody to shift", hint="Write --shift 2=+40,-10.", field="shift")
    return int(number), (_number(parts[0], text), _number(parts[1], text))


def _number(text: str, whole: str) -> float:
    try:
        value = float(text)
    except ValueError as error:
        raise RecipeError(f"'{whole:.60}' has no number", hint="Write it as 1.arms=1.2.", field="pose") from error
    if not abs(value) <= MAX_PLACE:
        raise RecipeError(f"'{whole:.60}' is out of range", field="pose")
    return value


def _place(value: str, whole: str, pose: Pose, number: int, joint: str) -> tuple[float, float]:
    parts = [part.strip() for part in value.split(",")]
    if len(parts) != 2:
        raise RecipeError(f"'{whole:.60}' names no place", hint="Write x,y in pixels, or +20,-10 from where it is.",
                          field="move")
    x, y = (_number(part, whole) for part in parts)
    if not parts[0].startswith(("+", "-")):
        return x, y
    now = pose.person(number).joints.get(joint)
    if now is None:
        raise RecipeError(f"person {number} has no {joint} to move from", hint="Give its place as x,y.", field="move")
    return now[0] + x, now[1] + y
