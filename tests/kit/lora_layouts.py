"""The same weights written in every layout that LoRA files have, for a given tiny model.

Each writer takes the pairs (part, name) -> (down, up) and returns the tensors of one file (and its metadata), so that
every file means the same change: ``up @ down``.
"""

import json
from collections.abc import Callable

import torch
from kit.loras import RANK
from torch import Tensor

from underpaint.engine.components import Components
from underpaint.engine.families.original_names import original_names

Pairs = dict[tuple[str, str], tuple[Tensor, Tensor]]
Written = tuple[dict[str, Tensor], dict[str, str]]
KOHYA = {"denoiser": "lora_unet_", "text_encoder": "lora_te1_text_model_", "text_encoder_2": "lora_te2_text_model_"}


def weight_of(model: Components, part: str, name: str) -> Tensor:
    roots = {"denoiser": model.denoiser} | dict(
        zip(("text_encoder", "text_encoder_2"), model.text_encoders, strict=False)
    )
    return roots[part].get_submodule(name).weight


def stems(model: Components, pairs: Pairs, *, ldm: bool | None = None) -> dict[tuple[str, str], str]:
    """kohya's names; SDXL's denoiser by its original names unless told otherwise."""
    names = [name for part, name in pairs if part == "denoiser"]
    original = original_names(names, model.denoiser.config) if ldm or (ldm is None and model.family == "sdxl") else {}
    prefixes = dict(KOHYA) if model.family == "sdxl" else KOHYA | {"text_encoder": "lora_te_text_model_"}
    return {
        (part, name): prefixes[part]
        + (original.get(name, name) if part == "denoiser" else name.removeprefix("text_model.")).replace(".", "_")
        for part, name in pairs
    }


def dotted(part: str, name: str) -> str:
    if part == "denoiser":
        return name
    return name if name.startswith("text_model.") else f"text_model.{name}"


def kohya(model: Components, pairs: Pairs, *, ldm: bool | None = None, prefix: str = "") -> Written:
    tensors = {}
    for number, (key, stem) in enumerate(stems(model, pairs, ldm=ldm).items()):
        down, up = pairs[key]
        alpha = float(1 + number % 3)  # every layer its own
        tensors |= {
            f"{prefix}{stem}.lora_down.weight": down,
            f"{prefix}{stem}.lora_up.weight": up * RANK / alpha,
            f"{prefix}{stem}.alpha": torch.tensor(alpha),
        }
    return tensors, {}


def kohya_other_names(model: Components, pairs: Pairs) -> Written:
    return kohya(model, pairs, ldm=model.family != "sdxl")


def doubled(model: Components, pairs: Pairs) -> Written:
    return kohya(model, pairs, prefix="base_model.model.")


def _spoken(pairs: Pairs, ends: tuple[str, str], prefixes: Callable[[str], str]) -> Written:
    tensors = {}
    for (part, name), (down, up) in pairs.items():
        stem = prefixes(part) + dotted(part, name)
        tensors |= {stem + ends[0]: down, stem + ends[1]: up}
    return tensors, {}


def _plain(part: str) -> str:
    return "unet." if part == "denoiser" else f"{part}."


def diffusers(model: Components, pairs: Pairs) -> Written:
    return _spoken(pairs, (".lora_A.weight", ".lora_B.weight"), _plain)


def elder_diffusers(model: Components, pairs: Pairs) -> Written:
    return _spoken(pairs, (".lora.down.weight", ".lora.up.weight"), _plain)


def linear_layers(model: Components, pairs: Pairs) -> Written:
    return _spoken(pairs, (".lora_linear_layer.down.weight", ".lora_linear_layer.up.weight"), _plain)


def peft(model: Components, pairs: Pairs) -> Written:
    return _spoken(
        pairs,
        (".lora_A.default.weight", ".lora_B.default.weight"),
        lambda part: f"base_model.model.{_plain(part)}base_model.model.",
    )


def comfy(model: Components, pairs: Pairs) -> Written:
    """ComfyUI's own full names: the denoiser in the original layout, the encoders by their names."""
    inner = {"text_encoder": "text_encoders.clip_l.transformer.", "text_encoder_2": "text_encoders.clip_g.transformer."}
    original = original_names([name for part, name in pairs if part == "denoiser"], model.denoiser.config)
    tensors = {}
    for (part, name), (down, up) in pairs.items():
        stem = f"diffusion_model.{original[name]}" if part == "denoiser" else inner[part] + dotted(part, name)
        tensors |= {f"{stem}.lora_down.weight": down, f"{stem}.lora_up.weight": up}
    return tensors, {}


def processors(model: Components, pairs: Pairs) -> Written:
    """The layers inside attention processors, as diffusers had them before peft."""
    tensors = {}
    for (part, name), (down, up) in pairs.items():
        front, _, leaf = name.removesuffix(".0").rpartition(".")
        stem = f"{_plain(part)}{dotted(part, name)}.lora"
        if ".attn" in name and leaf.startswith("to_"):
            stem = f"{_plain(part)}{front}.processor.{leaf}_lora"
        elif front.endswith("self_attn"):
            stem = f"{_plain(part)}{dotted(part, front)}.to_{leaf.removesuffix('_proj')}_lora"
        tensors |= {f"{stem}.down.weight": down, f"{stem}.up.weight": up}
    return tensors, {}


