"""`underpaint library jobs`: what is being painted, what was cut off, and going on with it."""

import os
import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from underpaint.cli import recipes
from underpaint.cli.keeping import LIBRARY, RESUMED
from underpaint.cli.output import console, notes, print_error, print_json, print_table
from underpaint.errors import Cancelled, LibraryError

if TYPE_CHECKING:
    from underpaint.library.jobs import JobStatus


_PAINTING = (["keys"], ["paint"], ["plot"], ["sheet"], ["finish", "upscale"])


def register(app: typer.Typer) -> None:
    """Add the command to `underpaint library`."""
    app.command("jobs", epilog="Example: underpaint library jobs --resume")(jobs)


def jobs(job: str | None = typer.Argument(None, help="The beginning of a job's id; without it, all."),
         resume: bool = typer.Option(False, "--resume", help="Go on with it; without an id, with all that were cut "
                                                             "off."),
         cancel: bool = typer.Option(False, "--cancel", help="Stop it; finished takes are kept."),
         forget: bool = typer.Option(False, "--forget", help="Take it off the list; finished takes are kept."),
         events: bool = typer.Option(False, "--events", help="Everything that happened to it."),
         library: Path | None = LIBRARY, as_json: bool = recipes.JSON) -> None:
    """Jobs, the newest first: how far each one is, and how long it will take."""
    from underpaint.library.jobs import Jobs
    from underpaint.library.library import Library

    if resume + cancel + forget + events > 1 or (job is None and (cancel or forget or events)):
        raise LibraryError("name one job and one thing to do with it", field="jobs",
                           hint="Such as underpaint library jobs 3fa9 --cancel.")
    changes = resume or cancel or forget
    with Library(library, write=changes) as opened:
        known = Jobs(opened)
        found = [known.status(job)] if job else known.all(unfinished=resume)
        if cancel or forget:
            (known.cancel if cancel else known.forget)(found[0].id)
            found = [known.status(found[0].id)] if cancel else []
        if events:
            print_json({"events": [vars(event) for event in known.events(found[0].id)]})
            return
    if resume:
        _go_on(found, library, as_json)
        return
    if as_json:
        print_json({"jobs": [one.to_json() for one in found]})
    elif found:
        print_table(["job", "state", "finished", "left", "began", "what"], [_row(one) for one in found],
                    whole=("job", "finished", "left"))


def _go_on(found: "list[JobStatus]", library: Path | None, as_json: bool) -> None:
    """Run again the commands whose jobs were cut off; each picks up its own job. What fails keeps no other waiting."""
    waiting = [one for one in reversed(found)
               if one.request.get("command") and one.state not in ("done", "cancelled", "running")]
    codes = []
    for one in waiting:
        codes.append(_run_again(one, library, as_json))
        if codes[-1] == Cancelled.exit_code:
            break
    if not waiting and not as_json:
        console().print("nothing was cut off")
    elif not waiting:
        print_json({"jobs": []})
    if any(codes):
        raise typer.Exit(next(code for code in codes if code))


def _run_again(one: "JobStatus", library: Path | None, as_json: bool) -> int:
    """Run a job's command in the folder that it began in; its exit code."""
    from underpaint.cli.main import main

    words, folder = [str(word) for word in one.request["command"]], str(one.request.get("folder", ""))
    try:
        if words[:1] not in _PAINTING and words[:2] not in _PAINTING:  # a library may be a stranger's
            raise LibraryError(f"job {one.id:.8} was begun by a command that does not paint", field="jobs",
                               hint="--forget it.")
        if not Path(folder).is_dir():
            raise LibraryError(f"the folder {folder} that the job began in is gone", field="jobs",
                               hint="Make it again, or --forget the job.")
    except LibraryError as error:
        print_error(error, as_json=as_json)
        return error.exit_code
    if library is not None and "--library" not in words:
        words += ["--library", str(library.absolute())]
    notes().print(f"underpaint {shlex.join(words)}", markup=False)
    here, token = Path.cwd(), RESUMED.set(one.id)
    try:
        os.chdir(folder)
        return main(words)
    finally:
        os.chdir(here)
        RESUMED.reset(token)


def _row(one: "JobStatus") -> list[str]:
    left = "" if one.seconds_left is None else f"{one.seconds_left:.0f} s"
    began = time.strftime("%Y-%m-%d %H:%M", time.localtime(one.created_at))
    failed = f", {one.failed} failed" if one.failed else ""
    return [one.id[:8], one.state, f"{one.done} of {one.total}{failed}", left, began, one.title[:60]]
