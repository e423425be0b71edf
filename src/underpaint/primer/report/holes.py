"""Holes: can a probe tell filled pictures from whole ones, and does anything change beside the hole?

Each scene gives a pair: its render, through the autoencoder and back, and the same with a hole filled as people fill
them. So what the pictures show tells a probe nothing, nor does what the autoencoder does to them; what is left is how
well the hole was filled. The probe is logistic, on what the judge sees, and as strong as can be made of these pictures:
how much it is held back is chosen by what tells most on scenes left out.
"""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from underpaint.engine.families.autoencoder_unshuffle import AutoencoderUnshuffle
from underpaint.models import Catalogue
from underpaint.models.own_adapters import own_adapter
from underpaint.plan.painter import Painter
from underpaint.primer.autoencoder import picture_tensor
from underpaint.primer.brushes import paint as brush
from underpaint.primer.holes import KINDS, draw_hole
from underpaint.primer.report.desk import Desk
from underpaint.primer.report.looks import Features, features
from underpaint.primer.report.rows import Row, Values, missing, redrawn
from underpaint.primer.report.words import said
from underpaint.primer.stagecraft.look import see
from underpaint.primer.stagecraft.scene import SIZES, sample_scene
from underpaint.recipe import Blob, FillRecipe, ModelRef, Sampling

_BAR = 0.75
_FOLDS = 3
_HELD_BACK = tuple(10.0**power for power in range(5))
_ROUNDS = 25
_PLACE = 31
_TOLD, _CHANGED = "holes of 40 % filled, told from whole pictures (AUC)", "pixels changed outside the holes"
Picture = NDArray[np.uint8]
Fill = Callable[[Picture, Picture, str, int], Picture]
"""From a picture (H x W x 3), a mask (H x W, 255 in the hole), a prompt and a seed to the filled picture."""


@dataclass(frozen=True)
class HoleCounts:
    """The probe is fitted on so many pairs and tried on so many others; a hole takes `share` of its picture."""

    fitted: int = 1000
    examined: int = 500
    share: float = 0.4

    @property
    def pairs(self) -> int:
        """How many holes are filled."""
        return self.fitted + self.examined


@dataclass(frozen=True, eq=False)
class Torn:
    """A whole picture, uint8 H x W x 3, the hole in it, 255 where it is, and the words for the whole."""

    whole: Picture
    mask: Picture
    prompt: str


def torn(number: int, seed: int, share: float, autoencoder: AutoencoderUnshuffle) -> Torn:
    """A scene that nobody trained on, through the autoencoder and back, with a hole of each kind in turn."""
    rng = np.random.default_rng([seed, _PLACE, number])
    scene = sample_scene(rng, size=SIZES[0], allow_held_out=True)
    seen = see(scene)
    render = brush(seen, scene.style)
    size = (render.shape[1], render.shape[0])
    subject = cv2.resize(seen.where("subject").astype(np.float32), size, interpolation=cv2.INTER_AREA)
    hole = draw_hole(rng, KINDS[number % len(KINDS)], subject, share)
    device = next(autoencoder.parameters()).device
    with torch.no_grad():
        again = autoencoder(picture_tensor(render[None]).to(device)).sample[0].float().cpu()
    whole = ((again + 1) * 127.5).round().clamp(0, 255).byte().permute(1, 2, 0).numpy()
    return Torn(np.ascontiguousarray(whole), np.where(hole > 0, 255, 0).astype(np.uint8), said(scene.factors()))


def filler(catalogue: Catalogue, model: str, steps: int | None = None) -> Fill:
    """Fills by a recipe and its plan, as for everybody; with a hard edge, so that nothing of what was in the hole
    shines through."""
    painter = Painter(catalogue=catalogue)

    def fill(picture: Picture, mask: Picture, prompt: str, seed: int) -> Picture:
        blobs: dict[str, bytes] = {}
        recipe = FillRecipe(picture=_blob(picture, blobs), mask=_blob(mask, blobs), model=ModelRef(name=model),
                            prompt=prompt, seed=seed, feather=0, sampling=Sampling(steps=steps))  # fmt: skip
        done = painter.paint(recipe, blobs).exact
        assert done is not None, "a fill always has exact pixels"
        return np.asarray(done, np.uint8)

    return fill


