"""Adapters by their headers alone: what they are, read and suit, and what is refused with a way out."""

import json
from pathlib import Path

import pytest
from headers import SDXL, save

from underpaint.errors import ModelError
from underpaint.models import Catalogue, ModelDescription, check_network, describe
from underpaint.models.adapter_finding import adapters_for, find_adapter, find_image_encoder
from underpaint.models.adapters import reads_of

Shapes = dict[str, tuple[int, ...]]


def controlnet(width: int = 768, *, prefix: str = "control_model.", **more: tuple[int, ...]) -> Shapes:
    name = f"{prefix}input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight"
    return {f"{prefix}input_hint_block.0.weight": (16, 3, 3, 3), name: (320, width), **more}


DIFFUSERS: Shapes = {"controlnet_cond_embedding.conv_in.weight": (16, 3, 3, 3),
                     "down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k.weight": (640, 2048)}
T2I: Shapes = {"conv_in.weight": (320, 192, 3, 3), "body.0.block1.weight": (320, 320, 3, 3)}
T2I_XL: Shapes = {"adapter.conv_in.weight": (320, 768, 3, 3),
                  "adapter.body.0.resnets.0.block1.weight": (320, 320, 3, 3)}
LIGHT: Shapes = {"body.0.in_conv.weight": (80, 192, 1, 1), "body.0.out_conv.weight": (320, 80, 1, 1)}
TO_K: Shapes = {"ip_adapter.1.to_k_ip.weight": (320, 768)}
IP: Shapes = {"image_proj.proj.weight": (3072, 1024), "image_proj.norm.weight": (768,), **TO_K}
PLUS: Shapes = {"image_proj.proj_in.weight": (768, 1280), "image_proj.latents": (1, 16, 768), **TO_K}
FULL: Shapes = {"image_proj.proj.0.weight": (1280, 1280), "image_proj.proj.3.weight": (768,), **TO_K}
ENCODER: Shapes = {"vision_model.embeddings.patch_embedding.weight": (1280, 3, 14, 14),
                   "visual_projection.weight": (1024, 1280)}


@pytest.mark.parametrize(("shapes", "kind", "family", "form"), [
    (controlnet(), "controlnet", "sd", "controlnet"), (controlnet(1024), "controlnet", "sd2", "controlnet"),
    (controlnet(prefix=""), "controlnet", "sd", "controlnet"), (DIFFUSERS, "controlnet", "sdxl", "controlnet"),
    ({**DIFFUSERS, "task_embedding": (8, 320)}, "controlnet", "sdxl", "union"),
    ({"controlnet_cond_embedding.conv_in.weight": (16, 3, 3, 3), "add_embedding.linear_1.weight": (1280, 2816)},
     "controlnet", "sdxl", "controlnet"),
    (T2I, "adapter", "sd", "t2i"), (T2I_XL, "adapter", "sdxl", "t2i"), (LIGHT, "adapter", "sd", "t2i_light"),
    (IP, "ip_adapter", "sd", "ip"), (PLUS, "ip_adapter", "sd", "ip_plus"), (FULL, "ip_adapter", "sd", "ip_full"),
    (ENCODER, "image_encoder", None, "image_encoder"),
])  # fmt: skip
def test_each_is_known_by_its_keys(tmp_path: Path, shapes: Shapes, kind: str, family: str | None, form: str) -> None:
    found = describe(save(tmp_path / "thing.safetensors", shapes))
    assert (found.kind, found.family) == (kind, family)
    assert found.adapter is not None and found.adapter.form == form and not found.adapter.unsupported


