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
    """A device, the denoiser's precision, whether its weights lie channels-last, CPU threads, and why.

    With `int8` the denoiser's large layers multiply 8-bit integers, and `dtype` is what everything else computes in.
    """

    device: torch.device
    dtype: torch.dtype
    channels_last: bool
    threads: int
    because: str
    int8: bool = False

    @property
    def precision(self) -> torch.dtype:
        """What `choose_machine` must be asked for to choose this again."""
        return torch.int8 if self.int8 else self.dtype

    @property
    def precision_name(self) -> str:
        """The precision as plans record it: "float32", "bfloat16", "float16" or "int8"."""
        return str(self.precision).removeprefix("torch.")


def choose_machine(parameters: int, device: str | torch.device | None = None,
                   dtype: torch.dtype | None = None) -> Machine:
    """The fastest way this machine can run a denoiser of so many parameters; `device` and `dtype` overrule it.

    `torch.int8` asks for 8-bit multiplications on a CPU: faster than bf16, a little less exact (see `families.int8`).
    Raises PlanError for a device that is not there, or that cannot do so.
    """
    chosen = _device(device)
    if dtype == torch.int8:
        _check_int8(chosen)
        return Machine(chosen, torch.bfloat16, True, torch.get_num_threads(), "asked for", int8=True)
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


def _check_int8(device: torch.device) -> None:
    """8-bit layers sit among bf16 ones, and both must be quick: otherwise asking for them would cost time."""
    if device.type != "cpu" or not cpu_bf16() or not hasattr(torch.ops.onednn, "qconv2d_pointwise"):
        raise PlanError("int8 needs a processor that multiplies 8-bit integers and bf16 (AVX-512 or AMX)",
                        hint="Leave the precision out: the machine is asked for its fastest one.", field="precision")


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
