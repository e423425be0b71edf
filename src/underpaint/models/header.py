"""Reading the header of a safetensors file: names, types and shapes of its tensors, without touching the
weights.

Checkpoints come from strangers. The header is length, JSON, then raw numbers; each is checked against the
size of the file before it is believed, so a file that is cut off, padded or forged is named as such here and
nowhere later. Pickled weights are told apart by their first bytes, whatever the file is called, and always
refused.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from underpaint.errors import ModelError

MAX_HEADER_BYTES = 64 * 2**20
MAX_JSON_BYTES = 8 * 2**20
PICKLE_SUFFIXES = frozenset({".ckpt", ".pt", ".pth", ".bin", ".pkl", ".pickle"})
PICKLE_HINT = (
    "A pickle can run any program when opened, so Underpaint never opens one: get the .safetensors version of "
    "this model, or convert it once on a machine you do not mind losing."
)
_BITS = {
    "BOOL": 8,
    "U8": 8,
    "I8": 8,
    "F8_E5M2": 8,
    "F8_E4M3": 8,
    "F8_E8M0": 8,
    "F8_E4M3FNUZ": 8,
    "F8_E5M2FNUZ": 8,
    "I16": 16,
    "U16": 16,
    "F16": 16,
    "BF16": 16,
    "I32": 32,
    "U32": 32,
    "F32": 32,
    "I64": 64,
    "U64": 64,
    "F64": 64,
    "C64": 64,
    "F4": 4,
    "F6_E2M3": 6,
    "F6_E3M2": 6,
}
_OTHER_FORMATS = (
    (b"GGUF", "a GGUF file", "Underpaint reads safetensors: get the .safetensors version of this model."),
    (
        b"version https://git-lfs",
        "a Git LFS pointer, not the model itself",
        "Run 'git lfs pull', or download the file.",
    ),
    (b"<!DOC", "a web page, not a model", "The download went wrong: download the file again."),
    (b"<html", "a web page, not a model", "The download went wrong: download the file again."),
    (b"\x89HDF", "an HDF5 file", "Underpaint reads safetensors: get the .safetensors version of this model."),
)


@dataclass(frozen=True)
class Tensor:
    """One tensor as the header declares it: type name (such as ``F16``), shape, size in bytes, and where its numbers
    begin behind the header.
    """

    dtype: str
    shape: tuple[int, ...]
    nbytes: int
    begin: int = 0

    @property
    def count(self) -> int:
        """How many numbers it holds."""
        return math.prod(self.shape)


@dataclass(frozen=True)
class Header:
    """What a safetensors file says about itself. `data_start` is where the numbers begin."""

    path: Path
    tensors: Mapping[str, Tensor]
    metadata: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    data_start: int = 8
    file_bytes: int = 0

    def shape(self, key: str) -> tuple[int, ...] | None:
        """The shape of one tensor, or None if the file does not hold it."""
        tensor = self.tensors.get(key)
        return tensor.shape if tensor else None

    @property
    def parameters(self) -> int:
        """How many numbers all tensors hold together."""
        return sum(tensor.count for tensor in self.tensors.values())

    @property
    def dtype(self) -> str:
        """The type most of the bytes are stored in, such as ``F16``; empty if there are no tensors."""
        share: dict[str, int] = {}
        for tensor in self.tensors.values():
            share[tensor.dtype] = share.get(tensor.dtype, 0) + tensor.nbytes
        return max(share, key=lambda name: share[name], default="")


def is_pickle(path: Path) -> bool:
    """Whether the first bytes are those of a pickle or of a zip archive, which is how torch wraps pickles."""
    try:
        with path.open("rb") as file:
            start = file.read(9)
    except OSError as error:
        raise unreadable(path, error) from error
    if start[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return True
    # A safetensors header of 640 bytes also begins 80 02, but then its length ends in zeros and JSON follows.
    looks_pickled = len(start) > 1 and start[0] == 0x80 and 2 <= start[1] <= 5
    return looks_pickled and not (start[4:8] == b"\0\0\0\0" and start[8:9] == b"{")


def refuse_pickle(path: Path) -> None:
    """Raise ModelError if `path` is a pickle by its name or by its first bytes."""
    if path.suffix.lower() in PICKLE_SUFFIXES:
        raise ModelError(
            f"{path.name} is a pickled checkpoint ({path.suffix}), which is always refused", hint=PICKLE_HINT
        )
    if is_pickle(path):
        raise ModelError(f"{path.name} is a pickle under another name, which is always refused", hint=PICKLE_HINT)


def read_header(path: Path) -> Header:
    """Read and check the header of one safetensors file.

    Raises:
        ModelError: the file is missing, a pickle, of another format, cut off, or its header contradicts its
        size.
    """
    try:
        size = path.stat().st_size
        if path.is_dir():
            raise ModelError(f"{path} is a folder, not a file")
        refuse_pickle(path)
        with path.open("rb") as file:
            start = file.read(32)
            length = _header_length(path, start, size)
            file.seek(8)
            raw = file.read(length)
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error
    entries = _parse(path, raw)
    metadata = entries.pop("__metadata__", {})
    if not isinstance(metadata, dict):
        raise _damaged(path, "its metadata is not a table")
    tensors, spans = {}, []
    for key, entry in entries.items():
        tensors[key], begin, end = _tensor(path, key, entry)
        spans.append((begin, end, key))
    _check_spans(path, spans, size - 8 - length)
    kept = {str(key): str(value) for key, value in metadata.items()}
    return Header(path, MappingProxyType(tensors), MappingProxyType(kept), 8 + length, size)


def read_json(path: Path, *, limit: int = MAX_JSON_BYTES) -> dict[str, Any]:
    """Read a small JSON object from a model folder.

    Raises:
        ModelError: the file is missing, larger than `limit` bytes, not JSON, or not an object.
    """
    try:
        if path.stat().st_size > limit:
            raise ModelError(f"{path} is too large for a configuration file", hint=f"The limit is {limit:,} bytes.")
        data = json.loads(path.read_bytes())
    except OSError as error:
        raise unreadable(path, error) from error
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path} is not JSON ({error})", hint="Download the model folder again.") from error
    if not isinstance(data, dict):
        raise ModelError(f"{path} does not hold a JSON object", hint="Download the model folder again.")
    return data


def unreadable(path: Path, error: OSError | ValueError) -> ModelError:
    """One clear line for a path that the system will not open: missing, forbidden, a loop of links."""
    if isinstance(error, FileNotFoundError):
        return ModelError(
            f"there is no file or folder {path}",
            hint="Check the path; 'underpaint models list' shows what is known.",
        )
    if isinstance(error, PermissionError):
        return ModelError(f"{path} may not be read", hint="Give yourself the right to read it.")
    reason = getattr(error, "strerror", None) or str(error)
    return ModelError(f"{path} cannot be opened: {reason}", hint="Check the path and the links in it.")


def _header_length(path: Path, start: bytes, size: int) -> int:
    if size == 0:
        raise ModelError(f"{path.name} is empty", hint="The download went wrong: download the file again.")
    for magic, what, hint in _OTHER_FORMATS:
        if start.lower().startswith(magic.lower()):
            raise ModelError(f"{path.name} is {what}", hint=hint)
    if size < 10:
        raise _damaged(path, f"it has only {size} bytes")
    length = int.from_bytes(start[:8], "little")
    if start[8:9] != b"{":
        raise ModelError(f"{path.name} is not a safetensors file", hint="Its first bytes are of another format.")
    if length > MAX_HEADER_BYTES:
        raise _damaged(path, f"its header claims {length:,} bytes, the limit is {MAX_HEADER_BYTES:,}")
    if length > size - 8:
        raise _damaged(path, f"it ends inside its header ({size:,} of at least {length + 8:,} bytes)")
    return length


def _parse(path: Path, raw: bytes) -> dict[str, Any]:
    try:
        entries = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise _damaged(path, f"its header is not JSON ({error})") from error
    if not isinstance(entries, dict):
        raise _damaged(path, "its header is not a table")
    return entries


def _tensor(path: Path, key: str, entry: Any) -> tuple[Tensor, int, int]:
    try:
        dtype, shape, (begin, end) = entry["dtype"], entry["shape"], entry["data_offsets"]
    except (TypeError, KeyError, ValueError) as error:
        raise _damaged(path, f"the entry of tensor '{key:.80}' is incomplete") from error
    whole = [*shape, begin, end] if isinstance(shape, list) else [None]
    if not all(type(number) is int and 0 <= number < 2**62 for number in whole):
        raise _damaged(path, f"the sizes of tensor '{key:.80}' are not whole numbers")
    if not isinstance(dtype, str) or dtype not in _BITS:
        raise _damaged(path, f"tensor '{key:.80}' has an unknown type {dtype!s:.20}")
    nbytes = end - begin
    if nbytes != -(-math.prod(shape) * _BITS[dtype] // 8):
        raise _damaged(path, f"the shape of tensor '{key:.80}' does not fit its {nbytes:,} bytes")
    return Tensor(dtype, tuple(shape), nbytes, begin), begin, end


def _check_spans(path: Path, spans: list[tuple[int, int, str]], available: int) -> None:
    reached = 0
    for begin, end, key in sorted(spans):
        if begin < reached:
            raise _damaged(path, f"tensor '{key:.80}' overlaps another one")
        if begin > reached:
            raise _damaged(path, f"there is a hole before tensor '{key:.80}'")
        reached = end
    if reached > available:
        raise ModelError(
            f"{path.name} is cut off: its header promises {reached:,} bytes of weights, the file has {available:,}",
            hint="The download did not finish: download the file again.",
        )
    if reached < available:
        raise _damaged(path, f"{available - reached:,} bytes follow that no tensor claims")


def _damaged(path: Path, what: str) -> ModelError:
    return ModelError(f"{path.name} is damaged: {what}", hint="Download the file again.")
