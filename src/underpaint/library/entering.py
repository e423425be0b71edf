"""One picture enters the database: its row, its record, its colours, its words and its parents, together."""

import json
import time
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, text, update

from underpaint.library.facts import Facts
from underpaint.library.tables import COLOURS, COPIES, PARENTS, RECORDS, TAGS, TAKES

_SPACED = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "THAI", "LAO", "KHMER", "MYANMAR")


@dataclass(frozen=True)
class Circumstances:
    """What the file itself does not say. `kind` is take, import or return; `path` for files that stay outside."""

    kind: str = "take"
    name: str = ""
    path: str | None = None
    seconds: float | None = None
    parents: tuple[str, ...] = ()


def enter(connection: Connection, facts: Facts, how: Circumstances) -> int:
    """Enter a picture, or find the one with these very bytes; its number. Painted again, it leaves the trash."""
    known = connection.execute(select(TAKES.c.id).where(TAKES.c.sha256 == facts.sha256)).scalar()
    if known is not None:
        connection.execute(update(TAKES).where(TAKES.c.id == known).values(trashed_at=None))
        if how.path is None:  # its bytes are kept here from now on, wherever they lay before
            connection.execute(update(TAKES).where(TAKES.c.id == known, TAKES.c.path.is_not(None))
                               .values(path=None, suffix=facts.suffix))
        return int(known)
    number = _insert(connection, facts, how)
    recipe, plan, found = facts.to_json()
    connection.execute(insert(RECORDS).values(take_id=number, recipe=recipe, plan=plan, found=found))
    connection.execute(insert(COLOURS), [
        {"take_id": number, "lightness": one.lightness, "green_red": one.green_red, "blue_yellow": one.blue_yellow,
         "share": one.share, "cell": one.cell} for one in facts.look.main])
    connection.execute(text("INSERT INTO searched (rowid, words, name, tags, model) "
                            "VALUES (:id, :words, :name, '', :model)"),
                       {"id": number, "words": searchable(f"{facts.words}\n{facts.negative}"),
                        "name": searchable(how.name), "model": searchable(facts.model or "")})
    for parent in grown_from(connection, (*facts.needs, *how.parents)):
        tie(connection, number, parent, "grew")
    return number


def _insert(connection: Connection, facts: Facts, how: Circumstances) -> int:
    mean = facts.look.mean
    done = connection.execute(insert(TAKES).values(
        sha256=facts.sha256, pixels=facts.pixels, suffix=facts.suffix, path=how.path, kind=how.kind, name=how.name,
        program=facts.program, words=facts.words, negative=facts.negative, model=facts.model,
        seed=None if facts.seed is None else str(facts.seed), recipe_hash=facts.recipe_hash, width=facts.width,
        height=facts.height, likeness=facts.look.likeness, lightness=mean.lightness, green_red=mean.green_red,
        blue_yellow=mean.blue_yellow, stars=0, rejected=0, painted_at=facts.painted_at, entered_at=time.time(),
        seconds=how.seconds))
    key = done.inserted_primary_key
    assert key is not None
    return int(key[0])


def grown_from(connection: Connection, hashes: Iterable[str]) -> list[int]:
    """The takes whose file, pixels or written copy has one of these hashes."""
    found: list[int] = []
    for sha256 in dict.fromkeys(hashes):
        for query in (select(TAKES.c.id).where(TAKES.c.sha256 == sha256),
                      select(COPIES.c.take_id).where(COPIES.c.sha256 == sha256)):
            number = connection.execute(query).scalar()
            if number is not None and number not in found:
                found.append(int(number))
    return found


def tie(connection: Connection, child: int, parent: int, how: str, facts: dict[str, Any] | None = None) -> None:
    """Say that one take grew from another; said again, the newer word counts. Nothing grows from itself."""
    if child == parent or parent in descendants(connection, child):
        return
    connection.execute(delete(PARENTS).where(PARENTS.c.child_id == child, PARENTS.c.parent_id == parent))
    connection.execute(insert(PARENTS).values(child_id=child, parent_id=parent, how=how, facts=json.dumps(facts or {})))


def descendants(connection: Connection, number: int) -> set[int]:
    """Everything that grew from a take, and from that."""
    rows = connection.execute(text(
        "WITH RECURSIVE line(id) AS (SELECT child_id FROM parents WHERE parent_id = :id UNION "
        "SELECT child_id FROM parents JOIN line ON parent_id = line.id) SELECT id FROM line"), {"id": number})
    return {int(row[0]) for row in rows}


def set_tags(connection: Connection, number: int, tags: Iterable[str]) -> None:
    """Give a take these tags and no others; the words that it is found by follow."""
    kept = sorted(set(tags))
    connection.execute(delete(TAGS).where(TAGS.c.take_id == number))
    if kept:
        connection.execute(insert(TAGS), [{"take_id": number, "tag": tag} for tag in kept])
    connection.execute(text("UPDATE searched SET tags = :tags WHERE rowid = :id"),
                       {"tags": searchable(" ".join(kept)), "id": number})


def count(connection: Connection) -> int:
    """How many pictures there are, those in the trash not counted."""
    return int(connection.execute(select(func.count()).where(TAKES.c.trashed_at.is_(None))).scalar() or 0)


def searchable(words: str) -> str:
    """Text as the index takes it: scripts that write without spaces get one round each character."""
    if words.isascii():
        return words
    return "".join(f" {mark} " if _stands_alone(mark) else mark for mark in words)


def _stands_alone(mark: str) -> bool:
    return mark > "\u0dff" and unicodedata.name(mark, "").startswith(_SPACED)
