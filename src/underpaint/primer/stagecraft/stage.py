"""From a scene to a built stage: who stands where, in what place, and from where it is seen."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from underpaint.primer.stagecraft.camera import Camera
from underpaint.primer.stagecraft.colours import coat_of, graded
from underpaint.primer.stagecraft.emblems import emblem
from underpaint.primer.stagecraft.framing import framed, on_edge, tilt
from underpaint.primer.stagecraft.kit import Builder, Kit
from underpaint.primer.stagecraft.lighting import sun
from underpaint.primer.stagecraft.mesh import Fold, Mesh, StageSet, rotation
from underpaint.primer.stagecraft.place_kit import sky
from underpaint.primer.stagecraft.places import PLACES
from underpaint.primer.stagecraft.scene import INDOORS, PEOPLE, Scene, Thing, sub_rng
from underpaint.primer.stagecraft.seen import Floats, Part, Role
from underpaint.primer.stagecraft.skeleton import proportions
from underpaint.primer.stagecraft.subjects import SUBJECTS

_FACING = {"front": 0.0, "left": -1.45, "right": 1.45, "back": np.pi, "three-quarter": 0.62}


@dataclass(frozen=True)
class Built:
    """A stage ready to be looked at: triangles, parts, drawn lines, named places, camera, the way to the light."""

    mesh: Mesh
    parts: tuple[Part, ...]
    folds: list[Fold]
    spots: dict[str, Floats]
    camera: Camera
    towards: Floats
    orb: tuple[Floats, float] | None
    reach: float
    yaw: float

    def only(self, *roles: Role) -> "Built":
        """The same stage with only what has these roles, seen by the same camera in the same light."""
        keep = np.array([p.role in roles for p in self.parts])[self.mesh.part]
        if not keep.any():
            keep[0] = True  # one triangle at the eye itself, which nothing shows
        mesh = Mesh(*(f[keep] for f in self.mesh))
        if len(mesh.part) == 1:
            mesh = mesh._replace(points=np.full((1, 3, 3), self.camera.eye, np.float32))
        return replace(self, mesh=mesh, folds=[f for f in self.folds if self.parts[f.part].role in roles])


Spoil = Callable[[StageSet], None]
"""Changes what stands on the stage before the place is built: how wrong versions are made."""


def build(scene: Scene, spoil: Spoil | None = None) -> Built:
    """Everything of a scene as solids in metres, and the camera that sees it."""
    stage = StageSet()
    yaw = _heading(scene)
    empty = Kit(
        stage, "place", "place", scene.who, coat_of(scene.who, scene.rng("coat")), scene.seed, rotation(),
        np.zeros(3, np.float32),
        frame=scene.frame, night=scene.time == "night", detail=scene.detail,
        edge=on_edge(scene),
        afloat=scene.place == "shore" and "boat" in (scene.who.kind, scene.other.kind if scene.other else ""),
    )  # fmt: skip
    _cast(scene, empty, yaw)
    still = _at_rest(scene, empty, yaw).corners("subject")
    if spoil is not None:
        spoil(stage)
    low, high = still.min(0), still.max(0)
    size = float(max(high[1] - low[1], 0.6 * (high[0] - low[0])))
    camera, reach = framed(scene, still, yaw)
    scale = float(np.clip((size / 1.6) ** 0.62, 0.3, 3.6))
    if scene.place in INDOORS:
        scale = float(np.clip(size / 1.7, 0.3, 12.0))
    PLACES[scene.place](replace(empty, scale=scale, role="place"))
    if scene.place in INDOORS:
        # Past a room's cut-away walls is a backdrop, and no brush may put clouds on it.
        stage.parts[0] = replace(stage.parts[0], material="plaster")
    towards = sun(scene, yaw)
    orb = sky(empty, scene, camera, towards, yaw)
    mesh = stage.mesh()
    parts = tuple(stage.parts)
    mesh = mesh._replace(colour=graded(scene, parts, mesh.colour, mesh.part))
    return Built(mesh, parts, stage.folds, stage.spots, camera, towards, orb, reach, yaw)


def _at_rest(scene: Scene, empty: Kit, yaw: float) -> StageSet:
    """The cast as it stands before limbs are moved by hand or by time: what the camera is set up for."""
    things = [scene.who, *([scene.other] if scene.other else [])]
    if not scene.frame and not any(t.moved for t in things):
        return empty.stage
    probe = StageSet()
    other = replace(scene.other, moved=()) if scene.other else None
    still = replace(scene, who=replace(scene.who, moved=()), other=other, frame=0.0)
    _cast(still, replace(empty, stage=probe, frame=0.0), yaw)
    return probe


def _heading(scene: Scene) -> float:
    """How far the camera is turned from looking straight into the place."""
    rng = scene.rng("heading")
    side, amount = (1.0 if rng.random() < 0.5 else -1.0), float(rng.uniform(0.42, 0.66))
    return 0.0 if scene.perspective == "one point" else side * amount


def _cast(scene: Scene, empty: Kit, yaw: float) -> None:
    """Builds the subject, its companions and the second thing where the relation puts them."""
    stage, other, origin = empty.stage, scene.other, np.zeros(3, np.float32)
    if other is None:
        _row(scene, empty, scene.who, "0", yaw, origin)
        return
    if scene.relation in ("holding hands", "hugging"):
        _touching(scene, empty, yaw)
        return
    probes = [StageSet(), StageSet()]
    for probe, thing, tag in zip(probes, (scene.who, other), "01", strict=True):
        _row(scene, replace(empty, stage=probe), thing, tag, yaw, origin)
    turned = rotation(yaw)
    (low, high), (low1, high1) = (_bounds(probe, turned) for probe in probes)
    k = _matched(float((high - low).max()), float((high1 - low1).max()), scene.relation == "on")
    low1, high1 = low1 * np.float32(k), high1 * np.float32(k)
    second = replace(empty, scale=k)
    if scene.relation == "on":
        _row(scene, second, other, "1", yaw, origin)
        seat = stage.spots.get(f"{other.kind} 1/seat", np.float32([0, high1[1], 0]))
        _row(scene, replace(empty, perched=True), scene.who, "0", yaw, seat)
        return
    _row(scene, empty, scene.who, "0", yaw, origin)
    gap = float(high[0] - low[0] + high1[0] - low1[0]) / 2 + 0.1 * min(float(high[1]), float(high1[1]))
    aside = -1.0 if scene.rng("aside").random() < 0.5 else 1.0
    across, ahead = turned @ np.float32([1, 0, 0]), turned @ np.float32([0, 0, 1])
    depth = float(high[2] - low[2] + high1[2] - low1[2]) / 2 + 0.2
    shifts = {
        "left of": across * gap,
        "right of": -across * gap,
        "behind": ahead * depth - across * gap * 0.8 * aside,
        "in front of": -ahead * depth - across * gap * 0.8 * aside,
    }
    _row(scene, second, other, "1", yaw, np.asarray(shifts[scene.relation], np.float32))


def _matched(first: float, second: float, under: bool) -> float:
    """How much the second thing is shrunk or grown, so that both can be read in one picture, as in picture books."""
    ratio = second / max(first, 1e-6)
    low, high = (0.8, 3.0) if under else (0.6, 1.8)
    return float(np.clip(ratio, low, high) / ratio)


def _touching(scene: Scene, empty: Kit, yaw: float) -> None:
    """Two people hand in hand, or in each other's arms."""
    assert scene.other is not None
    pair = (scene.who, scene.other)
    tall = [proportions(t, sub_rng(scene.seed, f"{t.kind} {i}/person")).height for i, t in enumerate(pair)]
    turned = rotation(yaw)
    hug = scene.relation == "hugging"
    away = 0.125 * sum(tall) / 2 if hug else 0.0
    for i, thing in enumerate(pair):
        s = -1.0 if i == 0 else 1.0
        side = away if hug else 0.215 * tall[i]
        shift = turned @ np.float32([s * side, 0, 0])
        kit = replace(empty, hug=hug)
        if hug:
            kit = replace(kit, look=(0.0, 0.0))
            _row(
                scene,
                kit,
                replace(thing, facing="right" if i == 0 else "left", holding=""),
                str(i),
                yaw,
                shift,
                steady=True,
            )
            continue
        back = thing.facing == "back"
        facing = "back" if back else "front"
        hand = ("right" if i == 0 else "left") if back else ("left" if i == 0 else "right")
        toward = -s if not back else s
        low = min(max(0.45 * min(tall), 0.55 * max(tall)), 0.78 * min(tall))
        kit = replace(kit, reach={hand: np.array([toward * side, low, 0.06 * tall[i]], np.float32)})
        _row(scene, kit, replace(thing, facing=facing, holding=""), str(i), yaw, shift, steady=True)


