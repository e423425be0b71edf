"""Samplers and schedules by A1111's names, alone or glued together ("DPM++ 2M Karras")."""

from underpaint.errors import RecipeError
from underpaint.recipe.samplers import SAMPLERS, SCHEDULES, SamplerName, ScheduleName, resolve_sampler, resolve_schedule
from underpaint.studio.a1111 import replies
from underpaint.studio.a1111.errors import NotFound

_NAMES = {"ddim_uniform": "ddim"}
"""Schedules that go by another name there."""


def samplers() -> list[replies.Sampler]:
    """GET samplers."""
    return [replies.Sampler(name=one.label, aliases=[one.id, *one.aliases], options=_options(one)) for one in SAMPLERS]


def _options(one: SamplerName) -> dict[str, str]:
    return ({"uses_ensd": "True"} if one.noisy else {}) | ({"second_order": "True"} if one.calls > 1 else {})


def schedulers() -> list[replies.Scheduler]:
    """GET schedulers."""
    return [replies.Scheduler(name=_NAMES.get(one.id, one.id), label=one.label, aliases=list(one.aliases) or None,
                              default_rho=7.0 if one.id == "karras" else -1.0, need_inner_model=one.id != "karras")
            for one in SCHEDULES]


def chosen(sampler: str, schedule: str | None) -> tuple[SamplerName, ScheduleName | None]:
    """The sampler, and the schedule where one is asked for that it can follow: as in A1111 those that step their own
    way pass over a schedule. Raises NotFound for a name that there is not."""
    try:
        found, glued = resolve_sampler(sampler)
    except RecipeError as error:
        raise NotFound("Sampler not found", hint=str(error)) from error
    try:
        wanted = resolve_schedule(schedule) if schedule and schedule.strip() else None
    except RecipeError as error:
        raise NotFound("Scheduler not found", hint=str(error)) from error
    if wanted is None or (wanted.id == "automatic" and glued is not None):
        wanted = glued
    if wanted is None or wanted.id == "automatic" or wanted.id not in found.schedules:
        return found, None
    return found, wanted

