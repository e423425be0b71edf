"""Which device, precision and threads this machine paints with: asked, never assumed."""

import platform
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from underpaint.errors import PlanError

_THREADS = torch.get_num_threads()
_SMALL = 50_000_000
"""Below so many parameters half precision on a CPU saves less than it costs in exactness."""


@dataclass(frozen=True)
class Machine:
    """A device, the denoiser's precision, whether its weights lie channels-last, CPU threads, and why."""

    device: torch.device
    dtype: torch.dtype
    channels_last: bool
    threads: int
    because: str


def choose_machine(parameters: int, device: str | torch.device | None = None,
                   dtype: torch.dtype | None = None) -> Machine:
    """The fastest way this machine can run a denoiser of so many parameters; `device` and `dtype` overrule it.

    Raises PlanError for a device that is not there.
    """
    chosen = _device(device)
    fastest, because = _precision(chosen, parameters)
    if dtype is not None:
        fastest, because = dtype, "asked for"
    threads = torch.get_num_threads()
    return Machine(chosen, fastest, fastest != torch.float32, threads, because)


def _device(asked: str | torch.device | None) -> torch.device:
    if asked is None or str(asked) == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    device = torch.device(asked)
    present: dict[str, Callable[[], bool]] = {"cuda": torch.cuda.is_available, "mps": torch.backends.mps.is_available}
    if device.type in present and not present[device.type]():
        raise PlanError(f"this machine has no {device.type} device", hint="Leave the device out to use what there is.")
    return device


def _precision(device: torch.device, parameters: int) -> tuple[torch.dtype, str]:
    if device.type == "cuda":
        if torch.cuda.is_bf16_supported(including_emulation=False):
            return torch.bfloat16, "this GPU computes in bf16"
        return torch.float16, "this GPU computes in fp16"
    if device.type == "mps":
        return torch.float16, "Apple GPUs compute in fp16"
    if parameters < _SMALL:
        return torch.float32, "the model is small"
    feature = cpu_bf16()
    if feature:
        return torch.bfloat16, f"this processor computes in bf16 ({feature})"
    return torch.float32, "this processor has no fast half precision"


def cpu_bf16() -> str:
    """The processor's instructions for bf16 matrix products: "amx", "avx512_bf16", or "" where there are none."""
    questions = (("amx", "_is_amx_tile_supported"), ("avx512_bf16", "_is_avx512_bf16_supported"))
    for name, question in questions:
        ask = getattr(torch.cpu, question, None)
        if ask is not None and ask():
            return name
    if platform.machine().lower() in ("x86_64", "amd64"):
        return next((name for name, flag in (("amx", "amx_bf16"), ("avx512_bf16", "avx512_bf16"))
                     if flag in _cpu_flags()), "")
    return ""


def _cpu_flags() -> frozenset[str]:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return frozenset()
    lines = (line for line in text.splitlines() if line.startswith("flags"))
    return frozenset(next(lines, "").partition(":")[2].split())


def use_threads(count: int | None = None) -> int:
    """Set torch's CPU threads (None: as it began, every core or what OMP_NUM_THREADS says); returns how many."""
    torch.set_num_threads(max(1, count or _THREADS))
    return torch.get_num_threads()
