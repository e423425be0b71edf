"""The painter: takes a recipe, decides, loads what is needed, paints, and hands back a take."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from time import perf_counter
from typing import Any

import torch

from underpaint.controls.adapting import named_adapter
from underpaint.controls.contradictions import contradictions
from underpaint.controls.extractors import reading_with, shelf_of
from underpaint.controls.light import LIGHT_WORDS
from underpaint.controls.region_inside import everything
from underpaint.controls.table import check, in_order
from underpaint.engine.attachments.lora import LoraAttachment
from underpaint.engine.attachments.textual_inversion import TextualInversion
from underpaint.engine.engine import Engine
from underpaint.engine.families.building import Dtypes
from underpaint.engine.families.image_text import ImageText
from underpaint.engine.families.loading import load_components
from underpaint.engine.machine import Machine as Chosen
from underpaint.engine.machine import choose_machine, use_threads
from underpaint.engine.observers.preview import ToRgb
from underpaint.engine.observers.progress import Progress
from underpaint.engine.protocols import Attachment, Observer
from underpaint.errors import PlanError, RecipeError
from underpaint.imaging.arrays import FloatArray
from underpaint.imaging.geometry import Extent
from underpaint.models import Catalogue, Kind, ModelDescription, check_network, parse_prediction
from underpaint.models.adapter_finding import find_adapter, find_image_encoder
from underpaint.models.folders import hashed_files
from underpaint.models.knowledge import knowledge, unknown_words
from underpaint.models.own_adapters import find_own
from underpaint.plan.adapting import (
    ChosenAdapter,
    adapter_notes,
    attached_by,
    check_chosen,
    chosen_adapters,
    control_key,
    looks,
)
from underpaint.plan.data import AdapterUse, Plan
from underpaint.plan.decide import Facts, Machine, check_size, decide
from underpaint.plan.filling import check_filling, chosen_filling, filling_use
from underpaint.plan.image_text import chosen_image_text
from underpaint.plan.loaded import Loaded
from underpaint.plan.materials import Hole, ground, masked_bounds, open_hole, sizes
from underpaint.plan.paint import carry_out
from underpaint.plan.regions import region_loras
from underpaint.plan.take import Take, versions
from underpaint.plan.words import Words, plus, read_words
from underpaint.recipe import FillRecipe, LightControl, LoraRef, ModelRef, Recipe, RegionControl

PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16, "int8": torch.int8}
SMALL_MODEL = 256 * 2**20
"""Models up to so many bytes are hashed before painting; larger ones in the background."""
_SHOWN = 80
"""Letters of the words that are not read."""
Tell = Callable[[int, int], None]


class Painter:
    """Paints recipes, keeping the last model loaded.

    `device` (cpu, cuda, mps) and `precision` (fp32, bf16, fp16, int8) overrule what the machine would choose; `threads`
    are torch's on a CPU (None: all). `prediction` says what a model predicts where its file does not. `online` allows
    fetching a model by its hub id. `warn` is told, before a model is loaded and anything is painted, of what was made
    for another kind of model, of controls that pull against each other, of maps that fight for an adapter and of words
    that the model never heard, each once; once it is loaded, of words that go on past what it reads.
    """

    def __init__(self, *, device: str | None = None, precision: str | None = None, threads: int | None = None,
                 prediction: str | None = None, online: bool = False, catalogue: Catalogue | None = None,
                 warn: Callable[[str], None] | None = None) -> None:
        if precision is not None and precision not in PRECISIONS:
            raise PlanError(f"there is no precision '{precision:.20}'", hint="Choose fp32, bf16, fp16 or int8.",
                            field="precision")
        _check_device(device)
        self.catalogue = catalogue or Catalogue()
        self._device, self._precision = device, precision
        self._prediction = parse_prediction(prediction) if prediction else None
        self._threads, self._online = threads, online
        self._loaded: tuple[tuple[object, ...], Loaded] | None = None
        self._warn = warn
        self.warned = set[str]()
        """What `warn` was told so far."""

    def settled(self, recipe: Recipe) -> Recipe:
        """The recipe with its seed drawn, so that it can be painted again."""
        seed = secrets.randbelow(2**32) if recipe.seed is None else recipe.seed
        return recipe.changed(seed=seed)

    def paint(self, recipe: Recipe, blobs: Mapping[str, bytes], *, plan: Plan | None = None,
              progress: Tell | None = None, observers: Sequence[Observer] = (),
              preview: Callable[[ToRgb], Observer] | None = None) -> Take:
        """Paint a recipe; `blobs` holds the bytes of what it names.

        `plan` is one that was decided before, to be carried out again instead of deciding anew. `progress` is told
        of (steps done, steps in all). `preview` makes an observer of the loaded model's way from latents to colours.
        Raises UnderpaintErrors for what cannot be painted.
        """
        began = perf_counter()
        recipe = self.settled(recipe)
        use_threads(plan.threads if plan else self._threads)
        hole = open_hole(recipe, blobs) if isinstance(recipe, FillRecipe) else None
        plan, loaded = self._again(plan, recipe, hole) if plan else self._decided(recipe, blobs, hole)
        watching = [*observers, *([Progress(progress)] if progress else []),
                    *([preview(loaded.engine.to_rgb())] if preview else [])]
        warned = [*self._warnings(plan, recipe, loaded.description), *self._told(_unread(plan, recipe, loaded.engine))]
        done = carry_out(plan, recipe, blobs, loaded, hole, self._attachments(plan), watching)
        known = self.catalogue.hashes.known(loaded.description.path)
        if plan.model.hash is None and known is not None:  # hashed in the background meanwhile
            plan = plan.changed(model=plan.model.changed(hash=known.sha256))
        chosen = self._choose(loaded.description)
        notes = [*warned, *_notes(recipe, plan, done.unguided)]
        with reading_with(shelf_of(self.catalogue)):
            measured = measure(done.picture, recipe, plan, blobs, notes, loaded.image_texts(plan))
        return Take(picture=done.picture, recipe=recipe, plan=plan, blobs=dict(blobs), seconds=perf_counter() - began,
                    circumstances={**_circumstances(loaded, chosen), "notes": notes},
                    measured=measured, exact=done.exact,
                    source=hole.source if hole else None)

    def _decided(self, recipe: Recipe, blobs: Mapping[str, bytes], hole: Hole | None) -> tuple[Plan, Loaded]:
        seed = recipe.seed or 0
        lists = self.catalogue.home / "wildcards"
        words = read_words(recipe, seed, lists if lists.is_dir() else None)
        model = self._find(recipe.model, "checkpoint")
        model = model.with_(prediction=self._prediction or model.prediction)
        vae = self._find(recipe.vae, "vae") if recipe.vae else None
        loras = tuple((ref, self._find(ref, "lora")) for ref in plus(recipe.loras, words.loras))
        adapters = chosen_adapters(recipe, model, self.catalogue)
        filling = chosen_filling(recipe, model, adapters)
        embeddings = tuple(self._hashed(found) for found in self._named_in(words, model))
        chosen = self._choose(model)
        machine = Machine(chosen.device.type, chosen.precision_name, chosen.threads)
        plan = decide(recipe, Facts(
            seed=seed, words=words, model=model, machine=machine, vae=vae, loras=loras,
            embeddings=embeddings,
            region_loras=tuple((key, ref, self._find(ref, "lora")) for key, ref in region_loras(recipe)),
            sizes=sizes(recipe, blobs), masked=masked_bounds(hole) if hole else None,
            adapters=(*(replace(one, adapter=self._hashed(one.adapter)).use() for one in adapters),
                      *(filling_use(self._hashed(one)) for one in filling)),
            image_text=self._image_text(recipe, model)))
        self._warnings(plan, recipe, model)
        return plan, self._load(model, vae, chosen)

    def _again(self, plan: Plan, recipe: Recipe, hole: Hole | None) -> tuple[Plan, Loaded]:
        whole = Extent.of(hole.canvas) if hole else Extent(plan.width, plan.height)
        if (plan.task, plan.recipe) != (recipe.task, recipe.hash()) or whole != Extent(plan.width, plan.height):
            raise RecipeError("the plan does not belong to the recipe", hint="Paint from the recipe alone.",
                              field="plan")
        model = self._find(plan.model, "checkpoint").with_(prediction=plan.prediction or None)
        check_size(whole, model, tiled=True)
        for one in plan.passes:
            check_size(Extent(one.width, one.height), model, tiled=recipe.tiles is not None)
        vae = self._find(plan.vae, "vae") if plan.vae else None
        check_chosen(self._chosen_of(plan, recipe, model), model)
        check_filling(plan, model)
        self._warnings(plan, recipe, model)
        return plan, self._load(model, vae, self._choose(model))

    def _find(self, ref: ModelRef | None, kind: Kind) -> ModelDescription:
        name, sha256 = (ref.name, ref.hash) if ref else (None, None)
        return self._hashed(self.catalogue.find(name, kind=kind, sha256=sha256, online=self._online))

    def _named_in(self, words: Words, model: ModelDescription) -> list[ModelDescription]:
        """The model's textual inversions whose names stand in the words."""
        text = f"{words.prompt}\n{words.negative_prompt}".casefold()
        return [found for found in self.catalogue.models("embedding")
                if found.suits(model) and found.name.casefold() in text]

    def _image_text(self, recipe: Recipe, model: ModelDescription) -> ModelRef | None:
        place, hashes = chosen_image_text(recipe, model.path), self.catalogue.hashes
        if place is None:
            return None
        small = sum(file.stat().st_size for file in hashed_files(place)) <= SMALL_MODEL
        known = hashes.hash_now(place) if small else hashes.known(place)
        if known is None:
            hashes.hash_soon(place)
        return ModelRef(name=place.name, hash=known.sha256 if known else None)

    def _hashed(self, found: ModelDescription) -> ModelDescription:
        if found.sha256 is None:
            if found.file_bytes <= SMALL_MODEL:
                return found.with_(sha256=self.catalogue.hashes.hash_now(found.path).sha256)
            self.catalogue.hashes.hash_soon(found.path)
        return found

    def _choose(self, model: ModelDescription) -> Chosen:
        return choose_machine(model.parameters, self._device, PRECISIONS[self._precision] if self._precision else None)

    def _load(self, model: ModelDescription, vae: ModelDescription | None, chosen: Chosen) -> Loaded:
        key = (model.path, model.prediction, vae.path if vae else None, chosen.device, chosen.precision)
        if self._loaded is None or self._loaded[0] != key:
            self._loaded = None
            components = load_components(model, dtype=Dtypes(denoiser=chosen.dtype), vae=vae)
            self._loaded = key, Loaded(model, Engine(components, chosen.device, chosen.precision),
                                        lambda use: self._adapter(use, model), self._lora)
        return self._loaded[1]

    def _adapter(self, use: AdapterUse, model: ModelDescription) -> tuple[ModelDescription, ModelDescription | None]:
        """The adapter that a plan for a model names, and its image encoder."""
        own = find_own(self.catalogue, use.adapter.name, model)
        found = own or find_adapter(self.catalogue, use.adapter.name, use.adapter.hash)
        return found, find_image_encoder(self.catalogue, found) if looks(found) else None

    def _warnings(self, plan: Plan, recipe: Recipe, model: ModelDescription) -> list[str]:
        """What was made for another kind of model, which words it never heard, which controls and maps fight;
        sentences, told at once."""
        found = [*_unheard(plan, recipe, model), *contradictions(in_order(recipe.controls)),
                 *self._unsuited(plan, model), *adapter_notes(self._chosen_of(plan, recipe, model), model)]
        return self._told(found)

    def _told(self, found: list[str]) -> list[str]:
        for text in found:
            if self._warn is not None and text not in self.warned:
                self.warned.add(text)
                self._warn(text)
        return found

    def _chosen_of(self, plan: Plan, recipe: Recipe, model: ModelDescription) -> list[ChosenAdapter]:
        there = {control_key(control): control for control in everything(recipe.controls)}
        used = [(there[use.control], use) for use in plan.adapters if use.control in there]
        return [ChosenAdapter(control, *self._adapter(use, model), named_adapter(control) is not None)
                for control, use in used]

    def _unsuited(self, plan: Plan, model: ModelDescription) -> list[str]:
        """Which LoRAs and textual inversions were made for another kind of model."""
        loras = dict.fromkeys((*plan.loras, *(one.lora for one in plan.region_loras)))
        networks = [*(self._find(ref, "lora") for ref in loras),
                    *(self._find(ref, "embedding") for ref in plan.embeddings)]
        return [found.text for one in networks for found in check_network(model, one) if found.level == "warning"]

    def _attachments(self, plan: Plan) -> list[Attachment]:
        return [*map(self._lora, plan.loras),
                *(TextualInversion(self._find(ref, "embedding")) for ref in plan.embeddings)]

    def _lora(self, ref: LoraRef) -> LoraAttachment:
        return LoraAttachment(self._find(ref, "lora"), ref.weight, ref.text_weight)


