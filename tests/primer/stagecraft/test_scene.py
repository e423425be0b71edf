"""A scene is data: it round-trips, hashes the same everywhere, and keeps a fifth of its words out of training."""

import itertools
import json

import numpy as np
import pytest

from underpaint.errors import RecipeError
from underpaint.primer.stagecraft.captions import caption, captions
from underpaint.primer.stagecraft.scene import (
    FACTORS,
    MOODS,
    RELATIONS,
    SIZES,
    THING_WORDS,
    Scene,
    Thing,
    held_out,
    sample_scene,
)

GIRL = Scene(
    Thing("girl", "red", pose="waving", moved=(("left upper arm", (0.5, 0.5, 0.25)),)),
    style="flat",
    place="meadow",
    time="noon",
    seed=7,
)


def test_a_scene_survives_json_and_its_hash_is_known() -> None:
    again = Scene.from_dict(json.loads(json.dumps(GIRL.to_dict())))
    assert again == GIRL
    assert again.hash() == GIRL.hash() == "1390cc865214ec2e00c6ad876391c4b8ffad648931046de5a4273edeefac211f"
    assert GIRL.changed(time="night").hash() != GIRL.hash()


def test_words_of_the_subject_go_to_the_subject() -> None:
    changed = GIRL.changed(colour="blue", pose="sitting", time="dawn", subject="boy")
    assert (changed.who.colour, changed.who.pose, changed.who.kind, changed.time) == ("blue", "sitting", "boy", "dawn")
    assert changed.who.moved == GIRL.who.moved and changed.seed == GIRL.seed


def test_enough_is_known() -> None:
    counts = {name: len(values) for name, values in FACTORS.items()}
    assert counts["subject"] >= 24 and counts["place"] >= 10 and counts["colour"] == 12 and counts["style"] >= 12
    assert len(THING_WORDS["pose"]) >= 12 and len(SIZES) == 7
    assert all(abs(w * h - 65536) < 2600 and w % 16 == h % 16 == 0 for w, h in SIZES)


def test_a_fifth_of_the_triples_is_never_sampled() -> None:
    names = ("subject", "colour", "style")
    triples = [dict(zip(names, t, strict=True)) for t in itertools.product(*(FACTORS[n] for n in names))]
    share = np.mean([held_out(t) for t in triples])
    assert 0.18 < share < 0.22
    rng = np.random.default_rng(1)
    for _ in range(150):
        scene = sample_scene(rng)
        assert not held_out(scene)
        if scene.other is not None:
            assert not held_out({"subject": scene.other.kind, "colour": scene.other.colour, "style": scene.style})
    triple = next(t for t in triples if held_out(t))
    assert sample_scene(rng, fixed=triple, allow_held_out=True).factors()["subject"] == triple["subject"]
    with pytest.raises(RecipeError, match="held out"):
        sample_scene(rng, fixed=triple)


def test_every_word_is_drawn_and_pinned_words_stay() -> None:
    rng = np.random.default_rng(2)
    seen: dict[str, set[str]] = {name: set() for name in (*FACTORS, *MOODS, *THING_WORDS, "relation")}
    for _ in range(1100):
        scene = sample_scene(rng, size=SIZES[3])
        for name in seen:
            seen[name].add(getattr(scene, name) if hasattr(scene, name) else getattr(scene.who, name))
    for name, values in (FACTORS | MOODS | THING_WORDS | {"relation": ("", *RELATIONS)}).items():
        assert seen[name] == set(values), name
    fixed = {"subject": "cat", "place": "room", "time": "night", "count": "3"}
    scene = sample_scene(rng, fixed=fixed)
    assert (scene.subject, scene.place, scene.time, scene.who.count) == ("cat", "room", "night", 3)


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"place": "moon base"}, "place"),
        ({"size": (32, 256)}, "size"),
        ({"pose": "flying"}, "pose"),
        ({"count": 9}, "count"),
        ({"relation": "left of"}, "relation"),
        ({"other": Thing("cat", "red"), "relation": "hugging"}, "relation"),
    ],
)
def test_what_is_unknown_is_refused_by_name(words: dict[str, object], field: str) -> None:
    with pytest.raises(RecipeError) as caught:
        GIRL.changed(**words)
    assert caught.value.field == field


def test_captions_are_true() -> None:
    rng = np.random.default_rng(3)
    colours = set(FACTORS["colour"]) - {"orange"}
    for _ in range(150):
        scene = sample_scene(rng)
        words = captions(scene, rng)
        for text in (words.list, words.sentence, words.partial, caption(scene, rng)):
            assert text and "  " not in text and not text.endswith(",")
            tokens = set(text.replace(",", " ").split())
            named = {scene.who.colour} | ({scene.other.colour} if scene.other else set())
            assert tokens & colours <= named | ({"pink"} if "rose" in tokens else set()), text
            if scene.who.pose == "sitting" and "standing" in tokens:
                raise AssertionError(text)
        assert len(words.partial) <= len(words.sentence) + 60


def test_the_rooftop_sentence_can_be_said() -> None:
    who = Thing("girl", "blue", pose="sitting", gaze="viewer")
    scene = Scene(who, "anime", "rooftop", "sunset", camera="bird's eye", perspective="two points", seed=3)
    texts = [captions(scene, np.random.default_rng(i)).sentence for i in range(40)]
    assert any("sitting on the edge of a rooftop" in t and "looking up at the camera" in t for t in texts)
