"""Recognising diffusers folders: a whole pipeline (model_index.json) or one of its parts (config.json)."""

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from underpaint.errors import ModelError
from underpaint.models.adapters import folder_adapter
from underpaint.models.description import Family, Kind, ModelDescription, TextEncoder
from underpaint.models.families import FAMILIES
from underpaint.models.header import PICKLE_HINT, Header, read_header, read_json, unreadable
from underpaint.models.prediction import decide_for_scheduler

_PIPELINES: tuple[tuple[str, Family], ...] = (
    ("StableDiffusionXL", "sdxl"),
    ("StableDiffusion3", "sd3"),
    ("Flux", "flux"),
    ("StableDiffusion", "sd"),
    ("LatentConsistencyModel", "sd"),
)
_PARTS: dict[str, Kind] = {
    "AutoencoderKL": "vae",
    "AutoencoderTiny": "tiny_vae",
    "AsymmetricAutoencoderKL": "vae",
    "T2IAdapter": "adapter",
    "ControlNetModel": "controlnet",
    "ControlNetUnionModel": "controlnet",
    "CLIPVisionModelWithProjection": "image_encoder",
    "DPTForDepthEstimation": "extractor",
    "DepthAnythingForDepthEstimation": "extractor",
    "VitPoseForPoseEstimation": "extractor",
    "RTDetrForObjectDetection": "extractor",
    "CLIPTextModel": "text_encoder",
    "CLIPTextModelWithProjection": "text_encoder",
}
_EXTRACTS = {"DPTForDepthEstimation": "depth", "DepthAnythingForDepthEstimation": "depth",
             "VitPoseForPoseEstimation": "pose", "RTDetrForObjectDetection": "people"}  # fmt: skip
_ADAPTER_FILES = ("pytorch_lora_weights.safetensors", "adapter_model.safetensors")
WEIGHTS = (".safetensors", ".bin", ".msgpack", ".ckpt", ".pt", ".pth")
DEFAULTS_FILE = "primer.json"


def describe_folder(folder: Path) -> ModelDescription:
    """Describe a diffusers folder, or one component of one.

    Raises:
        ModelError: it is not a model folder, a part is missing, or its weights are pickles.
    """
    if (folder / "model_index.json").is_file():
        return _pipeline(folder)
    if (folder / "config.json").is_file():
        return _component(folder)
    raise ModelError(
        f"{folder} is not a model folder",
        hint="It has neither model_index.json nor config.json; to index a folder of models, "
        "run 'underpaint models add'.",
    )


def adapter_file(folder: Path) -> Path | None:
    """The weights file of a LoRA kept as a folder, if this is one."""
    return next((folder / name for name in _ADAPTER_FILES if (folder / name).is_file()), None)


def component_weights(folder: Path) -> tuple[list[Path], str | None]:
    """The safetensors files of one component and their variant (such as ``fp16``), plain weights first.

    Raises:
        ModelError: there are none; the message says so when only pickles are there.
    """
    names = _names(folder)
    found = sorted(name for name in names if name.endswith(".safetensors"))
    if not found:
        pickles = [name for name in names if name.endswith(WEIGHTS)]
        if pickles:
            raise ModelError(f"{folder / pickles[0]} is a pickle, which is always refused", hint=PICKLE_HINT)
        raise ModelError(f"the folder {folder} holds no weights", hint="Download the whole model folder again.")
    plain = [name for name in found if name.count(".") == 1]
    if plain:
        return [folder / name for name in plain], None
    variant = found[0].split(".")[1].split("-")[0]
    return [folder / name for name in found if f".{variant}" in name], variant


def hashed_files(folder: Path) -> list[Path]:
    """The files that make a model folder what it is, sorted: weights, configurations, vocabularies.

    Single-file checkpoints that lie beside the parts of a pipeline are not among them.
    """
    kept = []
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        if "model_index.json" in files:
            files = [name for name in files if not name.endswith(".safetensors")]
        kept += [Path(place) / name for name in files if name.endswith((".safetensors", ".json", ".txt"))]
    return sorted(kept)


