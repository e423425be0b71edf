"""A team's labels: learned apart for craft and content, told where people disagree, refused where damaged."""

from pathlib import Path

import numpy as np
import pytest

from underpaint.errors import ModelError, RecipeError
from underpaint.review.quality import Grading
from underpaint.review.team import LEAST_LABELS, Label, Team, forget_team, learn_team, team_file
from underpaint.review.verdict import GRADES, Verdict, judge

Known = dict[str, tuple[dict, np.ndarray]]


def pictures(count: int = 60) -> tuple[Known, list[Label]]:
    """Pictures of which the team likes the light ones, whatever the review says."""
    rng = np.random.default_rng(2)
    known, labels = {}, []
    for number in range(count):
        qualities = rng.normal(size=14).astype(np.float32)
        key = f"{number:064x}"
        known[key] = (verdict().to_json(), qualities)
        grade = GRADES[0] if qualities[0] > 0.4 else GRADES[1] if qualities[0] > -0.4 else GRADES[2]
        labels.append(Label(key, craft=grade))
    return known, labels


def verdict() -> Verdict:
    return judge(Grading(0.6, 0.3, 0.1), (), ())


def test_a_team_that_likes_light_pictures_is_followed() -> None:
    known, labels = pictures()
    team = learn_team(labels, known)
    assert team.craft is not None and team.craft.right > 0.6 and team.content is None
    light, dark = np.zeros(14, np.float32), np.zeros(14, np.float32)
    light[0], dark[0] = 2.0, -2.0
    assert team.adjusted(verdict(), light).score > team.adjusted(verdict(), dark).score + 0.2
    told = team.adjusted(verdict(), dark)
    assert sum(told.chances.values()) == pytest.approx(1)
    assert told.chances[told.grade] == max(told.chances.values())
    assert f"craft: 60 labels, {team.craft.right:.0%} foretold; content: too few labels" in team.says


def test_few_labels_and_labels_all_alike_teach_nothing() -> None:
    known, labels = pictures()
    assert learn_team(labels[: LEAST_LABELS - 1], known).craft is None
    assert learn_team([Label(one.sha256, craft="good") for one in labels], known).craft is None
    untaught = learn_team([], known)
    assert untaught.adjusted(verdict(), np.zeros(14, np.float32)).chances == pytest.approx(verdict().chances)


def test_one_persons_word_does_not_foretell_anothers() -> None:
    """Labels without rhyme or reason, each given by eight people: nothing can be foretold of a picture not seen."""
    rng = np.random.default_rng(5)
    known = {f"{number:064x}": (verdict().to_json(), rng.normal(size=14).astype(np.float32)) for number in range(16)}
    labels = [Label(key, craft=GRADES[number % 2]) for number, key in enumerate(known)]
    team = learn_team([label for label in labels for _ in range(8)], known)
    assert team.craft is not None and team.craft.right < 0.75


def test_what_people_say_differently_is_told() -> None:
    known, labels = pictures()
    other = [Label(one.sha256, craft="weak" if one.craft == "good" else one.craft) for one in labels]
    good = sum(one.craft == "good" for one in labels)
    assert f"of {good} pictures people said different things" in learn_team([*labels, *other], known).says


def test_it_is_kept_read_again_and_forgotten(home: Path) -> None:
    known, labels = pictures()
    team = learn_team(labels, known)
    assert Team.read(team_file()) is None and not forget_team()
    team.keep(team_file())
    again = Team.read(team_file())
    assert again is not None and again.to_json() == team.to_json() and again.name == team.name
    assert forget_team() and Team.read(team_file()) is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": 1, "craft": {"weights": [[1]], "offsets": [0, 0], '
                                  '"labels": 3, "right": 1}, "content": null, "contradicted": 0}'])
def test_a_damaged_file_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "team.json").write_text(text)
    with pytest.raises(ModelError, match="labels"):
        Team.read(tmp_path / "team.json")


@pytest.mark.parametrize("data", [{"sha256": "x", "craft": "good"}, {"sha256": "0" * 64, "craft": "great"},
                                  {"sha256": "0" * 64, "craft": ["good"]}, {"sha256": "../" * 21 + "a"}])
def test_a_label_that_is_none_is_refused(data: dict) -> None:
    with pytest.raises(RecipeError):
        Label.from_json(data)
