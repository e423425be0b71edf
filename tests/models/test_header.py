"""Reading headers: whole files are understood, and everything else is named for what it is."""

import contextlib
import json
import os
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from underpaint.errors import ModelError
from underpaint.models.header import MAX_HEADER_BYTES, is_pickle, read_header, read_json


def write(path: Path, header: object, data: bytes = b"") -> Path:
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(raw)) + raw + data)
    return path


def one(dtype: object = "F32", shape: object = (2,), offsets: object = (0, 8)) -> dict[str, object]:
    return {"a": {"dtype": dtype, "shape": shape, "data_offsets": offsets}}


def test_a_whole_file_is_understood(tmp_path: Path) -> None:
    tensors = {"b": np.zeros((2, 3), np.float16), "a": np.zeros((0, 4), np.float32), "c": np.ones((), np.float32)}
    save_file(tensors, tmp_path / "m.safetensors", metadata={"said": "yes"})
    header = read_header(tmp_path / "m.safetensors")
    assert {key: tensor.shape for key, tensor in header.tensors.items()} == {"a": (0, 4), "b": (2, 3), "c": ()}
    assert (header.dtype, header.parameters, header.metadata["said"]) == ("F16", 7, "yes")
    assert header.file_bytes == (tmp_path / "m.safetensors").stat().st_size == header.data_start + 16
    assert header.shape("nothing") is None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\x05\0\0\0", "it has only 4 bytes"),
        (struct.pack("<Q", 50) + b"{}", "ends inside its header"),
        (struct.pack("<Q", 2**63) + b"{}xxxx", "the limit is"),
        (struct.pack("<Q", MAX_HEADER_BYTES + 1) + b"{}xxxx", "the limit is"),
        (b"GGUF\x03\0\0\0 and more", "is a GGUF file"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "is a Git LFS pointer"),
        (b"<!doctype html><html>", "is a web page"),
        (b"\x89PNG\r\n\x1a\n and some more", "is not a safetensors file"),
    ],
)
def test_files_that_are_something_else(content: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=said) as told:
        read_header(path)
    assert told.value.hint


@pytest.mark.parametrize(
    ("header", "data", "said"),
    [
        (b"{not json}", b"", "is not JSON"),
        (b'{"a": ' + b"[" * 100_000, b"", "is not JSON"),
        (b'{"\xff": 1}', b"", "is not JSON"),
        ({"a": 7}, b"", "entry of tensor 'a' is incomplete"),
        ({"a": {"dtype": "F32"}}, b"", "entry of tensor 'a' is incomplete"),
        ({"__metadata__": 3}, b"", "metadata is not a table"),
        (one(offsets=[0]), b"", "incomplete"),
        (one(shape=[-2]), bytes(8), "not whole numbers"),
        (one(shape=[2.0]), bytes(8), "not whole numbers"),
        (one(shape="2"), bytes(8), "not whole numbers"),
        (one(shape=[True, True]), bytes(8), "not whole numbers"),
        (one(shape=[2**61, 2**61]), bytes(8), "does not fit"),
        (one(dtype="X99"), bytes(8), "unknown type"),
        (one(dtype=["F32"]), bytes(8), "unknown type"),
        (one(offsets=[8, 0]), bytes(8), "does not fit"),
        (one(offsets=[0, 4]), bytes(8), "does not fit"),
        (one(offsets=[4, 12]), bytes(12), "hole before tensor 'a'"),
        (one(), bytes(7), "is cut off: its header promises 8 bytes of weights, the file has 7"),
        (one(), bytes(9), "1 bytes follow"),
        (one() | {"b": {"dtype": "F32", "shape": [2], "data_offsets": [4, 12]}}, bytes(12), "'b' overlaps"),
    ],
)
def test_headers_that_contradict_the_file(header: object, data: bytes, said: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=said) as told:
        read_header(write(tmp_path / "m.safetensors", header, data))
    assert "m.safetensors" in told.value.message
    assert "\n" not in str(told.value)


@settings(max_examples=200, deadline=None)
@given(content=st.binary(max_size=400), prefixed=st.booleans())
def test_arbitrary_bytes_are_read_or_refused(
    content: bytes, prefixed: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.safetensors"
    path.write_bytes(struct.pack("<Q", len(content)) + content if prefixed else content)
    with contextlib.suppress(ModelError):
        read_header(path)


@pytest.mark.parametrize("name", ["m.ckpt", "m.pt", "m.bin", "m.PTH", "m.pkl"])
def test_pickles_are_refused_by_name(name: str, tmp_path: Path) -> None:
    save_file({"a": np.zeros(2)}, tmp_path / name)
    with pytest.raises(ModelError, match=r"pickled checkpoint .* always refused") as told:
        read_header(tmp_path / name)
    assert "convert" in str(told.value.hint)


@pytest.mark.parametrize("start", [b"PK\x03\x04", b"\x80\x02}q", b"\x80\x04\x95\x10\0\0\0\0\0\0\0"])
def test_renamed_pickles_are_refused_by_content(start: bytes, tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(start + b"cos\nsystem\n" * 20)
    with pytest.raises(ModelError, match="pickle under another name"):
        read_header(path)


def test_a_header_of_640_bytes_is_no_pickle(tmp_path: Path) -> None:
    """Its length begins with the very bytes of a pickle."""
    raw = json.dumps(one(shape=[2])).encode().ljust(640)
    path = write(tmp_path / "m.safetensors", raw, bytes(8))
    assert path.read_bytes()[:2] == b"\x80\x02"
    assert not is_pickle(path)
    assert read_header(path).parameters == 2


def test_paths_that_cannot_be_opened(tmp_path: Path) -> None:
    (tmp_path / "loop.safetensors").symlink_to(tmp_path / "loop.safetensors")
    with pytest.raises(ModelError, match=r"loop\.safetensors cannot be opened: .*links"):
        read_header(tmp_path / "loop.safetensors")
    with pytest.raises(ModelError, match="there is no file or folder"):
        read_header(tmp_path / "none.safetensors")
    with pytest.raises(ModelError, match="cannot be opened"):
        read_header(tmp_path / "a\0b")
    with pytest.raises(ModelError, match="is a folder"):
        read_header(tmp_path)
    if os.geteuid() != 0:
        save_file({"a": np.zeros(2)}, tmp_path / "closed.safetensors")
        (tmp_path / "closed.safetensors").chmod(0)
        with pytest.raises(ModelError, match="may not be read"):
            read_header(tmp_path / "closed.safetensors")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[1]", "does not hold a JSON object"),
        (b"{", "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        (b"[" * 90_000, "is not JSON"),
        (b" " * 2000, "is too large"),
    ],
)
def test_configurations_that_are_none(content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes(content)
    with pytest.raises(ModelError, match=said):
        read_json(tmp_path / "config.json", limit=1000 if said == "is too large" else 10**6)
