"""Merging checkpoints: weighted, or adding the difference of two, the same everywhere or block by block.

Weights stream from the parents to the new file a few million numbers at a time, so that memory stays small whatever
the size. The new file appears whole or not at all, and says in its metadata which parents it has, by SHA-256, and how
they were mixed. Nothing here needs torch.
"""

import contextlib
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from underpaint.errors import ModelError, OutputError
from underpaint.files import atomic_write
from underpaint.models.checkpoints import DENOISER
from underpaint.models.description import ModelDescription
from underpaint.models.hashes import HashStore, legacy_hash
from underpaint.models.header import Header, Tensor, read_header, unreadable
from underpaint.models.merge_recipe import MergeRecipe, block_of
from underpaint.models.number_formats import SIZES, Floats, decoded, encoded, fits

_NUMBERS_AT_ONCE = 4 * 2**20
_FIRST_LAYER = f"{DENOISER}input_blocks.0.0.weight"
_MAX_ANCESTRY = 1 << 20


@dataclass(frozen=True)
class Merged:
    """What came of a merge: the file, how many weights were mixed, how many the first model alone had, how many only
    others had (these are left out).
    """

    path: Path
    mixed: int
    kept: int
    left_out: int


@dataclass(frozen=True)
class _Parent:
    model: ModelDescription
    header: Header
    sha256: str


def merge_checkpoints(models: Sequence[ModelDescription], recipe: MergeRecipe, out: Path, *, hashes: HashStore,
                      dtype: str | None = None, progress: Callable[[int, int], None] | None = None) -> Merged:
    """Merge single-file checkpoints of one family into a new file.

    Args:
        models: the first keeps its layout, its vocabulary and whatever the others do not have.
        out: a ``.safetensors`` file that may not exist yet.
        hashes: where the parents' SHA-256 are found or kept.
        dtype: ``F16``, ``BF16`` or ``F32`` for all weights; None as in the first model.
        progress: told of the bytes written and of all there will be.

    Raises:
        ModelError: models that cannot be mixed: other families, shapes, predictions, formats; numbers that are none.
        OutputError: the file exists, or cannot be written.
    """
    check_mixable(models, recipe)
    _check_out(out, models)
    parents = [_Parent(model, read_header(model.path), hashes.hash_now(model.path).sha256) for model in models]
    plan = _planned(parents, dtype)
    total = sum(tensor.nbytes for tensor in plan.values())
    _check_room(out, total)
    family = models[0].family
    assert family is not None
    mixed = 0
    with contextlib.ExitStack() as stack:
        files = [stack.enter_context(_opened(parent)) for parent in parents]
        target = stack.enter_context(atomic_write(out))
        target.write(_header_bytes(plan, _metadata(parents, recipe, out, dtype)))
        written = 0
        for key, tensor in plan.items():
            mixed += _write_one(key, tensor, parents, files, recipe.factors(block_of(key, family)), target)
            written += tensor.nbytes
            if progress is not None:
                progress(written, total)
        for parent in parents:
            known = hashes.known(parent.model.path)
            if known is None or known.sha256 != parent.sha256:
                raise ModelError(f"{parent.model.path.name} changed while it was merged", hint="Merge again.")
    others = {key for parent in parents[1:] for key in parent.header.tensors} - plan.keys()
    return Merged(out, mixed, len(plan) - mixed, len(others))


def check_mixable(models: Sequence[ModelDescription], recipe: MergeRecipe) -> None:
    """Refuse, by headers alone, models that no merge makes sense of.

    Raises:
        ModelError: not single-file checkpoints of one family, size and prediction, or not as many as the recipe needs.
    """
    wanted = 3 if recipe.mode == "add difference" else len(recipe.shares) + 1
    if len(models) != wanted or wanted < 2:
        raise ModelError(f"{len(models)} models were given, this merge needs {max(wanted, 2)}",
                         hint="Weighted: one --weight for each model after the first. With --add-difference: three.")
    first = models[0]
    for model in models:
        if model.kind != "checkpoint" or model.layout != "ldm":
            what = "a diffusers folder" if model.kind == "checkpoint" else model.kind_name
            raise ModelError(f"{model.name} is {what}; only single-file checkpoints can be merged",
                             hint="Use the .safetensors file of this model.")
        if model.family != first.family:
            raise ModelError(f"{first.name} is {first.family_name}, {model.name} is {model.family_name}: weights of "
                             "different families cannot be mixed", hint="Choose models of one family.")
    mixed = models[1:] if recipe.mode == "add difference" else models
    told = {model.prediction for model in mixed}
    if len(told) > 1:
        said = ", ".join(f"{model.name} predicts {model.prediction or 'what nothing tells'}" for model in mixed)
        raise ModelError(f"models that predict different things cannot be mixed: {said}",
                         hint="Mix models that both predict noise, or both velocity.")


