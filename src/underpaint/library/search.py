"""Finding pictures: by words, model, colour, date, rating, tags; the last one entered comes first."""

import datetime
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Connection, Float, FromClause, Select, and_, cast, column, func, select, text
from sqlalchemy import table as named_table

from underpaint.errors import LibraryError
from underpaint.imaging.color import srgb_to_oklab
from underpaint.library.entering import searchable
from underpaint.library.library import Entry, Library
from underpaint.library.looks import Colour
from underpaint.library.tables import COLOURS, TAGS, TAKES

NEAR = 0.11
"""How far in OKLab a colour may be from the wanted one: about as far as two reds that both are called red."""
_MANY, _LATEST = 8000, 400
_NAMES = {"black": "#000000", "white": "#ffffff", "grey": "#808080", "gray": "#808080", "red": "#c62828",
          "orange": "#ef7d22", "yellow": "#f4cf3a", "green": "#3f9142", "teal": "#1f8a87", "blue": "#2b5fb3",
          "purple": "#7b3fa0", "pink": "#e88bab", "brown": "#6d4526"}  # fmt: skip
_HEX = re.compile(r"#?([0-9a-fA-F]{6}|[0-9a-fA-F]{3})")
_SEARCHED = named_table("searched", column("rowid"))
ORDERS = ("newest", "oldest", "stars", "painted")


@dataclass(frozen=True)
class Query:
    """What to look for; everything that is given must hold.

    `words` are looked for in prompts, names, tags and models; the beginning of a word is enough for the last one.
    `colour` is a name or #rrggbb that must be one of the picture's main colours; then the nearest comes first.
    `since` and `until` (inclusive) are days. `rejected` and `trashed`: False leaves them out, True finds only them,
    None does not care.
    """

    words: str = ""
    model: str | None = None
    colour: str | None = None
    since: datetime.date | None = None
    until: datetime.date | None = None
    stars: int | None = None
    tags: tuple[str, ...] = ()
    kind: str | None = None
    picked: bool = False
    rejected: bool | None = False
    trashed: bool | None = False
    order: str = "newest"
    limit: int = 50


def search(library: Library, query: Query) -> list[Entry]:
    """The pictures that fit. Raises LibraryError for a colour or an order that is not known."""
    if query.order not in ORDERS:
        raise LibraryError(f"there is no order '{query.order:.20}'", hint=f"Choose from {', '.join(ORDERS)}.",
                           field="order")
    with library.database.reading() as connection:
        wanted = _nearest(connection, query) if query.colour else _ordered(_filtered(query), query)
        numbers = [int(row[0]) for row in connection.execute(wanted.limit(max(query.limit, 0)))]
        return library.entries_within(connection, numbers)


def _filtered(query: Query) -> Select[Any]:
    found = select(TAKES.c.id)
    conditions: list[ColumnElement[bool]] = []
    asked = _asked(query.words)
    if asked:
        matching = select(_SEARCHED.c.rowid).where(text("searched MATCH :asked").bindparams(asked=asked))
        conditions.append(TAKES.c.id.in_(matching))
    if query.model:
        conditions.append(TAKES.c.model == query.model)
    if query.kind:
        conditions.append(TAKES.c.kind == query.kind)
    if query.stars is not None:
        conditions.append(TAKES.c.stars >= query.stars)
    if query.picked:
        conditions.append(TAKES.c.pick.is_not(None))
    if query.rejected is not None:
        conditions.append(TAKES.c.rejected == int(query.rejected))
    if query.trashed is not None:
        conditions.append(TAKES.c.trashed_at.is_not(None) if query.trashed else TAKES.c.trashed_at.is_(None))
    conditions += [TAKES.c.painted_at >= _midnight(query.since)] if query.since else []
    conditions += [TAKES.c.painted_at < _midnight(query.until) + 86_400] if query.until else []
    conditions += [TAKES.c.id.in_(select(TAGS.c.take_id).where(TAGS.c.tag == tidy_tag(tag))) for tag in query.tags]
    return found.where(and_(True, *conditions))


