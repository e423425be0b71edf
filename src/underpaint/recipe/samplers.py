"""Samplers and noise schedules by name: ours, AUTOMATIC1111's, ComfyUI's and diffusers'. Names and facts only.

`exact` says whether the update rule is the one that the label stands for in other programs. Where it is not,
`note` says how it differs. A name that has no twin here is refused with the nearest names, never quietly replaced.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from underpaint.errors import RecipeError

_ALL = ("automatic", "normal", "karras", "exponential", "beta", "sgm_uniform", "simple", "ddim_uniform")
# These step by a fixed stride of timesteps, which only spacings with that stride fit.
_STRIDES = ("automatic", "sgm_uniform", "simple", "ddim_uniform")
_OWN = ("automatic",)
_MULTISTEP_FLOW = MappingProxyType({"prediction_type": "flow_prediction", "use_flow_sigmas": True})
_TREE_NOTE = ("Same rule, but each step's noise comes from the seeded generator, not from a Brownian tree: "
              "the same seed gives another take.")


@dataclass(frozen=True, slots=True)
class SamplerName:
    """One sampler.

    id: our name, as recipes store it. label: the name AUTOMATIC1111 shows (or would show).
    scheduler: the diffusers class for noise-predicting models, `config` what it is set to;
    flow_scheduler and flow_config: the same for flow-matching models, None where there is none.
    aliases: further spellings. exact, note: see the module. schedules: ids of the schedules it can follow,
    flow_schedules the same for flow models. parameters: which of eta, s_churn, s_tmin, s_tmax and s_noise it
    obeys. noisy: draws noise while stepping. seeded_tree: draws it from torchsde's own CPU generator under the
    CPU noise source (under Philox, from Philox). calls: model calls a step (the last step may need fewer).
    """

    id: str
    label: str
    scheduler: str
    config: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    flow_scheduler: str | None = None
    flow_config: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    aliases: tuple[str, ...] = ()
    exact: bool = True
    note: str = ""
    schedules: tuple[str, ...] = _ALL
    flow_schedules: tuple[str, ...] = _OWN
    parameters: frozenset[str] = frozenset()
    noisy: bool = False
    seeded_tree: bool = False
    calls: int = 1


@dataclass(frozen=True, slots=True)
class ScheduleName:
    """One noise schedule: how the noise levels of the steps are spread.

    `config` is what diffusers' schedulers are set to. `exact` and `note` as for samplers.
    """

    id: str
    label: str
    config: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    aliases: tuple[str, ...] = ()
    exact: bool = True
    note: str = ""


_CHURN = frozenset({"s_churn", "s_tmin", "s_tmax", "s_noise"})

SAMPLERS: tuple[SamplerName, ...] = (
    SamplerName("euler", "Euler", "EulerDiscreteScheduler", aliases=("k_euler", "sample_euler"),
                flow_scheduler="FlowMatchEulerDiscreteScheduler", parameters=_CHURN,
                flow_schedules=("automatic", "karras", "exponential", "beta"),
                note="With s_churn approximate: the noise comes after the model was asked, not before."),
    SamplerName("euler_a", "Euler a", "EulerAncestralDiscreteScheduler",
                aliases=("euler_ancestral", "k_euler_a", "sample_euler_ancestral"), noisy=True),
    SamplerName("heun", "Heun", "HeunDiscreteScheduler", aliases=("k_heun", "sample_heun"),
                flow_scheduler="FlowMatchHeunDiscreteScheduler", calls=2),
    SamplerName("lms", "LMS", "LMSDiscreteScheduler", aliases=("k_lms", "sample_lms")),
    SamplerName("dpm2", "DPM2", "KDPM2DiscreteScheduler", aliases=("dpm_2", "k_dpm_2", "kdpm2"), calls=2),
    SamplerName("dpm2_a", "DPM2 a", "KDPM2AncestralDiscreteScheduler",
                aliases=("dpm_2_ancestral", "k_dpm_2_a", "kdpm2_a"), noisy=True, calls=2),
    SamplerName("dpmpp_2m", "DPM++ 2M", "DPMSolverMultistepScheduler",
                {"algorithm_type": "dpmsolver++", "solver_order": 2, "solver_type": "midpoint"},
                "DPMSolverMultistepScheduler", _MULTISTEP_FLOW, aliases=("k_dpmpp_2m", "sample_dpmpp_2m")),
    SamplerName("dpmpp_3m", "DPM++ 3M", "DPMSolverMultistepScheduler",
                {"algorithm_type": "dpmsolver++", "solver_order": 3, "solver_type": "midpoint"},
                "DPMSolverMultistepScheduler", _MULTISTEP_FLOW, aliases=("dpmsolver_3m",)),
    SamplerName("dpmpp_2m_sde", "DPM++ 2M SDE", "DPMSolverMultistepScheduler",
                {"algorithm_type": "sde-dpmsolver++", "solver_order": 2, "solver_type": "midpoint"},
                "DPMSolverMultistepScheduler", _MULTISTEP_FLOW, noisy=True, exact=False, note=_TREE_NOTE,
                aliases=("k_dpmpp_2m_sde", "dpmpp_2m_sde_gpu", "sample_dpmpp_2m_sde")),
    SamplerName("dpmpp_2m_sde_heun", "DPM++ 2M SDE Heun", "DPMSolverMultistepScheduler",
                {"algorithm_type": "sde-dpmsolver++", "solver_order": 2, "solver_type": "heun"},
                "DPMSolverMultistepScheduler", _MULTISTEP_FLOW, noisy=True, exact=False, note=_TREE_NOTE,
                aliases=("k_dpmpp_2m_sde_heun",)),
    SamplerName("dpmpp_3m_sde", "DPM++ 3M SDE", "DPMSolverMultistepScheduler",
                {"algorithm_type": "sde-dpmsolver++", "solver_order": 3, "solver_type": "midpoint"},
                "DPMSolverMultistepScheduler", _MULTISTEP_FLOW, noisy=True, exact=False,
                note=_TREE_NOTE + " Its third-order term also differs.",
                aliases=("k_dpmpp_3m_sde", "dpmpp_3m_sde_gpu", "sample_dpmpp_3m_sde")),
    SamplerName("dpmpp_sde", "DPM++ SDE", "DPMSolverSDEScheduler",
                aliases=("k_dpmpp_sde", "dpmpp_sde_gpu", "sample_dpmpp_sde"),
                parameters=frozenset({"s_noise"}), noisy=True, seeded_tree=True, calls=2),
    SamplerName("dpmpp_2s", "DPM++ 2S", "DPMSolverSinglestepScheduler",
                {"algorithm_type": "dpmsolver++", "solver_order": 2, "solver_type": "midpoint"},
                "DPMSolverSinglestepScheduler", _MULTISTEP_FLOW, aliases=("dpmsolver_singlestep",),
                schedules=("automatic", "karras", "exponential", "beta"),
                note="Two model calls of one solver step count as two steps, and no noise is added: "
                     "not the ancestral DPM++ 2S a."),
    SamplerName("ddim", "DDIM", "DDIMScheduler", aliases=("ddim_uniform_sampler",), schedules=_STRIDES,
                parameters=frozenset({"eta"})),
    SamplerName("ddpm", "DDPM", "DDPMScheduler", schedules=_STRIDES, noisy=True),
    SamplerName("pndm", "PNDM", "PNDMScheduler", schedules=_STRIDES,
                note="Starts with Runge-Kutta steps unless the model's own settings skip them."),
    SamplerName("plms", "PLMS", "PNDMScheduler", {"skip_prk_steps": True}, schedules=_STRIDES),
    SamplerName("unipc", "UniPC", "UniPCMultistepScheduler", {}, "UniPCMultistepScheduler", _MULTISTEP_FLOW,
                aliases=("uni_pc", "uni_pc_bh2"), exact=False,
                note="Second order with the B2 function; AUTOMATIC1111 uses third order with B1."),
    SamplerName("deis", "DEIS", "DEISMultistepScheduler", {"algorithm_type": "deis", "solver_type": "logrho"},
                "DEISMultistepScheduler", {**_MULTISTEP_FLOW, "algorithm_type": "deis"},
                aliases=("deis_multistep",), exact=False,
                note="Stops at the smallest noise level that the model knows instead of at none."),
    SamplerName("sa_solver", "SA-Solver", "SASolverScheduler", {"algorithm_type": "data_prediction"},
                aliases=("sasolver",), noisy=True, exact=False, note=_TREE_NOTE),
    SamplerName("lcm", "LCM", "LCMScheduler", flow_scheduler="FlowMatchLCMScheduler", schedules=_OWN,
                aliases=("k_lcm",), noisy=True, exact=False,
                note="For models distilled for it. Steps on the distillation's own timesteps."),
    SamplerName("tcd", "TCD", "TCDScheduler", schedules=_OWN, parameters=frozenset({"eta"}), noisy=True,
                note="For models distilled for it."),
)

SCHEDULES: tuple[ScheduleName, ...] = (
    ScheduleName("automatic", "Automatic", aliases=("auto", "default", "model"),
                 note="As the model's own settings say."),
    ScheduleName("normal", "Normal", {"timestep_spacing": "linspace"}, aliases=("uniform", "linspace")),
    ScheduleName("karras", "Karras", {"timestep_spacing": "linspace", "use_karras_sigmas": True}),
    ScheduleName("exponential", "Exponential",
                 {"timestep_spacing": "linspace", "use_exponential_sigmas": True}),
    ScheduleName("beta", "Beta", {"timestep_spacing": "linspace", "use_beta_sigmas": True}, exact=False,
                 note="The beta curve runs over noise levels; elsewhere it runs over timesteps."),
    ScheduleName("sgm_uniform", "SGM Uniform", {"timestep_spacing": "trailing"}, aliases=("trailing",),
                 exact=False, note="Each timestep is within one of AUTOMATIC1111's."),
    ScheduleName("simple", "Simple", {"timestep_spacing": "trailing"}, exact=False,
                 note="Exact where the number of steps divides 1000; each timestep is within one otherwise."),
    ScheduleName("ddim_uniform", "DDIM", {"timestep_spacing": "leading", "steps_offset": 1},
                 aliases=("ddim", "leading")),
)

WITHOUT_TWIN: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "dpm++ 2s a": ("dpmpp_2s", "dpmpp_sde", "dpm2_a"),
    "dpmpp_2s_ancestral": ("dpmpp_2s", "dpmpp_sde", "dpm2_a"),
    "dpm fast": ("dpmpp_2m", "dpm2"), "dpm_fast": ("dpmpp_2m", "dpm2"),
    "dpm adaptive": ("dpmpp_2m", "heun"), "dpm_adaptive": ("dpmpp_2m", "heun"),
    "restart": ("heun", "dpmpp_sde"), "ddim cfg++": ("ddim",), "euler_cfg_pp": ("euler",),
    "heunpp2": ("heun",),
    "ipndm": ("plms",), "ipndm_v": ("plms",), "res_multistep": ("dpmpp_2m",), "er_sde": ("dpmpp_2m_sde",),
})
"""Samplers of other programs that nothing here equals, each with the nearest that there are."""


def resolve_sampler(text: str) -> tuple[SamplerName, ScheduleName | None]:
    """The sampler that `text` names, and the schedule when the name carries one ("DPM++ 2M Karras").

    Case, spaces, hyphens and underscores do not matter. Raises RecipeError with the nearest names.
    """
    key = _key(text)
    if key in _SAMPLER_KEYS:
        return _SAMPLER_KEYS[key], None
    for name, schedule in _SCHEDULE_KEYS.items():
        head = key.removesuffix(name)
        if name and head != key and head in _SAMPLER_KEYS:
            return _SAMPLER_KEYS[head], schedule
    for name, near in WITHOUT_TWIN.items():
        if key.startswith(_key(name)):
            raise RecipeError(f"there is no exact twin of the sampler '{text:.60}' here",
                              hint=f"The nearest: {', '.join(near)}.", field="sampling.sampler")
    raise _unknown("sampler", text, [*(s.id for s in SAMPLERS), *(s.label for s in SAMPLERS)])


def resolve_schedule(text: str) -> ScheduleName:
    """The noise schedule that `text` names. Raises RecipeError with the nearest names."""
    key = _key(text)
    if key in _SCHEDULE_KEYS:
        return _SCHEDULE_KEYS[key]
    raise _unknown("schedule", text, [*(s.id for s in SCHEDULES), *(s.label for s in SCHEDULES)])


def check_schedule(sampler: SamplerName, schedule: ScheduleName, *, flow: bool = False) -> None:
    """Refuse a pair that cannot work, naming the schedules that do."""
    if flow and sampler.flow_scheduler is None:
        names = ", ".join(s.id for s in SAMPLERS if s.flow_scheduler)
        raise RecipeError(f"the sampler '{sampler.id}' does not work with flow-matching models",
                          hint=f"These do: {names}.", field="sampling.sampler")
    able = sampler.flow_schedules if flow else sampler.schedules
    if schedule.id not in able:
        raise RecipeError(f"the sampler '{sampler.id}' cannot follow the schedule '{schedule.id}'",
                          hint=f"It follows: {', '.join(able)}.", field="sampling.schedule")


def _key(text: str) -> str:
    kept = text.casefold().replace("++", "pp")
    return "".join(character for character in kept if character.isalnum())


def _unknown(kind: str, text: str, names: list[str]) -> RecipeError:
    near = difflib.get_close_matches(text.casefold(), [name.casefold() for name in names], n=4, cutoff=0.4)
    matches = {next(name for name in names if name.casefold() == match) for match in near}
    listed = sorted(matches) or names[: len(names) // 2]
    return RecipeError(f"there is no {kind} '{text:.60}'", hint=f"Did you mean: {', '.join(listed)}?",
                       field=f"sampling.{kind}")


def _keys(entries: tuple[Any, ...]) -> dict[str, Any]:
    keys: dict[str, Any] = {}
    for entry in entries:
        scheduler = (entry.scheduler,) if isinstance(entry, SamplerName) else ()
        for name in (entry.id, entry.label, *entry.aliases, *scheduler):
            keys.setdefault(_key(name), entry)
    return keys


_SAMPLER_KEYS: dict[str, SamplerName] = _keys(SAMPLERS)
_SCHEDULE_KEYS: dict[str, ScheduleName] = _keys(SCHEDULES)
