"""From a workflow, as ComfyUI's page keeps it, to the graph that its API takes.

Widget values get their names back; subgraphs and group nodes are unfolded; muted nodes vanish, bypassed ones hand on
what they get; primitives, and pairs of Set and Get nodes, become plain values and links.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from underpaint.pictures.loose import listed, mapping
from underpaint.pictures.programs.comfy.graph import MAX_INPUTS, MAX_NODES, Graph, Node
from underpaint.pictures.programs.comfy.groups import unfold_groups
from underpaint.pictures.programs.comfy.levels import ENTRY, Level, named, unfolded
from underpaint.pictures.programs.comfy.widgets import named_values

_MUTED, _BYPASSED = 2, 4
_HOPS = 60
_ASIDE = {"Note", "MarkdownNote"}


def graph_of(workflow: Mapping[str, Any]) -> Graph:
    """The graph of a workflow; whatever does not fit is passed over. Never raises."""
    return Graph(dict(islice(_nodes(unfolded(unfold_groups(workflow))), MAX_NODES)))


def _nodes(level: Level) -> Iterator[tuple[str, Node]]:
    for key, node in level.part.nodes.items():
        kind = node.get("type")
        if key in level.inner:
            if node.get("mode") not in (_MUTED, _BYPASSED):
                yield from _nodes(level.inner[key])
        elif isinstance(kind, str) and kind not in _ASIDE and node.get("mode") not in (_MUTED, _BYPASSED):
            title = node.get("title")
            yield level.prefix + key, Node(level.prefix + key, kind, _inputs(level, node, kind),
                                           title if isinstance(title, str) else "")


def _inputs(level: Level, node: Mapping[str, Any], kind: str) -> dict[str, Any]:
    slots = listed(node.get("inputs"))[:MAX_INPUTS]
    found = dict(islice(named_values(kind, slots, node.get("widgets_values")).items(), MAX_INPUTS))
    shown = level.shown.get(named(node.get("id")), {})
    found |= {name: value for name, value in shown.items() if value is not None}
    for slot in slots:
        name, link = mapping(slot).get("name"), mapping(slot).get("link")
        if isinstance(name, str) and isinstance(link, int | str):
            value = _value(level, link)
            if value is not None:
                found[name] = value
    return found


def _value(level: Level, link: int | str) -> Any:
    """What a link brings: [node, output] of a node that does something, or the plain value of a primitive."""
    here: Level = level
    wanted: int | str = link
    for _ in range(_HOPS):
        origin = here.part.links.get(wanted)
        if origin is None or not here.spend(1):
            return None
        key, slot = origin[0], origin[1]
        if key == ENTRY and here.outer is not None:
            step = _outside(here, slot)
        else:
            step = _past(here, key, slot)
        if not isinstance(step, _Hop):
            return step
        here, wanted = step.level, step.link
    return None


@dataclass(frozen=True)
class _Hop:
    level: Level
    link: int | str


def _outside(level: Level, slot: int) -> Any:
    """The input of a subgraph: the link that comes to it from outside, or the value on its own widget."""
    assert level.outer is not None, "only a subgraph has an entry"
    slots = listed(level.holder.get("inputs"))
    entry = mapping(slots[slot]) if slot < len(slots) else {}
    if isinstance(entry.get("link"), int | str):
        return _Hop(level.outer, entry["link"])
    name = entry.get("name")
    if not isinstance(name, str):
        return None
    return level.shown.get("-1", {}).get(name) if level.shown else level.given.get(name)


def _past(level: Level, key: str, slot: int) -> Any:
    """The node itself, or where its output really comes from."""
    node = level.part.nodes.get(key)
    if node is None:
        return None
    if key in level.inner:
        inside = level.inner[key]
        return _Hop(inside, inside.part.exits[slot]) if slot in inside.part.exits else None
    kind = node.get("type")
    if kind == "PrimitiveNode":
        values = listed(node.get("widgets_values"))
        return values[0] if values else None
    if node.get("mode") == _MUTED:
        return None
    if node.get("mode") == _BYPASSED:
        return _through(level, node, slot)
    if kind == "GetNode":
        return _set_by(level, node)
    return [level.prefix + key, slot]


def _through(level: Level, node: Mapping[str, Any], slot: int) -> Any:
    """A bypassed node hands on the input of its output's number and kind, else the first one of that kind."""
    outputs, inputs = listed(node.get("outputs")), listed(node.get("inputs"))[:MAX_INPUTS]
    if not level.spend(len(inputs)):
        return None
    kind = mapping(outputs[slot]).get("type") if slot < len(outputs) else None
    for entry in [*inputs[slot : slot + 1], *inputs]:
        if mapping(entry).get("type") == kind and isinstance(mapping(entry).get("link"), int | str):
            return _Hop(level, mapping(entry)["link"])
    return None


def _set_by(level: Level, node: Mapping[str, Any]) -> Any:
    name = next(iter(listed(node.get("widgets_values"))), None)
    link = level.part.setters.get(name) if isinstance(name, int | str) else None
    return _Hop(level, link) if isinstance(link, int | str) else None
