"""ComfyUI's workflows, as its page keeps them: subgraphs, group nodes, primitives, muted and bypassed nodes."""

import json

from comfy_kit import node, read

from underpaint.pictures import read_info

FLAT = {
    "nodes": [
        node(1, "CheckpointLoaderSimple", ["m.safetensors"]),
        node(2, "CLIPTextEncode", ["old"], {"clip": 1, "text": 9}),
        node(3, "CLIPTextEncode", ["blur"], {"clip": 2}),
        node(4, "EmptyLatentImage", [512, 640, 1]),
        node(
            5,
            "KSampler",
            [7, "randomize", 20, 6.5, "euler", "karras", 1],
            {"model": 3, "positive": 4, "negative": 5, "latent_image": 6},
        ),
        node(6, "VAEDecode", [], {"samples": 7}),
        node(7, "SaveImage", ["x"], {"images": 8}),
        node(8, "PrimitiveNode", ["a fox", "fixed"]),
        node(9, "Reroute", [], {"": 10}),
        node(10, "FreeU", [1, 2], {"model": 11}, mode=4),
        node(11, "SetNode", ["NEG"], {"CONDITIONING": 12}),
        node(12, "GetNode", ["NEG"]),
        node(13, "Note", ["nothing"]),
        node(14, "KSampler", [1, "fixed"], {}, mode=2),
    ],
    "links": [
        [1, 1, 1, 2, 0, "CLIP"],
        [2, 1, 1, 3, 0, "CLIP"],
        [3, 10, 0, 5, 0, "X"],
        [4, 9, 0, 5, 1, "X"],
        [5, 12, 0, 5, 2, "X"],
        [6, 4, 0, 5, 3, "X"],
        [7, 5, 0, 6, 0, "X"],
        [8, 6, 0, 7, 0, "X"],
        [9, 8, 0, 2, 1, "STRING"],
        [10, 2, 0, 9, 0, "X"],
        [11, 1, 0, 10, 0, "X"],
        [12, 3, 0, 11, 0, "X"],
    ],
}


def test_a_workflow_of_the_page_becomes_the_same_graph() -> None:
    reading = read(FLAT, "workflow")
    assert (reading.prompt, reading.negative_prompt, reading.seed, reading.steps) == ("a fox", "blur", 7, 20)
    assert (reading.guidance, reading.sampler, reading.schedule, reading.model) == (
        6.5,
        "euler",
        "karras",
        "m.safetensors",
    )
    assert (reading.width, reading.height) == (512, 640)
    assert read_info(json.dumps(FLAT).encode()).seed == 7


def test_subgraphs_within_subgraphs() -> None:
    inner = {
        "id": "in",
        "nodes": [node(1, "CLIPTextEncode", ["own"], {"text": 1})],
        "inputs": [{"name": "words"}],
        "links": [
            {"id": 1, "origin_id": -10, "origin_slot": 0, "target_id": 1, "target_slot": 0},
            {"id": 2, "origin_id": 1, "origin_slot": 0, "target_id": -20, "target_slot": 0},
        ],
    }
    outer = {
        "id": "out",
        "nodes": [
            node(5, "in", [], {"words": 1}),
            node(
                6,
                "KSampler",
                [9, "fixed", 12, 4, "heun", "simple", 1],
                {"positive": 2, "seed": 4, "model": 5, "latent_image": 6},
            ),
        ],
        "links": [
            {"id": 1, "origin_id": -10, "origin_slot": 0, "target_id": 5, "target_slot": 0},
            {"id": 2, "origin_id": 5, "origin_slot": 0, "target_id": 6, "target_slot": 0},
            {"id": 3, "origin_id": 6, "origin_slot": 0, "target_id": -20, "target_slot": 0},
            {"id": 4, "origin_id": -10, "origin_slot": 1, "target_id": 6, "target_slot": 1},
            {"id": 5, "origin_id": -10, "origin_slot": 2, "target_id": 6, "target_slot": 2},
            {"id": 6, "origin_id": -10, "origin_slot": 3, "target_id": 6, "target_slot": 3},
        ],
    }
    holder = node(30, "out", ["a fox", 55], {})
    holder["inputs"] = [
        {"name": "words", "widget": {"name": "words"}, "link": None},
        {"name": "seed", "widget": {"name": "seed"}, "link": None},
        {"name": "model", "link": 2},
        {"name": "latent", "link": 3},
    ]
    flow = {
        "nodes": [
            holder,
            node(1, "UNETLoader", ["u.safetensors", "default"]),
            node(2, "EmptyLatentImage", [768, 512, 1]),
            node(31, "SaveImage", ["x"], {"images": 1}),
        ],
        "links": [[1, 30, 0, 31, 0, "X"], [2, 1, 0, 30, 2, "X"], [3, 2, 0, 30, 3, "X"]],
        "definitions": {"subgraphs": [inner, outer]},
    }
    reading = read(flow, "workflow")
    assert (reading.prompt, reading.seed, reading.steps, reading.sampler) == ("a fox", 55, 12, "heun")
    assert (reading.model, reading.width, reading.height) == ("u.safetensors", 768, 512)


