"""Where other programs keep their models, one file a program: their settings are read with caps, never executed."""

from collections.abc import Callable, Set
from pathlib import Path

from underpaint.models.programs import a1111, comfyui, fooocus, invoke, stability_matrix, swarmui
from underpaint.models.programs.settings import Layout

# SwarmUI's folders look like A1111's where the disk ignores case, and Fooocus' like ComfyUI's: settings decide first.
RECOGNISERS: tuple[Callable[[Path, Set[str]], Layout | None], ...] = (
    swarmui.recognise, fooocus.recognise, a1111.recognise, comfyui.recognise, invoke.recognise,
    stability_matrix.recognise,
)  # fmt: skip
