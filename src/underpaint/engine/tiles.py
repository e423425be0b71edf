"""Overlapping tiles with feathered seams: pictures larger than a model likes, or than memory holds."""

from collections.abc import Callable
from functools import lru_cache

import torch
from torch import Tensor

from underpaint.engine.loop import Answers
from underpaint.engine.protocols import Step, Window


def windows(height: int, width: int, size: int, overlap: int) -> tuple[Window, ...]:
    """Windows of at most `size` x `size` that cover the whole and overlap by at least `overlap`.

    They are spread evenly, so that no narrow one is left at the edge.
    """
    assert 0 <= overlap < size
    return tuple(Window(top, left, min(size, height), min(size, width), height, width)
                 for top in _starts(height, size, overlap) for left in _starts(width, size, overlap))


def _starts(length: int, size: int, overlap: int) -> list[int]:
    if length <= size:
        return [0]
    count = -(-(length - overlap) // (size - overlap))
    return [round(index * (length - size) / (count - 1)) for index in range(count)]


@lru_cache(maxsize=64)
def _ramp(start: int, size: int, whole: int, overlap: int) -> Tensor:
    """Weights along one side of a tile: rising and falling over the overlap, except at the picture's own edges."""
    places = torch.arange(size, dtype=torch.float32) + 0.5
    ramp = torch.ones(size)
    if overlap and start > 0:
        ramp = torch.minimum(ramp, places / overlap)
    if overlap and start + size < whole:
        ramp = torch.minimum(ramp, (size - places) / overlap)
    return ramp


def feather(window: Window, overlap: int, scale: float = 1.0) -> Tensor:
    """How much a tile counts at each of its places, height x width, above 0 everywhere; `scale` resizes all."""
    def across(start: int, size: int, whole: int) -> Tensor:
        return _ramp(round(start * scale), round(size * scale), round(whole * scale), round(overlap * scale))

    rows = across(window.top, window.height, window.whole_height)
    columns = across(window.left, window.width, window.whole_width)
    return rows[:, None] * columns[None, :]


def cut(tensor: Tensor, window: Window) -> Tensor:
    """The part of the last two dimensions that lies in the window."""
    return tensor[..., window.top:window.top + window.height, window.left:window.left + window.width]


def through_tiles(given: Tensor, call: Callable[[Tensor, Window], Tensor], size: int, overlap: int,
                  scale: float = 1.0) -> Tensor:
    """`call` on every tile of N x C x h x w, blended; its results are `scale` times as large as what it is given."""
    total: Tensor | None = None
    weight: Tensor | None = None
    for window in windows(given.shape[-2], given.shape[-1], size, overlap):
        result = call(cut(given, window), window)
        if total is None or weight is None:
            whole = (round(given.shape[-2] * scale), round(given.shape[-1] * scale))
            total = torch.zeros((*result.shape[:-2], *whole), dtype=torch.float32, device=result.device)
            weight = torch.zeros(whole, dtype=torch.float32, device=result.device)
        place = Window(round(window.top * scale), round(window.left * scale), result.shape[-2], result.shape[-1],
                       *total.shape[-2:])
        share = feather(window, overlap, scale).to(result.device)
        cut(total, place).add_(result.float() * share)
        cut(weight, place).add_(share)
    assert total is not None and weight is not None
    return total / weight


class TiledAsk:
    """Asks the model tile by tile and blends what it says (as in MultiDiffusion, Bar-Tal et al. 2023).

    `size` and `overlap` in latent cells.
    """

    def __init__(self, ask: Callable[[Tensor, Step, bool, Window | None], Answers], size: int, overlap: int) -> None:
        self._ask, self._size, self._overlap = ask, size, overlap

    def __call__(self, scaled: Tensor, step: Step, negative: bool) -> Answers:
        weights: tuple[float, ...] = ()

        def one(part: Tensor, window: Window) -> Tensor:
            nonlocal weights
            answers = self._ask(part, step, negative, window)
            weights = answers.weights
            every = answers.positives if answers.negative is None else (answers.negative, *answers.positives)
            return torch.stack(every)

        said = through_tiles(scaled, one, self._size, self._overlap)
        first = int(negative)
        return Answers(tuple(said[first:]), weights, said[0] if negative else None)
