"""Recognising LoRAs and their kin and textual inversions in safetensors files: by layout, by kind of change, and by
the family they were trained on.
"""

import re
from collections.abc import Iterator, Mapping

from underpaint.models.checkpoints import plain
from underpaint.models.description import EmbeddingFacts, Family, Layout, LoraFacts, ModelDescription
from underpaint.models.families import CONTEXT_FAMILIES
from underpaint.models.header import Header, Tensor
from underpaint.models.lora_keys import Role, grouped, is_numbered, place
from underpaint.models.origin import ARCHITECTURES, origin_of_network

Shape = tuple[int, ...]
Parts = Mapping[Role, Tensor]
_UNSUPPORTED = (
    (re.compile(r"\.oft_blocks$|\.oft_diag$|\.oft_R(\.|$)"), "OFT"),
    (re.compile(r"\.boft_(R|s)(\.|$)"), "BOFT"),
    (re.compile(r"\.[ab][12]\.weight$"), "GLoRA"),
    (re.compile(r"\.vera_lambda_[bd]$"), "VeRA"),
    (re.compile(r"\.hra_u(\.|$)"), "HRA"),
    (re.compile(r"\.bias_(indices|values|size)$"), "LyCORIS with a sparse bias"),
    (re.compile(r"^lora_controlnet$|^controlnet_cond_embedding\..*\.(up|down)$"), "Control-LoRA"),
    (re.compile(r"\.lora_embedding_[AB](\.|$)"), "a LoRA of the vocabulary"),
    (re.compile(r"_blocks\.\d+\.processor\.(qkv|proj)_lora[12]?\."), "a Flux LoRA in XLabs' layout"),
)
_FOREIGN = (
    (re.compile(r"(^|\.)blocks[._]\d+[._](self|cross)_attn[._]"), "a LoRA for a Wan model"),
    (re.compile(r"transformer_blocks[._]\d+[._](img|txt)_(mlp|mod)[._]"), "a LoRA for a Qwen-Image model"),
    (re.compile(r"(^|\.|_)layers[._]\d+[._](attention|adaLN_modulation|feed_forward)[._]"),
     "a LoRA for a Lumina or Z-Image model"),
    (re.compile(r"(^|\.)double_blocks\.\d+\.img_attn_qkv"), "a LoRA for a Hunyuan model"),
    (re.compile(r"lora_prior_unet_|^prior_"), "a LoRA for a Cascade model"),
)  # fmt: skip
_EMBEDDING_WIDTHS: dict[int, Family] = {768: "sd", 1024: "sd2"}
_DEEP = re.compile(r"(attentions|(?:input|output|middle)_blocks?)[._]\d+[._](\d+[._])?transformer_blocks[._][1-9]")


def recognise_lora(header: Header) -> ModelDescription | None:
    """A LoRA or one of its relatives, in any layout; kinds that Underpaint cannot use are named, not hidden."""
    keys = list(header.tensors)
    stems, left = grouped(header.tensors)
    unsupported = _unsupported(header, keys)
    kinds = sorted({kind for parts in stems.values() for kind in _kinds(parts)})
    named = unsupported and any(key.startswith(("lora_", "lycoris_", "base_model.", "unet.")) for key in keys)
    certain = unsupported == "Control-LoRA" or unsupported.startswith("a Flux LoRA")
    if not named and not certain and (not kinds or (len(left) > len(stems) and not unsupported)):
        return None
    width = _context(stems)
    facts = LoraFacts(
        parts=tuple(sorted({_part(stem) for stem in stems or keys})),
        rank=max((_rank(parts) for parts in stems.values()), default=0),
        layers=len([parts for parts in stems.values() if any(_kinds(parts))]),
        kinds=tuple(kinds),
        context_width=width,
        trained_on=header.metadata.get("ss_sd_model_name", "")[:200],
        base_sha256=_sha256(header.metadata.get("ss_new_sd_model_hash", "")),
        unsupported=unsupported,
    )
    notes = (f"{unsupported}: not supported",) if unsupported else ()
    origin = origin_of_network(header)
    return plain(header, "lora", _layout(keys)).with_(
        family=None if unsupported.startswith("a LoRA for") else _family(header, stems, width),
        branch=origin.branch,
        branch_said=origin.branch_said,
        prediction=origin.prediction,
        prediction_said=origin.prediction_said,
        context_width=width,
        lora=facts,
        notes=notes,
        alias=header.metadata.get("ss_output_name", "")[:200],
    )


def recognise_embedding(header: Header) -> ModelDescription | None:
    """A textual inversion: A1111's and kohya's ``emb_params``, ``clip_l`` and ``clip_g`` of SDXL, ``text_encoders_0``
    and ``_1`` as diffusers' trainers write it, or one tensor by the token's name.
    """
    shapes = {key: tensor.shape for key, tensor in header.tensors.items()}
    keys = embedding_keys(shapes)
    if keys is None:
        return None
    widths = tuple(shapes[key][-1] for key in keys)
    family: Family | None = "sdxl" if len(keys) == 2 else _EMBEDDING_WIDTHS.get(widths[0])
    if "t5xxl" in shapes:
        family = "sd3" if len(keys) == 2 else "flux"
    vectors = shapes[keys[0]][0] if len(shapes[keys[0]]) == 2 else 1
    return plain(header, "embedding", "tensors").with_(
        family=family, embedding=EmbeddingFacts(vectors=vectors, widths=widths)
    )


