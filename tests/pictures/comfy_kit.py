"""Small ComfyUI graphs to change, and how to read them back."""

import json
from typing import Any

from picture_kit import rgb_image, saved

from underpaint.pictures import Reading, read_info
from underpaint.pictures.containers import png

Nodes = dict[str, tuple[str, dict[str, Any]]]
BASE: Nodes = {
    "ckpt": ("CheckpointLoaderSimple", {"ckpt_name": "sub/model.safetensors"}),
    "pos": ("CLIPTextEncode", {"text": "a fox", "clip": ["ckpt", 1]}),
    "neg": ("CLIPTextEncode", {"text": "blur", "clip": ["ckpt", 1]}),
    "size": ("EmptyLatentImage", {"width": 512, "height": 768, "batch_size": 1}),
    "ks": ("KSampler", {"seed": 7, "steps": 20, "cfg": 6.5, "sampler_name": "euler", "scheduler": "karras",
                        "denoise": 1.0, "model": ["ckpt", 0], "positive": ["pos", 0], "negative": ["neg", 0],
                        "latent_image": ["size", 0]}),
    "vae": ("VAEDecode", {"samples": ["ks", 0], "vae": ["ckpt", 2]}),
    "save": ("SaveImage", {"images": ["vae", 0]}),
}  # fmt: skip


def api(*changes: Nodes) -> dict[str, Any]:
    """The base graph with nodes added or replaced; inputs of a node that stays are replaced one by one."""
    nodes = {key: (kind, dict(inputs)) for key, (kind, inputs) in BASE.items()}
    for change in changes:
        for key, (kind, inputs) in change.items():
            same = key in nodes and nodes[key][0] == kind
            nodes[key] = (kind, nodes[key][1] | inputs if same else inputs)
    return {key: {"class_type": kind, "inputs": inputs} for key, (kind, inputs) in nodes.items()}


def read(graph: dict[str, Any], name: str = "prompt") -> Reading:
    return read_info(png.embed(saved(rgb_image(), "PNG"), [png.text_chunk(name, json.dumps(graph))], ()))


def told(*changes: Nodes) -> Reading:
    return read(api(*changes))


def notes(reading: Reading) -> str:
    return " | ".join(reading.raw.get("unmapped", ()))


def node(key: Any, kind: str, values: Any, inputs: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    slots = [{"name": name, "link": link, "type": more.get("of", "X")} for name, link in (inputs or {}).items()]
    return {
        "id": key,
        "type": kind,
        "widgets_values": values,
        "inputs": slots,
        "mode": more.get("mode", 0),
        "outputs": [{"name": "out", "type": "X", "links": []}],
    }
