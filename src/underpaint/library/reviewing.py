"""The review beside the pictures: verdicts kept until something they come from changes, and the artist's own taste."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert as upsert

from underpaint.errors import LibraryError, PictureError
from underpaint.imaging.arrays import FloatArray
from underpaint.library.facts import DOCUMENTS, document_picture
from underpaint.library.library import Entry, Library
from underpaint.library.tables import ITEMS, MARKS, TAKES, VERDICTS
from underpaint.pictures.read import read_picture
from underpaint.review.embedding import Embedder
from underpaint.review.picks import Looks, Preference, Rated, Taste, learn, preferences
from underpaint.review.qualities import qualities
from underpaint.review.team import Team
from underpaint.review.verdict import SCHEMA, Asked, Reviewer, Verdict
from underpaint.review.wording import Wording

_AT_ONCE = 400


@dataclass(frozen=True, eq=False)
class Reviewed:
    """One picture with its verdict as JSON data, its measured qualities and its likeness vector; `error` says why it
    could not be reviewed, in place of them."""

    entry: Entry
    verdict: dict[str, Any]
    qualities: FloatArray
    vector: FloatArray
    error: str | None = None

    @property
    def score(self) -> float:
        """What the verdict sorts by."""
        return float(self.verdict.get("score", 0.0))


@dataclass(frozen=True, eq=False)
class Desk:
    """What pictures are reviewed with."""

    reviewer: Reviewer
    embedder: Embedder
    wording: Wording
    team: Team | None = None

    @property
    def name(self) -> str:
        """What a kept verdict must have been made by to be believed."""
        return f"{SCHEMA} {self.reviewer.name} {self.wording.name}{self.team.name if self.team else ''}"

    def see(self, pixels: FloatArray, words: str, measured: object) -> tuple[Verdict, FloatArray]:
        """The verdict on a picture painted from `words`, of which `measured` is known, and its measured qualities."""
        asked = self.wording.measured(pixels, words, measured if isinstance(measured, dict) else {})
        verdict, = self.reviewer.review([Asked(pixels, asked)])
        numbers = qualities(pixels)
        return (self.team.adjusted(verdict, numbers) if self.team else verdict), numbers


def review_entries(library: Library, entries: Sequence[Entry], desk: Desk, *,
                   again: bool = False, tell: Callable[[int, int], None] | None = None) -> list[Reviewed]:
    """Review pictures, in order; verdicts that were kept are taken unless `again` or something they come from changed.

    A picture whose file is gone or damaged becomes one with an `error`. A library open only for reading keeps nothing.
    """
    kept = {} if again else _kept(library, entries, desk)
    found = []
    for done, entry in enumerate(entries):
        known = kept.get(entry.number)
        one = known or _review(library, entry, desk)
        if known is None and one.error is None and library.database.writable:
            _keep(library, one, desk)
        found.append(one)
        if tell is not None:
            tell(done + 1, len(entries))
    return found


def _review(library: Library, entry: Entry, desk: Desk) -> Reviewed:
    try:
        pixels = np.asarray((document_picture(entry.file) if entry.file.suffix.lower() in DOCUMENTS
                             else read_picture(entry.file)).pixels)
        _, plan, _ = library.record(entry)
    except (PictureError, LibraryError) as error:
        return Reviewed(entry, {}, np.zeros(0, np.float32), np.zeros(0, np.float32), str(error))
    verdict, numbers = desk.see(pixels, entry.words, (plan or {}).get("measured"))
    return Reviewed(entry, verdict.to_json(), numbers, desk.embedder.embed([pixels])[0])


def _kept(library: Library, entries: Sequence[Entry], desk: Desk) -> dict[int, Reviewed]:
    by_number = {entry.number: entry for entry in entries}
    numbers, found = list(by_number), {}
    with library.database.reading() as connection:
        for first in range(0, len(numbers), _AT_ONCE):
            query = select(VERDICTS).where(VERDICTS.c.take_id.in_(numbers[first : first + _AT_ONCE]),
                                           VERDICTS.c.made_by == desk.name, VERDICTS.c.embedder == desk.embedder.name)
            for row in connection.execute(query):
                try:
                    found[row.take_id] = Reviewed(by_number[row.take_id], json.loads(row.verdict),
                                                  np.asarray(json.loads(row.qualities), np.float32),
                                                  np.frombuffer(row.vector, np.float32))
                except ValueError:
                    continue  # damaged: reviewed again
    return found


def _keep(library: Library, one: Reviewed, desk: Desk) -> None:
    values = {"take_id": one.entry.number, "made_by": desk.name, "grade": one.verdict["grade"], "score": one.score,
              "verdict": json.dumps(one.verdict), "qualities": json.dumps(one.qualities.round(5).tolist()),
              "embedder": desk.embedder.name, "vector": np.ascontiguousarray(one.vector, np.float32).tobytes(),
              "reviewed_at": time.time()}
    with library.database.writing() as connection:
        if connection.execute(select(TAKES.c.id).where(TAKES.c.id == one.entry.number)).first() is None:
            return  # deleted in another program while it was looked at
        changed = {name: value for name, value in values.items() if name != "take_id"}
        connection.execute(upsert(VERDICTS).values(values).on_conflict_do_update(index_elements=["take_id"],
                                                                                 set_=changed))


def likenesses(library: Library, entries: Sequence[Entry]) -> list[str]:
    """The hashes of pictures' large shapes, in order; nothing but zeros for one that was deleted meanwhile."""
    numbers = [entry.number for entry in entries]
    known: dict[int, str] = {}
    with library.database.reading() as connection:
        for first in range(0, len(numbers), _AT_ONCE):
            query = select(TAKES.c.id, TAKES.c.likeness).where(TAKES.c.id.in_(numbers[first : first + _AT_ONCE]))
            known |= {int(row.id): str(row.likeness) for row in connection.execute(query)}
    return [known.get(number, "0" * 16) for number in numbers]


