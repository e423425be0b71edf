"""Pictures, recipes and records that the tests of this room are made of."""

import hashlib
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from underpaint.pictures import Record
from underpaint.recipe import Blob, CreateRecipe, FillRecipe, LineControl, LoraRef, ModelRef, Recipe, RefineRecipe

SUFFIXES = ("png", "jpg", "webp")


def ramp(height: int = 24, width: int = 30, channels: int = 3, dtype: type = np.uint8) -> NDArray[Any]:
    """Integers that use the whole range, another pattern in each channel, full alpha range included."""
    top = np.iinfo(dtype).max
    rng = np.random.default_rng(height * 1000 + width * 10 + channels)
    return rng.integers(0, top, (height, width, channels), dtype=dtype, endpoint=True)


def saved(image: Image.Image, form: str, **options: Any) -> bytes:
    """The bytes of a picture as Pillow writes it."""
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def rgb_image(height: int = 24, width: int = 30) -> Image.Image:
    return Image.fromarray(ramp(height, width))


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


DRAWING = saved(rgb_image(8, 8), "PNG")
PHOTO = saved(rgb_image(12, 9), "JPEG")
MASK = saved(Image.new("L", (9, 12), 255), "PNG")
BLOBS = {sha(data): data for data in (DRAWING, PHOTO, MASK)}
LINES = LineControl(drawing=Blob(sha256=sha(DRAWING), name="lines.png"))
PLAN = {
    "schema": 1, "task": "create", "seed": 7, "sampler": "dpmpp_2m", "schedule": "karras", "guidance_scale": 6.5,
    "width": 640, "height": 512, "passes": [{"width": 640, "height": 512, "steps": 22}],
    "model": {"name": "primer", "hash": "ab" * 32}, "family": "sd",
}  # fmt: skip


def recipes() -> dict[str, Recipe]:
    """One of each task, and one with everything that an infotext can tell."""
    photo, mask = Blob(sha256=sha(PHOTO), name="photo.jpg"), Blob(sha256=sha(MASK))
    full = CreateRecipe(
        prompt="a girl with a sword, ((storm)) テスト\nsecond line", negative_prompt="blur: heavy, low",
        seed=2**63, width=512, height=768, model=ModelRef(name="fine, model: v1", hash="cd" * 32), clip_skip=2,
        loras=(LoraRef(name="inks", weight=0.8, hash="0123456789ab"),), controls=(LINES,),
    )  # fmt: skip
    return {
        "create": CreateRecipe(prompt="a cat", seed=1),
        "full": full,
        "refine": RefineRecipe(prompt="a cat", picture=photo, strength=0.5),
        "fill": FillRecipe(prompt="a hat", picture=photo, mask=mask),
    }


def record(recipe: Recipe) -> Record:
    return Record(recipe, PLAN, BLOBS)


def swapped_profile() -> bytes:
    """A valid RGB profile far from sRGB: red and green change places (Pillow's own sRGB, its columns swapped)."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for place in range(132, 132 + 12 * int.from_bytes(profile[128:132], "big"), 12):
        tag = bytes(profile[place : place + 4])
        profile[place : place + 4] = {b"rXYZ": b"gXYZ", b"gXYZ": b"rXYZ"}.get(tag, tag)
    return bytes(profile)
