"""People as joints with names; a joint that was not seen is not there."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.optimize import linear_sum_assignment

from underpaint.errors import RecipeError
from underpaint.imaging.geometry import Extent

Place = tuple[float, float]
PARENTS: Mapping[str, str] = {
    "nose": "neck", "right_eye": "nose", "left_eye": "nose", "right_ear": "right_eye", "left_ear": "left_eye",
    "right_shoulder": "neck", "right_elbow": "right_shoulder", "right_wrist": "right_elbow",
    "left_shoulder": "neck", "left_elbow": "left_shoulder", "left_wrist": "left_elbow",
    "mid_hip": "neck", "right_hip": "mid_hip", "right_knee": "right_hip", "right_ankle": "right_knee",
    "left_hip": "mid_hip", "left_knee": "left_hip", "left_ankle": "left_knee",
    "left_big_toe": "left_ankle", "left_small_toe": "left_ankle", "left_heel": "left_ankle",
    "right_big_toe": "right_ankle", "right_small_toe": "right_ankle", "right_heel": "right_ankle"}
"""Each joint's parent; all hang on the neck."""
JOINTS = ("neck", *PARENTS)
LIMBS: Mapping[str, tuple[str, ...]] = {
    "left_arm": ("left_elbow", "left_wrist"), "right_arm": ("right_elbow", "right_wrist"),
    "left_leg": ("left_knee", "left_ankle"), "right_leg": ("right_knee", "right_ankle"),
    "arms": ("left_elbow", "left_wrist", "right_elbow", "right_wrist"),
    "legs": ("left_knee", "left_ankle", "right_knee", "right_ankle"),
    "torso": ("mid_hip", "right_hip", "left_hip"), "shoulders": ("left_shoulder", "right_shoulder"),
    "head": ("nose", "right_eye", "left_eye", "right_ear", "left_ear"), "body": tuple(PARENTS)}
"""Limbs by name: the joints at the far ends of what gets longer."""
PARTS = {"hand_left": ("left_wrist", 21), "hand_right": ("right_wrist", 21), "face": ("nose", 70)}
"""Points beside the body: the joint that carries them, and how many there are."""
NEAR = 0.1
"""A joint is in place within this share of the person's height."""


@dataclass(frozen=True)
class Person:
    """`joints`: by name, in pixels. `parts`: hand_left, hand_right (21 points) and face (70), None where unseen."""

    joints: Mapping[str, Place] = field(default_factory=dict)
    parts: Mapping[str, tuple[Place | None, ...]] = field(default_factory=dict)

    def size(self) -> float:
        """The longer side of the box round the joints, in pixels, at least 1."""
        if not self.joints:
            return 1.0
        places = np.array(list(self.joints.values()))
        return max(float((places.max(0) - places.min(0)).max()), 1.0)

    def moved(self, joint: str, place: Place) -> "Person":
        """With one joint put elsewhere; the hand or face that hangs on it goes along. Joints not seen may be added."""
        old = self.joints.get(joint)
        parts = dict(self.parts)
        if old is not None:
            for name, (carrier, _) in PARTS.items():
                if carrier == joint and name in parts:
                    parts[name] = _shifted(parts[name], (place[0] - old[0], place[1] - old[1]))
        return Person({**self.joints, joint: place}, parts)

    def shifted(self, by: Place) -> "Person":
        """All of it elsewhere, by so many pixels."""
        return Person({joint: (x + by[0], y + by[1]) for joint, (x, y) in self.joints.items()},
                      {part: _shifted(points, by) for part, points in self.parts.items()})

    def scaled(self, limb: str, factor: float) -> "Person":
        """With a limb made longer or shorter; what hangs on it goes along, turned as it was."""
        stretched = LIMBS[limb]
        placed: dict[str, Place] = {}
        for joint in JOINTS:  # parents come first
            if joint not in self.joints:
                continue
            anchor = self._anchor(joint)
            if anchor is None:
                placed[joint] = self.joints[joint]
                continue
            by = factor if joint in stretched else 1.0
            (x, y), (from_x, from_y) = self.joints[joint], self.joints[anchor]
            placed[joint] = placed[anchor][0] + by * (x - from_x), placed[anchor][1] + by * (y - from_y)
        person = self
        for joint, place in placed.items():
            person = person.moved(joint, place)
        return person

    def _anchor(self, joint: str) -> str | None:
        """The nearest joint above it that was seen."""
        above = PARENTS.get(joint)
        while above is not None and above not in self.joints:
            above = PARENTS.get(above)
        return above

    def mirrored(self, width: float) -> "Person":
        """Left and right changed round in a picture of this width."""
        parts = {_other(name): tuple(None if one is None else (width - one[0], one[1]) for one in points)
                 for name, points in self.parts.items()}
        return Person({_other(name): (width - x, y) for name, (x, y) in self.joints.items()}, parts)


