"""`underpaint library`: every take there ever was, found again, rated, and what grew from what."""

import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from underpaint.cli import recipes
from underpaint.cli.keeping import LIBRARY
from underpaint.cli.output import console, notes, print_json, print_table
from underpaint.cli.progress import job_progress
from underpaint.errors import LibraryError

if TYPE_CHECKING:
    from underpaint.library.library import Entry, Library
    from underpaint.library.lineage import Branch
    from underpaint.library.search import Query

app = typer.Typer(no_args_is_help=True, help="Every take, found again: search, rate, see what grew from what.")
TAKE = typer.Argument(..., metavar="TAKE", help="The beginning of its id, or a file of it.")
TAKES = typer.Argument(..., metavar="TAKE...", help="Ids, or files.")
LIMIT = typer.Option(30, "-n", "--limit", min=1, max=100_000, help="How many.")


def _looking(folder: Path | None) -> "Library":
    from underpaint.library.library import Library

    try:
        return Library(folder, write=False)
    except LibraryError:
        Library(folder, make=False).close()  # one of an older kind is lifted here, and another error is raised again
        return Library(folder, write=False)


def _changing(folder: Path | None) -> "Library":
    from underpaint.library.library import Library

    return Library(folder, make=False)


@app.command("list", epilog="Example: underpaint library list -n 50")
def list_(limit: int = LIMIT, trashed: bool = typer.Option(False, "--trash", help="What lies in the trash."),
          library: Path | None = LIBRARY, as_json: bool = recipes.JSON) -> None:
    """The latest pictures."""
    from underpaint.library.search import Query

    _show_found(Query(limit=limit, trashed=trashed, rejected=None if trashed else False), library, as_json)


@app.command("search", epilog='Example: underpaint library search "red house" --stars 3 --colour teal')
def search_(words: str = typer.Argument("", help="Words of the prompt, name, tags or model."),
            model: str | None = typer.Option(None, "--model", help="Painted with this model."),
            colour: str | None = typer.Option(None, "--colour", help="A main colour, such as teal or #c04020."),
            since: str | None = typer.Option(None, "--since", metavar="DAY", help="From this day, as 2026-11-20."),
            until: str | None = typer.Option(None, "--until", metavar="DAY", help="Up to this day."),
            stars: int | None = typer.Option(None, "--stars", min=0, max=5, help="At least so many stars."),
            tag: list[str] = typer.Option([], "--tag", help="With this tag; may be given again."),
            picked: bool = typer.Option(False, "--picked", help="Those that you painted over."),
            rejected: bool = typer.Option(False, "--rejected", help="Your rejects."),
            order: str = typer.Option("newest", "--order", help="newest, oldest, stars or painted."),
            limit: int = LIMIT, library: Path | None = LIBRARY, as_json: bool = recipes.JSON) -> None:
    """Find pictures by words, model, colour, date and rating; all that is given must hold."""
    from underpaint.library.search import Query

    _show_found(Query(words=words, model=model, colour=colour, since=_day(since), until=_day(until), stars=stars,
                      tags=tuple(tag), picked=picked, rejected=rejected, order=order, limit=limit), library, as_json)


@app.command("show", epilog="Example: underpaint library show 3fa94c01")
def show(take: str = TAKE, library: Path | None = LIBRARY, as_json: bool = recipes.JSON) -> None:
    """Everything that is known of one picture: words, numbers, ratings, where its copies went."""
    from underpaint.library import ratings

    with _looking(library) as opened:
        entry = opened.find(take)
        recipe, plan, found = opened.record(entry)
        said = ratings.history(opened, entry)
        copies = [str(path) for path in opened.copies(entry.number)]
    measured = (plan or {}).get("measured") or {}
    if as_json:
        print_json({**entry.to_json(), "recipe": recipe, "plan": plan, "found": found, "measured": measured,
                    "copies": copies, "history": [vars(mark) for mark in said]})
        return
    rows = [[name.replace("_", " "), str(value)] for name, value in _facts(entry).items() if value not in ("", None)]
    rows += [[name, _measured(value)] for name, value in measured.items()]
    rows += [["copy", path] for path in copies]
    print_table(["", ""], rows)
    if not entry.file.is_file():
        notes().print(f"note: the file is no longer at {entry.file}", markup=False)


