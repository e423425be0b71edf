"""Who paints for the report: the denoiser as it is used, or with the LoRA that needs few steps and no guidance."""

import copy
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from underpaint.primer.few_steps import LORA_FILE
from underpaint.primer.maps import Map
from underpaint.primer.paint import Order, Paintbox, paint
from underpaint.primer.stagecraft.scene import SIZES

Pictures = list[NDArray[np.uint8]]
BATCH = 8
"""Pictures painted at once; each batch has its own seed, so that it is the same wherever painting goes on."""


@dataclass(frozen=True, eq=False)
class Commission:
    """Pictures to paint: their prompts, their sizes (one each; those of a batch are alike), and maps by kind, one each.

    `name` is what the pictures are kept under.
    """

    name: str
    prompts: list[str]
    sizes: list[tuple[int, int]]
    maps: Mapping[str, list[Map]] = field(default_factory=dict)

    @classmethod
    def square(cls, name: str, prompts: list[str], maps: Mapping[str, list[Map]] | None = None) -> "Commission":
        """All of the usual size."""
        return cls(name, prompts, [SIZES[0]] * len(prompts), maps or {})

    def part(self, start: int, stop: int) -> "Commission":
        """Some of them."""
        maps = {kind: given[start:stop] for kind, given in self.maps.items()}
        return Commission(self.name, self.prompts[start:stop], self.sizes[start:stop], maps)


@dataclass(frozen=True, eq=False)
class Hand:
    """A way of painting that is measured. `mark` tells its pictures from those of other weights."""

    box: Paintbox
    steps: int
    guidance: float
    line_strength: float
    mark: str

    def paint(self, commission: Commission, seed: int) -> Pictures:
        """Paint, batch by batch, each batch with the seed of its first picture's number."""
        pictures: Pictures = []
        for start in range(0, len(commission.prompts), BATCH):
            batch = commission.part(start, start + BATCH)
            order = Order(batch.prompts, batch.sizes[0], batch.maps, self.steps, self.guidance, seed + start,
                          self.line_strength)  # fmt: skip
            pictures += list(paint(self.box, order))
        return pictures


def few_hand(hand: Hand, folder: Path, steps: int) -> Hand | None:
    """The same networks with the LoRA that lies in a folder, or None where it has not been trained."""
    file = folder / LORA_FILE
    if not file.is_file():
        return None
    painter = copy.deepcopy(hand.box.painter)
    painter.unet.load_lora_adapter(folder, prefix="unet", weight_name=LORA_FILE, local_files_only=True)
    box = Paintbox(painter.eval(), hand.box.autoencoder, hand.box.tokenizer)
    mark = hashlib.sha256(hand.mark.encode() + file.read_bytes() + str(steps).encode()).hexdigest()[:16]
    return Hand(box, steps, 1.0, hand.line_strength, mark)
