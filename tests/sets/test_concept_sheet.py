"""A concept sheet: even over its axes, the same again, open to everybody's phrases, closed to hostile files."""

from collections import Counter
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from underpaint.errors import PromptError, RecipeError
from underpaint.recipe import Blob, CreateRecipe, RefineRecipe, Sampling
from underpaint.sets.packs import Pack, Phrase, merged, own_packs, parse_pack, spoken
from underpaint.sets.sheet import DEFAULT_AXES, deal, plan_sheet
from underpaint.sets.structured import MAX_BYTES

AXES = merged(own_packs())
USUAL = {name: AXES[name] for name in DEFAULT_AXES}


def test_concepts_differ_and_say_how() -> None:
    concepts = plan_sheet("an inn at a crossroads", USUAL, base=CreateRecipe(sampling=Sampling(steps=8)), seed=5)
    assert [concept.number for concept in concepts] == list(range(1, 13))
    assert [concept.recipe.seed for concept in concepts] == list(range(5, 17))
    for concept in concepts:
        assert tuple(axis for axis, _ in concept.varied) == DEFAULT_AXES
        assert concept.recipe.prompt.startswith("an inn at a crossroads, ") and concept.recipe.sampling.steps == 8
        for axis, choice in concept.varied:
            words = next(phrase.words for phrase in USUAL[axis] if phrase.name == choice)
            assert words in concept.recipe.prompt and choice in concept.name
    for one, other in combinations(concepts, 2):  # no direction twice: at most one of five choices is shared
        assert len(set(one.varied) & set(other.varied)) <= 1


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=5), st.integers(1, 30), st.integers(0, 99))
def test_every_axis_is_spread_evenly_at_any_count(sizes: list[int], count: int, seed: int) -> None:
    rows = deal(sizes, count, seed)
    assert len(rows) == count
    for axis, size in enumerate(sizes):
        used = Counter(row[axis] for row in rows)
        assert set(used) <= set(range(size))
        assert max(used.values()) - min(used.get(index, 0) for index in range(size)) <= 1


def test_pairs_of_choices_repeat_seldom() -> None:
    rows = deal([4, 4, 4], 16, 1)
    pairs = Counter(pair for row in rows for pair in combinations(enumerate(row), 2))
    assert len(set(rows)) == 16 and max(pairs.values()) <= 2


def test_more_concepts_never_change_the_first_and_another_seed_does() -> None:
    few, many = plan_sheet("a cat", USUAL, count=7), plan_sheet("a cat", USUAL, count=50)
    assert many[:7] == few
    assert [one.varied for one in plan_sheet("a cat", USUAL, count=7, seed=2)] != [one.varied for one in few]


def test_choices_in_the_brief_are_an_axis_and_places_are_filled() -> None:
    light = {"light": (Phrase("late", "evening light"), Phrase("early", "dawn light"))}
    concepts = plan_sheet("a {fox|owl} in {light}, {2$$red|blue|gold}", light, count=4)
    assert Counter(concept.varied[1] for concept in concepts) == {("words", "fox"): 2, ("words", "owl"): 2}
    for concept in concepts:
        words = concept.recipe.prompt
        assert words.startswith(("a fox in ", "a owl in ")) and words.count("light") == 1
        assert not set("{}|$") & set(words)


def test_own_subjects_lead_the_brief() -> None:
    axes = merged([*own_packs(), spoken("Subject", ["a fox", "an owl", "a fox"])])
    concepts = plan_sheet("in deep snow", {"subject": axes["subject"]}, count=2)
    assert {concept.recipe.prompt for concept in concepts} == {"a fox, in deep snow", "an owl, in deep snow"}


@pytest.mark.parametrize("brief", ["постоялый двор на перекрёстке", "十字路口的客栈", "نُزُل على مفترق طرق"])
def test_a_brief_in_another_script_is_kept(brief: str) -> None:
    assert all(concept.recipe.prompt.startswith(brief) for concept in plan_sheet(brief, USUAL, count=3))


