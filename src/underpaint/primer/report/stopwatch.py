"""Paint one picture several times with the program's own painter, on two cores, and say how long each took.

    python -m underpaint.primer.report.stopwatch FOLDER 20 5 [LORA]

paints FOLDER's model in 20 steps, once to warm up and five times more, and prints JSON: `seconds` of each of the five,
and `bytes`, the most memory that the process ever held. A LoRA is painted with without guidance. Nothing that only
training needs is imported here: this process is what is measured.
"""

import json
import os
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

_CORES = 2
_PROMPT = "red cat, in a meadow, at dawn, watercolour"


def paint_and_time(folder: Path, steps: int, rounds: int, lora: Path | None = None) -> dict[str, Any]:
    """The seconds of each round after the first, and the process's most bytes so far."""
    from underpaint.plan.painter import Painter
    from underpaint.recipe import CreateRecipe
    from underpaint.recipe.parts import Guidance, LoraRef, ModelRef, Sampling

    recipe = CreateRecipe(
        prompt=_PROMPT, model=ModelRef(name=str(folder)), sampling=Sampling(steps=steps), width=256, height=256,
        guidance=Guidance(scale=1.0) if lora else Guidance(), loras=(LoraRef(name=str(lora)),) if lora else (),
    )  # fmt: skip
    painter, seconds = Painter(threads=_CORES), []
    for turn in range(rounds + 1):
        began = perf_counter()
        painter.paint(recipe.changed(seed=turn), {})
        seconds.append(perf_counter() - began)
    return {"seconds": [round(one, 4) for one in seconds[1:]], "bytes": most_bytes()}


def most_bytes() -> int:
    """The most memory that this process ever held."""
    if sys.platform == "win32":
        import psutil

        return int(psutil.Process().memory_info().peak_wset)
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def main(arguments: list[str]) -> None:
    """Read the command line, keep to two cores, and print what was measured."""
    folder, steps, rounds, *lora = arguments
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:_CORES])
    print(json.dumps(paint_and_time(Path(folder), int(steps), int(rounds), Path(lora[0]) if lora else None)))


if __name__ == "__main__":
    main(sys.argv[1:])
