"""The judge that examines the Primer: another kind of network, trained apart on scenes of other seeds. It lies in the
training's folder `primer-work`, not in the package, so where nobody trained it there is none. `BENCH_JUDGE` names other
weights."""

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from underpaint.imaging.arrays import FloatArray
from underpaint.primer.config import read_config
from underpaint.primer.judge import Judge, ask

WEIGHTS = Path(os.environ.get("BENCH_JUDGE", "primer-work/judge/weights.safetensors"))
MISSING = "no judge of this World here (make primer-judge)"


class Judging:
    """Names what is in pictures."""

    FACTORS = ("subject", "colour", "place", "time")
    """What a take must show as asked to be right."""

    def __init__(self, judge: Judge, size: int) -> None:
        self._judge, self._size = judge.eval().requires_grad_(False), size

    @classmethod
    def open(cls) -> "Judging | None":
        """The judge as the last run of its stage left it; None where there is none, or one of another World."""
        config = read_config().judge
        judge = Judge(config.width)
        try:
            judge.load_state_dict(load_file(WEIGHTS))
        except (OSError, SafetensorError, RuntimeError):
            return None
        return cls(judge, config.size)

    def named(self, picture: FloatArray) -> dict[str, str]:
        """Each factor of one picture, H x W x 3 floats."""
        with torch.inference_mode():
            said = ask(self._judge, (picture[None, ..., :3] * 255).round().astype(np.uint8), self._size).named
        return {name: values[0] for name, values in said.items()}

    def good(self, picture: FloatArray, factors: Mapping[str, str]) -> bool:
        """Whether everything that counts is named as asked."""
        named = self.named(picture)
        return all(named[name] == factors[name] for name in self.FACTORS)
