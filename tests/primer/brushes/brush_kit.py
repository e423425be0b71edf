"""A small scene to paint: a sphere, a box and a cone on a ground before a hill under a sky, ray-cast."""

from functools import cache

import numpy as np

from underpaint.primer.stagecraft.seen import Light, Line, Part, Seen

LIGHTS = {  # colour, ambient, sky top, sky bottom, haze
    "dawn": ((0.78, 0.56, 0.50), (0.36, 0.36, 0.48), (0.56, 0.66, 0.84), (0.98, 0.80, 0.70), (0.86, 0.76, 0.78)),
    "noon": ((0.72, 0.70, 0.64), (0.40, 0.45, 0.54), (0.36, 0.60, 0.92), (0.78, 0.90, 0.98), (0.78, 0.86, 0.94)),
    "dusk": ((0.86, 0.46, 0.24), (0.34, 0.27, 0.40), (0.36, 0.30, 0.52), (0.98, 0.58, 0.30), (0.74, 0.48, 0.46)),
    "night": ((0.26, 0.32, 0.48), (0.11, 0.14, 0.26), (0.04, 0.06, 0.17), (0.14, 0.20, 0.40), (0.12, 0.17, 0.32)),
}
SIDES = {"left": (-0.75, 0.5, 0.43), "right": (0.75, 0.5, 0.43), "behind": (0.25, 0.45, -0.85)}
PARTS = (
    Part("sky", "sky", "sky", (0.6, 0.8, 1.0), "sky"),
    Part("ground", "ground", "ground", (0.42, 0.60, 0.28), "grass"),
    Part("hill", "hill", "place", (0.36, 0.50, 0.36), "grass"),
    Part("ball", "ball 0", "subject", (0.80, 0.12, 0.12), "cloth"),
    Part("box", "box 0", "prop", (0.20, 0.40, 0.80), "plaster"),
    Part("cone", "cone 0", "prop", (0.95, 0.80, 0.20), "wood"),
    Part("window", "box 0", "prop", (1.0, 0.86, 0.5), "light", 0.9),
)
_BALLS = (((-14.0, -18, -42), 27.0, 2), ((22.0, -22, -40), 29.0, 2), ((-0.9, 1, 0.6), 1.0, 3))
EYE = np.array([0.0, 1.7, 6.0])


@cache
def seen(time: str = "noon", side: str = "left", size: tuple[int, int] = (256, 256), seed: int = 1) -> Seen:
    """The scene at `size` (width, height), its arrays at twice that."""
    width, height = size[0] * 2, size[1] * 2
    unit = min(width, height) * 0.62
    x, y = np.meshgrid(np.arange(width) + 0.5 - width / 2, np.arange(height) + 0.5 - height * 0.42)
    ray = np.stack([x / unit * 0.8, -y / unit * 0.8, -np.ones_like(x)], -1)
    ray /= np.linalg.norm(ray, axis=-1, keepdims=True)
    sun = np.array(SIDES[side])
    sun /= np.linalg.norm(sun)
    hit = _trace(ray, np.broadcast_to(EYE, ray.shape))
    point = EYE + ray * np.minimum(hit["depth"], 1e3)[..., None]
    shadow = _trace(np.broadcast_to(sun, ray.shape), point + hit["normal"] * 1e-3)["part"] > 2
    lit = np.clip((hit["normal"] * sun).sum(-1), 0, 1) * ~shadow
    open_ = np.where(hit["part"] == 1, np.clip(0.55 + 0.45 * hit["clear"], 0, 1), 0.75 + 0.25 * hit["normal"][..., 1])
    haze = np.where(hit["part"] == 0, 0, 1 - np.exp(-hit["depth"] / 45)) * 0.75
    table = np.array([p.colour for p in PARTS])
    light = LIGHTS[time]
    f = lambda a: np.ascontiguousarray(a, np.float32)  # noqa: E731
    albedo = table[hit["part"]]
    sky = hit["part"] == 0
    t = np.clip((ray[..., 1] + 0.02) * 2.2, 0, 1)[..., None] ** 0.7
    albedo = np.where(sky[..., None], np.array(light[3]) * (1 - t) + np.array(light[2]) * t, albedo)
    horizon = height * 0.42
    return Seen(
        part=hit["part"].astype(np.int32), depth=f(hit["depth"]), normal=f(hit["normal"]), flow=f(_flow(hit, point)),
        uv=f(point[..., :2]), albedo=f(albedo), lit=f(np.where(sky, 0, lit)), occlusion=f(np.where(sky, 1, open_)),
        haze=f(haze), parts=PARTS,
        light=Light(
            tuple(sun), *light, hardness=0.9, time=time,
            orb=(width * (0.14 if side == "left" else 0.86), height * 0.14, min(width, height) * 0.055),
            moon=time == "night",
        ),
        lines=_lines(hit["part"]), scale=2, seed=seed, horizon=horizon,
    )  # fmt: skip


