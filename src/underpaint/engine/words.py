"""Words over the steps of a run: which conditioning holds when."""

from collections.abc import Callable
from dataclasses import dataclass

from underpaint.engine.families.adapter import Conditioning
from underpaint.engine.protocols import Step
from underpaint.prompt import Schedule, Weighted


@dataclass(frozen=True)
class PartOverTime:
    """One part of a prompt: its weight, and its conditionings with the last step (from 1) each holds for."""

    weight: float
    entries: tuple[tuple[int, Conditioning], ...]

    def at(self, number: int) -> Conditioning:
        """The conditioning for the step `number`, counted from 0; the last one holds for ever."""
        for last_step, conditioning in self.entries:
            if number < last_step:
                return conditioning
        return self.entries[-1][1]


@dataclass(frozen=True)
class WordsOverTime:
    """The parts of the prompt, and the negative prompt.

    Steps are counted from the first one that is run, also where a picture is painted over: as AUTOMATIC1111 counts.
    """

    positives: tuple[PartOverTime, ...]
    negative: PartOverTime

    def at(self, step: Step) -> tuple[Conditioning, ...]:
        """What each part says at this step."""
        return tuple(part.at(step.number) for part in self.positives)

    def negative_at(self, step: Step) -> Conditioning:
        """What the negative prompt says at this step."""
        return self.negative.at(step.number)

    @property
    def weights(self) -> tuple[float, ...]:
        """The weights of the parts."""
        return tuple(part.weight for part in self.positives)


def over_time(schedule: Schedule, weight: float, encode: Callable[[Weighted], Conditioning]) -> PartOverTime:
    """Encode a part's words, each distinct wording once."""
    known: dict[Weighted, Conditioning] = {}
    for _, words in schedule:
        if words not in known:
            known[words] = encode(words)
    return PartOverTime(weight, tuple((last_step, known[words]) for last_step, words in schedule))
