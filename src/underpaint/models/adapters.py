"""Recognising what hangs on to a denoiser: ControlNets, T2I-Adapters, IP-Adapters and the image encoders they need.

By keys and shapes in single files, by `config.json` in folders. What kind of map an ordinary ControlNet reads stands
nowhere in it but in its name, so the names of A1111's extension and of the published files are understood.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from underpaint.models.description import AdapterFacts, AdapterForm, Family, Kind, Layout, ModelDescription
from underpaint.models.families import CONTEXT_FAMILIES
from underpaint.models.header import Header
from underpaint.models.origin import origin_of_checkpoint

UNION_TYPES = ("pose", "depth", "soft", "line", "normal", "segments", "tile", "fill")
"""What the types of a ControlNetUnion are, in order: the first six, or all eight in those called ProMax."""
_TO_K = re.compile(r"attn2\.to_k\.weight$")
_CONTROLNET = ("control_model.", "controlnet_cond_embedding.", "input_hint_block.", "zero_convs.")
_GENERIC = re.compile(r"(diffusion_pytorch_model|model|adapter|controlnet)([._-]fp16|[._-]bf16)?", re.IGNORECASE)
_NAMES: tuple[tuple[str, str], ...] = (
    (r"openpose|dw_?pose|(?<![a-z])pose|keypose", "pose"), (r"depth|midas|zoe|leres", "depth"),
    (r"normal|(?<![a-z])bae(?![a-z])", "normal"), (r"inpaint|repaint|outpaint|(?<![a-z])fill", "fill"),
    (r"tile|blur|deblur|upscal", "tile"), (r"seg(?![a-z]*ment of)|ade20k", "segments"), (r"shuffle", "shuffle"),
    (r"soft_?edge|(?<![a-z])hed(?![a-z])|pidi", "soft"), (r"scribble|sketch|doodle", "scribble"),
    (r"m-?lsd|straight", "straight"), (r"canny", "canny"), (r"line_?art|lineart|anime_?line|(?<![a-z])lines?(?![a-z])|"
                                                           r"manga", "line"),
    (r"ip2p|instruct", "instruction"), (r"colou?r(?!ize)", "colour"), (r"qr|brightness|luminance", "brightness"),
    (r"recolou?r|colorize", "grey"),
)  # fmt: skip
LINES = frozenset({"line", "canny", "soft", "scribble", "straight"})
"""Kinds of maps that are lines, light on dark."""
_WAY_OUT = {
    "ControlNet-LLLite": "Get an ordinary ControlNet for SDXL of the same map: those work.",
    "a T2I style adapter": "Get an IP-Adapter: it does what this one was for.",
    "an IP-Adapter FaceID": "It needs a face recogniser (InsightFace) that Underpaint has not; get "
                            "ip-adapter-plus-face or ip-adapter-full-face.",
    "InstantID": "It needs a face recogniser (InsightFace) that Underpaint has not; get ip-adapter-plus-face.",
    "a ControlNet for Flux or SD 3": "ControlNets work for SD 1.x, SD 2.x and SDXL: choose such a model.",
    "Control-LoRA": "Get the whole ControlNet of the same map: a Control-LoRA is only its difference.",
}  # fmt: skip


def way_out(unsupported: str) -> str:
    """What to get in place of an adapter of a kind that is not supported."""
    return _WAY_OUT.get(unsupported, "Get an ordinary ControlNet, T2I-Adapter or IP-Adapter.")


def recognise_adapter(header: Header) -> ModelDescription | None:
    """A ControlNet, T2I-Adapter, IP-Adapter or CLIP image encoder in a single file, or None."""
    keys = header.tensors
    if any(key.startswith("lllite_") for key in keys):
        return _refused(header, "controlnet", "ControlNet-LLLite", "sdxl")
    if any(key.startswith(("controlnet_x_embedder.", "controlnet_blocks.")) for key in keys):
        return _refused(header, "controlnet", "a ControlNet for Flux or SD 3", None)
    for recognise in (_controlnet, _t2i_adapter, _ip_adapter, _image_encoder):
        found = recognise(header)
        if found is not None:
            return found
    return None


def _controlnet(header: Header) -> ModelDescription | None:
    keys = header.tensors
    if not any(key.startswith(_CONTROLNET) for key in keys):
        return None
    original = any(key.startswith(("control_model.", "input_hint_block.", "zero_convs.")) for key in keys)
    width = next((one.shape[1] for key, one in keys.items() if _TO_K.search(key) and len(one.shape) == 2), None)
    sized = any(key.removeprefix("control_model.").startswith(("add_embedding.", "label_emb.")) for key in keys)
    family: Family | None = "sdxl" if sized else CONTEXT_FAMILIES.get(width or 0)
    types = (header.shape("task_embedding") or (0,))[0]
    reads = UNION_TYPES[:types] if types else reads_of(header.path)
    facts = AdapterFacts(form="union" if types else "controlnet", reads=reads, types=types)
    return _described(header, "controlnet", "ldm" if original else "component", facts).with_(
        family=family, context_width=width)


def _t2i_adapter(header: Header) -> ModelDescription | None:
    keys = header.tensors
    if "style_embedding" in keys and any(key.startswith("transformer_layes.") for key in keys):
        return _refused(header, "adapter", "a T2I style adapter", "sd")
    prefix = "adapter." if any(key.startswith("adapter.body.") for key in keys) else ""
    light = header.shape(f"{prefix}body.0.out_conv.weight") is not None
    full = any(f"{prefix}body.0.{name}block1.weight" in keys for name in ("", "resnets.0."))
    first = header.shape(f"{prefix}body.0.in_conv.weight" if light else f"{prefix}conv_in.weight")
    if not (light or full or prefix):
        return None
    channels = first[1] if first is not None and len(first) == 4 else 0
    family: Family | None = "sdxl" if channels in (256, 768) else ("sd" if channels in (64, 192) else None)
    form: AdapterForm = "t2i_light" if light else "t2i"
    facts = AdapterFacts(form=form, reads=reads_of(header.path))
    return _described(header, "adapter", "component" if prefix else "ldm", facts).with_(family=family)


def _ip_adapter(header: Header) -> ModelDescription | None:
    keys = header.tensors
    if not any(key.startswith("image_proj.") for key in keys):
        return None
    to_k = header.shape("ip_adapter.1.to_k_ip.weight")
    if to_k is None:
        return None
    family = CONTEXT_FAMILIES.get(to_k[-1])
    projected = header.shape("image_proj.proj.weight")
    faces = "image_proj.norm.weight" in keys and projected is None
    if faces or any(key.startswith("image_proj.perceiver_resampler.") or "_lora." in key for key in keys):
        return _refused(header, "ip_adapter", "an IP-Adapter FaceID", family)
    whole = header.shape("image_proj.proj.0.weight")
    inner = header.shape("image_proj.proj_in.weight")
    form: AdapterForm = "ip" if projected else "ip_full" if whole else "ip_plus"
    shape = projected or whole or inner
    if shape is None:
        return None
    if form == "ip_plus" and shape[-1] == 512:
        return _refused(header, "ip_adapter", "InstantID", family)
    facts = AdapterFacts(form=form, reads=("picture",), image_width=shape[-1])
    return _described(header, "ip_adapter", "component", facts).with_(family=family, context_width=to_k[-1])


def _image_encoder(header: Header) -> ModelDescription | None:
    patch = header.shape("vision_model.embeddings.patch_embedding.weight")
    projection = header.shape("visual_projection.weight")
    if patch is None or projection is None or any(key.startswith("text_model.") for key in header.tensors):
        return None
    facts = AdapterFacts(form="image_encoder", image_width=patch[0], projected_width=projection[0])
    return _described(header, "image_encoder", "component", facts)


def folder_adapter(folder: Path, config: Mapping[str, Any], kind: Kind) -> dict[str, Any]:
    """What the `config.json` of an adapter's folder says, as fields of a description."""
    name = str(config.get("_class_name") or next(iter(config.get("architectures") or []), ""))
    if kind == "image_encoder":
        vision = config.get("vision_config")
        inner: Mapping[str, Any] = vision if isinstance(vision, dict) else config
        return {"adapter": AdapterFacts(form="image_encoder", image_width=_whole(inner.get("hidden_size")),
                                        projected_width=_whole(config.get("projection_dim")))}
    if kind == "adapter":
        light = config.get("adapter_type") == "light_adapter"
        facts = AdapterFacts(form="t2i_light" if light else "t2i", reads=reads_of(folder))
        told: Family | None = {"full_adapter_xl": "sdxl"}.get(str(config.get("adapter_type")))  # type: ignore[assignment]
        factor = config.get("downscale_factor")
        return {"adapter": facts, "family": told or ("sd" if factor == 8 else None)}
    width = config.get("cross_attention_dim")
    sized = config.get("addition_embed_type") == "text_time"
    types = _whole(config.get("num_control_type")) if name == "ControlNetUnionModel" else 0
    facts = AdapterFacts(form="union" if types else "controlnet", types=types,
                         reads=UNION_TYPES[:types] if types else reads_of(folder))
    family = "sdxl" if sized else CONTEXT_FAMILIES.get(width) if type(width) is int else None
    return {"adapter": facts, "family": family}


