"""Region: a part of the picture with words, LoRAs and controls of its own, painted together with the rest."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from underpaint.controls.adapting import map_kinds, needs_adapter
from underpaint.controls.ground import Ground
from underpaint.controls.region_check import check_region
from underpaint.controls.region_inside import Inside, Shapes, plain_words
from underpaint.controls.region_place import mask_on
from underpaint.controls.shape import Check, Description, Extracted, Files, Given, Steering, Tools
from underpaint.controls.spec import ControlSpec
from underpaint.errors import PictureError, RecipeError
from underpaint.imaging.arrays import FloatArray, to_bytes
from underpaint.imaging.color import lightness, srgb_to_oklab
from underpaint.pictures.encode import Encoding, encode
from underpaint.recipe import Blob, LoraRef, RegionControl

if TYPE_CHECKING:
    from torch import Tensor

    from underpaint.engine.protocols import Step

HALVES = {"left": (slice(None), slice(0, 32)), "right": (slice(None), slice(32, 64)),
          "top": (slice(0, 32), slice(None)), "bottom": (slice(32, 64), slice(None)),
          "middle": (slice(None), slice(20, 44))}
"""Rows and columns, of 64, of the masks that a word makes."""
ALONE = 0.8
"""How much is asked for by a region's words alone, unless told otherwise, where it has LoRAs or maps for adapters: they
act in that call only."""
_LORA = re.compile(r"(?P<name>.+?)(?:[:=](?P<weight>-?\d*\.?\d+))?")


class Region:
    """Words, LoRAs and controls for a part of the picture. `others` gives the controls that may lie in it, by name."""

    description = Description(
        name="region", says="a part of the picture with words, LoRAs and controls of its own",
        given="a mask or a layer (white, or what is not transparent, lies in it) and words: "
              f"region=coat.png+words=a red coat; or a half: {', '.join(HALVES)}; LoRAs: +lora=inks:0.8; any other "
              "control but a nudge goes into it by the name of its mask: palette=warm.ase+in=coat (+name=coat on the "
              "region names it otherwise)",
        steers="attention is led there on UNets; on every model the words are asked for there besides (+joint=0.5: how "
               f"much; {ALONE:g} with a LoRA or an adapter), in one picture, so that regions meet without a seam; its "
               "LoRAs and adapters act in that call alone, its other controls on that part of the estimate, after "
               "those of the whole picture",
        checks="whether what its words name lies inside rather than outside, and whether its border shows; its "
               "controls each in its place",
        families="every one; SD 1.x, SD 2.x, SDXL and the Primer also lead their attention",
        cost="one more call of the model a step for each region with words, LoRAs or adapters; none "
             "with +joint=0",
        extracts=("subject",),
        options=("words", "lora", "name", "joint", "soft", "with-words", "resize", "curve"))
    measured_as = "region"

    def __init__(self, others: Callable[[], Shapes] = dict) -> None:
        self._others = others

    def read(self, spec: ControlSpec, files: Files) -> Given:
        spec.expects("words", "lora", "name", "joint", "soft", "with-words", "resize")
        words = spec.options.get("words", "").strip()
        if not spec.source or not (words or spec.loras or spec.inside):
            raise RecipeError("which part of the picture?" if not spec.source else
                              "a region needs words of its own, LoRAs or controls",
                              hint="Write region=mask.png+words=a red coat.", field="control region")
        loras = _loras(spec.loras)
        fields: dict[str, Any] = {**spec.fields, **spec.resizing(), "words": words, "loras": loras,
                                  "controls": tuple(one.control for one in spec.inside)}
        alone = loras or "<lora:" in words or any(map_kinds(one) or needs_adapter(one) for one in fields["controls"])
        fields |= {"joint": ALONE} if alone else {}
        fields |= {name: value for name in ("joint", "soft") if (value := spec.number(name)) is not None}
        if "with-words" in spec.options:
            fields["with_words"] = spec.flag("with-words")
        if spec.source in HALVES and not Path(spec.source).is_file():
            data = _half(spec.source)
            mask, notes = Blob(sha256=sha256(data).hexdigest(), name=f"{spec.source}.png"), tuple[str, ...]()
            fields.setdefault("resize", "stretch")
        else:
            kept = files.picture(Path(spec.source))
            mask, data, notes = kept.blob, kept.data, kept.notes
        if "name" in spec.options:
            mask = mask.changed(name=f"{region_name(spec)}{Path(mask.name).suffix}")
        blobs = {name: held for one in spec.inside for name, held in one.blobs.items()}
        return Given(RegionControl(mask=mask, **fields), blobs | {mask.sha256: data},
                     (*notes, *(note for one in spec.inside for note in one.notes)))

    def extract(self, picture: FloatArray, how: str, suffix: str | None = None) -> Extracted:
        inside = _standing_out(picture)
        share = float(inside.mean())
        if not 0.01 < share < 0.95:
            raise PictureError("nothing stands out in this picture", hint="Draw the mask yourself: white lies in it.")
        return Extracted(encode("PNG", to_bytes(inside)[..., None], None, Encoding(), True), ".png",
                         f"what stands out takes {share:.0%} of the picture", {"share": round(share, 4)})

    def steer(self, control: RegionControl, ground: Ground, tools: Tools) -> Steering:
        from underpaint.engine.attachments.region_attention import RegionAttention  # needs torch
        from underpaint.engine.regions import Region as Part

        mask, words, key = mask_on(control, ground), plain_words(control), object()
        led = (RegionAttention(words, mask, control.strength_at),) if tools.attends and words else ()
        least = 0.5 if words and not led else 0.0  # where attention cannot be led, this is all that words have
        joint = max(control.joint, least)
        tools = tools if joint else tools.on_the_estimate()
        own = Inside(control, mask, ground, key).steer(self._others(), replace(tools, prompt=words or tools.prompt))
        loras = tools.loras(control) if tools.loras is not None else ()
        parts: tuple[Part, ...] = ()
        if joint and (words or loras or own.attachments):
            share = partial(_share, _sized(mask), control, joint)
            parts = (Part(_said(words, control, tools.prompt), share, key, loras),)
        return Steering((*led, *own.attachments), own.edits, own.settles, own.bends, parts)

    def check(self, picture: FloatArray, control: RegionControl, ground: Ground) -> Check | None:
        found = check_region(picture, mask_on(control, ground), control, ground)
        measured: dict[str, Any] = {"border": round(found.border, 4)}
        if found.inside is not None and found.outside is not None:
            measured |= {"inside": round(found.inside, 4), "outside": round(found.outside, 4), "leaked": found.leaked}
        return Check(found.score, measured, found.sentence(), found.overlay)


def region_name(spec: ControlSpec) -> str:
    """What a region is called by controls that go into it: what `+name=` says, else the name of its mask's file."""
    return spec.options.get("name") or Path(spec.source).stem


