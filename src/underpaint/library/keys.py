"""A folder of colour keys: painted one after the other, each kept as soon as it is finished."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from underpaint.canvas.document import Document
from underpaint.canvas.files.ora import write_ora
from underpaint.canvas.files.psd import write_psd
from underpaint.canvas.keys_document import KeyLayers, keys_document
from underpaint.canvas.sheet import Tile, contact_sheet
from underpaint.errors import Cancelled
from underpaint.imaging.blend import lay_under
from underpaint.imaging.geometry import Extent
from underpaint.imaging.resize import Resample, resize
from underpaint.library.drawings import Drawing
from underpaint.library.saving import check_place, file_stem, save_take
from underpaint.library.setting_aside import said_of, set_aside, set_aside_later
from underpaint.library.takes import as_kept
from underpaint.pictures.read import read_picture
from underpaint.pictures.record import Record
from underpaint.pictures.stored import stored_like
from underpaint.pictures.write import write_picture
from underpaint.plan.painter import Painter
from underpaint.plan.take import Take
from underpaint.sets.keys import Key

if TYPE_CHECKING:
    from underpaint.library.journal import Journal

SHEET_SIDE = 640
"""The longest side of a key on the contact sheet, in pixels."""


class Watcher(Protocol):
    """Who is told how a job of several pictures goes."""

    def begin(self, name: str) -> None: ...

    def step(self, done: int, total: int) -> None: ...

    def finish(self) -> None: ...


@dataclass(frozen=True, eq=False)
class PaintedKey:
    """One finished key: its plan, its take, the file it was written to, and what a person should know of that."""

    key: Key
    take: Take
    file: Path
    notes: tuple[str, ...] = ()

    def facts(self) -> tuple[str, str]:
        """What an artist wants to know, a line each."""
        lines = self.take.measured.get("lines", {})
        kept = f"lines kept {lines['kept']:.0%}, invented {lines['invented']:.0%}" if lines else ""
        return kept, f"seed {self.take.plan.seed}"


@dataclass(frozen=True, eq=False)
class KeysFolder:
    """What was written: the keys, the layered files, the sheet. `cancelled` when a person stopped half-way; `notes` say
    which layered files of before were kept, since somebody had worked on them."""

    keys: tuple[PaintedKey, ...]
    psd: Path
    ora: Path
    sheet: Path
    cancelled: bool = False
    notes: tuple[str, ...] = ()


def paint_keys(keys: Iterable[Key], drawing: Drawing, folder: Path, painter: Painter, *, title: str = "",
               private: bool = False, watcher: Watcher | None = None, journal: "Journal | None" = None) -> KeysFolder:
    """Paint `keys` under `drawing` and write PNGs, keys.psd, keys.ora and sheet.png into `folder`.

    Ctrl-C keeps what is finished: the layered files and the sheet are then made of that. Raises Cancelled when
    nothing was, and OutputError when the folder cannot be written. With a `journal` of these very keys each take
    enters the library, and those that it has are not painted again.
    """
    check_place(folder / "keys.psd")
    desk = _Desk(drawing, folder, painter, private, watcher, journal)
    done: list[PaintedKey] = []
    cancelled = False
    try:
        for position, key in enumerate(keys):
            done.append(desk.paint(position, key))
    except (KeyboardInterrupt, Cancelled):
        cancelled = True
        if not done:
            raise Cancelled("stopped before the first key was finished", hint="Nothing was written.") from None
    written = write_layers(done, drawing, folder, title=title, private=private)
    if journal is not None and not cancelled:
        journal.done()
    return replace(written, cancelled=cancelled)


def write_layers(done: Sequence[PaintedKey], drawing: Drawing, folder: Path, *, title: str = "",
                 private: bool = False) -> KeysFolder:
    """Write keys.psd, keys.ora and sheet.png of painted keys; layers that somebody has worked on get another name.

    Raises OutputError.
    """
    document = _document(done, drawing, private)
    psd, ora, sheet = folder / "keys.psd", folder / "keys.ora", folder / "sheet.png"
    notes = tuple(said_of(file, kept) for file in (psd, ora) if (kept := set_aside_later(file, sheet)) is not None)
    write_psd(document, psd)
    write_ora(document, ora)
    _write_sheet(done, drawing, sheet, None if private else title)
    return KeysFolder(tuple(done), psd, ora, sheet, notes=notes)


def key_file(folder: Path, key: Key, *, private: bool = False) -> Path:
    """Where a key's picture lies in its folder."""
    return folder / f"{file_stem(key.number, '' if private else key.name)}.png"


@dataclass(frozen=True, eq=False)
class _Desk:
    """What every key of a folder is painted with."""

    drawing: Drawing
    folder: Path
    painter: Painter
    private: bool
    watcher: Watcher | None
    journal: "Journal | None"

    def paint(self, position: int, key: Key) -> PaintedKey:
        """Paint one key, or take it from the journal where it is finished, and write its file."""
        if self.watcher:
            self.watcher.begin(f"{key.number} {key.name}")
        tell: Callable[[int, int], None] | None = self.watcher.step if self.watcher else None
        file = key_file(self.folder, key, private=self.private)
        kept_aside = None if self.private else set_aside(file)
        if self.journal is None:
            blobs = {self.drawing.blob.sha256: self.drawing.stored.data}
            take = as_kept(self.painter.paint(key.recipe, blobs, progress=tell))
            save_take(take, file, private=self.private)
        else:
            kept = self.journal.take(position, tell)
            take = kept.take
            self.journal.written(kept, file, save_take(take, file, private=self.private).pixels)
        if self.watcher:
            self.watcher.finish()
        return PaintedKey(key, take, file, () if kept_aside is None else (said_of(file, kept_aside),))


def _at_drawing_size(painted: PaintedKey, extent: Extent) -> NDArray[np.float32]:
    return resize(painted.take.picture[..., :3], extent, Resample.LANCZOS)


def _document(done: Sequence[PaintedKey], drawing: Drawing, private: bool) -> Document:
    lines = read_picture(drawing.stored.data)  # paint lies in the same colour profile as the lines
    layers = []
    for painted in done:
        paint = stored_like(_at_drawing_size(painted, drawing.layer.extent), lines)
        layers.append(KeyLayers("key" if private else painted.key.name, paint, painted.facts()[0]))
    return keys_document(drawing.pixels, layers, icc_profile=drawing.icc)


def _write_sheet(done: Sequence[PaintedKey], drawing: Drawing, path: Path, title: str | None) -> None:
    """The contact sheet; without a title it is private, and names nothing but numbers."""
    whole = drawing.layer.extent
    shown = whole.fit_within(Extent(SHEET_SIDE, SHEET_SIDE), grow=False)
    lines = resize(drawing.layer.rgba, shown)
    names = [f"key {painted.key.number}" if title is None else painted.key.name for painted in done]
    tiles = [Tile(lay_under(lines, _at_drawing_size(painted, shown)), name, painted.facts())
             for name, painted in zip(names, done, strict=True)]
    write_picture(path, contact_sheet(tiles, title=title or "Colour keys"),
                  Record(source_type="compositeWithTrainedAlgorithmicMedia"))
