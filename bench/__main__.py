"""Run every measurement, or those named, such as `python -m bench keys server`."""

import importlib
import sys

from underpaint.cli.output import console, print_table

NAMES = ("start", "loop", "precision", "keys", "controls", "step", "library", "review", "finish", "server")


def main() -> int:
    """Print one table a measurement; exit code 1 when a target is missed."""
    wanted = sys.argv[1:] or list(NAMES)
    missed = 0
    for name in wanted:
        if name not in NAMES:
            console().print(f"there is no measurement '{name}'; choose from {', '.join(NAMES)}")
            return 2
        rows = importlib.import_module(f"bench.{name}").measure()
        missed += sum(not row.reached for row in rows)
        cells = [[row.what, row.measured, row.target, "ok" if row.reached else "MISSED"] for row in rows]
        print_table(["what", "measured", "target", ""], cells, title=name)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
