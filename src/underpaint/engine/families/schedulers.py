"""diffusers' schedulers as samplers: what each step's noise level is, and how the estimate follows from the output."""

import inspect
import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import FunctionType, MethodType
from typing import Any

import diffusers
import numpy as np
import torch
from diffusers.schedulers.scheduling_dpmsolver_sde import BrownianTreeNoiseSampler
from torch import Tensor

from underpaint.engine.components import Components
from underpaint.engine.families.levels import steps_of
from underpaint.engine.noise import NoiseSource, PathNoise
from underpaint.engine.protocols import Step
from underpaint.errors import RecipeError
from underpaint.recipe.samplers import SamplerName, ScheduleName, check_schedule

# The tree's bounds are the sigmas rounded to five digits; torchsde says so at every run and means no harm.
warnings.filterwarnings("ignore", message=r"Should have t[ab][<>]=t[01]", module="torchsde")
_CURVES = frozenset({"karras", "exponential", "beta"})
_ETA = {"tcd": 0.3}


@dataclass(frozen=True)
class SamplerSettings:
    """Which sampler, on which schedule, with how many steps, of which the last share `strength` (0..1] is run.

    Then the parameters that it obeys; None leaves the sampler's own.
    """

    sampler: SamplerName
    schedule: ScheduleName
    steps: int
    strength: float = 1.0
    eta: float | None = None
    s_churn: float = 0.0
    s_tmin: float = 0.0
    s_tmax: float | None = None
    s_noise: float = 1.0


class Sampler:
    """One diffusers scheduler set up for one run.

    `steps` lists every call of the model. `estimate` forms the estimate as the scheduler itself would at that call,
    and `shifted` and `output_for` undo it, so that an edited output makes the scheduler believe the edited estimate.
    """

    def __init__(self, scheduler: Any, prediction: str, start: int, arguments: Mapping[str, Any]) -> None:
        self.scheduler = scheduler
        self._prediction = prediction
        self._arguments = dict(arguments)
        self._timesteps = scheduler.timesteps[start:]
        self._scale = getattr(scheduler, "scale_model_input", None)
        if hasattr(scheduler, "set_begin_index"):
            scheduler.set_begin_index(start)
        self.steps = steps_of(scheduler, start)

    @property
    def start_sigma(self) -> Any:
        """What unit noise is multiplied by to start from noise alone; None where nothing is."""
        return getattr(self.scheduler, "init_noise_sigma", None)

    def timestep(self, step: Step) -> Tensor:
        """The timestep as the model is told it, a tensor without dimensions."""
        timestep: Tensor = self._timesteps[step.call]
        return timestep

    def scaled(self, latents: Tensor, step: Step) -> Tensor:
        """The latents as the model wants them."""
        if self._scale is None:
            return latents
        scaled: Tensor = self._scale(latents, self._timesteps[step.call])
        return scaled

    def noised(self, picture: Tensor, noise: Tensor) -> Tensor:
        """Latents of a picture with noise up to the first step's level."""
        add = getattr(self.scheduler, "scale_noise", None)
        first = self._timesteps[:1]
        if add is not None:
            return add(picture, first, noise)
        return self.scheduler.add_noise(picture, noise, first)

    def advance(self, output: Tensor, latents: Tensor, step: Step) -> Tensor:
        """The latents after this call of the model."""
        moved: Tensor = self.scheduler.step(output, self._timesteps[step.call], latents, **self._arguments,
                                            return_dict=False)[0]
        return moved

    def estimate(self, output: Tensor, latents: Tensor, step: Step) -> Tensor:
        """The picture that the output stands for, as latents."""
        signal, noise = step.signal, step.noise
        if self._prediction == "epsilon":
            return (latents - noise * output) / signal
        if self._prediction == "v_prediction":
            unit = math.hypot(signal, noise)
            return (signal / unit**2) * latents - (noise / unit) * output
        if self._prediction == "flow":
            return latents - noise * output
        return output

    def shifted(self, output: Tensor, change: Tensor, step: Step) -> Tensor:
        """The output whose estimate differs by `change`: the very same output where nothing changed."""
        signal, noise = step.signal, step.noise
        if self._prediction == "epsilon":
            return output - (signal / noise) * change
        if self._prediction == "v_prediction":
            return output - (math.hypot(signal, noise) / noise) * change
        if self._prediction == "flow":
            return output - change / noise
        return output + change

    def output_for(self, estimate: Tensor, latents: Tensor, step: Step) -> Tensor:
        """The output that stands for this picture."""
        signal, noise = step.signal, step.noise
        if self._prediction == "epsilon":
            return (latents - signal * estimate) / noise
        if self._prediction == "v_prediction":
            unit = math.hypot(signal, noise)
            return ((signal / unit**2) * latents - estimate) * (unit / noise)
        if self._prediction == "flow":
            return (latents - estimate) / noise
        return estimate


