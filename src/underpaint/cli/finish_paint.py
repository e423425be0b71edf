"""The second pass of `underpaint finish upscale --paint`: the enlarged picture is painted over in tiles."""

import secrets
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from underpaint.cli.keeping import Keeping, Work, journal_of
from underpaint.cli.output import notes
from underpaint.cli.painting import say_before
from underpaint.cli.progress import job_progress
from underpaint.errors import RecipeError

if TYPE_CHECKING:
    from underpaint.finish.networks import Network
    from underpaint.finish.upscale import Upscale
    from underpaint.finish.writing import Finished, Opened
    from underpaint.recipe import Recipe, RefineRecipe


@dataclass(frozen=True)
class Brush:
    """What was asked of the second pass; None leaves it to the picture's own recipe or to the plan."""

    words: str
    strength: float | None
    model: str | None
    steps: int | None
    seed: int | None
    controls: list[str]
    tile: int | None
    device: str | None
    precision: str | None
    library: Path | None
    no_library: bool
    private: bool


def paint_over(opened: "Opened", target: Path, asked: "Upscale", network: "Network | None",
               brush: Brush) -> "Finished":
    """Enlarge, paint, write. The record in the file is the new painting's; its steps tell of the picture before."""
    from underpaint.finish.lineage import kept_from_painting
    from underpaint.finish.second_pass import painted_over
    from underpaint.finish.table import OPERATIONS
    from underpaint.finish.upscale import upscale
    from underpaint.finish.writing import save
    from underpaint.library.drawings import Stored
    from underpaint.library.jobs import JobItem
    from underpaint.pictures.encode import Encoding, encode
    from underpaint.pictures.read import read_picture
    from underpaint.pictures.record import Record
    from underpaint.plan.painter import Painter

    made = upscale(opened.picture, asked, network)
    stored = Stored.of(encode("PNG", made.whole(), opened.picture.icc, Encoding(), True), opened.path.name)
    enlarged = read_picture(stored.data)
    asked_for, blobs = _recipe(opened, stored, brush)
    # The job is told again by the recipe as it was asked for: a seed that is drawn is another one on every start.
    recipe = asked_for.changed(seed=secrets.randbelow(2**32) if asked_for.seed is None else asked_for.seed)
    item = JobItem(recipe, "second pass", (opened.picture.sha256,))
    painter = Painter(device=brush.device, precision=brush.precision, warn=say_before)
    work = Work("upscale", recipe.prompt[:200],
                {"recipe": asked_for.hash(), "output": str(target.parent), "device": brush.device,
                 "precision": brush.precision, "private": brush.private})
    with job_progress(1) as watcher:
        watcher.begin(f"painting over {opened.path.name}")
        with journal_of(Keeping(brush.library, brush.no_library, brush.private), [item],
                        blobs, work, lambda one, kept, tell: painter.paint(one, kept, progress=tell)) as journal:
            kept = journal.take(0, watcher.step) if journal else None
            take = kept.take if kept else painter.paint(recipe, blobs, progress=watcher.step)
            plan = {**take.plan.to_record(), "circumstances": dict(take.circumstances), "measured": dict(take.measured)}
            told = kept_from_painting(opened.kept, Record(recipe=take.recipe, plan=plan, blobs=take.blobs))
            result = replace(painted_over(enlarged, take.picture), notes=made.notes,
                             found={"painted_over": True, "strength": recipe.strength})
            done = save(replace(opened, kept=told), OPERATIONS["upscale"], asked, result, target,
                        private=brush.private)
            if journal and kept:
                journal.written(kept, target, done.pixels)
                journal.done()
        watcher.finish()
    return done


def _recipe(opened: "Opened", stored: Any, brush: Brush) -> "tuple[RefineRecipe, dict[str, bytes]]":
    """The recipe of the second pass and everything it names."""
    from underpaint.cli.recipes import Asked, shared_recipe
    from underpaint.finish.second_pass import USUAL_STRENGTH, second_pass
    from underpaint.imaging.geometry import Extent
    from underpaint.library.control_files import read_controls
    from underpaint.pictures.read import read_picture
    from underpaint.recipe import RefineRecipe
    from underpaint.recipe.parts import Tiles

    enlarged = read_picture(stored.data)
    before = _painted_with(opened)
    given = read_controls(brush.controls) if brush.controls else []
    side = brush.tile or _own_side(brush.model or (before.model.name if before and before.model else None))
    recipe = second_pass(stored.blob, Extent(enlarged.width, enlarged.height), brush.words,
                         strength=USUAL_STRENGTH if brush.strength is None else brush.strength,
                         tiles=_tiles(side), before=before)
    assert isinstance(recipe.tiles, Tiles)
    made = shared_recipe(Asked(model=brush.model, steps=brush.steps, seed=brush.seed), recipe)
    assert isinstance(made, RefineRecipe)
    made = made.changed(controls=(*made.controls, *(one.control for one in given)))
    for note in dict.fromkeys(note for one in given for note in one.notes):
        notes().print(f"note: {note}", markup=False)
    blobs = {**opened.kept.blobs, stored.blob.sha256: stored.data}
    for one in given:
        blobs |= one.blobs
    return made, blobs


def _tiles(side: int) -> Any:
    from underpaint.finish.shape import checked
    from underpaint.recipe.parts import Tiles

    return checked(Tiles, {"size": side, "overlap": side // 8})


def _own_side(model: str | None) -> int:
    """Tiles of the size that a model paints best, a multiple of 64 pixels."""
    from underpaint.models import Catalogue

    area = Catalogue().find(model or "primer", kind="checkpoint").native_area or 512 * 512
    return int(min(max(round(area**0.5 / 64) * 64, 128), 1024))


def _painted_with(opened: "Opened") -> "Recipe | None":
    """The recipe that the picture was painted with, where its drawings are all there."""
    from underpaint.recipe import parse_recipe

    told = opened.kept.note.get("recipe")
    if not isinstance(told, dict) or opened.kept.note.get("private"):
        return None
    try:
        before = parse_recipe(told)
    except RecipeError:
        return None
    missing = [blob for control in before.controls for blob in control.blobs() if blob.sha256 not in opened.kept.blobs]
    return before.changed(controls=()) if missing else before
