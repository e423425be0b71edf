"""`describe`: one path in, what the model is and can do out, without loading it."""

from pathlib import Path

from underpaint.errors import ModelError
from underpaint.models.checkpoints import RECOGNISERS
from underpaint.models.description import ModelDescription, first_keys
from underpaint.models.folders import adapter_file, describe_folder
from underpaint.models.header import Header, read_header, unreadable
from underpaint.models.networks import recognise_embedding, recognise_lora
from underpaint.models.primer import PRIMER, primer_folder

_ALL = (recognise_lora, *RECOGNISERS, recognise_embedding)


def describe(path: str | Path) -> ModelDescription:
    """Describe a safetensors file or a diffusers folder from headers and configuration files alone.

    A file whose layout is not known is described with kind ``unknown`` and the first keys seen in its notes;
    `require_known` turns that into an error.

    Raises:
        ModelError: missing, unreadable, a pickle, damaged, cut off, or not a model.
    """
    path = Path(path)
    try:
        is_folder = path.is_dir()
        path.stat()
        path = path.absolute()
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error
    if is_folder:
        lora = adapter_file(path)
        if lora is not None and not (path / "model_index.json").exists():
            return describe_header(read_header(lora)).with_(name=path.name)
        found = describe_folder(path)
        return found.with_(name=PRIMER) if path == primer_folder() else found
    return describe_header(read_header(path))


def describe_header(header: Header) -> ModelDescription:
    """Describe an already read header of a single file."""
    for recognise in _ALL:
        found = recognise(header)
        if found is not None:
            return found
    keys = sorted(header.tensors)
    seen = f"its keys begin with {first_keys(keys)}" if keys else "it holds no tensors"
    return ModelDescription(
        name=header.path.stem,
        path=header.path,
        kind="unknown",
        dtype=header.dtype,
        parameters=header.parameters,
        file_bytes=header.file_bytes,
        notes=(f"layout not known: {seen}",),
    )


def require_known(description: ModelDescription) -> ModelDescription:
    """The description itself, or ModelError naming the keys seen if its layout is not known."""
    if description.kind == "unknown":
        raise ModelError(
            f"{description.path.name}: {'; '.join(description.notes)}",
            hint="Underpaint knows SD 1.x, SD 2.x, SDXL, SD 3 and Flux in diffusers and original layouts.",
        )
    return description