def device_is_here(device: str, precision: str | None = None) -> bool:
    """Whether this machine has the device ("cpu", "cuda" ...) that a plan names, and paints on it in `precision`."""
    try:
        _check_device(device)
        choose_machine(0, device, PRECISIONS[precision] if precision else None)
    except PlanError:
        return False
    return True


def _unheard(plan: Plan, recipe: Recipe, model: ModelDescription) -> list[str]:
    """Which of the words, for the whole picture and for parts of it, the model says it never heard; a sentence."""
    known = knowledge(model.path) if model.path.is_dir() else {}
    said = (plan.prompt, *(one.words for one in in_order(recipe.controls) if isinstance(one, RegionControl)))
    lit = any(isinstance(one, LightControl) for one in everything(recipe.controls))
    unheard = dict.fromkeys(word for text in said for word in unknown_words(text, known)
                            if not (lit and word in LIGHT_WORDS))
    return [f"not known to this model: {', '.join(unheard)}"] if unheard else []


def _unread(plan: Plan, recipe: Recipe, engine: Engine) -> list[str]:
    """Where words go on past what the model reads, a sentence for each prompt."""
    found = []
    for text in (plan.prompt, plan.negative_prompt):
        end = engine.unread(text, recipe.dialect)
        if end:
            found.append(f"too long for this model, which stops reading before: {end[:_SHOWN]}"
                         f"{' ...' if len(end) > _SHOWN else ''}")
    return found


