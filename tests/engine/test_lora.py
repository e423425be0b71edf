"""LoRAs: what they add equals the same change merged by hand, and taking them off leaves no trace."""

import copy
import json
from pathlib import Path

import pytest
import torch
from kit.loras import ALPHA, RANK, merge_by_hand, random_pairs, save_diffusers, save_kohya, save_peft
from kit.tiny_folders import save_folder
from safetensors.torch import save_file

from underpaint.engine.attachments.lora import LoraAttachment
from underpaint.engine.attachments.lora_file import layer_settings, read_changes
from underpaint.engine.components import Components
from underpaint.engine.families.loading import load_components
from underpaint.errors import ModelError
from underpaint.models import describe

PEER = ("to_q", "to_v", "to_out.0", "q_proj", "out_proj")
ENDS = {
    "diffusers": (".lora_A.weight", ".lora_B.weight"),
    "elder diffusers": (".lora.down.weight", ".lora.up.weight"),
}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Components]:
    root = tmp_path_factory.mktemp("models")
    return {family: load_components(describe(save_folder(root / family, family))) for family in ("sd", "sdxl")}


def painted(components: Components) -> dict[str, torch.Tensor]:
    """One forward pass of every part."""
    with torch.no_grad():
        ids = torch.arange(2, 12)[None]
        texts = [encoder(ids, output_hidden_states=True) for encoder in components.text_encoders]
        context = torch.cat([said.hidden_states[-1] for said in texts], dim=-1)
        added = {"text_embeds": texts[-1][0], "time_ids": torch.zeros(1, 6)} if len(texts) == 2 else None
        sample = torch.linspace(-1, 1, 4 * 8 * 8).reshape(1, 4, 8, 8)
        noise = components.denoiser(sample, 500, context, added_cond_kwargs=added).sample
    return {"denoiser": noise, "text": context}


def copied(components: Components) -> Components:
    return components.with_(
        denoiser=copy.deepcopy(components.denoiser),
        text_encoders=tuple(copy.deepcopy(encoder) for encoder in components.text_encoders),
    )


def merged(components: Components, pairs: dict, scale: float) -> dict[str, torch.Tensor]:
    other = copied(components)
    merge_by_hand(other, pairs, scale)
    return painted(other)


def hooks(components: Components) -> list[tuple[int, ...]]:
    return [
        (len(module._forward_hooks), len(module._forward_pre_hooks), len(module._forward_hooks_with_kwargs))
        for root in components.modules()
        for module in root.modules()
    ]


