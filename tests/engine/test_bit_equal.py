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
