"""One guided step of a Stable Diffusion 1.5-size UNet at 512x512: the engine's way against diffusers' defaults."""

import torch
from diffusers import UNet2DConditionModel

from bench.denoising import bare, ours
from bench.memory import peak_mb
from bench.table import Row, interleaved
from underpaint.engine.codec import place
from underpaint.engine.families.cpu_attention import suit_attention
from underpaint.engine.families.int8 import suit_int8
from underpaint.engine.machine import choose_machine

SIZE = 64


def unet() -> UNet2DConditionModel:
    """860 million random weights in SD 1.5's shape."""
    model = UNet2DConditionModel(sample_size=64, cross_attention_dim=768, attention_head_dim=8)
    return model.eval().requires_grad_(False)


def fast(model: UNet2DConditionModel, precision: torch.dtype | None = None) -> UNet2DConditionModel:
    """The model as the engine places it on this machine, in its own choice of precision or the one asked for."""
    machine = choose_machine(sum(weight.numel() for weight in model.parameters()), dtype=precision)
    place(model, machine.device, machine.dtype, channels_last=machine.channels_last)
    suit_attention(model, machine)
    suit_int8(model, machine)
    return model


def one_step(kind: str) -> None:
    """Make the model and take one step."""
    words = torch.randn(2, 77, 768)
    if kind == "diffusers":
        bare(unet(), words, SIZE, 1)
    else:
        ours(fast(unet(), torch.int8 if kind == "int8" else None), words, SIZE, 1)


def measure() -> list[Row]:
    """Median seconds of one step each way, taken in turn, and the peak memory of each in a process of its own."""
    own, int8, theirs = _seconds()
    memory = {kind: peak_mb(one_step, kind) / 1073.7 for kind in ("own", "int8", "diffusers")}
    rows = [Row("SD 1.5-size step, 512x512 guided, machine's own choice",
                f"{theirs / own:.2f}x ({own:.1f} s against {theirs:.1f} s)", "faster", theirs > own)]
    rows += [Row("the same with --precision int8", f"{theirs / int8:.2f}x ({int8:.1f} s)", ">= 2.4x",
                 theirs / int8 >= 2.4)]
    return rows + [Row(f"its peak memory, {kind}", f"{memory[kind]:.1f} GiB against {memory['diffusers']:.1f} GiB",
                       "no higher", memory[kind] <= memory["diffusers"]) for kind in ("own", "int8")]


def _seconds() -> tuple[float, float, float]:
    words = torch.randn(2, 77, 768)
    models = fast(unet()), fast(unet(), torch.int8), unet()
    own, int8, theirs = models
    return interleaved(lambda: ours(own, words, SIZE, 1), lambda: ours(int8, words, SIZE, 1),
                       lambda: bare(theirs, words, SIZE, 1), rounds=3)
