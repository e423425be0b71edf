"""Where the built-in model lies."""

from pathlib import Path

PRIMER = "primer"


def primer_folder() -> Path:
    """The folder of the Primer, a diffusers folder shipped inside the package."""
    return Path(__file__).resolve().parents[1] / "weights" / PRIMER
