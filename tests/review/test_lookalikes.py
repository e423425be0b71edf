"""Look-alikes are grouped by hash and vector, and what only begins alike stays apart."""

import cv2
import numpy as np
import pytest

from underpaint.errors import PlanError
from underpaint.library.looks import likeness
from underpaint.review.embedding import PlainEmbedder
from underpaint.review.lookalikes import group
from underpaint.review.qualities import QUALITIES, qualities


def scene(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    small = rng.random((6, 6, 3)).astype(np.float32)
    return np.clip(cv2.resize(small, (120, 90), interpolation=cv2.INTER_CUBIC), 0, 1).astype(np.float32)


def test_resized_and_recompressed_copies_are_one_group_and_others_stand_alone() -> None:
    first, other = scene(1), scene(2)
    smaller = cv2.resize(first, (60, 45), interpolation=cv2.INTER_AREA)
    packed = cv2.imencode(".jpg", (first * 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 60])[1]
    saved = cv2.imdecode(packed, cv2.IMREAD_COLOR).astype(np.float32) / 255
    pictures = [first, other, smaller, saved]
    groups = group([likeness(one) for one in pictures], PlainEmbedder().embed(pictures), [0.2, 0.9, 0.4, 0.3])
    assert [one.best for one in groups] == [1, 2] and set(groups[1].members) == {0, 2, 3}


def test_a_chain_of_small_steps_joins_no_far_pictures() -> None:
    hashes = [f"{(1 << 5 * one) - 1:016x}" for one in range(5)]  # each five bits from the next
    assert [one.members for one in group(hashes)] == [(0, 1), (2, 3), (4,)]


def test_plain_pictures_of_other_colours_are_not_alike() -> None:
    pictures = [np.full((40, 40, 3), tone, np.float32) for tone in ((0.9, 0.1, 0.1), (0.1, 0.2, 0.9))]
    vectors = PlainEmbedder().embed([np.asarray(one) for one in pictures])
    assert len(group([likeness(one) for one in pictures], vectors)) == 2


def test_nothing_gives_no_groups_and_unequal_lists_are_refused() -> None:
    assert group([]) == []
    with pytest.raises(PlanError):
        group(["0" * 16], scores=[1.0, 2.0])
    with pytest.raises(PlanError, match="too many"):
        group(["0" * 16] * 20_001)


def test_vectors_have_unit_length_whatever_the_picture() -> None:
    shapes = ((1, 1, 3), (2, 900, 4), (5, 5))
    vectors = PlainEmbedder().embed([scene(1), *(np.ones(shape, np.float32) for shape in shapes)])
    assert vectors.shape == (4, 245) and np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert PlainEmbedder().embed([]).shape == (0, 245)


def test_qualities_say_what_they_are_called() -> None:
    def told(picture: np.ndarray) -> dict[str, float]:
        return dict(zip(QUALITIES, qualities(picture).tolist(), strict=True))

    rng = np.random.default_rng(0)
    grey, red = np.full((64, 64, 3), 0.5, np.float32), np.tile(np.float32([0.8, 0.2, 0.1]), (64, 64, 1))
    lit = np.tile(np.linspace(0.9, 0.1, 64, dtype=np.float32)[None, :, None], (64, 1, 3))
    assert told(red)["colourful"] > told(grey)["colourful"] and told(red)["warm"] > told(grey)["warm"]
    assert told(lit)["light from the left"] > 0.3 and told(lit[:, ::-1])["light from the left"] < -0.3
    assert told(rng.random((64, 64, 3)).astype(np.float32))["fine detail"] > told(grey)["fine detail"]
    assert told(0.1 * grey)["dark"] > told(grey)["dark"] and told(grey)["symmetric"] == pytest.approx(1.0)
