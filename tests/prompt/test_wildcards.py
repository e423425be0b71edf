"""Words drawn by lot."""

import os
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from underpaint.errors import PromptError
from underpaint.prompt import expand_wildcards


@pytest.fixture
def lists(tmp_path: Path) -> Path:
    folder = tmp_path / "wildcards"
    (folder / "animal").mkdir(parents=True)
    (folder / "colour.txt").write_text("red\n\n# not this\nblue\n", encoding="utf-8")
    (folder / "animal" / "fish.txt").write_text("\ufeffcod\n", encoding="utf-8")
    (folder / "more.yaml").write_text("animal:\n  bird: [wren, '{hawk|__colour__ owl}']\nsky: grey\n")
    (folder / "list.yml").write_text("- one\n- 2\n")
    return folder


def draws(text: str, folder: Path | None = None, count: int = 300) -> Counter[str]:
    return Counter(expand_wildcards(text, seed=seed, folder=folder) for seed in range(count))


def test_every_option_falls_about_evenly() -> None:
    fallen = draws("a {red|blue|} sky")
    assert set(fallen) == {"a red sky", "a blue sky", "a  sky"}
    assert min(fallen.values()) > 60


def test_weights_count() -> None:
    fallen = draws("{3::red|blue|0::never}")
    assert set(fallen) == {"red", "blue"} and fallen["red"] > 2 * fallen["blue"]
    assert set(draws("{0::a|0::b}")) == {"a", "b"}


def test_several_at_once_are_never_the_same() -> None:
    assert set(draws("{2$$a|b|c}")) == {"a, b", "a, c", "b, a", "b, c", "c, a", "c, b"}
    assert set(draws("{1-2$$ and $$a|b}")) == {"a", "b", "a and b", "b and a"}
    assert set(draws("{-1$$a|b}")) == {"", "a", "b"}
    assert set(draws("{2-$$a|b}")) == {"a, b", "b, a"}
    assert set(draws("{2$$_[x]_$$a|b}")) == {"a_[x]_b", "b_[x]_a"}
    assert set(draws("{9$$a|b}")) == {"a, b", "b, a"}


def test_choices_nest_and_leave_alternation_alone() -> None:
    assert set(draws("{a {b|c}|d}")) == {"a b", "a c", "d"}
    assert set(draws("{[a|b]|c}")) == {"[a|b]", "c"}


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "{solo}",
        '{"json": [1, 2]}',
        r"\{a\|b\}",
        "a|b",
        "{a|b",
        "a|b}",
        "__no_such_list__",
        "_a_ __",
        "# {a|b}",
    ],
)
def test_what_is_no_choice_stands_as_it_is(text: str, lists: Path) -> None:
    assert expand_wildcards(text, seed=1, folder=lists) == text
    assert expand_wildcards(text, seed=1) == text


def test_lists_of_a_folder(lists: Path) -> None:
    assert set(draws("__colour__", lists, 60)) == {"red", "blue"}
    assert set(draws("__animal/fish__ __sky__", lists, 60)) == {"cod grey"}
    assert set(draws("__animal/bird__", lists, 60)) == {"wren", "hawk", "red owl", "blue owl"}
    assert set(draws("__animal/*__", lists, 60)) == {"cod", "wren", "hawk", "red owl", "blue owl"}
    assert set(draws("__list__", lists, 60)) == {"one", "2"}
    assert expand_wildcards("__colour__", seed=1) == "__colour__"


def test_the_same_seed_draws_the_same_words(lists: Path) -> None:
    text = "{a|b|c} __animal/*__ {2$$x|y|z} __colour__"
    # Fixed for ever: recipes keep the seed, and the words must come back.
    assert expand_wildcards(text, seed=3, folder=lists) == "a hawk y, z red"
    assert expand_wildcards(text, seed=-3, folder=lists) == expand_wildcards(text, seed=-3, folder=lists)


def test_nothing_outside_the_folder_is_read(lists: Path) -> None:
    secret = lists.parent / "secret.txt"
    secret.write_text("password\n")
    os.symlink(secret, lists / "link.txt")
    for name in ("../secret", "link", "/etc/hostname", str(secret.with_suffix(""))):
        assert "password" not in expand_wildcards(f"__{name}__", seed=1, folder=lists)


def test_circles_are_named(lists: Path) -> None:
    (lists / "a.txt").write_text("x __b__\n")
    (lists / "b.txt").write_text("{__a__|__a__}\n")
    with pytest.raises(PromptError, match="a > b > a"):
        expand_wildcards("__a__", seed=1, folder=lists)


def test_growth_is_bounded(lists: Path) -> None:
    for depth in range(20):
        (lists / f"g{depth}.txt").write_text(f"__g{depth + 1}____g{depth + 1}__\n")
    (lists / "g20.txt").write_text("word\n")
    with pytest.raises(PromptError, match=r"draws more than|characters long"):
        expand_wildcards("__g0__", seed=1, folder=lists)


@pytest.mark.parametrize(
    ("name", "content"),
    [("bad.yaml", b"a: [1, 2"), ("deep.yaml", b"[" * 1100), ("date.yml", b"2024-99-99"), ("latin.txt", b"caf\xe9\n")],
)
def test_a_broken_list_is_named(lists: Path, name: str, content: bytes) -> None:
    (lists / name).write_bytes(content)
    with pytest.raises(PromptError, match=name) as caught:
        expand_wildcards("__unknown__ __latin__", seed=1, folder=lists)
    assert "\n" not in str(caught.value)


def test_yaml_anchors_cannot_blow_up(lists: Path) -> None:
    levels = ["a0: &a0 {x: [word]}"] + [f"a{n}: &a{n} {{p: *a{n - 1}, q: *a{n - 1}}}" for n in range(1, 40)]
    (lists / "bomb.yaml").write_text("\n".join(levels))
    with pytest.raises(PromptError, match="bomb holds more than"):
        expand_wildcards("__a0/x__", seed=1, folder=lists)
    (lists / "bomb.yaml").write_text("a: &a {again: *a, x: [word]}")
    assert expand_wildcards("__a/again/x__", seed=1, folder=lists) == "word"


def test_yaml_merge_keys_that_double_are_refused(lists: Path) -> None:
    levels = ["a0: &a0 {x: [word]}"] + [f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}" for n in range(1, 40)]
    (lists / "merge.yaml").write_text("\n".join(levels))
    with pytest.raises(PromptError, match="merge keys"):
        expand_wildcards("__a0/x__", seed=1, folder=lists)


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PromptError, match="no folder of wildcards"):
        expand_wildcards("a", seed=1, folder=tmp_path / "nowhere")


@settings(max_examples=400, deadline=None)
@given(st.text(alphabet=st.sampled_from("{}|_$:\\#[]ab1 *") | st.characters(), max_size=60), st.integers())
def test_any_text_can_be_drawn_and_only_loses_choices(text: str, seed: int) -> None:
    drawn = expand_wildcards(text, seed=seed)
    assert drawn == expand_wildcards(text, seed=seed)
    if "|" not in text:
        assert drawn == text


@pytest.mark.parametrize("text", ["{" * 40_000, "{x|" * 9_000 + "a" + "}" * 9_000, "__a " * 10_000, "_" * 40_000])
def test_brace_bombs_are_drawn(text: str) -> None:
    assert expand_wildcards(text, seed=1)
