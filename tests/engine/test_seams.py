"""Guidance, edits, observers, attachments, tiles, words and memory: what hangs on to the loop does what it says."""

import numpy as np
import pytest
import torch
from kit.tiny_models import tiny_components

from underpaint.engine.engine import Engine
from underpaint.engine.guidance import make_guidance
from underpaint.engine.loop import edited, in_order
from underpaint.engine.observers.cancel import Cancel
from underpaint.engine.observers.preview import Preview
from underpaint.engine.observers.progress import Progress
from underpaint.engine.protocols import ModelInputs, Outputs, Step, Stop
from underpaint.engine.run import Run
from underpaint.errors import Cancelled, MemoryShortage, PlanError, RecipeError
from underpaint.recipe import Guidance, Noise, Sampling, Tiles

STEP = Step(number=1, substep=0, total=4, call=1, calls=4, timestep=500, sigma=2.0, signal=1.0, noise=2.0)


@pytest.fixture(scope="module")
def engine():
    return Engine(tiny_components("sd"), dtype=torch.float32)


def run(sampler="euler", steps=4, **changes):
    return Run(**{"prompt": "a cat", "width": 16, "height": 16, "seed": 3, "guidance": Guidance(scale=3.0),
                  "sampling": Sampling(sampler=sampler, steps=steps), **changes})


class Constant:
    stage = "projection"

    def __init__(self, picture, key="constant"):
        self.picture, self.key, self.steps = picture, key, []

    def __call__(self, estimate, step):
        self.steps.append(step)
        return self.picture


class Shift:
    def __init__(self, stage, key, amount, factor=1.0):
        self.stage, self.key, self.amount, self.factor = stage, key, amount, factor

    def __call__(self, estimate, step):
        return estimate * self.factor + self.amount


def test_edits_run_by_stage_then_key_and_gradients_add():
    gradients = [Shift("gradient", "b", 0, 2.0), Shift("gradient", "a", 1.0)]
    rest = [Shift("mask", "m", 0, -1.0), Shift("projection", "z", 0, 10.0), Shift("projection", "y", 0.5)]
    estimate = torch.full((1, 1, 1, 1), 3.0)
    both_orders = {edited(estimate, STEP, in_order(edits)).item()
                   for edits in (gradients + rest, rest[::-1] + gradients[::-1])}
    assert both_orders == {-((3.0 + 3.0 + 1.0 + 0.5) * 10)}


def test_a_run_is_told_where_it_is(engine):
    constant = Constant(torch.zeros(1, 4, 8, 8))
    engine.run(run("heun", edits=[constant]))
    places = [(step.number, step.substep) for step in constant.steps]
    assert places == [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1), (3, 0)]
    assert constant.steps[0].total == 4 and constant.steps[0].calls == 7
    sigmas = [step.sigma for step in constant.steps]
    assert sigmas == sorted(sigmas, reverse=True) and sigmas[1] == sigmas[2]


def test_karras_sigma_is_the_schedulers_own_and_not_the_tables(engine):
    constant = Constant(torch.zeros(1, 4, 8, 8))
    engine.run(run("dpmpp_2m", 5, sampling=Sampling(sampler="dpmpp_2m", schedule="karras", steps=5), edits=[constant]))
    low, high, rho = 0.0291675, 14.614642, 7.0
    ramp = np.linspace(0, 1, 5)
    wanted = (high ** (1 / rho) + ramp * (low ** (1 / rho) - high ** (1 / rho))) ** rho
    assert np.allclose([step.sigma for step in constant.steps], wanted, rtol=1e-3)


def test_observers_see_every_step_and_can_stop(engine):
    told, pictures = [], []
    engine.run(run("heun", observers=[Progress(lambda *done: told.append(done)),
                                      Preview(engine.to_rgb(), lambda *shown: pictures.append(shown), every=2)]))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert [number for _, number, _ in pictures] == [0, 2]
    assert pictures[0][0].shape == (8, 8, 3) and 0 <= pictures[0][0].min() <= pictures[0][0].max() <= 1

    seen = []

    def stop_at_second(now):
        seen.append(now.estimate)
        return Stop.NOW if now.step.number == 1 else None

    stopped = engine.run(run(observers=[stop_at_second]))
    assert len(seen) == 2 and torch.equal(stopped, seen[1])
    with pytest.raises(Cancelled):
        engine.run(run(observers=[Cancel(lambda: True)]))


