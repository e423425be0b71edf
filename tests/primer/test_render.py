"""What a shard holds is what training needs, and held-out triples stay out of it."""

from pathlib import Path

import numpy as np
import pytest

from underpaint.primer.facts import KNOWN, facts_of
from underpaint.primer.maps import CHANNELS, FLOOR, Drawer, pose_map
from underpaint.primer.render import RenderJob, render_shard
from underpaint.primer.stagecraft.people import KEYPOINTS
from underpaint.primer.stagecraft.scene import Scene, held_out
from underpaint.training.shards import Pool, Shard


@pytest.fixture(scope="module")
def shard(tmp_path_factory: pytest.TempPathFactory) -> Shard:
    return render_shard(RenderJob(tmp_path_factory.mktemp("shards"), 1, 6, 2, 5), 0)


def test_a_scene_is_painted_in_two_ways_and_looked_at_once(shard: Shard) -> None:
    notes, pictures = shard.notes(), shard.array("pictures")
    for first in range(0, 6, 2):
        one, other = notes[first]["factors"], notes[first + 1]["factors"]
        assert one["style"] != other["style"]
        assert {k: v for k, v in one.items() if k != "style"} == {k: v for k, v in other.items() if k != "style"}
        assert not np.array_equal(pictures[first], pictures[first + 1])
        assert np.array_equal(shard.array("near")[first], shard.array("near")[first + 1])


def test_notes_tell_the_whole_scene(shard: Shard) -> None:
    for note in shard.notes():
        scene = Scene.from_dict(note["scene"])
        assert scene.factors() == note["factors"]
        assert not held_out(scene)
        facts = facts_of(note["scene"])
        assert set(facts) == set(KNOWN)
        assert all(facts[name] in KNOWN[name] for name in KNOWN)
        assert all(len(person) == len(KEYPOINTS) for person in note["people"])


def test_the_same_seed_and_number_give_the_same_shard(shard: Shard, tmp_path: Path) -> None:
    again = render_shard(RenderJob(tmp_path, 1, 6, 2, 5), 0)
    assert again.notes() == shard.notes()
    for name in ("pictures", "lines", "near", "subject"):
        assert np.array_equal(again.array(name), shard.array(name))


def test_maps_have_their_size_and_are_never_nothing_where_they_are_given(shard: Shard) -> None:
    pool, rng = Pool([shard], "pictures"), np.random.default_rng(1)
    for half, scale in ((False, 1), (True, 2)):
        drawer = Drawer(pool, half)
        for kind, channels in CHANNELS.items():
            side = 256 // scale // (1 if kind == "line" else 2)
            given = drawer.draw(kind, (0, 0), True, rng)
            assert given.shape == (channels, side, side) and given.dtype == np.float32
            assert given.min() >= 0 and given.max() <= 1
            if kind in ("depth", "colour"):
                assert given.min() >= FLOOR - 1e-6
        assert drawer.subject((0, 0), False).shape == (32 // scale, 32 // scale)


def test_a_mirrored_figure_has_its_left_hand_on_the_other_side() -> None:
    joints = np.zeros((18, 3), np.float32)
    joints[:, :2] = np.column_stack([np.linspace(60, 190, 18), np.linspace(40, 220, 18)])
    joints[:, 2] = 2
    swapped = [0, 1, 5, 6, 7, 2, 3, 4, 11, 12, 13, 8, 9, 10, 15, 14, 17, 16]
    mirrored = joints[swapped].copy()
    mirrored[:, 0] = 255 - mirrored[:, 0]
    assert np.array_equal(pose_map([joints], (256, 256), flip=True), pose_map([mirrored], (256, 256)))
    assert not np.array_equal(pose_map([joints], (256, 256)), pose_map([joints], (256, 256), flip=True))
