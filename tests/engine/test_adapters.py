"""Adapters of other programs: the same weights from every layout; with them the loop is diffusers' pipeline to the last
bit; and they come off without a trace."""

from pathlib import Path
from typing import Any

import diffusers
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
    tiny_union,
)
from kit.tiny_models import tiny_components, tiny_pipeline
from safetensors.torch import load_file

from underpaint.engine.attachments.controlnet import DOWN, MIDDLE, ControlNetAttachment
from underpaint.engine.attachments.ip_adapter import ImagePrompt, IPAttachment, clip_pixels
from underpaint.engine.attachments.maps import FALL, Followed
from underpaint.engine.attachments.t2i_adapter import WITHIN, T2IAttachment
from underpaint.engine.components import Components
from underpaint.engine.engine import Engine
from underpaint.engine.families.adapters import load_adapter, load_image_encoder
from underpaint.engine.protocols import Attachment, ModelCall, Step, Window
from underpaint.engine.run import Run
from underpaint.errors import ModelError
from underpaint.models import describe
from underpaint.recipe import Guidance, Sampling

CPU, WORDS = torch.device("cpu"), {"prompt": "a cat, black ink", "negative_prompt": "blur"}


@pytest.fixture(scope="module")
def models() -> dict[str, Components]:
    return {family: tiny_components(family) for family in ("sd", "sdxl")}


def sheet(seed: int = 0, height: int = 24, width: int = 32) -> np.ndarray:
    return np.random.default_rng(seed).random((height, width, 3), dtype=np.float32)


def followed(seed: int = 0, weight: float = 1.0, **fields: Any) -> Followed:
    return Followed(sheet(seed), lambda _: weight, **{"key": str(seed), **fields})


