"""Painting by Ray workers, as far as it needs none: what crosses between machines, every way of having no cluster."""

import importlib.util
import json
import os
import socket
from pathlib import Path

import numpy as np
import pytest
from kit.easel import paint_cheaply, plan_for, recipes
from kit.studio import Program, save_picture

from underpaint.errors import ClusterError, ModelError, OutputError
from underpaint.library.drawings import read_stored
from underpaint.library.ray_engine import Cluster, RayPainter
from underpaint.library.ray_worker import Hand, Setup, as_bytes, take_from
from underpaint.plan.take import Take
from underpaint.recipe import Blob, FillRecipe


def test_a_take_crosses_exactly() -> None:
    (recipe,) = recipes(1)
    take = paint_cheaply(recipe, {}, lambda done, total: None)
    back = take_from(as_bytes(take), {})
    assert back.picture.tobytes() == take.picture.tobytes() and back.picture.dtype == np.float32
    assert (back.recipe, back.plan, back.seconds, back.measured, back.circumstances, back.exact, back.source) == (
        take.recipe, take.plan, take.seconds, take.measured, take.circumstances, None, None)


def test_a_fill_keeps_its_own_pixels(tmp_path: Path) -> None:
    stored = read_stored(save_picture(tmp_path / "p.png"))
    recipe = FillRecipe(prompt="a cat", picture=stored.blob, mask=Blob(sha256="0" * 64), seed=3)
    exact = np.arange(29 * 37 * 3, dtype=np.uint16).reshape(29, 37, 3)
    take = Take(np.zeros((29, 37, 3), np.float32), recipe, plan_for(recipe), {}, 1.0, {}, {}, exact)
    sent = as_bytes(take)
    assert all(type(data) is bytes for data in sent.values())
    back = take_from(sent, {stored.blob.sha256: stored.data})
    assert back.exact is not None and back.exact.dtype == np.uint16 and (back.exact == exact).all()
    assert back.source is not None and (back.source.width, back.source.height) == (37, 29)


def test_a_workers_error_is_the_same_one_here() -> None:
    hand = Hand(Setup(threads=1).to_json())
    recipe = recipes(1)[0].changed(model={"name": "nobody-has-this"})
    with pytest.raises(ModelError, match="nobody-has-this") as caught:
        take_from(hand.paint(recipe.model_dump_json(), {}), {})
    assert caught.value.hint


def test_machines_with_another_version_do_not_paint() -> None:
    answer = Hand(Setup(version="0.0.1").to_json()).paint(recipes(1)[0].model_dump_json(), {})
    with pytest.raises(ClusterError, match=r"this is 0\.0\.1. Install the same version"):
        take_from(answer, {})


def test_answers_hold_nothing_that_runs() -> None:
    with pytest.raises(ValueError, match="allow_pickle"):
        take_from(as_bytes(paint_cheaply(recipes(1)[0], {}, lambda done, total: None)) | {
            "picture": _pickled()}, {})


def _pickled() -> bytes:
    import io

    file = io.BytesIO()
    np.save(file, np.array([OutputError], dtype=object), allow_pickle=True)
    return file.getvalue()


def test_without_the_extra_one_line_says_how_to_get_it(program: Program, tmp_path: Path, tiny_model: Path,
                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == "ray" else find(name, *more))
    for words in (["paint", "a cat"], ["sheet", "a cat", "-n", "2"], ["plot", "a cat", "--x", "Steps=1,2"]):
        assert program(*words, "--model", tiny_model, "--engine", "ray", "-o", tmp_path / "out") == 10
        assert "pip install 'underpaint[ray]'" in program.err and "Traceback" not in program.err
    assert not (tmp_path / "out").exists()


def test_where_no_cluster_is_that_is_said(program: Program, tmp_path: Path, tiny_model: Path,
                                          monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: find("json" if name == "ray" else name, *more))
    with socket.socket() as held:  # a port at which nobody listens
        held.bind(("127.0.0.1", 0))
        nobody = f"127.0.0.1:{held.getsockname()[1]}"
        assert program("sheet", "a cat", "-n", "2", "--model", tiny_model, "--engine", f"ray={nobody}",
                       "-o", tmp_path / "sheet") == 10
    assert f"no Ray cluster answers at {nobody}" in program.err and "ray start --head" in program.err
    assert not list(tmp_path.glob("sheet/*.png"))
    monkeypatch.setenv("RAY_ADDRESS", nobody)
    with RayPainter(Setup(threads=1), Cluster()) as painter, pytest.raises(ClusterError, match="no Ray cluster"):
        painter.paint(recipes(1)[0], {})
    assert json.loads(os.environ.get("RAY_USAGE_STATS_ENABLED", "0")) == 0


@pytest.mark.parametrize(("words", "says"), [
    (["--engine", "cloud"], "there is no engine 'cloud'"), (["--engine", "ray="], "no engine"),
    (["--engine", "local=1"], "no engine"), (["--workers", "2"], "Add --engine ray"),
    (["--engine", "ray=here"], "no address of a Ray cluster"), (["--engine", "ray=here:99999"], "no address"),
    (["--engine", "ray", "--keep-good", "2"], "Leave --engine out")])
def test_bad_options_are_refused(program: Program, tmp_path: Path, tiny_model: Path, words: list[str], says: str,
                                 monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: find("json" if name == "ray" else name, *more))
    assert program("paint", "a cat", "--model", tiny_model, *words, "-o", tmp_path / "cat.png") in (3, 10)
    assert says in program.err and not (tmp_path / "cat.png").exists()
