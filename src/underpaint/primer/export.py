"""Stage six: the weights as a diffusers folder in half precision, replaced in one go."""

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from diffusers import T2IAdapter
from torch import nn

from underpaint.errors import OutputError
from underpaint.primer.config import DefaultsConfig, LimitsConfig
from underpaint.primer.digests import CARD, note_files, write_card
from underpaint.primer.maps import CHANNELS, FLOOR
from underpaint.primer.paint import Paintbox
from underpaint.primer.painter import new_scheduler
from underpaint.primer.part_export import keep_parts
from underpaint.primer.stagecraft.scene import SIZES

_INDEX = {
    "_class_name": "StableDiffusionPipeline",
    "_diffusers_version": "0.42.1",
    "feature_extractor": [None, None],
    "image_encoder": [None, None],
    "requires_safety_checker": False,
    "safety_checker": [None, None],
    "scheduler": ["diffusers", "DDIMScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "unet": ["underpaint.engine.families.unet_patched", "UNetPatched"],
    "vae": ["underpaint.engine.families.autoencoder_unshuffle", "AutoencoderUnshuffle"],
}


@dataclass(frozen=True)
class About:
    """What `primer.json` tells besides the numbers of the networks: defaults, training (what was trained for how
    long), and by kind the words that the model knows. `limits` is what the folder may weigh."""

    defaults: DefaultsConfig
    training: Mapping[str, Any]
    knows: Mapping[str, Sequence[str]]
    limits: LimitsConfig = field(default_factory=LimitsConfig)


def export(box: Paintbox, tokenizer_folder: Path, target: Path, about: About) -> int:
    """Write the Primer to `target`, replacing what is there; returns its size in bytes.

    The smaller networks that lie in it (extractors, upscaler, image tower) are carried over. The folder is made beside
    the target and renamed into place, so that nobody ever reads half of it.

    Raises:
        OutputError: the model is larger than the limits allow.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=".primer-", dir=target.parent))
    fresh.chmod(0o755)
    try:
        _write_parts(box, fresh, about.defaults)
        shutil.copytree(tokenizer_folder, fresh / "tokenizer")
        (fresh / "model_index.json").write_text(json.dumps(_INDEX, indent=2) + "\n")
        keep_parts(target, fresh)
        write_card(fresh / CARD, _card(box, about))
        note_files(fresh)
        size = _checked_size(fresh, about.limits)
        old = fresh.with_name(fresh.name + ".old")
        if target.exists():
            target.replace(old)
        fresh.replace(target)
        shutil.rmtree(old, ignore_errors=True)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    return size


def _exported(box: Paintbox, defaults: DefaultsConfig) -> dict[str, nn.Module]:
    """The adapters that are good enough, lines always among them, by the names of their folders."""
    kinds = ("line", *defaults.adapters)
    return {f"adapter_{kind}": adapter for kind, adapter in box.painter.adapters.items() if kind in kinds}


def _write_parts(box: Paintbox, folder: Path, defaults: DefaultsConfig) -> None:
    parts: dict[str, Any] = {
        "vae": box.autoencoder,
        "unet": box.painter.unet,
        "text_encoder": box.painter.text_encoder,
        **_exported(box, defaults),
    }
    for name, module in parts.items():
        half = _half_copy(module)
        if name == "adapter_line":
            strengthen(half, defaults.line_strength)
        half.save_pretrained(str(folder / name), safe_serialization=True)
        for file in (folder / name).iterdir():
            file.chmod(0o644)
        config = folder / name / "config.json"
        values = json.loads(config.read_text())
        values.pop("_name_or_path", None)
        config.write_text(json.dumps(values, indent=2, sort_keys=True) + "\n")
    new_scheduler().save_pretrained(str(folder / "scheduler"))


@torch.no_grad()
def strengthen(adapter: T2IAdapter, factor: float) -> None:
    """Multiply all that a full adapter gives by `factor`, in its weights.

    Every layer after the first is linear or a ReLU, so scaling the first layer and every later bias scales the whole.
    """
    for name, weight in adapter.named_parameters():
        if is_scaled(name):
            weight.mul_(factor)


def is_scaled(name: str) -> bool:
    """Whether `strengthen` scales the adapter's weight of this name."""
    return name.endswith("bias") or name.startswith("adapter.conv_in.")


def _half_copy(module: Any) -> Any:
    """The same network in half precision, the original left as it is."""
    make = getattr(type(module), "from_config", type(module))
    copy = make(module.config)
    copy.load_state_dict(module.state_dict())
    return copy.to(device="cpu", dtype=torch.float16, memory_format=torch.contiguous_format).eval()


def _card(box: Paintbox, about: About) -> dict[str, Any]:
    defaults = about.defaults
    return {
        "name": "Primer",
        "schema": 1,
        "defaults": {
            "steps": defaults.steps,
            "guidance": defaults.guidance,
            "sampler": defaults.sampler,
            "size": defaults.size,
            "size_step": defaults.size_step,
        },
        "sizes": [list(size) for size in SIZES],
        "line_adapter": {
            "folder": "adapter_line",
            "channels": CHANNELS["line"],
            "ink": 1.0,
            "paper": 0.0,
            "weight": 1.0,
            "built_in": defaults.line_strength,
        },
        "adapters": {
            kind: {
                "folder": f"adapter_{kind}",
                "channels": channels,
                "shrink": 2,
                "floor": 0.0 if kind == "pose" else FLOOR,
            }
            for kind, channels in CHANNELS.items()
            if kind in defaults.adapters
        },
        "parameters": {
            "vae": count_parameters(box.autoencoder),
            "unet": count_parameters(box.painter.unet),
            "text_encoder": count_parameters(box.painter.text_encoder),
            **{name: count_parameters(adapter) for name, adapter in _exported(box, defaults).items()},
        },
        "training": about.training,
        "knows": {kind: list(words) for kind, words in about.knows.items()},
    }


def count_parameters(module: nn.Module) -> int:
    """How many numbers a network has learned."""
    return sum(p.numel() for p in module.parameters())


def _checked_size(folder: Path, limits: LimitsConfig) -> int:
    sizes = {path: path.stat().st_size for path in folder.rglob("*") if path.is_file()}
    for path, size in sizes.items():
        if size > limits.file:
            raise OutputError(f"{path.name} has {size:,} bytes; a file of the Primer may have {limits.file:,}")
    total = sum(sizes.values())
    if total > limits.folder:
        raise OutputError(f"The Primer has {total:,} bytes; it may have {limits.folder:,}")
    return total
