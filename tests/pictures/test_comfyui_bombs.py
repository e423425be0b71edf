"""Small workflows that would unfold without end: what they cost is counted, by the memory and the steps they take."""

import tracemalloc
from typing import Any

import pytest
from comfy_kit import api, node, told

from underpaint.pictures.found import Found
from underpaint.pictures.programs import comfyui
from underpaint.pictures.programs.comfy import graph as graphs
from underpaint.pictures.programs.comfy.graph import MAX_INPUTS, Graph
from underpaint.pictures.programs.comfy.levels import unfolded
from underpaint.pictures.programs.comfy.workflow import graph_of


def peak(workflow: dict[str, Any]) -> int:
    """The memory that a workflow's graph took at most, in bytes."""
    tracemalloc.start()
    try:
        graph_of(workflow)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_links_of_a_subgraph_are_held_once() -> None:
    links = [[number, 1, 0, 2, 0, "X"] for number in range(1000)]
    own = {"id": "me", "nodes": [node(1, "A", [])], "links": links}
    flow = {"links": [], "definitions": {"subgraphs": [own]}}
    one, many = ({**flow, "nodes": [node(key, "me", []) for key in range(count)]} for count in (1, 60))
    assert peak(many) < peak(one) + 400_000
    assert len(graph_of(many).nodes) == 60


@pytest.mark.parametrize("more", ["nodes", "inputs", "values", "ids"])
def test_what_a_subgraph_holds_unfolds_only_so_far(more: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("underpaint.pictures.programs.comfy.levels._MOST", 4_000)
    own: dict[str, Any] = {"id": "me", "links": [], "nodes": [node("k" * (5_000 if more == "ids" else 1), "A", [])]}
    if more == "nodes":
        own["nodes"] = [node(key, "A", []) for key in range(50)]
    elif more == "inputs":
        own["nodes"][0]["inputs"] = [{"name": f"i{key}", "link": None} for key in range(400)]
    elif more == "values":
        own["nodes"][0]["widgets_values"] = {f"v{key}": key for key in range(400)}
    flow = {"nodes": [node(key, "me", []) for key in range(300)], "links": [], "definitions": {"subgraphs": [own]}}
    level = unfolded(flow)
    assert 0 < sum(inner.part.weight for inner in level.inner.values()) <= 4_000
    assert all(len(key) < 200 for key in graph_of(flow).nodes)


def test_slots_below_nothing_are_no_accident() -> None:
    passed = {**node(1, "A", [], {"x": 7}, mode=4), "outputs": [{"type": "X"}]}
    flow = {"nodes": [passed, node(2, "KSampler", [1], {"model": 5})], "links": [[5, 1, -9, 2, 0, "X"]]}
    assert set(graph_of(flow).nodes) == {"2"}


def test_hops_along_links_are_counted_together() -> None:
    passed = {**node(1, "A", [], mode=4), "outputs": [{"type": "Y"}],
              "inputs": [{"name": "x", "type": "X", "link": 0}] * 400}
    taking = [node(key, "B", [], {f"i{slot}": 5 for slot in range(20)}) for key in range(2, 7)]
    flow = {"nodes": [passed, *taking], "links": [[5, 1, 0, 2, 0, "X"]]}
    graph, level = graph_of(flow), unfolded(flow)
    assert len(graph.nodes) == 5 and not any(one.inputs for one in graph.nodes.values())
    assert level.spend(level.hops[0]) and not level.spend(1)


def test_the_first_of_two_setters_counts() -> None:
    nodes = [node(1, "A", []), node(2, "B", []), node(3, "SetNode", ["m"], {"in": 1}),
             node(4, "SetNode", ["m"], {"in": 2}), node(5, "GetNode", ["m"]), node(6, "C", [], {"model": 3})]
    links = [[1, 1, 0, 3, 0, "X"], [2, 2, 0, 4, 0, "X"], [3, 5, 0, 6, 0, "X"]]
    assert graph_of({"nodes": nodes, "links": links}).nodes["6"].inputs["model"] == ["1", 0]


def test_group_nodes_unfold_only_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("underpaint.pictures.programs.comfy.groups._MAX_UNFOLDED", 2_000)
    group = {"nodes": [node(0, "A", []), node(1, "B", [], {"x": None})], "links": [[0, 0, 1, 0, "X"]] * 196}
    flow = {"nodes": [node(key, "workflow/g", []) for key in range(30)], "links": [[1, 29, 0, 0, 0, "X"]],
            "extra": {"groupNodes": {"g": group}}}
    found = graph_of(flow)
    assert [key for key, one in found.nodes.items() if one.kind == "B"] == [f"{key}:1" for key in range(10)]
    assert found.nodes["0:1"].inputs == {"x": ["0:0", 0]} and len(found.nodes) == 2 * 10 + 20


def test_a_node_is_looked_through_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[object] = []
    real = graphs.is_link
    monkeypatch.setattr(graphs, "is_link", lambda value: looked.append(value) or real(value))
    nodes = api({"r": ("Reroute", {f"i{key}": ["ckpt", 0] if key == 299 else key for key in range(300)})})
    graph = Graph.from_api(nodes)
    for _ in range(50):
        end = graph.end(["r", 0])
        assert end is not None and end.node.id == "ckpt"
    assert len(looked) < 500


def test_inputs_without_end_are_cut() -> None:
    graph = Graph.from_api(api({"many": ("X", {f"i{key}": key for key in range(5_000)})}))
    assert len(graph.nodes["many"].inputs) == MAX_INPUTS


def test_switches_that_ask_switches_end() -> None:
    chain = {f"s{key}": ("ComfySwitchNode", {"switch": [f"s{key + 1}", 0], "on_true": ["ckpt", 0]})
             for key in range(900)}
    assert told(chain, {"ks": ("KSampler", {"model": ["s0", 0]})}).seed == 7
    own = {"s": ("ComfySwitchNode", {"switch": ["s", 0], "on_true": ["ckpt", 0], "on_false": ["ckpt", 1]})}
    assert told(own, {"ks": ("KSampler", {"model": ["s", 0]})}).seed == 7
    assert comfyui.read(Found("PNG", 8, 8, {"prompt": "{}"})) is None
