"""Image-text models: how well words fit a picture, with gradients (CLIP: Radford et al. 2021).

Read are the built-in model's towers, and CLIP models in transformers' layout: one folder with both towers, or
`image_encoder/`, `text_encoder/` and `tokenizer/` with projections, in a painting model's folder. Only safetensors are
opened, nothing is fetched.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import Tensor, nn
from torch.nn.functional import interpolate, normalize

from underpaint.errors import ModelError
from underpaint.models.header import read_json

_MEAN, _SPREAD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
"""CLIP's own, where a folder says nothing."""
_EVEN = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
_HINT = "It takes a folder of a CLIP in transformers' layout, with safetensors."
_IMAGES, _PROJECTION = "image_encoder", "text_projection"
_BROKEN = (OSError, ValueError, RuntimeError, KeyError, TypeError, AttributeError, SafetensorError)
"""All that transformers raises over a damaged folder."""


@dataclass(eq=False)
class ImageText:
    """One model. `name` is for people; `size` the side of the pictures it looks at; `scale` what similarities are
    multiplied by to be told apart as it was trained to. `see` and `read` ask its `towers`, which may lie on any device.
    """

    name: str
    size: int
    scale: float
    see: Callable[[Tensor], Tensor]
    read: Callable[[Sequence[str]], Tensor]
    colours: tuple[Tensor, Tensor]
    towers: tuple[nn.Module, ...] = ()

    def to(self, device: torch.device) -> "ImageText":
        """Itself, on a device."""
        for tower in self.towers:
            tower.to(device)
        return self

    @torch.no_grad()
    def texts(self, phrases: Sequence[str]) -> Tensor:
        """Unit features of phrases, n x width, on the CPU."""
        return normalize(self.read(phrases).float(), dim=-1).cpu()

    def images(self, pictures: Tensor) -> Tensor:
        """Unit features of pictures (n x 3 x H x W, sRGB 0..1), n x width, where the pictures lie; gradients pass."""
        device = pictures.device
        if pictures.shape[-2:] != (self.size, self.size):
            smaller = min(pictures.shape[-2:]) > self.size
            pictures = interpolate(pictures, (self.size, self.size), mode="bilinear", antialias=smaller)
        mean, spread = (one.to(pictures) for one in self.colours)
        given = (pictures - mean) / spread
        seen = self.see(given.to(_device(self.towers[0])) if self.towers else given)
        return normalize(seen.float(), dim=-1).to(device)


def load_image_text(folder: Path) -> ImageText:
    """Open the image-text model in a folder. Raises ModelError where there is none that can be read."""
    layout = _layout(folder)
    if layout is None:
        raise ModelError(f"there is no image-text model in {folder.name}", hint=_HINT)
    try:
        return layout(folder)
    except _BROKEN as error:
        said = (str(error).splitlines() or [""])[0]
        raise ModelError(f"the image-text model in {folder.name} cannot be read: {said:.200}", hint=_HINT) from error


def is_image_text(folder: Path) -> bool:
    """Whether a folder holds an image-text model, by its layout alone. Raises ModelError for damaged JSON."""
    return _layout(folder) is not None


def _layout(folder: Path) -> "Callable[[Path], ImageText] | None":
    if _kind(folder) == "clip":
        return lambda place: _whole(place, place)
    beside = folder / _IMAGES
    if _kind(beside) == "clip":
        return lambda place: _whole(place / _IMAGES, _tokens(place))
    if _kind(beside) != "clip_vision_model":
        return None
    if (folder / _PROJECTION / "config.json").is_file():
        return _built_in
    return _in_parts if "WithProjection" in _made_as(folder / "text_encoder") else None


def _tokens(folder: Path) -> Path:
    own = folder / _IMAGES
    return own if (own / "tokenizer_config.json").is_file() else folder / "tokenizer"


