"""What changed on the shelf between two looks: new, changed, gone, moved."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from underpaint.models.index import Entry, Index, stamp_of


@dataclass(frozen=True)
class Changes:
    """What is different from the last look: paths that are new, of other content, gone, and (from, to) moved."""

    new: tuple[Path, ...] = ()
    changed: tuple[Path, ...] = ()
    gone: tuple[Path, ...] = ()
    moved: tuple[tuple[Path, Path], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.new or self.changed or self.gone or self.moved)


def compare(former: Index, now: Index) -> Changes:
    """What changed between two looks. A file that is gone here and new there, alike in size, time and header, moved."""
    before, after = former.entries, now.entries
    gone, new = before.keys() - after.keys(), after.keys() - before.keys()
    by_mark: dict[tuple[object, ...], list[str]] = {}
    for key in sorted(new):
        by_mark.setdefault(_mark(after[key]), []).append(key)
    moved = []
    for old in sorted(gone):
        alike = [key for key in by_mark.get(_mark(before[old]), ()) if key in new]
        named = [key for key in alike if Path(key).name == Path(old).name] or alike
        if len(named) == 1:
            moved.append((Path(old), Path(named[0])))
            gone.discard(old)
            new.discard(named[0])
    changed = [key for key in after if key in before and stamp_of(after[key]) != stamp_of(before[key])]
    return Changes(_paths(new), _paths(changed), _paths(gone), tuple(moved))


def _paths(keys: Iterable[str]) -> tuple[Path, ...]:
    return tuple(Path(key) for key in sorted(keys))


def _mark(entry: Entry) -> tuple[object, ...]:
    model = entry.model
    return (*stamp_of(entry), model.kind, model.family, model.layout, model.dtype, model.parameters, model.file_bytes)
