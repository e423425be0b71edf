"""What every part of the report is given, and the drawer that pictures are kept in while it goes on."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from underpaint.engine.families.extractor_nets import FOLDER as EXTRACTORS
from underpaint.engine.families.extractor_nets import Extractors
from underpaint.files import atomic_write
from underpaint.models.primer import primer_folder
from underpaint.primer.config import EvaluateConfig
from underpaint.primer.judge import Judge
from underpaint.primer.report.hands import Commission, Hand, Pictures, few_hand
from underpaint.primer.stages import Workshop, load_judge, load_paintbox

_CHUNK = 64
"""Pictures in one file: all that a kill can lose."""


@dataclass(frozen=True)
class Places:
    """Where the report looks besides the workshop: `primer` holds the smaller networks, `outside` the pictures of
    others (None, or missing: those rows say so)."""

    primer: Path
    outside: Path | None

    @classmethod
    def usual(cls) -> "Places":
        """The package's own model, and the material beside a checkout."""
        return cls(primer_folder(), Path(__file__).resolve().parents[5] / "shared" / "material" / "05_art")

    @property
    def others(self) -> Path | None:
        """The folder of others' pictures, if it is there."""
        return self.outside if self.outside is not None and self.outside.is_dir() else None


class Desk:
    """The weights of a workshop, the judge, and what was painted so far.

    `hand` paints as people do, `few` with the LoRA for few steps, None where there is none.
    """

    def __init__(self, shop: Workshop, places: Places) -> None:
        self.shop, self.places = shop, places
        self.folder = shop.folder / "report"
        self.hand = _hand(shop)
        self.few = few_hand(self.hand, shop.folder / "few-steps", self.settings.few_steps)
        self.judge: Judge = load_judge(shop)
        self.size = shop.config.judge.size
        """The side of the square that the judge looks at."""

    @property
    def settings(self) -> EvaluateConfig:
        """How many pictures of each kind, and the seed."""
        return self.shop.config.evaluate

    @property
    def hands(self) -> list[Hand]:
        """All who paint: as people do, and with few steps where that can be."""
        return [self.hand, *([self.few] if self.few else [])]

    @cached_property
    def extractors(self) -> Extractors | None:
        """The networks that read pictures, None where there are none."""
        if not (self.places.primer / EXTRACTORS / "config.json").is_file():
            return None
        return Extractors.load(self.places.primer, device=self.shop.device)

    @cached_property
    def judge_mark(self) -> str:
        """Changes with the judge."""
        return hashlib.sha256((self.shop.judge_folder / "weights.safetensors").read_bytes()).hexdigest()[:16]

    @cached_property
    def primer_mark(self) -> str:
        """Changes with any of the weights in the model's folder."""
        digest = hashlib.sha256()
        for part in sorted(self.places.primer.glob("*/*.safetensors")):
            digest.update(part.parent.name.encode() + part.read_bytes())
        return digest.hexdigest()[:16]

    @cached_property
    def mark(self) -> str:
        """Changes with anything that a row depends on."""
        few, others = self.few.mark if self.few else "", self.places.others is not None
        whole = (self.hand.mark, few, self.judge_mark, self.primer_mark, others, self.settings)
        return hashlib.sha256(repr(whole).encode()).hexdigest()[:16]

    def painted(self, commission: Commission, hand: Hand | None = None) -> Pictures:
        """A commission's pictures by the hand, painted now or read again."""
        hand, seed = hand or self.hand, self.settings.seed * 1000
        return self.kept(
            f"{commission.name}-{hand.mark}",
            len(commission.prompts),
            lambda start, stop: hand.paint(commission.part(start, stop), seed + start),
        )

    def kept(self, name: str, count: int, make: Callable[[int, int], Pictures]) -> Pictures:
        """Pictures number 0 to `count`, made in chunks from a start to a stop, each kept as soon as it is there."""
        out: Pictures = []
        for start in range(0, count, _CHUNK):
            stop = min(count, start + _CHUNK)
            path = self.folder / "pictures" / f"{name}-{start:04d}-{stop:04d}.npz"
            if not path.is_file():
                made = make(start, stop)
                with atomic_write(path) as file:
                    np.savez(file, **{str(i): picture for i, picture in enumerate(made)})
            with np.load(path, allow_pickle=False) as stored:
                out += [stored[str(i)] for i in range(stop - start)]
        return out


def _hand(shop: Workshop) -> Hand:
    settings, strength = shop.config.evaluate, shop.config.defaults.line_strength
    # Not how many are asked for: those of a shorter report are the first of a longer one.
    digest = hashlib.sha256(repr((settings.steps, settings.guidance, settings.seed, strength)).encode())
    for folder in (shop.painter_folder, shop.decoder_folder, shop.autoencoder_folder):
        path = folder / "weights.safetensors"
        digest.update(path.read_bytes() if path.is_file() else b"")
    return Hand(load_paintbox(shop), settings.steps, settings.guidance, strength, digest.hexdigest()[:16])
