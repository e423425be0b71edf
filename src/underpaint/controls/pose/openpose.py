"""Poses as OpenPose and the ControlNet extension write them: JSON, x, y and trust for each joint in a fixed order."""

import json
from collections.abc import Mapping
from typing import Any

from underpaint.controls.pose.people import PARTS, Person, Place, Pose
from underpaint.errors import PictureError
from underpaint.imaging.geometry import Extent

MAX_BYTES, MAX_PEOPLE, MAX_PLACE = 8_000_000, 200, 100_000.0
_UPPER = ("nose", "neck", "right_shoulder", "right_elbow", "right_wrist", "left_shoulder", "left_elbow", "left_wrist")
_LEGS = ("right_hip", "right_knee", "right_ankle", "left_hip", "left_knee", "left_ankle")
_FACE = ("right_eye", "left_eye", "right_ear", "left_ear")
_FEET = ("left_big_toe", "left_small_toe", "left_heel", "right_big_toe", "right_small_toe", "right_heel")
BODY_18 = (*_UPPER, *_LEGS, *_FACE)
BODY_25 = (*_UPPER, "mid_hip", *_LEGS, *_FACE, *_FEET)
LAYOUTS: Mapping[int, tuple[str, ...]] = {18: BODY_18, 25: BODY_25}
_FIELDS = {"hand_left": "hand_left_keypoints_2d", "hand_right": "hand_right_keypoints_2d",
           "face": "face_keypoints_2d"}
_HINT = "Export the pose as OpenPose JSON."


def read_pose(data: bytes, name: str = "the pose") -> Pose:
    """Read OpenPose JSON, body 18 or 25, or the ControlNet extension's list of it, of which the first is taken.

    Joints without trust were not seen and are left out. Places between 0 and 1 are shares of the canvas, where the
    file names one. Raises PictureError for what is no pose.
    """
    if len(data) > MAX_BYTES:
        raise PictureError(f"{name} is too large for a pose", hint="Poses have at most 8 MB.")
    try:
        given = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise PictureError(f"{name} is not JSON: {error!s:.80}", hint=_HINT) from error
    if isinstance(given, list) and given:
        given = given[0]
    if not isinstance(given, Mapping) or not isinstance(given.get("people"), list):
        raise PictureError(f"{name} holds no people", hint=_HINT)
    if len(given["people"]) > MAX_PEOPLE:
        raise PictureError(f"{name} holds {len(given['people']):,} people", hint=f"At most {MAX_PEOPLE} are read.")
    canvas = _canvas(given)
    layouts = [_layout(one, name) for one in given["people"]]
    people = tuple(_person(one, name) for one in given["people"])
    if canvas is not None and _are_shares(people):
        people = tuple(_times(person, canvas) for person in people)
    return Pose(people, canvas, max(layouts, default=18))


def _canvas(given: Mapping[str, Any]) -> Extent | None:
    sides = given.get("canvas_width"), given.get("canvas_height")
    if all(isinstance(side, int) and 1 <= side <= 32_768 for side in sides):
        return Extent(int(sides[0] or 1), int(sides[1] or 1))
    return None


def _layout(person: Any, name: str) -> int:
    body = _given(person, "pose_keypoints_2d") if isinstance(person, Mapping) else None
    if not isinstance(body, list) or len(body) not in (0, 54, 75):
        raise PictureError(f"{name} has a person whose body is neither of 18 nor of 25 joints", hint=_HINT)
    return 25 if len(body) == 75 else 18


def _given(person: Mapping[str, Any], key: str) -> Any:
    """A list of joints; the first versions of OpenPose left `_2d` away."""
    return person.get(key, person.get(key.removesuffix("_2d")))


def _person(given: Mapping[str, Any], name: str) -> Person:
    body = _points(_given(given, "pose_keypoints_2d"), name)
    layout = LAYOUTS.get(len(body), BODY_18)
    parts = {}
    for part, key in _FIELDS.items():
        listed = _given(given, key)
        if listed:
            points = _points(listed, name)
            if len(points) != PARTS[part][1] and not (part == "face" and len(points) == 68):
                raise PictureError(f"{name} has a {part.replace('_', ' ')} of {len(points)} points", hint=_HINT)
            if any(one is not None for one in points):
                parts[part] = points
    seen = {joint: place for joint, place in zip(layout, body, strict=False) if place is not None}
    return Person(seen, parts)


def _points(listed: Any, name: str) -> tuple[Place | None, ...]:
    if not isinstance(listed, list) or len(listed) % 3 or len(listed) > 3 * 512:
        raise PictureError(f"{name} has joints that are not of x, y and trust", hint=_HINT)
    points: list[Place | None] = []
    for at in range(0, len(listed), 3):
        x, y, trust = (0.0 if one is None else one for one in listed[at: at + 3])
        if any(isinstance(one, bool) or not isinstance(one, int | float) for one in (x, y, trust)) or \
                not all(abs(one) <= MAX_PLACE for one in (x, y, trust)):
            raise PictureError(f"{name} has a joint that is not of numbers", hint=_HINT)
        points.append((float(x), float(y)) if trust > 0 else None)
    return tuple(points)


def _are_shares(people: tuple[Person, ...]) -> bool:
    places = [value for person in people for place in person.joints.values() for value in place]
    return bool(places) and all(-0.5 <= value <= 1.5 for value in places)


def _times(person: Person, canvas: Extent) -> Person:
    def scaled(place: Place) -> Place:
        return place[0] * canvas.width, place[1] * canvas.height

    return Person({joint: scaled(place) for joint, place in person.joints.items()},
                  {part: tuple(None if one is None else scaled(one) for one in points)
                   for part, points in person.parts.items()})


def write_pose(pose: Pose, layout: int | None = None) -> bytes:
    """As OpenPose JSON, in the layout asked for (18 or 25; None: the one it came in), with the canvas."""
    extent, order = pose.extent(), LAYOUTS[layout or pose.layout]
    people = []
    for person in pose.people:
        joints = _with_hip(person) if len(order) == 25 else person.joints
        body = _listed([joints.get(joint) for joint in order])
        parts = {key: _listed(person.parts.get(part, ())) for part, key in _FIELDS.items()}
        people.append({"person_id": [-1], "pose_keypoints_2d": body, **parts})
    data = {"version": 1.3, "people": people, "canvas_width": extent.width, "canvas_height": extent.height}
    return json.dumps(data, indent=1).encode()


def _with_hip(person: Person) -> Mapping[str, Place]:
    """The middle of the hips, for the layout that has it."""
    hips = [person.joints.get(joint) for joint in ("left_hip", "right_hip")]
    if "mid_hip" in person.joints or hips[0] is None or hips[1] is None:
        return person.joints
    return {**person.joints, "mid_hip": ((hips[0][0] + hips[1][0]) / 2, (hips[0][1] + hips[1][1]) / 2)}


def _listed(points: Any) -> list[float]:
    return [value for one in points for value in ((0.0, 0.0, 0.0) if one is None else
                                                  (round(one[0], 3), round(one[1], 3), 1.0))]
