"""Wrong versions of a scene: what a reviewer must find, with the place and the word for it."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from underpaint.errors import RecipeError
from underpaint.primer.brushes import paint
from underpaint.primer.stagecraft.lighting import soften
from underpaint.primer.stagecraft.look import see
from underpaint.primer.stagecraft.mesh import StageSet, rotation
from underpaint.primer.stagecraft.scene import PEOPLE, Scene
from underpaint.primer.stagecraft.seen import Floats, Seen
from underpaint.primer.stagecraft.stage import build
from underpaint.primer.stagecraft.truth import Painter

WRONGS = ("missing", "doubled", "malformed", "seam", "banding")
"""The ways in which a picture can be wrong."""
_ROOTS = {
    "left arm": "left shoulder", "right arm": "right shoulder", "left leg": "left hip", "right leg": "right hip",
    "head": "neck",
}  # fmt: skip
_HEAD = (
    "head", "hair", "eye white", "iris", "pupil", "eye light", "lashes", "mouth", "cheeks", "beard", "helmet",
    "ribbons",
)  # fmt: skip
_LIMBS = ("left arm", "right arm", "left leg", "right leg", "head")


@dataclass(frozen=True)
class Wrong:
    """A right picture and a wrong one of the same scene (uint8 H x W x 3), where they differ (H x W 0/1), and words."""

    right: NDArray[np.uint8]
    wrong: NDArray[np.uint8]
    where: NDArray[np.bool_]
    kind: str
    words: str


def wrong(scene: Scene, kind: str, painter: Painter | None = None) -> Wrong:
    """One wrong version of a scene, chosen by the scene's own seed."""
    if kind not in WRONGS:
        raise RecipeError(
            f"the World knows no fault called {kind!r}.", hint="One of: " + ", ".join(WRONGS), field="kind"
        )
    own: Painter = painter or (lambda seen: paint(seen, seen.style))
    seen = see(scene)
    right = own(seen)
    if kind == "seam":
        bad, words = _seam(scene, right)
    elif kind == "banding":
        bad, words = own(_banded(seen)), "bands instead of a soft change of tone"
    else:
        make, fault = _SPOILS[kind]
        parts, word = _chosen(scene, seen)
        bad, words = own(see(scene, build(scene, make(scene, parts, word)))), f"{fault}: {word}"
    apart = np.abs(bad.astype(np.float32) - right).max(-1)
    where = soften((apart > (8 if kind == "banding" else 24)).astype(np.float32), 1) > 0.04
    return Wrong(right, bad, where, kind, words)


def _belongs(limb: str, name: str) -> bool:
    """Whether a part of a person belongs to a limb."""
    if limb == "head":
        return name in _HEAD or "hat" in name
    side, what = limb.split(" ")
    own = ("arm", "sleeve", "cuff", "hand", "pauldron") if what == "arm" else ("leg", "boot", "shorts")
    return name.startswith(side) and any(name.endswith(w) for w in own)


def _chosen(scene: Scene, seen: Seen) -> tuple[frozenset[int], str]:
    """The parts that go wrong and their word: a limb of a person or one telling part of a thing, one that shows."""
    name = f"{scene.who.kind} 0"
    shown = np.bincount(seen.part.ravel(), minlength=len(seen.parts))
    own = [(i, p.name) for i, p in enumerate(seen.parts) if p.object == name]
    words = _LIMBS if scene.who.kind in PEOPLE else tuple(sorted({part for _, part in own}))
    groups = {}
    for word in words:
        same = [i for i, part in own if (_belongs(word, part) if scene.who.kind in PEOPLE else part == word)]
        if scene.who.kind not in PEOPLE:  # of several roofs, the one that shows best
            same = [max(same, key=lambda i: int(shown[i]))]
        groups[word] = (frozenset(same), int(shown[same].sum()))
    total = max(1, sum(int(shown[i]) for i, _ in own))
    telling = [w for w, (_, n) in groups.items() if 0.03 * total < n < 0.6 * total]
    if not telling:
        telling = [max(groups, key=lambda w: groups[w][1])]
    word = str(scene.rng("wrong").choice(telling))
    return groups[word][0], word


Spoil = Callable[[StageSet], None]


def _missing(scene: Scene, parts: frozenset[int], word: str) -> Spoil:
    return lambda stage: stage.remove(parts)


def _doubled(scene: Scene, parts: frozenset[int], word: str) -> Spoil:
    def spoil(stage: StageSet) -> None:
        points = np.concatenate([stage.part_points(i) for i in parts])
        pivot = stage.spots.get(f"{scene.who.kind} 0/{_ROOTS.get(word, '')}", points.mean(0))
        side = 1.0 if scene.rng("wrong side").random() < 0.5 else -1.0
        turn = rotation(0.25 * side, 0.0, 0.75 * side)
        shift = np.float32([0.10 * side * float(np.ptp(points, axis=0).max()), 0, 0])
        stage.double(parts, lambda p: (p - pivot) @ turn.T + pivot + shift)

    return spoil


def _malformed(scene: Scene, parts: frozenset[int], word: str) -> Spoil:
    def spoil(stage: StageSet) -> None:
        points = np.concatenate([stage.part_points(i) for i in parts])
        middle, reach = points.mean(0), float(np.ptp(points, axis=0).max()) + 1e-6
        rng = scene.rng("wrong form")
        stretch = np.float32(rng.choice([0.5, 1.9], size=3))
        phase = rng.uniform(0, 6, 3)

        def bend(p: Floats) -> Floats:
            q = (p - middle) / np.float32(reach)
            wave = np.stack([np.sin(q[..., (k + 1) % 3] * 7 + phase[k]) for k in range(3)], axis=-1)
            return np.asarray(middle + reach * (q * stretch + 0.13 * wave), np.float32)

        stage.change(parts, bend)

    return spoil


_SPOILS: dict[str, tuple[Callable[[Scene, frozenset[int], str], Spoil], str]] = {
    "missing": (_missing, "something is missing"),
    "doubled": (_doubled, "there is one too many"),
    "malformed": (_malformed, "badly formed"),
}


def _seam(scene: Scene, right: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], str]:
    """A border where two tilings of the picture do not meet: beyond it all is shifted and of another tone."""
    rng = scene.rng("seam")
    height, width = right.shape[:2]
    upright = rng.random() < 0.6
    span = width if upright else height
    at = int(span * rng.uniform(0.3, 0.7))
    gain = 1 + float(rng.choice([-1, 1])) * float(rng.uniform(0.07, 0.14))
    shift = round(span * float(rng.choice([-1, 1])) * float(rng.uniform(0.012, 0.03))) or 2
    axis = 0 if upright else 1
    moved = np.take(right, np.clip(np.arange(right.shape[axis]) - shift, 0, right.shape[axis] - 1), axis=axis)
    other = np.clip(moved.astype(np.float32) * gain, 0, 255).astype(np.uint8)
    bad = right.copy()
    if upright:
        bad[:, at:] = other[:, at:]
    else:
        bad[at:] = other[at:]
    return bad, f"a seam runs {'down' if upright else 'across'} the picture"


def _banded(seen: Seen) -> Seen:
    """Light, haze and sky in steps."""
    steps = 3
    lit = np.round(seen.lit * steps) / steps
    haze = np.round(seen.haze * steps) / steps
    albedo = seen.albedo.copy()
    sky = seen.part == 0
    albedo[sky] = np.round(albedo[sky] * 7) / 7
    return replace(seen, lit=lit.astype(np.float32), haze=haze.astype(np.float32), albedo=albedo)
