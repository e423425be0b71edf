"""What every control keeps to: no weight is no control, no trace is left, its check tells a followed map from a
shuffled one, and it goes along into masked crops, tiles and the second pass."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from kit.adapters import (
    controlnet_to_original,
    saved,
    t2i_to_original,
    tiny_controlnet,
    tiny_encoder,
    tiny_ip,
    tiny_t2i,
)
from kit.controls import EXAMPLES, FURNISHED, Example, eyes
from kit.tiny_clip import tiny_image_text
from torch import Tensor

from underpaint.controls.colour import colours_on
from underpaint.controls.extractors import reading_with
from underpaint.controls.ground import Ground
from underpaint.controls.line import ink_on
from underpaint.controls.line_check import check_lines
from underpaint.controls.nudge import nudged_on
from underpaint.controls.perspective import grid_on
from underpaint.controls.shape import Tools
from underpaint.controls.steering.guard import Guarded
from underpaint.controls.table import CONTROLS, Steered, check, steer
from underpaint.engine.components import Components
from underpaint.engine.engine import Engine
from underpaint.engine.families.adapters import Adapter, load_adapter, load_line_adapter
from underpaint.engine.families.loading import load_components
from underpaint.engine.latent_colours import LatentColours
from underpaint.engine.protocols import Step
from underpaint.engine.run import Run
from underpaint.errors import DrawingError
from underpaint.imaging.geometry import Bounds, Extent
from underpaint.models import describe
from underpaint.recipe import Blob, ColourControl, Control, Guidance, LineControl, NudgeControl, Sampling, Tiles

KINDS = list(CONTROLS)


@pytest.fixture(scope="module")
def engine(tiny_model: Path) -> Engine:
    return Engine(load_components(describe(tiny_model)), "cpu", torch.float32)


@pytest.fixture(scope="module")
def adapters(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Adapter]:
    """One of each form, for the controls that need one: a ControlNet, a T2I-Adapter, an IP-Adapter."""
    folder, unet = tmp_path_factory.mktemp("adapters"), engine.components.denoiser
    saved(dict(tiny_encoder().state_dict()), folder / "vit.safetensors")
    files = {"depth": saved(controlnet_to_original(tiny_controlnet(unet)), folder / "depth.safetensors"),
             "pose": saved(t2i_to_original(tiny_t2i(unet)), folder / "openpose.safetensors"),
             "adapter": saved(tiny_ip(unet), folder / "ip.safetensors")}
    return {kind: load_adapter(describe(file), engine.components, device=torch.device("cpu"), dtype=torch.float32,
                               encoder=describe(folder / "vit.safetensors")) for kind, file in files.items()}


@pytest.fixture(autouse=True)
def looking() -> Iterator[None]:
    with reading_with(eyes):
        yield


@pytest.fixture(scope="module")
def tools(engine: Engine, tiny_model: Path, adapters: dict[str, Adapter]) -> Tools:
    adapter = load_line_adapter(tiny_model / "adapter_line", device=torch.device("cpu"), dtype=torch.float32)
    return Tools(lambda: engine.colours, lambda: adapter, engine.encode, True, lambda latents: engine.to_rgb()(latents),
                 "a cat", lambda _: tiny_image_text(), lambda control: adapters.get(control.kind))


def run(engine: Engine, steered: Steered | None = None, width: int = 48, height: int = 32, **fields: object) -> Tensor:
    steered = steered or Steered()
    return engine.run(Run(prompt="a cat", negative_prompt="b", width=width, height=height, seed=1,
                          sampling=Sampling(sampler="euler", steps=2), guidance=Guidance(scale=3),
                          attachments=steered.attachments, edits=steered.edits, regions=steered.regions, **fields))


def ground(example: Example, whole: tuple[int, int], area: Bounds | None = None) -> Ground:
    extent = Extent(*whole)
    area = area or Bounds.whole(extent)
    return Ground(extent, area, area.extent, example.ground().pixels)


@pytest.fixture(params=[*KINDS, *FURNISHED])
def example(request: pytest.FixtureRequest) -> Example:
    return {**EXAMPLES, **FURNISHED}[request.param]()


def test_every_control_has_an_example_and_says_what_it_is() -> None:
    assert set(EXAMPLES) == set(KINDS)
    for name, shape in CONTROLS.items():
        told = shape.description
        assert told.name == name and (told.extracts or name in ("nudge", "style", "words"))
        assert all((told.says, told.given, told.steers, told.checks, told.families, told.cost))


def test_without_weight_a_control_is_not_there(example: Example, engine: Engine, tools: Tools) -> None:
    steered = steer([example.control.changed(weight=0)], ground(example, (48, 32)), tools)
    assert steered.attachments == steered.edits == steered.settles == steered.bends == steered.regions == ()
    assert torch.equal(run(engine, steered), run(engine))


def test_it_steers_and_leaves_without_a_trace(example: Example, engine: Engine, tools: Tools) -> None:
    denoiser = engine.components.denoiser
    bare = run(engine)
    before = state(engine.components)
    steered = steer([example.control], ground(example, (48, 32)), tools)
    moved = run(engine, steered)
    assert not torch.equal(moved, bare) and torch.isfinite(moved).all() and not steered.unguided
    assert state(engine.components) == before
    assert torch.equal(run(engine), bare)
    assert all(weight.grad is None and not weight.requires_grad for weight in denoiser.parameters())
    assert torch.equal(run(engine, steer([example.control], ground(example, (48, 32)), tools)), moved)


def state(components: Components) -> object:
    denoiser = components.denoiser
    return ([(name, type(one), len(one._forward_hooks), len(one._forward_pre_hooks), one.training)
             for name, one in denoiser.named_modules()],
            {name: id(one) for name, one in denoiser.attn_processors.items()},
            [float(weight.double().sum()) for weight in denoiser.parameters()])


def test_outside_its_share_of_the_steps_it_does_nothing(example: Example, engine: Engine, tools: Tools) -> None:
    """Two steps: the first lies at 0, the second at a half."""
    late = steer([example.control.changed(start=0.6, end=0.7)], ground(example, (48, 32)), tools)
    assert torch.equal(run(engine, late), run(engine))
    curved = steer([example.control.changed(curve=((0.0, 0.0), (1.0, 0.0)))], ground(example, (48, 32)), tools)
    assert torch.equal(run(engine, curved), run(engine))


def test_its_check_tells_a_followed_map_from_a_shuffled_one(example: Example) -> None:
    shape = CONTROLS[example.control.kind]
    if example.control.kind == "adapter":
        assert shape.check(example.follows, example.control, example.ground()) is None
        return
    followed = shape.check(example.follows, example.control, example.ground())
    other = shape.check(example.follows, example.shuffled, example.ground())
    assert followed is not None and other is not None
    assert 0 <= other.score < followed.score <= 1 and followed.score - other.score > 0.25
    shown = followed.overlay(example.follows)
    assert shown.shape == example.follows.shape and shown.min() >= 0 and shown.max() <= 1
    assert followed.says and followed.measured


def test_its_check_can_be_asked_of_any_picture(example: Example) -> None:
    shape = CONTROLS[example.control.kind]
    if example.control.kind == "adapter":
        return
    for picture in (np.full_like(example.follows, 0.5), np.zeros_like(example.follows), np.ones_like(example.follows)):
        found = shape.check(picture, example.control, example.ground())
        assert found is not None and 0 <= found.score <= 1
        assert np.isfinite(found.overlay(picture)).all()


def test_it_goes_along_into_tiles_crops_and_a_larger_pass(example: Example, engine: Engine, tools: Tools) -> None:
    bare, tiles = {}, Tiles(size=64, overlap=16)
    bare["tiles"] = run(engine, width=96, height=32, tiles=tiles)
    steered = steer([example.control], ground(example, (96, 32)), tools)
    assert not torch.equal(run(engine, steered, width=96, height=32, tiles=tiles), bare["tiles"])
    crop = Bounds(30, 20, 48, 32)
    within = steer([example.control], ground(example, (128, 96), crop), tools)
    assert not torch.equal(run(engine, within), run(engine))
    larger = steer([example.control], ground(example, (96, 64)), tools)
    start = torch.nn.functional.interpolate(run(engine), scale_factor=2)
    fields = {"width": 96, "height": 64, "start": start, "strength": 0.6}
    assert not torch.equal(run(engine, larger, **fields), run(engine, **fields))


def test_the_order_of_listing_makes_no_bit_of_difference(engine: Engine, tools: Tools) -> None:
    examples = [one() for one in EXAMPLES.values()]
    blobs = {name: data for one in examples for name, data in one.blobs.items()}
    everything = Example(examples[0].control, blobs, examples[0].follows, examples[0].control)
    controls = [one.control for one in examples]
    lain = ground(everything, (48, 32))
    assert torch.equal(run(engine, steer(controls, lain, tools)), run(engine, steer(controls[::-1], lain, tools)))
    names = list(check(controls, everything.follows, everything.ground()))
    assert names == list(check(controls[::-1], everything.follows, everything.ground()))
    assert sorted(names) == sorted(CONTROLS[one.control.kind].measured_as for one in examples
                                   if one.control.kind != "adapter")


def test_a_second_one_of_a_kind_is_measured_beside_the_first() -> None:
    example = EXAMPLES["light"]()
    found = check([example.control, example.shuffled], example.follows, example.ground())
    assert sorted(found) == ["light", "light 2"]


def step(fraction: float = 0.0) -> Step:
    return Step(int(fraction * 10), 0, 10, 0, 10, 500.0, 1.0, 1.0, 1.0)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_change_that_is_no_number_is_left_out_and_counted(example: Example, bad: float, tools: Tools) -> None:
    """The picture is not lost: a step that cannot be guided goes unguided."""
    nowhere = LatentColours(torch.zeros(4, 3), torch.zeros(3), torch.full((3, 4), bad))
    tools = Tools(lambda: nowhere, to_rgb=lambda latents: latents[:, :3] * bad, image_text=lambda _: tiny_image_text(),
                  adapter=tools.adapter)
    steered = steer([example.control], ground(example, (48, 32)), tools)
    latents = torch.randn(1, 4, 16, 24, generator=torch.Generator().manual_seed(0))
    assert steered.edits or steered.regions or example.control.kind in ("depth", "pose", "adapter")
    for edit in steered.edits:
        assert torch.equal(edit(latents, step()), latents)
    assert steered.unguided[example.control.kind] == len(steered.edits)
    spoilt = torch.full_like(latents, bad)
    assert all(edit(spoilt, step()) is spoilt for edit in steered.edits)


def test_arithmetic_that_breaks_off_is_left_out_and_counted() -> None:
    class Broken:
        stage, key = "gradient", "broken"

        def __call__(self, estimate: Tensor, step: Step) -> Tensor:
            return torch.linalg.inv(torch.zeros(2, 2))

    unguided: Counter[str] = Counter()
    latents = torch.zeros(1, 4, 2, 2)
    assert Guarded(Broken(), "broken", unguided)(latents, step()) is latents and unguided["broken"] == 1


def test_a_drawing_that_is_no_line_layer_is_refused_in_words() -> None:
    example = EXAMPLES["line"]()
    place = Ground(Extent(48, 32), Bounds(0, 0, 48, 32), Extent(48, 32), lambda _: np.ones((20, 20, 3), np.float32))
    with pytest.raises(DrawingError, match="no transparency"):
        ink_on(example.control, place)


def test_the_guard_lets_good_changes_through() -> None:
    class Brighter:
        stage, key = "gradient", "brighter"

        def __call__(self, estimate: Tensor, step: Step) -> Tensor:
            return estimate + 1

    unguided: Counter[str] = Counter()
    guarded = Guarded(Brighter(), "brighter", unguided)
    assert torch.equal(guarded(torch.zeros(1, 4, 2, 2), step()), torch.ones(1, 4, 2, 2)) and not unguided
    assert (guarded.stage, guarded.key) == ("gradient", "brighter")


def test_a_map_may_have_any_size_shape_and_place() -> None:
    example = EXAMPLES["line"]()
    for how in ("fit", "crop", "stretch"):
        control: Control = example.control.changed(resize=how)
        for whole in ((40, 200), (300, 20), (64, 64)):
            ink = ink_on(control, ground(example, whole))
            assert ink.shape == (whole[1], whole[0]) and ink.max() > 0.3
    assert check_lines(example.follows, ink_on(example.control, example.ground())).f1 > 0.9


@pytest.mark.parametrize("kind", ["line", "colour", "nudge", "perspective"])
def test_a_spot_of_a_huge_picture_is_steered_as_in_one_that_fits(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    example = EXAMPLES[kind]()
    place = ground(example, (640, 480), Bounds(200, 150, 96, 64))
    whole = laid(example.control, place)
    for name in ("ground", "nudge", "perspective"):
        monkeypatch.setattr(f"underpaint.controls.{name}.LARGE", 1000)
    spot = laid(example.control, place)
    assert spot.shape == whole.shape and np.ptp(whole) > 0.2
    assert np.abs(spot - whole).mean() < 0.02
    huge = Ground(Extent(8000, 6000), Bounds(2500, 1900, 96, 64), Extent(96, 64), place.pixels)
    assert laid(example.control, huge).shape == whole.shape


def laid(control: Control, place: Ground) -> np.ndarray:
    """The control's map on the canvas of a pass."""
    if isinstance(control, LineControl):
        return ink_on(control, place)
    if isinstance(control, ColourControl):
        return colours_on(control, place)[0]
    return nudged_on(control, place) if isinstance(control, NudgeControl) else grid_on(control, place)


def test_a_strip_cropped_to_a_picture_costs_no_more_than_the_picture() -> None:
    strip = np.ones((20_000, 20, 4), np.float32)
    place = Ground(Extent(512, 512), Bounds(0, 0, 512, 512), Extent(512, 512), lambda _: strip)
    colours, opaque = colours_on(ColourControl(picture=Blob(sha256="0" * 64), resize="crop"), place)
    assert colours.min() == opaque.min() == 1


def test_what_a_net_adds_that_is_no_number_is_left_out_and_counted(engine: Engine, tools: Tools,
                                                                   adapters: dict[str, Adapter]) -> None:
    example = EXAMPLES["depth"]()
    module = adapters["depth"].module
    weight = next(module.parameters())
    kept = weight.clone()
    try:
        weight.fill_(float("nan"))
        steered = steer([example.control], ground(example, (48, 32)), tools)
        assert torch.equal(run(engine, steered), run(engine)) and steered.unguided["adapter"] == 2
    finally:
        weight.copy_(kept)