@app.command("tree", epilog="Example: underpaint library tree 3fa94c01")
def tree_(take: str = TAKE, library: Path | None = LIBRARY, as_json: bool = recipes.JSON) -> None:
    """What a picture came from and what grew from it, by which changes."""
    from underpaint.library.lineage import tree

    with _looking(library) as opened:
        entry = opened.find(take)
        branches = tree(opened, entry)
    if as_json:
        print_json({"tree": [branch.to_json() for branch in branches]})
        return
    for branch in branches:
        _print_branch(branch, entry, 0)


@app.command("tag", epilog='Example: underpaint library tag 3fa94c01 --add "client one" --remove sea')
def tag_(takes: list[str] = TAKES, add: list[str] = typer.Option([], "--add", help="A tag; may be given again."),
         remove: list[str] = typer.Option([], "--remove", help="A tag to take away."),
         library: Path | None = LIBRARY, as_json: bool = recipes.JSON) -> None:
    """Add tags to pictures, or take them away."""
    from underpaint.library import ratings

    if not add and not remove:
        raise LibraryError("no tag was given", hint="Write --add TAG or --remove TAG.", field="tag")
    with _changing(library) as opened:
        entries = [ratings.untag(opened, ratings.tag(opened, opened.find(take), add), remove) for take in takes]
    _report(entries, as_json)


@app.command("star", epilog="Example: underpaint library star 3fa94c01 --stars 4")
def star_(takes: list[str] = TAKES, stars: int = typer.Option(5, "--stars", min=0, max=5, help="0 to 5."),
          library: Path | None = LIBRARY, as_json: bool = recipes.JSON) -> None:
    """Give stars; that takes a reject back."""
    from underpaint.library import ratings

    with _changing(library) as opened:
        _report([ratings.star(opened, opened.find(take), stars) for take in takes], as_json)


@app.command("reject", epilog="Example: underpaint library reject 3fa94c01")
def reject_(takes: list[str] = TAKES, back: bool = typer.Option(False, "--back", help="Take the reject back."),
            library: Path | None = LIBRARY, as_json: bool = recipes.JSON) -> None:
    """Put pictures among the rejects: kept, and not shown any more; their stars go."""
    from underpaint.library import ratings

    with _changing(library) as opened:
        _report([ratings.reject(opened, opened.find(take), back=back) for take in takes], as_json)


@app.command("trash", epilog="Example: underpaint library trash 3fa94c01")
def trash_(takes: list[str] = typer.Argument(None, metavar="TAKE...", help="Ids, or files."),
           empty: bool = typer.Option(False, "--empty", help="Delete for good what lies in the trash."),
           library: Path | None = LIBRARY, as_json: bool = recipes.JSON) -> None:
    """Put pictures into the trash, from where they can be restored; or empty it."""
    from underpaint.library import ratings

    if empty == bool(takes):
        raise LibraryError("name pictures for the trash, or --empty alone", field="take",
                           hint="underpaint library list --trash shows what lies in it.")
    with _changing(library) as opened:
        if not empty:
            _report([ratings.trash(opened, opened.find(take)) for take in takes], as_json)
            return
        gone = ratings.empty_trash(opened)
    print_json({"deleted": gone}) if as_json else console().print(f"{gone} deleted for good")


@app.command("restore", epilog="Example: underpaint library restore 3fa94c01")
def restore_(takes: list[str] = TAKES, library: Path | None = LIBRARY, as_json: bool = recipes.JSON) -> None:
    """Take pictures out of the trash."""
    from underpaint.library import ratings

    with _changing(library) as opened:
        _report([ratings.restore(opened, opened.find(take)) for take in takes], as_json)


@app.command("import", epilog="Example: underpaint library import ~/pictures/old --tag archive")
def import_(folder: Path = typer.Argument(..., help="A folder with everything below it, or one file."),
            reference: bool = typer.Option(False, "--reference", help="Leave the files where they are."),
            tag: list[str] = typer.Option([], "--tag", help="A tag for all; may be given again."),
            library: Path | None = LIBRARY, as_json: bool = recipes.JSON) -> None:
    """Enter other pictures, with whatever AUTOMATIC1111, ComfyUI and others wrote into them."""
    from underpaint.library.importing import import_folder
    from underpaint.library.library import Library

    with Library(library) as opened, job_progress(1, quiet=as_json) as watcher:
        watcher.begin(f"reading {folder.name}")
        done = import_folder(opened, folder, reference=reference, tags=tuple(tag), tell=watcher.step)
    if as_json:
        print_json({"entered": [entry.to_json() for entry in done.entered], "known": done.known,
                    "problems": [{"file": str(path), "why": why} for path, why in done.problems]})
        return
    console().print(f"{len(done.entered)} entered, {done.known} were here already")
    for path, why in done.problems:
        notes().print(f"note: {path}: {why}", markup=False)