def _whole(folder: Path, tokens: Path) -> ImageText:
    """Both towers in one folder."""
    from transformers import CLIPModel, CLIPTokenizer

    model = _opened(CLIPModel, folder)
    tokenizer = CLIPTokenizer.from_pretrained(tokens, local_files_only=True)
    longest = int(model.config.text_config.max_position_embeddings)

    def see(pixels: Tensor) -> Tensor:
        return model.visual_projection(model.vision_model(pixel_values=pixels).pooler_output)

    def read(phrases: Sequence[str]) -> Tensor:
        return model.text_projection(model.text_model(**_told(tokenizer, phrases, longest, model)).pooler_output)

    return ImageText(folder.name, int(model.config.vision_config.image_size), float(model.logit_scale.exp()), see, read,
                     _colours(folder, (_MEAN, _SPREAD)), (model,))


def _in_parts(folder: Path) -> ImageText:
    """Each tower in its own folder, with its projection."""
    from transformers import CLIPTextModelWithProjection, CLIPTokenizer, CLIPVisionModelWithProjection

    sees = _opened(CLIPVisionModelWithProjection, folder / _IMAGES)
    reads = _opened(CLIPTextModelWithProjection, folder / "text_encoder")
    tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer", local_files_only=True)
    if sees.config.projection_dim != reads.config.projection_dim:
        raise ValueError("its pictures and words are told apart in different ways")
    longest = int(reads.config.max_position_embeddings)
    return ImageText(folder.name, int(sees.config.image_size), 100.0,
                     lambda pixels: sees(pixel_values=pixels).image_embeds,
                     lambda phrases: reads(**_told(tokenizer, phrases, longest, reads)).text_embeds,
                     _colours(folder / _IMAGES, (_MEAN, _SPREAD)), (sees, reads))


def _built_in(folder: Path) -> ImageText:
    """The layout of the built-in model: words go through the text encoder that it paints with, and one projection."""
    from transformers import CLIPTextModel, CLIPTokenizer, CLIPVisionModelWithProjection

    from underpaint.engine.families.clip_pictures import TextProjection
    from underpaint.engine.families.small_net_files import read_net

    sees = _opened(CLIPVisionModelWithProjection, folder / _IMAGES)
    reads = _opened(CLIPTextModel, folder / "text_encoder")
    projection = read_net(folder / _PROJECTION, TextProjection).eval().requires_grad_(False)
    tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer", local_files_only=True)
    longest = int(reads.config.max_position_embeddings)

    def read(phrases: Sequence[str]) -> Tensor:
        said: Tensor = projection(reads(**_told(tokenizer, phrases, longest, reads)).pooler_output.float())
        return said

    return ImageText(folder.name, int(sees.config.image_size), float(projection.sharpness.exp()),
                     lambda pixels: sees(pixel_values=pixels).image_embeds, read,
                     _colours(folder / _IMAGES, _EVEN), (sees, reads, projection))


def _opened(kind: Any, folder: Path) -> Any:
    found = kind.from_pretrained(folder, local_files_only=True, use_safetensors=True, dtype=torch.float32)
    return found.eval().requires_grad_(False)


def _device(tower: nn.Module) -> torch.device:
    return next(tower.parameters()).device


def _told(tokenizer: Any, phrases: Sequence[str], longest: int, tower: nn.Module) -> dict[str, Tensor]:
    """Token numbers with one end mark each, on a tower's device. Attention looks back only, so what follows it is never
    heard."""
    found = tokenizer(list(phrases), padding=True, truncation=True, return_tensors="pt",
                      max_length=min(longest, int(tokenizer.model_max_length)))
    return {"input_ids": found["input_ids"].long().to(_device(tower))}


def _config(folder: Path) -> dict[str, Any]:
    path = folder / "config.json"
    return read_json(path) if path.is_file() else {}


def _kind(folder: Path) -> str:
    return str(_config(folder).get("model_type", ""))


def _made_as(folder: Path) -> str:
    return " ".join(str(one) for one in _config(folder).get("architectures") or ())


def _colours(folder: Path, usual: tuple[Sequence[float], Sequence[float]]) -> tuple[Tensor, Tensor]:
    path = folder / "preprocessor_config.json"
    told = read_json(path) if path.is_file() else {}
    mean, spread = (torch.tensor(told.get(name) or one, dtype=torch.float32).reshape(1, 3, 1, 1)
                    for name, one in zip(("image_mean", "image_std"), usual, strict=True))
    return mean, spread
