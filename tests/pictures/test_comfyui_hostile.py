"""Graphs from strangers: circles, texts that double themselves, megabytes, nesting without end, any shape at all."""

import json
import time
from typing import Any

import pytest
from comfy_kit import Nodes, api, node, read, told
from hypothesis import given, settings
from hypothesis import strategies as st
from picture_kit import rgb_image, saved

from underpaint.pictures import read_info
from underpaint.pictures.containers import png
from underpaint.pictures.found import Found
from underpaint.pictures.programs import comfyui


class TestHostile:
    @pytest.mark.parametrize(
        "graph",
        [
            {
                "a": {"class_type": "Reroute", "inputs": {"x": ["b", 0]}},
                "b": {"class_type": "Reroute", "inputs": {"x": ["a", 0]}},
                "k": {
                    "class_type": "KSampler",
                    "inputs": {"seed": ["a", 0], "steps": 1, "model": ["a", 0], "positive": ["b", 0]},
                },
            },
            {
                "k": {
                    "class_type": "KSampler",
                    "inputs": {
                        "seed": ["k", 0],
                        "steps": ["k", 0],
                        "model": ["k", 0],
                        "positive": ["k", 0],
                        "latent_image": ["k", 0],
                    },
                }
            },
            {"k": {"class_type": "KSampler", "inputs": None}},
            {"k": {"class_type": "", "inputs": []}},
            {
                "c": {
                    "class_type": "ConditioningCombine",
                    "inputs": {"conditioning_1": ["c", 0], "conditioning_2": ["c", 0]},
                },
                "k": {
                    "class_type": "KSampler",
                    "inputs": {"seed": 1, "steps": 1, "model": ["c", 0], "positive": ["c", 0]},
                },
            },
        ],
    )
    def test_circles_end(self, graph: dict[str, Any]) -> None:
        assert read(graph).source == "comfyui"

    def test_texts_that_double_themselves_stay_small(self) -> None:
        nodes: Nodes = {"t0": ("String Literal", {"string": "x" * 1000})}
        for number in range(1, 60):
            before = [f"t{number - 1}", 0]
            nodes[f"t{number}"] = ("Text Concatenate", {"text_a": before, "text_b": before, "delimiter": ""})
        began = time.monotonic()
        reading = told(nodes, {"pos": ("CLIPTextEncode", {"text": ["t59", 0]})})
        assert reading.source == "comfyui" and len(reading.prompt or "") <= 200_000
        assert time.monotonic() - began < 5

    def test_conditions_that_double_themselves_end(self) -> None:
        nodes: Nodes = {"c0": ("CLIPTextEncode", {"text": "a"})}
        for number in range(1, 50):
            before = [f"c{number - 1}", 0]
            nodes[f"c{number}"] = ("ConditioningCombine", {"conditioning_1": before, "conditioning_2": before})
        assert told(nodes, {"ks": ("KSampler", {"positive": ["c49", 0]})}).seed == 7

    def test_a_graph_of_many_megabytes(self) -> None:
        nodes: Nodes = {
            f"n{number}": (
                "KSampler",
                {"seed": number, "steps": 1, "model": [f"n{number - 1}", 0], "latent_image": [f"n{number - 1}", 0]},
            )
            for number in range(8_000)
        }
        text = json.dumps(api(nodes))
        assert len(text) > 800_000
        began = time.monotonic()
        assert comfyui.read(Found("PNG", 8, 8, {"prompt": text})) is not None
        assert time.monotonic() - began < 10

    @pytest.mark.parametrize(
        "text",
        [
            "[" * 100_000,
            '{"a":' * 100_000,
            '{"1": {"class_type": "X", "inputs": ' + "[" * 900 + "]" * 900 + "}}",
            '{"nodes": ' + "[" * 100_000,
        ],
    )
    def test_nesting_without_end(self, text: str) -> None:
        for name in (
            "prompt",
            "workflow",
            "parameters",
            "Comment",
            "sd-metadata",
            "invokeai_metadata",
            "generation_data",
            "parameters-json",
            "extraMetadata",
        ):
            json.dumps(read_info(png.embed(saved(rgb_image(), "PNG"), [png.text_chunk(name, text)], ())).to_json())

    def test_a_subgraph_that_holds_itself(self) -> None:
        own = {"id": "me", "nodes": [node(number, "me", []) for number in range(30)], "links": []}
        flow = {"nodes": [node(1, "me", [])], "links": [], "definitions": {"subgraphs": [own]}}
        assert read(flow, "workflow").source == "comfyui"


