"""One drawing on its way: its job in the library, and the files beside it as its keys are painted."""

import contextlib
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from underpaint.errors import LibraryError, PictureError
from underpaint.files import free_name
from underpaint.library.drawings import Drawing, drawing_of
from underpaint.library.jobs import JobItem, Jobs, JobStatus, Order
from underpaint.library.keys import KeysFolder, PaintedKey, key_file, write_layers
from underpaint.library.library import Entry, Library
from underpaint.library.painting import read_painting
from underpaint.library.saving import save_take
from underpaint.library.setting_aside import set_aside
from underpaint.library.takes import as_kept, load_take
from underpaint.sets.keys import Key
from underpaint.studio.watch.asking import Asked
from underpaint.studio.watch.chain import Link, run_chain
from underpaint.studio.watch.ledger import Ledger, Row
from underpaint.studio.watch.shelf import FINISHED, Saved

CLIENT = "watch"


@dataclass(eq=False)
class Work:
    """The keys of one drawing, asked for and not yet all beside it. `written` are the positions whose files are."""

    saved: Saved
    asked: Asked
    links: tuple[Link, ...]
    keys: tuple[Key, ...]
    blob: str
    job: str
    folder: Path
    row: Row
    drawing: Drawing | None = None
    written: set[int] = field(default_factory=set)
    retry_at: float = 0.0
    gone_since: float | None = None

    @property
    def name(self) -> str:
        """The drawing's file name."""
        return self.saved.path.name


def read_whole(path: Path, asked: Asked) -> Drawing:
    """The line layer of a saved drawing, layered files as they look. Raises PictureError, DrawingError."""
    merged = read_painting(path).merged
    return drawing_of(merged, path.name, kind=asked.knobs.kind, keep_blue=asked.knobs.keep_blue)


def submit(library: Library, drawing: Drawing, keys: Sequence[Key], asked: Asked, name: str) -> str:
    """The job of these keys: the very one that was written down before for these lines and knobs, or a new one.

    What it is called changes nothing, so a drawing that is renamed or copied is not painted again.
    """
    jobs = Jobs(library)
    nameless = asked.keys(drawing.blob.changed(name=""))
    mark = hashlib.sha256(json.dumps([key.recipe.hash() for key in nameless]).encode("ascii")).hexdigest()
    title = "" if asked.private else f"{name}: {asked.words}"[:200]
    items = [JobItem(key.recipe, f"{key.number} {key.name}"[:200]) for key in keys]
    for turn in range(1000):
        order = Order(key=f"watch-{mark}" + (f"-{turn}" if turn else ""), client=CLIENT, title=title,
                      request={"same": mark})
        job = jobs.submit(items, blobs={drawing.blob.sha256: drawing.stored.data}, order=order)
        status = jobs.status(job)
        if _is_whole(library, status):
            if status.state in ("cancelled", "failed", "stopped"):
                library.put_blobs([drawing.stored.data])
                jobs.resume(job)
            return job
    raise LibraryError("a thousand jobs for these lines have lost their pictures",
                       hint="Run underpaint library repair.")


def _is_whole(library: Library, status: JobStatus) -> bool:
    """Whether what a job has painted is still in the library; pictures that were thrown away are painted anew."""
    numbers = [number for number in status.takes if number is not None]
    entries = library.entries(numbers)
    return status.done == len(numbers) == len(entries) and all(entry.file.is_file() for entry in entries)


def place_for(row: Row, ledger: Ledger, parent: Path, path: Path) -> Path:
    """The folder for a drawing's keys: the one that it had, unless somebody has worked in it since; never another's."""
    if row.folder and Path(row.folder).parent == parent:
        before = Path(row.folder)
        return free_name(parent / f"{path.stem}-keys") if _touched(before, row, ledger) else before
    taken = {other.folder for other in ledger.rows.values() if other is not row}
    for name in (f"{path.stem}-keys", f"{path.name}-keys"):
        if str(parent / name) not in taken and not (parent / name).exists():
            return parent / name
    return free_name(parent / f"{path.stem}-keys")