def test_group_nodes() -> None:
    group = {
        "nodes": [
            {
                "type": "CLIPTextEncode",
                "inputs": [{"name": "clip"}],
                "outputs": [{"name": "C"}],
                "widgets_values": ["old"],
            },
            {
                "type": "KSampler",
                "inputs": [{"name": "model"}, {"name": "positive"}, {"name": "latent_image"}],
                "outputs": [{"name": "LATENT"}],
                "widgets_values": [0, "fixed", 1, 1, "ddim", "normal", 1],
            },
        ],
        "links": [[0, 0, 1, 1, "CONDITIONING"]],
    }
    flow = {
        "nodes": [
            node(1, "CheckpointLoaderSimple", ["m.ckpt"]),
            node(4, "EmptyLatentImage", [512, 640, 1]),
            node(
                5,
                "workflow>Draw",
                ["a fox", 7, "randomize", 20, 6.5, "euler", "karras", 1],
                {"clip": 1, "model": 2, "latent_image": 3},
            ),
            node(6, "SaveImage", [""], {"images": 4}),
        ],
        "links": [[1, 1, 1, 5, 0, "CLIP"], [2, 1, 0, 5, 1, "MODEL"], [3, 4, 0, 5, 2, "LATENT"], [4, 5, 0, 6, 0, "X"]],
        "extra": {"groupNodes": {"Draw": group}},
    }
    reading = read(flow, "workflow")
    assert (reading.prompt, reading.seed, reading.steps, reading.guidance) == ("a fox", 7, 20, 6.5)
    assert (reading.sampler, reading.model, reading.width) == ("euler", "m.ckpt", 512)


def test_a_subgraph_that_shows_the_widgets_of_its_nodes() -> None:
    sampler = node(3, "KSampler", [1, "randomize", 8, 1, "euler", "simple", 1], {"positive": 1, "model": 3})
    inner = {
        "id": "z",
        "nodes": [
            sampler,
            node(4, "CLIPTextEncode", ["old"], {"text": 2}),
            node(5, "UNETLoader", ["u", "x"], {"unet_name": 4}),
        ],
        "links": [
            {"id": 1, "origin_id": 4, "origin_slot": 0, "target_id": 3, "target_slot": 0},
            {"id": 2, "origin_id": -10, "origin_slot": 0, "target_id": 4, "target_slot": 0},
            {"id": 3, "origin_id": 5, "origin_slot": 0, "target_id": 3, "target_slot": 1},
            {"id": 4, "origin_id": -10, "origin_slot": 1, "target_id": 5, "target_slot": 0},
            {"id": 5, "origin_id": 3, "origin_slot": 0, "target_id": -20, "target_slot": 0},
        ],
    }
    holder = node(7, "z", ["a fox", 42, None, "turbo.safetensors"])
    holder["inputs"] = [
        {"name": "text", "widget": {"name": "text"}, "link": None},
        {"name": "unet_name", "widget": {"name": "unet_name"}, "link": None},
    ]
    holder["properties"] = {
        "proxyWidgets": [["-1", "text"], ["3", "seed"], ["3", "control_after_generate"], ["-1", "unet_name"]]
    }
    flow = {
        "nodes": [holder, node(8, "SaveImage", ["x"], {"images": 1})],
        "links": [[1, 7, 0, 8, 0, "IMAGE"]],
        "definitions": {"subgraphs": [inner]},
    }
    reading = read(flow, "workflow")
    assert (reading.prompt, reading.seed, reading.steps, reading.model) == ("a fox", 42, 8, "turbo.safetensors")
