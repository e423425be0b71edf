"""Recognition: what a file or folder is and can do, from its header alone."""

import subprocess
import sys
from pathlib import Path

import pytest
from headers import ATTENTION, CLIP, OPEN_CLIP, SD, SD2, SDXL, UNET, VAE, XL_TEXT, Shapes, lora, save, unet

from underpaint.errors import ModelError
from underpaint.models import describe, parse_prediction, require_known
from underpaint.models.description import Kind


@pytest.mark.parametrize(
    ("shapes", "family", "side", "encoders"),
    [
        (SD, "sd", 512, [("clip_l", 768, 1)]),
        (SD2, "sd2", 768, [("clip_h", 1024, 1)]),
        (SDXL, "sdxl", 1024, [("clip_l", 768, 0), ("clip_g", 1280, 0)]),
        (unet(768), "sd", 512, []),
        (unet(1024), "sd2", 768, []),
        (unet(2048), "sdxl", 1024, []),
        (unet(2048, prefix=""), "sdxl", 1024, []),
        (unet(32) | CLIP, "sd", 512, [("clip_l", 768, 1)]),
        (unet(32) | OPEN_CLIP, "sd2", 768, [("clip_h", 1024, 1)]),
        (unet(32) | XL_TEXT, "sdxl", 1024, [("clip_l", 768, 0), ("clip_g", 1280, 0)]),
    ],
)
def test_families_by_keys_and_shapes(
    shapes: Shapes, family: str, side: int, encoders: list[tuple[str, int, int]], tmp_path: Path
) -> None:
    known = describe(save(tmp_path / "m.safetensors", shapes))
    assert (known.kind, known.family, known.layout, known.name) == ("checkpoint", family, "ldm", "m")
    assert (known.default_width, known.default_height, known.native_area) == (side, side, side * side)
    assert [(encoder.name, encoder.width, encoder.layers) for encoder in known.text_encoders] == encoders
    assert (known.latent_channels, known.channels_in, known.size_step, known.dtype) == (4, 4, 8, "F16")
    assert known.can("negative_prompt", "lora", "clip_skip")
    assert known.can("size_conditioning") == (family == "sdxl")
    assert not known.can("fill_channels")
    assert ("vae" in known.components) == bool(shapes.keys() & VAE.keys())


def test_an_inpainting_denoiser_is_known_by_its_channels(tmp_path: Path) -> None:
    known = describe(save(tmp_path / "m.safetensors", unet(768, channels_in=9) | VAE | CLIP))
    assert known.channels_in == 9
    assert known.can("fill_channels")


@pytest.mark.parametrize(
    ("shapes", "family", "steps"),
    [
        ({"joint_blocks.0.x_block.attn.qkv.weight": (6, 2)}, "sd3", 28),
        ({f"{UNET}joint_blocks.0.x_block.attn.qkv.weight": (6, 2)}, "sd3", 28),
        ({"double_blocks.0.img_attn.qkv.weight": (6, 2), "guidance_in.in_layer.weight": (2, 2)}, "flux", 28),
        ({"double_blocks.0.img_attn.qkv.weight": (6, 2)}, "flux", 4),
    ],
)
def test_flow_families(shapes: Shapes, family: str, steps: int, tmp_path: Path) -> None:
    known = describe(save(tmp_path / "m.safetensors", shapes))
    assert (known.family, known.prediction, known.default_steps) == (family, "flow", steps)
    assert (known.latent_channels, known.size_step, known.default_width) == (16, 16, 1024)


@pytest.mark.parametrize(
    ("shapes", "kind", "family"),
    [
        ({"decoder.conv_in.weight": (2, 4, 3, 3), "decoder.up.0.block.0.norm1.bias": (2,)}, "vae", None),
        ({"decoder.conv_in.weight": (2, 4, 3, 3), "decoder.up_blocks.0.resnets.0.norm1.bias": (2,)}, "vae", None),
        (VAE, "vae", None),
        ({"decoder.layers.0.weight": (2, 4, 3, 3), "encoder.layers.0.weight": (2, 3, 3, 3)}, "tiny_vae", None),
        ({"control_model.input_blocks.0.0.weight": (2, 4, 3, 3)}, "controlnet", None),
        (
            {
                "controlnet_cond_embedding.conv_in.weight": (2, 3, 3, 3),
                "down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight": (2, 768),
            },
            "controlnet",
            "sd",
        ),
        ({"adapter.body.0.resnets.0.block1.weight": (2, 2, 3, 3)}, "adapter", None),
        ({"body.0.rdb1.conv1.weight": (2, 2, 3, 3)}, "upscaler", None),
        ({"text_model.embeddings.token_embedding.weight": (2, 768)}, "text_encoder", None),
        ({"emb_params": (3, 768)}, "embedding", "sd"),
        ({"<cat>": (1024,)}, "embedding", "sd2"),
        ({"clip_l": (2, 768), "clip_g": (2, 1280)}, "embedding", "sdxl"),
        ({"clip_l": (2, 768), "clip_g": (3, 1280)}, "unknown", None),
        ({"emb_params": (3, 768, 2)}, "unknown", None),
        (lora(ATTENTION, 768), "lora", "sd"),
    ],
)
def test_everything_else(shapes: Shapes, kind: Kind, family: str | None, tmp_path: Path) -> None:
    known = describe(save(tmp_path / "m.safetensors", shapes))
    assert (known.kind, known.family) == (kind, family)


