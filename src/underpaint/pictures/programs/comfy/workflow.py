"""From a workflow, as ComfyUI's page keeps it, to the graph that its API takes.

Widget values get their names back; subgraphs and group nodes are unfolded; muted nodes vanish, bypassed ones hand on
what they get; primitives, and pairs of Set and Get nodes, become plain values and links.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from underpaint.pictures.loose import listed, mapping
from underpaint.pictures.programs.comfy.graph import MAX_NODES, Graph, Node
from underpaint.pictures.programs.comfy.groups import unfold_groups
from underpaint.pictures.programs.comfy.widgets import named_values, widget_names

_MUTED, _BYPASSED = 2, 4
_ENTRY, _EXIT = "-10", "-20"
_NESTED = 8
_HOPS = 60
_ASIDE = {"Note", "MarkdownNote"}

Origin = tuple[str, int]


@dataclass
class _Level:
    """One level of a workflow: its nodes by id, its links by id, and what its entry stands for outside."""

    nodes: dict[str, Mapping[str, Any]]
    links: dict[Any, tuple[str, int, str, int]]
    prefix: str = ""
    outer: "_Level | None" = None
    holder: str = ""
    inner: dict[str, "_Level"] = field(default_factory=dict)


def graph_of(workflow: Mapping[str, Any]) -> Graph:
    """The graph of a workflow; whatever does not fit is passed over. Never raises."""
    definitions = {str(mapping(one).get("id")): mapping(one)
                   for one in listed(mapping(workflow.get("definitions")).get("subgraphs"))[:1000]}
    top = _level(unfold_groups(workflow), "", None, "")
    _nest(top, definitions, 0, [MAX_NODES])
    found: dict[str, Node] = {}
    for key, node in _nodes(top, 0):
        if len(found) < MAX_NODES:
            found[key] = node
    return Graph(found)


def _level(data: Mapping[str, Any], prefix: str, outer: _Level | None, holder: str) -> _Level:
    nodes = {str(mapping(node).get("id")): mapping(node) for node in listed(data.get("nodes"))[:MAX_NODES]}
    links = {}
    for link in listed(data.get("links"))[: MAX_NODES * 4]:
        if isinstance(link, list) and len(link) >= 5 and all(isinstance(one, int | str) for one in link[:5]):
            links[link[0]] = (str(link[1]), _slot(link[2]), str(link[3]), _slot(link[4]))
        elif isinstance(link, Mapping) and isinstance(link.get("id"), int | str):
            links[link["id"]] = (str(link.get("origin_id")), _slot(link.get("origin_slot")), str(link.get("target_id")),
                                 _slot(link.get("target_slot")))
    return _Level(nodes, links, prefix, outer, holder)


def _slot(value: object) -> int:
    return value if isinstance(value, int) else 0


def _nest(level: _Level, definitions: Mapping[str, Mapping[str, Any]], depth: int, budget: list[int]) -> None:
    """Unfold subgraphs; a hostile one that holds itself ends at a few levels and a few thousand nodes."""
    for key, node in level.nodes.items():
        definition = definitions.get(str(node.get("type")))
        if definition is None or depth >= _NESTED:
            continue
        budget[0] -= len(listed(definition.get("nodes"))) + 1
        if budget[0] < 0:
            return
        inside = _level(definition, f"{level.prefix}{key}:", level, key)
        level.inner[key] = inside
        _nest(inside, definitions, depth + 1, budget)


def _nodes(level: _Level, depth: int) -> Iterator[tuple[str, Node]]:
    for key, node in level.nodes.items():
        kind = node.get("type")
        if key in level.inner:
            if node.get("mode") not in (_MUTED, _BYPASSED):
                yield from _nodes(level.inner[key], depth + 1)
        elif isinstance(kind, str) and kind not in _ASIDE and node.get("mode") not in (_MUTED, _BYPASSED):
            title = node.get("title")
            yield level.prefix + key, Node(level.prefix + key, kind, _inputs(level, node, kind),
                                           title if isinstance(title, str) else "")


def _inputs(level: _Level, node: Mapping[str, Any], kind: str) -> dict[str, Any]:
    slots = listed(node.get("inputs"))[:500]
    found = named_values(kind, slots, node.get("widgets_values"))
    if level.outer is not None:
        shown = _proxies(level.outer.nodes[level.holder])
        own = {named: value for (key, named), value in shown.items() if key == str(node.get("id"))}
        found |= {named: value for named, value in own.items() if value is not None}
    for slot in slots:
        named, link = mapping(slot).get("name"), mapping(slot).get("link")
        if isinstance(named, str) and isinstance(link, int | str):
            value = _value(level, link)
            if value is not None:
                found[named] = value
    return found


def _value(level: _Level, link: int | str) -> Any:
    """What a link brings: [node, output] of a node that does something, or the plain value of a primitive."""
    here: _Level = level
    wanted: int | str = link
    for _ in range(_HOPS):
        origin = here.links.get(wanted)
        if origin is None:
            return None
        key, slot = origin[0], origin[1]
        if key == _ENTRY and here.outer is not None:
            step = _outside(here, slot)
        else:
            step = _past(here, key, slot)
        if not isinstance(step, _Hop):
            return step
        here, wanted = step.level, step.link
    return None


@dataclass(frozen=True)
class _Hop:
    level: _Level
    link: int | str


def _outside(level: _Level, slot: int) -> Any:
    """The input of a subgraph: the link that comes to it from outside, or the value on its own widget."""
    outer = level.outer
    assert outer is not None, "only a subgraph has an entry"
    holder = outer.nodes[level.holder]
    slots = listed(holder.get("inputs"))
    entry = mapping(slots[slot]) if slot < len(slots) else {}
    if isinstance(entry.get("link"), int | str):
        return _Hop(outer, entry["link"])
    named = entry.get("name")
    shown = _proxies(holder)
    if shown:
        return shown.get(("-1", str(named)))
    values, names = listed(holder.get("widgets_values")), widget_names(slots)
    position = names.index(named) if named in names else len(values)
    return values[position] if position < len(values) else None


def _proxies(holder: Mapping[str, Any]) -> dict[tuple[str, str], Any]:
    """A subgraph's widgets by what they stand for: (inner node, widget); its own inputs are those of node -1."""
    proxies = listed(mapping(holder.get("properties")).get("proxyWidgets"))[:200]
    values = listed(holder.get("widgets_values"))
    pairs = [tuple(str(one) for one in listed(proxy)[:2]) for proxy in proxies]
    return {(pair[0], pair[1]): values[index] if index < len(values) else None
            for index, pair in enumerate(pairs) if len(pair) == 2}


