"""A prompt read whole."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from underpaint.errors import PromptError
from underpaint.prompt import (
    MOST_CHARACTERS,
    Emphasis,
    Network,
    parse_prompt,
    split_parts,
    strip_comments,
    take_networks,
)

ADVERSARIAL = st.text(alphabet=st.sampled_from("[]()<>:|\\#AND ab=.1-\n") | st.characters(), max_size=60) | st.lists(
    st.sampled_from(["AND", " ", "<lora:a:1>", "#", "\n", "[a:b:2]", ":0.5", "BREAK", "x"])
).map("".join)


def test_the_shape_that_the_command_prints() -> None:
    said = parse_prompt("(cat:1.2) <lora:ink:0.8:te=0.5> AND [day:night:0.5] :0.7", steps=10).to_json()
    assert said == {
        "schedule": [[10, [["cat", 1.2]]]],
        "parts": [
            {"text": "(cat:1.2)", "weight": 1.0, "schedule": [[10, [["cat", 1.2]]]]},
            {
                "text": " [day:night:0.5]",
                "weight": 0.7,
                "schedule": [[5, [[" day", 1.0]]], [10, [[" night", 1.0]]]],
            },
        ],
        "extra": [{"kind": "lora", "positional": ["ink", "0.8"], "named": {"te": "0.5"}}],
    }


def test_one_part_keeps_its_words_as_typed() -> None:
    parsed = parse_prompt("a cat, aspect 16:9 ", steps=4)
    assert parsed.schedule == ((4, (("a cat, aspect 16:9 ", 1.0),)),)
    assert [(part.text, part.weight) for part in parsed.parts] == [("a cat, aspect 16", 9.0)]


def test_negative_prompts_know_no_parts() -> None:
    parsed = parse_prompt("a AND b :0.5", steps=4, negative=True)
    assert [(part.text, part.weight) for part in parsed.parts] == [("a AND b :0.5", 1.0)]


def test_comfyui_knows_only_weights() -> None:
    text = "# a AND [b:c:2] BREAK <lora:x:1> (d:2)"
    parsed = parse_prompt(text, steps=7, dialect="comfyui")
    assert parsed.schedule == ((7, (("# a AND [b:c:2] BREAK <lora:x:1> ", 1.0), ("d", 2.0))),)
    assert (parsed.networks, len(parsed.parts), parsed.emphasis) == ((), 1, Emphasis.FROM_EMPTY)


def test_emphasis_none_leaves_brackets_in_the_words() -> None:
    for dialect in ("a1111", "comfyui"):
        parsed = parse_prompt("(a:1.3) BREAK b", steps=3, dialect=dialect, emphasis=Emphasis.NONE)
        assert parsed.schedule == ((3, (("(a:1.3) BREAK b", 1.0),)),)
    assert parse_prompt("(a:1.3)", steps=3, emphasis=Emphasis.IGNORE).schedule == ((3, (("a", 1.3),)),)


def test_passes_reach_the_timeline() -> None:
    assert parse_prompt("[a:b:1.5]", steps=10, first_pass_steps=20).schedule[0][0] == 5
    assert parse_prompt("[a:b:0.5]", steps=10, first_pass_steps=20, old_timelines=True).schedule[0][0] == 5
    assert len(parse_prompt("[a:b:0.5]", steps=10, first_pass_steps=20).schedule) == 1


@pytest.mark.parametrize(
    ("text", "stripped"),
    [
        ("a # b", "a \n"),
        ("a # b\nc", "a \nc"),
        ("a\n# b\nc", "a\nc"),
        ("# b\nc", "\nc"),
        (r"a \# b", r"a \# b"),
        ("no comment", "no comment"),
    ],
)
def test_comments(text: str, stripped: str) -> None:
    assert strip_comments(text) == stripped


def test_comments_hide_networks_and_words() -> None:
    parsed = parse_prompt("a # <lora:x:1> AND c", steps=2)
    assert (parsed.networks, len(parsed.parts)) == ((), 1)


@pytest.mark.parametrize(
    ("text", "rest", "networks"),
    [
        ("<lora:a:1:0.5>", "", [Network("lora", ("a", "1", "0.5"))]),
        ("<lora:a:te=1:unet=0.5:dyn=3>", "", [Network("lora", ("a",), {"te": "1", "unet": "0.5", "dyn": "3"})]),
        ("<lora:a=b=c>", "", [Network("lora", ("a=b=c",))]),
        ("<lora:a b:1> < lora:x>", " < lora:x>", [Network("lora", ("a b", "1"))]),
        ("<lora:> <a> <b:c", "<lora:> <a> <b:c", []),
        ("<lora:a\nb:1>", "", [Network("lora", ("a\nb", "1"))]),
        ("<lora:<lora:a:1>", "", [Network("lora", ("<lora", "a", "1"))]),
    ],
)
def test_networks(text: str, rest: str, networks: list[Network]) -> None:
    assert take_networks(text) == (rest, tuple(networks))


@pytest.mark.parametrize(
    ("text", "strengths"),
    [
        ("<lora:a>", (1.0, 1.0)),
        ("<lora:a:0.8>", (0.8, 0.8)),
        ("<lora:a:0.8:0.2>", (0.8, 0.2)),
        ("<lora:a:te=0.3>", (0.3, 0.3)),
        ("<lora:a:0.8:unet=0>", (0.8, 0.0)),
        ("<lora:a:-.5>", (-0.5, -0.5)),
    ],
)
def test_strengths_of_a_lora(text: str, strengths: tuple[float, float]) -> None:
    assert take_networks(text)[1][0].strengths() == strengths


@pytest.mark.parametrize("text", ["<lora:a:strong>", "<lora:a:1:nan>", "<lora:a:te=inf>"])
def test_a_strength_that_is_no_number_is_named(text: str) -> None:
    with pytest.raises(PromptError, match="where a number belongs"):
        take_networks(text)[1][0].strengths()


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a AND b", [("a", 1.0), (" b", 1.0)]),
        ("a:2 AND\nb : -.5\n", [("a", 2.0), ("\nb", -0.5)]),
        ("SAND AND ANDY", [("SAND", 1.0), (" ANDY", 1.0)]),
        ("a :1.", [("a", 1.0)]),
        ("a :1e3", [("a :1e3", 1.0)]),
        ("a: b:3: 4", [("a: b:3", 4.0)]),
        ("a:" + "9" * 400, [("a:" + "9" * 400, 1.0)]),
    ],
)
def test_parts(text: str, parts: list[tuple[str, float]]) -> None:
    assert list(split_parts(text)) == parts


@settings(max_examples=400, deadline=None)
@given(ADVERSARIAL, st.integers(1, 8), st.sampled_from(["a1111", "comfyui"]), st.none() | st.integers(1, 30))
def test_any_text_is_read_into_finite_json(text: str, steps: int, dialect: str, first: int | None) -> None:
    parsed = parse_prompt(text, steps=steps, dialect=dialect, first_pass_steps=first)  # type: ignore[arg-type]
    said = json.loads(json.dumps(parsed.to_json(), allow_nan=False))
    assert set(said) == {"schedule", "parts", "extra"} and said["parts"]
    assert all(part["schedule"][-1][0] == steps for part in said["parts"])
    # The same text gives the same reading.
    again = parse_prompt(text, steps=steps, dialect=dialect, first_pass_steps=first)  # type: ignore[arg-type]
    assert again == parsed


def test_a_book_is_refused_in_one_line() -> None:
    with pytest.raises(PromptError) as caught:
        parse_prompt("a" * 100_000, steps=20)
    assert str(caught.value) == (
        f"prompt: the prompt is 100,000 characters long; at most {MOST_CHARACTERS:,} can be read. Shorten it."
    )


def test_no_steps_is_refused() -> None:
    with pytest.raises(PromptError, match="0 steps"):
        parse_prompt("a", steps=0)


@pytest.mark.parametrize("piece", ["<a:", "AND ", "BREAK ", ": ", " ", "#", "\\", "<a:b>", "a AND b:1 "])
def test_long_repetitive_prompts_are_read(piece: str) -> None:
    text = piece * (MOST_CHARACTERS // len(piece))
    for dialect in ("a1111", "comfyui"):
        assert parse_prompt(text, steps=20, dialect=dialect).schedule[-1][0] == 20
