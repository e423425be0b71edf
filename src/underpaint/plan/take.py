"""A take: one painted result with all that is known about it."""

import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from underpaint.pictures.read import Picture
from underpaint.plan.data import Plan
from underpaint.recipe import Recipe


@dataclass(frozen=True)
class Take:
    """`picture` is sRGB H x W x 3 or 4 float32 0..1. For a fill, `exact` is the same as integers in the input's own
    mode and depth, untouched pixels as they were, and `source` is that input. `circumstances` says where and with
    which versions it was painted, and which fallbacks were needed; `measured` holds the checks' numbers."""

    picture: NDArray[np.float32]
    recipe: Recipe
    plan: Plan
    blobs: Mapping[str, bytes]
    seconds: float
    circumstances: Mapping[str, Any]
    measured: Mapping[str, Any] = field(default_factory=dict)
    exact: NDArray[Any] | None = None
    source: Picture | None = None


def versions() -> dict[str, str]:
    """The versions that a picture's exact numbers depend on."""
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for name in ("underpaint", "torch", "diffusers", "transformers"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