@dataclass(frozen=True, eq=False)
class Opinions:
    """Everything that was said in a library: by id of the pictures, the answers to blind pairs, each picture's job."""

    rated: dict[str, Rated]
    answers: tuple[Preference, ...]
    jobs: dict[str, str]

    @property
    def picks(self) -> int:
        """How many separate words there are."""
        return len(self.answers) + sum(one.said for one in self.rated.values())


def opinions(library: Library) -> Opinions:
    """Stars, rejects, picks, paint-overs and blind pairs of a library, by the SHA-256 of the pictures."""
    with library.database.reading() as connection:
        rows = connection.execute(select(TAKES.c.id, TAKES.c.sha256, TAKES.c.stars, TAKES.c.rejected, TAKES.c.pick)
                                  .where(TAKES.c.trashed_at.is_(None))).all()
        said = connection.execute(select(MARKS.c.take_id, MARKS.c.value).where(MARKS.c.what == "preferred")
                                  .order_by(MARKS.c.id)).all()
        made = connection.execute(select(ITEMS.c.take_id, ITEMS.c.job_id).where(ITEMS.c.take_id.is_not(None))).all()
    names = {row.id: str(row.sha256) for row in rows}
    known = set(names.values())
    rated = {str(row.sha256): Rated(str(row.sha256), int(row.stars), bool(row.rejected), row.pick is not None)
             for row in rows}
    answers = tuple(Preference(names[row.take_id], str(row.value)) for row in said
                    if row.take_id in names and row.value in known)
    return Opinions(rated, answers, {names[row.take_id]: str(row.job_id) for row in made if row.take_id in names})


def taste_of(reviewed: Sequence[Reviewed], said: Opinions) -> Taste:
    """What the artist likes, learned from what they said of the reviewed pictures."""
    usable = [one for one in reviewed if one.error is None]
    width = max((len(one.vector) for one in usable), default=0)
    usable = [one for one in usable if len(one.vector) == width]
    if not usable:
        return learn(Looks((), np.zeros((0, 1), np.float32), np.zeros((0, 1), np.float32)), [])
    scores = np.asarray([[one.score * 2 - 1] for one in usable], np.float32)
    looks = Looks(tuple(one.entry.sha256 for one in usable),
                  np.concatenate([np.stack([one.qualities for one in usable]), scores], axis=1),
                  np.stack([one.vector for one in usable]))
    pairs = preferences([said.rated[key] for key in looks.keys if key in said.rated], said.answers, said.jobs)
    return learn(looks, pairs, said.picks)
