"""Stability Matrix: one folder of models that all programs it installed share."""

from collections.abc import Set
from pathlib import Path

from underpaint.models.programs.settings import Layout


def recognise(path: Path, names: Set[str]) -> Layout | None:
    """Stability Matrix' folder, or its portable one with ``Data`` inside."""
    for root in (path / "Models", path / "Data" / "Models"):
        if (root / "StableDiffusion").is_dir():
            return Layout("stability-matrix", (root,))
    return None
