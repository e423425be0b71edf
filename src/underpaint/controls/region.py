"""Region: a part of the picture with words of its own, painted together with the rest."""

from collections.abc import Callable
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from underpaint.controls.ground import Ground
from underpaint.controls.region_check import check_region
from underpaint.controls.shape import Check, Description, Extracted, Files, Given, Steering, Tools
from underpaint.controls.spec import ControlSpec
from underpaint.errors import PictureError, RecipeError
from underpaint.imaging.arrays import FloatArray, to_bytes
from underpaint.imaging.blend import flatten
from underpaint.imaging.color import lightness, srgb_to_oklab
from underpaint.imaging.resize import resize
from underpaint.pictures.encode import Encoding, encode
from underpaint.recipe import Blob, RegionControl

if TYPE_CHECKING:
    from torch import Tensor

    from underpaint.engine.protocols import Step

HALVES = {"left": (slice(None), slice(0, 32)), "right": (slice(None), slice(32, 64)),
          "top": (slice(0, 32), slice(None)), "bottom": (slice(32, 64), slice(None)),
          "middle": (slice(None), slice(20, 44))}
"""Rows and columns, of 64, of the masks that a word makes."""


class Region:
    """Words for a part of the picture."""

    description = Description(
        name="region", says="a part of the picture with words of its own",
        given="a mask or a layer (white, or what is not transparent, lies in it) and words: "
              f"region=coat.png+words=a red coat; or a half: {', '.join(HALVES)}",
        steers="attention is led there on UNets; on every model the words are asked for there besides (+joint=0.5: how "
               "much), in one picture, so that regions meet without a seam",
        checks="whether what its words name lies inside rather than outside, and whether its border shows",
        families="every one; SD 1.x, SD 2.x, SDXL and the Primer also lead their attention",
        cost="one more call of the model a step for each region; none with +joint=0", extracts=("subject",),
        options=("words", "joint", "soft", "with-words", "resize", "curve"))
    measured_as = "region"

    def read(self, spec: ControlSpec, files: Files) -> Given:
        spec.expects("words", "joint", "soft", "with-words", "resize")
        words = spec.options.get("words", "").strip()
        if not spec.source or not words:
            raise RecipeError("which part of the picture?" if not spec.source else "a region needs words of its own",
                              hint="Write region=mask.png+words=a red coat.", field="control region")
        fields: dict[str, Any] = {**spec.fields, **spec.resizing(), "words": words}
        fields |= {name: value for name in ("joint", "soft") if (value := spec.number(name)) is not None}
        if "with-words" in spec.options:
            fields["with_words"] = spec.flag("with-words")
        if spec.source in HALVES and not Path(spec.source).is_file():
            data = _half(spec.source)
            blob = Blob(sha256=sha256(data).hexdigest(), name=f"{spec.source}.png")
            return Given(RegionControl(mask=blob, **{"resize": "stretch", **fields}), {blob.sha256: data})
        kept = files.picture(Path(spec.source))
        return Given(RegionControl(mask=kept.blob, **fields), {kept.blob.sha256: kept.data}, kept.notes)

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

        mask = mask_on(control, ground)
        led = (RegionAttention(control.words, mask, control.strength_at),) if tools.attends else ()
        if control.joint == 0 and led:
            return Steering(attachments=led)
        said = f"{control.words}, {tools.prompt}" if control.with_words and tools.prompt.strip() else control.words
        joint = control.joint if led else max(control.joint, 0.5)  # where attention cannot be led, this is all there is
        return Steering(attachments=led, regions=(Part(said, partial(_share, _sized(mask), control, joint)),))

    def check(self, picture: FloatArray, control: RegionControl, ground: Ground) -> Check | None:
        found = check_region(picture, mask_on(control, ground), control, ground)
        measured: dict[str, Any] = {"border": round(found.border, 4)}
        if found.inside is not None and found.outside is not None:
            measured |= {"inside": round(found.inside, 4), "outside": round(found.outside, 4), "leaked": found.leaked}
        return Check(found.score, measured, found.sentence(), found.overlay)


def mask_on(control: RegionControl, ground: Ground) -> FloatArray:
    """The region (H x W, 0..1) on the canvas of a pass, its border soft. Raises PictureError for an empty one."""
    sheet = mask_of(np.asarray(ground.pixels(control.mask)))
    if not sheet.any():
        raise PictureError("the region is empty", hint="White, or what is painted on a layer, lies in it.",
                           field="control region")
    mask = ground.lay_map(sheet, control.resize, resize)
    sigma = control.soft * min(ground.whole.shape) / 2
    soft = cv2.GaussianBlur(mask, (0, 0), sigma) if sigma > 0.3 else mask
    return np.ascontiguousarray(np.clip(soft, 0, 1), dtype=np.float32)


def mask_of(layer: FloatArray) -> FloatArray:
    """A mask out of a picture: how opaque it is, where anything is transparent, else how bright."""
    if layer.ndim == 3 and layer.shape[2] == 4 and float(layer[..., 3].min()) < 1:
        return np.ascontiguousarray(layer[..., 3])
    return np.ascontiguousarray(flatten(layer)[..., :3].mean(-1) if layer.ndim == 3 else layer, dtype=np.float32)


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