def _pipeline(folder: Path) -> ModelDescription:
    index = read_json(folder / "model_index.json")
    pipeline = str(index.get("_class_name", ""))
    family = next((family for mark, family in _PIPELINES if mark in pipeline), None)
    if family is None:
        raise ModelError(
            f"{folder.name} is a folder for {pipeline or 'an unnamed pipeline'}, which is not supported",
            hint="Underpaint paints with SD 1.x, SD 2.x, SDXL, SD 3 and Flux folders.",
        )
    parts = [name for name, value in index.items() if isinstance(value, list) and len(value) == 2 and value[0]]
    parts = [name for name in parts if name.isidentifier()]  # they become folder names
    denoiser = "transformer" if family in ("sd3", "flux") else "unet"
    for needed in (denoiser, "vae", "scheduler"):
        if not (folder / needed).is_dir():
            raise ModelError(f"the model folder {folder} has no {needed}", hint="Download the whole folder again.")
    config = read_json(folder / denoiser / "config.json")
    if family == "sd" and config.get("cross_attention_dim") == 1024:
        family = "sd2"
    return _filled(folder, pipeline, family, config, tuple(parts))


def _filled(
    folder: Path, pipeline: str, family: Family, denoiser: Mapping[str, Any], parts: tuple[str, ...]
) -> ModelDescription:
    facts = FAMILIES[family]
    vae = read_json(folder / "vae" / "config.json")
    decided = decide_for_scheduler(read_json(folder / "scheduler" / "scheduler_config.json"), family)
    headers, variant = _weights(folder, "transformer" if family in ("sd3", "flux") else "unet")
    latent, scale = _whole(vae.get("latent_channels"), facts.latent_channels), _vae_scale(vae)
    side = facts.side if family == "flux" else _side(denoiser, scale, facts.side)
    description = ModelDescription(
        name=folder.name, path=folder, kind="checkpoint", family=family, layout="diffusers", pipeline=pipeline,
        prediction=decided.prediction, prediction_said=decided.said, zero_terminal_snr=decided.zero_terminal_snr,
        native_area=side * side, default_width=side, default_height=side,
        size_step=scale * (facts.size_step // 8) * _levels(folder, denoiser), latent_channels=latent,
        latent_scale=scale, channels_in=_channels_in(denoiser, family, latent), context_width=_context(denoiser),
        default_steps=facts.steps, default_guidance=facts.guidance, default_sampler=facts.sampler,
        default_schedule=facts.schedule, text_encoders=_encoders(folder, parts), components=parts,
        supports=facts.supports, dtype=headers[0].dtype, variant=variant,
        parameters=sum(header.parameters for header in headers), file_bytes=_bytes(folder),
    )  # fmt: skip
    return _own_defaults(folder, _abilities(folder, description, denoiser))


def _abilities(folder: Path, description: ModelDescription, denoiser: Mapping[str, Any]) -> ModelDescription:
    """What this model can do beyond, or short of, its family."""
    supports = set(description.supports)
    if description.channels_in == 2 * (description.latent_channels or 0) + 1:
        supports.add("fill_channels")
    if (folder / "adapter_line").is_dir():
        supports.add("line")
    if description.family == "flux" and denoiser.get("guidance_embeds") is not True:
        # Flux schnell: distilled to a few steps, deaf to guidance
        return description.with_(
            supports=frozenset(supports - {"embedded_guidance"}), default_steps=4, default_guidance=1.0
        )
    return description.with_(supports=frozenset(supports))


def _own_defaults(folder: Path, description: ModelDescription) -> ModelDescription:
    """What the model's maker found best, from ``primer.json``, in place of the family's defaults."""
    if not (folder / DEFAULTS_FILE).is_file():
        return description
    told = read_json(folder / DEFAULTS_FILE).get("defaults")
    if not isinstance(told, dict):
        return description
    changes: dict[str, Any] = {}
    for key, most in (("steps", 1000), ("size_step", 512)):
        if type(told.get(key)) is int and 1 <= told[key] <= most:
            changes["default_steps" if key == "steps" else key] = told[key]
    if type(told.get("guidance")) in (int, float) and 0 <= told["guidance"] <= 100:
        changes["default_guidance"] = float(told["guidance"])
    if isinstance(told.get("sampler"), str):
        schedule = told.get("schedule")
        changes |= {"default_sampler": told["sampler"],
                    "default_schedule": schedule if isinstance(schedule, str) else None}  # fmt: skip
    size = told.get("size")
    if isinstance(size, list) and len(size) == 2 and all(type(side) is int and 8 <= side <= 8192 for side in size):
        changes |= {"default_width": size[0], "default_height": size[1], "native_area": size[0] * size[1]}
    return description.with_(**changes)


def _component(folder: Path) -> ModelDescription:
    config = read_json(folder / "config.json")
    name = str(config.get("_class_name") or next(iter(config.get("architectures") or []), ""))
    kind: Kind = _PARTS.get(name, "vae" if name.startswith("Autoencoder") else "unknown")
    if kind == "unknown":
        raise ModelError(
            f"{folder} holds {name or 'a part without a class name'}, which Underpaint cannot use alone",
            hint="Point at the folder above it, the one with model_index.json.",
        )
    headers, variant = _weights(folder, "")
    width = _context(config)
    described = ModelDescription(
        name=folder.name,
        path=folder,
        kind=kind,
        layout="diffusers",
        pipeline=name,
        context_width=width,
        latent_channels=_whole(config.get("latent_channels"), 4) if kind in ("vae", "tiny_vae") else None,
        latent_scale=_vae_scale(config) if kind == "vae" else 8,
        components=(kind,),
        dtype=headers[0].dtype,
        variant=variant,
        parameters=sum(header.parameters for header in headers),
        file_bytes=_bytes(folder),
        extracts=_EXTRACTS.get(name, ""),
    )
    hangs_on = kind in ("controlnet", "adapter", "image_encoder")
    return described.with_(**folder_adapter(folder, config, kind)) if hangs_on else described


def _weights(folder: Path, part: str) -> tuple[list[Header], str | None]:
    files, variant = component_weights(folder / part if part else folder)
    return [read_header(path) for path in files], variant


def _encoders(folder: Path, parts: tuple[str, ...]) -> tuple[TextEncoder, ...]:
    found = []
    for part in sorted(part for part in parts if part.startswith("text_encoder")):
        config = read_json(folder / part / "config.json")
        width = _whole(config.get("hidden_size") or config.get("d_model"), 0)
        layers = _whole(config.get("num_hidden_layers") or config.get("num_layers"), 0)
        t5 = "T5" in str(config.get("architectures"))
        found.append(
            TextEncoder(
                name="t5" if t5 else {768: "clip_l", 1024: "clip_h", 1280: "clip_g"}.get(width, "clip"),
                width=width,
                layers=layers,
            )
        )
    return tuple(found)


def _channels_in(denoiser: Mapping[str, Any], family: Family, latent: int) -> int:
    channels = _whole(denoiser.get("in_channels"), latent)
    return channels // 4 if family == "flux" else channels  # Flux takes two by two latent cells at once


def _side(denoiser: Mapping[str, Any], scale: int, usual: int) -> int:
    size = denoiser.get("sample_size")
    return size * scale if type(size) is int and 1 <= size <= 1024 else usual


def _levels(folder: Path, denoiser: Mapping[str, Any]) -> int:
    """An adapter adds to every level of the denoiser, so each level must halve without a remainder."""
    blocks = denoiser.get("down_block_types")
    if not (folder / "adapter_line").is_dir() or not isinstance(blocks, list):
        return 1
    return int(2 ** (min(len(blocks), 5) - 1))


def _vae_scale(config: Mapping[str, Any]) -> int:
    told = config.get("spatial_compression_ratio") or config.get("scale_factor")
    if type(told) is int and 1 <= told <= 64:
        return told
    channels = config.get("block_out_channels")
    return 2 ** (len(channels) - 1) if isinstance(channels, list) and 1 <= len(channels) <= 7 else 8


def _context(config: Mapping[str, Any]) -> int | None:
    width = config.get("cross_attention_dim", config.get("joint_attention_dim"))
    return width if type(width) is int else None


def _whole(value: Any, otherwise: int) -> int:
    return value if type(value) is int and value > 0 else otherwise


def _bytes(folder: Path) -> int:
    total = 0
    for place, _, files in os.walk(folder):
        for name in files:
            with contextlib.suppress(OSError):
                total += (Path(place) / name).stat().st_size
    return total


def _names(folder: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in folder.iterdir())
    except OSError as error:
        raise unreadable(folder, error) from error
