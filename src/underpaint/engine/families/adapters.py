"""Adapters that steer a denoiser, loaded by diffusers' own classes from folders and from the single files people have,
from this disk only."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from diffusers.loaders import single_file_utils as ldm
from torch import Tensor, nn

from underpaint.engine.components import Components
from underpaint.engine.families.adapter_configs import controlnet_config, t2i_config, vision_config
from underpaint.engine.families.building import build, read_tensors
from underpaint.engine.families.folder_loading import from_pretrained, load_part
from underpaint.engine.image_input import ImageInput
from underpaint.errors import ModelError
from underpaint.models.description import ModelDescription
from underpaint.models.folders import component_weights

_LABELS = {"label_emb.0.0.": "add_embedding.linear_1.", "label_emb.0.2.": "add_embedding.linear_2."}


@dataclass(frozen=True, eq=False)
class Adapter:
    """One that is loaded. `module`: the ControlNet or T2I-Adapter; of an IP-Adapter its image encoder, `weights` are
    what goes into the denoiser's attention, and `shown` is how the encoder is shown pictures."""

    description: ModelDescription
    module: nn.Module
    weights: Mapping[str, Mapping[str, Tensor]] | None = None
    shown: ImageInput = field(default_factory=ImageInput)


class MapAdapter(nn.Module):
    """A T2I-Adapter that was trained on maps `shrink` times smaller than the picture, with black lifted to `floor`.

    There a map can be silent: what lies as far below 0 as `unsaid` brings it is heard as 0, which is no map.
    """

    def __init__(self, adapter: nn.Module, shrink: int, floor: float) -> None:
        super().__init__()
        self.adapter = adapter
        self.config = adapter.config
        self._shrink, self._floor = shrink, floor

    def forward(self, sheet: Tensor) -> Any:
        """Features of a map, 1 x C x H x W, at the picture's size."""
        lifted = (self._floor + (1 - self._floor) * sheet).clamp(0, 1)
        return self.adapter(nn.functional.avg_pool2d(lifted, self._shrink))


def load_adapter(description: ModelDescription, components: Components, *, device: torch.device, dtype: torch.dtype,
                 encoder: ModelDescription | None = None) -> Adapter:
    """Load a ControlNet, T2I-Adapter or IP-Adapter for a loaded model; an IP-Adapter with its image encoder.

    Raises ModelError for one that is damaged, incomplete, or of another size than the model.
    """
    if description.kind == "ip_adapter":
        assert encoder is not None
        return Adapter(description, _placed(load_image_encoder(encoder), device, torch.float32),
                       _image_prompt(description), ImageInput.of(encoder.path))
    if description.layout == "diffusers":
        module = load_part(description.path, dtype=dtype)
        facts = description.adapter
        if facts is not None and (facts.shrink, facts.floor) != (1, 0.0):
            module = MapAdapter(module, facts.shrink, facts.floor)
        return Adapter(description, _placed(module, device, dtype))
    load = _controlnet if description.kind == "controlnet" else _t2i_adapter
    return Adapter(description, _placed(load(description, components, dtype), device, dtype))


def load_line_adapter(folder: Path, *, device: torch.device, dtype: torch.dtype) -> nn.Module:
    """A T2I-Adapter for line maps (1 x 1 x H x W, 1 = ink) from a diffusers folder, read from this disk only.

    Raises ModelError when it is missing or damaged.
    """
    from diffusers.models.adapter import T2IAdapter

    try:
        adapter: nn.Module = T2IAdapter.from_pretrained(folder, local_files_only=True, use_safetensors=True,
                                                        dtype=torch.float32)
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"the line adapter in {folder.name} cannot be loaded: {str(error).splitlines()[0]:.120}",
                         hint="Install the model again.") from error
    return _placed(adapter.eval().requires_grad_(False), device, dtype)


def load_image_encoder(description: ModelDescription) -> nn.Module:
    """A CLIP image encoder with its projection, in fp32, from a folder or one file under transformers' names."""
    from transformers.models.clip.configuration_clip import CLIPVisionConfig
    from transformers.models.clip.modeling_clip import CLIPVisionModelWithProjection

    if description.layout == "diffusers":
        _, variant = component_weights(description.path)
        return from_pretrained(CLIPVisionModelWithProjection, description.path, variant, torch.float32)
    tensors = {key: value for key, value in read_tensors([description.path]).items()
               if key.startswith(("vision_model.", "visual_projection."))}
    config = CLIPVisionConfig(**_shaped(vision_config, tensors, description))
    module: nn.Module = build(lambda: CLIPVisionModelWithProjection(config), tensors, dtype=torch.float32,
                              what=description.name)
    return module


