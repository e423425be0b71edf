"""A recipe as a workflow for ComfyUI, in the form that its API takes (`prompt`): only what ComfyUI can express.

What cannot be expressed is refused with the reason; what is expressed but comes out a little differently is noted.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from underpaint.errors import RecipeError
from underpaint.pictures.facts import Facts, gather, stem
from underpaint.prompt import BREAK, BREAK_WEIGHT, ParsedPrompt, Weighted, parse_prompt
from underpaint.recipe import CreateRecipe, Guidance, LoraRef, Recipe, SizeConditioning
from underpaint.recipe.samplers import resolve_sampler, resolve_schedule

SAMPLERS = {
    "euler": "euler", "euler_a": "euler_ancestral", "heun": "heun", "lms": "lms", "dpm2": "dpm_2",
    "dpm2_a": "dpm_2_ancestral", "dpmpp_2m": "dpmpp_2m", "dpmpp_2m_sde": "dpmpp_2m_sde",
    "dpmpp_3m_sde": "dpmpp_3m_sde", "dpmpp_sde": "dpmpp_sde", "ddim": "ddim", "ddpm": "ddpm", "lcm": "lcm",
    "unipc": "uni_pc_bh2", "deis": "deis",
}  # fmt: skip
"""Our samplers by ComfyUI's names; those that are missing have no twin there."""
SCHEDULES = {"automatic": "normal", "normal": "normal", "karras": "karras", "exponential": "exponential",
             "beta": "beta", "sgm_uniform": "sgm_uniform", "simple": "simple", "ddim_uniform": "ddim_uniform"}
_ENDINGS = (".safetensors", ".ckpt", ".sft", ".gguf", ".pt")
_FLOW = {"flux", "sd3"}
_BUILT_IN = "primer"
Link = list[Any]


@dataclass(frozen=True)
class Workflow:
    """`prompt` is what ComfyUI's API takes; `notes` are sentences about what will differ."""

    prompt: dict[str, Any]
    notes: tuple[str, ...]


def comfyui_workflow(recipe: Recipe, plan: Mapping[str, Any] | None = None) -> Workflow:
    """The workflow that paints this recipe in ComfyUI; `plan` fills what the recipe leaves open.

    Raises RecipeError with the field and the reason for whatever ComfyUI's own nodes cannot express.
    """
    _refuse(recipe)
    facts = gather(recipe, plan)
    family = str((plan or {}).get("family", ""))
    build = _Builder(recipe, facts, family)
    build.paint()
    return Workflow(build.nodes, tuple(build.notes))


def _refuse(recipe: Recipe) -> None:
    """Everything that no node of ComfyUI's own does as it is done here."""
    if not isinstance(recipe, CreateRecipe):
        raise _cannot("task", "a workflow names pictures in ComfyUI's own folder, and this recipe paints over one "
                              "that it carries with it")
    if recipe.controls:
        raise _cannot("controls", f"the control '{recipe.controls[0].kind}' is Underpaint's own")
    if recipe.tiles is not None:
        raise _cannot("tiles", "it has no painting in tiles")
    if recipe.noise.variation_strength > 0:
        raise _cannot("noise.variation_strength", "it has no variation seeds")
    guidance = recipe.guidance
    if guidance.method != Guidance().method or (guidance.start, guidance.end) != (0.0, 1.0):
        raise _cannot("guidance", "it has only classifier-free guidance over all steps")
    sampling = recipe.sampling
    told = {"eta": sampling.eta, "s_churn": sampling.s_churn or None, "s_tmax": sampling.s_tmax,
            "s_tmin": sampling.s_tmin or None, "s_noise": None if sampling.s_noise == 1 else sampling.s_noise}
    for name, value in told.items():
        if value is not None:
            raise _cannot(f"sampling.{name}", "its sampler node has no such setting")


def _cannot(where: str, why: str) -> RecipeError:
    return RecipeError(f"ComfyUI cannot express this: {why}", field=where,
                       hint="Leave that out of the recipe, or paint it here.")


