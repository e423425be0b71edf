"""Sampler and schedule names: every spelling people bring leads to one entry or to a clear refusal."""

import pytest

from underpaint.errors import RecipeError
from underpaint.recipe.samplers import (
    SAMPLERS,
    SCHEDULES,
    check_schedule,
    resolve_sampler,
    resolve_schedule,
)


@pytest.mark.parametrize(("text", "sampler", "schedule"), [
    ("Euler a", "euler_a", None), ("euler_ancestral", "euler_a", None), ("EULER A", "euler_a", None),
    ("DPM++ 2M", "dpmpp_2m", None), ("DPM++ 2M Karras", "dpmpp_2m", "karras"),
    ("dpmpp_2m karras", "dpmpp_2m", "karras"),
    ("DPM++ 2M SDE Heun Exponential", "dpmpp_2m_sde_heun", "exponential"), ("DPM++ SDE Karras", "dpmpp_sde", "karras"),
    ("LMS Karras", "lms", "karras"), ("DPM2 a Karras", "dpm2_a", "karras"), ("uni_pc", "unipc", None),
    ("PLMS", "plms", None), ("DPMSolverMultistepScheduler", "dpmpp_2m", None), ("DDIM", "ddim", None),
])
def test_every_spelling_finds_its_sampler(text, sampler, schedule):
    found, carried = resolve_sampler(text)
    assert found.id == sampler
    assert (carried.id if carried else None) == schedule


@pytest.mark.parametrize(("text", "schedule"), [
    ("Karras", "karras"), ("SGM Uniform", "sgm_uniform"), ("sgm_uniform", "sgm_uniform"), ("Automatic", "automatic"),
    ("Uniform", "normal"), ("Beta", "beta"), ("DDIM", "ddim_uniform"),
])
def test_every_spelling_finds_its_schedule(text, schedule):
    assert resolve_schedule(text).id == schedule


def test_ids_labels_and_aliases_round_trip_and_do_not_clash():
    for sampler in SAMPLERS:
        for name in (sampler.id, sampler.label, *sampler.aliases):
            assert resolve_sampler(name) == (sampler, None), name
    for schedule in SCHEDULES:
        for name in (schedule.id, schedule.label, *schedule.aliases):
            assert resolve_schedule(name) is schedule


def test_what_is_only_approximate_says_how():
    assert all(entry.note for entry in (*SAMPLERS, *SCHEDULES) if not entry.exact)


def test_a_sampler_without_twin_is_refused_with_near_names():
    with pytest.raises(RecipeError, match="no exact twin") as caught:
        resolve_sampler("DPM++ 2S a Karras")
    assert "dpmpp_sde" in str(caught.value)


def test_an_unknown_name_lists_near_ones():
    with pytest.raises(RecipeError) as caught:
        resolve_sampler("eulr")
    assert "euler" in str(caught.value)
    with pytest.raises(RecipeError) as caught:
        resolve_schedule("karas")
    assert "karras" in str(caught.value).casefold()


def test_a_pair_that_cannot_work_is_refused():
    ddim, karras = resolve_sampler("ddim")[0], resolve_schedule("karras")
    with pytest.raises(RecipeError, match="cannot follow"):
        check_schedule(ddim, karras)
    with pytest.raises(RecipeError, match="flow-matching"):
        check_schedule(ddim, resolve_schedule("automatic"), flow=True)
    check_schedule(resolve_sampler("dpmpp_2m")[0], karras)
