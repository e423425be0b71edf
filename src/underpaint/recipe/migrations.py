"""Older recipes are lifted one schema at a time; defaults never change within a schema."""

from collections.abc import Callable
from typing import Any

from underpaint.errors import RecipeError

SCHEMA = 1

MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""From schema N to N + 1. A migration writes out each default that the newer schema changes."""


def migrate(data: dict[str, Any]) -> dict[str, Any]:
    """Lift `data` to the current schema. A recipe without a number is of schema 1.

    Raises RecipeError for a schema newer than this program knows.
    """
    number = data.get("schema", 1)
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise RecipeError(f"a schema is a whole number from 1, not {number!r:.40}", field="schema")
    if number > SCHEMA:
        raise RecipeError(f"this recipe is of schema {number}; this Underpaint reads up to {SCHEMA}",
                          hint="Update Underpaint to paint it.", field="schema")
    while number < SCHEMA:
        data = MIGRATIONS[number](data)
        number += 1
    return data
