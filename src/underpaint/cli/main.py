"""`underpaint`: the program. Commands import what they need when they run, so that --help answers at once."""

import io
import os
import sys
from collections.abc import Sequence
from typing import Any

import typer

from underpaint import __version__
from underpaint.cli.keeping import COMMAND
from underpaint.cli.output import notes, print_error
from underpaint.errors import Cancelled, MemoryShortage, UnderpaintError

# Newer typers carry a click of their own and do not show its errors: this is the base of them all in either one.
_UsageError: Any = typer.BadParameter.__mro__[2]

app = typer.Typer(
    name="underpaint", no_args_is_help=True, add_completion=False, rich_markup_mode="rich",
    help="You draw; Underpaint lays in the paint under your lines.",
    epilog="Exit codes: 0 done, 1 other, 2 usage, 3 recipe or words, 4 picture, 5 model, 6 impossible here, "
           "7 cannot write, 8 out of memory, 9 library, 10 no cluster, 130 stopped.",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"underpaint {__version__}")
        raise typer.Exit


@app.callback()
def _root(version: bool = typer.Option(False, "--version", callback=_show_version, is_eager=True,
                                       help="Print the version.")) -> None:
    """The options every command shares."""


def _register() -> None:
    from underpaint.cli import (
        control,
        demo,
        diff,
        doctor,
        finish,
        info,
        judge,
        keys,
        label,
        library,
        library_jobs,
        lines,
        models,
        paint,
        plot,
        prompt,
        repaint,
        returning,
        review,
        serve,
        sheet,
        turnaround,
        watch,
    )

    for module in (keys, sheet, turnaround, plot, paint, repaint, review, judge, label, lines, info, diff, returning,
                   serve, watch, prompt, demo, doctor):
        module.register(app)
    library_jobs.register(library.app)
    app.add_typer(library.app, name="library")
    app.add_typer(models.app, name="models")
    app.add_typer(control.app, name="control")
    app.add_typer(finish.app, name="finish")


_register()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line; returns the exit code."""
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    words = list(sys.argv[1:] if arguments is None else arguments)
    COMMAND.set(tuple(words))
    try:
        code = app(words, standalone_mode=False)
        return code if isinstance(code, int) else 0
    except UnderpaintError as error:
        return _fail(error, words)
    except _UsageError as error:
        error.show()
        return int(error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        return _fail(Cancelled("stopped", hint="What was finished is kept."), words)
    except MemoryError:
        return _fail(MemoryShortage("memory ran out", hint="Paint smaller, or close other programs."), words)
    except Exception as error:
        if os.environ.get("UNDERPAINT_DEBUG"):
            raise
        trouble = UnderpaintError(f"something went wrong inside Underpaint: {type(error).__name__}: {error}",
                                  hint="Run it again with UNDERPAINT_DEBUG=1 and report what it prints.")
        return _fail(trouble, words)


def _fail(error: UnderpaintError, words: Sequence[str]) -> int:
    print_error(error, as_json="--json" in words)
    return error.exit_code


def run() -> None:
    """The console script."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that cannot show a letter is no error
    code = main()
    sys.stdout.flush()
    notes().file.flush()
    sys.exit(code)


if __name__ == "__main__":
    run()
