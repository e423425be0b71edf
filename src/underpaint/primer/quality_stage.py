"""The stage `quality`: render pairs, train the reviewer's network, calibrate it on pictures held back, and ship it."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.torch import save

from underpaint.errors import ModelError
from underpaint.files import atomic_write
from underpaint.primer.export import count_parameters
from underpaint.primer.quality import (
    QualityConfig,
    Samples,
    examined,
    shards_of,
    train_quality,
)
from underpaint.primer.quality_pictures import PairJob, render_pairs
from underpaint.review.quality import SCHEMA, Calibration, logistic
from underpaint.review.quality_net import GRADES, NET_FAULTS, QualityNet
from underpaint.training.shards import complete_shards

_EXAMINED = 480
_LEAST_RIGHT = 0.7
"""A fault is said only where at least this share of what is said is true."""
_BINS = 10
Floats = NDArray[np.float32]


def quality_stage(work: Path, config: QualityConfig, target: Path, pictures: str = "pictures") -> dict[str, Any] | None:
    """Everything, each part going on where it was cut off; the facts of the result, None when asked to stop early.

    `pictures` names the folder of the Primer's own right pictures within `work`, of which some are held back too.
    """
    folder = work / "quality"
    render_pairs(PairJob(folder / "pairs", config.shards, config.per_shard, config.seed))
    pairs, held = shards_of(folder / "pairs", config)
    if not held:
        raise ModelError("there are too few pairs to hold some back", hint="Raise `shards` in quality.toml.")
    whole = complete_shards(work / pictures, "subject")
    split = len(whole) - max(1, len(whole) // 10) if whole else 0
    net, done = train_quality(pairs, whole[:split], config, folder / "net")
    if not done:
        return None
    samples = Samples(held, whole[split:], config)
    calibration = calibrated(*examined(net, samples, _EXAMINED, config.seed + 1))
    facts = facts_of(calibration, examined(net, samples, _EXAMINED, config.seed + 2))
    write_quality(net, calibration, facts | {"steps": config.steps, "pairs": len(pairs) * config.per_shard}, target)
    return facts


def calibrated(grades: Floats, faults: Floats, drawn: list[Any]) -> Calibration:
    """A logistic line and a least chance for each fault, then what makes the chance of good, all by likelihood."""
    truth = np.asarray([one.grade for one in drawn])
    slope, offset, least = {}, {}, {}
    for number, name in enumerate(NET_FAULTS):
        named = np.asarray([one.fault == number for one in drawn])
        line = _line(faults[:, number, None], named)
        slope[name], offset[name] = max(float(line[0]), 0.0), float(line[1])
        least[name] = _least(logistic(slope[name] * faults[:, number] + offset[name]), named)
    wrong = truth > 0
    split = _line((grades[wrong, 1] - grades[wrong, 2])[:, None], truth[wrong] == 1)
    first = Calibration(1 / max(float(split[0]), 0.05), (1.0, 1.0, 0.0), slope, offset, least)
    margin, clean, bias = (float(one) for one in _line(first.evidence(grades, faults), truth == 0))
    return replace(first, good=(max(margin, 0.0), max(clean, 0.0), bias))


def _line(numbers: NDArray[Any], truth: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Platt's line through one or more numbers, by Newton's method with a trace of ridge; its offset comes last."""
    wide = np.concatenate([numbers, np.ones((len(numbers), 1))], axis=1).astype(np.float64)
    found = np.zeros(wide.shape[1])
    for _ in range(40):
        chance = logistic(wide @ found)
        slope = wide.T @ (truth - chance) - 0.05 * found
        bend = (wide * (chance * (1 - chance))[:, None]).T @ wide + 0.05 * np.eye(len(found))
        found = found + np.linalg.solve(bend, slope)
    return found


def _least(chance: Floats, named: NDArray[np.bool_]) -> float:
    """The lowest chance from which on enough of what is said is true; above 1, never, where there is none."""
    order = np.argsort(-chance)
    right = np.cumsum(named[order]) / np.arange(1, len(order) + 1)
    enough = np.flatnonzero((right >= _LEAST_RIGHT) & (np.arange(len(order)) >= 4))
    return max(float(chance[order[enough[-1]]]), 0.25) if len(enough) else 1.01


