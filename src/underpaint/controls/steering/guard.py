"""Nothing that a control does may cost the picture: a change that is no number is left out, and counted."""

from collections import Counter

import torch
from torch import Tensor

from underpaint.engine.components import Components
from underpaint.engine.protocols import Attachment, Edit, ModelCall, ModelInputs, Stage, Step, Supplies


class Guarded:
    """An edit whose result is taken only where every value of it is a number."""

    def __init__(self, edit: Edit, name: str, unguided: Counter[str]) -> None:
        self.stage: Stage = edit.stage
        self.key = edit.key
        self._edit, self._name, self._unguided = edit, name, unguided

    def __call__(self, estimate: Tensor, step: Step) -> Tensor:
        changed = self._changed(estimate, step) if bool(torch.isfinite(estimate).all()) else None
        if changed is not None and (changed is estimate or bool(torch.isfinite(changed).all())):
            return changed
        self._unguided[self._name] += 1
        return estimate

    def _changed(self, estimate: Tensor, step: Step) -> Tensor | None:
        """What the edit makes of the estimate; None where its arithmetic breaks off at what is no number."""
        try:
            return self._edit(estimate, step)
        except torch.linalg.LinAlgError:  # type: ignore[attr-defined]
            return None


class GuardedSupply:
    """An attachment whose features join a call only where every value of them is a number: nets in half precision
    overflow now and then."""

    def __init__(self, attachment: Attachment, name: str, unguided: Counter[str]) -> None:
        self._attachment, self._name, self._unguided = attachment, name, unguided

    def attach(self, components: Components) -> None:
        """As the attachment does."""
        self._attachment.attach(components)

    def detach(self) -> None:
        """As the attachment does."""
        self._attachment.detach()

    def inputs(self, call: ModelCall) -> ModelInputs | None:
        """What the attachment adds, or nothing."""
        assert isinstance(self._attachment, Supplies)
        given = self._attachment.inputs(call)
        if given is None or all(_finite(one) for one in given.residuals.values()):
            return given
        self._unguided[self._name] += 1
        return None


def _finite(residual: object) -> bool:
    levels = [residual] if isinstance(residual, Tensor) else list(residual)  # type: ignore[call-overload]
    return all(bool(torch.isfinite(level).all()) for level in levels)
