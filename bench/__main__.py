"""Run every measurement, or those named, such as `python -m bench keys server`.

`UNDERPAINT_BENCH=whole` takes the full counts; without it the long ones take a first look.
"""

import importlib
import sys

from underpaint.cli.output import console, print_table

NAMES = ("start", "loop", "precision", "keys", "keys_outside", "turnaround", "controls", "pairs", "clothes", "ignored",
         "step", "edits", "library", "review", "stopping", "stars", "finish", "cutouts_outside",
         "full_size", "server")


def main() -> int:
    """Print one table a measurement; exit code 1 when a target is missed."""
    wanted = sys.argv[1:] or list(NAMES)
    missed = 0
    for name in wanted:
        if name not in NAMES:
            console().print(f"there is no measurement '{name}'; choose from {', '.join(NAMES)}")
            return 2
        rows = importlib.import_module(f"bench.{name}").measure()
        missed += sum(row.reached is False for row in rows)
        cells = [[row.what, row.measured, row.target, row.verdict] for row in rows]
        print_table(["what", "measured", "target", ""], cells, title=name)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
