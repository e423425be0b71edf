"""The fields of an infotext as png-info answers them, with what A1111 fills in."""

from typing import Any

from underpaint.pictures.infotext import parse_infotext

_USUAL = {"Clip skip": "1", "RNG": "GPU", "Schedule type": "Automatic", "Hires prompt": "", "Hires negative prompt": "",
          "Mask mode": "Inpaint masked", "Masked content": "original", "Inpaint area": "Whole picture",
          "Masked area padding": "32", "Hires sampler": "Use same sampler", "Hires schedule type": "Use same scheduler",
          "Hires checkpoint": "Use same checkpoint"}


def parameters_of(info: str) -> dict[str, Any]:
    """Prompt, negative prompt and every field; those that A1111 takes for granted where the text has fields."""
    found = parse_infotext(info)
    told: dict[str, Any] = {"Prompt": found.prompt, "Negative prompt": found.negative_prompt, **found.fields}
    return {**_USUAL, **told} if found.fields else told
