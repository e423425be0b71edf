"""Painting a picture again from its file alone, and saying how near it came."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from underpaint.errors import ModelError, RecipeError
from underpaint.library.saving import check_target, save_take
from underpaint.models import Catalogue, ModelDescription
from underpaint.models.adapter_finding import find_adapter
from underpaint.models.own_adapters import find_own
from underpaint.pictures.read import read_picture
from underpaint.pictures.recall import blobs_from_file, plan_from_file, recipe_from_file, recorded_pixels
from underpaint.pictures.record import pixels_hash
from underpaint.plan.data import Plan
from underpaint.plan.image_text import image_text_place
from underpaint.plan.take import versions
from underpaint.recipe import ModelRef, Recipe


@dataclass(frozen=True, eq=False)
class Source:
    """A painted picture's own account of itself."""

    path: Path
    recipe: Recipe
    plan: Plan
    blobs: dict[str, bytes]
    circumstances: dict[str, Any]
    recorded: str | None


@dataclass(frozen=True)
class Foreseen:
    """What is missing here, and what differs from where the picture was painted; sentences."""

    missing: tuple[str, ...]
    differs: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """How the new picture compares. `verdict` is identical, "changed since painting" or differs.

    `changed`: the old file's pixels are no longer those that were painted. `largest` difference of the new pixels from
    the old file's, in steps of 255, None where sizes differ.
    """

    verdict: str
    file: Path
    changed: bool
    largest: float | None
    why: tuple[str, ...]
    seconds: float


def read_source(path: str | Path) -> Source:
    """Everything it takes to paint a picture again. Raises PictureError or RecipeError where it is not there."""
    path = Path(path)
    recipe, record = recipe_from_file(path), plan_from_file(path)
    if record is None:
        raise RecipeError(f"{path.name} holds a recipe but no plan", field="plan",
                          hint="Save the `recipe` part of `underpaint info --json` and paint it with --recipe.")
    circumstances = record.get("circumstances")
    return Source(path, recipe, Plan.from_record(record), blobs_from_file(path),
                  circumstances if isinstance(circumstances, dict) else {}, recorded_pixels(path))


def foresee(source: Source, catalogue: Catalogue) -> Foreseen:
    """Compare this machine with the picture's without painting; imports torch only for one from a GPU or in int8."""
    missing: list[str] = []
    differs: list[str] = []
    plan = source.plan
    wanted: list[tuple[ModelRef, Any]] = [(plan.model, "checkpoint"), *((ref, "lora") for ref in plan.loras),
                                          *((one.lora, "lora") for one in plan.region_loras),
                                          *((ref, "embedding") for ref in plan.embeddings)]
    wanted += [(plan.vae, "vae")] if plan.vae else []
    wanted += [(use.adapter, "adapter") for use in plan.adapters]
    wanted += [(use.encoder, "image_encoder") for use in plan.adapters if use.encoder is not None]
    painting: ModelDescription | None = None
    for ref, kind in dict.fromkeys(wanted):
        try:
            found = _find(ref, kind, catalogue, painting)
        except ModelError as error:
            missing.append(f"the {kind.replace('_', ' ')} '{ref.name}': {error.message}")
            continue
        painting = found if kind == "checkpoint" else painting
        if ref.hash and not (found.sha256 or catalogue.hashes.hash_now(found.path).sha256).startswith(ref.hash):
            differs.append(f"the {kind} '{ref.name}' has other weights here")
    seer = plan.image_text
    if seer is not None:
        try:
            place = image_text_place(seer)
            if seer.hash and not catalogue.hashes.hash_now(place).sha256.startswith(seer.hash):
                differs.append(f"the image-text model '{seer.name}' has other weights here")
        except ModelError as error:
            missing.append(error.message)
    if plan.device != "cpu" and not _device_is_here(plan.device):
        differs.append(f"it was painted on '{plan.device:.20}', which this machine has not")
    elif plan.dtype == "int8" and not _device_is_here(plan.device, "int8"):
        differs.append("it was painted in int8, which this processor is not made for")
    then, now = source.circumstances.get("versions"), versions()
    if isinstance(then, dict):
        differs += [f"{name} was {then[name]}, here {now.get(name, 'missing')}" for name in sorted(then)
                    if then[name] != now.get(name)]
    return Foreseen(tuple(missing), tuple(differs))


def _find(ref: ModelRef, kind: Any, catalogue: Catalogue, painting: ModelDescription | None) -> ModelDescription:
    if kind == "adapter":
        return find_own(catalogue, ref.name, painting) or find_adapter(catalogue, ref.name, ref.hash)
    return catalogue.find(ref.name, kind=kind, sha256=ref.hash)


def repaint(source: Source, target: Path, catalogue: Catalogue, *, progress: Callable[[int, int], None] | None = None,
            warn: Callable[[str], None] | None = None) -> Outcome:
    """Carry out the picture's own plan, write the result to `target`, and compare. `warn` is told, before anything is
    painted, of what a person should know.

    Raises ModelError when a model is missing, OutputError when `target` cannot be written.
    """
    from underpaint.plan.painter import Painter

    check_target(target, source.recipe, lossy=True)
    foreseen = foresee(source, catalogue)
    device, precision = source.plan.device, _precision(source.plan.dtype)
    painter = Painter(device=device if _device_is_here(device) else None,
                      precision=precision if _device_is_here(device, precision) else None, catalogue=catalogue,
                      warn=warn)
    take = painter.paint(source.recipe, source.blobs, plan=source.plan, progress=progress)
    old = read_picture(source.path)
    changed = source.recorded is not None and pixels_hash(old) != source.recorded
    written = save_take(take, target, lossy=True)
    new = read_picture(target)
    same = written.pixels == (source.recorded or pixels_hash(old))
    largest = None
    if old.stored.shape == new.stored.shape and old.depth == new.depth:
        difference = np.abs(old.stored.astype(np.int64) - new.stored.astype(np.int64)).max()
        largest = float(difference) * 255 / (2**old.depth - 1)
    verdict = ("changed since painting" if changed else "identical") if same else "differs"
    why = foreseen.differs if not same else ()
    if not same and target.suffix.lower() != source.path.suffix.lower():
        why = (f"it was written as {source.path.suffix or 'another format'}, now as {target.suffix}", *why)
    return Outcome(verdict, target, changed, largest, why, take.seconds)


def _device_is_here(device: str, precision: str | None = None) -> bool:
    from underpaint.plan.painter import device_is_here

    return device_is_here(device, precision)


def _precision(dtype: str) -> str:
    names = {"float32": "fp32", "bfloat16": "bf16", "float16": "fp16", "int8": "int8"}
    if dtype not in names:
        raise RecipeError(f"the picture was painted in '{dtype:.20}', which is not known here", field="plan.dtype")
    return names[dtype]
