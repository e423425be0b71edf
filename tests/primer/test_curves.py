"""Logs become plots, also after kills and new beginnings."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from underpaint.primer.curves import Curve, plot, read_curves, write_plots


def _log(path: Path, lines: list[dict[str, object]], rest: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines) + rest)
    return path


def test_every_measure_becomes_a_curve(tmp_path: Path) -> None:
    lines = [{"step": 20 * i, "seconds": i, "rate": 0.1, "loss": 1 / (i + 1), "norm": 3.0} for i in range(5)]
    lines[3]["psnr"] = 20.0
    found = read_curves(_log(tmp_path / "log.jsonl", lines, '{"step": 100, "lo'))
    assert [curve.name for curve in found] == ["loss", "psnr"]
    assert found[0].steps.tolist() == [0, 20, 40, 60, 80] and found[0].values[1] == 0.5
    assert found[1].steps.tolist() == [60]


def test_what_was_done_again_counts_once_and_a_new_run_goes_on_behind(tmp_path: Path) -> None:
    steps = [100, 200, 300, 250, 350, 10, 110]
    found = read_curves(_log(tmp_path / "log.jsonl", [{"step": s, "loss": i} for i, s in enumerate(steps)]))
    assert found[0].steps.tolist() == [100, 200, 250, 350, 360, 460]
    assert found[0].values.tolist() == [0, 1, 3, 4, 5, 6]


def test_a_curve_is_smoothed_about_itself() -> None:
    steps = np.arange(200.0)
    curve = Curve("loss", steps, np.sin(steps / 40) + np.random.default_rng(0).normal(0, 0.2, 200))
    assert np.abs(curve.smooth - np.sin(steps / 40)).mean() < 0.5 * np.abs(curve.values - np.sin(steps / 40)).mean()
    assert Curve("loss", steps[:5], steps[:5]).smooth.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("values", [[1.0], [2.0, 2.0], [5.0, 1.0, 0.5, 0.4]])
def test_a_panel_shows_ink_only_where_it_belongs(values: list[float]) -> None:
    page = plot("stage", [Curve("loss", np.arange(len(values), dtype=float) * 20, np.array(values))] * 4)
    assert page.size == (3 * 420, 2 * 250 + 44)
    shown = np.asarray(page.convert("L"))
    assert (shown[60:, :400] < 200).sum() > 100
    assert (shown[300:, 860:] == 255).all()


def test_plots_lie_beside_their_logs_or_where_they_are_wanted(tmp_path: Path) -> None:
    _log(tmp_path / "painter" / "hearing.jsonl", [{"step": 1, "words far": 0.1}, {"step": 2, "words far": 0.2}])
    _log(tmp_path / "judge" / "log.jsonl", [{"step": 1, "loss": 0.1}])
    _log(tmp_path / "judge" / "other.jsonl", [{"step": 1, "loss": 0.1}])
    _log(tmp_path / "empty" / "log.jsonl", [])
    assert write_plots(tmp_path) == [tmp_path / "judge" / "log.png", tmp_path / "painter" / "hearing.png"]
    made = write_plots(tmp_path, tmp_path / "plots")
    assert [path.name for path in made] == ["judge-log.png", "painter-hearing.png"]
    assert Image.open(made[0]).size == (420, 294)