def _check_out(out: Path, models: Sequence[ModelDescription]) -> None:
    if out.suffix != ".safetensors":
        raise OutputError(f"{out.name} is not a name for weights", hint="Let it end in .safetensors.", field="output")
    if out.exists():
        raise OutputError(f"{out} exists already", hint="Choose another name with -o.", field="output")


def _check_room(out: Path, total: int) -> None:
    folder = next((place for place in out.absolute().parents if place.is_dir()), None)
    if folder is not None and shutil.disk_usage(folder).free < total + (1 << 20):
        raise OutputError(f"{folder} has no room for {total / 1e9:.1f} GB", hint="Choose a folder on another disk.")


def _planned(parents: Sequence[_Parent], dtype: str | None) -> dict[str, Tensor]:
    """Every tensor of the new file: the first parent's, in `dtype`; wide numbers first, so that all stay aligned."""
    first = parents[0].header
    for parent in parents:
        odd = next((tensor.dtype for tensor in parent.header.tensors.values()
                    if tensor.dtype not in SIZES and tensor.dtype.startswith("F")), None)
        if odd:
            raise ModelError(f"{parent.model.name} is stored as {odd}, which is too coarse to mix",
                             hint="Use its fp16, bf16 or fp32 version.")
    shared = 0
    for key, tensor in first.tensors.items():
        for parent in parents[1:]:
            other = parent.header.shape(key)
            shared += other is not None
            if other is not None and other != tensor.shape and not _fills(key, tensor.shape, other):
                raise ModelError(f"'{key:.80}' has shape {tensor.shape} in {parents[0].model.name} and {other} in "
                                 f"{parent.model.name}", hint="Only models of one size can be mixed.")
    if 2 * shared < len(first.tensors) * (len(parents) - 1):
        raise ModelError(f"{parents[0].model.name} shares less than half of its weights with the others",
                         hint="Use whole checkpoints, with text encoders and VAE.")
    plan = {key: Tensor(to, tensor.shape, tensor.count * SIZES[to] if to in SIZES else tensor.nbytes)
            for key, tensor in first.tensors.items()
            for to in [dtype if dtype and tensor.dtype in SIZES else tensor.dtype]}
    return dict(sorted(plan.items(), key=lambda item: (-SIZES.get(item[1].dtype, 8), item[0])))


