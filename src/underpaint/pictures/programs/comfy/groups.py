"""Group nodes, as ComfyUI had them before subgraphs: one node that stands for several, kept in `extra`."""

from collections.abc import Iterator, Mapping
from typing import Any

from underpaint.pictures.loose import listed, mapping
from underpaint.pictures.programs.comfy.widgets import CONTROL, WIDGETS, widget_names

_PREFIXES = ("workflow/", "workflow>")
_MAX_GROUPS, _MAX_INSIDE = 500, 200
_MAX_UNFOLDED = 60_000
"""Nodes, inputs and links that group nodes unfold to, all together."""
_LONGEST_ID = 60

Key = int | str


def unfold_groups(workflow: Mapping[str, Any]) -> Mapping[str, Any]:
    """The workflow with every group node replaced by what it stands for; the same one where there is none."""
    kept = mapping(mapping(workflow.get("extra")).get("groupNodes"))
    if not kept:
        return workflow
    nodes: list[Any] = []
    groups: dict[str, _Group] = {}
    unfolded: dict[Key, _Unfolded] = {}
    left = _MAX_UNFOLDED
    for node in listed(workflow.get("nodes")):
        name, key = _group_name(mapping(node).get("type")), mapping(node).get("id")
        if not mapping(kept.get(name)) or not isinstance(key, Key) or len(unfolded) >= _MAX_GROUPS:
            nodes.append(node)
            continue
        if name not in groups:
            groups[name] = _Group(kept[name])
        left -= groups[name].weight
        if left < 0:
            nodes.append(node)
            continue
        unfolded[key] = _Unfolded(node, key, groups[name])
        nodes += unfolded[key].nodes
    links = [_moved(link, unfolded) for link in listed(workflow.get("links"))]
    return {**workflow, "nodes": nodes, "links": links + [link for one in unfolded.values() for link in one.links()]}


def _group_name(kind: object) -> str:
    """The name of the group that a node of this class stands for; empty for every other class."""
    if not isinstance(kind, str):
        return ""
    return next((kind.removeprefix(prefix) for prefix in _PREFIXES if kind.startswith(prefix)), "")


def _moved(link: Any, unfolded: "Mapping[Key, _Unfolded]") -> Any:
    """A link from outside, now from the inner node whose output the group node showed."""
    if not isinstance(link, list) or len(link) < 5 or not isinstance(link[1], Key) or not isinstance(link[2], int):
        return link
    origin = unfolded.get(link[1])
    if origin is None:
        return link
    exits = origin.group.exits
    index, slot = exits[link[2]] if 0 <= link[2] < len(exits) else (0, 0)
    return [link[0], origin.id(index), slot, *link[3:]]


class _Group:
    """What group nodes of one name stand for, read once: the nodes, the links between them, the outputs that show."""

    def __init__(self, group: Mapping[str, Any]) -> None:
        self.inside = [mapping(node) for node in listed(group.get("nodes"))[:_MAX_INSIDE]]
        self.links = [link[:4] for link in listed(group.get("links"))[: _MAX_INSIDE * 8]
                      if isinstance(link, list) and len(link) >= 4 and all(isinstance(one, int) for one in link[:4])]
        self.within = {(link[2], link[3]): link for link in self.links}
        self.slots = [listed(node.get("inputs"))[:_MAX_INSIDE] for node in self.inside]
        self.exits = list(self._exits())
        self.weight = 1 + len(self.inside) + len(self.links) + sum(map(len, self.slots))

    def _exits(self) -> Iterator[tuple[int, int]]:
        """The outputs that show on the outside: those that nothing within uses."""
        used = {(link[0], link[1]) for link in self.links}
        for index, node in enumerate(self.inside):
            for slot, _ in enumerate(listed(node.get("outputs"))[:_MAX_INSIDE]):
                if (index, slot) not in used:
                    yield index, slot


class _Unfolded:
    """One group node: its inner nodes with the values and links that stand on the outside."""

    def __init__(self, outer: Mapping[str, Any], key: Key, group: _Group) -> None:
        self.group = group
        self._key = str(key)[:_LONGEST_ID]
        values = iter(listed(outer.get("widgets_values")))
        slots = iter(listed(outer.get("inputs")))
        self.nodes = [self._node(index, node, values, slots) for index, node in enumerate(group.inside)]

    def id(self, index: int) -> str:
        """The id of the inner node of that number."""
        return f"{self._key}:{index}"

    def links(self) -> Iterator[list[Any]]:
        """The links within."""
        for one in self.group.links:
            yield [self._link(one), self.id(one[0]), one[1], self.id(one[2]), one[3], ""]

    def _link(self, one: list[int]) -> str:
        return f"{self._key}/{one[0]}/{one[1]}/{one[2]}/{one[3]}"

    def _node(self, index: int, node: Mapping[str, Any], values: Iterator[Any], slots: Iterator[Any]) -> dict[str, Any]:
        inputs = []
        for number, slot in enumerate(self.group.slots[index]):
            within = self.group.within.get((index, number))
            link = self._link(within) if within else mapping(next(slots, None)).get("link")
            inputs.append({**mapping(slot), "link": link})
        held = list(_values(node, inputs, values))
        return {**node, "id": self.id(index), "inputs": inputs, "widgets_values": held or node.get("widgets_values")}


def _values(node: Mapping[str, Any], inputs: list[dict[str, Any]], values: Iterator[Any]) -> Iterator[Any]:
    """As many of the outer values as this inner node has widgets."""
    for _ in WIDGETS.get(str(node.get("type"))) or widget_names(inputs):
        value = next(values, None)
        if isinstance(value, str) and value in CONTROL:
            value = next(values, None)
        yield value
