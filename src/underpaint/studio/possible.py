"""Whether what is asked for can be painted here: said at once, with the field, not hours later when it is its turn."""

from collections.abc import Mapping, Sequence
from itertools import islice

from underpaint.errors import ModelError, UnderpaintError
from underpaint.library.preflight import Preflight, impossible
from underpaint.library.store import Store
from underpaint.models import Catalogue
from underpaint.recipe import Recipe

LOOKED_AT, DIFFERENT = 1_000, 64
"""Of so many recipes of a job so many that differ are looked at; the others come to light when they are painted."""


def looked_at(recipes: Sequence[Recipe]) -> dict[str, Recipe]:
    """The recipes of a job that differ by more than their seeds, by a hash."""
    found: dict[str, Recipe] = {}
    for one in islice(recipes, LOOKED_AT):
        found.setdefault(one.changed(seed=0, noise=one.noise.changed(variation_seed=None)).hash(), one)
        if len(found) == DIFFERENT:
            break
    return found


def drawings_of(recipes: Mapping[str, Recipe], blobs: Mapping[str, bytes], kept: Store) -> dict[str, bytes]:
    """The bytes of what recipes name, handed in with them or kept before; what is missing is left out."""
    named = {blob.sha256 for one in recipes.values() for blob in one.blobs()}
    found = {sha256: blobs[sha256] if sha256 in blobs else kept.read(sha256) for sha256 in named}
    return {sha256: data for sha256, data in found.items() if data is not None}


def first_problem(recipes: Mapping[str, Recipe], drawings: Mapping[str, bytes],
                  catalogue: Catalogue) -> UnderpaintError | None:
    """The error with which painting would begin, of recipes whose own models are known to be here. Of those whose
    drawings are missing nothing is said."""
    whole = {name: one for name, one in recipes.items() if all(blob.sha256 in drawings for blob in one.blobs())}
    error = next(iter(impossible(whole, drawings, Preflight(catalogue)).values()), None)
    if isinstance(error, ModelError) and error.field is None:
        error.field = "prompt"  # the words name a LoRA
    return error