def assert_close(found: dict[str, torch.Tensor], wanted: dict[str, torch.Tensor]) -> None:
    for name in wanted:
        torch.testing.assert_close(found[name], wanted[name], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("family", ["sd", "sdxl"])
@pytest.mark.parametrize("layout", ["kohya", "diffusers", "elder diffusers"])
def test_a_lora_equals_its_merge_and_leaves_no_trace(family: str, layout: str, models: dict, tmp_path: Path) -> None:
    model = models[family]
    pairs = random_pairs(model)
    scale = 1.0
    if layout == "kohya":
        path, scale = save_kohya(tmp_path / "ink.safetensors", model, pairs), ALPHA / RANK
    else:
        path = save_diffusers(tmp_path / "ink.safetensors", pairs, ends=ENDS[layout])
    known = describe(path)
    assert (known.kind, known.layout) == ("lora", layout.removeprefix("elder "))
    assert set(known.lora.parts) == {part for part, _ in pairs}
    before, hooks_before = painted(model), hooks(model)
    weights = {name: weight.clone() for name, weight in model.denoiser.state_dict().items()}
    processors = {name: id(processor) for name, processor in model.denoiser.attn_processors.items()}

    wanted = merged(model, pairs, 0.7 * scale)
    assert not torch.allclose(wanted["denoiser"], before["denoiser"], atol=1e-3)

    lora = LoraAttachment(known, 0.7)
    lora.attach(model)
    assert_close(painted(model), wanted)
    lora.detach()

    after = painted(model)
    assert all(torch.equal(after[name], before[name]) for name in before)
    assert hooks(model) == hooks_before
    assert {name: id(processor) for name, processor in model.denoiser.attn_processors.items()} == processors
    assert all(torch.equal(weights[name], weight) for name, weight in model.denoiser.state_dict().items())


@pytest.mark.parametrize("family", ["sd", "sdxl"])
@pytest.mark.parametrize("layout", ["kohya", "diffusers"])
def test_the_same_as_diffusers_own_loader(family: str, layout: str, models: dict, tmp_path: Path) -> None:
    """A peer that nobody here wrote: diffusers reads the file and merges it with peft."""
    from diffusers import StableDiffusionPipeline, StableDiffusionXLPipeline

    model = copied(models[family])
    pairs = {key: pair for key, pair in random_pairs(model).items() if key[1].endswith(PEER)}
    name = tmp_path / "ink.safetensors"
    path = save_kohya(name, model, pairs) if layout == "kohya" else save_diffusers(name, pairs)
    lora = LoraAttachment(describe(path), 0.6)
    lora.attach(model)
    ours = painted(model)
    lora.detach()
    other = copied(model)
    parts = {
        "unet": other.denoiser, "vae": other.vae, "scheduler": None, "tokenizer": other.tokenizers[0],
        "text_encoder": other.text_encoders[0],
    }  # fmt: skip
    if family == "sdxl":
        parts |= {"text_encoder_2": other.text_encoders[1], "tokenizer_2": other.tokenizers[1]}
        pipeline = StableDiffusionXLPipeline(**parts)
    else:
        pipeline = StableDiffusionPipeline(**parts, safety_checker=None, feature_extractor=None)
    pipeline.load_lora_weights(str(path), adapter_name="ink")
    pipeline.set_adapters(["ink"], [0.6])
    assert_close(ours, painted(other))


@pytest.mark.parametrize(
    ("config", "scale"),
    [
        ('{"r": 3, "lora_alpha": 6}', 2.0),
        ('{"r": 3, "lora_alpha": 3, "use_rslora": true}', 3**0.5),
        ('{"r": 3, "lora_alpha": 3, "alpha_pattern": {"to_q": 6}}', None),
        ("{}", 1.0),
    ],
)
def test_peft_folders_bring_their_own_scale(config: str, scale: float | None, models: dict, tmp_path: Path) -> None:
    model = models["sd"]
    pairs = {key: pair for key, pair in random_pairs(model).items() if key[0] == "denoiser"}
    known = describe(save_peft(tmp_path / "ink", pairs, config))
    assert (known.kind, known.layout, known.name) == ("lora", "peft", "ink")
    other = copied(model)
    scaled = {
        key: (down, up * (scale or (2.0 if key[1].endswith("to_q") else 1.0))) for key, (down, up) in pairs.items()
    }
    zeros = {key: (down * 0, up) for key, (down, up) in random_pairs(model).items()}
    merge_by_hand(other, zeros | scaled, 1.0)
    lora = LoraAttachment(known)
    lora.attach(model)
    found = painted(model)
    lora.detach()
    assert_close(found, painted(other))


def test_denoiser_and_text_encoders_have_weights_of_their_own(models: dict, tmp_path: Path) -> None:
    model = models["sdxl"]
    known = describe(save_kohya(tmp_path / "ink.safetensors", model, random_pairs(model)))
    plain = painted(model)
    lora = LoraAttachment(known, 0.0, text_weight=1.0)
    lora.attach(model)
    assert not any(len(module._forward_hooks) for module in model.denoiser.modules())
    words_only = painted(model)
    lora.detach()
    assert not torch.equal(words_only["text"], plain["text"])
    lora = LoraAttachment(known, 1.0, text_weight=0.0)
    lora.attach(model)
    paint_only = painted(model)
    lora.detach()
    assert torch.equal(paint_only["text"], plain["text"])
    assert not torch.equal(paint_only["denoiser"], plain["denoiser"])


def test_two_loras_add_up_and_come_off_in_any_order(models: dict, tmp_path: Path) -> None:
    model = models["sd"]
    first, second = (random_pairs(model, seed) for seed in (1, 2))
    before = painted(model)
    other = copied(model)
    merge_by_hand(other, first, 0.5)
    merge_by_hand(other, second, -0.25)
    loras = [
        LoraAttachment(describe(save_diffusers(tmp_path / "one.safetensors", first)), 0.5),
        LoraAttachment(describe(save_diffusers(tmp_path / "two.safetensors", second)), -0.25),
    ]
    for lora in loras:
        lora.attach(model)
    assert_close(painted(model), painted(other))
    for lora in loras:
        lora.detach()
    assert all(torch.equal(value, before[name]) for name, value in painted(model).items())


def test_locon_with_a_core(models: dict, tmp_path: Path) -> None:
    """LoCon's Tucker form: 1x1 down, k x k core, 1x1 up."""
    model, name = models["sd"], "down_blocks.0.resnets.0.conv1"
    layer = model.denoiser.get_submodule(name)
    generator = torch.Generator().manual_seed(3)
    down, mid, up = (
        torch.randn(*shape, generator=generator)
        for shape in ((RANK, layer.in_channels, 1, 1), (RANK, RANK, 3, 3), (layer.out_channels, RANK, 1, 1))
    )
    stem = f"lora_unet_{name.replace('.', '_')}"
    tensors = {f"{stem}.lora_down.weight": down, f"{stem}.lora_mid.weight": mid, f"{stem}.lora_up.weight": up}
    save_file(tensors, tmp_path / "core.safetensors")
    other = copied(model)
    with torch.no_grad():
        change = torch.einsum("op,pqhw,qi->oihw", up[:, :, 0, 0], mid, down[:, :, 0, 0])
        other.denoiser.get_submodule(name).weight += 0.1 * change
    lora = LoraAttachment(describe(tmp_path / "core.safetensors"), 0.1)
    lora.attach(model)
    found = painted(model)
    lora.detach()
    assert_close(found, painted(other))


def test_half_precision_models_keep_their_dtype(models: dict, tmp_path: Path) -> None:
    model = copied(models["sd"])
    model.denoiser.to(torch.bfloat16)
    pairs = {key: pair for key, pair in random_pairs(model).items() if key[0] == "denoiser"}
    lora = LoraAttachment(describe(save_diffusers(tmp_path / "ink.safetensors", pairs)))
    lora.attach(model)
    sample = torch.zeros(1, 4, 8, 8, dtype=torch.bfloat16)
    with torch.no_grad():
        out = model.denoiser(sample, 500, torch.zeros(1, 4, 32, dtype=torch.bfloat16)).sample
    lora.detach()
    assert out.dtype == torch.bfloat16
    assert torch.isfinite(out).all()


def test_a_lora_for_another_family_is_refused_by_name(models: dict, tmp_path: Path) -> None:
    path = save_kohya(tmp_path / "sdxl ink.safetensors", models["sdxl"], random_pairs(models["sdxl"]))
    before = hooks(models["sd"])
    said = r"sdxl ink \(kohya layout\) is for Stable Diffusion XL, .* Stable Diffusion 1.x"
    with pytest.raises(ModelError, match=said) as told:
        LoraAttachment(describe(path)).attach(models["sd"])
    assert told.value.field == "loras"
    assert hooks(models["sd"]) == before


def test_a_lora_of_another_size_is_refused_before_anything_is_hooked(models: dict, tmp_path: Path) -> None:
    pairs = random_pairs(models["sd"])
    last = list(pairs)[-1]
    wrong = pairs | {last: (torch.zeros(RANK, 7), torch.zeros(9, RANK))}
    path = save_diffusers(tmp_path / "wide.safetensors", wrong)
    before = hooks(models["sd"])
    with pytest.raises(ModelError, match=r"wide .* has another shape"):
        LoraAttachment(describe(path)).attach(models["sd"])
    assert hooks(models["sd"]) == before


def test_layers_that_the_model_does_not_have_are_named(models: dict, tmp_path: Path) -> None:
    stem = "lora_unet_down_blocks_7_attentions_0_proj_in"
    tensors = {f"{stem}.lora_down.weight": torch.zeros(2, 16), f"{stem}.lora_up.weight": torch.zeros(16, 2)}
    save_file(tensors, tmp_path / "deep.safetensors")
    with pytest.raises(ModelError, match="1 of its 1 layers are not in it, such as denoiser down_blocks_7"):
        LoraAttachment(describe(tmp_path / "deep.safetensors")).attach(models["sd"])


@pytest.mark.parametrize(
    ("key", "shape", "kind", "layout"),
    [
        ("lora_unet_a.oft_blocks", (2, 4, 4), "OFT", "kohya"),
        ("lora_unet_a.oft_blocks", (2, 2, 4, 4), "BOFT", "kohya"),
        ("base_model.model.a.oft_R.default.weight", (2, 4), "OFT", "peft"),
        ("lora_unet_a.a1.weight", (4, 4), "GLoRA", "kohya"),
        ("base_model.model.a.vera_lambda_b", (4,), "VeRA", "peft"),
        ("lora_controlnet", (), "Control-LoRA", "kohya"),
        ("double_blocks.0.processor.qkv_lora1.down.weight", (2, 4), "a Flux LoRA in XLabs' layout", "kohya"),
        ("diffusion_model.blocks.0.self_attn.q.lora_A.weight", (4, 4), "a LoRA for a Wan model", "kohya"),
        ("transformer.transformer_blocks.0.img_mlp.net.0.proj.lora_A.weight", (4, 4), "a LoRA for a Qwen", "kohya"),
    ],
)
def test_relatives_of_lora_are_refused_by_name(
    key: str, shape: tuple[int, ...], kind: str, layout: str, tmp_path: Path
) -> None:
    tensors = {key: torch.zeros(shape), "lora_unet_b_attn2_to_k.lora_down.weight": torch.zeros(2, 768)}
    tensors["lora_unet_b_attn2_to_k.lora_up.weight"] = torch.zeros(4, 2)
    if layout == "peft":
        tensors = {key: torch.zeros(shape)}
    save_file(tensors, tmp_path / "odd.safetensors")
    known = describe(tmp_path / "odd.safetensors")
    said = rf"the LoRA odd \(.*{layout} layout\) is of a kind that is not supported: {kind}"
    with pytest.raises(ModelError, match=said) as told:
        LoraAttachment(known)
    assert "LoCon, LoHa, LoKr, DoRA" in (told.value.hint or "")
    if layout == "kohya" and "LoRA " not in kind:
        assert "(for Stable Diffusion 1.x, kohya layout)" in told.value.message


@pytest.mark.parametrize("config", ['{"r": 2, "lora_alpha": NaN}', f'{{"r": 2, "lora_alpha": {10**400}}}'])
def test_an_alpha_that_is_no_number_is_refused(config: str, tmp_path: Path) -> None:
    stem = "base_model.model.down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k"
    pair = {f"{stem}.lora_A.weight": torch.ones(2, 16), f"{stem}.lora_B.weight": torch.ones(8, 2)}
    with pytest.raises(ModelError, match=r"the LoRA odd is damaged: the strength of .* \(alpha / rank\)"):
        read_changes(pair, layer_settings({}, json.loads(config)), "odd")


def test_weights_that_would_be_lost_are_named(models: dict, tmp_path: Path) -> None:
    tensors = {"lora_unet_b.lora_down.weight": torch.zeros(2, 4), "lora_unet_b.lora_up.weight": torch.zeros(4, 2)}
    save_file(tensors | {"bundle_emb.cat": torch.zeros(1, 32)}, tmp_path / "odd.safetensors")
    with pytest.raises(ModelError, match=r"1 weights of unknown layout: bundle_emb\.cat"):
        LoraAttachment(describe(tmp_path / "odd.safetensors")).attach(models["sd"])


def test_a_lllite_is_refused_by_its_name(tmp_path: Path) -> None:
    save_file({"lllite_unet_a.down.0.weight": torch.zeros(2, 4)}, tmp_path / "pose.safetensors")
    with pytest.raises(ModelError, match=r"is a ControlNet, not a LoRA \(ControlNet-LLLite is not supported\)"):
        LoraAttachment(describe(tmp_path / "pose.safetensors"))


def test_a_checkpoint_is_no_lora(models: dict, tmp_path: Path) -> None:
    save_file({"emb_params": torch.zeros(2, 768)}, tmp_path / "cat.safetensors")
    with pytest.raises(ModelError, match=r"cat\.safetensors is a textual inversion, not a LoRA"):
        LoraAttachment(describe(tmp_path / "cat.safetensors"))