def _controlnet(description: ModelDescription, components: Components, dtype: torch.dtype) -> nn.Module:
    from diffusers.models.controlnets.controlnet import ControlNetModel
    from diffusers.models.controlnets.controlnet_union import ControlNetUnionModel

    assert description.adapter is not None
    tensors = _named_controlnet(read_tensors([description.path]))
    like: Mapping[str, Any] = components.denoiser.config  # type: ignore[assignment]
    pooled = "shuffle" in description.adapter.reads
    config = _shaped(lambda shapes: controlnet_config(shapes, like, pooled=pooled), tensors, description)
    made: Any = ControlNetUnionModel if description.adapter.form == "union" else ControlNetModel
    module: nn.Module = build(lambda: made.from_config(config), tensors, dtype=dtype, what=description.name)
    return module


def _named_controlnet(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights of a ControlNet under diffusers' names."""
    if any(key.startswith("controlnet_cond_embedding.") for key in tensors):
        return dict(tensors)
    bare = {key.removeprefix("control_model."): value for key, value in tensors.items()
            if key.startswith("control_model.") or not any(one.startswith("control_model.") for one in tensors)}
    downs = [int(match[1]) for key in bare if (match := re.match(r"input_blocks\.(\d+)\.0\.op\.", key))]
    layers = min(downs, default=3) - 1
    named = ldm.convert_controlnet_checkpoint(bare, {"layers_per_block": layers})
    named = {key: value for key, value in named.items() if not key.startswith("controlnet_cond_embedding.")}
    hints = sorted({int(key.split(".")[1]) for key in bare if key.startswith("input_hint_block.")})
    for original, ours in (*_LABELS.items(), *_hint_names(hints)):
        named |= {ours + key.removeprefix(original): value for key, value in bare.items() if key.startswith(original)}
    return {key: value for key, value in named.items() if value is not None}


def _hint_names(numbers: list[int]) -> list[tuple[str, str]]:
    """The layers that read the map: original and diffusers' beginnings of names."""
    inner = [f"blocks.{number}" for number in range(len(numbers) - 2)]
    ours = ["conv_in", *inner, "conv_out"][: len(numbers)]
    return [(f"input_hint_block.{number}.", f"controlnet_cond_embedding.{name}.")
            for number, name in zip(numbers, ours, strict=True)]


def _t2i_adapter(description: ModelDescription, components: Components, dtype: torch.dtype) -> nn.Module:
    from diffusers.models.adapter import T2IAdapter

    tensors = _named_t2i(read_tensors([description.path]))
    scale, xl = components.latent_scale, components.family == "sdxl"
    config = _shaped(lambda shapes: t2i_config(shapes, scale=scale, xl=xl), tensors, description)
    module: nn.Module = build(lambda: T2IAdapter(**config), tensors, dtype=dtype, what=description.name)
    return module


def _named_t2i(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights of a T2I-Adapter under diffusers' names: the original counts its layers in a row, not level by level."""
    if any(key.startswith("adapter.") for key in tensors):
        return dict(tensors)
    if "body.0.out_conv.weight" in tensors:  # the light one: the layers of each level are called its body
        body = re.compile(r"^(body\.\d+)\.body\.")
        return {"adapter." + body.sub(r"\1.resnets.", key): value for key, value in tensors.items()}
    last = max((int(match[1]) for key in tensors if (match := re.match(r"body\.(\d+)\.", key))), default=0)
    # A level begins with a change of width or with a halving, which leaves no weight; all have as many layers.
    begins = [int(match[1]) for key in tensors if (match := re.match(r"body\.(\d+)\.in_conv\.weight", key))]
    layers = min(begins, default=last + 1)
    named = {}
    for key, value in tensors.items():
        match = re.match(r"body\.(\d+)\.(.+)", key)
        if match is None:
            named[f"adapter.{key}"] = value
            continue
        level, layer = divmod(int(match[1]), layers)
        inner = match[2] if match[2].startswith("in_conv.") else f"resnets.{layer}.{match[2]}"
        named[f"adapter.body.{level}.{inner}"] = value
    return named


def _image_prompt(description: ModelDescription) -> dict[str, dict[str, Tensor]]:
    """The two parts of an IP-Adapter's file, as diffusers takes them."""
    parts: dict[str, dict[str, Tensor]] = {"image_proj": {}, "ip_adapter": {}}
    for key, value in read_tensors([description.path]).items():
        part, _, name = key.partition(".")
        if part in parts:
            parts[part][name] = value
    return parts


def _shaped(config: Any, tensors: Mapping[str, Tensor], description: ModelDescription) -> dict[str, Any]:
    """A configuration read off the shapes; a file that lacks what it is read from is not whole."""
    try:
        made: dict[str, Any] = config({key: tuple(value.shape) for key, value in tensors.items()})
        return made
    except (KeyError, IndexError) as error:
        raise ModelError(f"{description.path.name} is not whole: {error!s:.80} is missing",
                         hint="Download the file again.", field="adapter") from error


def _placed(module: nn.Module, device: torch.device, dtype: torch.dtype) -> nn.Module:
    move: Any = nn.Module.to
    placed: nn.Module = move(module.eval().requires_grad_(False), device=device, dtype=dtype)
    return placed