@app.command("repair", epilog="Example: underpaint library repair")
def repair_(library: Path | None = LIBRARY, as_json: bool = recipes.JSON) -> None:
    """Make a damaged or lost database anew from the pictures; the old one is kept beside it."""
    from underpaint.library.repair import repair

    done = repair(library)
    if as_json:
        print_json({"library": str(done.folder), "pictures": done.pictures, "words": done.words, "jobs": done.jobs,
                    "backup": str(done.backup) if done.backup else None,
                    "problems": [{"file": str(path), "why": why} for path, why in done.problems]})
        return
    console().print(f"{done.pictures} pictures, {done.words} ratings and ties, {done.jobs} jobs are back")
    if done.backup:
        console().print(f"the old database: {done.backup}", markup=False)
    for path, why in done.problems:
        notes().print(f"note: {path}: {why}", markup=False)


def _show_found(query: "Query", folder: Path | None, as_json: bool) -> None:
    from underpaint.library.search import search

    with _looking(folder) as opened:
        found = search(opened, query)
    _report(found, as_json)
    if not found and not as_json:
        notes().print("nothing found")


def _report(entries: "list[Entry]", as_json: bool) -> None:
    if as_json:
        print_json({"takes": [entry.to_json() for entry in entries]})
        return
    rows = [[entry.id, "★" * entry.stars + ("✗" if entry.rejected else "") + ("●" if entry.pick else ""),
             _date(entry.painted_at), f"{entry.width}x{entry.height}", (entry.model or "")[:24],
             (entry.name or entry.words)[:60], ", ".join(entry.tags)] for entry in entries]
    if rows:
        print_table(["id", "", "painted", "size", "model", "what", "tags"], rows, whole=("id", "painted", "size"))


def _facts(entry: "Entry") -> dict[str, Any]:
    return {"id": entry.id, "file": entry.file, "name": entry.name, "words": entry.words, "model": entry.model,
            "seed": entry.seed, "size": f"{entry.width}x{entry.height}", "painted": _date(entry.painted_at),
            "by": entry.program, "stars": entry.stars or "", "rejected": "yes" if entry.rejected else "",
            "in the trash": "yes" if entry.trashed else "", "picked": entry.pick, "tags": ", ".join(entry.tags)}


def _measured(values: Any) -> str:
    """Numbers of a check as an artist reads them: shares in per cent, yes and no, nothing that needs a formula."""
    if not isinstance(values, dict):
        return str(values)
    return ", ".join(f"{name.replace('_', ' ')} {_said(name, value)}" for name, value in values.items() if name != "f1")


def _said(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.0%}" if name in {"kept", "invented"} and isinstance(value, float) else str(value)


def _print_branch(branch: "Branch", wanted: "Entry", depth: int) -> None:
    entry = branch.entry
    mark = " ←" if entry.number == wanted.number and depth + len(branch.children) else ""
    name = (entry.name or entry.words)[:60]
    console().print(f"{'   ' * depth}{'└─ ' if depth else ''}{entry.id}  {name}{mark}"
                    f"{' (see above)' if branch.again else ''}", markup=False)
    for change in branch.changes:
        console().print(f"{'   ' * (depth + 1)}{change}", markup=False)
    for child in branch.children:
        _print_branch(child, wanted, depth + 1)


def _date(at: float) -> str:
    return datetime.datetime.fromtimestamp(at).strftime("%Y-%m-%d %H:%M")


def _day(words: str | None) -> datetime.date | None:
    if words is None:
        return None
    try:
        return datetime.date.fromisoformat(words)
    except ValueError as error:
        raise LibraryError(f"'{words:.20}' is no day", hint="Write it as 2026-11-20.", field="date") from error