def _touched(folder: Path, row: Row, ledger: Ledger) -> bool:
    """Whether a person changed or replaced one of the files that we wrote there."""
    ours = [Path(text) for text in row.written if Path(text).parent == folder]
    return any(file.exists() and not ledger.is_ours(row, file) for file in ours)


def write_painted(work: Work, library: Library, status: JobStatus, ledger: Ledger) -> list[Path]:
    """Write the keys that were painted since the last time; their files.

    Raises OutputError for a place that cannot be written.
    """
    files = []
    for position, number in enumerate(status.takes):
        if number is None or position in work.written:
            continue
        file = key_file(work.folder, work.keys[position], private=work.asked.private)
        entry = library.entry(number)
        if not ledger.is_ours(work.row, file, entry.sha256):
            _write_one(work, library, entry, file, ledger)
        work.written.add(position)
        files.append(file)
    return files


def write_whole(work: Work, library: Library, status: JobStatus, ledger: Ledger) -> KeysFolder | None:
    """Write the layers and the sheet, and take away what is left of the keys before; None where nothing was painted.

    Raises PictureError where the drawing has changed meanwhile, OutputError.
    """
    done = [_painted(work, library, position, number)
            for position, number in enumerate(status.takes) if number is not None]
    if not done:
        return None
    drawing = work.drawing or read_whole(work.saved.path, work.asked)
    if drawing.blob.sha256 != work.blob:
        raise PictureError(f"{work.name} was saved again", hint="Its new keys follow.")
    title = "" if work.asked.private else work.asked.words
    written = write_layers(done, drawing, work.folder, title=title, private=work.asked.private)
    for file in (written.psd, written.ora, written.sheet):
        ledger.wrote(work.row, file)
    _clear(work, {painted.file for painted in done} | {written.psd, written.ora, written.sheet}, ledger)
    return written


def _painted(work: Work, library: Library, position: int, number: int) -> PaintedKey:
    take = as_kept(load_take(library.entry(number).file))
    key = work.keys[position]
    return PaintedKey(key, take, key_file(work.folder, key, private=work.asked.private))


def _write_one(work: Work, library: Library, entry: Entry, file: Path, ledger: Ledger) -> None:
    private = work.asked.private
    for ours in (file, *([_finished(file)] if work.links else [])):
        if not ledger.is_ours(work.row, ours):
            set_aside(ours)  # painted over while the others were being painted
    written = save_take(as_kept(load_take(entry.file)), file, private=private)
    if not private:
        library.note_copy(entry.number, file, written.pixels)
    if work.links:
        run_chain(work.links, file, _finished(file), private=private)
        ledger.wrote(work.row, _finished(file), entry.sha256)
    ledger.wrote(work.row, file, entry.sha256)  # last: a key counts as written when its finish is


def _finished(file: Path) -> Path:
    return file.with_name(f"{file.stem}{FINISHED}.png")


def _clear(work: Work, kept: set[Path], ledger: Ledger) -> None:
    """Take away the files of former keys, but none that somebody has worked on."""
    kept = kept | ({_finished(file) for file in kept} if work.links else set())
    for text in list(work.row.written):
        file = Path(text)
        if file.parent == work.folder and file not in kept:
            if ledger.is_ours(work.row, file):
                with contextlib.suppress(OSError):  # open in another program: it stays, and is nobody's harm
                    file.unlink()
            del work.row.written[text]


def finish_target(row: Row, ledger: Ledger, parent: Path, path: Path) -> Path:
    """Where a finished picture goes: over the former one, unless somebody has worked on that."""
    wanted = parent / f"{path.stem}{FINISHED}.png"
    if row.folder and Path(row.folder).parent == parent and ledger.is_ours(row, Path(row.folder)):
        return Path(row.folder)
    others = {other.folder for other in ledger.rows.values() if other is not row}
    if str(wanted) in others:
        wanted = parent / f"{path.name}{FINISHED}.png"
    return free_name(wanted)


def facts(folder: KeysFolder) -> dict[str, Any]:
    """What JSON says of keys that are there."""
    return {"folder": str(folder.psd.parent), "psd": str(folder.psd), "ora": str(folder.ora),
            "sheet": str(folder.sheet), "keys": [str(painted.file) for painted in folder.keys]}

