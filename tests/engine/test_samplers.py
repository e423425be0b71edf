"""Every sampler on every schedule that it follows: an edit that changes nothing changes nothing, one that always
returns P ends at P. The model is a formula here, so that the samplers are all that is looked at."""

import diffusers
import pytest
import torch
from kit.tiny_models import tiny_components

from underpaint.engine.components import Components
from underpaint.engine.engine import Engine
from underpaint.engine.families.schedulers import SamplerSettings, first_step, make_sampler
from underpaint.engine.guidance import make_guidance
from underpaint.engine.loop import Answers, denoise
from underpaint.engine.noise import make_source
from underpaint.engine.run import Run
from underpaint.errors import RecipeError
from underpaint.recipe import Guidance, Noise, Sampling
from underpaint.recipe.samplers import SAMPLERS, resolve_sampler, resolve_schedule

BETAS = {"_class_name": "DDIMScheduler", "num_train_timesteps": 1000, "beta_start": 0.00085, "beta_end": 0.012,
         "beta_schedule": "scaled_linear", "steps_offset": 1, "clip_sample": False}
FLOW = {"_class_name": "FlowMatchEulerDiscreteScheduler", "num_train_timesteps": 1000, "shift": 3.0}
SHAPE = (1, 4, 6, 6)
PICTURE = torch.randn(SHAPE, generator=torch.Generator().manual_seed(11))
PAIRS = [(prediction, sampler) for prediction in ("epsilon", "v_prediction", "flow") for sampler in SAMPLERS
         if prediction != "flow" or sampler.flow_scheduler]


def followed(prediction, sampler):
    """All schedules for noise prediction and flow, a few for those that diffusers is slow to set up."""
    if sampler.id in ("dpm2", "dpm2_a"):
        return ("automatic", "karras") if prediction == "epsilon" else ("automatic",)
    if prediction == "v_prediction":
        return ("automatic",)
    return sampler.flow_schedules if prediction == "flow" else sampler.schedules


class Always:
    stage, key = "projection", "always"

    def __init__(self, change):
        self.change, self.last = change, None

    def __call__(self, estimate, step):
        self.last = step
        return self.change(estimate)


def components(prediction):
    nothing = torch.nn.Identity()
    return Components("sd3" if prediction == "flow" else "sdxl", nothing, nothing, (), (),
                      FLOW if prediction == "flow" else BETAS, prediction)


def painted(prediction, sampler, schedule, *, steps=7, edits=(), source="cpu", strength=1.0):
    noise = make_source(source, 5)
    settings = SamplerSettings(resolve_sampler(sampler)[0], resolve_schedule(schedule), steps, strength)
    walked = make_sampler(components(prediction), settings, noise, SHAPE, torch.device("cpu"))

    def ask(scaled, step, negative):
        # A smooth nonlinear "model" whose outputs are of the size that real ones have.
        output = torch.tanh(scaled * 0.8 + 0.1 * torch.roll(scaled, 1, -1)) + 0.05 * step.fraction
        return Answers((output,), (1.0,), None)

    start = noise.draw(SHAPE)
    latents = start * walked.start_sigma if walked.start_sigma is not None else start
    return denoise(ask, walked, latents, make_guidance("cfg", 1.0), edits)


@pytest.mark.parametrize(("prediction", "sampler"), PAIRS, ids=[f"{kind}-{sampler.id}" for kind, sampler in PAIRS])
def test_estimates_can_be_edited(prediction, sampler):
    for schedule in followed(prediction, sampler):
        plain = painted(prediction, sampler.id, schedule)
        assert torch.isfinite(plain).all(), schedule
        assert (painted(prediction, sampler.id, schedule, edits=[Always(torch.clone)]) - plain).abs().max() < 1e-4
        edit = Always(lambda estimate: PICTURE)
        ended = painted(prediction, sampler.id, schedule, edits=[edit])
        # Noise of the last step's level, of which 5 standard deviations are allowed for.
        assert (ended - PICTURE).abs().max() < max(5 * edit.last.noise, 1e-4), schedule


@pytest.mark.parametrize("sampler", [sampler.id for sampler in SAMPLERS if sampler.noisy])
def test_noise_of_each_step_comes_from_the_source(sampler):
    schedule = "automatic"
    assert torch.equal(painted("epsilon", sampler, schedule), painted("epsilon", sampler, schedule))
    philox = painted("epsilon", sampler, schedule, source="philox")
    assert torch.equal(philox, painted("epsilon", sampler, schedule, source="philox"))
    assert not torch.allclose(philox, painted("epsilon", sampler, schedule), atol=1e-2)


@pytest.mark.parametrize("sampler", ["dpmpp_sde"])
def test_the_brownian_tree_is_diffusers_own(sampler):
    engine = Engine(tiny_components("sd"), dtype=torch.float32)
    from kit.tiny_models import tiny_pipeline

    scheduler = diffusers.DPMSolverSDEScheduler.from_config(engine.components.scheduler_config, noise_sampler_seed=7)
    wanted = tiny_pipeline(engine.components, scheduler)("a cat", num_inference_steps=4, guidance_scale=1.0, height=16,
                                                         width=16, generator=torch.Generator().manual_seed(7),
                                                         output_type="latent").images
    ours = engine.run(Run(prompt="a cat", width=16, height=16, seed=7, guidance=Guidance(scale=1.0),
                          sampling=Sampling(sampler=sampler, steps=4)))
    assert torch.equal(ours, wanted)


@pytest.mark.parametrize("family", ["sd", "sd2", "sdxl", "sd3", "flux"])
def test_edits_on_real_models_of_every_family(family):
    engine = Engine(tiny_components(family), dtype=torch.float32)
    picture = torch.randn(1, 4, 8, 8)
    for sampler in ("euler", "dpmpp_2m"):
        asked = {"prompt": "a cat", "width": 16, "height": 16, "seed": 1, "guidance": Guidance(scale=4.0),
                 "sampling": Sampling(sampler=sampler, steps=4), "noise": Noise(source="philox")}
        plain = engine.run(Run(**asked))
        assert (engine.run(Run(**asked, edits=[Always(torch.clone)])) - plain).abs().max() < 1e-4
        edit = Always(lambda estimate: picture)
        assert (engine.run(Run(**asked, edits=[edit])) - picture).abs().max() < max(5 * edit.last.noise, 1e-4)


def test_strength_starts_where_the_pipelines_start():
    assert [first_step(10, strength, flow=False) for strength in (1.0, 0.75, 0.33, 0.1)] == [0, 3, 7, 9]
    assert [first_step(10, strength, flow=True) for strength in (1.0, 0.75, 0.33, 0.1)] == [0, 2, 6, 9]
    with pytest.raises(RecipeError, match="no step"):
        painted("epsilon", "euler", "automatic", steps=4, strength=0.1)


def test_too_many_steps_are_refused():
    for sampler in ("lcm", "euler"):
        with pytest.raises(RecipeError, match="steps"):
            painted("epsilon", sampler, "automatic", steps=1001)