def test_watching_changes_nothing(engine):
    assert torch.equal(engine.run(run()), engine.run(run(observers=[Preview(engine.to_rgb(), lambda *shown: None)])))


def test_attachments_come_off_whatever_happens(engine):
    events = []

    class Attached:
        def __init__(self, name):
            self.name = name

        def attach(self, components):
            events.append(f"+{self.name}")

        def detach(self):
            events.append(f"-{self.name}")

    with pytest.raises(Cancelled):
        engine.run(run(attachments=[Attached("a"), Attached("b")], observers=[Cancel(lambda: True)]))
    assert events == ["+a", "+b", "-b", "-a"]


def test_supplied_residuals_reach_the_denoiser_every_step(engine):
    class Adapter:
        calls = 0

        def attach(self, components):
            self.residuals = [torch.full((1, 16, 8, 8), 0.5), torch.full((1, 32, 4, 4), 0.5)]

        def detach(self):
            pass

        def inputs(self, call):
            Adapter.calls += 1
            assert call.sample.shape == (2, 4, 8, 8) and call.negative_rows == 1
            return ModelInputs(residuals={"down_intrablock_additional_residuals": self.residuals})

    adapter = Adapter()
    plain = engine.run(run())
    once, twice = (engine.run(run(attachments=[adapter])) for _ in range(2))
    assert Adapter.calls == 8 and len(adapter.residuals) == 2
    assert torch.equal(once, twice) and not torch.allclose(plain, once, atol=1e-3)


def test_guidance_rules_on_known_numbers():
    positive, negative = torch.tensor([2.0, 4.0]).view(1, 1, 1, 2), torch.tensor([1.0, 1.0]).view(1, 1, 1, 2)
    outputs = Outputs((positive,), (1.0,), negative, torch.zeros(1, 1, 1, 2), lambda said: said, lambda said: said)
    assert make_guidance("cfg", 3.0)(outputs, STEP).flatten().tolist() == [4.0, 10.0]
    kept_spread = make_guidance("cfg", 3.0, rescale=1.0)(outputs, STEP)
    assert torch.isclose(kept_spread.std(), positive.std())
    pushed = make_guidance("apg", 3.0)(outputs, STEP) - positive
    assert abs((pushed * positive).sum()) < 1e-5 < pushed.abs().max()
    two = Outputs((positive, positive), (0.25, 0.75), negative, outputs.latents, outputs.to_estimate, outputs.to_output)
    assert torch.allclose(make_guidance("cfg", 3.0)(two, STEP), make_guidance("cfg", 3.0)(outputs, STEP))


def test_guidance_interval_asks_for_the_negative_prompt_only_inside():
    guidance = make_guidance("cfg", 5.0, start=0.25, end=0.5)
    wants = [guidance.wants_negative(Step(number, 0, 8, number, 8, 0.0, 1.0, 1.0, 1.0)) for number in range(8)]
    assert wants == [False, False, True, True, False, False, False, False]
    assert not make_guidance("cfg", 1.0).wants_negative(STEP)
    with pytest.raises(RecipeError, match="no guidance"):
        make_guidance("magic", 5.0)


@pytest.mark.parametrize("method", ["cfg", "apg"])
def test_every_guidance_paints(engine, method):
    assert torch.isfinite(engine.run(run(guidance=Guidance(scale=5.0, method=method)))).all()


def test_words_change_during_the_run(engine):
    first, second = engine.run(run(prompt="cat")), engine.run(run(prompt="dog"))
    switched = engine.run(run(prompt="[cat:dog:2]"))
    assert not torch.equal(switched, first) and not torch.equal(switched, second)
    assert torch.equal(engine.run(run(prompt="[cat:dog:4]")), first)
    assert torch.equal(engine.run(run(prompt="[cat:dog:0]")), second)


