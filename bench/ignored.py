"""Words that the model ignored: are they named afterwards, and do controls make it ignore more?

Which words of a painted picture were ignored says the separate judge, by pictures alone; how often it is right of the
World's own pictures, whose contents are known, is told beside it. That a phrase is "not in the picture" says the
image-text model, which is asked where there is one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from bench.controls_art import references, stored
from bench.counting import Found, counted, lost, many, share
from bench.judging import MISSING, Judging
from bench.table import Row
from underpaint.controls.word_check import VERDICTS, check_words
from underpaint.errors import ModelError
from underpaint.imaging.arrays import FloatArray, to_float
from underpaint.models import Catalogue
from underpaint.models.knowledge import knowledge
from underpaint.plan.image_text import open_image_text
from underpaint.plan.painter import Painter
from underpaint.primer.brushes import draw_lines
from underpaint.primer.stagecraft.look import see
from underpaint.primer.stagecraft.scene import Scene, sample_scene
from underpaint.primer.stagecraft.truth import render
from underpaint.recipe import (
    Control,
    CreateRecipe,
    LightControl,
    LineControl,
    PaletteControl,
    PerspectiveControl,
    StyleControl,
    Swatch,
    VanishingPoint,
)
from underpaint.sets.light_plans import LIGHT_PLANS

SEED = 9_100
ASKED = {"subject": "subjects", "colour": "colours", "place": "places", "time": "times", "style": "styles"}
"""What the words say, and what the model calls its list of those that it knows."""
PHRASES = ("subject", "place", "time", "style")
SPOKEN: dict[str, tuple[str, ...]] = {"line": (), "palette": ("colour", "time"), "perspective": (), "light": ("time",),
                                      "style": ("style", "colour", "time")}
"""What a control speaks of itself, so that the words are not held to it."""


@dataclass(frozen=True, eq=False)
class Seen:
    """A scene whose words were painted, the picture, and what the judge named in it."""

    scene: Scene
    picture: FloatArray
    named: Mapping[str, str]

    def right(self, name: str) -> bool:
        """Whether the judge saw a factor as it was asked for."""
        return self.named[name] == self.scene.factors()[name]


def measure(base: CreateRecipe | None = None) -> list[Row]:
    """All rows; `base` gives what the recipes share besides."""
    judge = Judging.open()
    named, kept = "words: of takes with one phrase ignored, it is named", "words: adherence with controls, lost"
    if judge is None:
        return [Row.skipped(named, MISSING, ">= 80 %, false alarms < 10 %"), Row.skipped(kept, MISSING, "<= 10 %")]
    scenes = _scenes(many(4, 64))
    painter = Painter()
    known = share([judge.named(to_float(render(one)))[name] == one.factors()[name]
                   for one in scenes[: many(4, 32)] for name in ASKED])
    plain = [_seen(painter, judge, one, number, base) for number, one in enumerate(counted(scenes, "words alone"))]
    rows = [_adherence(painter, judge, plain[: many(2, 32)], kind, base) for kind in SPOKEN]
    return [_named(named, plain, known), *rows]


def _scenes(count: int) -> list[Scene]:
    """Scenes of one thing whose words the model says it knows."""
    knows = knowledge(Catalogue().find("primer", kind="checkpoint").path)
    rng, found = np.random.default_rng(SEED), list[Scene]()
    while len(found) < count:
        scene = sample_scene(rng, fixed={"count": "1", "weather": "clear"}, allow_held_out=True)
        factors = scene.factors()
        if scene.other is None and all(factors[name] in knows.get(kind, (factors[name],))
                                       for name, kind in ASKED.items()):
            found.append(scene)
    return found


def words_of(scene: Scene) -> str:
    """What is asked for, a phrase each."""
    return f"a {scene.colour} {scene.subject}, {scene.place}, {scene.time}, {scene.style}"


def _seen(painter: Painter, judge: Judging, scene: Scene, number: int, base: CreateRecipe | None,
          controls: Sequence[Control] = (), blobs: Mapping[str, bytes] | None = None) -> Seen:
    recipe = (base or CreateRecipe()).changed(prompt=words_of(scene), seed=SEED + number, controls=tuple(controls))
    picture = painter.paint(recipe, blobs or {}).picture
    return Seen(scene, picture, judge.named(picture))


def _named(what: str, plain: Sequence[Seen], known: Found) -> Row:
    """Of takes that lack one phrase alone; false alarms of the phrases that are there, in all takes."""
    said = f"the judge is right on {known.percent()} of what is known"
    try:
        model = open_image_text(None)
    except ModelError:
        ignored = share([not one.right(name) for one in plain for name in PHRASES])
        return Row.skipped(what, f"no image-text model here; ignored were {ignored.percent()}, {said}",
                           ">= 80 %, false alarms < 10 %")
    named, alarms = [], []
    for one in plain:
        told = check_words(one.picture, tuple(getattr(one.scene, name) for name in PHRASES), model).verdicts
        missing = [name for name in PHRASES if not one.right(name)]
        for name, verdict in zip(PHRASES, told, strict=True):
            if name not in missing:
                alarms.append(verdict == VERDICTS[2])
            elif len(missing) == 1:
                named.append(verdict == VERDICTS[2])
    right, wrong = share(named), share(alarms)
    return Row(f"{what} ({right.count} takes)", f"{right.percent()}, false alarms {wrong.percent()}; {said}",
               ">= 80 %, false alarms < 10 %", right.count > 0 and right.value >= 0.8 and wrong.value < 0.1)


def _adherence(painter: Painter, judge: Judging, plain: Sequence[Seen], kind: str, base: CreateRecipe | None) -> Row:
    """The same words and seeds with one control and without, as the judge sees them."""
    counts = [name for name in ASKED if name not in SPOKEN[kind]]
    guided = []
    for number, one in enumerate(counted(plain, f"words with {kind}")):
        control, blobs = _control(kind, one.scene, number)
        guided.append(_seen(painter, judge, one.scene, number, base, [control], blobs))
    before, after = ([float(np.mean([one.right(name) for name in counts])) for one in those]
                     for those in (plain, guided))
    found = lost(before, after)
    return Row(f"words: adherence with {kind}, lost ({len(plain)} pictures, {', '.join(counts)})",
               f"{found.change()}, from {np.mean(before):.0%} to {np.mean(after):.0%}", "<= 10 %", found.value <= 0.1)


def _control(kind: str, scene: Scene, number: int) -> tuple[Control, dict[str, bytes]]:
    """A control of each kind, as somebody would give it with these words."""
    if kind == "line":
        ink = to_float(draw_lines(see(scene), "clean"))
        layer = np.concatenate([np.zeros((*ink.shape, 3), np.float32), ink[..., None]], axis=-1)
        blob, blobs = stored(layer)
        return LineControl(drawing=blob), blobs
    if kind == "style":
        blob, blobs = stored(_styles()[number % 11])
        return StyleControl(pictures=(blob,)), blobs
    if kind == "palette":
        swatches = tuple(Swatch(colour=one) for one in LIGHT_PLANS[number % len(LIGHT_PLANS)].palette)
        return PaletteControl(swatches=swatches, match="colours", hold_shares=0.5), {}
    if kind == "light":
        return LightControl(direction=(number % 2) * 180.0), {}
    points = (VanishingPoint(x=-0.4, y=0.45), VanishingPoint(x=1.5, y=0.45))
    return PerspectiveControl(points=points, grid=0.5, straight=1.0), {}


@cache
def _styles() -> list[FloatArray]:
    return references(())
