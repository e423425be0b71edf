"""Which adapter a name means, which ones suit a model and a map, and which image encoder an IP-Adapter needs."""

from collections.abc import Iterable
from pathlib import Path

from underpaint.errors import ModelError
from underpaint.models.adapters import reads, way_out
from underpaint.models.catalogue import Catalogue
from underpaint.models.describe import describe
from underpaint.models.description import Kind, ModelDescription

ADAPTERS: tuple[Kind, ...] = ("controlnet", "adapter", "ip_adapter")
_ENCODER_FOLDERS = ("image_encoder", "../image_encoder", "../../image_encoder")
_ENCODERS = {("ip", 1024): "CLIP ViT-H/14", ("ip", 1280): "CLIP ViT-bigG/14", ("ip", 768): "CLIP ViT-L/14",
             ("inner", 1280): "CLIP ViT-H/14", ("inner", 1664): "CLIP ViT-bigG/14",
             ("inner", 1024): "CLIP ViT-L/14"}  # fmt: skip


def find_adapter(catalogue: Catalogue, name: str, sha256: str | None = None) -> ModelDescription:
    """The ControlNet, T2I-Adapter or IP-Adapter of that name, as A1111 writes it too (`name [hash]`).

    Raises:
        ModelError: there is none, it is something else, or of a kind that is not supported.
    """
    missing: ModelError | None = None
    for kind in ADAPTERS:
        try:
            return supported(catalogue.find(name, kind=kind, sha256=sha256))
        except ModelError as error:
            if error.field == "adapter":
                raise
            missing = missing or error
    assert missing is not None
    try:
        other = catalogue.find(name)
    except ModelError:
        hint = missing.hint if missing.hint and "Near it" in missing.hint else \
            "See 'underpaint models list --kind controlnet', or add a folder of models."
        raise ModelError(f"there is no adapter called '{name:.200}'", hint=hint, field="adapter") from missing
    if other.lora is not None and other.lora.unsupported == "Control-LoRA":
        raise ModelError(f"{other.name} is a Control-LoRA, which is not supported", hint=way_out("Control-LoRA"),
                         field="adapter")
    raise ModelError(f"{other.path.name} is {other.kind_name}, not an adapter",
                     hint="A control is followed by a ControlNet, T2I-Adapter or IP-Adapter.", field="adapter")


def supported(adapter: ModelDescription) -> ModelDescription:
    """The adapter itself. Raises ModelError, with what to get instead, for a kind that is not supported."""
    what = adapter.adapter.unsupported if adapter.adapter is not None else ""
    if what:
        raise ModelError(f"{adapter.name} is {what}, which is not supported", hint=way_out(what), field="adapter")
    return adapter


def adapters_for(catalogue: Catalogue, model: ModelDescription, wanted: Iterable[str]) -> tuple[ModelDescription, ...]:
    """The adapters here that suit the model and read one of the kinds of map that are wanted, as their names tell;
    those for one kind alone come before those for many, then by name."""
    kinds = tuple(wanted)
    found = [one for kind in ADAPTERS[:2] for one in catalogue.models(kind)
             if one.adapter is not None and not one.adapter.unsupported and reads(one, kinds) and one.suits(model)
             and (one.family is not None or one.context_width is not None)]
    return tuple(sorted(found, key=lambda one: (len(one.adapter.reads) if one.adapter else 0, one.name.lower())))


def find_image_encoder(catalogue: Catalogue, adapter: ModelDescription) -> ModelDescription:
    """The image encoder that an IP-Adapter was trained with: beside it, or in a folder that was added.

    Raises:
        ModelError: there is none; it says which one to put where.
    """
    assert adapter.adapter is not None
    beside = [adapter.path.parent / name for name in _ENCODER_FOLDERS]
    known = [describe(path) for path in map(Path.resolve, beside) if (path / "config.json").is_file()]
    for one in (*known, *catalogue.models("image_encoder")):
        if one.adapter is not None and _fits(adapter, one):
            return one
    plain = adapter.adapter.form == "ip"
    width = adapter.adapter.image_width
    name = _ENCODERS.get(("ip" if plain else "inner", width), f"a CLIP image encoder of width {width}")
    raise ModelError(
        f"the IP-Adapter {adapter.name} sees through {name}, which is not here",
        hint=f"Put its folder as 'image_encoder' beside {adapter.path.name}, or its .safetensors into a folder of "
             "models that was added (such as ComfyUI's clip_vision).", field="adapter")


def _fits(adapter: ModelDescription, encoder: ModelDescription) -> bool:
    assert adapter.adapter is not None and encoder.adapter is not None
    seen = encoder.adapter.projected_width if adapter.adapter.form == "ip" else encoder.adapter.image_width
    return encoder.kind == "image_encoder" and seen == adapter.adapter.image_width