def _fills(key: str, first: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """An inpainting model's first layer reads mask and picture behind the latents that an ordinary model reads."""
    wider = len(first) == 4 and len(other) == 4 and first[1] > other[1]
    return key == _FIRST_LAYER and wider and (first[0], *first[2:]) == (other[0], *other[2:])


def _header_bytes(plan: dict[str, Tensor], metadata: dict[str, str]) -> bytes:
    entries: dict[str, Any] = {"__metadata__": metadata}
    reached = 0
    for key, tensor in plan.items():
        entries[key] = {"dtype": tensor.dtype, "shape": list(tensor.shape),
                        "data_offsets": [reached, reached + tensor.nbytes]}
        reached += tensor.nbytes
    text = json.dumps(entries, separators=(",", ":")).encode("ascii")
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


def _write_one(key: str, tensor: Tensor, parents: Sequence[_Parent], files: Sequence[BinaryIO],
               factors: tuple[float, ...], target: BinaryIO) -> bool:
    """Write one tensor; whether anything was mixed into it."""
    held = [parent.header.tensors.get(key) for parent in parents]
    first = held[0]
    assert first is not None
    if first.dtype not in SIZES:  # position ids and markers are no weights
        target.write(_read(files[0], parents[0], first, 0, first.count))
        return False
    whole = all(other is not None for other in held)
    narrow = any(other is not None and other.shape != first.shape for other in held)
    mixing = whole and factors[1:] != (0.0,) * (len(factors) - 1)
    for begin in range(0, max(first.count, 1), first.count or 1 if narrow else _NUMBERS_AT_ONCE):
        count = first.count if narrow else min(_NUMBERS_AT_ONCE, first.count - begin)
        raw = _read(files[0], parents[0], first, begin, count)
        numbers = decoded(raw, first.dtype)
        if mixing:
            shared = min(other.shape[1] for other in held if other is not None) if narrow else 0
            numbers = _scaled(numbers, factors[0], first.shape, shared)
            for other, parent, file, factor in zip(held[1:], parents[1:], files[1:], factors[1:], strict=True):
                assert other is not None
                more = decoded(_read(file, parent, other, begin, other.count if narrow else count), other.dtype)
                numbers = _added(numbers, more, factor, first.shape, other.shape)
        if not fits(numbers, tensor.dtype):
            raise ModelError(f"'{key:.80}' is no number or too large for {tensor.dtype}",
                             hint="One of the models is damaged, or the shares are too large; --dtype fp32 holds more.")
        target.write(encoded(numbers, tensor.dtype) if mixing or tensor.dtype != first.dtype else raw)
    return mixing


def _scaled(numbers: Floats, factor: float, shape: tuple[int, ...], shared: int) -> Floats:
    """The channels that an inpainting model has alone (past `shared`) stay its own, as A1111 merges them."""
    if not shared:
        return numbers * np.float32(factor)
    grown = numbers.reshape(shape).copy()
    grown[:, :shared] *= np.float32(factor)
    return grown.ravel()


def _added(numbers: Floats, more: Floats, factor: float, shape: tuple[int, ...], other: tuple[int, ...]) -> Floats:
    part = more * np.float32(factor)
    if shape == other:
        return numbers + part
    grown = numbers.reshape(shape).copy()
    grown[:, : other[1]] += part.reshape(other)
    return grown.ravel()


def _read(file: BinaryIO, parent: _Parent, tensor: Tensor, begin: int, count: int) -> bytes:
    size = tensor.nbytes // tensor.count if tensor.count else 0
    try:
        file.seek(parent.header.data_start + tensor.begin + begin * size)
        raw = file.read(count * size)
    except OSError as error:
        raise unreadable(parent.model.path, error) from error
    if len(raw) != count * size:
        raise ModelError(f"{parent.model.path.name} changed while it was merged", hint="Merge again.")
    return raw


@contextlib.contextmanager
def _opened(parent: _Parent) -> Any:
    try:
        file = parent.model.path.open("rb")
    except OSError as error:
        raise unreadable(parent.model.path, error) from error
    with file:
        yield file


def _metadata(parents: Sequence[_Parent], recipe: MergeRecipe, out: Path, dtype: str | None) -> dict[str, str]:
    """Ours under one key, and the same as A1111 writes it, so that other programs show it too."""
    shares = [{"everywhere": share.everywhere, "blocks": dict(share.blocks)} for share in recipe.shares]
    named = [{"name": parent.model.name, "sha256": parent.sha256} for parent in parents]
    places = ("primary_model_hash", "secondary_model_hash", "tertiary_model_hash")
    shown = {
        "type": "underpaint", **{place: parent.sha256 for place, parent in zip(places, parents, strict=False)},
        "interp_method": "Add difference" if recipe.mode == "add difference" else "Weighted sum",
        "multiplier": recipe.shares[0].everywhere, "block_weights": dict(recipe.shares[0].blocks) or None,
        "custom_name": out.stem,
    }  # fmt: skip
    metadata = {
        "format": "pt",
        "underpaint.merge": json.dumps({"schema": 1, "mode": recipe.mode, "parents": named, "shares": shares,
                                        "dtype": dtype}),
        "sd_merge_recipe": json.dumps(shown),
        "sd_merge_models": json.dumps(_ancestry(parents)),
    }
    prediction = parents[0].model.prediction
    if prediction in ("epsilon", "v_prediction") and recipe.mode == "weighted":
        metadata["modelspec.prediction_type"] = "v" if prediction == "v_prediction" else "epsilon"
    return metadata


def _ancestry(parents: Sequence[_Parent]) -> dict[str, Any]:
    """The parents, and the parents of those that were merged themselves."""
    found: dict[str, Any] = {}
    for parent in parents:
        elder = parent.header.metadata.get("sd_merge_models", "")
        with contextlib.suppress(ValueError, RecursionError):
            told = json.loads(elder) if len(elder) < _MAX_ANCESTRY else {}
            found |= told if isinstance(told, dict) else {}
    for parent in parents:
        found[parent.sha256] = {
            "name": parent.model.path.name, "legacy_hash": legacy_hash(parent.model.path),
            "sd_merge_recipe": parent.header.metadata.get("sd_merge_recipe", "")[:_MAX_ANCESTRY] or None,
        }  # fmt: skip
    return found

