"""The plainest way to paint what is seen: local colour in its light, nothing more. For looking, and as a first coat."""

import numpy as np

from underpaint.primer.stagecraft.seen import Floats, Seen


def shade(seen: Seen) -> Floats:
    """H x W x 3 float32 sRGB 0..1 at the arrays' size."""
    light = seen.light
    key, ambient = np.float32(light.colour), np.float32(light.ambient)
    open_ = 0.35 + 0.65 * seen.occlusion
    received = ambient * open_[..., None] + key * seen.lit[..., None]
    glow = seen.each(np.float32([p.glow for p in seen.parts]))[..., None]
    heavens = seen.where("sky")[..., None]
    colour = np.where(
        heavens & (glow == 0),
        seen.albedo * np.where(seen.part[..., None] == 0, 1, 0.25 + 0.75 * received),
        seen.albedo * received,
    )
    colour = colour + (seen.albedo - colour) * glow
    haze = seen.haze[..., None] * ~heavens
    colour = colour + (np.float32(light.haze) - colour) * haze
    return np.asarray(np.clip(colour, 0, 1), np.float32)


def reduced(picture: Floats, scale: int) -> Floats:
    """A picture averaged down by a whole number."""
    height, width = picture.shape[0] // scale, picture.shape[1] // scale
    cut = picture[: height * scale, : width * scale]
    return np.asarray(cut.reshape(height, scale, width, scale, -1).mean((1, 3)), np.float32).reshape(
        height, width, *picture.shape[2:]
    )
