"""Pictures that are shown instead of said: is a style taken over, and is a subject known again?"""

import copy
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from underpaint.engine.attachments.ip_adapter import clip_pixels
from underpaint.engine.families.autoencoder_unshuffle import AutoencoderUnshuffle
from underpaint.engine.families.clip_pictures import IMAGE_FOLDER
from underpaint.engine.image_input import ImageInput
from underpaint.models.own_adapters import PICTURE_KINDS, PROMPT_FOLDER
from underpaint.primer.digests import CARD
from underpaint.primer.image_prompt import Finished, PicturePrompt, read_prompts
from underpaint.primer.judge import Judge, ask, judge_input
from underpaint.primer.paint import Order, Paintbox, paint
from underpaint.primer.report.desk import Desk
from underpaint.primer.report.hands import BATCH, Pictures
from underpaint.primer.report.rows import Row, missing, shares
from underpaint.primer.report.words import said
from underpaint.primer.stagecraft.scene import FACTORS, SIZES, Scene, sample_scene
from underpaint.primer.stagecraft.truth import render

STYLE, SUBJECT = "picture as style, its own the nearest of 11", "picture as subject, without words"
_STYLE_BAR, _SUBJECT_BAR = 0.70, 0.60
_AMONG = 11
_EACH = 4
"""Pictures of each way of painting that are shown as styles."""
_NONE = "the model's folder has no image prompts that fit it"
Picture = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Looker:
    """The exported model, painting with a picture before its eyes. `mark` tells its pictures from other weights'."""

    box: Paintbox
    finished: Finished
    prompts: dict[str, PicturePrompt]
    shown: ImageInput
    steps: int
    guidance: float
    mark: str

    @classmethod
    def open(cls, desk: Desk) -> "Looker | None":
        """From the folder of the smaller networks; None where no image prompts fit what lies there."""
        primer, settings = desk.places.primer, desk.settings
        card = primer / CARD
        listed = json.loads(card.read_text()).get("adapters", {}) if card.is_file() else {}
        if not set(PICTURE_KINDS) <= set(listed):
            return None
        finished = Finished.load(primer, desk.shop.device)
        painter = copy.deepcopy(desk.hand.box.painter)
        painter.unet, painter.text_encoder = finished.unet, finished.text_encoder
        codec = AutoencoderUnshuffle.from_pretrained(primer / "vae", torch_dtype=torch.float32)
        box = Paintbox(painter, codec.eval().to(desk.shop.device), finished.tokenizer)
        digest = hashlib.sha256(repr((sorted(finished.digests.items()), settings.steps, settings.guidance)).encode())
        for file in (primer / PROMPT_FOLDER).glob("*.safetensors"):
            digest.update(file.read_bytes())
        return cls(box, finished, read_prompts(primer, finished), ImageInput.of(primer / IMAGE_FOLDER),
                   settings.steps, settings.guidance, digest.hexdigest()[:16])  # fmt: skip

    @torch.no_grad()
    def paint(self, kind: str, words: Sequence[str], pictures: Sequence[Picture], seed: int) -> Pictures:
        """Square pictures of some words, each with a picture of its own for that kind of likeness."""
        out: Pictures = []
        side = int(self.finished.tower.config.image_size)
        for start in range(0, len(words), BATCH):
            batch = [np.float32(one) / 255 for one in pictures[start : start + BATCH]]
            seen = self.finished.seen(torch.cat([clip_pixels(one, side, self.shown) for one in batch]))
            rows = seen if self.guidance == 1.0 else torch.cat([torch.zeros_like(seen), seen])
            order = Order(list(words[start : start + BATCH]), SIZES[0], {}, self.steps, self.guidance, seed + start,
                          looked=self.prompts[kind](rows))  # fmt: skip
            out += list(paint(self.box, order))
        return out


@dataclass(frozen=True, eq=False)
class Likeness:
    """A scene to be painted, and the picture that is shown for it."""

    scene: Scene
    shown: Picture

    @property
    def words(self) -> str:
        """The scene without its way of painting."""
        parts = said(self.scene.factors()).split(", ")
        return ", ".join(part for part in parts if part != self.scene.style)


def likeness_part(desk: Desk) -> list[Row]:
    """Both rows, and the subject's colour beside them."""
    looker = Looker.open(desk)
    if looker is None:
        return [missing(STYLE, f"{_STYLE_BAR:.0%} of the ceiling", _NONE),
                missing(SUBJECT, f"{_SUBJECT_BAR:.0%} of the ceiling", _NONE)]  # fmt: skip
    return [style_row(desk, looker), *subject_rows(desk, looker)]