def holes_part(desk: Desk, counts: HoleCounts | None = None) -> list[Row]:
    """Two rows: what the probe reaches, and how many pixels changed that lie outside the holes.

    As many holes are filled as the settings ask for, half as many more to try the probe on, unless `counts` says else.
    """
    primer, asked = desk.places.primer, desk.settings.holes
    if counts is None and (not asked or not (primer / "vae" / "config.json").is_file()):
        why = "there is no model that could fill any" if asked else "not asked for"
        return [missing(_TOLD, f"under {_BAR:g}", why), missing(_CHANGED, "none", why)]
    counts = counts or HoleCounts(asked, asked // 2)
    catalogue = Catalogue()
    autoencoder = AutoencoderUnshuffle.from_pretrained(primer / "vae", torch_dtype=torch.float32).eval()
    fill, seed = filler(catalogue, str(primer), desk.settings.steps), desk.settings.seed

    def made(start: int, stop: int) -> list[Picture]:
        """Whole, mask and filled picture of each, one above the other: kept together, they stay together."""
        out = []
        for number in range(start, stop):
            one = torn(number, seed, counts.share, autoencoder)
            filled = fill(one.whole, one.mask, one.prompt, number)
            out.append(np.concatenate([one.whole, np.repeat(one.mask[..., None], 3, axis=2), filled]))
        return out

    kept = desk.kept(f"holes-{counts.share:g}-{desk.settings.steps}-{seed}-{desk.primer_mark}", counts.pairs, made)
    thirds = [np.split(sheet, 3) for sheet in kept]
    wholes, masks, filled = ([sheets[i] for sheets in thirds] for i in range(3))
    own = own_adapter(catalogue.find(str(primer)), "fill")
    note = "" if own is not None else "filled without an adapter for holes, which the model does not bring"
    before, after = (features(desk.judge, pictures, desk.size) for pictures in (wholes, filled))
    outside = outside_row(wholes, [mask[..., 0] for mask in masks], filled)
    return [probe_row(before, after, counts.fitted, note), outside]


def probe_row(wholes: Features, filled: Features, fitted: int, note: str = "") -> Row:
    """How well a probe, fitted on the first pairs, tells the others apart: the chance that of a filled picture and a
    whole one it takes the filled one for filled."""
    scores = [probe(wholes[:fitted], filled[:fitted])(rows[fitted:]) for rows in (wholes, filled)]
    value = auc(*scores)
    low, high = redrawn(auc, *scores)
    return Row(_TOLD, value, low, high, len(scores[0]), None,
               f"under {_BAR:g}", value < _BAR, note=note)  # fmt: skip


def outside_row(wholes: Sequence[Picture], masks: Sequence[Picture], filled: Sequence[Picture]) -> Row:
    """How many pixels outside the holes are others than before, of all pictures."""
    changed = [int((was != now).any(axis=2)[mask == 0].sum())
               for was, mask, now in zip(wholes, masks, filled, strict=True)]  # fmt: skip
    total = float(sum(changed))
    return Row(_CHANGED, total, total, total, len(changed), None, "none", total == 0)


def auc(wholes: Values, filled: Values) -> float:
    """The chance that a filled picture scores above a whole one; half where they score alike."""
    both = np.concatenate([wholes, filled])
    order = np.argsort(both, kind="stable")
    _, first, counts = np.unique(both[order], return_index=True, return_counts=True)
    ranks = np.empty(len(both))
    ranks[order] = np.repeat(first + (counts + 1) / 2, counts)
    above = ranks[len(wholes) :].sum() - len(filled) * (len(filled) + 1) / 2
    return float(above / (len(wholes) * len(filled)))


def probe(wholes: Features, filled: Features) -> Callable[[Features], Values]:
    """A logistic probe, fitted to tell the second pictures of pairs from the first: from features to scores."""
    folds = np.arange(len(wholes)) % min(_FOLDS, len(wholes))
    best = max(_HELD_BACK, key=lambda held: _left_out(wholes, filled, folds, held))
    return _fitted(wholes, filled, best)


def _left_out(wholes: Features, filled: Features, folds: NDArray[np.int64], held: float) -> float:
    """What the probe reaches on pairs that it was not fitted on, on average."""
    if len(np.unique(folds)) < 2:
        return 0.0
    found = []
    for fold in np.unique(folds):
        out = folds == fold
        scored = _fitted(wholes[~out], filled[~out], held)
        found.append(auc(scored(wholes[out]), scored(filled[out])))
    return float(np.mean(found))


def _fitted(wholes: Features, filled: Features, held: float) -> Callable[[Features], Values]:
    """Logistic regression by Newton's method (iteratively reweighted least squares); `held` is the weight of the
    squared coefficients of standardised features."""
    rows = np.concatenate([wholes, filled])
    truth = np.repeat([0.0, 1.0], [len(wholes), len(filled)])
    middle, spread = rows.mean(0), rows.std(0)
    spread = np.where(spread > 1e-9, spread, 1.0)
    given = np.column_stack([(rows - middle) / spread, np.ones(len(rows))])
    ridge = np.append(np.full(rows.shape[1], held), 1e-6)
    weights = np.zeros(given.shape[1])
    for _ in range(_ROUNDS):
        chance = 1 / (1 + np.exp(-np.clip(given @ weights, -30, 30)))
        slope = given.T @ (chance - truth) + ridge * weights
        curve = (given.T * np.maximum(chance * (1 - chance), 1e-6)) @ given + np.diag(ridge)
        step = np.linalg.solve(curve, slope)
        weights = weights - step
        if float(np.abs(step).max()) < 1e-6:
            break
    return lambda asked: np.asarray(((asked - middle) / spread) @ weights[:-1] + weights[-1])


def _blob(pixels: Picture, blobs: dict[str, bytes]) -> Blob:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    name = sha256(file.getvalue()).hexdigest()
    blobs[name] = file.getvalue()
    return Blob(sha256=name, name="picture.png")
