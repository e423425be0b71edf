"""Group nodes, as ComfyUI had them before subgraphs: one node that stands for several, kept in `extra`."""

from collections.abc import Iterator, Mapping
from typing import Any

from underpaint.pictures.loose import listed, mapping
from underpaint.pictures.programs.comfy.widgets import CONTROL, WIDGETS, widget_names

_PREFIXES = ("workflow/", "workflow>")
_MAX_GROUPS, _MAX_INSIDE = 500, 200


def unfold_groups(workflow: Mapping[str, Any]) -> Mapping[str, Any]:
    """The workflow with every group node replaced by what it stands for; the same one where there is none."""
    kept = mapping(mapping(workflow.get("extra")).get("groupNodes"))
    if not kept:
        return workflow
    nodes: list[Any] = []
    links = list(listed(workflow.get("links")))
    left = _MAX_GROUPS
    for node in listed(workflow.get("nodes")):
        group = _group(mapping(node), kept)
        if group is None or left <= 0:
            nodes.append(node)
            continue
        left -= 1
        unfolded = _Unfolded(mapping(node), group)
        nodes += unfolded.nodes
        links = unfolded.joined(links)
    return {**workflow, "nodes": nodes, "links": links}


def _group(node: Mapping[str, Any], kept: Mapping[str, Any]) -> Mapping[str, Any] | None:
    kind = str(node.get("type", ""))
    named = next((kind.removeprefix(prefix) for prefix in _PREFIXES if kind.startswith(prefix)), None)
    return mapping(kept.get(named)) or None if named else None


class _Unfolded:
    """One group node: its inner nodes with the values and links that stand on the outside."""

    def __init__(self, outer: Mapping[str, Any], group: Mapping[str, Any]) -> None:
        self._key = outer.get("id")
        self._inside = [mapping(node) for node in listed(group.get("nodes"))[:_MAX_INSIDE]]
        self._links = [link for link in listed(group.get("links"))[: _MAX_INSIDE * 8]
                       if isinstance(link, list) and len(link) >= 4 and all(isinstance(one, int) for one in link[:4])]
        values = iter(listed(outer.get("widgets_values")))
        slots = iter(listed(outer.get("inputs")))
        self.nodes = [self._node(index, node, values, slots) for index, node in enumerate(self._inside)]

    def _id(self, index: int) -> str:
        return f"{self._key}:{index}"

    def _node(self, index: int, node: Mapping[str, Any], values: Iterator[Any], slots: Iterator[Any]) -> dict[str, Any]:
        within = {link[3]: link for link in self._links if link[2] == index}
        inputs = []
        for number, slot in enumerate(listed(node.get("inputs"))[:_MAX_INSIDE]):
            entry = dict(mapping(slot))
            entry["link"] = f"{self._key}/{within[number][0]}/{within[number][1]}/{index}/{number}" \
                if number in within else mapping(next(slots, None)).get("link")
            inputs.append(entry)
        held = list(_values(node, inputs, values))
        return {**node, "id": self._id(index), "inputs": inputs, "widgets_values": held or node.get("widgets_values")}

    def joined(self, links: list[Any]) -> list[Any]:
        """All links: those from outside end at the inner nodes, those within are added."""
        exits = list(self._exits())
        moved = []
        for link in links:
            if isinstance(link, list) and len(link) >= 5 and link[1] == self._key and isinstance(link[2], int):
                index, slot = exits[link[2]] if link[2] < len(exits) else (0, 0)
                link = [link[0], self._id(index), slot, *link[3:]]
            moved.append(link)
        return moved + [[f"{self._key}/{one[0]}/{one[1]}/{one[2]}/{one[3]}", self._id(one[0]), one[1],
                         self._id(one[2]), one[3], ""] for one in self._links]

    def _exits(self) -> Iterator[tuple[int, int]]:
        """The outputs that show on the outside: those that nothing within uses."""
        used = {(link[0], link[1]) for link in self._links}
        for index, node in enumerate(self._inside):
            for slot, _ in enumerate(listed(node.get("outputs"))[:_MAX_INSIDE]):
                if (index, slot) not in used:
                    yield index, slot


def _values(node: Mapping[str, Any], inputs: list[dict[str, Any]], values: Iterator[Any]) -> Iterator[Any]:
    """As many of the outer values as this inner node has widgets."""
    for _ in WIDGETS.get(str(node.get("type"))) or widget_names(inputs):
        value = next(values, None)
        if isinstance(value, str) and value in CONTROL:
            value = next(values, None)
        yield value
