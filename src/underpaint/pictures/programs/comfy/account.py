"""From a graph to what it tells: the first sampler's settings, the second pass, the words, the model."""

import re
from dataclasses import dataclass
from typing import Any, Literal

from underpaint.pictures.loose import first, whole
from underpaint.pictures.nearest import counted_steps
from underpaint.pictures.programs.comfy.graph import Graph, Node, amount, name
from underpaint.pictures.programs.comfy.models import loaded, unmapped, vae
from underpaint.pictures.programs.comfy.samplers import PICTURE, Sampling, chain, is_sampler, sampling
from underpaint.pictures.programs.comfy.texts import Texts
from underpaint.pictures.told import Told

_SIZE = re.compile(r"(\d{2,5})\s{0,4}[x×]\s{0,4}(\d{2,5})\b")
_SIZED = ("dimensions", "resolution", "size", "empty_latent_size", "aspect_ratio")
_SIDES = (("width", "height"), ("empty_latent_width", "empty_latent_height"), ("width_override", "height_override"))


@dataclass(frozen=True)
class Account:
    """What a graph told, and every sampler of it for `raw`."""

    told: Told
    samplers: list[dict[str, Any]]


def account(graph: Graph, picture: tuple[int | None, int | None]) -> Account:
    """What a graph tells; `picture` is the size of the file's own picture, None where it has none."""
    texts = Texts(graph)
    nodes = chain(graph)
    if not nodes:
        return Account(_scattered(graph, texts), [])
    passes = [sampling(graph, texts, node) for node in nodes]
    base = passes[0]
    size = _size(graph, base.node)
    second, notes = _second_pass(graph, passes, size, picture)
    model = loaded(graph, base.node)
    notes += [*unmapped(graph, base.node), *_over(graph, base)]
    if max(len(base.prompt), len(base.negative)) > 1:
        notes.append("several texts were combined: here they stand one behind the other")
    plain = base.cfg is None or base.cfg <= 1
    dialect: Literal["a1111", "comfyui"] = "a1111" if _weighs_as_a1111(graph, base.node) else "comfyui"
    told = Told(
        source="comfyui", prompt="\n".join(base.prompt), negative_prompt="\n".join(base.negative), seed=base.seed,
        steps=base.steps, guidance=first(base.cfg, base.guidance), sampler=base.sampler, schedule=base.schedule,
        width=size[0], height=size[1], model=model.model, loras=tuple(model.loras), dialect=dialect,
        guidance_here=base.guidance if plain else None, noise="cpu", clip_skip=model.clip_skip, vae=vae(graph),
        sampler_here=base.sampler.removeprefix("sample_") if base.sampler else None, second_pass=second,
        notes=(*graph.notes, *notes),
    )  # fmt: skip
    return Account(told, [one.to_json() for one in passes] if len(passes) > 1 else [])


def _weighs_as_a1111(graph: Graph, sampler: Node) -> bool:
    """Whether the encoder of the words was one that reads A1111's brackets."""
    end = graph.end(sampler.inputs.get("positive"))
    asked = [end.node.inputs.get(key) for key in ("parser", "weight_interpretation")] if end else []
    return any(isinstance(one, str) and one.startswith("A1111") for one in asked)


def _behind(graph: Graph, start: Node, *, past_samplers: bool = False) -> list[Node]:
    """Every node that the picture a sampler began from went through, up to the sampler before it."""
    waiting, found, seen = [start], [], {start.id}
    while waiting and graph.spend():
        node = waiting.pop(0)
        for key in (*PICTURE, "pixels"):
            end = graph.end(node.inputs.get(key))
            if end is not None and end.node.id not in seen:
                seen.add(end.node.id)
                found.append(end.node)
                if past_samplers or not is_sampler(end.node):
                    waiting.append(end.node)
    return found


def _size(graph: Graph, sampler: Node) -> tuple[int | None, int | None]:
    """The size of the empty latent, from numbers or from a text such as `1024 x 1024 (square)`."""
    for node in [*_behind(graph, sampler), sampler]:
        if "upscale" in node.kind.casefold() or "scale" in node.kind.casefold():
            continue
        for key in _SIZED:
            match = _SIZE.search((name(graph, node.inputs.get(key), key) or "")[:200])
            if match:
                return int(match[1]), int(match[2])
        for width_key, height_key in _SIDES:
            width = whole(amount(graph, node.inputs.get(width_key), "width"))
            height = whole(amount(graph, node.inputs.get(height_key), "height"))
            if width and height and width > 0 and height > 0:
                return width, height
    return None, None


