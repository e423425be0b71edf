"""The levels of a workflow: its own nodes, and those of a subgraph once for every place where it stands.

What a subgraph holds is read once and shared by all of its places, and all that unfolds is counted, so that a small
file of a stranger's cannot grow large.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from underpaint.pictures.loose import listed, mapping
from underpaint.pictures.programs.comfy.graph import MAX_INPUTS, MAX_NODES
from underpaint.pictures.programs.comfy.widgets import widget_names

ENTRY, EXIT = "-10", "-20"
_NESTED = 8
_LONGEST_ID = 60
_NODE = 20  # what a node weighs besides its inputs and values
_MOST = MAX_NODES * _NODE
_MAX_HOPS = 300_000


@dataclass(frozen=True, eq=False)
class Part:
    """What a workflow or a subgraph holds: nodes by id, where links come from, the links that leave by each exit, the
    links behind each SetNode's name; and how much all of it is.
    """

    nodes: Mapping[str, Mapping[str, Any]]
    links: Mapping[int | str, tuple[str, int]]
    exits: Mapping[int, int | str]
    setters: Mapping[Any, Any]
    weight: int


@dataclass(eq=False)
class Level:
    """One place of a part: the level around it, the node there that holds it, and the levels within by their nodes."""

    part: Part
    prefix: str = ""
    outer: "Level | None" = None
    holder: Mapping[str, Any] = field(default_factory=dict)
    inner: "dict[str, Level]" = field(default_factory=dict)
    hops: list[int] = field(default_factory=lambda: [_MAX_HOPS])

    def spend(self, count: int) -> bool:
        """Count hops along links, all levels together; False when they are used up."""
        self.hops[0] -= count
        return self.hops[0] >= 0

    @cached_property
    def shown(self) -> dict[str, dict[str, Any]]:
        """The holder's widgets by what they stand for, inner node and widget; its own inputs are those of node -1."""
        values = listed(self.holder.get("widgets_values"))
        found: dict[str, dict[str, Any]] = {}
        for index, proxy in enumerate(_proxies(self.holder)):
            pair = listed(proxy)[:2]
            if len(pair) == 2 and isinstance(pair[0], int | str) and isinstance(pair[1], str):
                found.setdefault(named(pair[0]), {})[pair[1]] = values[index] if index < len(values) else None
        return found

    @cached_property
    def given(self) -> dict[str, Any]:
        """The values of the holder's own widgets by name, as older workflows keep them."""
        names = widget_names(listed(self.holder.get("inputs"))[:MAX_INPUTS])
        found: dict[str, Any] = {}
        for name, value in zip(names, listed(self.holder.get("widgets_values")), strict=False):
            found.setdefault(name, value)
        return found


def unfolded(workflow: Mapping[str, Any]) -> Level:
    """A workflow's own level, with every subgraph in it unfolded as far as there is room."""
    definitions = {named(mapping(one).get("id")): mapping(one)
                   for one in listed(mapping(workflow.get("definitions")).get("subgraphs"))[:1000]}
    top = Level(_part(workflow))
    _nest(top, definitions, {}, 0, [_MOST])
    return top


def named(key: object) -> str:
    """An id as text; empty for what is no id."""
    return str(key)[:_LONGEST_ID] if isinstance(key, int | str) else ""


def _nest(level: Level, definitions: Mapping[str, Mapping[str, Any]], parts: dict[str, Part], depth: int,
          left: list[int]) -> None:
    """Unfold subgraphs; a hostile one that holds itself ends at a few levels and a few thousand nodes."""
    for key, node in level.part.nodes.items():
        kind = named(node.get("type"))
        if kind not in definitions or depth >= _NESTED:
            continue
        if kind not in parts:
            parts[kind] = _part(definitions[kind])
        left[0] -= parts[kind].weight
        if left[0] < 0:
            return
        inside = Level(parts[kind], f"{level.prefix}{key}:", level, node, hops=level.hops)
        level.inner[key] = inside
        _nest(inside, definitions, parts, depth + 1, left)


def _part(data: Mapping[str, Any]) -> Part:
    nodes = {named(mapping(node).get("id")): mapping(node) for node in listed(data.get("nodes"))[:MAX_NODES]}
    links: dict[int | str, tuple[str, int]] = {}
    ends: dict[int | str, int] = {}
    for link, origin, (target, slot) in _links(data):
        links[link] = origin
        ends.pop(link, None)
        if target == EXIT:
            ends[link] = slot
    exits: dict[int, int | str] = {}
    for link, slot in ends.items():
        exits.setdefault(slot, link)
    return Part(nodes, links, exits, _setters(nodes), _NODE + sum(map(_weight, nodes.values())))


def _links(data: Mapping[str, Any]) -> Iterator[tuple[int | str, tuple[str, int], tuple[str, int]]]:
    """Every link with where it comes from and where it goes to, each a node and the number of its slot."""
    for link in listed(data.get("links"))[: MAX_NODES * 4]:
        if isinstance(link, list) and len(link) >= 5 and all(isinstance(one, int | str) for one in link[:5]):
            yield link[0], (named(link[1]), _slot(link[2])), (named(link[3]), _slot(link[4]))
        elif isinstance(link, Mapping) and isinstance(link.get("id"), int | str):
            yield (link["id"], (named(link.get("origin_id")), _slot(link.get("origin_slot"))),
                   (named(link.get("target_id")), _slot(link.get("target_slot"))))


def _slot(value: object) -> int:
    return value if isinstance(value, int) and value >= 0 else 0


def _setters(nodes: Mapping[str, Mapping[str, Any]]) -> dict[Any, Any]:
    """The link that each SetNode's first input has, by the node's name; the first of a name counts."""
    found: dict[Any, Any] = {}
    for node in nodes.values():
        values, slots = listed(node.get("widgets_values")), listed(node.get("inputs"))
        if node.get("type") == "SetNode" and values and isinstance(values[0], int | str):
            found.setdefault(values[0], mapping(slots[0]).get("link") if slots else None)
    return found


def _weight(node: Mapping[str, Any]) -> int:
    values = node.get("widgets_values")
    held = len(values) if isinstance(values, list | Mapping) else 0
    return _NODE + min(len(listed(node.get("inputs"))), MAX_INPUTS) + held + len(_proxies(node))


def _proxies(node: Mapping[str, Any]) -> list[Any]:
    return listed(mapping(node.get("properties")).get("proxyWidgets"))[:200]
