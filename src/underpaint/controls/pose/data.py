"""Poses in recipes: the same people as plain data, and on the canvas of a pass."""

from collections.abc import Mapping
from typing import Any

from underpaint.controls.ground import Ground
from underpaint.controls.pose.openpose import BODY_25
from underpaint.controls.pose.people import Person, Place, Pose
from underpaint.imaging.geometry import Extent
from underpaint.recipe import PoseControl, PosedPerson

_PARTS = ("hand_left", "hand_right", "face")


def fields_of(pose: Pose) -> dict[str, Any]:
    """The people and the canvas of a pose, as a PoseControl takes them."""
    extent = pose.extent()
    return {"people": tuple(_posed(person) for person in pose.people), "width": max(8, extent.width),
            "height": max(8, extent.height)}


def _posed(person: Person) -> PosedPerson:
    parts: Mapping[str, Any] = {name: tuple(map(_rounded, person.parts[name])) for name in _PARTS
                                if name in person.parts}
    return PosedPerson(body=tuple(_rounded(person.joints.get(joint)) for joint in BODY_25), **parts)


def _rounded(place: Place | None) -> Place | None:
    return None if place is None else (round(place[0], 2), round(place[1], 2))


def pose_of(control: PoseControl) -> Pose:
    """The pose that a control asks for, in pixels of its own canvas."""
    return Pose(tuple(map(_person, control.people)), Extent(control.width, control.height))


def _person(person: PosedPerson) -> Person:
    joints = {name: place for name, place in zip(BODY_25, person.body, strict=True) if place is not None}
    parts = {name: points for name in _PARTS if (points := getattr(person, name))}
    return Person(joints, parts)


def pose_on(control: PoseControl, ground: Ground) -> Pose:
    """The same people where they stand on the canvas of a pass."""
    size, left, top = ground.place(Extent(control.width, control.height), control.resize)
    across, down = size.width / control.width, size.height / control.height

    def moved(place: Place) -> Place:
        return place[0] * across + left - ground.area.x, place[1] * down + top - ground.area.y

    people = [Person({name: moved(place) for name, place in person.joints.items()},
                     {name: tuple(None if one is None else moved(one) for one in points)
                      for name, points in person.parts.items()}) for person in pose_of(control).people]
    return Pose(tuple(people), ground.canvas)
