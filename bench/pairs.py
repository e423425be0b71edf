"""Depth and pose beside other controls: neither may lose more than 15 % by the other's company.

Maps are those of World scenes, known exactly; they are followed by the model's adapters, and checked by nets that read
the painted picture (`controls/extractors.py`). A model that has no adapter for a map, and a machine on which nobody
reads it, are named, not counted.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from bench.controls import Desk
from bench.controls_art import stored
from bench.counting import counted, lost, many, mean, share
from bench.table import Row
from underpaint.controls.depth import check_depth, near_on
from underpaint.controls.extractors import Role, extractor
from underpaint.controls.ground import Ground
from underpaint.controls.palette import swatches_of
from underpaint.controls.palette_check import check_palette
from underpaint.controls.palette_extract import main_colours
from underpaint.controls.pose.data import pose_on
from underpaint.controls.pose.openpose import BODY_18, BODY_25
from underpaint.controls.pose.people import joints_in_place
from underpaint.controls.region import Region
from underpaint.controls.spec import parse_spec
from underpaint.controls.swatches.sheet import Entry, SwatchSheet
from underpaint.controls.table import check
from underpaint.errors import ModelError
from underpaint.imaging.arrays import FloatArray, to_float
from underpaint.models import Catalogue
from underpaint.models.adapter_finding import adapters_for
from underpaint.models.own_adapters import own_adapter
from underpaint.pictures.read import read_picture
from underpaint.primer.render import nearness
from underpaint.primer.stagecraft.look import see
from underpaint.primer.stagecraft.scene import PEOPLE, Scene, sample_scene
from underpaint.primer.stagecraft.truth import render, truth
from underpaint.recipe import Control, DepthControl, PaletteControl, PoseControl, PosedPerson, RegionControl

SEED = 8_700
TOUCHING = ("holding hands", "hugging")
_SEEN = 2
Score = Callable[[FloatArray], float]


@dataclass(frozen=True, eq=False)
class Side:
    """One of two controls (or several that act as one), the bytes that it names, and how well a picture follows it."""

    controls: tuple[Control, ...]
    score: Score
    blobs: dict[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Brief:
    """What is painted with two sides: words and seed."""

    words: str
    seed: int
    sides: tuple[Side, Side]


def measure() -> list[Row]:
    """All rows; a line in their place where something is missing."""
    desk, count = Desk(), many(2, 32)
    asked: list[tuple[str, tuple[Role, ...], Callable[[int], list[Row]]]] = [
        ("pair: depth + palette", ("depth",), lambda count: [_pair(desk, "depth + palette", _depth_palette(count))]),
        ("pair: pose + region", ("pose",), lambda count: [_pair(desk, "pose + region", _pose_region(count))]),
        ("pose: joints in place", ("pose",), lambda count: [_joints(desk, count)]),
        ("pose and depth against pose alone", ("pose", "depth"), lambda count: _both(desk, count))]
    rows = []
    for name, roles, rows_of in asked:
        why = next((one for role in roles if (one := missing(role))), "")
        rows += [Row.skipped(name, why, "<= 15 % each" if name.startswith("pair") else "see the row")] if why \
            else rows_of(count)
    return rows


def missing(role: Role) -> str:
    """Why a kind of map cannot be measured on the built-in model; "" where it can."""
    catalogue = Catalogue()
    model = catalogue.find("primer", kind="checkpoint")
    if own_adapter(model, role) is None and not adapters_for(catalogue, model, (role,)):
        return f"the model has no adapter for {role}"
    try:
        extractor(role)
    except ModelError:
        return f"nothing here reads {role} out of pictures"
    return ""


def _pair(desk: Desk, name: str, briefs: Sequence[Brief]) -> Row:
    """Each side alone and both together, at the same seeds."""
    alone: tuple[list[float], list[float]] = ([], [])
    together: tuple[list[float], list[float]] = ([], [])
    for one in counted(briefs, name):
        first, second = one.sides
        both = desk.paint(one.seed, [*first.controls, *second.controls], first.blobs | second.blobs, one.words)
        for at, side in enumerate(one.sides):
            alone[at].append(side.score(desk.paint(one.seed, side.controls, side.blobs, one.words)))
            together[at].append(side.score(both))
    gone = [lost(one, other) for one, other in zip(alone, together, strict=True)]
    return Row(f"pair: {name}, {len(briefs)} pictures each way, lost", ", ".join(one.change() for one in gone),
               "<= 15 % each", max(one.value for one in gone) <= 0.15)


def _scenes(count: int, **fixed: str) -> list[Scene]:
    """Scenes of the World; where two are to be in one, both are people."""
    rng, found = np.random.default_rng(SEED), list[Scene]()
    while len(found) < count:
        scene = sample_scene(rng, fixed=fixed, allow_held_out=True)
        if "relation" not in fixed or (scene.other is not None and scene.other.kind in PEOPLE):
            found.append(scene)
    return found


def _words(scene: Scene) -> str:
    said = [f"a {one.colour} {one.kind}" for one in (scene.who, scene.other) if one is not None]
    return f"{f' {scene.relation} '.join(said)}, {scene.place}, {scene.time}, {scene.style}"


def depth_of(scene: Scene) -> Side:
    """The scene's own map of near and far."""
    near = to_float(nearness(see(scene)))
    blob, blobs = stored(np.repeat(near[..., None], 3, axis=-1))
    control = DepthControl(map=blob, resize="stretch")

    def score(picture: FloatArray) -> float:
        """The share of places whose order is right, past the half that chance gives."""
        read = extractor("depth").reads(picture)
        return 2 * check_depth(read, near_on(control, _ground(picture, blobs))).order - 1

    return Side((control,), score, blobs)