def reads_of(path: Path) -> tuple[str, ...]:
    """What kinds of map an adapter reads, by its name; none where the name tells nothing. What diffusers calls every
    file is called by its folder here."""
    name = path.stem if path.suffix == ".safetensors" else path.name
    if _GENERIC.fullmatch(name):
        cached = next((part for part in path.parts if part.startswith("models--")), "")
        name = f"{cached} {path.parent.name}"
    return tuple(dict.fromkeys(kind for pattern, kind in _NAMES if re.search(pattern, name, re.IGNORECASE)))


def reads(description: ModelDescription, wanted: Iterable[str]) -> bool:
    """Whether an adapter reads one of the kinds of map that are wanted; False where nothing tells."""
    return description.adapter is not None and not set(wanted).isdisjoint(description.adapter.reads)


def _described(header: Header, kind: Kind, layout: Layout, facts: AdapterFacts) -> ModelDescription:
    origin = origin_of_checkpoint(header)
    return ModelDescription(
        name=header.path.stem, path=header.path, kind=kind, layout=layout, dtype=header.dtype, adapter=facts,
        parameters=header.parameters, file_bytes=header.file_bytes, branch=origin.branch,
        branch_said=origin.branch_said)


def _refused(header: Header, kind: Kind, what: str, family: Family | None) -> ModelDescription:
    facts = AdapterFacts(form="controlnet" if kind == "controlnet" else "t2i" if kind == "adapter" else "ip",
                         unsupported=what)
    return _described(header, kind, "kohya" if "LLLite" in what else "component", facts).with_(
        family=family, notes=(f"{what} is not supported",))


def _whole(value: Any) -> int:
    return value if type(value) is int and 0 < value < 2**20 else 0
