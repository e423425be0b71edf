"""Words on the estimate: an image-text model looks at pieces of it, and what it would change to see the phrases more is
changed, as Disco Diffusion did; but by the gradient with respect to the estimate alone (He et al. 2023), so that the
painting model itself is never gone back through."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from underpaint.controls.steering.oklab import to_oklab
from underpaint.controls.steering.word_pieces import Cut, cutouts
from underpaint.engine.families.image_text import ImageText
from underpaint.engine.protocols import Stage, Step
from underpaint.recipe import WordsControl

CHANGE = 0.06
"""How far one step goes, as a share of the estimate's own spread."""
UNTIL = 0.85
"""After that the model finishes the picture alone."""
_SMALLEST = 96
"""Colours of latent cells are shown to the model at least so large."""
_STRONG = 0.22
"""Chroma in OKLab past which a colour counts as too strong."""


class WordEdit:
    """Draws the estimate to phrases; an edit in the gradient stage. `to_rgb` takes latents to colours, with
    gradients."""

    stage: Stage = "gradient"

    def __init__(self, control: WordsControl, phrases: Sequence[str], model: ImageText,
                 to_rgb: Callable[[Tensor], Tensor]) -> None:
        self._control, self._model, self._to_rgb = control, model, to_rgb
        self._wanted = model.texts(phrases)
        self._cut = Cut(control.cutouts, control.outer, control.size)
        self.key = f"words {control.to_key()}"

    def __call__(self, estimate: Tensor, step: Step) -> Tensor:
        strength = self._control.strength_at(step.fraction)
        if strength == 0 or step.fraction >= UNTIL:
            return estimate
        with torch.enable_grad():
            asked = estimate.detach().requires_grad_(True)
            gradient, = torch.autograd.grad(self._amiss(asked, step.call), asked)
        size = gradient.square().mean().sqrt().clamp_min(1e-20)
        return estimate - gradient / size * (CHANGE * strength * estimate.std())

    def _amiss(self, estimate: Tensor, seed: int) -> Tensor:
        """What there is to mend: the angle to the phrases, and the terms that keep the picture a picture."""
        control, colours = self._control, self._to_rgb(estimate)
        factor = max(1.0, _SMALLEST / min(colours.shape[-2:]))
        shown = interpolate(colours, scale_factor=factor, mode="bilinear") if factor > 1 else colours
        seen = self._model.images(cutouts(shown.clamp(0, 1), self._cut, self._model.size, seed))
        # The squared angle on the sphere (Crowson 2021), each phrase by the pieces in which it is best seen already.
        apart = (seen[:, None] - self._wanted.to(seen)[None]).norm(dim=-1).div(2).clamp(0, 1 - 1e-6).asin()
        angle = apart.square().mul(2)
        best = torch.softmax(-angle.detach() * 20, dim=0)
        total: Tensor = (angle * best).sum(0).mean()
        total = total + control.smooth * _variation(colours) + control.range_ * _beyond(colours)
        total = total + control.saturation * _too_strong(colours)
        return total + control.symmetry * (colours - colours.flip(-1)).square().mean()


def _variation(colours: Tensor) -> Tensor:
    """Total variation: the mean square of what changes from one place to the next."""
    return (colours[..., 1:, :] - colours[..., :-1, :]).square().mean() + \
        (colours[..., 1:] - colours[..., :-1]).square().mean()


def _beyond(colours: Tensor) -> Tensor:
    return (colours - colours.clamp(0, 1)).square().mean()


def _too_strong(colours: Tensor) -> Tensor:
    lab = to_oklab(colours.clamp(0.02, 0.98))
    chroma = (lab[:, 1:].square().sum(1) + 1e-6).sqrt()
    return (chroma - _STRONG).clamp_min(0).mean()
