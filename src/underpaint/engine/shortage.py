"""When memory runs short: what is given up, one thing after another, before a run gives up."""

import gc
from collections.abc import Callable
from typing import TypeVar

import torch
from torch import nn

from underpaint.engine.components import Components
from underpaint.errors import MemoryShortage

T = TypeVar("T")
_SIGNS = ("not enough memory", "can't allocate memory", "cannot allocate memory", "out of memory", "alloc_cpu")


def is_shortage(error: BaseException) -> bool:
    """Whether an error means that memory ran out, on a CPU, CUDA or Apple device."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(sign in str(error).lower() for sign in _SIGNS)


class Fallbacks:
    """Runs model calls, and on a shortage gives up speed step by step; each step taken stays taken and is recorded.

    `dtype` is what the denoiser computes in. `one_row`: the parts of the words are asked about one by one.
    `record` says in plain words what was given up, for the take.
    """

    def __init__(self, components: Components, device: torch.device, dtype: torch.dtype,
                 say: Callable[[str], None] | None = None) -> None:
        self._components, self._device, self.dtype = components, device, dtype
        self._say = say
        self.one_row = False
        self.tiled_vae = False
        self.record: list[str] = []
        self._left: list[tuple[str, Callable[[], bool]]] = [
            ("asking about the prompts one by one", self._one_row),
            ("computing attention in slices", self._slices),
            ("moving idle parts of the model off the device", self._off_device),
        ]

    def run(self, call: Callable[[], T]) -> T:
        """The result of `call`, tried again after each fallback. Raises MemoryShortage after the last."""
        while True:
            try:
                return call()
            except (RuntimeError, MemoryError) as error:
                if not is_shortage(error):
                    raise
                problem = str(error)
            self._free()
            if not self._give_up_something():
                raise MemoryShortage(f"memory ran out while painting ({problem.splitlines()[0]:.100})",
                                     hint="Paint a smaller picture, turn on tiles, or close other programs.")

    def note(self, what: str) -> None:
        """Record a fallback and say it."""
        if what not in self.record:
            self.record.append(what)
            if self._say is not None:
                self._say(f"memory is short: {what}")

    def _give_up_something(self) -> bool:
        while self._left:
            what, take = self._left.pop(0)
            if take():
                self.note(what)
                return True
        return False

    def _one_row(self) -> bool:
        self.one_row = True
        return True

    def _slices(self) -> bool:
        slice_attention = getattr(self._components.denoiser, "set_attention_slice", None)
        if slice_attention is None:
            return False
        slice_attention("max")
        return True

    def _off_device(self) -> bool:
        if self._device.type == "cpu":
            return False
        for module in (self._components.vae, *self._components.text_encoders):
            if isinstance(module, nn.Module):
                module.to("cpu")
        self._free()
        return True

    def _free(self) -> None:
        gc.collect()
        if self._device.type == "cuda":
            torch.cuda.empty_cache()
        elif self._device.type == "mps":
            torch.mps.empty_cache()
