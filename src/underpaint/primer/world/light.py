"""Light on the buffers: key and shadow colours of the hour, the side the light comes from, haze, weather, values."""

import cv2
import numpy as np

from underpaint.primer.world.place_kit import sky_of
from underpaint.primer.world.raster import CRISP, TOWARDS, Array, Buffers, cast_shadow
from underpaint.primer.world.scene import Scene

_KEYS = {  # key light, ambient (shadow) light
    "dawn": ((1.02, 0.84, 0.76), (0.50, 0.50, 0.66)),
    "noon": ((0.92, 0.90, 0.84), (0.44, 0.50, 0.60)),
    "sunset": ((1.22, 0.78, 0.44), (0.42, 0.34, 0.54)),
    "night": ((0.46, 0.56, 0.84), (0.15, 0.19, 0.36)),
}
_GRADES = {  # gains on key and on ambient
    "warm": ((1.12, 1.0, 0.80), (1.15, 0.95, 0.80)),
    "cool": ((0.86, 1.0, 1.14), (0.82, 0.98, 1.18)),
    "complementary": ((1.12, 1.0, 0.86), (0.84, 0.96, 1.16)),
}


def illuminate(buffers: Buffers, scene: Scene) -> Array:
    """The lit picture, H x W x 3 float32 sRGB 0..1, before any style."""
    subject, glow = buffers.at("subject"), np.maximum(buffers.at("glow"), 0)
    shade = buffers.shade * (1 - 0.8 * cast_shadow(buffers, scene))
    if scene.light == "behind":
        shade = shade * (1 - 0.72 * subject) + rim(subject, scene) * 1.2
    else:
        shade = shade + 0.22 * rim(subject, scene) * (1 - buffers.shade)
    key, ambient = light_colours(scene)
    field = light_field(scene, buffers)
    linear = buffers.albedo**2.0
    sky = buffers.at("sky")
    receives = ambient + key * shade[..., None]
    if scene.time == "night":
        lamp = np.array([1.0, 0.72, 0.32], np.float32)
        shines = ((glow > 0.2) & (sky == 0)).astype(np.float32)[..., None]
    else:
        lamp, shines = np.zeros(3, np.float32), np.zeros((1, 1, 1), np.float32)
    lit = linear * receives
    lit = lit * (1 - sky[..., None]) + linear * sky[..., None]
    lit = lit * (1 - shines) + lamp * shines
    lit = lit * field[..., None] + _sky_glow(scene, field.shape, buffers)
    picture = _shoulder(np.sqrt(np.clip(lit, 0, 4)))
    picture = _haze(picture, buffers, scene)
    return weather(values(np.clip(picture, 0, 1.25), scene), scene)


def _shoulder(picture: Array) -> Array:
    """Rolls lights above 0.72 off towards white, so that bright skies keep their colour."""
    over = np.maximum(picture - 0.72, 0)
    return np.asarray(np.minimum(picture, 0.72) + 0.3 * (1 - np.exp(-over / 0.34)), np.float32)


def light_colours(scene: Scene) -> tuple[Array, Array]:
    """Colour of the key light and of the light in the shadows."""
    key, ambient = (np.array(c, np.float32) for c in _KEYS[scene.time])
    if scene.palette in _GRADES:
        a, b = _GRADES[scene.palette]
        key, ambient = key * np.float32(a), ambient * np.float32(b)
    if scene.palette in ("monochrome", "muted"):
        k = 0.7 if scene.palette == "monochrome" else 0.45
        key, ambient = key * (1 - k) + key.mean() * k, ambient * (1 - k) + ambient.mean() * k
    if scene.weather in ("storm", "rain", "mist", "snow"):
        key, ambient = key * (1 - 0.3) + key.mean() * 0.22, ambient * 1.08
    if scene.hardness == "hard":
        return key * 1.08, ambient * 0.66
    return key * 0.9, ambient * 1.05


def light_field(scene: Scene, buffers: Buffers) -> Array:
    """How strongly the light reaches each place of the picture, about 0.35 to 1.6."""
    width, height = scene.size
    x = np.linspace(0, 1, width, dtype=np.float32)[None, :]
    y = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    strength = 1.0 if scene.hardness == "hard" else 0.85
    match scene.light:
        case "left" | "right":
            t = x if scene.light == "left" else 1 - x
            field = 1.5 - 1.12 * t - 0.12 * y + 0 * x
        case "above":
            cx = _subject_x(buffers)
            field = 1.42 - 0.75 * y - 0.55 * np.clip(np.abs(x - cx) - 0.12 - 0.1 * y, 0, 1)
        case _:
            cx = _subject_x(buffers)
            r = np.hypot((x - cx) * width / height, (y - 0.4) * 1.1)
            field = 1.5 - 1.15 * np.clip(r - 0.1, 0, 0.85)
    return np.asarray(1 + (field - 1) * strength, np.float32)


def _subject_x(buffers: Buffers) -> float:
    columns = buffers.at("subject").sum(0)
    total = float(columns.sum())
    return float((columns * np.arange(len(columns))).sum() / total / len(columns)) if total else 0.5