def pose_of(scene: Scene) -> Side:
    """The scene's own people, as far as their joints can be seen."""
    width, height = scene.size
    people = []
    for one in truth(scene, layers=False).people:
        there = {name: (float(x), float(y)) for name, (x, y), seen in
                 zip(BODY_18, one.points, one.visible, strict=True) if seen == _SEEN}
        people.append(PosedPerson(body=tuple(there.get(joint) for joint in BODY_25)))
    control = PoseControl(people=tuple(people), width=width, height=height, resize="stretch")

    def score(picture: FloatArray) -> float:
        return joints_in_place(extractor("pose").reads(picture), pose_on(control, _ground(picture, {})))

    return Side((control,), score)


def _ground(picture: FloatArray, blobs: dict[str, bytes]) -> Ground:
    return Ground.of(picture, lambda blob: read_picture(blobs[blob.sha256]).pixels)


def _depth_palette(count: int) -> list[Brief]:
    """Depth of one scene, colours of another."""
    scenes, others = _scenes(count), _scenes(count, time="sunset")
    made = []
    for number, (scene, other) in enumerate(zip(scenes, others, strict=True)):
        entries = tuple(Entry(colour, "", share) for colour, share in main_colours(to_float(render(other)), 6))
        swatches, _ = swatches_of(SwatchSheet(entries))
        palette = Side((PaletteControl(swatches=swatches, match="colours", hold_shares=0.5),),
                       lambda picture, swatches=swatches: check_palette(picture, swatches).on)
        made.append(Brief(_words(scene), SEED + number, (depth_of(scene), palette)))
    return made


def _pose_region(count: int) -> list[Brief]:
    """Two people as they stand, and a colour for each half."""
    colours, made = ("red", "blue", "green", "orange", "purple"), []
    for number, scene in enumerate(_scenes(count, relation="left of", subject="girl", pose="standing")):
        halves = [(side, f"a girl in {colours[(number + at) % len(colours)]}") for at, side in
                  enumerate(("left", "right"))]
        made.append(Brief(_words(scene), SEED + number, (pose_of(scene), regions_of(halves))))
    return made


def regions_of(halves: Sequence[tuple[str, str]]) -> Side:
    """Parts of the picture by their names, each with words."""
    given = [Region().read(parse_spec(f"region={name}+words={words}", ("region",)), None)  # type: ignore[arg-type]
             for name, words in halves]
    blobs = {name: data for one in given for name, data in one.blobs.items()}
    controls = tuple(one.control for one in given)
    assert all(isinstance(one, RegionControl) for one in controls)

    def score(picture: FloatArray) -> float:
        """Which share of what the words name lies where it was asked for."""
        found = [one.measured for one in check(controls, picture, _ground(picture, blobs)).values()]
        inside, outside = (sum(float(one.get(name, 0)) for one in found) for name in ("inside", "outside"))
        return inside / max(inside + outside, 1e-6)

    return Side(controls, score, blobs)


def _joints(desk: Desk, count: int) -> Row:
    """Against the ceiling: what is read of the same joints in the scenes' own pictures."""
    found, ceiling, plain = [], [], []
    for number, scene in enumerate(_scenes(count, subject="girl")):
        side = pose_of(scene)
        found.append(side.score(desk.paint(SEED + number, side.controls, side.blobs, _words(scene))))
        plain.append(side.score(desk.paint(SEED + number, (), {}, _words(scene))))
        ceiling.append(side.score(to_float(render(scene))))
    told, most = mean(found), mean(ceiling).value
    return Row("pose: joints in place", f"{told.percent()} of {most:.0%}; without {mean(plain).percent()}",
               ">= 85 % of the ceiling", told.value >= 0.85 * most)


def _both(desk: Desk, count: int) -> list[Row]:
    """All kinds of scenes with people, and two who touch."""
    rows = []
    for name, scenes in (("", _scenes(count, subject=PEOPLE[0])), (", touching figures", [
            one for relation in TOUCHING for one in _scenes(max(1, count // 2), relation=relation, subject="girl")])):
        gains = []
        for number, scene in enumerate(counted(scenes, "pose and depth")):
            pose, depth = pose_of(scene), depth_of(scene)
            alone = desk.paint(SEED + number, pose.controls, pose.blobs, _words(scene))
            both = desk.paint(SEED + number, [*pose.controls, *depth.controls], depth.blobs, _words(scene))
            gains.append(pose.score(both) - pose.score(alone))
        told, better = mean(gains), share([one >= 0 for one in gains])
        rows.append(Row(f"pose and depth against pose alone{name}: joints in place",
                        f"{told.change()}, no fewer in {better.percent()}", "more", told.value > 0))
    return rows
