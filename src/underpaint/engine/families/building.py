"""Turning weights into modules, strictly: what is missing, left over or of another shape is an error, not a
warning.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from underpaint.errors import ModelError
from underpaint.models.description import first_keys
from underpaint.models.header import read_header


@dataclass(frozen=True)
class Dtypes:
    """What the weights of each part become. Text encoders and VAE are small beside the denoiser and run once."""

    denoiser: torch.dtype = torch.float32
    text: torch.dtype = torch.float32
    vae: torch.dtype = torch.float32

    @classmethod
    def of(cls, given: "torch.dtype | Dtypes") -> "Dtypes":
        """One dtype for all parts, or each its own."""
        return given if isinstance(given, Dtypes) else cls(given, given, given)


def read_tensors(files: Iterable[Path]) -> dict[str, Tensor]:
    """All tensors of some safetensors files, mapped from the disk where the system can.

    Raises:
        ModelError: a file is missing, cut off, damaged or a pickle.
    """
    tensors: dict[str, Tensor] = {}
    for path in files:
        read_header(path)
        try:
            tensors.update(load_file(path))
        except (SafetensorError, OSError) as error:
            raise ModelError(f"{path} cannot be read ({error!s:.120})", hint="Download the file again.") from error
    return tensors


def build(make: Any, tensors: Mapping[str, Tensor], *, dtype: torch.dtype, what: str) -> Any:
    """Make a module with `make()` without spending time on its first values, and give it exactly `tensors`.

    Raises:
        ModelError: a weight is missing or has another shape; left-over weights that name no part of it as
        well.
    """
    from accelerate import init_empty_weights

    with init_empty_weights(include_buffers=False):
        module: nn.Module = make()
    wanted = module.state_dict()
    missing = sorted(wanted.keys() - tensors.keys())
    if missing:
        raise ModelError(
            f"{len(missing)} weights of {what} are missing: {first_keys(missing)}",
            hint="The file is not whole, or is of a kind this version does not know.",
        )
    extra = sorted(key for key in tensors.keys() - wanted.keys() if not key.endswith("position_ids"))
    if extra:
        raise ModelError(
            f"{len(extra)} weights are no part of {what}: {first_keys(extra)}",
            hint="The model is of a kind this version does not know.",
        )
    given: dict[str, Tensor] = {}
    for key, value in wanted.items():
        if tensors[key].shape != value.shape:
            raise ModelError(
                f"'{key}' of {what} has shape {tuple(tensors[key].shape)}, not {tuple(value.shape)}",
                hint="The model is of another size than its family; give its configuration folder.",
            )
        given[key] = tensors[key].to(dtype) if value.is_floating_point() else tensors[key]
    module.load_state_dict(given, strict=True, assign=True)
    return module.eval().requires_grad_(False)


def vae_dtype(config: Mapping[str, Any], family: str, dtype: torch.dtype) -> torch.dtype:
    """SDXL's own VAE overflows in fp16 and paints black: it is kept in fp32 unless its configuration says otherwise."""
    overflows = dtype == torch.float16 and family == "sdxl" and config.get("force_upcast", True)
    return torch.float32 if overflows else dtype