def image(seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(sheet(seed)).permute(2, 0, 1)[None].contiguous()


def run(attachments: tuple[Attachment, ...] = (), **changes: Any) -> Run:
    return Run(**{"width": 32, "height": 24, "seed": 7, "guidance": Guidance(scale=7.5), **WORDS,
                  "sampling": Sampling(sampler="ddim", steps=3), "attachments": attachments, **changes})


def theirs(components: Components, kind: str, parts: dict[str, Any], **arguments: Any) -> torch.Tensor:
    """Latents of a diffusers pipeline made of the same modules and `parts`."""
    scheduler = diffusers.DDIMScheduler.from_config(components.scheduler_config)
    made = getattr(diffusers, kind)
    own = tiny_pipeline(components, scheduler).components
    own = {name: part for name, part in own.items() if name != "image_encoder"}
    if "Adapter" in kind and components.family == "sdxl":
        own.pop("image_encoder", None)
    pipeline = made(**own, **parts, **({"requires_safety_checker": False} if components.family == "sd" else {}))
    pipeline.set_progress_bar_config(disable=True)
    given = {"num_inference_steps": 3, "guidance_scale": 7.5, "height": 24, "width": 32, **WORDS, **arguments}
    return pipeline(**given, generator=torch.Generator().manual_seed(7), output_type="latent").images


def assert_same(ours: torch.Tensor, latents: torch.Tensor) -> None:
    assert torch.equal(ours, latents), f"latents differ by {(ours - latents).abs().max():.3g}"


CONTROL = {"sd": "StableDiffusionControlNetPipeline", "sdxl": "StableDiffusionXLControlNetPipeline"}


@pytest.mark.parametrize("family", ["sd", "sdxl"])
def test_a_controlnet_paints_as_the_pipeline(models: dict[str, Components], family: str) -> None:
    net = tiny_controlnet(models[family].denoiser)
    ours = Engine(models[family], dtype=torch.float32).run(run((ControlNetAttachment(net, [followed(weight=0.8)]),)))
    assert_same(ours, theirs(models[family], CONTROL[family], {"controlnet": net}, image=image(),
                             controlnet_conditioning_scale=0.8))
    assert not torch.equal(ours, Engine(models[family], dtype=torch.float32).run(run()))


@pytest.mark.parametrize("family", ["sd", "sdxl"])
def test_two_controlnets_at_once_in_either_order(models: dict[str, Components], family: str) -> None:
    nets = [tiny_controlnet(models[family].denoiser, seed) for seed in (1, 2)]
    attached = [ControlNetAttachment(net, [followed(seed, weight)])
                for seed, (net, weight) in enumerate(zip(nets, (0.8, 0.5), strict=True))]
    engine = Engine(models[family], dtype=torch.float32)
    ours = engine.run(run(tuple(attached)))
    assert_same(ours, theirs(models[family], CONTROL[family], {"controlnet": nets}, image=[image(0), image(1)],
                             controlnet_conditioning_scale=[0.8, 0.5]))
    assert torch.equal(engine.run(run(tuple(attached[::-1]))), ours)


def test_the_shuffle_net_is_averaged_and_heard_by_the_words_alone(models: dict[str, Components]) -> None:
    net = tiny_controlnet(models["sd"].denoiser)
    net.register_to_config(global_pool_conditions=True)
    ours = Engine(models["sd"], dtype=torch.float32).run(run((ControlNetAttachment(net, [followed()]),)))
    assert_same(ours, theirs(models["sd"], CONTROL["sd"], {"controlnet": net}, image=image()))


@pytest.mark.parametrize("types", [(1,), (0, 3)])
def test_a_union_fuses_its_maps_as_the_pipeline(models: dict[str, Components], types: tuple[int, ...]) -> None:
    net = tiny_union(models["sdxl"].denoiser)
    single = [ControlNetAttachment(net, [followed(seed, type=one)]) for seed, one in enumerate(types)]
    joined = ControlNetAttachment.joined(single[::-1])
    assert len(joined) == 1
    ours = Engine(models["sdxl"], dtype=torch.float32).run(run(tuple(joined)))
    assert_same(ours, theirs(models["sdxl"], "StableDiffusionXLControlNetUnionPipeline", {"controlnet": net},
                             control_image=[image(seed) for seed in range(len(types))], control_mode=list(types)))


ADAPTER = {"sd": "StableDiffusionAdapterPipeline", "sdxl": "StableDiffusionXLAdapterPipeline"}


@pytest.mark.parametrize(("family", "kind"), [("sd", "full_adapter"), ("sdxl", "full_adapter_xl")])
def test_a_t2i_adapter_paints_as_the_pipeline(models: dict[str, Components], family: str, kind: str) -> None:
    adapter = tiny_t2i(models[family].denoiser, kind=kind)
    ours = Engine(models[family], dtype=torch.float32).run(run((T2IAttachment(adapter, followed(weight=0.7)),)))
    assert_same(ours, theirs(models[family], ADAPTER[family], {"adapter": adapter}, image=image(),
                             adapter_conditioning_scale=0.7))


@pytest.mark.parametrize(("family", "form"), [("sd", "ip"), ("sd", "ip_plus"), ("sd", "ip_full"), ("sdxl", "ip"),
                                              ("sdxl", "ip_plus")])
def test_an_ip_adapter_paints_as_the_pipeline(models: dict[str, Components], family: str, form: str,
                                              tmp_path: Path) -> None:
    components, encoder = models[family], tiny_encoder()
    file = saved(tiny_ip(components.denoiser, form), tmp_path / "ip-adapter.safetensors")
    assert describe(file).adapter.form == form
    saved(dict(encoder.state_dict()), tmp_path / "vit.safetensors")
    loaded = load_adapter(describe(file), components, device=CPU, dtype=torch.float32,
                          encoder=describe(tmp_path / "vit.safetensors"))
    prompt = IPAttachment([ImagePrompt(loaded.weights, loaded.module, followed(weight=0.6))])
    ours = Engine(components, dtype=torch.float32).run(run((prompt,)))
    assert_same(ours, _ip_pipeline(components, [loaded.weights], encoder, [clip_pixels(sheet(), 32)], [0.6]))


def _ip_pipeline(components: Components, weights: list[Any], encoder: Any, pixels: list[Any],
                 scales: list[float]) -> torch.Tensor:
    scheduler = diffusers.DDIMScheduler.from_config(components.scheduler_config)
    pipeline = tiny_pipeline(components, scheduler)
    before = dict(components.denoiser.attn_processors)
    pipeline.register_modules(image_encoder=encoder)
    components.denoiser._load_ip_adapter_weights(weights)
    pipeline.set_ip_adapter_scale(scales)
    given = {"num_inference_steps": 3, "guidance_scale": 7.5, "height": 24, "width": 32, **WORDS}
    latents = pipeline(**given, ip_adapter_image=pixels, generator=torch.Generator().manual_seed(7),
                       output_type="latent").images
    del components.denoiser.encoder_hid_proj
    components.denoiser.__dict__["encoder_hid_proj"] = None
    components.denoiser.set_attn_processor(before)
    components.denoiser.config.encoder_hid_dim_type = None
    return latents


def test_two_ip_adapters_and_a_controlnet_at_once(models: dict[str, Components]) -> None:
    components, encoder = models["sd"], tiny_encoder()
    weights = [parts(tiny_ip(components.denoiser, form, seed)) for seed, form in enumerate(("ip", "ip_plus"))]
    single = [IPAttachment([ImagePrompt(one, encoder, followed(seed, 0.5 + seed / 4))])
              for seed, one in enumerate(weights)]
    (joined,) = IPAttachment.joined(single[::-1])
    engine = Engine(components, dtype=torch.float32)
    ours = engine.run(run((joined,)))
    pixels = [clip_pixels(sheet(seed), 32) for seed in (0, 1)]
    assert_same(ours, _ip_pipeline(components, weights, encoder, pixels, [0.5, 0.75]))
    both = engine.run(run((joined, ControlNetAttachment(tiny_controlnet(components.denoiser), [followed()]))))
    assert not torch.equal(both, ours)


def parts(tensors: dict[str, torch.Tensor]) -> dict[str, dict[str, torch.Tensor]]:
    found: dict[str, dict[str, torch.Tensor]] = {"image_proj": {}, "ip_adapter": {}}
    for key, value in tensors.items():
        part, _, name = key.partition(".")
        found[part][name] = value
    return found


def state(components: Components) -> object:
    unet = components.denoiser
    return ([(name, type(one), len(one._forward_hooks), len(one._forward_pre_hooks), sorted(one._modules),
              sorted(name for name in one.__dict__ if name != "_modules"), one.training)
             for name, one in unet.named_modules()],
            {name: id(one) for name, one in unet.attn_processors.items()},
            dict(unet.config), {name: (value.clone().sum().item(), value.requires_grad)
                                for name, value in unet.named_parameters()})


@pytest.mark.parametrize("family", ["sd", "sdxl"])
def test_every_adapter_comes_off_without_a_trace(models: dict[str, Components], family: str) -> None:
    components = models[family]
    engine = Engine(components, dtype=torch.float32)
    unet = components.denoiser
    bare, before = engine.run(run()), state(components)
    kind = "full_adapter_xl" if family == "sdxl" else "full_adapter"
    hung: list[Attachment] = [
        ControlNetAttachment(tiny_controlnet(unet), [followed()]), T2IAttachment(tiny_t2i(unet, kind=kind), followed()),
        IPAttachment([ImagePrompt(parts(tiny_ip(unet)), tiny_encoder(), followed())])]
    for one in hung:
        steered = engine.run(run((one,)))
        assert not torch.equal(steered, bare) and torch.isfinite(steered).all()
        assert state(components) == before
        assert torch.equal(engine.run(run()), bare)
        assert torch.equal(engine.run(run((one,))), steered)
    engine.run(run(tuple(hung)))
    assert state(components) == before


def test_an_ip_adapter_for_another_size_leaves_the_model_as_it_was(models: dict[str, Components]) -> None:
    components = models["sd"]
    before = state(components)
    wrong = parts(tiny_ip(models["sdxl"].denoiser))
    prompt = IPAttachment([ImagePrompt(wrong, tiny_encoder(), followed())])
    with pytest.raises((RuntimeError, KeyError, ValueError, ModelError)):
        prompt.attach(components)
    assert state(components) == before


def test_at_no_strength_nothing_is_added(models: dict[str, Components]) -> None:
    unet = models["sd"].denoiser
    engine = Engine(models["sd"], dtype=torch.float32)
    bare = engine.run(run())
    for one in (ControlNetAttachment(tiny_controlnet(unet), [followed(weight=0.0)]),
                T2IAttachment(tiny_t2i(unet), followed(weight=0.0)),
                IPAttachment([ImagePrompt(parts(tiny_ip(unet)), tiny_encoder(), followed(weight=0.0))])):
        assert torch.equal(engine.run(run((one,))), bare)


def call(components: Components, rows: int = 2, negative: int = 1, window: Window | None = None,
         cells: tuple[int, int] = (12, 16)) -> ModelCall:
    generator = torch.Generator().manual_seed(0)
    sample = torch.randn(1, 4, *cells, generator=generator).repeat(rows, 1, 1, 1)
    words = {"encoder_hidden_states": torch.randn(rows, 5, 32, generator=generator)}
    return ModelCall(sample, torch.tensor(500), words, negative, Step(0, 0, 10, 0, 10, 500.0, 1.0, 1.0, 1.0), window)


def test_control_modes_weigh_words_or_map_more(models: dict[str, Components]) -> None:
    """A1111: its fall of 0.825 a level, and for the third mode nothing in the rows of the negative prompt."""
    net, made = tiny_controlnet(models["sd"].denoiser), {}
    for mode in ("balanced", "words", "control"):
        attachment = ControlNetAttachment(net, [followed(mode=mode)])
        attachment.attach(models["sd"])
        made[mode] = attachment.inputs(call(models["sd"])).residuals
    levels = len(made["balanced"][DOWN])
    for number in range(levels):
        soft = made["balanced"][DOWN][number] * FALL ** (levels - number)
        torch.testing.assert_close(made["words"][DOWN][number], soft)
        assert not made["control"][DOWN][number][0].any()
        torch.testing.assert_close(made["control"][DOWN][number][1], soft[1], rtol=1e-4, atol=1e-5)
    assert torch.equal(made["words"][MIDDLE], made["balanced"][MIDDLE]) and not made["control"][MIDDLE][0].any()
    features = {}
    for mode in ("balanced", "words", "control"):
        attachment = T2IAttachment(tiny_t2i(models["sd"].denoiser), followed(mode=mode))
        attachment.attach(models["sd"])
        features[mode] = attachment.inputs(call(models["sd"])).residuals[WITHIN]
    torch.testing.assert_close(features["words"][0], 0.825 * features["balanced"][0])
    assert not features["control"][0][0].any() and features["control"][0][1].any()


def test_a_tile_gets_its_own_part(models: dict[str, Components]) -> None:
    window = Window(2, 4, 8, 8, 12, 16)
    net = tiny_controlnet(models["sd"].denoiser)
    whole, part = ControlNetAttachment(net, [followed()]), ControlNetAttachment(
        net, [Followed(sheet()[4:20, 8:24], lambda _: 1.0)])
    for one in (whole, part):
        one.attach(models["sd"])
    tile = call(models["sd"], window=window, cells=(8, 8))
    plain = call(models["sd"], cells=(8, 8))
    assert torch.equal(whole.inputs(tile).residuals[MIDDLE], part.inputs(plain).residuals[MIDDLE])
    features = T2IAttachment(tiny_t2i(models["sd"].denoiser), followed())
    features.attach(models["sd"])
    all_of_it, cut = (features.inputs(one).residuals[WITHIN][0] for one in (call(models["sd"]), tile))
    assert torch.equal(cut, all_of_it[..., 2:10, 4:12])


@pytest.mark.parametrize("family", ["sd", "sdxl"])
def test_every_layout_of_a_controlnet_is_the_same(models: dict[str, Components], family: str, tmp_path: Path) -> None:
    components = models[family]
    net = tiny_controlnet(components.denoiser)
    net.save_pretrained(tmp_path / "control-canny", safe_serialization=True)
    files = [tmp_path / "control-canny", saved(dict(net.state_dict()), tmp_path / "canny_diffusers.safetensors"),
             saved(controlnet_to_original(net), tmp_path / "control_v11p_canny.safetensors"),
             saved(controlnet_to_original(net, ""), tmp_path / "bare_canny.safetensors")]
    engine, pictures = Engine(components, dtype=torch.float32), []
    for file in files:
        known = describe(file)
        assert known.kind == "controlnet" and known.adapter.reads == ("canny",)
        assert known.family == ("sdxl" if family == "sdxl" else None)
        loaded = load_adapter(known, components, device=CPU, dtype=torch.float32)
        pictures.append(engine.run(run((ControlNetAttachment(loaded.module, [followed()]),))))
    assert all(torch.equal(one, pictures[0]) for one in pictures)


@pytest.mark.parametrize(("family", "kind"), [("sd", "full_adapter"), ("sd", "light_adapter"),
                                              ("sdxl", "full_adapter_xl")])
def test_every_layout_of_a_t2i_adapter_is_the_same(models: dict[str, Components], family: str, kind: str,
                                                   tmp_path: Path) -> None:
    adapter = tiny_t2i(models[family].denoiser, kind=kind)
    adapter.save_pretrained(tmp_path / "t2i-sketch", safe_serialization=True)
    files = [tmp_path / "t2i-sketch", saved(dict(adapter.state_dict()), tmp_path / "t2i_sketch_d.safetensors"),
             saved(t2i_to_original(adapter), tmp_path / "t2iadapter_sketch_sd14v1.safetensors")]
    for file in files:
        known = describe(file)
        assert known.kind == "adapter" and known.adapter.reads == ("scribble",)
        loaded = load_adapter(known, models[family], device=CPU, dtype=torch.float32).module.state_dict()
        assert all(torch.equal(loaded[key], value) for key, value in adapter.state_dict().items())


def test_a_union_and_an_image_encoder_in_both_layouts(models: dict[str, Components], tmp_path: Path) -> None:
    net, encoder = tiny_union(models["sdxl"].denoiser), tiny_encoder()
    net.save_pretrained(tmp_path / "union", safe_serialization=True)
    encoder.save_pretrained(tmp_path / "image_encoder", safe_serialization=True)
    saved(dict(net.state_dict()), tmp_path / "union.safetensors")
    saved(dict(encoder.state_dict()), tmp_path / "vit.safetensors")
    for name in ("union", "union.safetensors"):
        known = describe(tmp_path / name)
        assert known.adapter.form == "union" and known.adapter.reads[1] == "depth"
        loaded = load_adapter(known, models["sdxl"], device=CPU, dtype=torch.float32).module.state_dict()
        assert all(torch.equal(loaded[key], value) for key, value in net.state_dict().items())
    seen = [load_image_encoder(describe(tmp_path / name))(clip_pixels(sheet(), 32)).image_embeds
            for name in ("image_encoder", "vit.safetensors")]
    assert torch.equal(seen[0], seen[1])


def test_pictures_are_prepared_as_clip_prepares_them() -> None:
    from PIL import Image
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
    pixels = np.rint(sheet(3, 50, 70) * 255).astype(np.uint8)
    processor = CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    theirs = processor(Image.fromarray(pixels), return_tensors="pt").pixel_values
    torch.testing.assert_close(clip_pixels(pixels.astype(np.float32) / 255, 32), theirs, rtol=0, atol=1e-5)


def test_a_strip_is_looked_at_round_its_middle() -> None:
    strip = np.random.default_rng(0).random((4, 4000, 3), dtype=np.float32)
    assert torch.equal(clip_pixels(strip, 32), clip_pixels(strip[:, 1984:2016], 32))
    assert clip_pixels(np.ones((100_000, 2, 3), np.float32), 224).shape == (1, 3, 224, 224)


@pytest.mark.parametrize("damage", ["missing", "cut", "wide"])
def test_a_damaged_adapter_is_one_clear_error(models: dict[str, Components], tmp_path: Path, damage: str) -> None:
    file = saved(controlnet_to_original(tiny_controlnet(models["sd"].denoiser)), tmp_path / "canny.safetensors")
    tensors = load_file(file)
    if damage == "cut":
        file.write_bytes(file.read_bytes()[:-100])
    else:
        gone = tensors.pop("control_model.zero_convs.1.0.weight")
        more = {"control_model.zero_convs.1.0.weight": gone[:4]} if damage == "wide" else {}
        saved(tensors | more, file)
    with pytest.raises(ModelError) as told:
        load_adapter(describe(file), models["sd"], device=CPU, dtype=torch.float32)
    assert told.value.hint
