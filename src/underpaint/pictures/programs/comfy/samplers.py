"""Which samplers made the picture, in order, and what each was set to."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from underpaint.pictures.loose import whole
from underpaint.pictures.programs.comfy.graph import MAX_DEPTH, Graph, Node, amount, is_link, name
from underpaint.pictures.programs.comfy.texts import Texts

_MODEL = ("model", "guider", "pipe", "basic_pipe", "context", "base_ctx", "sdxl_tuple", "optional_pipe", "base_model",
          "bus", "unet_model", "wan_model", "flux_model", "patcher")  # fmt: skip
_SETTINGS = ("steps", "cfg", "sampler_name", "sigmas", "true_gs", "scheduler", "guider")
_SEEDS = ("seed", "noise_seed", "noise")
PICTURE = (
    "latent_image", "samples", "latent", "pixels", "image", "images", "optional_latent", "latents", "pipe",
    "samples_to", "samples_from", "samples1", "base_ctx", "image_embeds", "init_image", "start_image", "base_pipe",
    "frames", "input", "any", "source", "optional_image", "basic_pipe", "images_a", "video",
)  # fmt: skip
"""The inputs that a picture or its latents come in by, the likeliest first."""
_SCHEDULES = {"KarrasScheduler": "karras", "ExponentialScheduler": "exponential", "BetaSamplingScheduler": "beta",
              "AlignYourStepsScheduler": "AYS", "PolyexponentialScheduler": "polyexponential",
              "SDTurboScheduler": "sd_turbo", "GITSScheduler": "GITS", "VPScheduler": "VP"}
_SAMPLERS = {"SamplerEulerAncestral": "euler_ancestral", "SamplerEulerAncestralCFGPP": "euler_ancestral_cfg_pp",
             "SamplerDPMPP_2M_SDE": "dpmpp_2m_sde", "SamplerDPMPP_3M_SDE": "dpmpp_3m_sde",
             "SamplerDPMPP_SDE": "dpmpp_sde", "SamplerDPMPP_2S_Ancestral": "dpmpp_2s_ancestral",
             "SamplerLMS": "lms", "SamplerDPMAdaptative": "dpm_adaptive", "SamplerLCMUpscale": "lcm"}
_MAX_SAMPLERS = 32


@dataclass(frozen=True)
class Sampling:
    """One sampler and what it was set to."""

    node: Node
    prompt: list[str]
    negative: list[str]
    seed: int | None = None
    steps: int | None = None
    cfg: float | None = None
    guidance: float | None = None
    sampler: str | None = None
    schedule: str | None = None
    denoise: float | None = None

    def to_json(self) -> dict[str, Any]:
        """As `raw` shows it where a picture had several."""
        return {"node": self.node.id, "kind": self.node.kind, "prompt": "\n".join(self.prompt),
                "negative_prompt": "\n".join(self.negative), "seed": self.seed, "steps": self.steps, "cfg": self.cfg,
                "guidance": self.guidance, "sampler": self.sampler, "schedule": self.schedule, "denoise": self.denoise}


def is_sampler(node: Node) -> bool:
    """Whether a node samples: it has a model, a seed, and at least one setting of sampling."""
    inputs = node.inputs
    return (any(is_link(inputs.get(key)) for key in _MODEL) and any(key in inputs for key in _SEEDS)
            and any(key in inputs for key in _SETTINGS))


def chain(graph: Graph) -> list[Node]:
    """The samplers one behind the other, the first first, that lead to the picture that was saved.

    Of several outputs the one with the most samplers counts: its first sampler is the others' too, as a rule.
    """
    best: list[Node] = []
    for output in _outputs(graph):
        found = list(_behind(graph, output))
        if len(found) > len(best):
            best = found
    if not best:
        best = [node for node in graph.nodes.values() if is_sampler(node)][:1]
    return best[::-1]


def _outputs(graph: Graph) -> list[Node]:
    """Nodes that save first, those that show next, then whatever nothing else uses."""
    used = {str(value[0]) for node in graph.nodes.values() for _, value in graph.links(node)}
    saving = [node for node in graph.nodes.values() if "save" in node.kind.casefold()]
    showing = [node for node in graph.nodes.values() if "preview" in node.kind.casefold()]
    ends = [node for key, node in graph.nodes.items() if key not in used and node not in saving]
    return [*saving[:64], *showing[:64], *ends[:64]]


def _behind(graph: Graph, node: Node) -> Iterator[Node]:
    """The samplers behind a node, the nearest first, each through the picture it began from."""
    seen: set[str] = set()
    here: Node | None = node
    for _ in range(_MAX_SAMPLERS):
        here = _nearest(graph, here, seen) if here is not None else None
        if here is None:
            return
        yield here


def _nearest(graph: Graph, node: Node, seen: set[str]) -> Node | None:
    waiting = [node]
    while waiting and graph.spend():
        here = waiting.pop(0)
        for value in _pictures(graph, here):
            end = graph.end(value)
            if end is None or end.node.id in seen:
                continue
            seen.add(end.node.id)
            if is_sampler(end.node):
                return end.node
            waiting.append(end.node)
    return None


def _pictures(graph: Graph, node: Node) -> Iterator[object]:
    """The inputs of a node that a picture or its latents come in by."""
    yield from (node.inputs.get(key) for key in PICTURE)
    yield from (value for key, value in node.inputs.items()
                if key not in PICTURE and key.endswith(("image", "latent", "images", "_pipe")))
    words = graph.end(node.inputs.get("positive"))  # Stable Cascade hands its first stage on among the words
    yield words.node.inputs.get("stage_c") if words else None


def sampling(graph: Graph, texts: Texts, node: Node) -> Sampling:
    """What a sampler was set to, wherever in the graph its settings stand."""
    guider = graph.end(node.inputs.get("guider"))
    conditions = guider.node if guider else node
    positive = _words(graph, texts, conditions, "positive")
    negative = _words(graph, texts, conditions, "negative")
    sigmas = _sigmas(graph, node)
    settings = [node, *([sigmas] if sigmas else []), *_pipes(graph, node)]
    sampler, schedule = _sampler(graph, node, settings), _schedule(graph, settings)
    if sampler is None and "wanvideo" in node.kind.casefold():
        sampler, schedule = schedule, None  # it calls its sampler a scheduler
    return Sampling(
        node, positive, negative, seed=_seed(graph, node),
        steps=whole(_amount(graph, settings, "steps", "steps_total")),
        cfg=_number(_amount(graph, [conditions, *settings], "cfg", "cfg_conds", "true_gs", "cfg_scale",
                            "guidance_scale")),
        guidance=_guidance(graph, conditions), sampler=sampler, schedule=schedule,
        denoise=_number(_amount(graph, settings, "denoise", "denoise_strength")),
    )  # fmt: skip


def _words(graph: Graph, texts: Texts, node: Node, role: str) -> list[str]:
    keys = {"positive": ("positive", "conditioning", "cond1", "text_embeds", "pos", "positive_cond", "prompt"),
            "negative": ("negative", "neg_conditioning", "text_embeds", "neg", "negative_cond")}[role]
    for key in keys:
        if key in node.inputs:
            return texts.conditioning(node.inputs[key], role)
    for pipe in _pipes(graph, node):
        if role in pipe.inputs:
            value = pipe.inputs[role]
            return texts.conditioning(value, role) if is_link(value) else [value] if isinstance(value, str) else []
    return []


def _pipes(graph: Graph, node: Node) -> list[Node]:
    """The loaders and pre-samplers behind a bundle of links, the nearest first."""
    found: list[Node] = []
    here: Node | None = node
    while here is not None and len(found) < 8:
        links = dict(graph.links(here))
        key = next((key for key in links if "pipe" in key or key in ("context", "sdxl_tuple", "base_ctx", "bus")), None)
        end = graph.end(links[key]) if key else None
        here = end.node if end else None
        if here is None or here in found:
            break
        found.append(here)
    return found


def _sigmas(graph: Graph, node: Node) -> Node | None:
    """The scheduler node, past those that cut or change its list of noise levels."""
    end = graph.end(node.inputs.get("sigmas"))
    for _ in range(MAX_DEPTH):
        if end is None or "steps" in end.node.inputs:
            return end.node if end else None
        end = next((graph.end(value) for key, value in graph.links(end.node) if "sigmas" in key), None)
    return None


def _amount(graph: Graph, nodes: list[Node], *keys: str) -> int | float | None:
    for node in nodes:
        for key in keys:
            if key in node.inputs:
                found = amount(graph, node.inputs[key], *keys)
                if found is not None:
                    return found
    return None


def _number(value: int | float | None) -> float | None:
    return None if value is None else float(value)


def _seed(graph: Graph, node: Node) -> int | None:
    noise = graph.end(node.inputs.get("noise"))
    nodes = [node, *([noise.node] if noise else []), *_pipes(graph, node)]
    return whole(_amount(graph, nodes, "seed", "noise_seed"))


def _guidance(graph: Graph, node: Node) -> float | None:
    """The distilled guidance that was put on the positive words (FluxGuidance), the nearest to the sampler."""
    keys = ("positive", "conditioning", "cond1")
    end = next((graph.end(node.inputs[key]) for key in keys if key in node.inputs), None)
    for _ in range(MAX_DEPTH):
        if end is None:
            return None
        if "guidance" in end.node.inputs:
            return _number(amount(graph, end.node.inputs["guidance"], "guidance"))
        inputs = end.node.inputs
        end = next((graph.end(inputs[key]) for key in (*keys, "conditioning_to") if key in inputs), None)
    return None


def _sampler(graph: Graph, node: Node, settings: list[Node]) -> str | None:
    for place in settings:
        if "sampler_name" in place.inputs:
            return name(graph, place.inputs["sampler_name"], "sampler_name", "sampler")
    end = graph.end(node.inputs.get("sampler"))
    if end is None:
        return name(graph, node.inputs.get("sampler"), "sampler_name")
    return name(graph, end.node.inputs.get("sampler_name"), "sampler_name") or _SAMPLERS.get(end.node.kind)


def _schedule(graph: Graph, settings: list[Node]) -> str | None:
    for place in settings:
        if "scheduler" in place.inputs:
            return name(graph, place.inputs["scheduler"], "scheduler", "scheduler_name", "schedule")
        if place.kind in _SCHEDULES:
            return _SCHEDULES[place.kind]
    return None
