"""Model, LoRAs, VAE and clip skip: along the model's and the encoder's links back to their loaders."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from underpaint.pictures.loose import first, listed, mapping, number, whole, words
from underpaint.pictures.programs.comfy.graph import Graph, Node, amount, name
from underpaint.pictures.told import Lora

_MODEL = ("ckpt_name", "unet_name", "base_ckpt_name", "model_name", "ckpt", "gguf_name", "diffusion_model",
          "model_path", "model")
_WAYS = ("model", "model1", "base_model", "pipe", "basic_pipe", "sdxl_tuple", "context", "lora_stack",
         "optional_lora_stack", "guider", "LORA_STACK", "lora", "prev_lora", "unet_model", "clip", "bus", "any",
         "base_ctx")  # fmt: skip
_NUMBERED = re.compile(r"lora_?(?:name_)?(\d{1,2})(?:_name)?")
_SET_ASIDE = {"none", "", "choose"}
_NOTED = (
    ("ipadapter", "pictures it was led by (IP-Adapter) are not in the file"),
    ("hypernetwork", "the hypernetwork has no counterpart here"),
    ("freeu", "FreeU has no counterpart here"),
    ("pulid", "the face it was led by (PuLID) is not in the file"),
    ("instantid", "the face it was led by (InstantID) is not in the file"),
    ("perturbedattention", "perturbed-attention guidance has no counterpart here"),
    ("skiplayer", "skip-layer guidance has no counterpart here"),
    ("animatediff", "the motion model has no counterpart here"),
    ("controlnet", "control pictures (ControlNet) are not in the file"),
    ("stylemodel", "pictures it was led by (style model) are not in the file"),
    ("unclip", "pictures it was led by (unCLIP) are not in the file"),
    ("referencelatent", "reference pictures are not in the file"),
    ("modelmerge", "the model was merged from several while painting: here the first of them paints"),
    ("imagetovideo", "a film began from a picture that is not in the file"),
)


@dataclass
class Loaded:
    """What stands on the way from a sampler back to the model's file."""

    model: str | None = None
    loras: list[Lora] = field(default_factory=list)
    clip_skip: int | None = None


def loaded(graph: Graph, sampler: Node) -> Loaded:
    """Model, LoRAs (the first applied first) and clip skip of one sampler."""
    found = Loaded()
    way = list(_upstream(graph, sampler))
    for node in way:
        found.model = found.model or _model(graph, node)
        found.loras += [lora for lora in _loras(graph, node) if lora not in found.loras]
    found.loras.reverse()
    found.clip_skip = _clip_skip(graph, sampler)
    return found


def _upstream(graph: Graph, start: Node) -> Iterator[Node]:
    waiting, seen = [start], {start.id}
    while waiting and graph.spend():
        node = waiting.pop(0)
        yield node
        for key in _WAYS:
            end = graph.end(node.inputs.get(key))
            if end is not None and end.node.id not in seen:
                seen.add(end.node.id)
                waiting.append(end.node)


def _model(graph: Graph, node: Node) -> str | None:
    if "upscale" in node.kind.casefold():
        return None
    for key in _MODEL:
        value = node.inputs.get(key)
        # Some loaders hold a name with its picture: {"content": ...}.
        value = mapping(value).get("content", value) if isinstance(value, Mapping) else value
        if key == "model" and not isinstance(value, str):
            continue  # a model itself, not a file's name
        found = name(graph, value, key)
        if found:
            return found
    return None


def _loras(graph: Graph, node: Node) -> Iterator[Lora]:
    inputs = node.inputs
    if "lora" not in " ".join([node.kind.casefold(), *(key.casefold() for key in list(inputs)[:200])]):
        return
    if isinstance(inputs.get("lora_name"), str | list):
        weight = _first_amount(graph, inputs, "strength_model", "strength", "lora_model_strength", "weight",
                               "lora_weight")
        text = _first_amount(graph, inputs, "strength_clip", "lora_clip_strength")
        yield from _lora(name(graph, inputs["lora_name"], "lora_name"), weight, text)
    for key, value in list(inputs.items())[:400]:
        if isinstance(value, Mapping):
            yield from _toggled(value)
        match = _NUMBERED.fullmatch(key)
        if match and isinstance(value, str) and _is_on(inputs, match[1]):
            yield from _numbered(graph, inputs, value, match[1])


