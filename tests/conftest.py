"""Fixtures every ring shares."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from kit.studio import Program

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def material() -> Path:
    """Real files that nobody here wrote; tests that need them skip where they are missing."""
    folder = ROOT.parent / "shared" / "material"
    if not folder.is_dir():
        pytest.skip("the folder of real files (shared/material) is not beside this checkout")
    return folder


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model of the real classes that lines can steer, made once."""
    from kit.studio import build_model

    return build_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of Underpaint's own, so that no test sees or changes the real one."""
    folder = tmp_path / "home"
    monkeypatch.setenv("UNDERPAINT_HOME", str(folder))
    return folder


@pytest.fixture
def program(home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> "Program":
    """The command line, run in this process with an empty home, on one core: tiny models are faster on one."""
    from kit.studio import Program

    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0}, raising=False)
    return Program(capsys)