def make_sampler(components: Components, settings: SamplerSettings, source: NoiseSource, shape: Sequence[int],
                 device: torch.device) -> Sampler:
    """Set up a scheduler for one run over latents of `shape`; `source` gives the noise of each step.

    Raises RecipeError for pairs and numbers that cannot work.
    """
    check_schedule(settings.sampler, settings.schedule, flow=components.is_flow)
    scheduler = _make(components, settings)
    _set_timesteps(scheduler, components, settings, shape, device)
    start = first_step(settings.steps, settings.strength, components.is_flow) * getattr(scheduler, "order", 1)
    if start >= len(scheduler.timesteps):
        raise RecipeError(f"strength {settings.strength:g} of {settings.steps} steps leaves no step to paint",
                          hint="Raise the strength or the steps.", field="strength")
    if source.generator is None:
        scheduler.step = _step_with(scheduler, source)
    if settings.sampler.seeded_tree:
        scheduler.noise_sampler = _path_noise(scheduler, source, shape)
    return Sampler(scheduler, components.prediction, start, _arguments(scheduler, settings, source))


def first_step(steps: int, strength: float, flow: bool) -> int:
    """The number of the first step when only the last share `strength` is run, as diffusers' pipelines count."""
    if flow:
        return int(max(steps - min(steps * strength, steps), 0))
    return max(steps - min(int(steps * strength), steps), 0)


def _make(components: Components, settings: SamplerSettings) -> Any:
    name = settings.sampler.flow_scheduler if components.is_flow else settings.sampler.scheduler
    kind = getattr(diffusers, str(name))
    config = dict(components.scheduler_config)
    changes: dict[str, Any] = {**settings.schedule.config}
    if components.is_flow:
        changes |= settings.sampler.flow_config
        changes["flow_shift"] = config.get("flow_shift", config.get("shift", 1.0))
    else:
        changes |= settings.sampler.config
        changes["prediction_type"] = components.prediction
        # diffusers' own pipelines correct old configurations so; latents are never to be clipped to -1..1.
        if components.family in ("sd", "sd2") or "clip_sample" not in config:
            changes["clip_sample"] = False
        if components.family in ("sd", "sd2"):
            changes.setdefault("steps_offset", 1)
    known = inspect.signature(kind.__init__).parameters
    return kind.from_config(config, **{key: value for key, value in changes.items() if key in known})