@pytest.mark.parametrize(("shapes", "what", "hint"), [
    ({"lllite_unet_input_blocks_4_1.down.0.weight": (4, 4)}, "ControlNet-LLLite", "ordinary ControlNet"),
    ({"style_embedding": (1, 8, 1024), "transformer_layes.0.attn.in_proj_weight": (3, 3)}, "T2I style", "IP-Adapter"),
    ({"image_proj.proj.0.weight": (1024, 512), "image_proj.norm.weight": (768,), **TO_K}, "FaceID", "InsightFace"),
    ({"image_proj.proj_in.weight": (1280, 512), "image_proj.latents": (1, 16, 1280), **TO_K}, "InstantID",
     "InsightFace"),
    ({"controlnet_x_embedder.weight": (3072, 64)}, "Flux or SD 3", "SDXL"),
    ({"lora_controlnet": (0,), "input_blocks.1.0.in_layers.2.down": (8, 320)}, "Control-LoRA", "whole ControlNet"),
])  # fmt: skip
def test_what_does_not_work_is_refused_by_name_with_the_way_out(tmp_path: Path, home: Path, shapes: Shapes, what: str,
                                                                hint: str) -> None:
    file = save(tmp_path / "models" / "strange.safetensors", shapes)
    catalogue = Catalogue()
    catalogue.add(tmp_path / "models")
    for name in ("strange", str(file)):
        with pytest.raises(ModelError, match=what) as told:
            find_adapter(catalogue, name)
        assert hint in (told.value.hint or "")
    assert any("not supported" in problem.why for problem in catalogue.problems())


@pytest.mark.parametrize(("name", "kinds"), [
    ("control_v11p_sd15_canny", ("canny",)), ("control_v11f1p_sd15_depth", ("depth",)),
    ("control_v11p_sd15_openpose", ("pose",)), ("control_v11p_sd15_softedge", ("soft",)),
    ("control_sd15_hed", ("soft",)), ("control_v11p_sd15_lineart", ("line",)),
    ("control_v11p_sd15s2_lineart_anime", ("line",)), ("control_v11p_sd15_scribble", ("scribble",)),
    ("control_v11p_sd15_mlsd", ("straight",)), ("control_v11p_sd15_normalbae", ("normal",)),
    ("control_v11p_sd15_seg", ("segments",)), ("control_v11p_sd15_inpaint", ("fill",)),
    ("control_v11f1e_sd15_tile", ("tile",)), ("control_v11e_sd15_shuffle", ("shuffle",)),
    ("control_v11e_sd15_ip2p", ("instruction",)), ("diffusers_xl_canny_full", ("canny",)),
    ("thibaud_xl_openpose", ("pose",)), ("sargezt_xl_softedge", ("soft",)), ("t2iadapter_color_sd14v1", ("colour",)),
    ("t2iadapter_sketch_sd14v1", ("scribble",)), ("t2i-adapter-depth-midas-sdxl-1.0", ("depth",)),
    ("noobaiXLControlnet_epsCanny", ("canny",)), ("control_v1p_sd15_qrcode_monster", ("brightness",)),
    ("something else", ()),
])  # fmt: skip
def test_names_tell_what_is_read(name: str, kinds: tuple[str, ...]) -> None:
    assert reads_of(Path(f"/models/{name}.safetensors")) == kinds
    assert reads_of(Path(f"/models/{name}/diffusion_pytorch_model.fp16.safetensors")) == kinds


def folder(path: Path, config: dict[str, object]) -> Path:
    save(path / "diffusion_pytorch_model.safetensors", {"weight": (2, 2)})
    (path / "config.json").write_text(json.dumps(config))
    return path


def test_folders_say_the_same(tmp_path: Path) -> None:
    net = describe(folder(tmp_path / "depth-net", {"_class_name": "ControlNetModel", "cross_attention_dim": 768}))
    assert (net.kind, net.family, net.adapter.reads) == ("controlnet", "sd", ("depth",))
    union = describe(folder(tmp_path / "union", {"_class_name": "ControlNetUnionModel", "cross_attention_dim": 2048,
                                                 "addition_embed_type": "text_time", "num_control_type": 6}))
    assert (union.family, union.adapter.form, len(union.adapter.reads)) == ("sdxl", "union", 6)
    t2i = describe(folder(tmp_path / "sketch", {"_class_name": "T2IAdapter", "adapter_type": "full_adapter_xl"}))
    assert (t2i.family, t2i.adapter.reads) == ("sdxl", ("scribble",))
    depth = describe(folder(tmp_path / "any", {"architectures": ["DepthAnythingForDepthEstimation"]}))
    assert (depth.kind, depth.extracts) == ("extractor", "depth")


