"""Pictures and words as directions in one space: what means the same points the same way.

    towers = ClipPictures.load(primer_folder())
    seen = towers.pictures([picture, another])   # 2 x D, unit vectors
    said = towers.words(["a red boat at dawn"])  # 1 x D, unit vectors
    likeness = seen @ said.T                     # -1..1; `sharpness` times that are the logits it was trained with

The image tower is a `CLIPVisionModelWithProjection`; words go through the model's own text encoder and one projection.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from underpaint.engine.families.small_net_files import read_net
from underpaint.errors import ModelError, PictureError
from underpaint.imaging.arrays import FloatArray

IMAGE_FOLDER, PROJECTION_FOLDER = "image_encoder", "text_projection"
_BATCH = 32


class TextProjection(nn.Module):
    """From what a text encoder says at a sentence's end to the space shared with pictures."""

    def __init__(self, hidden_size: int, projection_dim: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(projection_dim, hidden_size) * hidden_size**-0.5)
        self.sharpness = nn.Parameter(torch.tensor(2.7))
        """Logarithm of what likeness is multiplied by before it is compared."""

    def forward(self, pooled: Tensor) -> Tensor:
        """Pooled states, N x hidden, to unit vectors, N x D."""
        return functional.normalize(functional.linear(pooled, self.weight), dim=-1)


class ClipPictures:
    """The two towers, loaded. It keeps nothing between calls."""

    def __init__(self, image: Any, text: Any, tokenizer: Any, projection: TextProjection) -> None:
        self._image, self._text = image.eval(), text.eval()
        self._tokenizer, self._projection = tokenizer, projection.eval()
        self.side = int(image.config.image_size)
        self.sharpness = float(projection.sharpness.exp())

    @classmethod
    def load(cls, folder: Path, *, device: str = "cpu") -> "ClipPictures":
        """From a model's folder. Raises ModelError where it has no image tower, or a damaged part."""
        from transformers import CLIPTextModel, CLIPTokenizer, CLIPVisionModelWithProjection

        if not (folder / IMAGE_FOLDER / "config.json").is_file():
            raise ModelError(f"{folder.name} has no {IMAGE_FOLDER}", hint="Use the built-in model, or rebuild it.")
        projection = read_net(folder / PROJECTION_FOLDER, TextProjection)
        try:
            image = CLIPVisionModelWithProjection.from_pretrained(
                folder / IMAGE_FOLDER, local_files_only=True, use_safetensors=True, dtype=torch.float32
            )
            text = CLIPTextModel.from_pretrained(
                folder / "text_encoder", local_files_only=True, use_safetensors=True, dtype=torch.float32
            )
            tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer", local_files_only=True)
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise ModelError(
                f"the towers of {folder.name} cannot be loaded: {str(error).splitlines()[0]:.120}",
                hint="Install the model again.",
            ) from error
        parts = [part.requires_grad_(False).to(device) for part in (image, text, projection)]
        return cls(parts[0], parts[1], tokenizer, parts[2])

    @torch.inference_mode()
    def pictures(self, pictures: Sequence[FloatArray]) -> FloatArray:
        """Pictures of any sizes, each H x W x 3 or 4 (colours alone are looked at) in 0..1, as unit vectors N x D.

        Raises PictureError for what is no colour picture.
        """
        device = next(self._image.parameters()).device
        out = []
        for start in range(0, len(pictures), _BATCH):
            batch = torch.stack([tower_input(one, self.side) for one in pictures[start : start + _BATCH]])
            out.append(functional.normalize(self._image(batch.to(device)).image_embeds.float(), dim=-1).cpu())
        return _rows(out, int(self._image.config.projection_dim))

    @torch.inference_mode()
    def words(self, texts: Sequence[str]) -> FloatArray:
        """Sentences as unit vectors N x D; what goes beyond the encoder's window is not heard."""
        device = next(self._text.parameters()).device
        out = []
        for start in range(0, len(texts), _BATCH):
            pooled = self._text(token_rows(self._tokenizer, texts[start : start + _BATCH]).to(device)).pooler_output
            out.append(self._projection(pooled.float()).cpu())
        return _rows(out, len(self._projection.weight))


def _rows(parts: list[Tensor], width: int) -> FloatArray:
    return np.asarray(torch.cat(parts).numpy() if parts else np.zeros((0, width)), np.float32)


def tower_input(picture: FloatArray, side: int) -> Tensor:
    """A picture as the image tower takes it: squeezed to its square, 3 x S x S in -1..1."""
    if picture.ndim != 3 or picture.shape[2] not in (3, 4) or min(picture.shape[:2]) < 1:
        raise PictureError("only colour pictures can be looked at", hint="Give height x width x 3 or 4.")
    colours = np.ascontiguousarray(picture[..., :3], np.float32)
    small = cv2.resize(colours, (side, side), interpolation=cv2.INTER_AREA)
    return torch.from_numpy(np.clip(small, 0, 1)).permute(2, 0, 1) * 2 - 1


def token_rows(tokenizer: Any, texts: Sequence[str]) -> Tensor:
    """Token numbers, N x the longest, each sentence with its end mark. Attention looks back only, so what follows the
    end mark may as well be left away."""
    longest = min(int(tokenizer.model_max_length), 77)
    found = tokenizer(list(texts), padding=True, truncation=True, max_length=longest, return_tensors="pt")
    return found["input_ids"].long()