def test_what_makes_no_sheet_is_refused() -> None:
    for wrong in ({"brief": " "}, {"brief": "", "axes": USUAL}, {"count": 0}, {"count": 97}, {"axes": {}},
                  {"brief": "x" * 60_000}, {"base": RefineRecipe(picture=Blob(sha256="ab" * 32))}):
        given = {"brief": "a cat", "axes": {"light": AXES["light"]}, **wrong}
        with pytest.raises((RecipeError, PromptError)):
            plan_sheet(given.pop("brief"), given.pop("axes"), **given)


def test_the_packs_that_come_along_name_no_person_and_are_complete() -> None:
    assert set(AXES) == {"subject", "view", "mood", "style", "light", "era"}
    for phrases in AXES.values():
        assert len(phrases) >= 10 and len({phrase.name for phrase in phrases}) == len(phrases)
        for phrase in phrases:
            assert phrase.words == phrase.words.lower() and " by " not in phrase.words  # no names, no "by somebody"


def test_a_pack_adds_replaces_and_overrides() -> None:
    own = parse_pack(b"axis: Light\nphrases:\n  - even noon: noon under glass\n  - kelp: {a: 1}\n".replace(
        b"{a: 1}", b"green light"), "sea.yaml")
    both = {phrase.name: phrase.words for phrase in merged([*own_packs(), own])["light"]}
    assert both["kelp"] == "green light" and both["even noon"] == "noon under glass" and len(both) == 15
    alone = Pack("light", own.phrases, replace=True)
    assert len(merged([*own_packs(), alone])["light"]) == 2
    assert parse_pack("axis: погода\nphrases: [дождь, 1920]\n".encode(), "w").phrases[1].words == "1920"


BOMB = b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
    b"%c: &%c [" % (c, c) + b",".join([b"*%c" % (c - 1)] * 9) + b"]\n" for c in range(98, 110))


@pytest.mark.parametrize("data", [
    b"", b"just text", b"[1, 2]", b"axis: light", b"phrases: [a]", b"axis: 3\nphrases: [a]",
    b"axis: light\nphrases: []", b"axis: light\nphrases: {a: b}", b"axis: light\nphrases: [[a]]",
    b"axis: light\nphrases: [{a: b, c: d}]", b"axis: light\nphrases: [true]", b"axis: light\nphrases: ['']",
    b"axis: light\nphrases: [a]\nrun: rm", b"axis: light\nreplace: 7\nphrases: [a]", b"axis: [\xff", b"a: [b",
    b"axis: light\nphrases: !!python/object/apply:os.system ['true']", b"axis: ../x\nphrases: [a]",
    b"axis: light\nphrases: [" + b"[" * 3000 + b"]" * 3000 + b"]", b"x" * (MAX_BYTES + 1), BOMB,
    BOMB + b"axis: light\nphrases: *m\n", b"axis: light\nphrases: [" + b"a," * 501 + b"]",
    b"axis: light\nphrases: ['" + b"w" * 2000 + b"']", b"axis: light\nphrases: &p [*p]",
])
def test_hostile_and_broken_packs_are_refused_in_one_line(data: bytes) -> None:
    with pytest.raises(PromptError) as caught:
        parse_pack(data, "theirs.yaml")
    assert "theirs.yaml" in str(caught.value) and "\n" not in str(caught.value) and len(str(caught.value)) < 400


@pytest.mark.parametrize("lines", [1, 12])
def test_merge_keys_are_refused_for_each_doubles_what_it_merges(lines: int) -> None:
    doubled = "".join(f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}\n" for n in range(1, lines + 1))
    with pytest.raises(PromptError, match=r"theirs.yaml is not YAML: merge keys \(<<\) are not read here"):
        parse_pack(f"a0: &a0 {{axis: light}}\n{doubled}phrases: [a]\n".encode(), "theirs.yaml")