def _toggled(value: Mapping[str, Any]) -> Iterator[Lora]:
    """{"on": true, "lora": name, "strength": 1}, and lists of {"name", "strength", "active"}."""
    if isinstance(value.get("lora"), str) and value.get("on", True) is not False:
        yield from _lora(value["lora"], number(value.get("strength")), number(value.get("strengthTwo")))
    for entry in listed(value.get("__value__"))[:64]:
        one = mapping(entry)
        if words(one.get("name")) and one.get("active", True) is not False:
            yield from _lora(one["name"], number(one.get("strength")), number(one.get("clipStrength")))


def _is_on(inputs: Mapping[str, Any], digit: str) -> bool:
    if str(inputs.get(f"switch_{digit}", "On")).casefold() in ("off", "false"):
        return False
    count = whole(inputs.get("lora_count"))
    return count is None or int(digit) <= count


def _numbered(graph: Graph, inputs: Mapping[str, Any], value: str, digit: str) -> Iterator[Lora]:
    simple = inputs.get("input_mode") == "simple"
    weights = (f"lora_wt_{digit}",) if simple else (f"model_weight_{digit}", f"model_str_{digit}")
    weight = _first_amount(graph, inputs, *weights, f"strength_{digit}", f"lora_{digit}_strength",
                           f"lora_{digit}_model_strength", f"lora_weight_{digit}", f"strength_model_{digit}",
                           f"weight_{digit}", f"lora_wt_{digit}")
    text = None if simple else _first_amount(graph, inputs, f"clip_weight_{digit}", f"clip_str_{digit}",
                                             f"lora_{digit}_clip_strength", f"strength_clip_{digit}")
    yield from _lora(value, weight, text)


def _lora(named: str | None, weight: float | None, text: float | None) -> Iterator[Lora]:
    if named and named.casefold() not in _SET_ASIDE and weight != 0:
        yield Lora(named, first(weight, 1.0), text)


def _first_amount(graph: Graph, inputs: Mapping[str, Any], *keys: str) -> float | None:
    for key in keys:
        found = amount(graph, inputs[key], key) if key in inputs else None
        if found is not None:
            return float(found)
    return None


def _clip_skip(graph: Graph, sampler: Node) -> int | None:
    """`CLIPSetLastLayer` on the way from the positive words to the encoder."""
    seen: set[str] = set()
    waiting = [sampler]
    while waiting and graph.spend():
        node = waiting.pop(0)
        for key in ("stop_at_clip_layer", "clip_skip"):
            stop = whole(amount(graph, node.inputs.get(key), key)) if key in node.inputs else None
            if stop is not None:
                return -stop if -12 <= stop < 0 else None
        for key in ("guider", "positive", "conditioning", "conditioning_to", "cond1", "clip", "opt_clip", "pipe"):
            end = graph.end(node.inputs.get(key))
            if end is not None and end.node.id not in seen:
                seen.add(end.node.id)
                waiting.append(end.node)
    return None


def vae(graph: Graph) -> str | None:
    """The VAE that decoded, where it is a file of its own."""
    for node in graph.nodes.values():
        if node.kind.casefold().startswith("vaedecode"):
            end = graph.end(node.inputs.get("vae"))
            return name(graph, end.node.inputs.get("vae_name"), "vae_name") if end and "vae_name" in end.node.inputs \
                else None
    return None


def unmapped(graph: Graph, sampler: Node) -> Iterator[str]:
    """Sentences about everything behind a sampler that has no counterpart here."""
    waiting, seen = [sampler], {sampler.id}
    told = set()
    while waiting and graph.spend():
        node = waiting.pop(0)
        kind = node.kind.casefold().replace(" ", "").replace("-", "").replace("_", "")
        for mark, sentence in _NOTED:
            if mark in kind and mark not in told:
                told.add(mark)
                yield sentence
        for _, value in graph.links(node):
            end = graph.end(value)
            if end is not None and end.node.id not in seen:
                seen.add(end.node.id)
                waiting.append(end.node)
