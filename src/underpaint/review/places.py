"""Where the reviewer's own networks lie."""

from pathlib import Path

QUALITY, EARLY = "quality", "early"


def review_folder(name: str) -> Path:
    """The folder of one of the reviewer's networks, shipped inside the package."""
    return Path(__file__).resolve().parents[1] / "weights" / "review" / name
