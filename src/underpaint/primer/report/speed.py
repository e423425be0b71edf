"""How long a picture takes and how much memory painting needs, measured in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from underpaint.errors import ModelError
from underpaint.primer.few_steps import LORA_FILE
from underpaint.primer.report.desk import Desk
from underpaint.primer.report.rows import Row, interval, missing
from underpaint.primer.report.words import UNTRAINED
from underpaint.primer.stages import export_stage

_TIME, _MEMORY = "one 256x256 picture on two cores, warm (s)", "memory of the process (GB)"
_MOST, _MOST_FEW, _MOST_MEMORY = 2.5, 0.6, 1.5


def speed_part(desk: Desk) -> list[Row]:
    """Seconds and memory of the program's own painter, with the workshop's weights as they would be shipped."""
    settings, rounds = desk.settings, desk.settings.rounds
    if not rounds:
        return [missing(name, f"at most {most:g}", "not asked for")
                for name, most in ((_TIME, _MOST), (_MEMORY, _MOST_MEMORY))]  # fmt: skip
    folder = desk.folder / f"primer-{desk.hand.mark}"
    if not (folder / "model_index.json").is_file():
        export_stage(desk.shop, folder)
    found = measured([str(folder), str(settings.steps), str(rounds)])
    memory = found["bytes"] / 1e9
    rows = [timed(found["seconds"], _MOST),
            Row(_MEMORY, memory, None, None, 1, None, f"at most {_MOST_MEMORY:g}", memory <= _MOST_MEMORY)]  # fmt: skip
    if desk.few is None:
        return [*rows, missing(_TIME, f"at most {_MOST_FEW:g}", UNTRAINED).by_few()]
    lora: Path = desk.shop.folder / "few-steps" / LORA_FILE
    few = measured([str(folder), str(settings.few_steps), str(rounds), str(lora)])
    return [*rows, timed(few["seconds"], _MOST_FEW).by_few()]


def timed(seconds: list[float], most: float) -> Row:
    """The mean of the times."""
    value = float(np.mean(seconds))
    return Row(_TIME, value, *interval(seconds), len(seconds), None, f"at most {most:g}", value <= most)


def measured(arguments: list[str]) -> dict[str, Any]:
    """What the stopwatch says in a fresh process.

    Raises:
        ModelError: it could not paint; says why, and how to see more.
    """
    said = ["-m", "underpaint.primer.report.stopwatch", *arguments]
    done = subprocess.run([sys.executable, *said], capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise ModelError(f"timing the model failed: {last}", hint=f"Run it by hand: python {' '.join(said)}.")
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found