def locon_core(model: Components, pairs: Pairs) -> Written:
    """Convolutions in Tucker form. The rank grows to in x kernel there: the core picks one tap of the kernel each."""
    tensors = {}
    for key, stem in stems(model, pairs).items():
        down, up = pairs[key]
        if down.ndim == 4 and down.shape[2] > 1:
            rank, inputs, height, width = down.shape
            wide = max(rank, inputs)
            core = torch.zeros(wide, wide, height, width)
            core[:rank, :inputs] = down
            first = torch.zeros(wide, inputs, 1, 1)
            first[:inputs, :, 0, 0] = torch.eye(inputs)
            last = torch.zeros(up.shape[0], wide, 1, 1)
            last[:, :rank] = up
            tensors |= {
                f"{stem}.lora_down.weight": first,
                f"{stem}.lora_mid.weight": core,
                f"{stem}.lora_up.weight": last,
            }
        else:
            tensors |= {f"{stem}.lora_down.weight": down, f"{stem}.lora_up.weight": up}
    return tensors, {}


def loha(model: Components, pairs: Pairs) -> Written:
    """The second factor is all ones, so the product is the first."""
    tensors = {}
    for key, stem in stems(model, pairs).items():
        down, up = pairs[key]
        ones_a, ones_b = torch.zeros(up.shape[0], RANK), torch.zeros(RANK, down[0].numel())
        ones_a[:, 0], ones_b[0] = 1, 1
        tensors |= {
            f"{stem}.hada_w1_a": up.flatten(1),
            f"{stem}.hada_w1_b": down.flatten(1) * RANK / 2,
            f"{stem}.hada_w2_a": ones_a,
            f"{stem}.hada_w2_b": ones_b,
            f"{stem}.alpha": torch.tensor(2.0),
        }
    return tensors, {}


def lokr(model: Components, pairs: Pairs) -> Written:
    """A Kronecker product with a 1 x 1 matrix, whole, and factorised the other way round in every second layer."""
    tensors = {}
    for number, (key, stem) in enumerate(stems(model, pairs).items()):
        down, up = pairs[key]
        if number % 2:
            tensors |= {
                f"{stem}.lokr_w1_a": torch.full((1, 2), 0.5),
                f"{stem}.lokr_w1_b": torch.ones(2, 1),
                f"{stem}.lokr_w2": weight_of(model, *key) * 0
                + (up.flatten(1) @ down.flatten(1)).reshape(weight_of(model, *key).shape),
                f"{stem}.alpha": torch.tensor(2.0),
            }
        else:
            tensors |= {
                f"{stem}.lokr_w1": torch.full((1, 1), 3.0),
                f"{stem}.lokr_w2_a": up.flatten(1),
                f"{stem}.lokr_w2_b": down.flatten(1),
                f"{stem}.alpha": torch.tensor(RANK / 3.0),
            }
    return tensors, {}


def dora(model: Components, pairs: Pairs, *, on_output: bool = True) -> Written:
    """Lengths that are those of the changed weight already, so they change nothing more."""
    tensors, _ = kohya(model, pairs)
    for key, stem in stems(model, pairs).items():
        down, up = pairs[key]
        weight = weight_of(model, *key)
        changed = (weight + (up.flatten(1) @ down.flatten(1)).reshape(weight.shape)).detach()
        if not on_output:
            changed = changed.transpose(0, 1)
        lengths = changed.flatten(1).norm(dim=1).reshape(-1, *(1 for _ in changed.shape[1:]))
        tensors[f"{stem}.dora_scale"] = (lengths if on_output else lengths.transpose(0, 1)).contiguous()
    return tensors, {}


def dora_on_input(model: Components, pairs: Pairs) -> Written:
    return dora(model, pairs, on_output=False)


def dora_peft(model: Components, pairs: Pairs) -> Written:
    tensors, _ = diffusers(model, pairs)
    for (part, name), (down, up) in pairs.items():
        weight = weight_of(model, part, name)
        changed = (weight + (up.flatten(1) @ down.flatten(1)).reshape(weight.shape)).detach()
        tensors[f"{_plain(part)}{dotted(part, name)}.lora_magnitude_vector"] = changed.flatten(1).norm(dim=1)
    return tensors, {}


def whole(model: Components, pairs: Pairs) -> Written:
    return {
        f"{stem}.diff": (pairs[key][1].flatten(1) @ pairs[key][0].flatten(1)).reshape(weight_of(model, *key).shape)
        for key, stem in stems(model, pairs).items()
    }, {}


LAYOUTS: dict[str, Callable[[Components, Pairs], Written]] = {
    "kohya": kohya, "kohya, other names": kohya_other_names, "doubled prefix": doubled, "diffusers": diffusers,
    "elder diffusers": elder_diffusers, "linear layers": linear_layers, "peft": peft, "comfy": comfy,
    "processors": processors, "LoCon with a core": locon_core, "LoHa": loha, "LoKr": lokr, "DoRA": dora,
    "DoRA on input": dora_on_input, "DoRA by peft": dora_peft, "whole differences": whole,
}  # fmt: skip


def cloneofsimo(model: Components, pairs: Pairs, order: dict[str, list[str]]) -> Written:
    """Layers numbered in `order`; convolutions and other layers that it does not count are left out."""
    tensors, metadata = (
        {},
        {"unet": json.dumps(["CrossAttention", "Attention", "GEGLU"]), "text_encoder": json.dumps(["CLIPAttention"])},
    )
    for spelled, part in (("unet", "denoiser"), ("text_encoder", "text_encoder")):
        for number, name in enumerate(order[part]):
            down, up = pairs[part, name]
            tensors |= {f"{spelled}:{number}:down": down, f"{spelled}:{number}:up": up}
            metadata[f"{spelled}:{number}:rank"] = str(RANK)
    return tensors, metadata
