"""One guided step of a Stable Diffusion 1.5-size UNet at 512x512: the engine's way against diffusers' defaults."""

import multiprocessing
import resource
from multiprocessing.connection import Connection

import torch
from diffusers import UNet2DConditionModel

from bench.denoising import bare, ours
from bench.table import Row, interleaved
from underpaint.engine.codec import place
from underpaint.engine.families.cpu_attention import suit_attention
from underpaint.engine.machine import choose_machine

SIZE = 64


def unet() -> UNet2DConditionModel:
    """860 million random weights in SD 1.5's shape."""
    model = UNet2DConditionModel(sample_size=64, cross_attention_dim=768, attention_head_dim=8)
    return model.eval().requires_grad_(False)


def fast(model: UNet2DConditionModel) -> UNet2DConditionModel:
    """The model as the engine places it on this machine."""
    machine = choose_machine(sum(weight.numel() for weight in model.parameters()))
    place(model, machine.device, machine.dtype, channels_last=machine.channels_last)
    suit_attention(model, machine)
    return model


def peak_gib(kind: str) -> float:
    """Peak memory of a process of its own that makes the model and takes one step."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_one_step, args=(kind, there))
    process.start()
    there.close()
    peak: float = here.recv()
    process.join()
    return peak


def _one_step(kind: str, out: Connection) -> None:
    words = torch.randn(2, 77, 768)
    if kind == "ours":
        ours(fast(unet()), words, SIZE, 1)
    else:
        bare(unet(), words, SIZE, 1)
    out.send(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)


def measure() -> list[Row]:
    """Median seconds of one step both ways, taken in turn, and the peak memory of each in its own process."""
    mine, theirs = _seconds()
    memory = peak_gib("ours"), peak_gib("diffusers")
    times = f"{theirs / mine:.2f}x ({mine:.1f} s against {theirs:.1f} s)"
    return [Row("SD 1.5-size step, 512x512 guided", times, ">= 2.4x", theirs / mine >= 2.4),
            Row("its peak memory", f"{memory[0]:.1f} GiB against {memory[1]:.1f} GiB", "no higher",
                memory[0] <= memory[1])]


def _seconds() -> tuple[float, float]:
    words = torch.randn(2, 77, 768)
    slow, quick = unet(), fast(unet())
    return interleaved(lambda: ours(quick, words, SIZE, 1), lambda: bare(slow, words, SIZE, 1), rounds=3)
