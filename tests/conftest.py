"""Fixtures every ring shares."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def material() -> Path:
    """Real files that nobody here wrote; tests that need them skip where they are missing."""
    folder = ROOT.parent / "shared" / "material"
    if not folder.is_dir():
        pytest.skip("the folder of real files (shared/material) is not beside this checkout")
    return folder