def _check_device(device: str | None) -> None:
    try:
        torch.device(device or "cpu")
    except RuntimeError as error:
        raise PlanError(f"there is no device '{device:.20}'", hint="Use cpu, cuda or mps, or leave it out.",
                        field="device") from error


def _circumstances(loaded: Loaded, chosen: Chosen) -> dict[str, Any]:
    return {"device": str(chosen.device), "dtype": chosen.precision_name,
            "threads": chosen.threads, "because": chosen.because, "versions": versions(),
            "fallbacks": list(loaded.engine.fallbacks)}


def _notes(recipe: Recipe, plan: Plan, unguided: Mapping[str, int]) -> list[str]:
    """What a person should know of how the controls fared, sentences."""
    notes = [f"{name} was left out of {count} calls of the model, which would have spoilt the picture"
             for name, count in sorted(unguided.items())]
    followed = attached_by(plan, recipe)
    loose = {one.kind for one in everything(recipe.controls) if one.weight and one.to_key() not in followed}
    if plan.line_adapter is None and "line" in loose:
        notes.append(f"'{plan.model.name}' has no line adapter, so it follows the lines loosely; "
                     "--model primer holds them more closely")
    if "depth" in loose:
        notes.append(f"'{plan.model.name}' has no adapter for depth here, so near and far are followed loosely, by "
                     "what the built-in model's reader of depth sees")
    return notes


def measure(picture: FloatArray, recipe: Recipe, plan: Plan, blobs: Mapping[str, bytes],
            notes: list[str], image_text: Callable[[ModelRef | None], ImageText] | None = None) -> dict[str, Any]:
    """What the checks of the recipe's controls say about a finished picture; those that fail are added to `notes`.
    `image_text` opens a model that can be asked whether words fit it."""
    if plan.task == "fill":  # what is measured there is mostly the picture as it was
        return {}
    laid = replace(ground(plan, plan.passes[-1], blobs).without_padding(), prompt=plan.prompt, image_text=image_text,
                   attached=attached_by(plan, recipe))
    checks = check(recipe.controls, picture, laid, notes)
    return {name: dict(found.measured) for name, found in checks.items()}