@dataclass
class _Builder:
    """Collects nodes; each method adds some and returns the links to their outputs."""

    recipe: Recipe
    facts: Facts
    family: str
    nodes: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def paint(self) -> None:
        """The whole graph, from the model's file to the saved picture."""
        words = self._words(self.facts.prompt, "prompt")
        against = self._words(self.facts.negative_prompt, "negative_prompt")
        model, clip, vae = self._model(words)
        positive, negative = self._encoded(words, clip, "positive"), self._encoded(against, clip, "negative")
        scale = self.facts.guidance if self.facts.guidance is not None else self._open("guidance.scale", 7.0)
        if self.family == "flux":
            positive, scale = self._add("FluxGuidance", conditioning=positive, guidance=scale), 1.0
        latent = self._add("EmptySD3LatentImage" if self.family in _FLOW else "EmptyLatentImage",
                           width=self._side("width"), height=self._side("height"), batch_size=1)
        settings = self._settings(scale)
        ends = {"model": model, "positive": positive, "negative": negative}
        samples = self._add("KSampler", **settings, denoise=1.0, **ends, latent_image=latent)
        samples = self._second_pass(samples, settings, ends, vae)
        self._add("SaveImage", filename_prefix="Underpaint", images=self._add("VAEDecode", samples=samples, vae=vae))

    def _add(self, kind: str, **inputs: Any) -> Link:
        key = str(len(self.nodes) + 1)
        self.nodes[key] = {"class_type": kind, "inputs": inputs}
        return [key, 0]

    def _open(self, where: str, value: Any) -> Any:
        self.notes.append(f"the recipe leaves {where} open: the workflow has {value}")
        return value

    def _side(self, name: str) -> int:
        value = getattr(self.facts, name)
        side = value if value is not None else self._open(name, 512)
        if side % 8:
            self.notes.append(f"the {name} {side} is rounded up to a multiple of 8")
        return int(-(-side // 8) * 8)

    def _settings(self, scale: float) -> dict[str, Any]:
        sampler, carried = resolve_sampler(self.facts.sampler or self._open("sampling.sampler", "euler"))
        if sampler.id not in SAMPLERS:
            raise _cannot("sampling.sampler", f"it has no sampler like {sampler.label}")
        schedule = resolve_schedule(self.facts.schedule) if self.facts.schedule else carried
        if schedule is None or schedule.id == "automatic":
            self.notes.append("the schedule is the model's own here: the workflow has ComfyUI's 'normal'")
        if self.recipe.noise.source != "cpu":
            self.notes.append("ComfyUI draws its noise on the processor: the same seed gives another picture there")
        if self.recipe.noise.offset and sampler.noisy:
            raise _cannot("noise.offset", "it has no offset for the noise of each step")
        if not sampler.exact:
            self.notes.append(f"{sampler.label} is not quite the same sampler there")
        if sampler.noisy:
            self.notes.append(f"{sampler.label} draws noise at each step, which ComfyUI draws in its own way")
        seed = self.facts.seed if self.facts.seed is not None else self._open("seed", 0)
        steps = self.facts.steps if self.facts.steps is not None else self._open("sampling.steps", 20)
        return {"seed": seed, "steps": steps, "cfg": scale, "sampler_name": SAMPLERS[sampler.id],
                "scheduler": SCHEDULES[schedule.id if schedule else "automatic"]}

    def _model(self, words: ParsedPrompt) -> tuple[Link, Link, Link]:
        """Model, encoder and VAE, with LoRAs, clip skip and rescaled guidance already on them."""
        named = self.facts.model
        if not named:
            raise _cannot("model", "a workflow has to name its model, and the recipe names none")
        if named.lower() == _BUILT_IN:
            raise _cannot("model", "the built-in Primer is not a model that it can load")
        loader = self._add("CheckpointLoaderSimple", ckpt_name=_file(named))
        model, clip, vae = loader, [loader[0], 1], [loader[0], 2]
        for lora in _loras(self.facts, words):
            text = lora.weight if lora.text_weight is None else lora.text_weight
            both = self._add("LoraLoader", lora_name=_file(lora.name), strength_model=lora.weight, strength_clip=text,
                             model=model, clip=clip)
            model, clip = both, [both[0], 1]
        if self.facts.clip_skip:
            clip = self._add("CLIPSetLastLayer", stop_at_clip_layer=-self.facts.clip_skip, clip=clip)
        if self.recipe.guidance.rescale:
            model = self._add("RescaleCFG", multiplier=self.recipe.guidance.rescale, model=model)
        if self.facts.vae:
            vae = self._add("VAELoader", vae_name=_file(self.facts.vae))
        return model, clip, vae

    def _words(self, text: str, where: str) -> ParsedPrompt:
        """The words, refused where they change while painting."""
        parsed = parse_prompt(text, steps=self.facts.steps or 20, dialect=self.recipe.dialect,
                              negative=where == "negative_prompt")
        if len(parsed.parts) > 1:
            raise _cannot(where, "it has no AND between words")
        if len(parsed.schedule) > 1:
            raise _cannot(where, "its words cannot change while it paints")
        weighs = any(weight not in (1.0, BREAK_WEIGHT) for _, weight in parsed.schedule[0][1])
        if weighs and self.recipe.dialect == "a1111":
            self.notes.append("ComfyUI weighs words against the empty text: weighted ones count a little differently")
        return parsed

    def _encoded(self, words: ParsedPrompt, clip: Link, title: str) -> Link:
        """One encoder a chunk: A1111's BREAK is ComfyUI's concatenation."""
        texts = [words.text] if self.recipe.dialect == "comfyui" else _spelled(words.schedule[0][1])
        links = [self._encoder(text, clip) for text in texts]
        for link in links:
            self.nodes[link[0]]["_meta"] = {"title": f"CLIP Text Encode ({title})"}
        for number in range(1, len(links)):
            links[0] = self._add("ConditioningConcat", conditioning_to=links[0], conditioning_from=links[number])
        return links[0]

    def _encoder(self, text: str, clip: Link) -> Link:
        sizes = self.recipe.size_conditioning
        if sizes == SizeConditioning():
            return self._add("CLIPTextEncode", text=text, clip=clip)
        own = (self.facts.width or 1024, self.facts.height or 1024)
        original, target = sizes.original or own, sizes.target or own
        return self._add("CLIPTextEncodeSDXL", width=original[0], height=original[1], crop_w=sizes.crop_left,
                         crop_h=sizes.crop_top, target_width=target[0], target_height=target[1], text_g=text,
                         text_l=text, clip=clip)

    def _second_pass(self, samples: Link, settings: dict[str, Any], ends: dict[str, Link], vae: Link) -> Link:
        second = self.recipe.second_pass
        if second is None:
            return samples
        if second.upscale == "latent":
            larger = self._add("LatentUpscaleBy", upscale_method="bilinear", scale_by=second.scale, samples=samples)
        else:
            picture = self._add("VAEDecode", samples=samples, vae=vae)
            picture = self._add("ImageScaleBy", upscale_method="lanczos", scale_by=second.scale, image=picture)
            larger = self._add("VAEEncode", pixels=picture, vae=vae)
        # There the steps are those that are painted; here only this share of them is.
        steps = max(1, int((second.steps or settings["steps"]) * second.strength))
        settings = {**settings, "steps": steps, "denoise": second.strength}
        return self._add("KSampler", **settings, **ends, latent_image=larger)


def _file(name: str) -> str:
    """A file's name, as loaders want it."""
    last = stem(name)
    return last if last.lower().endswith(_ENDINGS) else f"{last}.safetensors"


def _loras(facts: Facts, words: ParsedPrompt) -> list[LoraRef]:
    """Those of the recipe, then those that the words name and it does not."""
    found = list(facts.loras)
    for network in words.networks:
        if network.kind not in ("lora", "lyco"):
            raise _cannot("prompt", f"<{network.kind}:...> in the words has no counterpart")
        if network.args and network.args[0] not in {lora.name for lora in found}:
            text, weight = network.strengths()
            found.append(LoraRef(name=network.args[0], weight=weight, text_weight=text))
    return found


def _spelled(words: Weighted) -> list[str]:
    """Weighted words as ComfyUI writes them, cut at BREAK."""
    texts = [""]
    for text, weight in words:
        if text == BREAK and weight == BREAK_WEIGHT:
            texts.append("")
            continue
        escaped = text.replace("(", "\\(").replace(")", "\\)")
        texts[-1] += escaped if weight == 1 else f"({escaped}:{weight:g})"
    return texts