def _set_timesteps(scheduler: Any, components: Components, settings: SamplerSettings,
                   shape: Sequence[int], device: torch.device) -> None:
    limit = int(scheduler.config.num_train_timesteps)
    if settings.steps > limit:
        raise RecipeError(f"{settings.steps} steps are more than this model knows",
                          hint=f"It knows {limit}.", field="sampling.steps")
    accepted = inspect.signature(scheduler.set_timesteps).parameters
    extra: dict[str, Any] = {}
    if scheduler.config.get("use_dynamic_shifting"):
        extra["mu"] = _size_shift(scheduler.config, (shape[-2] // 2) * (shape[-1] // 2))
    steps: dict[str, Any] = {"num_inference_steps": settings.steps}
    if components.family == "flux" and "sigmas" in accepted:
        steps = {"sigmas": np.linspace(1.0, 1 / settings.steps, settings.steps)}
    try:
        scheduler.set_timesteps(**steps, device=device, **extra)
    except (ValueError, IndexError, ZeroDivisionError) as error:
        raise RecipeError(f"the sampler '{settings.sampler.id}' cannot run {settings.steps} steps",
                          hint="Try another number of steps.", field="sampling.steps") from error
    if settings.schedule.id in _CURVES and isinstance(scheduler, diffusers.EulerAncestralDiscreteScheduler):
        # Its class knows no curves; the levels are those of the Euler sampler.
        twin = diffusers.EulerDiscreteScheduler.from_config(dict(scheduler.config), **settings.schedule.config)
        twin.set_timesteps(settings.steps, device=device)
        scheduler.sigmas, scheduler.timesteps = twin.sigmas, twin.timesteps


def _size_shift(config: Mapping[str, Any], tokens: int) -> float:
    """Flux's and SD3.5's shift of the schedule with the number of image tokens, a straight line."""
    low, high = config.get("base_image_seq_len", 256), config.get("max_image_seq_len", 4096)
    small, large = config.get("base_shift", 0.5), config.get("max_shift", 1.15)
    slope = (large - small) / (high - low)
    return float(tokens * slope + (small - slope * low))


def _arguments(scheduler: Any, settings: SamplerSettings, source: NoiseSource) -> dict[str, Any]:
    accepted = inspect.signature(scheduler.step).parameters
    given: dict[str, Any] = {"generator": source.generator} if "generator" in accepted else {}
    if "eta" in accepted:
        given["eta"] = settings.eta if settings.eta is not None else _ETA.get(settings.sampler.id, 0.0)
    wanted = {"s_churn": settings.s_churn, "s_tmin": settings.s_tmin, "s_noise": settings.s_noise,
              "s_tmax": settings.s_tmax if settings.s_tmax is not None else math.inf}
    defaults = {"s_churn": 0.0, "s_tmin": 0.0, "s_noise": 1.0, "s_tmax": math.inf}
    for key, value in wanted.items():
        if key in settings.sampler.parameters and key in accepted:
            given[key] = value
        elif value != defaults[key]:
            raise RecipeError(f"the sampler '{settings.sampler.id}' has no {key}",
                              hint="Leave it out, or choose euler.", field=f"sampling.{key}")
    if settings.eta and "eta" not in accepted:
        raise RecipeError(f"the sampler '{settings.sampler.id}' has no eta", hint="Leave it out, or choose ddim.",
                          field="sampling.eta")
    return given


def _step_with(scheduler: Any, source: NoiseSource) -> Any:
    """The scheduler's step, drawing from `source` wherever it would draw with diffusers' randn_tensor."""

    def draw(shape: Sequence[int], generator: Any = None, device: Any = "cpu", dtype: Any = None,
             layout: Any = None) -> Tensor:
        return source.draw(shape, device or "cpu").to(dtype)

    step = type(scheduler).step
    own = FunctionType(step.__code__, {**step.__globals__, "randn_tensor": draw}, step.__name__, step.__defaults__,
                       step.__closure__)
    own.__kwdefaults__ = step.__kwdefaults__
    return MethodType(own, scheduler)


def _path_noise(scheduler: Any, source: NoiseSource, shape: Sequence[int]) -> Any:
    """Brownian noise for the sampler that walks a path, from the CPU, so that a seed means the same on every device."""
    device = scheduler.timesteps.device
    if source.generator is None:
        return PathNoise(source, shape, device)
    levels = scheduler.sigmas[scheduler.sigmas > 0]
    tree = BrownianTreeNoiseSampler(torch.zeros(tuple(shape)), levels.min().item(), levels.max().item(), source.seed)
    return lambda start, end: tree(start, end).to(device)