@pytest.fixture
def shelf(tmp_path: Path, home: Path) -> Catalogue:
    models = tmp_path / "models"
    save(models / "control_v11f1p_sd15_depth.safetensors", controlnet())
    save(models / "xl_depth.safetensors", DIFFUSERS)
    save(models / "union_promax.safetensors", {**DIFFUSERS, "task_embedding": (8, 320)})
    save(models / "t2iadapter_depth.safetensors", T2I)
    save(models / "ip-adapter_sd15.safetensors", IP)
    save(models / "ip-adapter-plus_sd15.safetensors", PLUS)
    save(models / "ponyDiffusion.safetensors", SDXL)
    save(models / "plain.safetensors", SDXL)
    catalogue = Catalogue()
    catalogue.add(models)
    return catalogue


def test_one_is_chosen_by_family_and_map(shelf: Catalogue) -> None:
    model = shelf.find("plain")
    assert [one.name for one in adapters_for(shelf, model, ("depth",))] == ["xl_depth", "union_promax"]
    assert [one.name for one in adapters_for(shelf, model, ("normal",))] == ["union_promax"]
    sd = ModelDescription(name="sd", path=Path("sd"), kind="checkpoint", family="sd", context_width=768)
    assert [one.name for one in adapters_for(shelf, sd, ("depth",))] == ["control_v11f1p_sd15_depth",
                                                                         "t2iadapter_depth"]


def test_an_adapter_is_found_as_a1111_names_it_and_nothing_else_is_taken_for_one(shelf: Catalogue) -> None:
    assert find_adapter(shelf, "control_v11f1p_sd15_depth").family == "sd"
    with pytest.raises(ModelError, match="a checkpoint, not an adapter"):
        find_adapter(shelf, "plain")
    with pytest.raises(ModelError, match="no adapter called 'nobody'"):
        find_adapter(shelf, "nobody")


def test_an_sdxl_adapter_on_pony_is_warned_of_and_one_of_another_family_refused(shelf: Catalogue) -> None:
    pony, net = shelf.find("ponyDiffusion"), shelf.find("xl_depth")
    (found,) = check_network(pony, net)
    assert found.level == "warning" and "Pony" in found.text and "nothing says" in found.text
    assert all(one.level == "note" for one in check_network(shelf.find("plain"), net))
    (found,) = check_network(pony, shelf.find("control_v11f1p_sd15_depth"))
    assert found.level == "refused" and "Stable Diffusion 1.x" in found.text


def test_an_ip_adapter_finds_its_image_encoder_or_says_what_to_put_where(shelf: Catalogue, tmp_path: Path) -> None:
    plain, plus = shelf.find("ip-adapter_sd15"), shelf.find("ip-adapter-plus_sd15")
    for adapter in (plain, plus):
        with pytest.raises(ModelError, match="ViT-H/14, which is not here") as told:
            find_image_encoder(shelf, adapter)
        assert "image_encoder" in (told.value.hint or "")
    save(tmp_path / "models" / "big.safetensors", {**ENCODER, "visual_projection.weight": (1280, 1664),
         "vision_model.embeddings.patch_embedding.weight": (1664, 3, 14, 14)})
    save(tmp_path / "models" / "clip_vision_h.safetensors", ENCODER)
    shelf.refresh()
    for adapter in (plain, plus):
        assert find_image_encoder(shelf, adapter).name == "clip_vision_h"
    beside = folder(tmp_path / "models" / "image_encoder", {"architectures": ["CLIPVisionModelWithProjection"],
                                                            "hidden_size": 1280, "projection_dim": 1024})
    assert find_image_encoder(Catalogue(tmp_path / "other home"), plain).path == beside
