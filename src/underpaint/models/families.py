"""The families Underpaint can paint with, as a table of facts; a description starts from its row."""

from dataclasses import dataclass

from underpaint.models.description import Family, Prediction

_WORDS = frozenset({"negative_prompt", "lora"})


@dataclass(frozen=True)
class FamilyFacts:
    """What all models of one family have in common. Sizes in pixels; `side` is that of the native square."""

    side: int
    size_step: int
    latent_channels: int
    steps: int
    guidance: float
    sampler: str
    schedule: str | None
    prediction: Prediction | None
    supports: frozenset[str]


FAMILIES: dict[Family, FamilyFacts] = {
    "sd": FamilyFacts(512, 8, 4, 25, 7.0, "DPM++ 2M", "karras", "epsilon", _WORDS | {"clip_skip", "embedding"}),
    # Nothing in an SD 2 file tells noise from velocity prediction, so the row decides neither.
    "sd2": FamilyFacts(768, 8, 4, 25, 7.0, "DPM++ 2M", "karras", None, _WORDS | {"clip_skip", "embedding"}),
    "sdxl": FamilyFacts(
        1024,
        8,
        4,
        30,
        6.0,
        "DPM++ 2M",
        "karras",
        "epsilon",
        _WORDS | {"clip_skip", "embedding", "size_conditioning"},
    ),
    "sd3": FamilyFacts(1024, 16, 16, 28, 5.0, "Euler", None, "flow", _WORDS),
    "flux": FamilyFacts(1024, 16, 16, 28, 3.5, "Euler", None, "flow", frozenset({"lora", "embedded_guidance"})),
}
CONTEXT_FAMILIES: dict[int, Family] = {768: "sd", 1024: "sd2", 2048: "sdxl"}
