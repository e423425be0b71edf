"""What an unfinished picture promises: a line through a few numbers of the estimate, fitted for one model.

It shares nothing with the reviewer's network: no layers, no pictures, no seeds. It never sees pixels, only the latents
of what the model believes in between a quarter and half of the steps.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from underpaint.errors import ModelError
from underpaint.imaging.arrays import FloatArray

SCHEMA = 1
LOOKS = (0.25, 0.375, 0.5)
"""The shares of the run at which is looked, at the first step that lies no earlier."""
_GRID = 4


def features(estimate: FloatArray, before: FloatArray | None) -> FloatArray:
    """Numbers of an estimate, C x h x w: its channels' means, spreads and roughness at three scales, a coarse grid of
    its busyness, and how much it changed since `before` (the estimate looked at last, of the same shape)."""
    field = np.asarray(estimate, np.float32)
    channels = len(field)
    parts = [field.mean(axis=(1, 2)), field.std(axis=(1, 2))]
    parts += [0.5 * (_rough(field, step) + _rough(field.transpose(0, 2, 1), step)) for step in (1, 2, 4)]
    parts.append(_coarse(np.abs(field - field.mean(axis=(1, 2), keepdims=True)).mean(axis=0)))
    changed = np.zeros(channels) if before is None else np.abs(field - before).mean(axis=(1, 2))
    parts.append(changed)
    return np.concatenate(parts).astype(np.float32)


def _rough(field: FloatArray, step: int) -> FloatArray:
    """How much each channel changes over so many rows."""
    if field.shape[1] <= step:
        return np.zeros(len(field), np.float32)
    return np.asarray(np.abs(field[:, step:] - field[:, :-step]).mean(axis=(1, 2)))


def _coarse(field: FloatArray) -> FloatArray:
    rows = np.array_split(np.arange(field.shape[0]), _GRID)
    columns = np.array_split(np.arange(field.shape[1]), _GRID)
    return np.asarray([float(field[np.ix_(down, across)].mean()) if len(down) and len(across) else 0.0
                       for down in rows for across in columns], np.float32)


@dataclass(frozen=True, eq=False)
class Early:
    """The line for each of the `LOOKS`. `model` names the model whose latents it knows, `stops` the chance of good
    below which a take is stopped at each look: set so that hardly any good one is."""

    model: str
    channels: int
    weights: FloatArray
    offsets: FloatArray
    middle: FloatArray
    spread: FloatArray
    stops: tuple[float, ...]

    def chance(self, look: int, numbers: FloatArray) -> float:
        """The chance that the finished take will be good, at one of the looks."""
        plain = np.clip((numbers - self.middle[look]) / self.spread[look], -6, 6)
        raw = float(plain @ self.weights[look] + self.offsets[look])
        return float(1 / (1 + np.exp(-np.clip(raw, -30, 30))))

    @classmethod
    def read(cls, folder: Path) -> "Early":
        """Read one from its folder (`early.json`). Raises ModelError."""
        try:
            data = json.loads((folder / "early.json").read_text(encoding="utf-8"))
            if data["schema"] != SCHEMA:
                raise ModelError("what foretells takes is of another version", hint="Train it again.", field="early")
            tables = {name: np.asarray(data[name], np.float32) for name in ("weights", "offsets", "middle", "spread")}
            stops = tuple(float(one) for one in data["stops"])
            found = cls(str(data["model"]), int(data["channels"]), stops=stops, **tables)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelError("what foretells takes cannot be read", hint="Install Underpaint again, or paint with "
                             "--no-stopping.", field="early") from error
        shape = found.weights.shape
        fits = (len(shape) == 2 and shape[0] == len(LOOKS) == len(stops) == len(found.offsets)
                and found.middle.shape == found.spread.shape == shape and (found.spread > 0).all()
                and all(np.isfinite(table).all() for table in tables.values()))
        if not fits:
            raise ModelError("what foretells takes is damaged", hint="Install Underpaint again.", field="early")
        return found

    def to_json(self) -> dict[str, Any]:
        """Plain JSON data, as `read` takes it."""
        tables = {name: np.asarray(getattr(self, name), np.float64).round(6).tolist()
                  for name in ("weights", "offsets", "middle", "spread")}
        return {"schema": SCHEMA, "model": self.model, "channels": self.channels, "looks": list(LOOKS),
                "stops": [round(one, 4) for one in self.stops], **tables}
