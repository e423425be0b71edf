"""ComfyUI's graph as its API takes it: nodes by id, links as [id, output], and the ways through it.

Graphs come from strangers and may be cyclic, huge, or branch without end: every walk is counted, and stops when a
graph has used up its steps.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

from underpaint.pictures.loose import mapping, number, whole

MAX_NODES = 20_000
MAX_STEPS = 30_000
MAX_DEPTH = 60
MAX_INPUTS = 500
_LINKS = 400


@dataclass(frozen=True)
class Node:
    """One node: its id, its class, its inputs (values and links), and the title that was put on it."""

    id: str
    kind: str
    inputs: Mapping[str, Any]
    title: str = ""

    @cached_property
    def links(self) -> dict[str, Any]:
        """The inputs that are links, as many as are looked at; found once, for walks come by again and again."""
        return dict(islice(((key, value) for key, value in self.inputs.items() if is_link(value)), _LINKS))


@dataclass(frozen=True)
class End:
    """Where a link comes from: a node and the number of its output."""

    node: Node
    slot: int


class Graph:
    """Nodes by id. `end` follows a link past everything that only hands on what it gets."""

    def __init__(self, nodes: Mapping[str, Node]) -> None:
        self.nodes = nodes
        self.steps = MAX_STEPS
        self.notes: list[str] = []
        self._ways: dict[tuple[str, bool], object] = {}
        self._asked = 0

    @classmethod
    def from_api(cls, data: Mapping[str, Any]) -> "Graph":
        """The graph in a `prompt` text; whatever is no node is passed over."""
        nodes = {}
        for key, value in list(data.items())[:MAX_NODES]:
            kind, inputs = mapping(value).get("class_type"), mapping(value).get("inputs")
            if isinstance(kind, str):
                title = mapping(mapping(value).get("_meta")).get("title")
                held = dict(islice(mapping(inputs).items(), MAX_INPUTS))
                nodes[str(key)] = Node(str(key), kind, held, title if isinstance(title, str) else "")
        return cls(nodes)

    def spend(self) -> bool:
        """Count one step; False when the graph has used up all of its steps."""
        self.steps -= 1
        return self.steps > 0

    def end(self, value: object, *, choose: bool = True) -> End | None:
        """Where a link comes from, past reroutes and switches; None for what is no link or leads nowhere.

        Without `choose` an if-else node is an end of its own: for texts, whose other branch may be the better one.
        """
        for _ in range(MAX_DEPTH):
            if not is_link(value) or not self.spend():
                return None
            node = self.nodes.get(str(value[0]))  # type: ignore[index]
            if node is None:
                return None
            way = self._way(node, choose)
            if way is None:
                return End(node, int(value[1]))  # type: ignore[index]
            value = way
        return None

    def _way(self, node: Node, choose: bool) -> object:
        """What a node hands on, found once: a switch that asks itself, or asks without end, hands on nothing."""
        asked = (node.id, choose)
        if asked not in self._ways:
            self._ways[asked] = None
            if self._asked < MAX_DEPTH:
                self._asked += 1
                self._ways[asked] = _handed_on(self, node, choose)
                self._asked -= 1
        return self._ways[asked]

    def links(self, node: Node) -> Iterator[tuple[str, Any]]:
        """The node's inputs that are links, by name."""
        yield from node.links.items()

    def say(self, note: str) -> None:
        """Keep a sentence about something that cannot be taken over."""
        if note not in self.notes:
            self.notes.append(note)


def is_link(value: object) -> bool:
    """Whether an input is a link: [node, output]."""
    return (isinstance(value, list) and len(value) == 2 and isinstance(value[0], str | int)
            and isinstance(value[1], int) and not isinstance(value[1], bool) and not isinstance(value[0], bool))


def _handed_on(graph: Graph, node: Node, choose: bool) -> object:
    """The link that a node without a will of its own hands on, or None."""
    kind = node.kind.casefold()
    if kind.startswith("reroute"):
        return next((value for _, value in graph.links(node)), None)
    if "switch" not in kind:
        return None
    links = node.links
    if "on_true" in node.inputs or "on_false" in node.inputs:
        return _branch(graph, node) if choose else None
    chosen = next((whole(node.inputs[key]) for key in ("select", "Input", "index") if key in node.inputs), None)
    numbered = [value for key, value in links.items() if chosen is not None and key.rstrip("_").endswith(str(chosen))]
    return numbered[0] if numbered else next((value for key, value in links.items() if key != "switch"), None)


def _branch(graph: Graph, node: Node) -> object:
    """If and else: the chosen branch where it is a link; a branch that holds plain text is left to the reader."""
    chosen = "on_false" if truth(graph, node.inputs.get("switch")) is False else "on_true"
    value = node.inputs.get(chosen)
    return value if is_link(value) else None


def truth(graph: Graph, value: object) -> bool | None:
    """A yes or no, also from the node that holds it."""
    if isinstance(value, bool):
        return value
    end = graph.end(value)
    held = end.node.inputs.get("value", end.node.inputs.get("boolean")) if end else None
    return held if isinstance(held, bool) else None


BUNDLES = ("base_ctx", "pipe", "context")
_HOLDERS = ("value", "Value", "int", "float", "number", "Number", "seed", "noise_seed", "INT", "FLOAT", "int_value",
            "float_value", "val", "string", "text")  # fmt: skip


def amount(graph: Graph, value: object, *names: str, depth: int = 0) -> int | float | None:
    """The number of an input, also from the node that holds it: under the same name, or as its one value."""
    if not is_link(value):
        return number(value) if whole(value) is None else whole(value)
    end = graph.end(value)
    if end is None or depth > MAX_DEPTH:
        return None
    for key in (*names, *_HOLDERS, *BUNDLES):
        if key in end.node.inputs:
            found = amount(graph, end.node.inputs[key], *names, depth=depth + 1)
            if found is not None:
                return found
    return None


def name(graph: Graph, value: object, *names: str, depth: int = 0) -> str | None:
    """The name of an input (a sampler's, a model's), also from the node that holds it."""
    if isinstance(value, str):
        return value if value.strip() else None
    end = graph.end(value)
    if end is None or depth > MAX_DEPTH:
        return None
    for key in (*names, "value", "string", "text", *BUNDLES):
        found = name(graph, end.node.inputs.get(key), *names, depth=depth + 1)
        if found is not None:
            return found
    return None
