"""From a scene to its subject, set into the picture: which builder, how big, how far to which side."""

from dataclasses import replace

import skia

from underpaint.primer.world.animals import build_animal
from underpaint.primer.world.bird_fish import build_bird, build_fish
from underpaint.primer.world.colours import coat_of
from underpaint.primer.world.people import build_person
from underpaint.primer.world.scene import PEOPLE, Scene
from underpaint.primer.world.shapes import Part, bounds, place
from underpaint.primer.world.things import build_thing

ANIMALS = ("cat", "dog", "rabbit", "elephant", "dragon", "creature")
_HEIGHTS = {"close": (0.8, 0.93), "medium": (0.52, 0.68), "far": (0.3, 0.42)}


def build_subject(scene: Scene) -> list[Part]:
    """The subject's parts in its own unit space."""
    rng, coat = scene.rng("subject"), coat_of(scene)
    if scene.subject in PEOPLE:
        return build_person(scene.subject, rng, coat, scene.pose, scene.detail)
    if scene.subject in ANIMALS:
        return build_animal(scene.subject, rng, coat, scene.pose, scene.detail, is_portrait(scene))
    if scene.subject == "bird":
        return build_bird(rng, coat, scene.detail)
    if scene.subject == "fish":
        return build_fish(rng, coat, scene.detail)
    return build_thing(scene.subject, rng, coat, scene.detail)


def is_portrait(scene: Scene) -> bool:
    """Whether the subject is cut by the lower edge: some of the people and animals seen close."""
    living = scene.subject in PEOPLE or scene.subject in ANIMALS
    return scene.framing == "close" and living and bool(scene.rng("portrait").random() < 0.35)


def placed_subject(scene: Scene, horizon: float) -> list[Part]:
    """The subject in pixels: scaled to its framing, standing left, in the middle or right."""
    width, height = scene.size
    rng = scene.rng("placing")
    near = is_portrait(scene)
    parts = [replace(p, subject=True) for p in build_subject(scene)]
    x0, y0, x1, y1 = bounds(parts)
    low, high = _HEIGHTS[scene.framing]
    tall = float(rng.uniform(low, high)) * height
    widest = {"close": 0.9 if scene.position == "centre" else 0.62, "medium": 0.58, "far": 0.4}[scene.framing] * width
    if width < height:
        widest *= 1.12
    scale = min(tall / (y1 - y0), widest / (x1 - x0))
    if near and scene.subject in PEOPLE:
        scale *= float(rng.uniform(1.4, 1.9))
    half = (x1 - x0) * scale / 2
    centre = {"left": 0.26, "centre": 0.5, "right": 0.74}[scene.position] * width + float(rng.normal(0, 0.02)) * width
    margin = 0.02 * width
    if half + margin < width / 2:
        centre = min(max(centre, half + margin), width - half - margin)
    size = (y1 - y0) * scale
    if near:
        foot = max(size + float(rng.uniform(0.03, 0.1)) * height, height * 1.01)
    elif scene.framing == "close":
        foot = height * 0.5 + size / 2 + float(rng.uniform(-0.01, 0.03)) * height
    else:
        low_edge = height * 0.96
        foot = min(low_edge, max(horizon + size * 0.25, float(rng.uniform(0.8, 0.93)) * height))
    matrix = skia.Matrix()
    matrix.setTranslate(centre - (x0 + x1) / 2 * scale, foot - y1 * scale)
    matrix.preScale(scale, scale)
    return place(parts, matrix)
