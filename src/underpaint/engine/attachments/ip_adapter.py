"""IP-Adapters (Ye et al. 2023): the denoiser's attention looks at a picture beside the words."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from underpaint.engine.attachments.maps import Followed
from underpaint.engine.components import Components
from underpaint.engine.image_input import ImageInput
from underpaint.engine.protocols import ModelCall, ModelInputs

_LONGEST = 8
"""How many times longer than wide a picture may be before its ends are left out."""
Weights = Mapping[str, Mapping[str, Tensor]]


@dataclass(frozen=True, eq=False)
class ImagePrompt:
    """One IP-Adapter: its weights, its image encoder and how that is shown pictures, and the picture (H x W x 3) with
    how strongly it is followed."""

    weights: Weights
    encoder: nn.Module
    followed: Followed
    shown: ImageInput = field(default_factory=ImageInput)


class IPAttachment:
    """Gives the denoiser's cross-attention the pictures of one or several IP-Adapters, and takes them off again.

    diffusers' own processors do the work. All IP-Adapters of a run are one attachment, because each attention layer
    can have one processor only.
    """

    joins = "image prompts"

    def __init__(self, prompts: Sequence[ImagePrompt]) -> None:
        self._prompts = sorted(prompts, key=lambda one: one.followed.key)
        self._unet: Any = None
        self._before: dict[str, Any] = {}
        self._looking: list[Any] = []
        self._projection: tuple[bool, Any] = (False, None)
        self._type: Any = None
        self._features: list[tuple[Tensor, Tensor]] = []
        self._completing: RemovableHandle | None = None

    @classmethod
    def joined(cls, several: "Sequence[IPAttachment]") -> "list[IPAttachment]":
        """One for all."""
        return [cls([one for each in several for one in each._prompts])]

    def within(self, region: object) -> "IPAttachment":
        """The same for the calls of one region."""
        return IPAttachment([replace(one, followed=replace(one.followed, region=region)) for one in self._prompts])

    def attach(self, components: Components) -> None:
        """Look at the pictures, and put the adapters' keys and values into the cross-attention."""
        from diffusers.models.attention_processor import AttnProcessor2_0

        assert self._unet is None, "this IP-Adapter is already attached"
        unet: Any = components.denoiser
        self._features = [_looked_at(one) for one in self._prompts]
        self._unet, self._before = unet, dict(unet.attn_processors)
        self._projection = ("encoder_hid_proj" in unet._modules, unet.encoder_hid_proj)
        self._type = unet.config.encoder_hid_dim_type
        try:
            unet.set_attn_processor(AttnProcessor2_0())  # diffusers makes new ones of the class it finds
            with _quiet():  # diffusers warns of moving its own new layers
                unet._load_ip_adapter_weights([dict(one.weights) for one in self._prompts])
            made = unet.attn_processors
            # Kept, because others may come to stand round them.
            self._looking = [one for one in made.values() if hasattr(one, "to_k_ip")]
            unet.set_attn_processor({name: one if hasattr(one, "to_k_ip") else self._before.get(name, one)
                                     for name, one in made.items()})  # some projections attend themselves
        except BaseException:
            self.detach()
            raise
        unet.requires_grad_(False)
        self._completing = unet.register_forward_pre_hook(self._complete, with_kwargs=True)

    def detach(self) -> None:
        """Put everything back as it was."""
        unet = self._unet
        if unet is None:
            return
        if self._completing is not None:
            self._completing.remove()
        registered, projection = self._projection
        del unet.encoder_hid_proj
        if registered:
            unet._modules["encoder_hid_proj"] = projection
        else:
            unet.__dict__["encoder_hid_proj"] = projection
        unet.set_attn_processor(dict(self._before))
        unet.config.encoder_hid_dim_type = self._type
        self._unet, self._before, self._looking, self._features, self._completing = None, {}, [], [], None

    def _complete(self, _: nn.Module, args: tuple[Any, ...], told: dict[str, Any]) -> Any:
        """Others may ask the denoiser for reasons of their own: then it looks at nothing."""
        added = dict(told.get("added_cond_kwargs") or {})
        if "image_embeds" in added:
            return None
        sample: Tensor = args[0] if args else told["sample"]
        added["image_embeds"] = [torch.cat([nothing] * sample.shape[0]).to(sample) for _, nothing in self._features]
        return args, {**told, "added_cond_kwargs": added}

    def inputs(self, call: ModelCall) -> ModelInputs:
        """The pictures' features for this call's rows, at their strengths of this step."""
        strengths = [one.followed.at(call) for one in self._prompts]
        for processor in self._looking:
            processor.scale = list(strengths)
        positive = call.sample.shape[0] - call.negative_rows
        embeds = [torch.cat([nothing] * call.negative_rows + [seen] * positive).to(call.sample)
                  for seen, nothing in self._features]
        return ModelInputs(arguments={"added_cond_kwargs": {"image_embeds": embeds}})


@contextmanager
def _quiet() -> Iterator[None]:
    from diffusers.utils import logging

    before = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(before)


def clip_pixels(picture: np.ndarray, side: int, shown: ImageInput | None = None) -> Tensor:
    """A picture (H x W x 3, 0..1) as an image encoder takes it, 1 x 3 x side x side, colours around zero. CLIP's own
    way is its shorter side brought to `side` and the middle cut out."""
    shown = shown or ImageInput()
    kept = picture if shown.whole else _middle(picture)
    image = Image.fromarray(np.rint(np.clip(kept[..., :3], 0, 1) * 255).astype(np.uint8))
    short = min(image.size)
    width, height = (side, side) if shown.whole else (max(side, int(side * one / short)) for one in image.size)
    image = image.resize((width, height), Image.Resampling.BICUBIC)
    left, top = (width - side) // 2, (height - side) // 2
    pixels = np.asarray(image.crop((left, top, left + side, top + side)), np.float32) / 255
    centred = (pixels - np.float32(shown.mean)) / np.float32(shown.spread)
    return torch.from_numpy(centred).permute(2, 0, 1)[None].contiguous()


def _middle(picture: np.ndarray) -> np.ndarray:
    """Of a strip, the part round its middle: the ends would be cut off anyway, after growing with it."""
    height, width = picture.shape[:2]
    rows, columns = (min(one, _LONGEST * min(height, width)) for one in (height, width))
    top, left = (height - rows) // 2, (width - columns) // 2
    return picture[top: top + rows, left: left + columns]


@torch.no_grad()
def _looked_at(prompt: ImagePrompt) -> tuple[Tensor, Tensor]:
    """What the encoder sees in the picture, and what stands for nothing: 1 x 1 x features, or 1 x 1 x places x
    features for adapters that look at every place."""
    encoder: Any = prompt.encoder
    weight = next(encoder.parameters())
    pixels = clip_pixels(prompt.followed.sheet, int(encoder.config.image_size), prompt.shown).to(weight)
    if "proj.weight" in prompt.weights["image_proj"]:
        seen = encoder(pixels).image_embeds
        return seen[None], torch.zeros_like(seen)[None]
    seen = encoder(pixels, output_hidden_states=True).hidden_states[-2]
    nothing = encoder(torch.zeros_like(pixels), output_hidden_states=True).hidden_states[-2]
    return seen[None], nothing[None]