def _trace(ray: np.ndarray, eye: np.ndarray) -> dict[str, np.ndarray]:
    """Nearest hit of rays from `eye`: part, depth, normal, and how far the ground is from what stands on it."""
    shape = ray.shape[:2]
    best = {"depth": np.full(shape, 1e4), "part": np.zeros(shape, int), "normal": np.zeros((*shape, 3))}
    best["normal"][..., 2] = 1

    def offer(depth: np.ndarray, part: int | np.ndarray, normal: np.ndarray) -> None:
        nearer = (depth > 1e-3) & (depth < best["depth"])
        best["depth"] = np.where(nearer, depth, best["depth"])
        best["part"] = np.where(nearer, part, best["part"])
        best["normal"] = np.where(nearer[..., None], normal, best["normal"])

    with np.errstate(all="ignore"):
        ground = np.where(ray[..., 1] < 0, -eye[..., 1] / ray[..., 1], 1e4)
        ground = np.where(ground < 70, ground, 1e4)
        offer(ground, 1, np.broadcast_to([0.0, 1, 0], ray.shape))
        for centre, radius, part in (
            ((-14.0, -18, -42), 27.0, 2),
            ((22.0, -22, -40), 29.0, 2),
            ((-0.9, 1, 0.6), 1.0, 3),
        ):
            offset = eye - np.array(centre)
            b, c = (offset * ray).sum(-1), (offset * offset).sum(-1) - radius**2
            depth = np.where(b * b > c, -b - np.sqrt(np.maximum(b * b - c, 0)), 1e4)
            offer(depth, part, (eye + ray * depth[..., None] - np.array(centre)) / radius)
        _box(ray, eye, offer)
        _cone(ray, eye, offer)
    point = eye + ray * np.minimum(best["depth"], 1e3)[..., None]
    best["clear"] = np.clip(np.hypot(point[..., 0] + 0.9, point[..., 2] - 0.6) - 0.4, 0, 1)
    return best


def _box(ray: np.ndarray, eye: np.ndarray, offer) -> None:
    low, high = np.array([0.9, 0, -2.6]), np.array([2.9, 2.1, -0.6])
    near, far = (low - eye) / ray, (high - eye) / ray
    enter = np.minimum(near, far)
    first, last = enter.max(-1), np.maximum(near, far).min(-1)
    axis = enter.argmax(-1)
    normal = np.eye(3)[axis] * -np.sign(ray)
    point = eye + ray * first[..., None]
    window = (axis == 2) & (np.abs(point[..., 0] - 1.9) < 0.35) & (np.abs(point[..., 1] - 1.2) < 0.4)
    offer(np.where(first < last, first, 1e4), np.where(window, 6, 4), normal)


def _cone(ray: np.ndarray, eye: np.ndarray, offer) -> None:
    tip, slope = np.array([0.75, 1.7, 1.3]), 0.36
    e = eye - tip
    k = slope**2
    a = ray[..., 0] ** 2 + ray[..., 2] ** 2 - k * ray[..., 1] ** 2
    b = e[..., 0] * ray[..., 0] + e[..., 2] * ray[..., 2] - k * e[..., 1] * ray[..., 1]
    c = e[..., 0] ** 2 + e[..., 2] ** 2 - k * e[..., 1] ** 2
    depth = (-b - np.sqrt(np.maximum(b * b - a * c, 0))) / a
    point = e + ray * depth[..., None]
    good = (b * b > a * c) & (point[..., 1] < 0) & (point[..., 1] > -1.7)
    radius = np.maximum(-point[..., 1:2] * slope, 1e-6)
    normal = np.stack([point[..., 0], radius[..., 0] * slope, point[..., 2]], -1) / radius
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    offer(np.where(good, depth, 1e4), 5, normal)


def _flow(hit: dict[str, np.ndarray], point: np.ndarray) -> np.ndarray:
    """Round the ball and the cone, down the walls, across the ground."""
    n = hit["normal"]
    round_ = np.stack([np.abs(n[..., 2]) + 1e-3, n[..., 0] * 0.35 + 0 * n[..., 2]], -1)
    ball = np.stack([n[..., 1] + 1e-3, n[..., 0]], -1)
    flat = np.broadcast_to([1.0, 0.0], ball.shape)
    down = np.broadcast_to([0.12, 1.0], ball.shape)
    p = hit["part"][..., None]
    flow = np.where(p == 3, ball, np.where(p == 5, round_, np.where((p == 4) | (p == 6), down, flat)))
    return flow / np.linalg.norm(flow, axis=-1, keepdims=True)


def _lines(part: np.ndarray) -> tuple[Line, ...]:
    """The borders between parts, walked pixel by pixel along rows and columns."""
    lines = []
    for which in np.unique(part)[1:]:
        mask = np.pad(part == which, 1)
        rows = np.flatnonzero(mask.any(1))
        if which in (1, 2):
            top = np.array([(x, c.argmax()) for x, c in enumerate((part == which).T) if c.any()], np.float32)
            runs = np.split(top, np.flatnonzero(np.abs(np.diff(top[:, 1])) > 3) + 1)
            lines += [Line(r[::3], "outline", int(which)) for r in runs if len(r) > 6]
            continue
        left = [(int(mask[r].argmax()) - 1, int(r) - 1) for r in rows]
        right = [(mask.shape[1] - 2 - int(mask[r][::-1].argmax()), int(r) - 1) for r in rows]
        ring = np.array([*left[::3], left[-1], *right[::-1][::3], right[0], left[0]], np.float32)
        lines.append(Line(ring, "outline", int(which)))
    return tuple(lines)
