"""At what noise level each call of the model is: asked of the scheduler, never looked up by timestep where it has
sigmas of its own (with Karras sigmas the two do not match)."""

from typing import Any

import diffusers
from torch import Tensor

from underpaint.engine.protocols import Step

_BY_TABLE = frozenset({"DDIMScheduler", "DDPMScheduler", "PNDMScheduler", "LCMScheduler", "TCDScheduler"})


def steps_of(scheduler: Any, start: int) -> tuple[Step, ...]:
    """Every call of the model from `start` on, with the noise level that the scheduler takes it to be at."""
    timesteps = scheduler.timesteps.tolist()
    calls = len(timesteps) - start
    places = [_place(scheduler, call) for call in range(calls)]
    total = places[-1][0] + 1
    steps = []
    for call, (number, substep) in enumerate(places):
        index = start + call
        sigma, signal, noise = _level(scheduler, index, timesteps[index])
        steps.append(Step(number, substep, total, call, calls, float(timesteps[index]), sigma, signal, noise))
    return tuple(steps)


def _place(scheduler: Any, call: int) -> tuple[int, int]:
    """Number and substep of a call: second-order samplers and the starts of PNDM ask more than once a step."""
    if isinstance(scheduler, diffusers.PNDMScheduler):
        if scheduler.config.skip_prk_steps:
            return (0, call) if call < 2 else (call - 1, 0)
        return divmod(call, 4) if call < 12 else (call - 9, 0)
    return divmod(call, getattr(scheduler, "order", 1))


def _level(scheduler: Any, index: int, timestep: float) -> tuple[float, float, float]:
    """(sigma, signal, noise) at a call: the scheduler's own level, and the latents' shares of picture and noise."""
    if type(scheduler).__name__ in _BY_TABLE:
        # These know no sigmas: what they themselves compute with is the table at the timestep.
        kept = float(scheduler.alphas_cumprod[int(timestep)])
        signal, noise = kept**0.5, (1 - kept) ** 0.5
        return noise / max(signal, 1e-12), signal, noise
    sigma = _sigma(scheduler, index)
    if hasattr(scheduler, "_sigma_to_alpha_sigma_t"):
        signal_part, noise_part = scheduler._sigma_to_alpha_sigma_t(sigma)
        return float(sigma), float(signal_part), float(noise_part)
    if type(scheduler).__name__.startswith("FlowMatch"):
        return float(sigma), float(1 - sigma), float(sigma)
    return float(sigma), 1.0, float(sigma)


def _sigma(scheduler: Any, index: int) -> Tensor:
    """The sigma at a call; at the midpoints of second-order samplers it lies between two of the schedule."""
    sigmas: Tensor = scheduler.sigmas
    if index % 2 and isinstance(scheduler, diffusers.KDPM2DiscreteScheduler):
        return scheduler.sigmas_interpol[index]
    if index % 2 and isinstance(scheduler, diffusers.KDPM2AncestralDiscreteScheduler):
        return scheduler.sigmas_interpol[index - 1]
    if index % 2 and isinstance(scheduler, diffusers.DPMSolverSDEScheduler):
        return (sigmas[index - 1] * sigmas[index]).sqrt()
    return sigmas[index]
