"""Captions are true, varied, and use the words that colour keys use."""

import numpy as np

from underpaint.primer.world import FACTORS, Scene, caption, sample_scene
from underpaint.primer.world.captions import _COLOURS, _LIGHTS, _PLACES, _POSITIONS, _STYLES, _SUBJECTS, _TIMES

TABLES = {
    "colour": _COLOURS, "style": _STYLES, "place": _PLACES, "time": _TIMES, "position": _POSITIONS, "light": _LIGHTS,
}  # fmt: skip


def test_every_value_has_words_beginning_with_a_plain_one() -> None:
    for factor, table in {**TABLES, "subject": _SUBJECTS}.items():
        assert set(table) == set(FACTORS[factor])
        assert all(words for words in table.values())


def test_no_word_means_two_values() -> None:
    for table in (*TABLES.values(), _SUBJECTS):
        seen = [word for words in table.values() for word in set(words)]
        assert len(seen) == len(set(seen))


def test_captions_never_say_the_other_side() -> None:
    rng = np.random.default_rng(0)
    for side, other in (("left", "right"), ("right", "left")):
        for _ in range(150):
            scene = sample_scene(rng, fixed={"position": side, "light": side})
            text = caption(scene, rng)
            assert other not in text.split() and f"{other}," not in text, text


def test_captions_name_only_what_is_in_the_scene() -> None:
    rng = np.random.default_rng(1)
    styles = {word: value for value, words in _STYLES.items() for word in words}
    for _ in range(300):
        scene = sample_scene(rng)
        pieces = [piece.strip() for piece in caption(scene, rng).split(",")]
        for piece in pieces:
            if piece in styles:
                assert styles[piece] == scene.style
            if piece in _VALUES_OF:
                assert piece == scene.values
            if piece.startswith(("at ", "lit ", "on the ")) and piece in _TRUE:
                assert _TRUE[piece] in scene.factors().values(), piece


_VALUES_OF = ("high key", "low key")
_TRUE = {
    word: value for table in (_TIMES, _POSITIONS, _LIGHTS, _PLACES) for value, words in table.items() for word in words
}


def test_captions_vary_and_drop_things() -> None:
    scene = Scene(
        subject="girl with a sword", colour="red", style="watercolour", place="cliff", time="sunset",
        position="left", light="left", palette="warm", values="low key", weather="storm",
    )  # fmt: skip
    rng = np.random.default_rng(2)
    texts = {caption(scene, rng) for _ in range(200)}
    assert len(texts) > 150
    counts = [text.count(",") for text in texts]
    assert min(counts) <= 2 and max(counts) >= 6
    everything = " | ".join(texts)
    for word in ("golden hour", "light from the left", "key from", "low key", "storm", "warm", "sword"):
        assert word in everything


def test_the_same_numbers_give_the_same_caption() -> None:
    scene = sample_scene(np.random.default_rng(5))
    assert caption(scene, np.random.default_rng(6)) == caption(scene, np.random.default_rng(6))
