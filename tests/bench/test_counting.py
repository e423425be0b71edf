"""Intervals are as wide as so few pictures allow, and rows say what was not measured."""

import sys

import numpy as np
import pytest

from bench import __main__ as program
from bench import counting, stars
from bench.counting import Found, counted, lost, many, mean, share, share_of_kin
from bench.memory import peak_mb
from bench.probe import Probe, left_out
from bench.table import Row


def test_a_share_has_wilsons_interval() -> None:
    half, none, all_ = share([True, False] * 5), share([False] * 10), share([True] * 10)
    assert (round(half.low or 0, 3), round(half.high or 0, 3)) == (0.237, 0.763)
    assert none.low == 0 and round(none.high or 0, 3) == 0.278
    assert all_.high == 1 and round(all_.low or 0, 3) == 0.722
    assert half.percent() == "50 % (24 to 76)"
    assert share([]) == Found(0.0, None, None, 0)


def test_means_have_students_interval_and_one_alone_has_none() -> None:
    found = mean([1.0, 2.0, 3.0])
    assert found.value == 2 and found.low == pytest.approx(2 - 2.484, abs=0.01)
    assert mean([1.0, 2.0, 3.0], least=0).low == 0
    assert mean([4.0]).number(1, " s") == "4.0 s"


def test_kin_count_once_a_group() -> None:
    alike = share_of_kin([[True] * 100, [False] * 100])
    assert alike.count == 2 and alike.value == 0.5 and (alike.low, alike.high) == (0, 1)
    even = share_of_kin([[True, False] * 5, [True, False] * 5])
    assert (even.low, even.high) == (share([True, False] * 10).low, share([True, False] * 10).high)


def test_what_is_lost_is_a_share_of_what_there_was() -> None:
    found = lost([0.8, 0.6], [0.7, 0.5])
    assert found.value == pytest.approx(0.1 / 0.7) and found.change().startswith("+14 % (")


def test_full_counts_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UNDERPAINT_BENCH", raising=False)
    assert many(2, 64) == 2
    monkeypatch.setenv("UNDERPAINT_BENCH", "whole")
    assert many(2, 64) == 64


def test_progress_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(counting, "SECONDS_APART", 0)
    assert list(counted("abc", "letters")) == ["a", "b", "c"]
    told = capsys.readouterr().err.splitlines()
    assert [line.partition(", about")[0] for line in told] == ["letters: 1 of 3", "letters: 2 of 3"]


def test_what_could_not_be_measured_is_neither_reached_nor_missed(
        monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [Row.skipped("depth", "the model has no adapter for depth", "0.85"), Row("a", "1", "1", True)]
    monkeypatch.setattr(stars, "measure", lambda: rows)
    monkeypatch.setattr(sys, "argv", ["bench", "stars"])
    assert program.main() == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "the model has no adapter for depth" in said and "skipped" in said and "MISSED" not in said
    monkeypatch.setattr(stars, "measure", lambda: [*rows, Row("b", "0", "1", False)])
    assert program.main() == 1


def test_a_process_does_not_inherit_the_peak_of_who_started_it() -> None:
    ballast = np.ones(50_000_000)
    assert ballast.nbytes == 400_000_000
    assert peak_mb(abs, -1) < 200


def test_a_probe_names_groups_that_it_never_saw() -> None:
    rng = np.random.default_rng(1)
    marks = rng.normal(size=(4, 40))
    groups = [(marks + rng.normal(0, 0.5, marks.shape)).astype(np.float32) for _ in range(4)]
    names = [["a", "b", "c", "d"]] * 4
    assert np.mean(left_out(groups, names, 3)) == 1
    noise = [rng.normal(size=(4, 40)).astype(np.float32) for _ in range(8)]
    assert np.mean(left_out(noise, names * 2, 8)) < 0.6
    assert Probe(groups[0], names[0]).name(groups[1]) == names[0]