def test_parts_weights_breaks_and_dialects_reach_the_picture(engine):
    plain = engine.run(run(prompt="cat"))
    for words in ("(cat:1.4)", "cat AND dog :0.5", "cat BREAK dog", "cat " * 90):
        assert not torch.equal(engine.run(run(prompt=words)), plain), words
    assert torch.equal(engine.run(run(prompt="(cat:1.4)", emphasis="ignore")), plain)
    assert not torch.equal(engine.run(run(prompt="(cat:1.4)", dialect="comfyui")),
                           engine.run(run(prompt="(cat:1.4)")))
    assert not torch.equal(engine.run(run(prompt="cat", clip_skip=1)), plain)


def test_two_text_encoders_of_unequal_prompts_agree_in_length():
    engine = Engine(tiny_components("sdxl"), dtype=torch.float32)
    assert torch.isfinite(engine.run(run(prompt="cat " * 90, negative_prompt="dog"))).all()


@pytest.mark.parametrize("source", ["cpu", "philox"])
def test_noise_is_the_seeds_and_variations_lie_between(engine, source):
    def painted(**noise):
        return engine.run(run("euler_a", noise=Noise(source=source, **noise)))

    assert torch.equal(painted(), painted())
    assert not torch.equal(painted(), painted(offset=31337))
    assert torch.equal(painted(variation_seed=9, variation_strength=0.0), painted())
    assert not torch.equal(painted(variation_seed=9, variation_strength=0.3), painted())


def test_the_mask_keeps_what_lies_outside(engine):
    picture = np.random.default_rng(0).random((16, 16, 3), dtype=np.float32)
    mask = np.zeros((16, 16), np.float32)
    mask[4:12, 4:12] = 1
    known = engine.encode(picture)
    painted = engine.run(run(picture=picture, mask=mask, start=known, strength=0.99, steps=8))
    outside = torch.from_numpy(mask)[None, None, ::2, ::2] == 0
    gap = ((painted - known).abs() * outside).max()
    assert gap < 1e-4 < ((painted - known).abs() * ~outside).max()


def test_a_grey_mask_lets_go_later(engine):
    from underpaint.engine.edits.mask import MaskEdit

    known, estimate = torch.zeros(1, 1, 1, 3), torch.ones(1, 1, 1, 3)
    edit = MaskEdit(known, torch.tensor([0.0, 0.5, 1.0]).view(1, 1, 1, 3))
    kept = [edit(estimate, Step(number, 0, 4, number, 4, 0.0, 1.0, 1.0, 1.0)).flatten().tolist() for number in range(4)]
    assert kept == [[0, 0, 1], [0, 0, 1], [0, 1, 1], [0, 1, 1]]


@pytest.mark.parametrize("changes", [
    {}, {"picture": np.full((16, 16, 3), 0.3, np.float32), "strength": 0.5},
    {"start": torch.zeros(1, 4, 8, 8), "strength": 0.5}, {"width": 96, "tiles": Tiles(size=64, overlap=16)},
], ids=["words alone", "over a picture", "second pass", "tiles"])
def test_a_model_made_for_filling_also_paints_without_a_mask(changes):
    seen = []
    engine = Engine(tiny_components("sd", channels_in=9), dtype=torch.float32)
    engine.components.denoiser.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    asked = run(**changes)
    assert torch.isfinite(engine.run(asked)).all()
    grey = engine.encode(np.full((asked.height, asked.width, 3), 0.5, np.float32))
    assert all((sample[:, 4] == 1).all() for sample in seen)
    if asked.tiles is None:
        assert all(torch.allclose(sample[:, 5:], grey.expand_as(sample[:, 5:]), atol=1e-3) for sample in seen)


def test_a_mask_is_not_told_to_a_model_that_packs_its_latents():
    engine = Engine(tiny_components("flux"), dtype=torch.float32)
    mask = np.zeros((16, 16), np.float32)
    mask[4:12, 4:12] = 1
    painted = engine.run(run(picture=np.full((16, 16, 3), 0.3, np.float32), mask=mask, strength=0.9))
    assert torch.isfinite(painted).all()


def test_one_tile_is_the_whole_and_many_leave_no_seam(engine):
    whole = engine.run(run(width=32, height=16))
    assert torch.equal(whole, engine.run(run(width=32, height=16, tiles=Tiles(size=64, overlap=8))))
    flat = engine.run(run(width=96, height=72, steps=2, tiles=Tiles(size=64, overlap=16)))
    assert flat.shape == (1, 4, 36, 48) and torch.isfinite(flat).all()