def _row(scene: Scene, empty: Kit, thing: Thing, tag: str, yaw: float, at: Floats, steady: bool = False) -> None:
    """One thing `count` times, side by side, each a little different in stance but of the same make."""
    name = f"{thing.kind} {tag}"
    rng = scene.rng(f"stance {tag}")
    jitter, mirrored = float(rng.uniform(-0.12, 0.12)), rng.random() < 0.5
    facing = _FACING[thing.facing] + (0.0 if steady else jitter)
    if thing.facing == "three-quarter" and mirrored:
        facing = -facing
    if thing.kind in SIDEWAYS:
        facing = _sideways(thing, facing)
    heading = 0.4 * float(np.sin(facing)) + 2 * jitter if empty.edge else yaw + facing
    coat = coat_of(thing, scene.rng(f"coat {tag}"))
    look = empty.look if empty.hug else (_wrapped(yaw - heading), tilt(scene))
    base = replace(empty, name=name, role="subject", thing=thing, coat=coat, shift=at, look=look)
    builder: Builder = SUBJECTS[thing.kind]
    width = 0.0
    if thing.count > 1:
        probe = StageSet()
        builder(replace(base, stage=probe, turn=rotation(heading)))
        low, high = _bounds(probe, rotation(yaw))
        width = float(max(high[0] - low[0], 0.5 * (high[1] - low[1]))) * 1.02
    for i in range(thing.count):
        offset = rotation(yaw) @ np.float32(
            [(i - (thing.count - 1) / 2) * width, 0, -0.25 * width * (i % 2) * (not empty.edge)]
        )
        kit = replace(
            base,
            name=name if i == 0 else f"{name}.{i}",
            turn=rotation(heading + 0.15 * i),
            shift=(at + offset).astype(np.float32),
        )
        mark = len(empty.stage.parts)
        builder(kit)
        _emblem(kit, mark)


SIDEWAYS = ("boat", "cart", "train", "bridge")
"""Things whose length runs along x: shown from the front they would be seen end on."""


def _sideways(thing: Thing, facing: float) -> float:
    turn = {"front": 0.25, "back": np.pi - 0.25, "left": np.pi - 0.05, "right": 0.05}.get(thing.facing)
    return float(turn) if turn is not None else facing * 0.6


def _wrapped(angle: float) -> float:
    return float((angle + np.pi) % (2 * np.pi) - np.pi)


def _emblem(kit: Kit, mark: int) -> None:
    kind = kit.thing.emblem or ("star" if kit.thing.kind == "flag" else "")
    if not kind or len(kit.stage.parts) == mark:
        return
    low, high = kit.stage.span(kit.name)
    tall = float(high[1] - low[1])
    share = 0.045 if kit.thing.kind in PEOPLE else 0.11 if kit.thing.kind == "flag" else 0.07
    emblem(kit, kind, share * tall)


def _bounds(stage: StageSet, turned: Floats | None = None) -> tuple[Floats, Floats]:
    """The lowest and highest corner of the subjects, along the world's axes or a turned frame's."""
    points = stage.corners("subject")
    if turned is not None:
        points = points @ turned
    return points.min(0), points.max(0)
