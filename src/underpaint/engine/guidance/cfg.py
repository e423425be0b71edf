"""Classifier-free guidance (Ho and Salimans 2022), with rescaling (Lin et al. 2023) and an interval of steps
(Kynkaanniemi et al. 2024)."""

from torch import Tensor

from underpaint.engine.protocols import Outputs, Step


class ClassifierFree:
    """Away from the negative prompt by `scale`, between the shares `start` and `end` of the run.

    At a scale of 1 or less, and outside the interval, the negative prompt is not asked about. `rescale` (0..1) is
    the share of the result that is brought back to the spread of the positive output.
    """

    def __init__(self, scale: float, rescale: float = 0.0, start: float = 0.0, end: float = 1.0) -> None:
        self.scale, self.rescale, self.start, self.end = scale, rescale, start, end

    def wants_negative(self, step: Step) -> bool:
        return self.scale > 1 and step.within(self.start, self.end)

    def __call__(self, outputs: Outputs, step: Step) -> Tensor:
        if outputs.negative is None:
            return together(outputs.positives, outputs.weights)
        guided = outputs.negative
        for positive, weight in zip(outputs.positives, outputs.weights, strict=True):
            scale = self.scale if weight == 1 else self.scale * weight
            guided = guided + scale * (positive - outputs.negative)
        if self.rescale > 0:
            guided = rescaled(guided, together(outputs.positives, outputs.weights), self.rescale)
        return guided


def together(positives: tuple[Tensor, ...], weights: tuple[float, ...]) -> Tensor:
    """One output for all parts of a prompt: their weighted mean."""
    if len(positives) == 1:
        return positives[0]
    total = sum(weights)
    shares = [weight / total for weight in weights] if total > 0 else [1 / len(weights)] * len(weights)
    mixed = positives[0] * shares[0]
    for positive, share in zip(positives[1:], shares[1:], strict=True):
        mixed = mixed + positive * share
    return mixed


def rescaled(guided: Tensor, positive: Tensor, share: float) -> Tensor:
    """`guided`, brought back by `share` to the spread of `positive` (section 3.4 of Lin et al. 2023)."""
    dims = list(range(1, guided.ndim))
    narrowed = guided * (positive.std(dim=dims, keepdim=True) / guided.std(dim=dims, keepdim=True))
    return share * narrowed + (1 - share) * guided
