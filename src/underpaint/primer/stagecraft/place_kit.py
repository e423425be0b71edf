"""What places are made of: ground that is flat where the subject stands, ridges, scattered things, skies."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from underpaint.primer.stagecraft.camera import Camera
from underpaint.primer.stagecraft.colours import mix
from underpaint.primer.stagecraft.kit import Kit
from underpaint.primer.stagecraft.mesh import Solid, rotation
from underpaint.primer.stagecraft.scene import INDOORS, Scene
from underpaint.primer.stagecraft.seen import RGB, Floats, Role
from underpaint.primer.stagecraft.solids import ball, disc, ground, sheet

Height = Callable[[Floats, Floats], Floats]


def role(kit: Kit, name: str, what: Role) -> Kit:
    """The same space for another object of another role."""
    return replace(kit, name=name, role=what)


def spread(reach: float, count: int) -> Floats:
    """Coordinates from -reach to reach, dense in the middle."""
    t = np.linspace(-1, 1, count)
    return np.asarray(np.sinh(t * 4.5) / np.sinh(4.5) * reach, np.float32)


def noise(x: Floats, z: Floats, rng: np.random.Generator, scale: float) -> Floats:
    """A smooth random height between about -1 and 1 with bumps `scale` metres wide."""
    out = np.zeros_like(x, dtype=np.float32)
    for _ in range(5):
        a, phase = rng.uniform(0, 2 * np.pi, 2)
        k = float(rng.uniform(0.6, 1.7)) / scale
        out += np.sin((x * np.cos(a) + z * np.sin(a)) * k + phase).astype(np.float32)
    return np.asarray(out / 3, np.float32)


def flat_near(x: Floats, z: Floats, inner: float, outer: float) -> Floats:
    """0 within `inner` metres of the origin, 1 beyond `outer`."""
    r = np.hypot(x, z)
    t = np.clip((r - inner) / (outer - inner), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def land(kit: Kit, height: Height, colour: RGB, material: str, reach: float = 160.0, cells: int = 34) -> int:
    """The ground as a height field, its colour varied a little from place to place."""
    own = role(kit, "ground", "ground")
    solid = ground(height, spread(reach, cells), spread(reach, cells))
    solid = replace(solid, closed=True)
    part = own.part("ground", colour, material)
    own.add(part, solid)
    return part


def ridge(kit: Kit, name: str, distance: float, rise: float, rough: float, colour: RGB, material: str = "leaf") -> None:
    """A far range as a curtain behind the scene, `rise` metres high on average."""
    rng = kit.rng(f"ridge {name}")
    a = np.linspace(-1.9, 1.9, 110)
    k = np.zeros_like(a)
    for octave in range(1, 6):
        f = 2.0**octave
        k += (
            np.sin(a * f * float(rng.uniform(0.8, 1.25)) + float(rng.uniform(0, 6.3)))
            / octave**1.3
            * (0.4 if octave < 3 else rough)
        )
    top = rise * (1 + 0.62 * k)
    x, z = np.sin(a) * distance, -np.cos(a) * distance
    low = np.stack([x, np.full_like(x, -3.0), z], axis=1)
    high = np.stack([x * 1.04, np.maximum(top, 0.15 * rise), z * 1.04], axis=1)
    solid = sheet(np.stack([low, (low + high) / 2, high], axis=1).astype(np.float32))
    role(kit, name, "place").put("range", colour, material, solid)


def scatter(kit: Kit, name: str, count: int, box: tuple[float, float, float, float], apart: float) -> Floats:
    """`count` places (x, z) in a box (x0, x1, z0, z1), no two nearer than `apart` where room allows; far ones first."""
    rng = kit.rng(f"scatter {name}")
    found: list[tuple[float, float]] = []
    for _ in range(count * 6):
        x, z = float(rng.uniform(box[0], box[1])), float(rng.uniform(box[2], box[3]))
        if all((x - a) ** 2 + (z - b) ** 2 > apart**2 for a, b in found):
            found.append((x, z))
        if len(found) == count:
            break
    return np.asarray(sorted(found, key=lambda p: p[1]), np.float32).reshape(-1, 2)


def stone(kit: Kit, at: tuple[float, float, float], size: float, colour: RGB, name: str) -> None:
    """A boulder."""
    rng = kit.rng(name)
    solid = ball(size, size * 0.7, size * 0.85, 9, 6)
    bump = 1 + 0.12 * np.sin(solid.points @ rng.normal(size=(3, 3)).astype(np.float32) * (3 / size)).sum(
        -1, keepdims=True
    )
    rough = replace(solid, points=(solid.points * bump).astype(np.float32))
    role(kit, name, "place").put("stone", colour, "rock", rough.turned(float(rng.uniform(0, 6))).moved(*at))


def sky(kit: Kit, scene: Scene, camera: Camera, towards: Floats, yaw: float) -> tuple[Floats, float] | None:
    """Sun or moon, stars and clouds, far away; returns centre and radius of sun or moon where there is one."""
    if scene.place in INDOORS:
        return None
    far = 600.0
    orb = _orb(kit, scene, towards, yaw, far)
    rng = kit.rng("sky")
    heavens = role(kit, "sky", "sky")
    eye = np.float32(camera.eye)
    back = rotation(yaw)
    if scene.time == "night" and scene.weather == "clear":
        part = heavens.part("stars", (0.95, 0.95, 0.85), "light", 0.9)
        for _ in range(46):
            a, h = float(rng.uniform(-0.75, 0.75)), float(rng.uniform(0.03, 0.9))
            d = back @ np.float32([np.sin(a), h, -np.cos(a)])
            star = disc(far * float(rng.uniform(0.0016, 0.0038)), 5).turned(yaw - a)
            kit.stage.add(part, star.moved(*(eye + d * far).tolist()))
    if scene.weather in ("clear", "rain", "snow", "storm") and rng.random() < (
        0.65 if scene.weather == "clear" else 1.0
    ):
        _clouds(heavens, scene, eye, back, far * 0.85)
    return orb


def _orb(kit: Kit, scene: Scene, towards: Floats, yaw: float, far: float) -> tuple[Floats, float] | None:
    """The sun's or moon's disc: where the light comes from if that is in view, else a moon somewhere in the sky."""
    if scene.weather != "clear" or (scene.time == "noon" and scene.light != "behind"):
        return None
    rng = kit.rng("orb")
    ahead = rotation(yaw) @ np.float32([0, 0, -1])
    if float(towards @ ahead) < 0.45:
        if scene.time != "night":
            return None
        side = -1.0 if scene.light == "left" else 1.0
        a = yaw - side * float(rng.uniform(0.18, 0.4))
        towards = np.float32([-np.sin(a), float(rng.uniform(0.28, 0.48)), -np.cos(a)])
    flat = towards / max(float(np.hypot(towards[0], towards[2])), 1e-3)
    low = {"sunset": 0.11, "dawn": 0.14, "noon": 0.5, "night": 0.38}[scene.time] + float(rng.uniform(-0.03, 0.06))
    direction = np.float32([flat[0], low, flat[2]])
    radius = far * {"night": 0.045, "sunset": 0.062, "dawn": 0.05, "noon": 0.04}[scene.time]
    colour: RGB = {
        "night": (0.97, 0.96, 0.88), "sunset": (1.0, 0.86, 0.55), "dawn": (1.0, 0.92, 0.76), "noon": (1.0, 0.98, 0.88),
    }[scene.time]  # fmt: skip
    part = role(kit, "sky", "sky").part("moon" if scene.time == "night" else "sun", colour, "light", 1.0)
    centre = direction * far
    turn = float(np.arctan2(-direction[0], -direction[2]))
    kit.stage.add(part, disc(radius, 28).turned(turn).moved(*centre.tolist()))
    return np.asarray(centre, np.float32), radius


def _clouds(kit: Kit, scene: Scene, eye: Floats, back: Floats, far: float) -> None:
    rng = kit.rng("clouds")
    white: RGB = (0.97, 0.97, 0.98) if scene.time != "night" else (0.34, 0.38, 0.55)
    if scene.time in ("dawn", "sunset"):
        white = mix(white, (1.0, 0.76, 0.66), 0.6)
    if scene.weather == "storm":
        white = (0.42, 0.44, 0.50)
    part = kit.part("clouds", white, "cloud")
    for _ in range(int(rng.integers(2, 6)) + (4 if scene.weather != "clear" else 0)):
        a, h = float(rng.uniform(-0.7, 0.7)), float(rng.uniform(0.12, 0.62))
        middle = eye + back @ np.float32([np.sin(a), h, -np.cos(a)]) * far
        size = far * float(rng.uniform(0.035, 0.075))
        n = int(rng.integers(4, 8))
        for i in range(n):
            t = (i / (n - 1) - 0.5) * 2
            r = size * (1 - 0.62 * t * t) * float(rng.uniform(0.75, 1.1))
            puff: Solid = ball(r, r * 0.8, r * 0.5, 12, 7)
            puff = replace(
                puff,
                points=np.where(puff.points[..., 1:2] < -0.3 * r, puff.points * np.float32([1, 0.4, 1]), puff.points),
            )
            at = middle + back @ np.float32([t * size * 2.1, r * 0.4, 0])
            kit.stage.add(part, puff.turned(-a).moved(*at.tolist()))