def test_tiles_blend_to_what_a_local_model_says():
    from underpaint.engine.tiles import feather, through_tiles, windows

    given = torch.rand(1, 2, 37, 53)
    assert torch.allclose(through_tiles(given, lambda part, _: part * 2, 16, 4), given * 2, atol=1e-6)

    def doubled(part, window=None):
        return part.repeat_interleave(2, -1).repeat_interleave(2, -2)

    assert torch.allclose(through_tiles(given, doubled, 16, 4, 2), doubled(given), atol=1e-6)
    covered = windows(37, 53, 16, 4)
    assert all(feather(window, 4).min() > 0 for window in covered)
    assert max(window.left + window.width for window in covered) == 53


def test_latents_can_be_enlarged_and_painted_over(engine):
    larger = torch.nn.functional.interpolate(engine.run(run()), size=(16, 16), mode="bilinear")
    again = engine.run(run(width=32, height=32, start=larger, strength=0.6))
    assert again.shape == (1, 4, 16, 16)


def test_colours_of_latents_are_near_the_autoencoders(engine):
    picture = np.full((16, 16, 3), 0.5, np.float32)
    mapped = engine.to_rgb()(engine.encode(picture))
    assert mapped.shape == (1, 3, 8, 8) and mapped.abs().max() < 2


def test_shortage_gives_up_speed_then_says_so():
    engine = Engine(tiny_components("sd"), dtype=torch.float32)
    denoiser, asked = engine.components.denoiser, []

    def short(module, args, kwargs):
        asked.append(args[0].shape[0])
        if args[0].shape[0] > 1:
            raise RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes")

    handle = denoiser.register_forward_pre_hook(short, with_kwargs=True)
    painted = engine.run(run(steps=2))
    handle.remove()
    assert engine.fallbacks == ("asking about the prompts one by one",)
    assert asked[:3] == [2, 1, 1] and torch.isfinite(painted).all()

    def never(module, args, kwargs):
        raise MemoryError("no more")

    handle = denoiser.register_forward_pre_hook(never, with_kwargs=True)
    with pytest.raises(MemoryShortage):
        engine.run(run(steps=2))
    handle.remove()


def test_the_autoencoder_falls_back_to_tiles():
    engine = Engine(tiny_components("sd"), dtype=torch.float32)
    latents = torch.randn(1, 4, 80, 80)
    whole = engine.decode(latents)
    real = engine.components.vae.decode

    def short(part, **given):
        if part.shape[-1] > 64:
            raise torch.OutOfMemoryError("out of memory")
        return real(part, **given)

    engine.components.vae.decode = short
    tiled = engine.decode(latents)
    assert engine.fallbacks == ("the picture passes the autoencoder in tiles",)
    assert np.abs(tiled - whole).mean() < 0.05


@pytest.mark.parametrize(("changes", "error", "words"), [
    ({"width": 18}, PlanError, "steps of 4"), ({"strength": 0.0}, RecipeError, "strength"),
    ({"guidance": Guidance()}, RecipeError, "guidance scale"), ({"sampling": Sampling()}, RecipeError, "not set"),
    ({"sampling": Sampling(sampler="ddim", schedule="karras", steps=4)}, RecipeError, "cannot follow"),
    ({"sampling": Sampling(sampler="ddim", steps=4, s_churn=5)}, RecipeError, "s_churn"),
    ({"sampling": Sampling(sampler="euler", steps=4, eta=0.5)}, RecipeError, "eta"),
    ({"picture": np.zeros((8, 8, 3), np.float32)}, RecipeError, "8x8"),
    ({"mask": np.zeros((16, 16), np.float32)}, RecipeError, "picture"),
    ({"tiles": Tiles.model_construct(size=64, overlap=64)}, RecipeError, "tiles.overlap: tiles of 64 pixels"),
])
def test_what_cannot_be_painted_is_refused_with_the_field(engine, changes, error, words):
    with pytest.raises(error, match=words):
        engine.run(run(**changes))