def _loras(texts: Sequence[str]) -> tuple[LoraRef, ...]:
    """`inks:0.8` as a LoRA and its weight; the weight may be left out."""
    found = []
    for text in texts:
        match = _LORA.fullmatch(text)
        assert match is not None  # texts are not empty
        found.append(LoraRef(name=match["name"], weight=float(match["weight"] or 1)))
    return tuple(found)


def _said(words: str, control: RegionControl, prompt: str) -> str:
    """What is asked for in the region: its own words and those for the whole picture."""
    if not words:
        return prompt
    return f"{words}, {prompt}" if control.with_words and prompt.strip() else words


def _sized(mask: FloatArray) -> "Callable[[tuple[int, int]], Tensor]":
    """The mask on latent cells."""
    import torch
    from torch.nn.functional import interpolate

    whole = torch.from_numpy(mask)[None, None]
    return lambda cells: interpolate(whole, cells, mode="area")[0, 0]


def _share(sized: "Callable[[tuple[int, int]], Tensor]", control: RegionControl, joint: float, step: "Step",
           cells: tuple[int, int]) -> "Tensor | None":
    strength = control.strength_at(step.fraction) * joint
    return sized(cells) * min(strength, 1.0) if strength > 0 else None


def _half(name: str) -> bytes:
    mask = np.zeros((64, 64), np.uint8)
    mask[HALVES[name]] = 255
    return encode("PNG", mask[..., None], None, Encoding(), True)


def _standing_out(picture: FloatArray) -> FloatArray:
    """What differs in colour from the picture's rim, in one piece without holes."""
    lab = cv2.GaussianBlur(srgb_to_oklab(picture[..., :3]), (0, 0), max(1.0, min(picture.shape[:2]) / 128))
    rim = max(2, min(picture.shape[:2]) // 24)
    edge = np.concatenate([lab[:rim].reshape(-1, 3), lab[-rim:].reshape(-1, 3), lab[:, :rim].reshape(-1, 3),
                           lab[:, -rim:].reshape(-1, 3)])
    centres = edge[np.random.default_rng(0).choice(len(edge), min(len(edge), 64), replace=False)]
    away = np.min([np.square(lab - one).sum(-1) for one in centres], axis=0)
    values = to_bytes(np.clip(np.sqrt(away) / 0.25, 0, 1))
    level, _ = cv2.threshold(values, 0, 255, cv2.THRESH_OTSU)
    found = (values > max(level, 40)).astype(np.uint8)
    size = 2 * rim // 2 + 1
    found = cv2.morphologyEx(found, cv2.MORPH_CLOSE, np.ones((size, size), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(found)
    if count < 2 or float(lightness(picture).std()) == 0:
        return np.zeros(picture.shape[:2], np.float32)
    return np.asarray(labels == 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax()), dtype=np.float32)