def test_embeddings_say_how_many_vectors_of_which_width(tmp_path: Path) -> None:
    known = describe(save(tmp_path / "cat.safetensors", {"clip_g": (2, 1280), "clip_l": (2, 768)}))
    assert known.embedding is not None
    assert (known.embedding.vectors, known.embedding.widths) == (2, (768, 1280))


@pytest.mark.parametrize(
    ("shapes", "metadata", "family", "layout", "parts"),
    [
        (lora(ATTENTION, 768), {}, "sd", "kohya", ("denoiser",)),
        (lora(ATTENTION, 1024), {}, "sd2", "kohya", ("denoiser",)),
        (
            lora("lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k", 2048) | lora("lora_te2_text_model_a", 9),
            {},
            "sdxl",
            "kohya",
            ("denoiser", "text_encoder_2"),
        ),
        (lora("lora_te_text_model_encoder_layers_0_mlp_fc1", 768), {}, None, "kohya", ("text_encoder",)),
        (lora(ATTENTION, 32), {"ss_base_model_version": "sdxl_base_v1-0"}, "sdxl", "kohya", ("denoiser",)),
        (lora(ATTENTION, 32), {"ss_base_model_version": "sd_v2"}, "sd2", "kohya", ("denoiser",)),
        (lora(ATTENTION, 32), {"modelspec.architecture": "stable-diffusion-v1/lora"}, "sd", "kohya", ("denoiser",)),
        (lora("lora_unet_double_blocks_0_img_attn_qkv", 9), {}, "flux", "kohya", ("denoiser",)),
        (
            {
                "unet.a.attn2.to_k.lora_A.weight": (4, 768),
                "unet.a.attn2.to_k.lora_B.weight": (2, 4),
                "text_encoder.b.lora_A.weight": (4, 2),
                "text_encoder.b.lora_B.weight": (2, 4),
            },
            {},
            "sd",
            "diffusers",
            ("denoiser", "text_encoder"),
        ),
        (
            {
                "unet.a.attn2.processor.to_k_lora.down.weight": (4, 768),
                "unet.a.attn2.processor.to_k_lora.up.weight": (2, 4),
            },
            {},
            "sd",
            "diffusers",
            ("denoiser",),
        ),
        (
            {
                "base_model.model.a.attn2.to_k.lora_A.weight": (4, 2048),
                "base_model.model.a.attn2.to_k.lora_B.weight": (2, 4),
            },
            {},
            "sdxl",
            "peft",
            ("denoiser",),
        ),
        (
            {
                "transformer.transformer_blocks.0.attn.to_k.lora_A.weight": (4, 9),
                "transformer.transformer_blocks.0.attn.to_k.lora_B.weight": (2, 4),
            },
            {},
            "sd3",
            "diffusers",
            ("denoiser",),
        ),
    ],
)
def test_loras_by_layout_and_family(
    shapes: Shapes, metadata: dict[str, str], family: str | None, layout: str, parts: tuple[str, ...], tmp_path: Path
) -> None:
    known = describe(save(tmp_path / "ink.safetensors", shapes, **metadata))
    assert known.lora is not None
    assert (known.kind, known.family, known.layout, known.lora.parts) == ("lora", family, layout, parts)
    assert (known.lora.rank, known.lora.unsupported) == (4, "")


