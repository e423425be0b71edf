"""Recognising LoRAs by their headers: layout, kind of change, family, and what is foreign."""

from pathlib import Path

import pytest
from headers import Shapes, save

from underpaint.models import describe
from underpaint.models.lora_keys import place, split_key

UNET = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k"
HADA = {"hada_w1_a": (8, 4), "hada_w1_b": (4, 768), "hada_w2_a": (8, 4), "hada_w2_b": (4, 768)}
WIDE = {"lora_A.weight": (4, 3072), "lora_B.weight": (8, 4)}


def named(stem: str, ends: Shapes) -> Shapes:
    return {f"{stem}.{end}": shape for end, shape in ends.items()}


@pytest.mark.parametrize(
    ("shapes", "family", "layout", "kinds"),
    [
        (named(UNET, HADA), "sd", "kohya", ("LoHa",)),
        (named(UNET, {"lokr_w1": (4, 4), "lokr_w2_a": (2, 3), "lokr_w2_b": (3, 256)}), "sd2", "kohya", ("LoKr",)),
        (named(UNET, {"lokr_w1": (4, 8), "lokr_w2": (2, 256)}), "sdxl", "kohya", ("LoKr",)),
        (named(UNET, {"diff": (8, 768), "diff_b": (8,)}), "sd", "kohya", ("whole differences",)),
        (named(UNET, {"weight": (8,), "on_input": ()}), None, "kohya", ("IA3",)),
        (named(UNET, {"lora_down.weight": (4, 768), "lora_up.weight": (8, 4), "dora_scale": (8, 1)}), "sd", "kohya",
         ("DoRA", "LoRA")),
        (named("lora_unet_a_conv1", {"lora_down.weight": (4, 8, 3, 3), "lora_up.weight": (8, 4, 1, 1)}), None, "kohya",
         ("LoCon",)),
        (named("lycoris_transformer_blocks_0_attn_to_q", {"lokr_w1": (3, 3), "lokr_w2": (1024, 1024)}), "flux", "kohya",
         ("LoKr",)),
        (named("transformer.transformer_blocks.0.attn.to_q", WIDE), "flux", "diffusers", ("LoRA",)),
        (named("transformer.transformer_blocks.0.attn.to_q", {"lora_A.weight": (4, 1536), "lora_B.weight": (8, 4)}),
         "sd3", "diffusers", ("LoRA",)),
        (named("transformer.single_transformer_blocks.0.proj_out", WIDE), "flux", "diffusers", ("LoRA",)),
        (named("lora_unet_input_blocks_8_1_transformer_blocks_9_attn1_to_k", {"lora_down.weight": (4, 9),
                                                                            "lora_up.weight": (9, 4)}),
         "sdxl", "kohya", ("LoRA",)),
        ({"unet:0:down": (4, 320), "unet:0:up": (320, 4), "unet:5:down": (4, 768), "unet:5:up": (320, 4)}, "sd",
         "cloneofsimo", ("LoRA",)),
        (named("base_model.model.unet.a.attn2.to_k", {"lora_A.default.weight": (4, 1024),
                                                      "lora_B.default.weight": (8, 4)}), "sd2", "peft", ("LoRA",)),
    ],
)  # fmt: skip
def test_what_a_header_tells(
    shapes: Shapes, family: str | None, layout: str, kinds: tuple[str, ...], tmp_path: Path
) -> None:
    known = describe(save(tmp_path / "ink.safetensors", shapes))
    assert known.lora is not None
    assert (known.kind, known.family, known.layout, known.lora.kinds) == ("lora", family, layout, kinds)
    assert known.lora.unsupported == ""


@pytest.mark.parametrize(
    "shapes",
    [
        {"a.weight": (2, 3), "a.alpha": (1,)},
        {f"layer.{number}.weight": (2, 3) for number in range(9)} | {"layer.0.diff": (2, 3)},
    ],
)
def test_other_models_are_no_loras(shapes: Shapes, tmp_path: Path) -> None:
    assert describe(save(tmp_path / "m.safetensors", shapes)).kind == "unknown"


def test_keys_of_megabytes_are_read_in_no_time(tmp_path: Path) -> None:
    long = "unet." * 400_000
    pair = {"lora_A.weight": (4, 768), "lora_B.weight": (8, 4)}
    known = describe(save(tmp_path / "ink.safetensors", named("unet.a.attn2.to_k", pair) | {f"{long}x.diff": (2, 2)}))
    assert known.kind == "lora"
    assert place(long + "x") == ("denoiser", long + "x")


@pytest.mark.parametrize(
    ("key", "part", "name", "role"),
    [
        ("lora_unet_a_b.lora_down.weight", "denoiser", "a_b", "down"),
        ("lora_te_text_model_x.alpha", "text_encoder", "x", "alpha"),
        ("lora_te2_text_model_x.lora_up.weight", "text_encoder_2", "x", "up"),
        ("base_model.model.unet.unet.a.b.lora_A.my-name.weight", "denoiser", "a.b", "down"),
        ("unet.base_model.model.a.lora_B.weight", "denoiser", "a", "up"),
        ("text_encoder.text_model.x.self_attn.to_out_lora.up.weight", "text_encoder", "x.self_attn.out_proj", "up"),
        ("text_model.encoder.x.lora_linear_layer.down.weight", "text_encoder", "encoder.x", "down"),
        ("a.attn1.processor.to_out_lora.down.weight", "denoiser", "a.attn1.to_out.0", "down"),
        ("text_encoders.clip_g.transformer.text_model.x.lora_up.weight", "text_encoder_2", "x", "up"),
        ("model.diffusion_model.middle_block.1.x.diff_b", "denoiser", "middle_block.1.x", "diff_b"),
        ("lora_unet_model_diffusion_model_input_blocks_1.diff", "denoiser", "input_blocks_1", "diff"),
        ("lora_unet_lora_unet_a.hada_w1_a", "denoiser", "a", "hada_w1_a"),
        ("x.lora_magnitude_vector.default.weight", "denoiser", "x", "magnitude"),
        ("unet.x.lora_B.bias", "denoiser", "x", "up_bias"),
    ],
)
def test_keys(key: str, part: str, name: str, role: str) -> None:
    parts = split_key(key)
    assert parts is not None
    assert (*place(parts[0]), parts[1]) == (part, name, role)
    assert split_key(key + ".more") is None
