"""Standing round the attention layers of a UNet for the length of a run, and leaving without trace."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from torch import Tensor, nn

from underpaint.engine.components import Components

Attend = Callable[..., Tensor]
"""An attention processor: (layer, hidden states, words' features, mask, time embedding, ...) to hidden states."""
_ASIDE = ContextVar("aside", default=False)
UNETS = frozenset({"sd", "sd2", "sdxl"})


@contextmanager
def aside() -> Iterator[None]:
    """Within, the denoiser is asked about something else than what is painted."""
    before = _ASIDE.set(True)
    try:
        yield
    finally:
        _ASIDE.reset(before)


def is_aside() -> bool:
    """Whether the denoiser is asked about something else, which has no regions."""
    return _ASIDE.get()


class Around:
    """An attention processor that stands round another; `way` is given that one, then what it was given itself."""

    def __init__(self, own: Attend, way: Callable[..., Tensor]) -> None:
        self._own, self._way = own, way

    def __call__(self, attn: nn.Module, hidden_states: Tensor, encoder_hidden_states: Any = None,
                 attention_mask: Tensor | None = None, temb: Tensor | None = None, **others: Any) -> Tensor:
        return self._way(self._own, attn, hidden_states, encoder_hidden_states, attention_mask, temb, **others)


class Processors:
    """Puts processors round those of all layers whose name ends in `ending`, and takes them off again.

    `attn1` are a UNet's self-attentions, `attn2` those to the words.
    """

    def __init__(self, ending: str) -> None:
        self._ending = ending
        self._before: list[tuple[nn.Module, Any]] = []

    def put(self, components: Components, way: Callable[[str], Callable[..., Tensor]]) -> None:
        """Put `way(name of the layer)` round each; nothing for models that are no UNet."""
        assert not self._before
        if components.family not in UNETS:
            return
        for name, layer in components.denoiser.named_modules():
            if name.rpartition(".")[2] == self._ending and hasattr(layer, "set_processor"):
                own = layer.processor
                self._before.append((layer, own))
                layer.set_processor(Around(own, way(name)))  # type: ignore[operator,arg-type]

    def take_off(self) -> None:
        """Leave the very processors that were there before."""
        for layer, own in reversed(self._before):
            layer.set_processor(own)  # type: ignore[operator]
        self._before = []
