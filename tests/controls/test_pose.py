"""Poses as data: every layout in and out, joints that were not seen, moving, mirroring, scaling, drawing, comparing."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from underpaint.controls.pose.drawing import draw_pose
from underpaint.controls.pose.openpose import BODY_18, BODY_25, read_pose, write_pose
from underpaint.controls.pose.people import LIMBS, PARENTS, Person, Pose, joints_in_place
from underpaint.errors import PictureError, RecipeError
from underpaint.imaging.geometry import Extent
from underpaint.library.poses import Changes, change, load
from underpaint.recipe import PosedPerson

STANDING = {"nose": (100, 40), "neck": (100, 60), "right_shoulder": (85, 60), "right_elbow": (80, 90),
            "right_wrist": (78, 120), "left_shoulder": (115, 60), "left_elbow": (120, 90), "left_wrist": (122, 120),
            "right_hip": (90, 120), "right_knee": (90, 160), "right_ankle": (90, 200), "left_hip": (110, 120),
            "left_knee": (110, 160), "left_ankle": (110, 200), "right_eye": (96, 36), "left_eye": (104, 36),
            "right_ear": (92, 38), "left_ear": (108, 38)}  # fmt: skip
HAND = tuple((122.0 + n, 124.0 + n) for n in range(21))
PERSON = Person({joint: (float(x), float(y)) for joint, (x, y) in STANDING.items()}, {"hand_left": HAND})
POSE = Pose((PERSON,), Extent(200, 240))


def file(order: tuple[str, ...], *, left_out: tuple[str, ...] = (), **fields: object) -> bytes:
    body = [value for joint in order
            for value in ((*STANDING[joint], 0.9) if joint in STANDING and joint not in left_out else (0, 0, 0))]
    return json.dumps({"people": [{"pose_keypoints_2d": body}], **fields}).encode()


@pytest.mark.parametrize("order", [BODY_18, BODY_25], ids=["18", "25"])
def test_both_layouts_are_read_and_written_back(order: tuple[str, ...]) -> None:
    pose = read_pose(file(order, left_out=("left_knee", "left_ear"), canvas_width=200, canvas_height=240))
    assert "left_knee" not in pose.people[0].joints and len(pose.people[0].joints) == 16
    assert pose.people[0].joints["left_wrist"] == (122, 120) and pose.canvas == Extent(200, 240)
    again = json.loads(write_pose(pose))
    assert len(again["people"][0]["pose_keypoints_2d"]) == 3 * len(order)
    once = read_pose(write_pose(pose))
    assert read_pose(write_pose(once)) == once and once.people[0].joints.items() >= pose.people[0].joints.items()


def test_one_layout_becomes_the_other() -> None:
    seen = read_pose(write_pose(POSE, 25)).people[0].joints
    assert seen["mid_hip"] == (100, 120) and len(seen) == 19
    assert read_pose(write_pose(read_pose(write_pose(POSE, 25)), 18)).people[0].joints == PERSON.joints


def test_several_people_hands_and_face_go_round() -> None:
    face = tuple((float(n), float(n)) if n % 2 else None for n in range(70))
    pose = Pose((PERSON, Person({"neck": (10.0, 20.0)}, {"face": face}), Person()), Extent(64, 64))
    assert read_pose(write_pose(pose)) == pose


def test_shares_of_the_canvas_and_lists_of_the_control_extension_are_read() -> None:
    body = [value for joint in BODY_18 for value in (STANDING[joint][0] / 200, STANDING[joint][1] / 240, 1)]
    data = json.dumps([{"people": [{"pose_keypoints_2d": body, "face_keypoints_2d": None}],
                        "canvas_width": 200, "canvas_height": 240}]).encode()
    assert read_pose(data).people[0].joints["left_wrist"] == pytest.approx((122, 120))


def test_the_first_versions_of_openpose_are_read() -> None:
    old = file(BODY_18).replace(b"pose_keypoints_2d", b"pose_keypoints")
    assert read_pose(old).people[0].joints["left_wrist"] == (122, 120)


@pytest.mark.parametrize("data", [
    b"", b"[]", b"{", b"[" * 5000, b'{"people": 3}', b'{"people": [3]}', b'{"people": [{"pose_keypoints_2d": [1, 2]}]}',
    json.dumps({"people": [{"pose_keypoints_2d": ["a"] * 54}]}).encode(), file(BODY_18).replace(b"0.9", b"NaN"),
    json.dumps({"people": [{"pose_keypoints_2d": [0] * 54, "hand_left_keypoints_2d": [1] * 6}]}).encode(),
    json.dumps({"people": [{"pose_keypoints_2d": [1e9] * 54}]}).encode(),
    json.dumps({"people": [{"pose_keypoints_2d": [10**400] * 54}]}).encode(),
    json.dumps({"people": [{"pose_keypoints_2d": []}] * 500}).encode(), b" " * 8_000_001])
def test_what_is_no_pose_is_one_clear_error(data: bytes) -> None:
    with pytest.raises(PictureError) as caught:
        read_pose(data)
    assert caught.value.hint


def test_a_canvas_past_the_limit_is_not_drawn() -> None:
    with pytest.raises(PictureError, match="the pose's canvas is too large: 32,768 x 32,768"):
        draw_pose(Pose((), Extent(32_768, 32_768)))


class TestChanges:
    def test_a_moved_wrist_takes_its_hand_along(self) -> None:
        moved = PERSON.moved("left_wrist", (132.0, 110.0))
        assert moved.parts["hand_left"][0] == (132, 114) and moved.joints["left_elbow"] == (120, 90)

    def test_mirroring_changes_left_and_right_round_and_twice_is_nothing(self) -> None:
        turned = POSE.mirrored()
        assert turned.people[0].joints["right_wrist"] == (78, 120) and "hand_right" in turned.people[0].parts
        assert turned.people[0].joints["left_shoulder"] == (115, 60)
        assert turned.mirrored() == POSE

    def test_longer_arms_keep_their_direction_and_carry_the_hand(self) -> None:
        longer = PERSON.scaled("left_arm", 2.0)
        assert longer.joints["left_elbow"] == (125, 120) and longer.joints["left_wrist"] == (129, 180)
        assert longer.parts["hand_left"][0] == (129, 184) and longer.joints["right_wrist"] == (78, 120)

    def test_longer_legs_do_not_move_the_hips(self) -> None:
        longer = PERSON.scaled("legs", 1.5)
        assert longer.joints["left_hip"] == (110, 120) and longer.joints["left_ankle"] == (110, 240)

    @pytest.mark.parametrize("missing", ["left_elbow", "left_shoulder", "neck"])
    def test_joints_that_were_not_seen_are_skipped_over(self, missing: str) -> None:
        person = Person({joint: place for joint, place in PERSON.joints.items() if joint != missing})
        longer = person.scaled("left_arm", 2.0)
        assert missing not in longer.joints and len(longer.joints) == 17
        assert longer.joints["left_wrist"] != person.joints["left_wrist"]

    @given(st.sampled_from(sorted(LIMBS)), st.floats(0.2, 4))
    def test_scaling_there_and_back(self, limb: str, factor: float) -> None:
        back = PERSON.scaled(limb, factor).scaled(limb, 1 / factor)
        for joint, place in PERSON.joints.items():
            assert back.joints[joint] == pytest.approx(place, abs=1e-6)

    def test_every_limb_and_parent_is_a_joint(self) -> None:
        assert set(PARENTS) | {"neck"} == set(BODY_25)
        assert all(joint in PARENTS for joints in LIMBS.values() for joint in joints)

    def test_words_are_carried_out(self) -> None:
        done = change(POSE, Changes(moves=["1.left_wrist=+10,-20", "nose=50,60"], scales=["1.legs=1.5"]))
        joints = done.people[0].joints
        assert joints["left_wrist"] == (132, 100) and joints["nose"] == (50, 60) and joints["left_ankle"][1] == 240

    @pytest.mark.parametrize("asked", [
        {"moves": ["2.nose=1,2"]}, {"moves": ["1.tail=1,2"]}, {"moves": ["1.nose=1"]}, {"moves": ["1.nose=a,b"]},
        {"moves": ["1.nose=nan,1"]}, {"moves": ["x.nose=1,2"]}, {"moves": ["nose"]}, {"scales": ["1.arms=0"]},
        {"scales": ["1.arms=inf"]}, {"scales": ["1.wings=2"]}, {"moves": ["1.mid_hip=+1,+1"]}])
    def test_what_cannot_be_done_is_one_clear_error(self, asked: dict) -> None:
        with pytest.raises(RecipeError):
            change(POSE, Changes(**asked))


class TestDrawing:
    def test_limbs_lie_between_their_joints_in_the_colours_adapters_know(self) -> None:
        sheet = draw_pose(POSE)
        assert sheet.shape == (240, 200, 3) and sheet[5, 5].tolist() == [0, 0, 0]
        assert sheet[75, 82].any() and sheet[105, 79].any()
        red, green, blue = sheet[60, 93].tolist()  # neck to right shoulder
        assert red > 100 and green == blue == 0
        assert sheet[40, 100].tolist() == [255, 0, 0]  # the nose

    def test_missing_joints_and_empty_people_are_drawn_without(self) -> None:
        lone = Pose((Person({"left_wrist": (20.0, 20.0)}), Person()), Extent(64, 64))
        assert 0 < (draw_pose(lone) > 0).any(-1).mean() < 0.05
        assert not draw_pose(Pose((), None)).any()


class TestComparing:
    def test_the_same_pose_is_in_place_in_any_order(self) -> None:
        other = Person({joint: (x + 60, y) for joint, (x, y) in PERSON.joints.items()})
        assert joints_in_place(Pose((other, PERSON)), Pose((PERSON, other))) == 1

    def test_a_mirrored_or_moved_pose_is_not(self) -> None:
        raised = PERSON.moved("left_wrist", (122.0, 10.0)).moved("right_wrist", (78.0, 10.0))
        assert joints_in_place(Pose((raised,)), POSE) == pytest.approx(16 / 18)
        away = Person({joint: (x + 80, y) for joint, (x, y) in PERSON.joints.items()})
        assert joints_in_place(Pose((away,)), POSE) == 0 and joints_in_place(Pose(()), POSE) == 0
        assert joints_in_place(POSE, Pose(())) == 1


def test_people_measured_by_others_are_read(material: Path, tmp_path: Path) -> None:
    """Whole-body annotations in the order of COCO, put into OpenPose's layout by hand."""
    told = json.loads((material / "06_measured/pose/coco__test_coco_wholebody.json").read_text())
    order = ("nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow",
             "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee",
             "left_ankle", "right_ankle")
    people = []
    for one in told["annotations"]:
        points = np.reshape(one["keypoints"], (-1, 3))
        people.append(Person({joint: (float(x), float(y)) for joint, (x, y, seen) in zip(order, points, strict=True)
                              if seen}))
    pose = Pose(tuple(person for person in people if person.joints))
    assert pose.people
    (tmp_path / "p.json").write_bytes(write_pose(pose))
    again = load(tmp_path / "p.json")
    assert joints_in_place(again, pose) == 1 and joints_in_place(again.mirrored(), pose) < 0.9
    assert draw_pose(again).any()


def test_a_hand_in_a_recipe_is_whole_or_not_there() -> None:
    body = tuple(STANDING.get(joint) for joint in BODY_25)
    assert PosedPerson(body=body, hand_left=HAND).hand_right == ()
    with pytest.raises(ValueError, match="a hand has 21 points"):
        PosedPerson(body=body, hand_left=HAND[:3])