LEAF = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["KSampler", "euler", "1", "2"])
)
LINK = st.tuples(st.sampled_from(["1", "2", "3", "4"]) | st.integers(0, 4), st.integers(-1, 3)).map(list)
KINDS = st.sampled_from(
    [
        "KSampler",
        "CLIPTextEncode",
        "Reroute",
        "ComfySwitchNode",
        "LoraLoader",
        "ConditioningCombine",
        "Text Concatenate",
        "EmptyLatentImage",
        "CheckpointLoaderSimple",
        "SamplerCustomAdvanced",
        "me",
        "PrimitiveNode",
        "GetNode",
        "SetNode",
        "SaveImage",
        "KSamplerAdvanced",
        "VAEDecode",
    ]
)
KEYS = st.sampled_from(
    [
        "model",
        "positive",
        "negative",
        "latent_image",
        "seed",
        "steps",
        "cfg",
        "text",
        "clip",
        "guider",
        "sigmas",
        "noise",
        "switch",
        "on_true",
        "on_false",
        "conditioning",
        "width",
        "height",
        "images",
        "samples",
        "lora_name",
        "strength_model",
        "ckpt_name",
        "text_a",
        "text_b",
        "sampler_name",
        "pipe",
    ]
)
VALUE = LEAF | LINK | st.lists(LEAF, max_size=3) | st.dictionaries(KEYS, LEAF, max_size=3)
GRAPHS = st.dictionaries(
    st.sampled_from(["1", "2", "3", "4", "5"]),
    st.fixed_dictionaries({"class_type": KINDS, "inputs": st.dictionaries(KEYS, VALUE, max_size=8)}),
    min_size=1,
)
FLOW_NODES = st.fixed_dictionaries(
    {"id": st.integers(0, 4), "type": KINDS},
    optional={
        "widgets_values": st.lists(LEAF, max_size=7) | st.dictionaries(KEYS, LEAF, max_size=3),
        "mode": st.sampled_from([0, 2, 4]),
        "inputs": st.lists(st.fixed_dictionaries({"name": KEYS, "link": st.integers(0, 5) | st.none()}), max_size=4),
        "outputs": st.lists(st.fixed_dictionaries({"type": st.sampled_from(["X", "Y"])}), max_size=2),
    },
)
LINKS = st.lists(st.lists(st.integers(-20, 5), min_size=5, max_size=6) | VALUE, max_size=6)
FLOWS = st.fixed_dictionaries(
    {"nodes": st.lists(FLOW_NODES, max_size=5), "links": LINKS},
    optional={
        "definitions": st.fixed_dictionaries(
            {
                "subgraphs": st.lists(
                    st.fixed_dictionaries(
                        {"id": st.just("me"), "nodes": st.lists(FLOW_NODES, max_size=3), "links": LINKS}
                    ),
                    max_size=2,
                )
            }
        ),
        "extra": st.fixed_dictionaries(
            {
                "groupNodes": st.dictionaries(
                    st.just("x"), st.fixed_dictionaries({"nodes": st.lists(FLOW_NODES, max_size=3), "links": LINKS})
                )
            }
        ),
    },
)


@settings(max_examples=80, deadline=None)
@given(GRAPHS | FLOWS)
def test_no_graph_is_an_accident(graph: dict[str, Any]) -> None:
    name = "workflow" if "nodes" in graph else "prompt"
    reading = comfyui.read(Found("PNG", 8, 8, {name: json.dumps(graph)}))
    if reading is not None:
        json.dumps(reading.to_json(), allow_nan=False)
