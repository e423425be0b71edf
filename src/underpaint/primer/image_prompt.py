"""What the denoiser takes from a picture: four words that the picture stands for, and keys and values for them.

An IP-Adapter (Ye et al., 2023): each cross-attention attends to the sentence as ever, and beside it, with keys and
values of its own, to the picture; both answers add up. Denoiser and image tower stay as they are. There is one for
style and one for subject, so that neither has to guess which of the two is wanted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional
from transformers import CLIPTextModel, CLIPTokenizer, CLIPVisionModelWithProjection

from underpaint.engine.families.clip_pictures import IMAGE_FOLDER
from underpaint.engine.families.unet_patched import UNetPatched
from underpaint.errors import ModelError
from underpaint.models.own_adapters import PICTURE_KINDS, PROMPT_FOLDER
from underpaint.primer.digests import digests_of

TOKENS = 4
"""Words that a picture stands for; those who read such files take it for granted."""
LEARNED_WITH = ("unet/diffusion_pytorch_model.safetensors", f"{IMAGE_FOLDER}/model.safetensors")
"""The files of a Primer without which an image prompt means nothing."""
_CROSS = "attn2.processor"
Looked = list[tuple[Tensor, Tensor]]
"""Keys and values of pictures, each B x 4 x width: one pair for each cross-attention of the denoiser."""


class Looking:
    """A cross-attention's processor that attends to a picture as well, where the call brings one.

    Pictures come as the argument `ip_hidden_states` (a `Looked`), which diffusers passes on to every layer.
    """

    def __init__(self, number: int) -> None:
        self._number = number

    def __call__(
        self, attn: Any, hidden_states: Tensor, encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None, temb: Tensor | None = None, ip_hidden_states: Looked | None = None,
    ) -> Tensor:  # fmt: skip
        """What the layer adds: B x places x width."""
        told = hidden_states if encoder_hidden_states is None else encoder_hidden_states
        asked = _headed(attn.to_q(hidden_states), attn.heads)
        keys, values = (_headed(one(told), attn.heads) for one in (attn.to_k, attn.to_v))
        out = functional.scaled_dot_product_attention(asked, keys, values, attn_mask=attention_mask)
        if ip_hidden_states is not None:
            seen = (_headed(one.to(asked.dtype), attn.heads) for one in ip_hidden_states[self._number])
            out = out + functional.scaled_dot_product_attention(asked, *seen)
        joined = out.transpose(1, 2).flatten(2).to(asked.dtype)
        answer: Tensor = attn.to_out[1](attn.to_out[0](joined))
        return answer / attn.rescale_output_factor


def _headed(rows: Tensor, heads: int) -> Tensor:
    return rows.view(*rows.shape[:2], heads, -1).transpose(1, 2)


def let_look(unet: UNetPatched) -> UNetPatched:
    """Let the cross-attentions of a denoiser look at pictures; without one they answer as before."""
    numbers = iter(range(len(unet.attn_processors)))
    unet.set_attn_processor({
        name: Looking(next(numbers)) if name.endswith(_CROSS) else one for name, one in unet.attn_processors.items()
    })  # fmt: skip
    return unet


class PicturePrompt(nn.Module):
    """One image prompt. It begins by saying nothing: keys are those for words, values are nought."""

    def __init__(self, unet: UNetPatched, seen: int) -> None:
        """`seen` is the width of what the image tower says."""
        super().__init__()
        layers = [unet.get_submodule(name.removesuffix(".processor")) for name in unet.attn_processors
                  if name.endswith(_CROSS)]  # fmt: skip
        width = int(unet.config.cross_attention_dim)
        self.proj = nn.Linear(seen, TOKENS * width)
        self.norm = nn.LayerNorm(width)
        self.keys = nn.ModuleList([nn.Linear(width, one.to_k.out_features, bias=False) for one in layers])
        self.values = nn.ModuleList([nn.Linear(width, one.to_v.out_features, bias=False) for one in layers])
        with torch.no_grad():
            for ours, layer in zip(self.keys, layers, strict=True):
                ours.weight.copy_(layer.to_k.weight)
            for ours in self.values:
                nn.init.zeros_(ours.weight)

    @torch.no_grad()
    def centre(self, seen: Tensor) -> None:
        """Take out what the tower says of every picture, as measured on N x D, before anything is learned.

        Pictures differ far less than they have in common: without this the words for two of them begin as the same.
        """
        middle, spread = seen.mean(0), (seen - seen.mean(0)).square().mean().sqrt()
        self.proj.weight.div_(spread.clamp_min(1e-4))
        self.proj.bias.copy_(-self.proj.weight @ middle)

    def forward(self, seen: Tensor) -> Looked:
        """What the tower said of pictures, B x D; zeros stand for no picture."""
        words = self.norm(self.proj(seen).view(len(seen), TOKENS, -1))
        return [(keys(words), values(words)) for keys, values in zip(self.keys, self.values, strict=True)]


_WRITTEN = {"keys": "to_k_ip", "values": "to_v_ip"}


def written(state: Mapping[str, Tensor], strength: float = 1.0) -> dict[str, Tensor]:
    """The state of a `PicturePrompt` as IP-Adapters are written, in half precision; what it says is multiplied by
    `strength`."""
    out = {}
    for name, value in state.items():
        part, _, rest = name.partition(".")
        if part in _WRITTEN:
            # Attention layers are counted through, and every second one attends to words.
            number = 2 * int(rest.removesuffix(".weight")) + 1
            out[f"ip_adapter.{number}.{_WRITTEN[part]}.weight"] = value * strength if part == "values" else value
        else:
            out[f"image_proj.{name}"] = value
    return {name: value.detach().cpu().half().contiguous() for name, value in out.items()}


def read(tensors: Mapping[str, Tensor], strength: float = 1.0) -> dict[str, Tensor]:
    """The state of the `PicturePrompt` that `written` wrote, the `strength` taken out again."""
    state = {}
    for name, value in tensors.items():
        part, _, rest = name.partition(".")
        if part == "image_proj":
            state[rest] = value.float()
        else:
            number, what, _ = rest.split(".")
            ours = next(one for one, theirs in _WRITTEN.items() if theirs == what)
            state[f"{ours}.{int(number) // 2}.weight"] = value.float() / (strength if ours == "values" else 1.0)
    return state


class ImagePrompts(nn.Module):
    """All that learns: one image prompt for each of `PICTURE_KINDS`."""

    def __init__(self, unet: UNetPatched, seen: int, seed: int) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.kinds = nn.ModuleDict({kind: PicturePrompt(unet, seen) for kind in PICTURE_KINDS})

    def forward(self, seen: Mapping[str, Tensor]) -> Looked:
        """What the tower said of pictures of each kind; one `Looked` for all, in the order of the mapping."""
        each = [self.kinds[kind](rows) for kind, rows in seen.items()]
        return [(torch.cat([keys for keys, _ in layer]), torch.cat([values for _, values in layer]))
                for layer in zip(*each, strict=True)]  # fmt: skip


@dataclass(frozen=True, eq=False)
class Finished:
    """What is finished and stays as it is: the denoiser, able to look, its words, and the image tower.

    `digests` are the SHA-256 of the files in `LEARNED_WITH`.
    """

    unet: UNetPatched
    text_encoder: CLIPTextModel
    tokenizer: CLIPTokenizer
    tower: CLIPVisionModelWithProjection
    digests: Mapping[str, str]

    @classmethod
    def load(cls, primer: Path, device: str = "cpu") -> "Finished":
        """From an exported Primer.

        Raises:
            ModelError: it has no image tower yet.
        """
        if not (primer / IMAGE_FOLDER / "config.json").is_file():
            raise ModelError(
                f"{primer.name} has no image tower yet",
                hint="Run: python -m underpaint.primer clip, then export-parts.",
            )
        unet = UNetPatched.from_pretrained(primer / "unet", torch_dtype=torch.float32)
        text = CLIPTextModel.from_pretrained(primer / "text_encoder", dtype=torch.float32)
        tower = CLIPVisionModelWithProjection.from_pretrained(primer / IMAGE_FOLDER, dtype=torch.float32)
        for part in (unet, text, tower):
            part.eval().requires_grad_(False).to(device)
        tokenizer = CLIPTokenizer.from_pretrained(str(primer / "tokenizer"))
        looking = let_look(unet.to(memory_format=torch.channels_last))
        return cls(looking, text, tokenizer, tower, digests_of(primer, LEARNED_WITH))

    @torch.no_grad()
    def seen(self, pictures: Tensor) -> Tensor:
        """What the tower says of pictures, B x 3 x S x S in -1..1: B x D."""
        out: Tensor = self.tower(pictures.to(self.tower.device)).image_embeds.float()
        return out

    def new_prompts(self, seed: int) -> ImagePrompts:
        """Untrained image prompts of the fitting shape."""
        return ImagePrompts(self.unet, int(self.tower.config.projection_dim), seed)


def read_prompts(primer: Path, finished: Finished, kinds: Sequence[str] = PICTURE_KINDS) -> dict[str, PicturePrompt]:
    """The exported image prompts of a Primer, by kind.

    Raises:
        ModelError: it has none.
    """
    found = {}
    for kind in kinds:
        file = primer / PROMPT_FOLDER / f"{kind}.safetensors"
        if not file.is_file():
            raise ModelError(f"{primer.name} has no image prompt for {kind}",
                             hint="Run: python -m underpaint.primer image-prompt, then export-parts.")  # fmt: skip
        net = PicturePrompt(finished.unet, int(finished.tower.config.projection_dim))
        net.load_state_dict(read(load_file(file)))
        found[kind] = net.eval().requires_grad_(False).to(finished.unet.device)
    return found
