"""What hostile files are made of: pickles in every disguise, pictures that claim to be vast, archives that swell."""

import functools
import io
import pickle
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from kit.tripwire import MARK
from safetensors.numpy import save_file

_SHAPES = {
    "model.diffusion_model.input_blocks.0.0.weight": (2, 4, 3, 3),
    "model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight": (2, 768),
    "model.diffusion_model.out.2.weight": (4, 2, 3, 3),
    "first_stage_model.decoder.conv_in.weight": (2, 4, 3, 3),
    "cond_stage_model.transformer.text_model.embeddings.token_embedding.weight": (2, 768),
    "cond_stage_model.transformer.text_model.encoder.layers.11.mlp.fc1.bias": (2,),
}


def save_checkpoint(path: Path, **metadata: str) -> Path:
    """A safetensors file that is taken for a checkpoint of Stable Diffusion."""
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({key: np.zeros(shape, np.float16) for key, shape in _SHAPES.items()}, path, metadata=metadata or None)
    return path


class _Payload:
    """Runs a line of Python the moment it is unpickled."""

    def __init__(self, line: str) -> None:
        self._line = line

    def __reduce__(self) -> tuple[Any, ...]:
        return exec, (self._line,)


def payload(touched: Path) -> bytes:
    """A pickle that makes a file where it is opened."""
    return pickle.dumps({"state_dict": _Payload(f"{MARK} = open({str(touched)!r}, 'w').close()")})


def torch_zip(inside: bytes) -> bytes:
    """A pickle in a ZIP, as torch saves it."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", inside)
        archive.writestr("archive/version", "3\n")
    return file.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_of(width: int, height: int, *more: bytes, pixels: bytes = b"") -> bytes:
    """A PNG that claims a size, with chunks before its pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = b"".join([chunk(b"IHDR", header), *more, chunk(b"IDAT", zlib.compress(pixels)), chunk(b"IEND", b"")])
    return b"\x89PNG\r\n\x1a\n" + body


@functools.cache
def swelling(megabytes: int) -> bytes:
    """Deflated zeros that swell to so many megabytes."""
    packer = zlib.compressobj(9)
    return b"".join([packer.compress(bytes(1 << 20)) for _ in range(megabytes)] + [packer.flush()])


def zip_of(**entries: bytes) -> bytes:
    """A ZIP of these entries; `__` stands for a dot, as in mergedimage__png."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name.replace("__", "."), data)
    return file.getvalue()


@functools.cache
def lying_zip(name: str, megabytes: int, first: str = "image/openraster") -> bytes:
    """A ZIP of one entry that swells to so many megabytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", first)
        with archive.open(name, "w", force_zip64=True) as entry:
            for _ in range(megabytes):
                entry.write(bytes(1 << 20))
    return file.getvalue()