@pytest.mark.parametrize(
    ("name", "extra", "metadata", "yaml", "wanted", "said"),
    [
        ("m", {}, {}, None, None, "probing"),
        ("m", {"v_pred": ()}, {}, None, "v_prediction", "marker key v_pred"),
        ("m", {"v_pred": (), "ztsnr": ()}, {}, None, "v_prediction", "marker key v_pred"),
        ("m", {}, {"modelspec.prediction_type": "v"}, None, "v_prediction", "metadata"),
        ("m", {}, {"modelspec.prediction_type": "epsilon"}, None, "epsilon", "metadata"),
        ("m", {}, {"modelspec.architecture": "stable-diffusion-v2-768-v"}, None, "v_prediction", "metadata"),
        ("m", {}, {}, "model:\n  params:\n    parameterization: v\n", "v_prediction", "m.yaml beside it"),
        ("m", {}, {}, "model:\n  params:\n    linear_start: 1\n", "epsilon", "m.yaml beside it"),
        ("m", {}, {}, "model: [", None, "probing"),
        ("m", {}, {}, "!!python/object/apply:os.system [exit]", None, "probing"),
        ("noob-vPred-10", {}, {}, None, "v_prediction", "name of the file"),
    ],
)
def test_how_the_prediction_was_decided(
    name: str, extra: Shapes, metadata: dict[str, str], yaml: str | None, wanted: str | None, said: str, tmp_path: Path
) -> None:
    path = save(tmp_path / f"{name}.safetensors", SD2 | extra, **metadata)
    if yaml is not None:
        path.with_suffix(".yaml").write_text(yaml)
    known = describe(path)
    assert known.prediction == wanted
    assert said in known.prediction_said
    assert known.zero_terminal_snr == ("ztsnr" in extra)
    assert known.default_width == (512 if wanted == "epsilon" else 768)


def test_sd_and_sdxl_predict_noise_unless_marked(tmp_path: Path) -> None:
    assert describe(save(tmp_path / "a.safetensors", SD)).prediction == "epsilon"
    assert describe(save(tmp_path / "b.safetensors", SDXL)).prediction == "epsilon"
    assert describe(save(tmp_path / "c.safetensors", SDXL | {"v_pred": ()})).prediction == "v_prediction"


def test_branches_and_distilled_models_are_hinted_at(tmp_path: Path) -> None:
    pony = describe(save(tmp_path / "ponyDiffusionV6XL.safetensors", SDXL))
    assert (pony.branch, pony.family) == ("Pony", "sdxl")
    quick = describe(save(tmp_path / "sdxl_lightning_4step.safetensors", SDXL))
    assert (quick.default_steps, quick.default_guidance) == (6, 1.5)
    assert "distilled" in quick.notes[0]
    refiner = SDXL | {"conditioner.embedders.0.model.text_projection": (2, 2)}
    assert describe(save(tmp_path / "r.safetensors", refiner)).branch == "refiner"


@pytest.mark.parametrize(("word", "wanted"), [("v", "v_prediction"), ("EPS", "epsilon"), ("flow", "flow")])
def test_prediction_words(word: str, wanted: str) -> None:
    assert parse_prediction(word) == wanted
    with pytest.raises(ModelError, match="'x0' is not a prediction type"):
        parse_prediction("x0")


def test_what_suits_a_model(tmp_path: Path) -> None:
    sd, xl = describe(save(tmp_path / "sd.safetensors", SD)), describe(save(tmp_path / "xl.safetensors", SDXL))
    ink = describe(save(tmp_path / "ink.safetensors", lora(ATTENTION, 768)))
    small = describe(save(tmp_path / "small.safetensors", lora(ATTENTION, 160)))
    words = describe(save(tmp_path / "words.safetensors", lora("lora_te_text_model_a", 768)))
    cat = describe(save(tmp_path / "cat.safetensors", {"emb_params": (3, 768)}))
    two = describe(save(tmp_path / "two.safetensors", {"clip_l": (2, 768), "clip_g": (2, 1280)}))
    tiny = describe(save(tmp_path / "tiny.safetensors", {"emb_params": (3, 160)}))
    primer = sd.with_(context_width=160, text_encoders=(sd.text_encoders[0].model_copy(update={"width": 160}),))
    suiting = {model.name for model in (ink, small, words, cat, two, tiny) if model.suits(sd)}
    assert suiting == {"ink", "words", "cat"}
    assert {model.name for model in (ink, small, words, cat, two, tiny) if model.suits(xl)} == {"words", "two"}
    assert {model.name for model in (ink, small, words, cat, two, tiny) if model.suits(primer)} == {
        "small", "words", "tiny",
    }  # fmt: skip


def test_an_unknown_layout_names_the_keys_seen(tmp_path: Path) -> None:
    shapes = {f"block.{number}.weight": (2,) for number in range(9)}
    known = describe(save(tmp_path / "odd.safetensors", shapes))
    assert known.kind == "unknown"
    with pytest.raises(
        ModelError, match=r"odd\.safetensors: layout not known: .* block\.0\.weight, block\.1\.weight"
    ) as told:
        require_known(known)
    assert told.value.message.endswith("...")
    assert require_known(describe(save(tmp_path / "sd.safetensors", SD))).family == "sd"


def test_torch_is_never_imported() -> None:
    code = "import sys, underpaint.models; sys.exit('torch' in sys.modules or 'diffusers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=120).returncode == 0
