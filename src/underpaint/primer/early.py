"""The stage `early`: paint takes, note what was believed on the way and how they ended, and fit what foretells them.

The end is the reviewer's verdict. The judge, which examines both, takes no part.
"""

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from underpaint.engine.protocols import Seen
from underpaint.errors import ModelError, RecipeError
from underpaint.files import atomic_write
from underpaint.models.primer import PRIMER
from underpaint.plan.painter import Painter
from underpaint.primer.quality_stage import area, calibration_error
from underpaint.primer.stagecraft.captions import captions
from underpaint.primer.stagecraft.scene import sample_scene
from underpaint.recipe import CreateRecipe
from underpaint.review.early import LOOKS, Early, features
from underpaint.review.verdict import Asked, Reviewer
from underpaint.review.wording import Wording
from underpaint.training.shards import Shard, complete_shards, missing_numbers

SHIPPED_EARLY = Path(__file__).with_name("early.toml")
Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class EarlyConfig:
    """The numbers of the stage."""

    seed: int
    prompts: int
    takes: int
    per_shard: int
    held: float
    ridge: float
    false_stops: float


def read_early_config(path: Path = SHIPPED_EARLY) -> EarlyConfig:
    """Read a configuration. Raises RecipeError for a key that is missing or unknown."""
    try:
        return EarlyConfig(**tomllib.loads(path.read_text(encoding="utf-8")))
    except TypeError as error:
        raise RecipeError(f"{path.name}: {error}", field="early") from error


class Notebook:
    """An observer that keeps the features of a run at each look."""

    def __init__(self) -> None:
        self.pages: list[NDArray[np.float32]] = []
        self._before: NDArray[np.float32] | None = None
        self.channels = 0

    def __call__(self, seen: Seen) -> None:
        """Note the estimate where it is time to look."""
        if seen.step.call == 0:
            self.pages, self._before = [], None
        if len(self.pages) == len(LOOKS) or seen.step.fraction < LOOKS[len(self.pages)] or seen.step.substep:
            return
        estimate = seen.estimate[0].detach().float().cpu().numpy()
        self.pages.append(features(estimate, self._before))
        self._before, self.channels = estimate, len(estimate)


def prompts_of(config: EarlyConfig) -> list[str]:
    """The prompts, in plain words, from scenes of the World that nobody else draws."""
    rng = np.random.default_rng(config.seed)
    return [captions(sample_scene(rng, allow_held_out=True), rng).list for _ in range(config.prompts)]


