"""Recognising LoRAs and textual inversions in safetensors files, by layout and by the family they were
trained on.
"""

import re
from collections.abc import Iterable

from underpaint.models.checkpoints import plain
from underpaint.models.description import EmbeddingFacts, Family, Layout, LoraFacts, ModelDescription
from underpaint.models.families import CONTEXT_FAMILIES
from underpaint.models.header import Header

# Suffixes of low-rank pairs, (down, up), as each layout spells them.
LORA_PAIRS = (
    (".lora_down.weight", ".lora_up.weight"),
    (".lora_A.weight", ".lora_B.weight"),
    (".lora_A.default.weight", ".lora_B.default.weight"),
    (".lora.down.weight", ".lora.up.weight"),
    ("_lora.down.weight", "_lora.up.weight"),
    (".lora_linear_layer.down.weight", ".lora_linear_layer.up.weight"),
)
_UNSUPPORTED = (
    (re.compile(r"\.hada_w\d_[ab]$|\.hada_t\d$"), "LoHa"),
    (re.compile(r"\.lokr_w\d(_[ab])?$|\.lokr_t2$"), "LoKr"),
    (re.compile(r"\.dora_scale$|\.lora_magnitude_vector(\.weight)?$"), "DoRA"),
    (re.compile(r"\.oft_(blocks|diag)$|\.oft_R\."), "OFT"),
    (re.compile(r"\.on_input$"), "IA3"),
    (re.compile(r"\.(a1|b1)\.weight$"), "GLoRA"),
    (re.compile(r"\.diff(_b)?$"), "a full difference, not a low-rank one"),
)
_PARTS = (
    ("lora_te1_", "text_encoder"),
    ("lora_te2_", "text_encoder_2"),
    ("lora_te3_", "text_encoder_3"),
    ("lora_te_", "text_encoder"),
    ("lora_unet_", "denoiser"),
    ("text_encoder_2.", "text_encoder_2"),
    ("text_encoder.", "text_encoder"),
    ("unet.", "denoiser"),
    ("transformer.", "denoiser"),
)
_BASES: tuple[tuple[str, Family], ...] = (
    ("sdxl", "sdxl"),
    ("stable-diffusion-xl", "sdxl"),
    ("sd_v2", "sd2"),
    ("stable-diffusion-v2", "sd2"),
    ("sd_v1", "sd"),
    ("stable-diffusion-v1", "sd"),
    ("sd3", "sd3"),
    ("stable-diffusion-3", "sd3"),
    ("flux", "flux"),
)
_EMBEDDING_WIDTHS: dict[int, Family] = {768: "sd", 1024: "sd2"}


def recognise_lora(header: Header) -> ModelDescription | None:
    """A LoRA in kohya's, diffusers' or peft's layout, or one of its relatives, which is named but not
    supported.
    """
    keys = list(header.tensors)
    unsupported = next((name for pattern, name in _UNSUPPORTED if any(pattern.search(key) for key in keys)), "")
    downs = [key for key in keys if key.endswith(tuple(pair[0] for pair in LORA_PAIRS))]
    if not downs and not (unsupported and any(key.startswith(("lora_", "lycoris_")) for key in keys)):
        return None
    width = _lora_context(header, downs)
    facts = LoraFacts(
        parts=_parts(keys),
        rank=max((header.tensors[key].shape[0] for key in downs), default=0),
        layers=len(downs),
        context_width=width,
        trained_on=header.metadata.get("ss_sd_model_name", "")[:200],
        unsupported=unsupported,
    )
    notes = (f"{unsupported} is not supported yet",) if unsupported else ()
    return plain(header, "lora", _layout(keys)).with_(
        family=_lora_family(header, keys, width),
        context_width=width,
        lora=facts,
        notes=notes,
        alias=header.metadata.get("ss_output_name", "")[:200],
    )


def recognise_embedding(header: Header) -> ModelDescription | None:
    """A textual inversion: A1111's ``emb_params``, SDXL's ``clip_l`` and ``clip_g``, or one tensor by the
    token's name.
    """
    shapes = {key: tensor.shape for key, tensor in header.tensors.items()}
    if set(shapes) == {"clip_l", "clip_g"}:
        ordered, family = [shapes["clip_l"], shapes["clip_g"]], "sdxl"
    elif "emb_params" in shapes or len(shapes) == 1:
        ordered, family = [shapes.get("emb_params") or next(iter(shapes.values()))], None
    else:
        return None
    if not all(len(shape) in (1, 2) and 8 <= shape[-1] <= 8192 for shape in ordered):
        return None
    vectors = {shape[0] if len(shape) == 2 else 1 for shape in ordered}
    if len(vectors) != 1 or not 1 <= max(vectors) <= 1024:
        return None
    widths = tuple(shape[-1] for shape in ordered)
    return plain(header, "embedding", "tensors").with_(
        family=family or _EMBEDDING_WIDTHS.get(widths[0]),
        embedding=EmbeddingFacts(vectors=vectors.pop(), widths=widths),
    )


def _parts(keys: Iterable[str]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for key in keys:
        bare = key.removeprefix("base_model.model.")
        found[next((part for prefix, part in _PARTS if bare.startswith(prefix)), "denoiser")] = None
    return tuple(sorted(found))


def _layout(keys: list[str]) -> Layout:
    if any(key.startswith(("lora_unet_", "lora_te", "lycoris_")) for key in keys):
        return "kohya"
    if any(key.startswith("base_model.model.") for key in keys):
        return "peft"
    return "diffusers"


def _lora_context(header: Header, downs: list[str]) -> int | None:
    for key in downs:
        if re.search(r"attn2[._](processor\.)?to_k[._]", key):
            return header.tensors[key].shape[1]
    return None


def _lora_family(header: Header, keys: list[str], width: int | None) -> Family | None:
    if any("double_blocks" in key or "single_transformer_blocks" in key for key in keys):
        return "flux"
    if any("joint_blocks" in key or key.startswith("transformer.transformer_blocks") for key in keys):
        return "sd3"
    if width in CONTEXT_FAMILIES:
        return CONTEXT_FAMILIES[width]
    said = " ".join(header.metadata.get(field, "") for field in ("ss_base_model_version", "modelspec.architecture"))
    told = next((family for mark, family in _BASES if mark in said.lower()), None)
    if told:
        return told
    return "sdxl" if any(key.startswith(("lora_te2_", "text_encoder_2.")) for key in keys) else None