def facts_of(calibration: Calibration, seen: tuple[Floats, Floats, list[Any]]) -> dict[str, Any]:
    """How well it does on pictures that neither training nor calibration saw."""
    grades, faults, drawn = seen
    truth = np.asarray([one.grade for one in drawn])
    chances = calibration.grades(grades, faults)
    found: dict[str, Any] = {"examined": len(drawn), "base_rate": _round((truth == 0).mean()),
                             "good_auc": area(chances[:, 0], truth == 0),
                             "weak_auc": area(chances[:, 2], truth == 2),
                             "right": _round((chances.argmax(axis=1) == truth).mean()),
                             "calibration_error": calibration_error(chances[:, 0], truth == 0)}
    named = np.asarray([-1 if one.fault is None else one.fault for one in drawn])
    found["fault_auc"] = {name: area(faults[:, number], named == number) for number, name in enumerate(NET_FAULTS)}
    told, spoilt = calibration.faults(faults), named >= 0
    found["reason_right"] = _round((told[spoilt].argmax(axis=1) == named[spoilt]).mean())
    return found


def area(score: Floats, positive: NDArray[np.bool_]) -> float | None:
    """The area under the ROC curve; None where there is but one kind."""
    yes, no = score[positive], score[~positive]
    if not len(yes) or not len(no):
        return None
    return _round((yes[:, None] > no[None]).mean() + 0.5 * (yes[:, None] == no[None]).mean())


def calibration_error(chance: Floats, truth: NDArray[np.bool_]) -> float:
    """How far chances lie from how often it was so, over ten bins of equal width, by their weight."""
    bins = np.minimum((chance * _BINS).astype(int), _BINS - 1)
    parts = [(bins == one) for one in range(_BINS) if (bins == one).any()]
    return _round(sum(part.mean() * abs(chance[part].mean() - truth[part].mean()) for part in parts))


def _round(value: Any) -> float:
    return round(float(value), 4)


def write_quality(net: QualityNet, calibration: Calibration, facts: dict[str, Any], target: Path) -> None:
    """Write weights in half precision, their configuration and a card."""
    half = {name: value.half() if value.is_floating_point() else value for name, value in net.state_dict().items()}
    config = {"schema": SCHEMA, "grades": list(GRADES), "faults": list(NET_FAULTS),
              "parameters": count_parameters(net), "calibration": calibration.to_json(), "facts": facts}
    with atomic_write(target / "model.safetensors") as file:
        file.write(save({name: value.contiguous() for name, value in half.items()}))
    with atomic_write(target / "config.json") as file:
        file.write((json.dumps(config, indent=1) + "\n").encode())
    with atomic_write(target / "README.md") as file:
        file.write(_CARD.format(parameters=config["parameters"], **_plain(facts)).encode())


def _plain(facts: dict[str, Any]) -> dict[str, Any]:
    faults = "\n".join(f"| {name} | {'' if value is None else value} |" for name, value in facts["fault_auc"].items())
    return {name: value for name, value in facts.items() if name != "fault_auc"} | {"faults": faults}


_CARD = """# The reviewer's network

Grades the craft of a picture as good, fair or weak, names a fault and where it is. {parameters:,} parameters, half
precision. It is no judge of taste, and of nothing but pictures like those that it learned from is anything measured.

It learned from right pictures of the World, which code in this repository painted, and from wrong ones: parts missing,
doubled or malformed, and faults laid on (seams, bands, speckle, softness, scribbled signatures, subjects cut off).
No person, no judge and no other model labelled anything. Configuration: `src/underpaint/primer/quality.toml`.
{steps} steps, {pairs} rendered pairs, and right pictures that the Primer learned from too.

On {examined} pictures held back, of which {base_rate:.0%} are good: area under the ROC curve for good {good_auc}, for
weak {weak_auc}; class right {right:.0%}; calibration error {calibration_error}; fault of a spoilt picture named
{reason_right:.0%}.

| fault | area under the curve |
|---|---|
{faults}
"""
