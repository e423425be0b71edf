"""The small networks beside a painting model: a folder with `config.json` and one file of half-precision weights.

The configuration names the class, holds what its constructor takes, and the SHA-256 of the weights, so that a damaged
file is told apart from a wrong one before anything is computed with it.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import nn

from underpaint.errors import ModelError
from underpaint.files import atomic_write
from underpaint.models.header import read_json

WEIGHTS = "model.safetensors"
MAX_BYTES = 64 << 20
_HINT = "Install the model again."

Net = TypeVar("Net", bound=nn.Module)


def read_net(folder: Path, kind: type[Net]) -> Net:
    """A network of that class from its folder, in float32, ready to be asked.

    Raises:
        ModelError: there is none, it is of another class, or its weights are damaged; the message names the file.
    """
    if not (folder / "config.json").is_file() or not (folder / WEIGHTS).is_file():
        raise ModelError(f"{folder.parent.name} has no {folder.name}", hint="Use the built-in model, or rebuild it.")
    config = dict(read_json(folder / "config.json"))
    if config.pop("_class_name", "") != kind.__name__:
        raise ModelError(f"{folder.name} of {folder.parent.name} is no {kind.__name__}", hint=_HINT)
    digest = str(config.pop("sha256", ""))
    weights = _checked(folder / WEIGHTS, digest)
    try:
        net = kind(**config)
        net.load_state_dict({name: value.float() for name, value in load(weights).items()})
    except (SafetensorError, RuntimeError, TypeError, ValueError, KeyError) as error:
        raise ModelError(f"{folder.name}/{WEIGHTS} does not fit its config.json", hint=_HINT) from error
    return net.eval().requires_grad_(False)


def _checked(path: Path, digest: str) -> bytes:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ModelError(f"{path.parent.name}/{path.name} is too large for a small network", hint=_HINT)
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(
            f"{path.parent.name}/{path.name} cannot be read ({(error.strerror or '').lower()})", hint=_HINT
        ) from error
    if hashlib.sha256(data).hexdigest() != digest:
        raise ModelError(
            f"{path.parent.name}/{path.name} is damaged: it is not the file that config.json describes", hint=_HINT
        )
    return data


def write_net(folder: Path, net: nn.Module, config: Mapping[str, Any]) -> int:
    """Write a network in half precision with what its constructor takes; returns the bytes of its weights.

    The weights come first, the configuration with their hash last: half of a new network is never taken for whole.
    """
    tensors = {
        name: value.detach().cpu().contiguous().to(torch.float16)
        if value.is_floating_point()
        else value.detach().cpu().contiguous()
        for name, value in net.state_dict().items()
    }
    data = save(tensors, metadata={"format": "pt"})
    folder.mkdir(parents=True, exist_ok=True)
    with atomic_write(folder / WEIGHTS) as file:
        file.write(data)
    told = {"_class_name": type(net).__name__, **config, "sha256": hashlib.sha256(data).hexdigest()}
    with atomic_write(folder / "config.json") as file:
        file.write((json.dumps(told, indent=2, sort_keys=True) + "\n").encode())
    return len(data)
