"""A concept sheet's files: the labelled contact sheet, and the phrase packs that people add."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from underpaint.canvas.sheet import Tile, contact_sheet
from underpaint.errors import PromptError
from underpaint.imaging.geometry import Extent
from underpaint.imaging.resize import Resample, resize
from underpaint.library.series import Painted
from underpaint.pictures.record import Record
from underpaint.pictures.write import write_picture
from underpaint.sets.packs import Pack, Phrase, merged, own_packs, parse_pack
from underpaint.sets.sheet import Concept
from underpaint.sets.structured import MAX_BYTES

PACKS = "packs"
"""The folder in Underpaint's home whose packs are always there."""
MOST_PACKS = 200
SHEET_SIDE = 640
"""The longest side of a concept on the contact sheet, in pixels."""


def read_axes(home: Path, files: Sequence[Path], spoken: Sequence[Pack]) -> dict[str, tuple[Phrase, ...]]:
    """The phrases of every axis: ours, those in `home`/packs, those of `files`, those that were said.

    Raises PromptError for a pack that cannot be read or used.
    """
    always = sorted(path for path in (home / PACKS).glob("*") if path.suffix.lower() in (".yaml", ".yml", ".toml"))
    if len(always) > MOST_PACKS:
        raise PromptError(f"{home / PACKS} holds more than {MOST_PACKS} packs", hint="Keep fewer there.")
    return merged([*own_packs(), *map(_read_pack, [*always, *files]), *spoken])


def write_sheet(concepts: Sequence[Concept], painted: Sequence[Painted], path: Path, title: str, *,
                private: bool = False) -> None:
    """The contact sheet of what is painted, each concept labelled with what was varied; a private one with numbers."""
    varied: Mapping[int, Concept] = {concept.number: concept for concept in concepts}
    tiles = [_tile(varied[one.number], one, private) for one in painted]
    write_picture(path, contact_sheet(tiles, title="Concepts" if private else title or "Concepts"),
                  Record(source_type="compositeWithTrainedAlgorithmicMedia"))


def _tile(concept: Concept, painted: Painted, private: bool) -> Tile:
    picture = painted.pixels()
    shown = Extent.of(picture).fit_within(Extent(SHEET_SIDE, SHEET_SIDE), grow=False)
    if private:
        return Tile(resize(picture, shown, Resample.LANCZOS), f"concept {painted.number}", (f"seed {painted.seed}",))
    (_, first), *others = concept.varied
    facts = [f"{axis}: {choice}" for axis, choice in others]
    return Tile(resize(picture, shown, Resample.LANCZOS), first, (*facts, f"seed {painted.seed}"))


def _read_pack(path: Path) -> Pack:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise PromptError(f"{path.name} is too large", hint=f"Such files have at most {MAX_BYTES:,} bytes.")
        data = path.read_bytes()
    except OSError as error:
        raise PromptError(f"{path} cannot be read: {(error.strerror or '').lower()}", hint="Check the name.") from error
    return parse_pack(data, path.name)
