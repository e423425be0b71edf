"""The metadata of other programs, one file each, tried in order. A new program is a new file and a line here."""

from collections.abc import Callable

from underpaint.pictures.found import Found
from underpaint.pictures.programs import (
    a1111,
    c2pa,
    civitai,
    comfyui,
    diffusers_spaces,
    draw_things,
    easy_diffusion,
    fooocus,
    imaginairy,
    invokeai,
    mflux,
    novelai,
    stability_matrix,
    swarmui,
    tensorart,
    underpaint,
)
from underpaint.pictures.reading import Reading

Reader = Callable[[Found], Reading | None]

READERS: tuple[Reader, ...] = (
    underpaint.read, novelai.read, invokeai.read, fooocus.read, swarmui.read, stability_matrix.read, tensorart.read,
    draw_things.read, mflux.read, imaginairy.read, diffusers_spaces.read, easy_diffusion.read, civitai.read, a1111.read,
    comfyui.read, a1111.read_words,
)  # fmt: skip
"""Our own first; then those whose marks cannot be mistaken; the loosest last."""

MARKS: tuple[Reader, ...] = (c2pa.read,)
"""What says no more than that a picture was generated: asked when no text says more, before the pixels."""
