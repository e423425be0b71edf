"""A small studio: a tiny model of the real classes that lines can steer, drawings, masks, the program in-process."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from underpaint.cli.main import main

SIDE = 32


def build_model(folder: Path) -> Path:
    """A tiny Stable Diffusion with a line adapter, which paints 32 x 32 in two steps unless told otherwise."""
    import torch
    from diffusers import T2IAdapter
    from kit.tiny_folders import save_folder, tiny_parts

    parts = tiny_parts("sd", seed=3)
    save_folder(folder, "sd", parts)
    torch.manual_seed(4)
    adapter = T2IAdapter(in_channels=1, channels=list(parts["unet"].config.block_out_channels), num_res_blocks=1,
                         downscale_factor=2, adapter_type="full_adapter")
    with torch.no_grad():
        for weight in adapter.parameters():
            weight.add_(0.1 * torch.randn_like(weight))
    adapter.save_pretrained(folder / "adapter_line", safe_serialization=True)
    defaults = {"steps": 2, "guidance": 3.0, "sampler": "Euler", "size": [SIDE, SIDE]}
    (folder / "primer.json").write_text(json.dumps({"defaults": defaults}))
    return folder


class Program:
    """The command line in this process: exit code, what it printed, and what it printed as JSON."""

    def __init__(self, capsys: Any) -> None:
        self._capsys = capsys
        self.out = self.err = ""

    def __call__(self, *words: object) -> int:
        self._capsys.readouterr()
        code = main([str(word) for word in words])
        self.out, self.err = self._capsys.readouterr()
        return code

    def well(self, *words: object) -> str:
        """Run what must succeed; what it printed."""
        code = self(*words)
        assert code == 0, (code, self.err)
        return self.out

    def json(self, *words: object) -> Any:
        """Run with --json what must succeed."""
        return json.loads(self.well(*words, "--json"))


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its bytes."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


def inked(width: int = 150, height: int = 110) -> np.ndarray:
    """Black lines on white, H x W, 8 bits."""
    sheet = np.full((height, width), 255, np.uint8)
    middle = (width // 2, height // 2)
    cv2.ellipse(sheet, middle, (width // 3, height // 3), 20, 0, 360, 0, 2, cv2.LINE_AA)
    cv2.line(sheet, (width // 6, height - 6), (width - 6, height // 4), 0, 2, cv2.LINE_AA)
    return sheet


def save_drawing(path: Path, width: int = 150, height: int = 110) -> Path:
    Image.fromarray(inked(width, height)).save(path)
    return path


def save_picture(path: Path, width: int = 37, height: int = 29, *, seed: int = 0, **options: Any) -> Path:
    """A colourful picture without two equal neighbours, so that no pixel can move unseen."""
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    Image.fromarray(pixels).save(path, **options)
    return path


def save_mask(path: Path, width: int, height: int, box: Sequence[int]) -> Path:
    """White in the box (left, top, right, bottom), black outside."""
    mask = np.zeros((height, width), np.uint8)
    mask[box[1] : box[3], box[0] : box[2]] = 255
    Image.fromarray(mask).save(path)
    return path