def _over(graph: Graph, base: Sampling) -> list[str]:
    """A picture that the first sampler painted over."""
    behind = _behind(graph, base.node)
    image = next((node for node in behind if "loadimage" in node.kind.casefold().replace(" ", "")), None)
    encoded = any("vaeencode" in node.kind.casefold() or "pixels" in node.inputs for node in behind)
    if image is None or not encoded:
        return []
    named = name(graph, image.inputs.get("image"), "image")
    which = f" ('{named:.60}')" if named else ""
    part = " and inside a mask" if any("inpaint" in node.kind.casefold() or "mask" in node.kind.casefold()
                                       for node in behind) else ""
    return [f"it was painted over another picture{which}{part}, which the file does not hold: here it is painted from "
            "nothing"]


def _second_pass(graph: Graph, passes: list[Sampling], size: tuple[int | None, int | None],
                 picture: tuple[int | None, int | None]) -> tuple[dict[str, Any] | None, list[str]]:
    if len(passes) < 2:
        return None, []
    second = passes[1]
    scale, way = _enlarged(graph, second.node, size, picture)
    partial = second.denoise is not None and second.denoise < 1
    begun = whole(amount(graph, second.node.inputs.get("start_at_step"), "start_at_step"))
    if begun and len(passes) == 2:
        other = loaded(graph, second.node).model
        who = f"the model '{other:.60}'" if other else "another sampler"
        return None, [f"from step {begun} on {who} painted: here the first paints to the end"]
    if not partial or scale is None or scale <= 1:
        return None, [f"{len(passes) - 1} more sampler{'s' if len(passes) > 2 else ''} went over the picture "
                      f"({second.node.kind:.40}), which is not done here"]
    more = len(passes) - 2
    notes = [f"{more} more samplers went over the picture, which is not done here"] if more else []
    if (second.sampler, second.cfg) != (passes[0].sampler, passes[0].cfg) or second.prompt != passes[0].prompt:
        notes.append("the second pass had settings of its own: here it has those of the first")
    told = {"scale": round(scale, 4), "upscale": way, "strength": second.denoise,
            "steps": counted_steps(second.steps, second.denoise)}
    return {key: value for key, value in told.items() if value is not None}, notes


def _enlarged(graph: Graph, second: Node, size: tuple[int | None, int | None],
              picture: tuple[int | None, int | None]) -> tuple[float | None, str]:
    """How much larger the second pass is, and whether latents or the picture were enlarged."""
    way = "picture"
    scale = amount(graph, second.inputs.get("upscale_by"), "upscale_by") if "upscale_by" in second.inputs else None
    for node in _behind(graph, second):
        kind = node.kind.casefold()
        if "latentupscale" in kind.replace(" ", ""):
            way = "latent"
        if scale is None and "scale" in kind:
            by = amount(graph, node.inputs.get("scale_by"), "scale_by") if "scale_by" in node.inputs else None
            width = whole(amount(graph, node.inputs.get("width"), "width"))
            scale = float(by) if by else width / size[0] if width and size[0] else None
    if scale is None and picture[0] and size[0]:
        scale = picture[0] / size[0]
    return scale, way


def _scattered(graph: Graph, texts: Texts) -> Told:
    """A graph without a sampler that is known here: whatever nodes hold under the usual names."""
    found: dict[str, Any] = {}
    for node in list(graph.nodes.values())[:2000]:
        for key in ("seed", "noise_seed", "steps", "cfg", "width", "height"):
            if key in node.inputs and key not in found:
                value = amount(graph, node.inputs[key], key)
                found |= {key: value} if value is not None else {}
        for key in ("sampler_name", "scheduler", "ckpt_name", "unet_name"):
            named = name(graph, node.inputs.get(key), key) if key in node.inputs else None
            found |= {key: named} if named is not None and key not in found else {}
    positive, negative = _titled(graph, texts)
    guidance = found.get("cfg")
    return Told(
        source="comfyui", prompt=positive, negative_prompt=negative,
        seed=whole(first(found.get("seed"), found.get("noise_seed"))), steps=whole(found.get("steps")),
        guidance=None if guidance is None else float(guidance), sampler=found.get("sampler_name"),
        schedule=found.get("scheduler"), width=whole(found.get("width")), height=whole(found.get("height")),
        model=first(found.get("ckpt_name"), found.get("unet_name")), dialect="comfyui", noise="cpu",
        notes=("no sampler of this graph is known here: its settings are guessed from the names of its inputs",),
    )  # fmt: skip


def _titled(graph: Graph, texts: Texts) -> tuple[str, str]:
    """Words by what stands over their encoder, else the first for the picture, the second against it."""
    found: dict[str, str] = {}
    loose: list[str] = []
    for node in list(graph.nodes.values())[:2000]:
        if "encode" in node.kind.casefold() and any(key in node.inputs for key in ("text", "prompt")):
            text = texts.text(first(node.inputs.get("text"), node.inputs.get("prompt")))
            side = next((side for side in ("negative", "positive") if side in node.title.casefold()), None)
            if text and side:
                found.setdefault(side, text)
            elif text:
                loose.append(text)
    positive = found.get("positive") or (loose.pop(0) if loose else "")
    return positive, found.get("negative") or (loose.pop(0) if loose else "")
