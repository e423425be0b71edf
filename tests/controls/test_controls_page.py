"""docs/controls.md: its commands run as they stand, and one row is all that a new control takes."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kit.controls import EXAMPLES, boxes, shapes
from kit.studio import Program, save_drawing
from PIL import Image

from underpaint.controls import table
from underpaint.controls.shape import Check, Description, Extracted, Given, Steering
from underpaint.controls.spec import parse_spec
from underpaint.errors import RecipeError
from underpaint.recipe import PerspectiveControl

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "controls.md").read_text(encoding="utf-8")
COMMANDS = [shlex.split(line)[1:] for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
            for line in block.strip().splitlines()]


def test_the_commands_run(program: Program, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    picture, _ = shapes(2)
    street = EXAMPLES["perspective"]().control
    assert isinstance(street, PerspectiveControl)
    for name, pixels in (("photo.jpg", picture), ("street.png", boxes(street, height=192, width=256))):
        Image.fromarray(np.rint(pixels * 255).astype(np.uint8)).save(name, quality=95)
    save_drawing(Path("drawing.png"))
    Path("brand.gpl").write_text("GIMP Palette\n200 30 40 red\n")
    joints = [float(value) for joint in range(18) for value in (60 + 5 * joint, 40 + 9 * joint, 1)]
    Path("pose.json").write_text(f'{{"people": [{{"pose_keypoints_2d": {joints}}}]}}')
    assert len(COMMANDS) > 12
    for words in COMMANDS:
        quick = ["--model", str(tiny_model), "--steps", "4", "--size", "32x32"] if words[0] == "paint" else []
        program.well(*words, *quick)
        for name in re.findall(r"(?:-o|--overlay|--draw) (\S+)", " ".join(words)):
            assert Path(name).stat().st_size > 0


def test_every_control_has_its_row() -> None:
    assert re.findall(r"^\| `([a-z]+)` \|", PAGE, re.MULTILINE) == list(table.CONTROLS)


class Warmth:
    """A control as the page says to write one: how warm the picture is; steering is left to others here."""

    description = Description(name="light", says="how warm it is", given="warmth=0.5", steers="not at all",
                              checks="mean red over blue", families="every one", cost="none", extracts=("mean",))
    measured_as = "warmth"

    def read(self, spec: Any, files: Any) -> Given:
        return Given(EXAMPLES["light"]().control)

    def extract(self, picture: np.ndarray, how: str, suffix: str | None = None) -> Extracted:
        return Extracted(b"0.5", ".txt", "half warm")

    def steer(self, control: Any, ground: Any, tools: Any) -> Steering:
        return Steering()

    def check(self, picture: np.ndarray, control: Any, ground: Any) -> Check | None:
        warmth = float(np.clip(0.5 + (picture[..., 0] - picture[..., 2]).mean(), 0, 1))
        return Check(warmth, {"warmth": warmth}, f"warmth {warmth:.0%}", lambda shown: shown)


@pytest.fixture
def with_warmth(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(table, "CONTROLS", {**table.CONTROLS, "light": Warmth()})
    yield


def test_one_row_is_all_it_takes(with_warmth: None) -> None:
    example = EXAMPLES["light"]()
    given = table.read_control("light", None)
    assert table.check([given.control], example.follows, example.ground())["warmth"].score == pytest.approx(0.5)


def test_a_control_that_is_not_there_is_refused_by_name() -> None:
    for name in ("segments", "glow"):
        with pytest.raises(RecipeError, match=name):
            parse_spec(f"{name}=a.png", tuple(table.CONTROLS))
