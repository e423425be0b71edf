"""A control as people type it: everything that can be said in one line, and what is refused with a way out."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.studio import save_drawing, save_picture

from underpaint.controls.contradictions import contradictions
from underpaint.controls.spec import parse_spec
from underpaint.controls.table import CONTROLS
from underpaint.errors import RecipeError, UnderpaintError
from underpaint.library.control_files import read_controls
from underpaint.recipe import LineControl

KINDS = tuple(CONTROLS)


@pytest.mark.parametrize(("text", "source", "fields", "options"), [
    ("line=map.png", "map.png", {}, {}),
    ("line=map.png:0.8@0-0.6", "map.png", {"weight": 0.8, "start": 0, "end": 0.6}, {}),
    ("line=map.png@0.2-1", "map.png", {"start": 0.2, "end": 1}, {}),
    (r"line=C:\maps\a.png:1.5", r"C:\maps\a.png", {"weight": 1.5}, {}),
    ("line=my map (2).png:2", "my map (2).png", {"weight": 2}, {}),
    ("line=map.png:0.8+resize=crop+curve=0:1/1:0.2", "map.png", {"weight": 0.8, "curve": ((0, 1), (1, 0.2))},
     {"resize": "crop"}),
    ("palette=#102030,#ffeedd:0.5", "#102030,#ffeedd", {"weight": 0.5}, {}),
    ("perspective=-0.5,0.4/1.5,0.4", "-0.5,0.4/1.5,0.4", {}, {}),
    ("light=left+hardness=0.7", "left", {}, {"hardness": "0.7"}),
    ("color=a.png+render-only", "a.png", {}, {"render-only": ""}),
    ("light", "", {}, {}),
])
def test_what_is_typed_is_taken_apart(text: str, source: str, fields: dict, options: dict) -> None:
    spec = parse_spec(text, KINDS)
    assert (spec.source, dict(spec.fields), dict(spec.options)) == (source, fields, options)


@pytest.mark.parametrize(("text", "said"), [
    ("", "no control"), ("=map.png", "no control"), ("lime=map.png", "no control 'lime'"),
    ("line=map.png:3", "0 to 2"), ("line=map.png:-1", "0 to 2"),
    ("line=map.png@0.6-0.2", "before it starts"), ("line=map.png@0-7", "no share"),
    ("light=left+curve=1:2", "no curve"), ("light=left+curve=0.5:1/0.2:1", "follow one another"),
    ("light=sideways", "no side"), ("light=left+contrast=7", "out of range"), ("light=left+softness=1", "no option"),
    ("light", "from where"), ("light=nan", "finite"), ("line", "which drawing"), ("line=nowhere.png", "no file"),
    ("line=" + "a" * 300, "no file"),
    ("palette", "which palette"), ("palette=nowhere.ase", "no palette"), ("palette=#12", "no palette"),
    ("palette=#102030+snap=maybe", "no number"), ("palette=#102030+match=loudly", "colours"),
    ("colour", "which colours"), ("colour=nowhere.png", "no file"),
    ("perspective", "which points"), ("perspective=a,b", "neither a point"), ("perspective=0.5,0.4+curvature=3", "1"),
    ("palette=" + "a" * 300, "no palette"), ("perspective=1,2,3", "neither a point"), ("perspective=0.5,nan", "finite"),
])
def test_what_cannot_be_meant_is_refused_with_a_way_out(text: str, said: str) -> None:
    with pytest.raises(UnderpaintError) as caught:
        read_controls([text])
    assert said in str(caught.value) and caught.value.hint


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        assert parse_spec(text, KINDS).kind in KINDS
    except RecipeError as error:
        assert error.hint


def test_a_hair_below_nothing_is_no_whole_turn() -> None:
    assert read_controls(["light=-1e-20"])[0].control.direction == 0


def test_fields_reach_the_control(tmp_path: Path) -> None:
    drawing = save_drawing(tmp_path / "d.png")
    one, = read_controls([f"line={drawing}:0.8@0.1-0.6+resize=just-resize+curve=0:1/0.5:0.5"])
    assert isinstance(one.control, LineControl) and one.control.drawing.sha256 in one.blobs
    assert one.control.changed(drawing=one.control.drawing).model_dump(mode="json", exclude={"drawing"}) == {
        "kind": "line", "weight": 0.8, "start": 0.1, "end": 0.6, "curve": [[0.0, 1.0], [0.5, 0.5]],
        "resize": "stretch"}


def test_lines_from_the_option_and_from_a_control_are_the_same_drawing(tmp_path: Path) -> None:
    from underpaint.library.drawings import read_drawing

    drawing = save_drawing(tmp_path / "d.png")
    assert read_controls([f"line={drawing}"])[0].control.drawing == read_drawing(drawing).blob


def test_a_photograph_is_no_drawing(tmp_path: Path) -> None:
    with pytest.raises(UnderpaintError):
        read_controls([f"line={save_picture(tmp_path / 'noise.png', 200, 200)}"])


class TestStrength:
    def test_weight_and_curve_multiply_inside_the_share_of_the_steps(self) -> None:
        spec = parse_spec("light=left:1.5@0.2-0.8+curve=0.2:1/0.6:0", KINDS)
        control = CONTROLS["light"].read(spec, None).control
        assert [round(control.strength_at(at), 3) for at in (0, 0.2, 0.4, 0.6, 0.7, 0.8, 0.9)] == [
            0, 1.5, 0.75, 0, 0, 0, 0]

    def test_without_a_curve_it_is_the_weight(self) -> None:
        control = CONTROLS["light"].read(parse_spec("light=left:0.5", KINDS), None).control
        assert control.strength_at(0) == control.strength_at(0.99) == 0.5


@pytest.mark.parametrize(("specs", "said"), [
    (("light=left", "light=right"), "two lights"), (("palette=#102030", "palette=#ffeedd"), "two palettes"),
    (("perspective=0.2,0.4", "perspective=0.8,0.4"), "two perspectives"), (("light=left", "light=upper-left"), None),
    (("light=left:0", "light=right"), None), (("light=left@0-0.4", "light=right@0.4-1"), None),
    (("light=left", "palette=#102030", "perspective=0.5,0.4"), None)])
def test_controls_that_pull_against_each_other_are_told(specs: tuple[str, ...], said: str | None) -> None:
    found = contradictions([one.control for one in read_controls(specs)])
    assert found == contradictions([one.control for one in read_controls(specs[::-1])])
    assert len(found) == (said is not None) and (said is None or said in found[0])
