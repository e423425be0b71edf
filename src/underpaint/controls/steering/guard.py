"""Nothing that a control does may cost the picture: a change that is no number is left out, and counted."""

from collections import Counter

import torch
from torch import Tensor

from underpaint.engine.protocols import Edit, Stage, Step


class Guarded:
    """An edit whose result is taken only where every value of it is a number."""

    def __init__(self, edit: Edit, name: str, unguided: Counter[str]) -> None:
        self.stage: Stage = edit.stage
        self.key = edit.key
        self._edit, self._name, self._unguided = edit, name, unguided

    def __call__(self, estimate: Tensor, step: Step) -> Tensor:
        if bool(torch.isfinite(estimate).all()):
            changed = self._edit(estimate, step)
            if changed is estimate or bool(torch.isfinite(changed).all()):
                return changed
        self._unguided[self._name] += 1
        return estimate