def paint_takes(folder: Path, config: EarlyConfig, most: int = 0) -> None:
    """Paint what is missing, a shard of takes at a time (at most `most` shards; 0: all)."""
    prompts, total = prompts_of(config), config.prompts * config.takes
    numbers = list(missing_numbers(folder, -(-total // config.per_shard)))
    if not numbers:
        return
    folder.mkdir(parents=True, exist_ok=True)
    painter, reviewer, wording = Painter(threads=1), Reviewer(), Wording()
    for number in numbers[: most or None]:
        rows, notes = [], []
        for take in range(number * config.per_shard, min(total, (number + 1) * config.per_shard)):
            notebook, prompt = Notebook(), prompts[take // config.takes]
            recipe = CreateRecipe(prompt=prompt, seed=config.seed * 100_000 + take)
            painted = painter.paint(recipe, {}, observers=[notebook])
            measured = wording.measured(painted.picture, prompt, painted.measured)
            verdict, = reviewer.review([Asked(painted.picture, measured)])
            rows.append(np.stack(notebook.pages))
            notes.append({"prompt": take // config.takes, "grade": verdict.grade, "score": round(verdict.score, 4),
                          "channels": notebook.channels, "reason": verdict.reason})
        Shard(folder, number).write({"features": np.stack(rows)}, notes)


def early_stage(work: Path, config: EarlyConfig, target: Path, most: int = 0) -> dict[str, Any]:
    """Paint, fit, write; the facts of the result."""
    folder = work / "early"
    paint_takes(folder, config, most)
    shards = complete_shards(folder, "features")
    if not shards:
        raise ModelError("no takes were painted to fit on", hint="Run the stage longer.")
    numbers = np.concatenate([np.asarray(one.array("features")) for one in shards])
    notes = [note for one in shards for note in one.notes()]
    early, facts = fitted(numbers, notes, config)
    with atomic_write(target / "early.json") as file:
        file.write(json.dumps(early.to_json() | {"facts": facts}).encode())
    return facts


def fitted(
    numbers: NDArray[np.float32], notes: list[dict[str, Any]], config: EarlyConfig
) -> tuple[Early, dict[str, Any]]:
    """Fit a line a look on some prompts, and set the limits on the others.

    A take is good when the reviewer calls it so; where that is fewer than one in ten, its best quarter is.
    """
    scores = np.asarray([note["score"] for note in notes], np.float64)
    good = np.asarray([note["grade"] == "good" for note in notes])
    if good.mean() < 0.1:
        good = scores > np.quantile(scores, 0.75)
    prompts = np.asarray([note["prompt"] for note in notes])
    held = (prompts % 10) < round(10 * config.held)
    if not (good[held].any() and good[~held].any() and (~good[held]).any() and (~good[~held]).any()):
        raise ModelError("too few takes to fit on: good and other ones are needed", hint="Run the stage longer.")
    middle = numbers[~held].mean(axis=0)
    spread = np.maximum(numbers[~held].std(axis=0), 1e-3)
    plain = np.clip((numbers - middle) / spread, -6, 6).astype(np.float64)
    lines = [_line(plain[~held, look], good[~held].astype(np.float64), config.ridge) for look in range(len(LOOKS))]
    chances = np.stack([_chance(plain[:, look] @ line[:-1] + line[-1]) for look, line in enumerate(lines)], axis=1)
    stops = limits(chances[held], good[held], config.false_stops)
    early = Early(PRIMER, int(notes[0]["channels"]), np.stack([line[:-1] for line in lines]).astype(np.float32),
                  np.asarray([line[-1] for line in lines], np.float32), middle, spread, stops)
    return early, _facts(chances[held], good[held], stops)


def limits(chances: Doubles, good: NDArray[np.bool_], false_stops: float) -> tuple[float, ...]:
    """The chances below which to stop, one a look: as high as may be while so few good takes fall below any of them."""
    best = tuple(0.0 for _ in LOOKS)
    for share in np.linspace(0.0, false_stops, 16):
        found = tuple(float(np.quantile(chances[good, look], share)) for look in range(len(LOOKS)))
        stopped = (chances[good] < np.asarray(found)).any(axis=1)
        if stopped.mean() <= false_stops:
            best = found
    return best


def _facts(chances: Doubles, good: NDArray[np.bool_], stops: tuple[float, ...]) -> dict[str, Any]:
    below = chances < np.asarray(stops)
    stopped, first = below.any(axis=1), below.argmax(axis=1)
    cost = np.where(stopped, np.asarray(LOOKS)[first], 1.0)
    everything = 1 / max(float(good.mean()), 1e-6)
    kept = float((good & ~stopped).mean())
    return {"examined": len(good), "base_rate": round(float(good.mean()), 4),
            "auc": [area(chances[:, look], good) for look in range(len(LOOKS))],
            "calibration_error": [calibration_error(chances[:, look], good) for look in range(len(LOOKS))],
            "stopped": round(float(stopped.mean()), 4), "false_stops": round(float(stopped[good].mean()), 4),
            "steps_for_a_good_take": round(float(cost.mean()) / max(kept, 1e-6) / everything, 4)}


def _chance(raw: Doubles) -> Doubles:
    return np.asarray(1 / (1 + np.exp(-np.clip(raw, -30, 30))))


def _line(plain: Doubles, truth: Doubles, ridge: float) -> Doubles:
    """A logistic line with a ridge on all but its offset, by Newton's method."""
    wide = np.concatenate([plain, np.ones((len(plain), 1))], axis=1)
    held = np.append(np.full(plain.shape[1], ridge), 1e-2)
    found = np.zeros(wide.shape[1])
    for _ in range(30):
        chance = _chance(wide @ found)
        slope = wide.T @ (truth - chance) - held * found
        bend = (wide * (chance * (1 - chance))[:, None]).T @ wide + np.diag(held)
        step = np.linalg.solve(bend, slope)
        found = found + step
        if float(np.abs(step).max()) < 1e-6:
            break
    return np.asarray(found)
