"""Words that change over the steps."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from underpaint.errors import PromptError
from underpaint.prompt import Clock, parse_timeline

STEPS = 10
ADVERSARIAL = st.text(alphabet=st.sampled_from("[[]]()::||\\ab .15-\n") | st.characters(), max_size=60)


@pytest.mark.parametrize(
    ("text", "timeline"),
    [
        ("", [(10, "")]),
        ("[a:b:0.5]", [(5, "a"), (10, "b")]),
        ("[a:b: 3 ]", [(3, "a"), (10, "b")]),
        ("[b:3]", [(3, ""), (10, "b")]),
        ("[a::3]", [(3, "a"), (10, "")]),
        ("[a:b:0]", [(10, "b")]),
        ("[a:b:-2]", [(10, "b")]),
        ("[a:b:25]", [(10, "a")]),
        ("[a:b:1e0]", [(1, "a"), (10, "b")]),
        ("[a:b:1e999]", [(10, "a")]),
        ("[a:b:0.99]", [(9, "a"), (10, "b")]),
        ("[[a:b:2]:c:4]", [(2, "a"), (4, "b"), (10, "c")]),
        ("[a:[b:c:2]:4]", [(2, "a"), (4, "a"), (10, "c")]),
        ("([a:b:5]:1.2)", [(5, "(a:1.2)"), (10, "(b:1.2)")]),
        ("[(a:1.2):(b):5]", [(5, "(a:1.2)"), (10, "(b)")]),
        (r"[a\:\]:b:5]", [(5, r"a\:\]"), (10, "b")]),
    ],
)
def test_scheduled_words(text: str, timeline: list[tuple[int, str]]) -> None:
    assert list(parse_timeline(text, Clock(STEPS))) == timeline


def test_words_take_turns_from_the_first_step() -> None:
    assert [words for _, words in parse_timeline("[a|b|]c", Clock(5))] == ["ac", "bc", "c", "ac", "bc"]
    assert [words for _, words in parse_timeline("[[a|b]:c:2]", Clock(4))] == ["a", "b", "c", "c"]
    assert [words for _, words in parse_timeline("[[a:b:3]|c]", Clock(5))] == ["a", "c", "a", "c", "b"]


@pytest.mark.parametrize(
    "text",
    [
        "[a:b]", "[a:b:c:3]", "[a|b:3]", "[a:b:3", "a:b:3]", "[a (b:3]", "[a:b:3 4]", "[a:b:x]", "[(a:b:c):3]",
        "(a|b)", "a|b [c:d:3]", "[c:d:3] a\\", "[c:d:3] \\\n", "[a:b:0.1,0.5]", "[a:b:]",
    ],
)  # fmt: skip
def test_what_is_no_timeline_stands_as_it_is(text: str) -> None:
    assert parse_timeline(text, Clock(STEPS)) == ((STEPS, text),)


@pytest.mark.parametrize(
    ("text", "timeline"),
    [
        ("((x [a:b:3]", [(3, "((x a"), (10, "((x b")]),
        ("x] [a:b:3] :", [(3, "x] a :"), (10, "x] b :")]),
        ("[x:[a:b:3] y]", [(3, "[x:a y]"), (10, "[x:b y]")]),
        ("[a:b:3]))", [(3, "a))"), (10, "b))")]),
    ],
)
def test_groups_among_strays_still_count(text: str, timeline: list[tuple[int, str]]) -> None:
    assert list(parse_timeline(text, Clock(STEPS))) == timeline


def test_a_second_pass_counts_on() -> None:
    second = Clock(10, first_pass=20)
    assert parse_timeline("[a:b:.5]", second) == ((10, "b"),)
    assert parse_timeline("[a:b:1.5]", second) == ((5, "a"), (10, "b"))
    assert parse_timeline("[a:b:2.0]", second) == ((10, "a"),)
    assert parse_timeline("[a:b:1.0]", second) == ((10, "b"),)
    assert parse_timeline("[a:b:25]", second) == ((5, "a"), (10, "b"))
    assert parse_timeline("[a:b:15]", second) == ((10, "b"),)


def test_the_former_rule_knows_no_passes_and_reads_1_as_a_step() -> None:
    former = Clock(10, old_rule=True)
    assert parse_timeline("[a:b:1.0]", former) == ((1, "a"), (10, "b"))
    assert parse_timeline("[a:b:.5]", former) == ((5, "a"), (10, "b"))
    assert parse_timeline("[a:b:1.0]", Clock(10)) == ((10, "a"),)


@settings(max_examples=400, deadline=None)
@given(ADVERSARIAL, st.integers(1, 12))
def test_never_raises_and_never_invents(text: str, steps: int) -> None:
    timeline = parse_timeline(text, Clock(steps))
    lasts = [last for last, _ in timeline]
    assert lasts == sorted(set(lasts)) and lasts[0] >= 1 and lasts[-1] == steps
    for _, words in timeline:
        rest = iter(text)
        assert all(character in rest for character in words)


@settings(max_examples=400, deadline=None)
@given(st.text(alphabet=st.characters(exclude_characters="\\[]():|"), max_size=60))
def test_words_without_brackets_never_change(text: str) -> None:
    assert parse_timeline(text, Clock(STEPS)) == ((STEPS, text),)


@dataclass(frozen=True)
class Said:
    """A prompt and what it means at a step; `marks` are the steps at which it changes."""

    text: str
    at: Callable[[int], str]
    marks: frozenset[int] = frozenset()


def literal(text: str) -> Said:
    return Said(text, lambda step: text)


def joined(pieces: list[Said]) -> Said:
    return Said(
        "".join(piece.text for piece in pieces),
        lambda step: "".join(piece.at(step) for piece in pieces),
        frozenset().union(*(piece.marks for piece in pieces)),
    )


def edit(before: Said, after: Said, when: int) -> Said:
    return Said(
        f"[{before.text}:{after.text}:{when}]",
        lambda step: before.at(step) if step <= when else after.at(step),
        before.marks | after.marks | {when},
    )


def turns(options: list[Said]) -> Said:
    return Said(
        f"[{'|'.join(option.text for option in options)}]",
        lambda step: options[(step - 1) % len(options)].at(step),
        frozenset(range(1, STEPS + 1)),
    )


def grown(inner: st.SearchStrategy[Said]) -> st.SearchStrategy[Said]:
    return (
        st.lists(inner, max_size=3).map(joined)
        | st.builds(edit, inner, inner, st.integers(1, STEPS))
        | st.lists(inner, min_size=2, max_size=3).map(turns)
        | inner.map(lambda said: joined([literal("("), said, literal(":1.3)")]))
        | inner.map(lambda said: joined([literal("["), said, literal("]")]))
    )


@settings(max_examples=400, deadline=None)
@given(st.recursive(st.sampled_from(["cat", " ", "", r"\[", "é, 5"]).map(literal), grown, max_leaves=12))
def test_nested_prompts_mean_what_they_were_built_to_mean(said: Said) -> None:
    want = tuple((step, said.at(step)) for step in sorted(said.marks | {STEPS}))
    assert parse_timeline(said.text, Clock(STEPS)) == want


@pytest.mark.parametrize(
    "text", ["[" * 40_000, "[" * 9_000 + "a" + ":1]" * 9_000, "([" * 9_000 + "])" * 9_000, "[a:" * 16_000]
)
def test_bracket_bombs_are_read(text: str) -> None:
    assert parse_timeline(text, Clock(20))[-1][0] == 20


def test_a_flood_of_changes_is_refused() -> None:
    with pytest.raises(PromptError, match="change 1,000 times"):
        parse_timeline("[a|b]" + "x" * 40_000, Clock(1000))
