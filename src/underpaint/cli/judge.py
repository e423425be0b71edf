"""`underpaint judge`: two pictures side by side, nothing told about them, and which one you like better."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from underpaint.cli import recipes
from underpaint.cli.keeping import LIBRARY
from underpaint.cli.output import notes, print_json
from underpaint.cli.progress import job_progress
from underpaint.errors import LibraryError

if TYPE_CHECKING:
    from underpaint.library.library import Entry, Library
    from underpaint.library.reviewing import Reviewed
    from underpaint.review.picks import Taste

_SIDE = 640
_LEFT, _RIGHT, _SKIP, _QUIT = ("l", "left", "1"), ("r", "right", "2"), ("s", "skip", ""), ("q", "quit")


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("judge", epilog="Example: underpaint judge -n 30")(judge)


def judge(count: int = typer.Option(20, "-n", "--pairs", min=1, max=1000, help="How many pairs at most."),
          words: str = typer.Argument("", help="Only pictures with these words."),
          limit: int = typer.Option(200, "--among", min=2, max=20_000, help="Among how many of the latest pictures."),
          seed: int | None = typer.Option(None, "--seed", help="Draw the same pairs again."),
          show: bool = typer.Option(True, "--open/--no-open", help="Open each pair in your picture viewer."),
          library: Path | None = LIBRARY, as_json: bool = recipes.JSON) -> None:
    """Tell your taste: of two pictures, which one? Answer l (left), r (right), s (skip) or q (quit)."""
    import numpy as np

    from underpaint.library.library import Library
    from underpaint.library.search import Query, search

    with Library(library, make=False) as opened:
        entries = search(opened, Query(words=words, limit=limit))
        if len(entries) < 2:
            raise LibraryError("there are not two pictures to choose between", hint="Paint or import some first.")
        with tempfile.TemporaryDirectory(prefix="underpaint-pair-") as folder:
            table = _Table(opened, entries, Path(folder) / "pair.png", show, np.random.default_rng(seed))
            answered = table.ask(count)
        taste = table.taste
    if as_json:
        print_json({"answered": answered, "knows": taste.knows, "picks": taste.picks, "says": taste.says})
    else:
        notes().print(f"{answered} answers; your taste: {taste.says}", markup=False)


class _Table:
    """Lays pairs side by side and takes answers."""

    def __init__(self, library: "Library", entries: "Sequence[Entry]", place: Path, show: bool, rng: Any) -> None:
        from underpaint.cli.review import desk
        from underpaint.library.reviewing import opinions, review_entries

        with job_progress(1) as watcher:
            watcher.begin("looking at your pictures")
            found = review_entries(library, entries, desk(), tell=watcher.step)
        self._library, self._place, self._show, self._rng = library, place, show, rng
        self._found: dict[str, Reviewed] = {one.entry.sha256: one for one in found if one.error is None}
        self._asked = [(one.better, one.worse) for one in opinions(library).answers]
        self.taste: Taste = self._learned()

    def _learned(self) -> "Taste":
        from underpaint.library.reviewing import opinions, taste_of

        return taste_of(list(self._found.values()), opinions(self._library))

    def ask(self, count: int) -> int:
        """Ask about up to `count` pairs; how many were answered."""
        from underpaint.library import ratings
        from underpaint.review.picks import next_pair

        answered = 0
        for number in range(count):
            pair = next_pair(list(self._found), self.taste, self._asked, self._rng)
            if pair is None:
                notes().print("every pair was asked")
                break
            self._lay(pair)
            answer = self._answer(number + 1, count)
            if answer in _QUIT:
                break
            self._asked.append(pair)
            if answer in _SKIP:
                continue
            better, worse = pair if answer in _LEFT else pair[::-1]
            ratings.prefer(self._library, self._found[better].entry, self._found[worse].entry)
            answered += 1
            if answered % 5 == 0:
                self.taste = self._learned()
        self.taste = self._learned()
        return answered

    def _answer(self, number: int, count: int) -> str:
        while True:
            try:
                said = str(typer.prompt(f"{number} of {count}: left, right, skip or quit", default="s", err=True,
                                        show_default=False)).strip().lower()
            except typer.Abort:  # no more is typed
                return "q"
            if said in (*_LEFT, *_RIGHT, *_SKIP, *_QUIT):
                return said
            notes().print("answer l, r, s or q")

    def _lay(self, pair: tuple[str, str]) -> None:
        """One picture beside the other, of one height, without names: the same file each time, so that a viewer which
        watches it shows the next."""
        import numpy as np

        from underpaint.library.review_files import small_picture
        from underpaint.pictures import Record, write_picture

        left, right = (small_picture(self._found[key].entry.file, _SIDE) for key in pair)
        height = max(left.shape[0], right.shape[0])
        whole = np.full((height, left.shape[1] + right.shape[1] + 24, 3), 0.5, np.float32)
        whole[(height - left.shape[0]) // 2 :][: left.shape[0], : left.shape[1]] = left
        whole[(height - right.shape[0]) // 2 :][: right.shape[0], left.shape[1] + 24 :] = right
        write_picture(self._place, whole, Record(), private=True)
        if self._show:
            typer.launch(str(self._place))
        else:
            notes().print(f"look at {self._place}", markup=False)