@dataclass(frozen=True)
class Pose:
    """People, the size of the picture they are in (None where it is not known), and the body layout: 18 or 25."""

    people: tuple[Person, ...]
    canvas: Extent | None = None
    layout: int = 18

    def extent(self) -> Extent:
        """The picture's size; where it is not known, one that holds everybody."""
        if self.canvas is not None:
            return self.canvas
        places = [place for person in self.people for place in person.joints.values()]
        if not places:
            return Extent(512, 512)
        right, bottom = np.array(places).max(0)
        return Extent(max(64, min(round(right * 1.1), 16_384)), max(64, min(round(bottom * 1.1), 16_384)))

    def changed(self, number: int, person: Person) -> "Pose":
        """With one person (counted from 1) changed."""
        people = list(self.people)
        people[number - 1] = person
        return replace(self, people=tuple(people))

    def person(self, number: int) -> Person:
        """The n-th person, from 1. Raises RecipeError where there is none."""
        if not 1 <= number <= len(self.people):
            raise RecipeError(f"there is no person {number}", hint=f"People are counted from 1 to {len(self.people)}.",
                              field="pose")
        return self.people[number - 1]

    def mirrored(self) -> "Pose":
        """Everybody changed round."""
        width = self.extent().width
        return replace(self, people=tuple(person.mirrored(width) for person in self.people))


def _shifted(points: tuple[Place | None, ...], by: Place) -> tuple[Place | None, ...]:
    return tuple(None if one is None else (one[0] + by[0], one[1] + by[1]) for one in points)


def _other(name: str) -> str:
    if "left" in name:
        return name.replace("left", "right")
    return name.replace("right", "left")


def joints_in_place(found: Pose, wanted: Pose) -> float:
    """The share of the wanted joints that a found person has within a tenth of the wanted person's size (PCK; Yang
    and Ramanan 2013). People are matched so that the most joints fit; 1 where nothing is wanted."""
    total = sum(len(person.joints) for person in wanted.people)
    if total == 0:
        return 1.0
    return sum(there for _, there in matched(found, wanted)) / total


def matched(found: Pose, wanted: Pose) -> list[tuple[Place, bool]]:
    """Every wanted joint's place, and whether it is in place; people are matched so that the most joints fit."""
    hits = np.array([[len(_fits(other, person)) for other in found.people] for person in wanted.people], dtype=float)
    pairs = dict(zip(*linear_sum_assignment(-hits), strict=True)) if hits.size else {}
    told = []
    for number, person in enumerate(wanted.people):
        fitting = _fits(found.people[pairs[number]], person) if number in pairs else frozenset()
        told += [(place, joint in fitting) for joint, place in person.joints.items()]
    return told


def _fits(found: Person, wanted: Person) -> frozenset[str]:
    """The wanted joints that a found person has in place."""
    reach = NEAR * wanted.size()
    return frozenset(joint for joint, place in wanted.joints.items() if joint in found.joints
                     and float(np.hypot(*np.subtract(found.joints[joint], place))) <= reach)
