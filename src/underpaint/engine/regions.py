"""Regions: parts of a picture with words of their own, painted together with all the rest.

The model is asked once more for each region that has a say at a step, about the same latents; what it answers is laid
over what the words for the whole picture say, by the region's share at each place (joint diffusion: Zhang et al. 2023,
Bar-Tal et al. 2023). Guidance and the sampler then see one answer, so regions meet without a seam.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from torch import Tensor

from underpaint.engine.guidance.cfg import together
from underpaint.engine.loop import Answers, Ask
from underpaint.engine.protocols import Attachment, Step


@dataclass(frozen=True, eq=False)
class Region:
    """`words`: what is asked there. `share`: how much of the answer is its own at each latent cell (h x w, 0..1) of a
    run of this size (height, width), None at steps where it has no say; then the model is not asked either. `key`:
    what the region's calls are known by to attachments of the run. `attachments`, such as LoRAs, hang on the model only
    while its words are read and it is asked about them: every other call is, to the bit, the one without them."""

    words: str
    share: Callable[[Step, tuple[int, int]], Tensor | None]
    key: object = field(default_factory=object)
    attachments: tuple[Attachment, ...] = ()


class RegionalAsk:
    """Asks about the whole picture, then about each region, and lays the answers together."""

    def __init__(self, ask: Ask, regions: Sequence[tuple[Region, Ask]]) -> None:
        self._ask, self._regions = ask, tuple(regions)

    def __call__(self, scaled: Tensor, step: Step, negative: bool) -> Answers:
        answers = self._ask(scaled, step, negative)
        cells = (int(scaled.shape[-2]), int(scaled.shape[-1]))
        asked = [(share.to(answers.positives[0]), ask) for region, ask in self._regions
                 if (share := region.share(step, cells)) is not None]
        if not asked:
            return answers
        crowd = sum(share for share, _ in asked)
        assert isinstance(crowd, Tensor)
        whole = together(answers.positives, answers.weights)
        positives = answers.positives
        for share, ask in asked:
            own = share / crowd.clamp_min(1)
            change = own * (ask(scaled, step, False).positives[0] - whole)
            positives = tuple(one + change for one in positives)
        return Answers(positives, answers.weights, answers.negative)
