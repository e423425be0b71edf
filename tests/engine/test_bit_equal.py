"""Without edits the loop is diffusers' pipeline, to the last bit: latents and pixels, fp32, guided."""

import diffusers
import numpy as np
import pytest
import torch
from kit.tiny_models import tiny_components, tiny_pipeline

from underpaint.engine.engine import Engine
from underpaint.engine.run import Run
from underpaint.recipe import Guidance, Sampling

WORDS = {"prompt": "a cat, black ink", "negative_prompt": "blur"}
SAMPLERS = [
    ("pndm", None, "PNDMScheduler", {}), ("plms", None, "PNDMScheduler", {"skip_prk_steps": True}),
    ("ddim", None, "DDIMScheduler", {}), ("euler", None, "EulerDiscreteScheduler", {}),
    ("euler_a", None, "EulerAncestralDiscreteScheduler", {}), ("heun", None, "HeunDiscreteScheduler", {}),
    ("dpmpp_2m", "karras", "DPMSolverMultistepScheduler", {"use_karras_sigmas": True}),
    ("dpmpp_2m_sde", None, "DPMSolverMultistepScheduler", {"algorithm_type": "sde-dpmsolver++"}),
    ("unipc", None, "UniPCMultistepScheduler", {}), ("lms", None, "LMSDiscreteScheduler", {}),
]
NAMES = [row[0] for row in SAMPLERS]


def run(**changes):
    sampler, schedule = changes.pop("sampler", "euler"), changes.pop("schedule", None)
    steps = changes.pop("steps", 8)
    return Run(**{"width": 32, "height": 24, "seed": 7, "guidance": Guidance(scale=7.5), **WORDS,
                  "sampling": Sampling(sampler=sampler, schedule=schedule, steps=steps), **changes})


def theirs(pipeline, *, steps=8, **arguments):
    """Latents and pixels of a pipeline."""
    given = {"num_inference_steps": steps, "guidance_scale": 7.5, **WORDS, **arguments}
    latents = pipeline(**given, generator=torch.Generator().manual_seed(7), output_type="latent").images
    pixels = pipeline(**given, generator=torch.Generator().manual_seed(7), output_type="np").images
    return latents, pixels[0]


def assert_same(engine, asked, pipeline, **arguments):
    ours = engine.run(asked)
    latents, pixels = theirs(pipeline, **arguments)
    assert torch.equal(ours, latents), f"latents differ by {(ours - latents).abs().max():.3g}"
    assert np.array_equal(engine.decode(ours), pixels)


@pytest.mark.parametrize("family", ["sd", "sdxl"])
@pytest.mark.parametrize(("sampler", "schedule", "kind", "settings"), SAMPLERS, ids=NAMES)
def test_text_to_image(family, sampler, schedule, kind, settings):
    components = tiny_components(family)
    scheduler = getattr(diffusers, kind).from_config(components.scheduler_config, **settings)
    assert_same(Engine(components, dtype=torch.float32), run(sampler=sampler, schedule=schedule),
                tiny_pipeline(components, scheduler), height=24, width=32)


def picture(seed=1, height=24, width=32):
    return np.random.default_rng(seed).random((height, width, 3), dtype=np.float32)


@pytest.mark.parametrize("family", ["sd", "sdxl"])
@pytest.mark.parametrize(("sampler", "schedule", "kind", "settings"), SAMPLERS, ids=NAMES)
def test_over_a_picture(family, sampler, schedule, kind, settings):
    components = tiny_components(family)
    scheduler = getattr(diffusers, kind).from_config(components.scheduler_config, **settings)
    name = "StableDiffusionXLImg2ImgPipeline" if family == "sdxl" else "StableDiffusionImg2ImgPipeline"
    engine = Engine(components, dtype=torch.float32)
    ours = engine.run(run(sampler=sampler, schedule=schedule, picture=picture(), strength=0.6))
    if (family, sampler) == ("sdxl", "pndm"):
        pytest.skip("the Runge-Kutta start cannot begin in the middle")
    latents, pixels = theirs(tiny_pipeline(components, scheduler, getattr(diffusers, name)),
                             image=picture()[None], strength=0.6)
    assert torch.equal(ours, latents)
    assert np.array_equal(engine.decode(ours), pixels)


