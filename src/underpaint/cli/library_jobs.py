"""`underpaint library jobs`: what is being painted, what was cut off, and going on with it."""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from underpaint.cli import recipes
from underpaint.cli.keeping import LIBRARY, RESUMED
from underpaint.cli.output import console, print_json, print_table
from underpaint.errors import LibraryError

if TYPE_CHECKING:
    from underpaint.library.jobs import JobStatus


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
    """Run again the commands whose jobs were cut off; each picks up its own job."""
    from underpaint.cli.main import main

    waiting = [one for one in reversed(found) if one.request.get("command") and one.state not in ("done", "cancelled")]
    for one in waiting:
        words, folder = [str(word) for word in one.request["command"]], str(one.request.get("folder", ""))
        if library is not None and "--library" not in words:
            words += ["--library", str(library.absolute())]
        here = Path.cwd()
        if not Path(folder).is_dir():
            raise LibraryError(f"the folder {folder} that the job began in is gone", field="jobs",
                               hint="Make it again, or --forget the job.")
        token = RESUMED.set(one.id)
        try:
            os.chdir(folder)
            code = main(words)
        finally:
            os.chdir(here)
            RESUMED.reset(token)
        if code:
            raise typer.Exit(code)
    if not waiting and not as_json:
        console().print("nothing was cut off")
    elif not waiting:
        print_json({"jobs": []})


def _row(one: "JobStatus") -> list[str]:
    left = "" if one.seconds_left is None else f"{one.seconds_left:.0f} s"
    began = time.strftime("%Y-%m-%d %H:%M", time.localtime(one.created_at))
    failed = f", {one.failed} failed" if one.failed else ""
    return [one.id[:8], one.state, f"{one.done} of {one.total}{failed}", left, began, one.title[:60]]