def style_row(desk: Desk, looker: Looker) -> Row:
    """Whether a picture of a scene's words is nearer to the one that was shown as its style than to ten others', each
    painted in another way, in what the judge says of ways of painting. The ceiling: the scene rendered in that way."""
    count, seed = desk.settings.drawings, desk.settings.seed
    styles = gallery(seed)
    asked = style_questions(count, seed, styles)
    painted = desk.kept(f"style-{looker.mark}", count, lambda start, stop: looker.paint(
        "style", [one.words for one in asked[start:stop]], [one.shown for one in asked[start:stop]],
        seed * 1000 + start))  # fmt: skip
    renders = desk.kept(f"style-renders-{seed}-{count}", count, lambda start, stop: [
        render(one.scene) for one in asked[start:stop]])  # fmt: skip
    right = [nearest_is_own(desk.judge, desk.size, picture, one, styles, i)
             for i, (picture, one) in enumerate(zip(painted, asked, strict=True))]  # fmt: skip
    top = [nearest_is_own(desk.judge, desk.size, picture, one, styles, i)
           for i, (picture, one) in enumerate(zip(renders, asked, strict=True))]  # fmt: skip
    return shares(STYLE, right, top, _STYLE_BAR)


def subject_rows(desk: Desk, looker: Looker) -> list[Row]:
    """Whether the judge names the subject of a picture that was painted from another, without a word. The ceiling: its
    like, of the same colour, rendered in another scene."""
    count, seed = desk.settings.drawings, desk.settings.seed
    asked = subject_questions(count, seed)
    painted = desk.kept(f"subject-{looker.mark}", count, lambda start, stop: looker.paint(
        "subject", [""] * (stop - start), [one.shown for one in asked[start:stop]], seed * 1000 + start))  # fmt: skip
    renders = desk.kept(f"subject-renders-{seed}-{count}", count, lambda start, stop: [
        render(one.scene) for one in asked[start:stop]])  # fmt: skip
    ours, own = (ask(desk.judge, np.stack(pictures), desk.size).named for pictures in (painted, renders))
    rows = []
    for factor, name, bar in (("subject", SUBJECT, _SUBJECT_BAR), ("colour", f"{SUBJECT}: its colour", None)):
        truth = [one.scene.factors()[factor] for one in asked]
        right, top = ([a == b for a, b in zip(named[factor], truth, strict=True)] for named in (ours, own))
        rows.append(shares(name, right, top, bar))
    return rows


def gallery(seed: int) -> dict[str, list[Picture]]:
    """Some renders in each way of painting."""
    rng = np.random.default_rng([seed, 31])
    return {
        style: [render(sample_scene(rng, size=SIZES[0], fixed={"style": style}, allow_held_out=True))
                for _ in range(_EACH)]
        for style in FACTORS["style"]
    }  # fmt: skip


def style_questions(count: int, seed: int, styles: dict[str, list[Picture]]) -> list[Likeness]:
    """Scenes in every way of painting alike, each shown a picture of the gallery that is painted in its way."""
    rng = np.random.default_rng([seed, 32])
    found = []
    for i in range(count):
        style = FACTORS["style"][i % len(FACTORS["style"])]
        scene = sample_scene(rng, size=SIZES[0], fixed={"style": style, "count": "1"}, allow_held_out=True)
        found.append(Likeness(scene, styles[style][i // len(styles) % _EACH]))
    return found


def subject_questions(count: int, seed: int) -> list[Likeness]:
    """Scenes of one thing alone, each shown its like, of the same colour, in another scene."""
    rng = np.random.default_rng([seed, 33])
    found = []
    for _ in range(count):
        kind, colour = (str(rng.choice(FACTORS[name])) for name in ("subject", "colour"))
        fixed = {"subject": kind, "colour": colour, "count": "1"}
        scene, other = (sample_scene(rng, size=SIZES[0], fixed=fixed, allow_held_out=True) for _ in range(2))
        found.append(Likeness(scene, render(other)))
    return found


@torch.no_grad()
def nearest_is_own(
    judge: Judge, size: int, picture: Picture, one: Likeness, styles: dict[str, list[Picture]], number: int
) -> bool:
    """Whether of eleven pictures, each painted in another way, the one shown is the likeliest to be painted alike."""
    rng = np.random.default_rng([number, 34])
    others = [name for name in styles if name != one.scene.style]
    chosen = [others[int(i)] for i in rng.permutation(len(others))[: _AMONG - 1]]
    candidates = [one.shown, *(styles[name][int(rng.integers(_EACH))] for name in chosen)]
    scores = judge(judge_input(np.stack([picture, *candidates]), size))["style"].float()
    # The chance that two pictures are painted in the same way, by what the judge thinks of each.
    alike = scores.softmax(1)[1:] @ scores.softmax(1)[0]
    return int(alike.argmax()) == 0
