"""What comes back from txt2img and img2img: pictures in A1111's order, and `info`, JSON in a string."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from underpaint import __version__
from underpaint.imaging.geometry import Extent
from underpaint.imaging.resize import resize
from underpaint.library.library import Entry
from underpaint.pictures.facts import Facts, gather, labels, stem
from underpaint.pictures.read import read_picture
from underpaint.recipe import FillRecipe, Recipe, RefineRecipe
from underpaint.studio.a1111.grids import sheets
from underpaint.studio.a1111.images import as_png, finished, infotext_of, text_of
from underpaint.studio.a1111.recipes import Asked
from underpaint.studio.a1111.scripts.shape import Made


@dataclass(frozen=True, eq=False)
class Painted:
    """How a request came out: its pictures in reading order (None: not painted) with their plans, the maps of its
    ControlNet units, and a last glimpse where it was stopped before its first picture."""

    asked: Asked
    made: Made
    entries: Sequence[Entry | None]
    plans: Mapping[int, Mapping[str, Any]]
    maps: Sequence[bytes]
    timestamp: str
    glimpse: bytes | None = None


def told(painted: Painted) -> tuple[list[str], str]:
    """The pictures as base64 and `info`."""
    request, options = painted.asked.request, painted.asked.options
    form, quality = str(options["samples_format"]).lower(), int(options["jpeg_quality"] or 80)
    there = [(place, entry) for place, entry in enumerate(painted.entries) if entry is not None]
    files = [finished(entry.file, form, min(max(quality, 1), 100)) for _, entry in there]
    texts = [infotext_of(entry.file.read_bytes()) for _, entry in there]
    grids = _grids(painted, texts[0] if texts else "")
    if not painted.made.pages.pictures and grids:
        files = []
    pictures = [*grids, *files, *painted.maps]
    if not pictures and painted.glimpse is not None:
        pictures = [_unfinished(painted.glimpse, painted.made.recipes[0])]
    info = _info(painted, texts, len(grids))
    return ([text_of(one) for one in pictures] if request.send_images else []), json.dumps(info)


def _unfinished(glimpse: bytes, recipe: Recipe) -> bytes:
    """A last glimpse at the size that the picture would have had, as A1111 hands out what it was stopped in."""
    pixels = np.asarray(read_picture(glimpse).pixels)
    if recipe.width and recipe.height:
        pixels = resize(pixels, Extent(recipe.width, recipe.height))
    return as_png(pixels)


def _grids(painted: Painted, infotext: str) -> list[bytes]:
    pages, options = painted.made.pages, painted.asked.options
    there = [one for one in painted.entries if one is not None]
    wanted = bool(options["return_grid"]) and not painted.asked.request.do_not_save_grid
    several = len(painted.entries) > 1 or not options["grid_only_if_multiple"]
    if not there or not (pages.always or (wanted and several)):
        return []
    return [as_png(sheet, infotext) for sheet in sheets(painted.entries, pages)]


def _info(painted: Painted, texts: Sequence[str], grids: int) -> dict[str, Any]:
    asked, request = painted.asked, painted.asked.request
    order = sorted(range(len(painted.made.recipes)), key=lambda at: painted.made.places[at])
    recipes = [painted.made.recipes[at] for at in order]
    first, plan = recipes[0], next(iter(painted.plans.values()), None)
    facts = gather(first, plan)
    sampler, _ = labels(facts.sampler, facts.schedule)
    seconds = [asked.seeds(number)[1] if one.noise.variation_seed is None else one.noise.variation_seed
               for number, one in enumerate(recipes)]
    return {
        "prompt": first.prompt, "all_prompts": [one.prompt for one in recipes],
        "negative_prompt": first.negative_prompt, "all_negative_prompts": [one.negative_prompt for one in recipes],
        "seed": first.seed, "all_seeds": [one.seed for one in recipes], "subseed": seconds[0],
        "all_subseeds": seconds, "subseed_strength": request.subseed_strength or 0,
        "width": facts.width, "height": facts.height, "sampler_name": sampler, "cfg_scale": facts.guidance,
        "steps": facts.steps, "batch_size": request.batch_size or 1, "restore_faces": False,
        "face_restoration_model": None, "sd_model_name": facts.model and stem(facts.model),
        "sd_model_hash": facts.model_hash and facts.model_hash[:10], "sd_vae_name": facts.vae and stem(facts.vae),
        "sd_vae_hash": facts.vae_hash and facts.vae_hash[:10], "seed_resize_from_w": -1, "seed_resize_from_h": -1,
        "denoising_strength": facts.strength, "extra_generation_params": _extra(painted, first, facts),
        "index_of_first_image": grids, "infotexts": [*([texts[0]] * grids if texts else []), *texts],
        "styles": request.styles or [],
        "job_timestamp": painted.timestamp, "clip_skip": facts.clip_skip or 1,
        "is_using_inpainting_conditioning": False, "version": f"Underpaint {__version__}",
    }


def _extra(painted: Painted, recipe: Recipe, facts: Facts) -> dict[str, Any]:
    _, schedule = labels(facts.sampler, facts.schedule)
    extra: dict[str, Any] = {"Schedule type": schedule} if schedule else {}
    if recipe.second_pass is not None:
        extra |= {"Hires upscale": recipe.second_pass.scale,
                  "Hires upscaler": "Latent" if recipe.second_pass.upscale == "latent" else "Lanczos"}
    if isinstance(recipe, FillRecipe):
        extra |= {"Mask blur": recipe.feather, "Inpaint area": "Only masked" if recipe.area == "masked" else None}
    if isinstance(recipe, RefineRecipe | FillRecipe):
        extra |= {"Denoising strength": recipe.strength}
    return {name: value for name, value in {**extra, **painted.made.words}.items() if value is not None}