def _ordered(found: Select[Any], query: Query) -> Select[Any]:
    columns: dict[str, Iterable[ColumnElement[Any]]] = {
        "newest": (TAKES.c.id.desc(),), "oldest": (TAKES.c.id,), "stars": (TAKES.c.stars.desc(), TAKES.c.id.desc()),
        "painted": (TAKES.c.painted_at.desc(),)}
    return found.order_by(*columns[query.order])


def _nearest(connection: Connection, query: Query) -> Select[Any]:
    """Those with a main colour near the wanted one, the nearest first; what covers little of a picture counts as far.

    A colour that few pictures have is looked up. Of one that very many have, the latest few hundred are compared.
    """
    wanted = colour_of(query.colour or "")
    far = sum((COLOURS.c[name] - getattr(wanted, name)) * (COLOURS.c[name] - getattr(wanted, name))
              for name in ("lightness", "green_red", "blue_yellow"))
    rank = func.min(cast(far, Float) + NEAR**2 * (1 - COLOURS.c.share))
    cells = COLOURS.c.cell.in_(wanted.near(NEAR))
    some = select(COLOURS.c.take_id).where(cells).limit(_MANY).subquery()
    if (connection.execute(select(func.count()).select_from(some)).scalar() or 0) < _MANY:
        near = select(COLOURS.c.take_id, rank.label("far")).where(cells, far <= NEAR**2).group_by(COLOURS.c.take_id)
        few = near.subquery()
        return _filtered(query).join(few, few.c.take_id == TAKES.c.id).order_by(few.c.far, TAKES.c.id.desc())
    found = _filtered(query)
    table: FromClause = TAKES
    if query.words or query.tags or query.model or query.stars:
        # The limit keeps these conditions together: colours are looked up only for what passed them, latest first.
        passed = found.order_by(TAKES.c.id.desc()).limit(2**62).subquery()
        found, table = select(passed.c.id), passed
    else:
        found = found.order_by(TAKES.c.id.desc())
    own = select(rank).where(COLOURS.c.take_id == table.c.id, far <= NEAR**2).correlate(table).scalar_subquery()
    latest = found.add_columns(own.label("far")).where(own.is_not(None)).limit(max(_LATEST, query.limit)).subquery()
    return select(latest.c.id).order_by(latest.c.far, latest.c.id.desc())


def colour_of(name: str) -> Colour:
    """A colour by name or as #rrggbb. Raises LibraryError."""
    match = _HEX.fullmatch(_NAMES.get(name.strip().lower(), name.strip()))
    if match is None:
        raise LibraryError(f"'{name:.40}' is no colour", field="colour",
                           hint=f"Write #rrggbb or one of {', '.join(_NAMES)}.")
    digits = match[1] if len(match[1]) == 6 else "".join(2 * digit for digit in match[1])
    rgb = np.array([int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)], np.float32)
    light, red, yellow = map(float, srgb_to_oklab(rgb))
    return Colour(light, red, yellow)


def tidy_tag(tag: str) -> str:
    """A tag as it is kept: lower case, single spaces, at most 100 letters. Raises LibraryError for an empty one."""
    tidy = " ".join(tag.lower().split())[:100]
    if not tidy or not tidy.isprintable():
        raise LibraryError(f"'{tag:.40}' is no tag", hint="Write a word or two.", field="tag")
    return tidy


def _asked(words: str) -> str:
    """Words as the index is asked for them: all of them, quoted, so that no sign in them means anything."""
    parts = ['"' + " ".join(part.replace('"', " ").split()) + '"' for part in searchable_parts(words)]
    parts = [part for part in parts if any(mark.isalnum() for mark in part)]
    return " ".join([*parts[:-1], f"{parts[-1]}*"]) if parts else ""


def searchable_parts(words: str) -> list[str]:
    """The words to look for; characters of scripts without spaces stay together, as they were typed."""
    return [searchable(part).strip() for part in words.replace("\0", " ").split()]


def _midnight(day: datetime.date) -> float:
    try:
        return datetime.datetime.combine(day, datetime.time()).timestamp()
    except (ValueError, OverflowError, OSError) as error:
        raise LibraryError(f"{day} is too far away", hint="Write a day since 1970.", field="date") from error