@pytest.mark.parametrize(("sampler", "strength"), [("plms", 1.0), ("euler_a", 1.0), ("ddim", 0.7), ("dpmpp_2m", 0.7)])
def test_inpainting_unet(sampler, strength):
    components = tiny_components("sd", channels_in=9)
    _, schedule, kind, settings = next(row for row in SAMPLERS if row[0] == sampler)
    scheduler = getattr(diffusers, kind).from_config(components.scheduler_config, **settings)
    mask = np.zeros((24, 32), np.float32)
    mask[6:15, 9:22] = 1
    engine = Engine(components, dtype=torch.float32)
    ours = engine.run(run(sampler=sampler, schedule=schedule, picture=picture(), mask=mask, strength=strength))
    latents, pixels = theirs(tiny_pipeline(components, scheduler, diffusers.StableDiffusionInpaintPipeline),
                             image=picture()[None], mask_image=mask, strength=strength, height=24, width=32)
    assert torch.equal(ours, latents)
    assert np.array_equal(engine.decode(ours), pixels)


def test_velocity_prediction():
    components = tiny_components("sd2", rescale_betas_zero_snr=True, timestep_spacing="trailing")
    scheduler = diffusers.DDIMScheduler.from_config(components.scheduler_config)
    asked = run(sampler="ddim", guidance=Guidance(scale=7.5, rescale=0.7))
    assert_same(Engine(components, dtype=torch.float32), asked, tiny_pipeline(components, scheduler),
                height=24, width=32, guidance_rescale=0.7)


@pytest.mark.parametrize(("sampler", "kind"), [("euler", "FlowMatchEulerDiscreteScheduler"),
                                               ("heun", "FlowMatchHeunDiscreteScheduler")])
def test_stable_diffusion_3(sampler, kind):
    components = tiny_components("sd3")
    scheduler = getattr(diffusers, kind).from_config(components.scheduler_config)
    assert_same(Engine(components, dtype=torch.float32), run(sampler=sampler), tiny_pipeline(components, scheduler),
                height=24, width=32)


def test_stable_diffusion_3_over_a_picture():
    components = tiny_components("sd3")
    scheduler = diffusers.FlowMatchEulerDiscreteScheduler.from_config(components.scheduler_config)
    pipeline = tiny_pipeline(components, scheduler, diffusers.StableDiffusion3Img2ImgPipeline)
    engine = Engine(components, dtype=torch.float32)
    ours = engine.run(run(picture=picture(), strength=0.55))
    latents, pixels = theirs(pipeline, image=picture()[None], strength=0.55, height=24, width=32)
    assert torch.equal(ours, latents)
    assert np.array_equal(engine.decode(ours), pixels)


def test_flux():
    components = tiny_components("flux")
    scheduler = diffusers.FlowMatchEulerDiscreteScheduler.from_config(components.scheduler_config)
    pipeline = tiny_pipeline(components, scheduler)
    asked = run(guidance=Guidance(scale=2.0), embedded_guidance=3.5)
    _, pixels = theirs(pipeline, true_cfg_scale=2.0, guidance_scale=3.5, height=24, width=32)
    engine = Engine(components, dtype=torch.float32)
    assert np.array_equal(engine.decode(engine.run(asked)), pixels)


def test_plain_euler_guidance_off_asks_once():
    components = tiny_components("sd")
    scheduler = diffusers.EulerDiscreteScheduler.from_config(components.scheduler_config)
    assert_same(Engine(components, dtype=torch.float32), run(guidance=Guidance(scale=1.0)),
                tiny_pipeline(components, scheduler), height=24, width=32, guidance_scale=1.0)
