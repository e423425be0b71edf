"""Match: a picture takes on the colours of another picture or of a palette; what was lighter stays lighter."""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from underpaint.errors import PlanError
from underpaint.finish.gamut import shown
from underpaint.finish.shape import Made, Operation, colours_of, each_pixel
from underpaint.finish.tone import profile_note
from underpaint.finish.transport import Transport, to_palette, to_picture
from underpaint.imaging.arrays import FloatArray, to_bytes, to_float
from underpaint.imaging.color import srgb_to_oklab
from underpaint.pictures import profiles
from underpaint.pictures.read import Picture
from underpaint.recipe.base import Frozen
from underpaint.recipe.parts import Fraction, Name

_SAMPLES = 60_000


class Match(Frozen):
    """How far to go: `strength` 0 is the picture as it is, 1 wholly the other's colours. `values`: also lightness,
    else only colour. `reference` names what is matched, with the file's SHA-256 where it is one."""

    strength: Fraction = 0.8
    values: bool = True
    reference: Name | None = None
    reference_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None


@dataclass(frozen=True, eq=False)
class Reference:
    """Colours to be matched: n x 3 sRGB, and their shares. `kind` picture: many samples, of which the distribution
    counts; palette: a few swatches, of which each is wanted."""

    colors: FloatArray
    shares: NDArray[np.float64] | None = None
    kind: Literal["picture", "palette"] = "palette"

    @classmethod
    def of_picture(cls, picture: Picture) -> "Reference":
        """The colours of a picture's visible pixels."""
        return cls(_sampled(np.asarray(picture.pixels)), None, "picture")


def match(picture: Picture, asked: Match, reference: Reference) -> Made:
    """The picture in the reference's colours; alpha, depth and profile stay. `found` has the mean lightness before and
    after. Raises PlanError for a reference without colours."""
    if len(reference.colors) == 0:
        raise PlanError("there are no colours to match", hint="Name another picture or palette.", field="reference")
    stored = colours_of(picture.stored, picture.mode)
    own = _sampled(stored[0] if stored[1] is None else np.concatenate([stored[0], stored[1][..., None]], axis=2))
    if len(own) == 0:
        return Made(picture.width, picture.height, picture.stored.shape[2], picture.stored.dtype,
                    each_pixel(picture, lambda color: color, grey=True), notes=("the picture is wholly transparent",))
    source = srgb_to_oklab(own)
    target = srgb_to_oklab(_in_profile(reference.colors, picture))
    plan = to_picture(source, target) if reference.kind == "picture" else to_palette(source, target, reference.shares)

    def change(color: FloatArray) -> FloatArray:
        return matched(color, plan, asked)

    grey = picture.mode in ("L", "LA")
    after = srgb_to_oklab(change(own[:, None]))[..., 0]
    found = {"lightness_before": round(float(source[:, 0].mean()), 4), "lightness_after": round(float(after.mean()), 4)}
    channels = picture.stored.shape[2] + (2 if grey and asked.strength else 0)
    return Made(picture.width, picture.height, channels, picture.stored.dtype,
                each_pixel(picture, change, grey=not asked.strength), found, profile_note(picture))


def matched(color: FloatArray, plan: Transport, asked: Match) -> FloatArray:
    """sRGB h x w x 3 after the transport, as far as `strength` goes."""
    if asked.strength == 0:
        return color
    lab = srgb_to_oklab(color)
    moved = plan(lab)
    if not asked.values:
        moved = np.concatenate([lab[..., :1], moved[..., 1:]], axis=-1)
    strength = np.float32(asked.strength)
    return shown(lab + strength * (moved - lab))


def _in_profile(colors: FloatArray, picture: Picture) -> FloatArray:
    """sRGB colours as the picture's own profile numbers them."""
    if picture.icc is None or picture.mode in ("L", "LA"):
        return colors
    own = profiles.from_srgb(to_bytes(colors[None]), picture.icc, 3)
    return colors if own is None else to_float(own)[0]


def _sampled(pixels: FloatArray) -> FloatArray:
    """At most about _SAMPLES visible colours of H x W x 3 or 4, evenly from everywhere."""
    step = max(1, int(np.ceil((pixels.shape[0] * pixels.shape[1] / _SAMPLES) ** 0.5)))
    some = pixels[::step, ::step].reshape(-1, pixels.shape[2])
    some = some[some[:, 3] > 0.5] if pixels.shape[2] == 4 else some
    return np.ascontiguousarray(some[:, :3])


OPERATION = Operation("match", "matched", "gives a picture the colours of another one or of a palette", Match, match)
