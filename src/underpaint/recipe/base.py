"""Frozen, sparse, strict: what every piece of a recipe has in common."""

from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, model_serializer


class Frozen(BaseModel):
    """Immutable data that refuses unknown keys and NaN, and writes only what differs from its defaults.

    A class that takes part in a tagged union names its tag field in `tag`; the tag is always written,
    so that sparse JSON still says which member it is.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True, validate_by_name=True,
        serialize_by_alias=True, str_max_length=200_000, protected_namespaces=(),
    )
    tag: ClassVar[str | None] = None

    @model_serializer(mode="wrap")
    def _sparse(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        full = handler(self)
        kept: dict[str, Any] = {}
        tag_first = sorted(type(self).model_fields.items(), key=lambda item: item[0] != self.tag)
        for name, field in tag_first:
            key = field.serialization_alias or field.alias or name
            if key not in full:
                continue
            default = field.get_default(call_default_factory=True)
            if name == self.tag or field.is_required() or getattr(self, name) != default:
                kept[key] = full[key]
        return kept

    def changed(self, **fields: Any) -> Self:
        """A copy with some fields changed, validated again."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return type(self)(**{**values, **fields})