def rim(subject: Array, scene: Scene) -> Array:
    """A bright edge on the subject's silhouette, strongest above."""
    unit = min(scene.size) / 256
    near = 1 - cv2.GaussianBlur(subject, (0, 0), 2.6 * unit)
    down = cv2.warpAffine(subject, np.float32([[1, 0, 0], [0, 1, 5 * unit]]), subject.shape[::-1])
    edge = np.clip(near * 2.2 - 0.25, 0, 1) * 0.9 + np.clip(1 - down, 0, 1) * 0.5
    if scene.style in CRISP:
        edge = (edge > 0.45).astype(np.float32)
    return np.asarray(np.clip(edge, 0, 1) * subject, np.float32)


def _sky_glow(scene: Scene, shape: tuple[int, ...], buffers: Buffers) -> Array:
    """Light spilling in from where the lamp or sun is."""
    height, width = shape
    key, _ = light_colours(scene)
    at = {"left": (0.0, 0.25), "right": (1.0, 0.25), "above": (0.5, 0.0)}.get(scene.light, (_subject_x(buffers), 0.4))
    x = np.linspace(0, width / height, width, dtype=np.float32)[None, :] - at[0] * width / height
    y = np.linspace(0, 1, height, dtype=np.float32)[:, None] - at[1]
    reach = 0.42 if scene.light != "behind" else 0.3
    pool = np.exp(-(x * x + y * y) / (2 * reach * reach))
    free = 1 - buffers.at("subject") * (0.85 if scene.light == "behind" else 0.6)
    amount = {"noon": 0.16, "night": 0.2}.get(scene.time, 0.26) * (1.8 if scene.light == "behind" else 1.0)
    return np.asarray((pool * free * amount)[..., None] * key, np.float32)


def _haze(picture: Array, buffers: Buffers, scene: Scene) -> Array:
    """Distance pales towards the colour of the horizon."""
    density = {"mist": 1.15, "rain": 0.6, "snow": 0.65, "storm": 0.5}.get(scene.weather, 0.42)
    if scene.place in ("room", "studio"):
        density *= 0.15
    depth = buffers.at("depth") * (1 - buffers.at("sky"))
    if scene.weather == "mist":
        height = picture.shape[0]
        low = np.exp(-(((np.arange(height, dtype=np.float32) - buffers.horizon) / (0.2 * height)) ** 2))[:, None]
        depth = depth + low * 0.35 * (1 - 0.6 * buffers.at("subject"))
    amount = np.clip(depth * density, 0, 0.92)[..., None]
    low = np.array(sky_of(scene)[1], np.float32)
    if scene.palette == "monochrome":
        low = low * 0.2 + float(low.mean()) * 0.8
    return np.asarray(picture * (1 - amount) + low * amount, np.float32)


def values(picture: Array, scene: Scene) -> Array:
    """The value structure: high key, low key or the full range."""
    match scene.values:
        case "high key":
            p = np.clip(picture, 0, 1)
            return np.asarray(0.13 + 0.85 * (1 - (1 - p) ** 1.5), np.float32)
        case "low key":
            gamma, floor = (1.2, 0.025) if scene.time == "night" else (1.6, 0.01)
            return np.asarray(floor + np.clip(picture, 0, 1) ** gamma * 0.82, np.float32)
    luma = picture @ np.array([0.3, 0.59, 0.11], np.float32)
    lo, hi = np.percentile(luma[::4, ::4], (1, 99))
    span = max(float(hi - lo), 0.25)
    k = 0.55 if scene.time == "night" else 0.7
    top = 0.72 if scene.time == "night" else 0.97
    stretched = (picture - lo) / span * (top - 0.03) + 0.03
    return np.asarray(np.clip(picture * (1 - k) + stretched * k, 0, 1), np.float32)


def weather(picture: Array, scene: Scene) -> Array:
    """Rain as slanting streaks, snow as flakes."""
    if scene.weather not in ("rain", "storm", "snow"):
        return picture
    rng = scene.rng("weather")
    height, width = picture.shape[:2]
    layer = np.zeros((height, width), np.uint8)
    count = int(90 * height * width / 65536)
    xs, ys = rng.random(count) * width * 1.2, rng.random(count) * height
    if scene.weather == "snow":
        for x, y, r in zip(xs, ys, rng.uniform(0.8, 2.6, count), strict=True):
            cv2.circle(
                layer, (int(x * 16), int(y * 16)), int(r * 16 * min(height, width) / 256), 255, -1, cv2.LINE_AA, 4
            )
        alpha, colour = 0.9, np.float32([0.97, 0.98, 1.0])
    else:
        slant = 0.35 if scene.weather == "storm" else 0.15
        for x, y, n in zip(xs, ys, rng.uniform(8, 22, count), strict=True):
            cv2.line(layer, (int(x), int(y)), (int(x - n * slant), int(y + n)), 255, 1, cv2.LINE_AA)
        alpha, colour = 0.34, np.float32([0.86, 0.90, 0.96])
    k = layer.astype(np.float32)[..., None] / 255 * alpha
    if scene.weather == "storm":
        picture = picture * 0.86
    return np.asarray(picture * (1 - k) + colour * k, np.float32)


__all__ = ["TOWARDS", "illuminate", "light_colours", "light_field", "rim", "values", "weather"]
