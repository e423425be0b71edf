"""Shards are whole or absent, and batches hold one size."""

from pathlib import Path

import numpy as np
import pytest

from underpaint.errors import UnderpaintError
from underpaint.training.shards import Pool, Shard, complete_shards, missing_numbers


def _write(folder: Path, number: int, height: int, width: int, count: int = 3) -> Shard:
    shard = Shard(folder, number)
    values = np.arange(count * height * width, dtype=np.int32).reshape(count, height, width)
    shard.write({"pictures": values + 1000 * number}, [{"row": i, "shard": number} for i in range(count)])
    return shard


def test_an_unfinished_shard_is_made_again(tmp_path: Path) -> None:
    _write(tmp_path, 0, 4, 4)
    Shard(tmp_path, 1).write_array("pictures", np.zeros((3, 4, 4)))  # killed before the notes were written
    assert [shard.number for shard in complete_shards(tmp_path)] == [0]
    assert list(missing_numbers(tmp_path, 3)) == [1, 2]


def test_needing_an_array_leaves_out_shards_without_it(tmp_path: Path) -> None:
    first, _ = _write(tmp_path, 0, 4, 4), _write(tmp_path, 1, 4, 4)
    first.write_array("latents", np.zeros((3, 2, 2)))
    assert [shard.number for shard in complete_shards(tmp_path, "latents")] == [0]


def test_batches_hold_one_size_and_true_rows(tmp_path: Path) -> None:
    pool = Pool([_write(tmp_path, 0, 4, 6), _write(tmp_path, 1, 6, 4), _write(tmp_path, 2, 4, 6)], "pictures")
    assert len(pool) == 9
    shapes = set()
    for seed in range(20):
        keys = pool.draw(np.random.default_rng(seed), 5)
        rows = pool.rows(keys, "pictures")
        shapes.add(rows.shape[1:])
        notes = pool.notes(keys)
        for row, note in zip(rows, notes, strict=True):
            assert row[0, 0] == 1000 * note["shard"] + 24 * note["row"]
    assert shapes == {(4, 6), (6, 4)}


def test_the_same_generator_draws_the_same_batch(tmp_path: Path) -> None:
    pool = Pool([_write(tmp_path, 0, 4, 6), _write(tmp_path, 1, 6, 4)], "pictures")
    assert pool.draw(np.random.default_rng(3), 8) == pool.draw(np.random.default_rng(3), 8)


def test_no_pictures_is_said(tmp_path: Path) -> None:
    with pytest.raises(UnderpaintError, match="no pictures"):
        Pool([], "pictures")