def embedding_keys(shapes: Mapping[str, Shape]) -> tuple[str, ...] | None:
    """The keys that hold a textual inversion's vectors, in the order of the model's CLIP encoders, or None."""
    learned = next((key for key in shapes if key.endswith("string_to_param.*")), None)
    if {"clip_l", "clip_g"} <= shapes.keys() <= {"clip_l", "clip_g", "t5xxl"}:
        keys: tuple[str, ...] = ("clip_l", "clip_g")
    elif shapes.keys() == {"clip_l", "t5xxl"}:
        keys = ("clip_l",)
    elif shapes.keys() == {"text_encoders_0", "text_encoders_1"}:
        keys = ("text_encoders_0", "text_encoders_1")
    elif "emb_params" in shapes or learned is not None:
        keys = ("emb_params",) if "emb_params" in shapes else (str(learned),)
    elif len(shapes) == 1:
        keys = tuple(shapes)
    else:
        return None
    found = [shapes[key] for key in keys]
    if not all(len(shape) in (1, 2) and 8 <= shape[-1] <= 8192 for shape in found):
        return None
    counts = {shape[0] if len(shape) == 2 else 1 for shape in found}
    return keys if len(counts) == 1 and 1 <= max(counts) <= 1024 else None


def _unsupported(header: Header, keys: list[str]) -> str:
    found = next((name for pattern, name in (*_UNSUPPORTED, *_FOREIGN) if any(pattern.search(key) for key in keys)), "")
    if found == "OFT" and any(key.endswith(".oft_blocks") and len(header.shape(key) or ()) == 4 for key in keys):
        return "BOFT"
    return found


def _kinds(parts: Parts) -> Iterator[str]:
    roles = parts.keys()
    if {"down", "up"} <= roles:
        kernel = parts["down"].shape[2:] not in ((), (1, 1)) or "mid" in roles
        yield "LoCon" if kernel else "LoRA"
    if "hada_w1_a" in roles:
        yield "LoHa"
    if roles & {"lokr_w1", "lokr_w1_a", "lokr_w2", "lokr_w2_a"}:
        yield "LoKr"
    if roles & {"dora", "magnitude"}:
        yield "DoRA"
    if roles & {"diff", "diff_b"}:
        yield "whole differences"
    if "ia3" in roles:
        yield "IA3"


def _sha256(text: str) -> str:
    return text.lower() if re.fullmatch(r"[0-9a-fA-F]{64}", text) else ""


def _rank(parts: Parts) -> int:
    first = parts.get("down") or parts.get("hada_w1_b") or parts.get("lokr_w2_b") or parts.get("lokr_w1_b")
    return first.shape[0] if first and first.shape else 0


def _inputs(parts: Parts) -> int | None:
    """How many numbers the changed layer reads, as far as the shapes tell."""
    one = parts.get("down") or parts.get("hada_w1_b") or parts.get("diff")
    if one is not None:
        return one.shape[1] if len(one.shape) > 1 else None
    left = parts.get("lokr_w1") or parts.get("lokr_w1_b")
    right = parts.get("lokr_w2") or parts.get("lokr_w2_b")
    if left is None or right is None or len(left.shape) < 2 or len(right.shape) < 2:
        return None
    return left.shape[1] * right.shape[1]


def _part(stem: str) -> str:
    if stem.startswith("text_encoder:"):
        return "text_encoder"
    return place(stem)[0]


def _layout(keys: list[str]) -> Layout:
    if is_numbered(key.rpartition(":")[0] for key in keys):
        return "cloneofsimo"
    if any(key.startswith(("lora_unet_", "lora_te", "lora_transformer_", "lycoris_")) for key in keys):
        return "kohya"
    if any(key.startswith("base_model.model.") for key in keys):
        return "peft"
    return "diffusers"


def _context(stems: Mapping[str, Parts]) -> int | None:
    """The width of the text features the denoiser's cross-attention reads."""
    for stem, parts in stems.items():
        if re.search(r"attn2[._](processor\.)?to_k(_lora)?$", stem):
            return _inputs(parts)
    if is_numbered(stems):
        widths = {_inputs(parts) for stem, parts in stems.items() if stem.startswith("unet:")}
        return next((width for width in (2048, 768, 1024) if width in widths), None)
    return None


def _family(header: Header, stems: Mapping[str, Parts], width: int | None) -> Family | None:
    names = [place(stem) for stem in stems]
    inside = [name for part, name in names if part == "denoiser"]
    if any(re.match(r"(double|single)_blocks[._]|single_transformer_blocks[._]", name) for name in inside):
        return "flux"
    blocks = [stem for stem in stems if re.match(r"transformer_blocks[._]", place(stem)[1])]
    if blocks or any(re.match(r"joint_blocks[._]", name) for name in inside):
        # Flux and SD 3 call these blocks alike; their width differs (3072, against 1536 and 2432).
        return "flux" if any(_inputs(stems[stem]) == 3072 for stem in blocks) else "sd3"
    if width in CONTEXT_FAMILIES:
        return CONTEXT_FAMILIES[width]
    said = " ".join(header.metadata.get(field, "") for field in ("ss_base_model_version", "modelspec.architecture"))
    told = next((family for mark, family in ARCHITECTURES if mark in said.lower()), None)
    if told:
        return told
    second = any(part == "text_encoder_2" for part, _ in names)
    return "sdxl" if second or any(_DEEP.search(name) for name in inside) else None
