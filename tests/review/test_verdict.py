"""The verdict: a class with its chances and one reason, from the network, the measurements and the checks."""

import cv2
import numpy as np
import pytest

from underpaint.errors import PictureError
from underpaint.review.following import Demand, demands
from underpaint.review.places import QUALITY, review_folder
from underpaint.review.quality import Grading, Quality
from underpaint.review.shape import Defect
from underpaint.review.verdict import GRADES, Asked, Reviewer, judge

SURE = Grading(0.9, 0.08, 0.02)
SEAM = Defect("seam", "seam at the right edge", 0.9, (0.9, 0, 1, 1))
KEPT = Demand("control", "lines", True, "lines kept 90 %, invented 10 %", 0.8)
DRAGON = Demand("words", "a dragon", False, "not in the picture: a dragon", 0.1)


def test_what_is_sound_and_follows_is_good() -> None:
    verdict = judge(SURE, (), (KEPT,))
    assert verdict.grade == "good" and verdict.reason == "nothing wrong was found" and verdict.place is None
    assert verdict.chances["good"] == pytest.approx(0.9) and verdict.content == 1.0


def test_a_glaring_defect_makes_it_weak_and_is_the_reason_with_its_place() -> None:
    verdict = judge(SURE, (SEAM,), ())
    assert verdict.grade == "weak" and verdict.reason == "seam at the right edge" and verdict.place == (0.9, 0, 1, 1)
    assert verdict.content is None


def test_a_phrase_that_is_not_shown_is_the_first_reason() -> None:
    verdict = judge(SURE, (SEAM,), (DRAGON, DRAGON, KEPT))
    assert verdict.grade == "weak" and verdict.reason == "not in the picture: a dragon"


def test_a_control_that_was_not_followed_is_a_reason_too() -> None:
    loose = Demand("control", "lines", False, "lines kept 40 %, invented 30 %", 0.4)
    verdict = judge(SURE, (), (loose,))
    assert verdict.grade != "good" and verdict.reason == loose.says


def test_what_was_measured_stands_before_what_the_network_saw_of_the_same() -> None:
    learned = Defect("seam", "a seam, middle", 0.8, (0.4, 0, 0.6, 1), learned=True)
    verdict = judge(Grading(0.2, 0.5, 0.3, (learned, Defect("soft", "soft", 0.4, learned=True))), (SEAM,), ())
    assert [one.name for one in verdict.defects] == ["seam", "soft"] and not verdict.defects[0].learned


@pytest.mark.parametrize("strength", [0.0, 0.3, 0.7, 1.0])
@pytest.mark.parametrize("wanted", [(), (KEPT,), (DRAGON,)])
def test_chances_add_up_and_the_class_is_the_likeliest(strength: float, wanted: tuple[Demand, ...]) -> None:
    verdict = judge(Grading(0.5, 0.3, 0.2), (Defect("soft", "soft", strength),), wanted)
    assert sum(verdict.chances.values()) == pytest.approx(1) and min(verdict.chances.values()) >= 0
    assert verdict.chances[verdict.grade] == max(verdict.chances.values()) and set(verdict.chances) == set(GRADES)
    assert verdict.to_json()["grade"] == verdict.grade


def test_what_a_region_was_to_follow_is_told_of_it() -> None:
    (told,) = demands({"palette in coat 2": {"on": 0.9, "worst_blob": 0.1}})
    assert (told.asked, told.met, told.says) == ("palette in coat 2", True,
                                                 "in coat 2: 90% of the picture lies on the palette")


def test_demands_are_read_from_what_was_measured() -> None:
    found = {one.asked: one for one in demands({
        "lines": {"kept": 0.5, "invented": 0.2, "f1": 0.6}, "light": {"toward": 0.1, "from_planned_side": True},
        "palette": {"on": 0.9}, "colour": {"difference": 14.0}, "perspective": {"share": 0.6},
        "region 2": {"inside": 0.9, "leaked": True, "border": 0.1},
        "words": {"phrases": {"a cat": "there", "rain": "weak", "a dragon": "not in the picture"}, "model": "x"}})}
    assert {name for name, one in found.items() if one.met} == {"light", "palette", "perspective", "a cat", "rain"}
    assert found["a dragon"].says == "not in the picture: a dragon" and found["colours"].says == "colours off by 14.0"
    assert found["lines"].says == "lines kept 50%, invented 20%"


@pytest.mark.parametrize("measured", [{"lines": {"kept": None}}, {"lines": 3}, {"words": {"phrases": ["a"]}},
                                      {"words": {"phrases": {"a": "perhaps"}}}, {"light": {"mean": 0.5}}, {"x": {}}])
def test_what_another_version_measured_is_passed_over(measured: dict) -> None:
    assert demands(measured) == ()


def test_a_reviewer_refuses_what_is_no_picture_before_it_reads_a_network(tmp_path: object) -> None:
    with pytest.raises(PictureError):
        Reviewer().review([Asked(np.zeros((3, 3, 9), np.float32))])


def test_a_fault_that_is_only_suspected_is_said_with_care() -> None:
    suspect = Defect("malformed", "badly formed, left", 0.2, (0, 0.3, 0.3, 0.6), learned=True)
    verdict = judge(Grading(0.2, 0.3, 0.5, (), suspect), (), ())
    assert verdict.reason == "perhaps badly formed, left" and verdict.place == suspect.box
    assert verdict.fault == "malformed" and verdict.defects == ()
    assert judge(Grading(0.8, 0.1, 0.1, (), suspect), (), ()).reason == "nothing wrong was found"


def test_what_is_good_only_for_want_of_anything_likelier_is_not_praised() -> None:
    verdict = judge(Grading(0.36, 0.32, 0.32), (), ())
    assert verdict.grade == "good" and not verdict.sure and not verdict.to_json()["sure"]
    assert verdict.reason == "no plain fault was found; whether it is good is yours to say"
    slight = Defect("soft", "soft, not in focus", 0.4, learned=True)
    assert judge(Grading(0.36, 0.32, 0.32, (slight,)), (), ()).reason == slight.words
    assert judge(SURE, (), ()).sure


def test_the_shipped_network_is_small_and_sees_plain_faults() -> None:
    folder = review_folder(QUALITY)
    assert (folder / "model.safetensors").stat().st_size < 1_500_000
    y, x = np.mgrid[0:160, 0:200].astype(np.float32)
    ground = (y > 90 + 12 * np.sin(x / 20))[..., None]
    hills = np.where(ground, np.float32([0.3, 0.5, 0.25]), np.float32([0.6, 0.75, 0.9]))
    grainy = np.clip(hills + np.random.default_rng(0).normal(0, 0.2, hills.shape), 0, 1).astype(np.float32)
    plain, speckled, soft = Quality.read().grade([hills, grainy, cv2.GaussianBlur(hills, (0, 0), 5)])
    assert [one.name for one in speckled.faults] == ["speckle"] and [one.name for one in soft.faults] == ["soft"]
    assert plain.faults == () and max(speckled.good, soft.good) < 0.1 < plain.good
