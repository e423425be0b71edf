"""What a painted picture says about itself: the record, as data and as the JSON inside the file."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from underpaint import __version__
from underpaint.errors import RecipeError
from underpaint.pictures.facts import Facts, gather, labels
from underpaint.pictures.infotext import numbers_infotext, write_infotext
from underpaint.pictures.provenance import SourceType
from underpaint.pictures.read import Picture
from underpaint.recipe import CreateRecipe, Recipe
from underpaint.recipe.samplers import SAMPLERS, SCHEDULES

FORMAT = 1
# libpng-based programs refuse larger chunks.
MAX_NOTE_BYTES = 7_000_000


@dataclass(frozen=True)
class Record:
    """What goes into a picture file beside its pixels.

    `plan` is any JSON object; `blobs` are the bytes of everything that the recipe names, by SHA-256. `version` is
    this program's. `source_type` is IPTC's; None lets the recipe say: trained media for words alone, composite for
    refine, fill and whatever follows a drawing.
    """

    recipe: Recipe | None = None
    plan: Mapping[str, Any] | None = None
    blobs: Mapping[str, bytes] = field(default_factory=dict)
    version: str = __version__
    source_type: SourceType | None = None

    def digital_source_type(self) -> SourceType:
        """The IPTC term that fits the task."""
        if self.source_type is not None:
            return self.source_type
        alone = self.recipe is None or (isinstance(self.recipe, CreateRecipe) and not any(self.recipe.blobs()))
        return "trainedAlgorithmicMedia" if alone else "compositeWithTrainedAlgorithmicMedia"

    def needed_blobs(self) -> dict[str, bytes]:
        """The blobs that the recipe names, each checked against its hash.

        Raises RecipeError for one that is missing or altered: such a file could not be painted again.
        """
        needed: dict[str, bytes] = {}
        for blob in self.recipe.blobs() if self.recipe is not None else ():
            data = self.blobs.get(blob.sha256)
            if data is None:
                raise RecipeError(f"the bytes of '{blob.name or blob.sha256[:12]}' are missing",
                                  hint="A picture is only written with everything its recipe names.")
            if hashlib.sha256(data).hexdigest() != blob.sha256:
                raise RecipeError(f"the bytes of '{blob.name or blob.sha256[:12]}' do not match their hash",
                                  hint="Read the drawing again.")
            needed[blob.sha256] = data
        return needed


def pixels_hash(picture: Picture) -> str:
    """SHA-256 of decoded pixels, as docs/data.md defines it.

    Hashed are the ASCII line `underpaint-pixels 1 WIDTH HEIGHT MODE DEPTH\\n` (MODE: L, LA, RGB or RGBA) and then
    the stored samples: rows from the top, pixels from the left, channels interleaved, 16-bit samples big-endian.
    """
    head = f"underpaint-pixels 1 {picture.width} {picture.height} {picture.mode} {picture.depth}\n"
    samples = picture.stored.astype(">u2") if picture.depth == 16 else picture.stored
    digest = hashlib.sha256(head.encode("ascii"))
    digest.update(np.ascontiguousarray(samples).view(np.uint8).data)
    return digest.hexdigest()


def note(record: Record, pixels: str, private: bool) -> str:
    """The record as one line of ASCII JSON."""
    data: dict[str, Any] = {"underpaint": FORMAT, "version": record.version, "pixels": pixels}
    if private:
        data |= {"private": True, "task": record.recipe.task if record.recipe else None, **_numbers(record)}
    else:
        if record.recipe is not None:
            data["recipe"] = record.recipe.model_dump(mode="json")
            data["blobs"] = {blob.sha256: len(record.blobs[blob.sha256]) for blob in record.recipe.blobs()}
        if record.plan is not None:
            data["plan"] = _finite(dict(record.plan))
    try:
        text = json.dumps(data, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise RecipeError(f"the plan is not plain JSON ({error})", field="plan") from error
    if len(text) > MAX_NOTE_BYTES:
        raise RecipeError(f"recipe and plan take {len(text):,} bytes", hint=f"The limit is {MAX_NOTE_BYTES:,}.")
    return text


def _finite(value: Any) -> Any:
    """The same JSON data with null for measurements that are no number: they must not cost a finished picture."""
    if isinstance(value, Mapping):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def infotext(record: Record, private: bool) -> str | None:
    """The A1111 infotext; a private one has numbers only. None where there is no recipe to tell of."""
    if record.recipe is None:
        return None
    if not private:
        return write_infotext(record.recipe, record.plan, record.version)
    numbers = _numbers(record)
    sampler, schedule = labels(numbers["sampler"], numbers["schedule"])
    size = f"{numbers['width']}x{numbers['height']}" if numbers["width"] and numbers["height"] else None
    shown = {"Steps": numbers["steps"], "Sampler": sampler, "Schedule type": schedule,
             "CFG scale": numbers["guidance"], "Seed": numbers["seed"], "Size": size}
    return numbers_infotext(shown, record.recipe.task, record.version)


def _numbers(record: Record) -> dict[str, Any]:
    """What a private file still says: numbers, and sampler and schedule only by names that everybody has."""
    facts: Facts = gather(record.recipe, record.plan)
    sampler = facts.sampler if facts.sampler in {entry.id for entry in SAMPLERS} else None
    schedule = facts.schedule if facts.schedule in {entry.id for entry in SCHEDULES} else None
    return {"seed": facts.seed, "steps": facts.steps, "guidance": facts.guidance, "sampler": sampler,
            "schedule": schedule, "width": facts.width, "height": facts.height}