def _past(level: _Level, key: str, slot: int) -> Any:
    """The node itself, or where its output really comes from."""
    node = level.nodes.get(key)
    if node is None:
        return None
    if key in level.inner:
        inside = level.inner[key]
        ends = [link for link, one in inside.links.items() if one[2] == _EXIT and one[3] == slot]
        return _Hop(inside, ends[0]) if ends else None
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


def _through(level: _Level, node: Mapping[str, Any], slot: int) -> Any:
    """A bypassed node hands on the input of its output's number and kind, else the first one of that kind."""
    outputs, inputs = listed(node.get("outputs")), listed(node.get("inputs"))
    kind = mapping(outputs[slot]).get("type") if slot < len(outputs) else None
    for entry in [*inputs[slot : slot + 1], *inputs]:
        if mapping(entry).get("type") == kind and isinstance(mapping(entry).get("link"), int | str):
            return _Hop(level, mapping(entry)["link"])
    return None


def _set_by(level: _Level, node: Mapping[str, Any]) -> Any:
    values = listed(node.get("widgets_values"))
    for other in level.nodes.values():
        if other.get("type") == "SetNode" and values and listed(other.get("widgets_values"))[:1] == values[:1]:
            slots = listed(other.get("inputs"))
            link = mapping(slots[0]).get("link") if slots else None
            return _Hop(level, link) if isinstance(link, int | str) else None
    return None
