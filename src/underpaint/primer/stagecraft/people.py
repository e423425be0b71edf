"""People: girls, boys, women, men, knights; what they wear, hold and sit on."""

from collections.abc import Mapping

import numpy as np

from underpaint.primer.stagecraft.clothes import Outfit, dress_up
from underpaint.primer.stagecraft.colours import dim
from underpaint.primer.stagecraft.hats import hat
from underpaint.primer.stagecraft.heads import Head, build_head
from underpaint.primer.stagecraft.holding import HELD, HOLD
from underpaint.primer.stagecraft.kit import Kit
from underpaint.primer.stagecraft.seen import Floats
from underpaint.primer.stagecraft.skeleton import Skeleton, proportions, skeleton
from underpaint.primer.stagecraft.solids import box, cylinder

KEYPOINTS = (
    "nose", "neck", "right shoulder", "right elbow", "right wrist", "left shoulder", "left elbow", "left wrist",
    "right hip", "right knee", "right ankle", "left hip", "left knee", "left ankle", "right eye", "left eye",
    "right ear", "left ear",
)  # fmt: skip
"""The OpenPose body order of eighteen."""


def person(kit: Kit) -> None:
    """One person, as the thing says."""
    thing = kit.thing
    rng = kit.rng("person")
    body = proportions(thing, rng)
    bones = skeleton(thing, body, kit.frame, kit.look, kit.edge, _hands(kit, body.height), kit.hug)
    outfit, hair, topping = _wardrobe(kit)
    dress_up(kit, bones, outfit)
    soft = 0.3 if thing.kind in ("man", "knight") else 1.0
    head = Head(
        kit, bones["skull"], bones.head, body.head * body.height * 0.5, soft, bool(topping) and topping != "helmet"
    )
    build_head(head, hair)
    if topping:
        hat(head, topping, kit.coat.main)
    if bones.seat and not kit.perched:
        _seat(kit, bones)
    held = "sword" if thing.kind == "girl with a sword" else thing.holding
    if thing.pose == "reading":
        held = "book"
    if held:
        HELD[held](kit, bones)
    _mark(kit, bones, head)


def _hands(kit: Kit, h: float) -> Mapping[str, Floats]:
    """Where hands must be: on another's hand, or at what they hold."""
    out = dict(kit.reach)
    thing = kit.thing
    held = "sword" if thing.kind == "girl with a sword" else thing.holding
    if thing.pose == "reading":
        held = ""
    if held in HOLD and not any(side == "right" for side, _ in thing.moved):
        for side, (x, y, z) in HOLD[held].items():
            drop = 0.22 if thing.pose == "sitting" else 0.0
            out.setdefault(side, np.float32([x * h, (y - drop) * h, z * h]))
    return out


def _wardrobe(kit: Kit) -> tuple[Outfit, str, str]:
    """Outfit, hair and hat (none: "")."""
    rng, kind = kit.rng("wardrobe"), kit.thing.kind
    old = kit.thing.build == "old"
    if kind == "knight":
        return Outfit("armour", 1.0, cape=rng.random() < 0.6), "short", "helmet"
    sleeves = float(rng.random() < 0.6)
    scarf, collar = rng.random() < 0.22, rng.random() < 0.45
    cape = rng.random() < (0.5 if kind == "girl with a sword" else 0.08)
    if kind in ("girl", "woman", "girl with a sword"):
        choice = str(
            rng.choice(
                ["dress", "dress", "skirt", "coat", "robe"]
                if kind != "girl with a sword"
                else ["dress", "coat", "trousers"]
            )
        )
        if old:
            choice = "robe"
        hair = "bun" if old else str(rng.choice(["long", "long", "bob", "tails", "ponytail", "bun"]))
        topping = (
            str(rng.choice(["", "", "", "", "straw", "pointed"]))
            if kind != "girl with a sword" and hair in ("long", "bob")
            else ""
        )
        return Outfit(choice, sleeves, cape and not scarf, scarf, collar and not scarf), hair, topping
    choice = str(rng.choice(["trousers", "shorts", "shorts"] if kind == "boy" else ["trousers", "trousers", "coat"]))
    hair = "bald" if old and kind == "man" else "short" if rng.random() < 0.85 else "ponytail"
    topping = str(rng.choice(["", "", "", "cap", "straw"] if kind == "boy" else ["", "", "", "top", "straw", "cap"]))
    return (
        Outfit(choice, max(sleeves, float(kind == "man")), cape and not scarf, scarf, collar and not scarf),
        hair,
        topping if hair == "short" else "",
    )


def _seat(kit: Kit, bones: Skeleton) -> None:
    """A stool, crate or barrel under one who sits."""
    kit = kit.prop("seat")
    top, h = float(bones.seat or 0.0), bones.body.height
    rng = kit.rng("seat")
    z = float(bones["hips"][2])
    wood = ((0.55, 0.38, 0.24), (0.46, 0.32, 0.22), (0.62, 0.50, 0.36))[int(rng.integers(3))]
    if rng.random() < 0.5:
        part = kit.put("crate", wood, "wood", box(0.27 * h, top, 0.24 * h).moved(0, 0, z))
        for y in (0.33, 0.66):
            kit.fold(part, [(-0.135 * h, top * y, z + 0.121 * h), (0.135 * h, top * y, z + 0.121 * h)])
    else:
        kit.put("stool", wood, "wood", cylinder(0.15 * h, 0.04 * h, 14).moved(0, top - 0.04 * h, z))
        legs = kit.part("stool legs", dim(wood, 0.8), "wood")
        for x in (-0.09, 0.09):
            for dz in (-0.08, 0.08):
                kit.add(legs, box(0.025 * h, top - 0.04 * h, 0.025 * h).moved(x * h, 0, z + dz * h))


def _mark(kit: Kit, bones: Skeleton, head: Head) -> None:
    """Remembers the joints."""
    for name, at in bones.joints.items():
        if name not in ("hips", "chest", "skull"):
            kit.spot(name, at)
    kit.spot("nose", head.on(head.at(0.0, -0.36), 0.05))
    for side, s in (("left", 1), ("right", -1)):
        kit.spot(f"{side} eye", head.on(head.at(0.36 * s, -0.12), 0.02))
        kit.spot(f"{side} ear", head.on(np.float32([s, -0.12, -0.05])))
