"""How much a picture file from a stranger may ask of this machine."""

from dataclasses import dataclass

from underpaint.errors import PictureError


@dataclass(frozen=True)
class Limits:
    """Caps that are checked before anything is decoded or inflated.

    `file_bytes` for the file, `pixels` for width x height, `side` for either side, `text_bytes` for one inflated
    text, `all_text_bytes` for all of them, `profile_bytes` for a colour profile, `blob_bytes` for what a recipe
    keeps in the file.
    """

    file_bytes: int = 1 << 30
    pixels: int = 160_000_000
    side: int = 32_768
    text_bytes: int = 8 << 20
    all_text_bytes: int = 32 << 20
    profile_bytes: int = 16 << 20
    blob_bytes: int = 48 << 20

    def check_size(self, width: int, height: int, where: str) -> None:
        """Raise PictureError for a picture without pixels or with more than these limits allow."""
        if width < 1 or height < 1:
            raise PictureError(f"{where} has no pixels ({width} x {height})", hint="Save it again from its program.")
        if width > self.side or height > self.side or width * height > self.pixels:
            raise PictureError(
                f"{where} is too large: {width:,} x {height:,} pixels",
                hint=f"The limit is {self.side:,} pixels a side and {self.pixels // 1_000_000} megapixels in all: "
                "make it smaller first.",
            )


LIMITS = Limits()
