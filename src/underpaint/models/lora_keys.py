"""What the keys of a LoRA file mean: which layer a key belongs to (its stem) and which part of the change it holds.

The one table that recognition (headers alone) and the engine (weights) both read. Stems stay as the file spells them;
`place` takes the decoration of each layout off.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Literal, TypeVar, cast

Role = Literal[
    "down", "up", "mid", "up_bias", "alpha", "dora", "magnitude", "diff", "diff_b",
    "hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b", "hada_t1", "hada_t2",
    "lokr_w1", "lokr_w1_a", "lokr_w1_b", "lokr_w2", "lokr_w2_a", "lokr_w2_b", "lokr_t2", "ia3", "on_input",
]  # fmt: skip
Value = TypeVar("Value")

_END = re.compile(
    r"""(?:
    \.lora_(?P<kohya>down|up|mid)\.weight
    | \.lora_(?P<peft>[AB])(?:\.(?!weight$|bias$)[\w-]+)?\.(?P<peft_kind>weight|bias)
    | (?P<spoken>\.lora|_lora|\.lora_linear_layer)\.(?P<spoken_side>down|up)\.weight
    | :(?P<numbered>down|up)
    | \.(?P<lycoris>hada_w[12]_[ab]|hada_t[12]|lokr_w[12](?:_[ab])?|lokr_t2|diff|diff_b|on_input)
    | \.(?P<norm>[wb]_norm)
    | \.(?P<alpha>alpha|network_alpha|lora\.alpha)
    | \.(?P<dora>dora_scale)
    | \.(?P<magnitude>lora_magnitude_vector(?:\.weight|\.[\w-]+\.weight)?)
    )$""",
    re.VERBOSE,
)
_PREFIXES: tuple[tuple[str, str | None], ...] = (
    ("base_model.model.", None), ("base_model_model_", None), ("lycoris_", None),
    ("lora_te1_", "text_encoder"), ("lora_te2_", "text_encoder_2"), ("lora_te3_", "text_encoder_3"),
    ("lora_te_", "text_encoder"), ("lora_unet_", "denoiser"), ("lora_transformer_", "denoiser"),
    ("text_encoders.clip_l.transformer.", "text_encoder"), ("text_encoders.clip_g.transformer.", "text_encoder_2"),
    ("text_encoders.t5xxl.transformer.", "text_encoder_3"),
    ("cond_stage_model.transformer.", "text_encoder"), ("conditioner.embedders.0.transformer.", "text_encoder"),
    ("clip_l.", "text_encoder"), ("clip_g.", "text_encoder_2"), ("t5.", "text_encoder_3"), ("t5xxl.", "text_encoder_3"),
    ("text_encoder_3.", "text_encoder_3"), ("text_encoder_2.", "text_encoder_2"), ("text_encoder.", "text_encoder"),
    ("model.diffusion_model.", "denoiser"), ("diffusion_model.", "denoiser"), ("unet.", "denoiser"),
    ("model_diffusion_model_", "denoiser"), ("diffusion_model_", "denoiser"), ("transformer.", "denoiser"),
    ("unet_", "denoiser"), ("text_encoder_2_", "text_encoder_2"), ("text_encoder_", "text_encoder"),
)  # fmt: skip
_PROCESSOR = re.compile(r"(.+\.)processor\.(to_q|to_k|to_v|to_out)_lora")
_OLD_TEXT = re.compile(r"(.+\.self_attn\.)to_(q|k|v|out)_lora")
BUNDLED = "bundle_emb."
MAX_KEY = 1000
"""Characters in a key; a hostile file may have keys of megabytes, and no layer's name needs more."""


def split_key(key: str) -> tuple[str, Role] | None:
    """The stem and the role of a key; None for a key that is no part of any low-rank or full change known here."""
    found = _END.search(key) if len(key) <= MAX_KEY else None
    if found is None:
        return None
    stem = key[: found.start()]
    role = _role(found)
    if found["spoken"] == "_lora":
        stem += "_lora"
    return stem, role


def _role(found: re.Match[str]) -> Role:
    if found["peft"]:
        sides: dict[tuple[str, str], Role] = {("A", "weight"): "down", ("B", "weight"): "up", ("B", "bias"): "up_bias"}
        return sides.get((found["peft"], found["peft_kind"]), "down")
    if found["alpha"] or found["dora"] or found["magnitude"]:
        return "alpha" if found["alpha"] else "dora" if found["dora"] else "magnitude"
    if found["norm"]:
        return "diff" if found["norm"] == "w_norm" else "diff_b"
    # the pattern admits only names of roles
    return cast("Role", found["kohya"] or found["spoken_side"] or found["numbered"] or found["lycoris"])


def grouped(tensors: Mapping[str, Value]) -> tuple[dict[str, dict[Role, Value]], list[str]]:
    """All keys by stem and role, and the keys that mean nothing known. Textual inversions in the file are left out."""
    stems: dict[str, dict[Role, Value]] = {}
    left = []
    for key, value in tensors.items():
        if is_bundled(key):
            continue
        parts = split_key(key)
        if parts is None or parts[1] in stems.get(parts[0], {}):
            left.append(key)
        else:
            stems.setdefault(parts[0], {})[parts[1]] = value
    for key in list(left):  # (IA)3 calls its one vector plainly "weight"; only its sibling tells what it is
        stem = key.removesuffix(".weight")
        if stem != key and "on_input" in stems.get(stem, {}):
            stems[stem]["ia3"] = tensors[key]
            left.remove(key)
    return stems, sorted(left)


def is_bundled(key: str) -> bool:
    """Whether a key holds a textual inversion that came along: ``bundle_emb.NAME.VECTORS`` or ``<token>``."""
    named = key.startswith(BUNDLED) and key.count(".") >= 2
    return named or (key.startswith("<") and key.endswith(">"))


def is_numbered(stems: Iterable[str]) -> bool:
    """Whether the layers are numbered instead of named (cloneofsimo's files: ``unet:0:up``)."""
    return any(re.fullmatch(r"(unet|text_encoder):\d{1,6}", stem) for stem in stems)


def place(stem: str) -> tuple[str, str]:
    """The part a layer belongs to (denoiser, text_encoder ...) and its name there, without any layout's decoration."""
    part: str | None = None
    stripped = len(stem) <= MAX_KEY
    while stripped:  # converters put one layout's prefix before another's
        stripped = False
        for prefix, named in _PREFIXES:
            if stem.startswith(prefix):
                part, stem, stripped = named or part, stem[len(prefix) :], True
                break
    for words in ("text_model.", "text_model_"):
        if stem.startswith(words):
            part, stem = part or "text_encoder", stem[len(words) :]
    # Attention processors held the layers before diffusers used peft: "attn1.processor.to_q_lora".
    if old := _PROCESSOR.fullmatch(stem):
        stem = old[1] + ("to_out.0" if old[2] == "to_out" else old[2])
    elif old := _OLD_TEXT.fullmatch(stem):
        stem = f"{old[1]}{old[2]}_proj"
    return part or "denoiser", stem.removesuffix("_lora")
