"""Where a picture came from and what grew from it: this came from that, by these changes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sqlalchemy import select, text

from underpaint.library.differences import Account, differences
from underpaint.library.library import Entry, Library
from underpaint.library.tables import PARENTS
from underpaint.pictures.reading import read_info

MOST = 500
"""A tree shows at most so many pictures."""
DEEPEST = 100
"""And so many generations of them."""


@dataclass(frozen=True)
class Branch:
    """A picture in its tree: how it came from the one above it, and what grew from it.

    One with several parents stands under each; what grew from it is shown the first time, and later it is `again`.
    """

    entry: Entry
    how: str = ""
    changes: tuple[str, ...] = ()
    children: tuple["Branch", ...] = field(default=())
    again: bool = False

    def to_json(self) -> dict[str, Any]:
        """Plain JSON data, branches inside branches."""
        return {"id": self.entry.id, "name": self.entry.name, "file": str(self.entry.file), "how": self.how,
                "changes": list(self.changes), "again": self.again,
                "children": [child.to_json() for child in self.children]}


@dataclass(frozen=True)
class _Tie:
    child: int
    how: str
    facts: Mapping[str, Any]


def tree(library: Library, entry: Entry) -> list[Branch]:
    """The whole family of a picture, from each of its first ancestors down."""
    with library.database.reading() as connection:
        rows = connection.execute(text(
            "WITH RECURSIVE up(id) AS (SELECT :id UNION SELECT parent_id FROM parents JOIN up ON child_id = up.id) "
            "SELECT id FROM up WHERE NOT EXISTS (SELECT 1 FROM parents WHERE child_id = up.id) ORDER BY id"),
            {"id": entry.number})
        roots = [int(row[0]) for row in rows]
        ties: dict[int, list[_Tie]] = {}
        level, seen = list(roots), set(roots)
        while level and len(seen) < MOST:
            found = connection.execute(select(PARENTS).where(PARENTS.c.parent_id.in_(level))
                                       .order_by(PARENTS.c.child_id)).all()
            for row in found:
                ties.setdefault(row.parent_id, []).append(_Tie(row.child_id, row.how, json.loads(row.facts)))
            level = [row.child_id for row in found if row.child_id not in seen]
            seen.update(level)
    known = {one.number: one for one in library.entries(sorted(seen))}
    family = _Family(library, known, ties)
    return [family.branch(Branch(known[root]), 0) for root in roots if root in known]


class _Family:
    """Pictures and their ties, a graph, on the way to becoming a tree."""

    def __init__(self, library: Library, known: Mapping[int, Entry], ties: Mapping[int, list[_Tie]]) -> None:
        self._library, self._known, self._ties = library, known, ties
        self._shown: set[int] = set()
        self._branches = 0

    def branch(self, bare: Branch, depth: int) -> Branch:
        """The branch with all that grew from it, unless that was shown before."""
        entry, children = bare.entry, []
        if entry.number in self._shown:
            return replace(bare, again=bool(self._ties.get(entry.number)))
        if depth < DEEPEST:
            self._shown.add(entry.number)
            for tie in self._ties.get(entry.number, ()):
                child = self._known.get(tie.child)
                if child is None or self._branches >= MOST:
                    continue
                self._branches += 1
                changes = _changes(self._library, entry, child, tie)
                children.append(self.branch(Branch(child, tie.how, changes), depth + 1))
        return replace(bare, children=tuple(children))


def _changes(library: Library, parent: Entry, child: Entry, tie: _Tie) -> tuple[str, ...]:
    if "changed" in tie.facts:
        return (f"painted over by hand: {tie.facts['changed']:.0%} of the picture changed",)
    return tuple(differences(account(library, parent), account(library, child)))


def account(library: Library, entry: Entry) -> Account:
    """What a picture of the library says of itself."""
    recipe, plan, _ = library.record(entry)
    return Account(recipe or {}, plan or {})


def account_of_file(path: Path) -> Account:
    """What a picture file says of itself, whichever program painted it. Raises PictureError."""
    reading = read_info(path)
    if reading.recipe is not None:
        return Account(reading.recipe, reading.plan or {})
    said = {"prompt": reading.prompt, "negative_prompt": reading.negative_prompt, "seed": reading.seed,
            "width": reading.width, "height": reading.height, "loras": [dict(one) for one in reading.loras],
            "model": {"name": reading.model} if reading.model else None,
            "sampling": {"steps": reading.steps, "sampler": reading.sampler, "schedule": reading.schedule},
            "guidance": {"scale": reading.guidance}}
    return Account({name: value for name, value in said.items() if value is not None})
