"""What a way of painting starts from: the seen scene with its light mixed as a painter would, and seeded chance."""

import zlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from underpaint.primer.brushes.fields import LUMA, Array, borders, noise, ramp, shrink
from underpaint.primer.stagecraft.seen import Seen

TINT = {"subject": 0.45, "prop": 0.6, "place": 0.8, "ground": 0.8, "sky": 1.0}  # how far the light colours a role


@dataclass(frozen=True)
class Easel:
    """A `Seen` and what all ways of painting ask of it. Fields have the size of the seen arrays unless they say so.

    `unit` is how many of their pixels make 1/256 of the picture's short side: brushes are measured in it.
    """

    seen: Seen

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the arrays."""
        height, width = self.seen.part.shape
        return height, width

    @cached_property
    def unit(self) -> float:
        """Array pixels in 1/256 of the short side, at least 1."""
        return max(min(self.shape) / 256, 1.0)

    def rng(self, name: str) -> np.random.Generator:
        """Chance for one purpose, always the same for the same scene."""
        return np.random.Generator(np.random.PCG64([self.seen.seed % 2**63, zlib.crc32(name.encode())]))

    def lots(self, name: str, xy: Array, columns: int = 1) -> Array:
        """N x columns numbers 0..1 that cling to N places: a stroke keeps its own chance whatever else moves."""
        salt = (zlib.crc32(name.encode()) * 0x9E3779B97F4A7C15 + self.seen.seed * 0xD1B54A32D192ED03) % 2**64
        place = np.floor(xy * 8).astype(np.int64).view(np.uint64)
        mixed = place[:, :1] * np.uint64(0x9E3779B97F4A7C15) + place[:, 1:] * np.uint64(0xC2B2AE3D27D4EB4F)
        mixed = mixed + np.arange(columns, dtype=np.uint64) * np.uint64(0x165667B19E3779F9) + np.uint64(salt)
        for shift, factor in ((33, 0xFF51AFD7ED558CCD), (29, 0xC4CEB9FE1A85EC53)):
            mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
        return ((mixed >> np.uint64(40)).astype(np.float32) / np.float32(2**24)).astype(np.float32)

    def bell(self, name: str, xy: Array, columns: int = 1) -> Array:
        """N x columns numbers that cling to N places, mostly near 0, of unit variance, never beyond 3."""
        return (self.lots(name, xy, 3 * columns).reshape(len(xy), columns, 3).sum(-1) - np.float32(1.5)) * 2

    def grain(self, scale: float, name: str, cloudy: bool = False, small: bool = False) -> Array:
        """Noise of unit variance, its grain `scale` units wide; `small` gives the size of the finished picture."""
        step = self.unit / (self.seen.scale if small else 1)
        width, height = self.seen.size
        return noise((height, width) if small else self.shape, scale * step, self.rng(name), cloudy)

    def small(self, field: Array) -> Array:
        """A field at the size of the finished picture."""
        return shrink(np.asarray(field, np.float32), self.seen.scale)

    # ---- who is where

    def table(self, values: list[float]) -> Array:
        """Per pixel the value of its part."""
        return np.array(values, np.float32).take(self.seen.part)

    @cached_property
    def sky(self) -> NDArray[np.bool_]:
        """Where the sky or backdrop is, clouds with it."""
        return np.array([p.role == "sky" for p in self.seen.parts], bool).take(self.seen.part)

    @cached_property
    def subject(self) -> NDArray[np.bool_]:
        """Where a subject is."""
        return np.array([p.role == "subject" for p in self.seen.parts], bool).take(self.seen.part)

    @cached_property
    def ground(self) -> NDArray[np.bool_]:
        """Where the ground is."""
        return np.array([p.role == "ground" for p in self.seen.parts], bool).take(self.seen.part)

    @cached_property
    def focus(self) -> Array:
        """How much care a place deserves: 1 on subjects, about a half on props, less on what is far or only place."""
        care = {"subject": 1.0, "prop": 0.7, "place": 0.4, "ground": 0.25, "sky": 0.1}
        return self.table([care[p.role] for p in self.seen.parts])

    @cached_property
    def faces(self) -> Array:
        """1 on skin and eyes, where a heavy hand spoils a likeness."""
        return self.table([p.material in ("skin", "eye") for p in self.seen.parts])

    @cached_property
    def touches(self) -> Array:
        """1 on eyes and other small parts of what matters: the last touches of the smallest brush."""
        parts = self.seen.parts
        area = np.bincount(self.seen.part.ravel(), minlength=len(parts))
        small = [
            p.role in ("subject", "prop") and (p.material == "eye" or a < 70 * self.unit**2)
            for p, a in zip(parts, area.tolist(), strict=True)
        ]
        return self.table(small)

    @cached_property
    def glow(self) -> Array:
        """Light of its own, 0..1."""
        return self.table([p.glow for p in self.seen.parts])

    @cached_property
    def edges(self) -> Array:
        """1 on the border of two parts."""
        return borders(self.seen.part)

    @cached_property
    def objects(self) -> NDArray[np.int32]:
        """A number per pixel for the object it belongs to: parts of one object share it."""
        names = {name: i for i, name in enumerate(dict.fromkeys(p.object for p in self.seen.parts))}
        return np.array([names[p.object] for p in self.seen.parts], np.int32).take(self.seen.part)

    @cached_property
    def outlines(self) -> Array:
        """1 on the border of two objects."""
        return borders(self.objects)

    @cached_property
    def flow(self) -> Array:
        """Which way a loose brush goes: the form's flow, swayed a little where the plane is large and empty."""
        sway = self.table([{"sky": 0.5, "ground": 0.3, "place": 0.12}.get(p.role, 0.0) for p in self.seen.parts])
        angle = sway * self.grain(26, "sway")
        x, y = self.seen.flow[..., 0], self.seen.flow[..., 1]
        cos, sin = np.cos(angle), np.sin(angle)
        return np.stack([x * cos - y * sin, x * sin + y * cos], -1)

    # ---- light

    @cached_property
    def towards(self) -> tuple[float, float]:
        """Unit direction to the light in the picture, x right and y down."""
        x, y, _ = self.seen.light.direction
        size = max(float(np.hypot(x, y)), 1e-3)
        return x / size, -y / size

    @cached_property
    def darkness(self) -> float:
        """0 in full day to 1 at night, from how bright the sky and the light are."""
        sky = np.array(self.seen.light.sky_top) + np.array(self.seen.light.sky_bottom)
        lights = np.array(self.seen.light.colour) + np.array(self.seen.light.ambient)
        dark = float(np.clip(1.25 - 0.62 * float(sky @ LUMA) - 0.42 * float(lights @ LUMA), 0, 1))
        return max(dark, 0.75) if self.seen.light.time == "night" else min(dark, 0.5)

    @cached_property
    def sweep(self) -> Array:
        """How much of the light reaches each place: a little more on the side it comes from, about 0.8 to 1.2."""
        height, width = self.shape
        x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
        y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
        side = float(self.seen.light.direction[0])
        return 1 + np.float32(0.2 * side) * x - np.float32(0.06) * y

    @cached_property
    def key(self) -> Array:
        """Colour of the direct light."""
        return np.array(self.seen.light.colour, np.float32)

    @cached_property
    def ambient(self) -> Array:
        """Colour of the light in the shade."""
        return np.array(self.seen.light.ambient, np.float32)

    @cached_property
    def exposure(self) -> np.float32:
        """How much lighter a painter mixes a scene that would sink into murk, 1 to 1.9; nothing is made darker."""
        few = (slice(None, None, 4), slice(None, None, 4))
        land = ~self.sky[few]
        if not land.any():
            return np.float32(1)
        light = (0.35 + 0.65 * self.seen.occlusion[few]) * (self.ambient @ LUMA) + self.seen.lit[few] * (
            self.key @ LUMA
        )
        mean = float(((self.seen.albedo[few] @ LUMA) * light)[land].mean())
        wanted = 0.36 - 0.19 * self.darkness
        return np.float32(np.clip((wanted / max(mean, 0.01)) ** 0.7, 1.0, 1.7 + 0.2 * self.darkness))

    def _tinted(self, colour: Array) -> Array:
        """3 x parts: a light's colour as it falls on each part; what matters keeps its own colour and sinks less."""
        keep = np.array([TINT[p.role] for p in self.seen.parts], np.float32)
        lift = np.array([p.role in ("subject", "prop") for p in self.seen.parts], np.float32)
        grey = colour @ LUMA
        return (grey + (colour[:, None] - grey) * keep) * (1 + np.float32(0.4 * self.darkness) * lift) * self.exposure

    @cached_property
    def albedo(self) -> tuple[Array, Array, Array]:
        """Red, green and blue of the local colour."""
        red, green, blue = (np.ascontiguousarray(self.seen.albedo[..., c]) for c in range(3))
        return red, green, blue

    def tone(
        self, light: Array | float | None = None, openness: Array | float | None = None, air: float = 1.0,
        where: NDArray[np.intp] | None = None, full: bool = False,
    ) -> Array:  # fmt: skip
        """The scene in colour under any field of direct light: `easel.tone(steps(seen.lit))` is a scene in steps.

        Subjects keep their own colour under coloured light, lamps shine, far things pale into the haze by `air`, the
        side of the light gets a little more of it. `where` (from `wobble`) makes all borders shaky. At the size of the
        finished picture, or of the arrays when `full`.
        """
        seen = self.seen
        light = seen.lit if light is None else light
        openness = seen.occlusion if openness is None else openness
        shade = 0.35 + 0.65 * np.asarray(openness, np.float32)
        direct = np.asarray(light, np.float32) * self.sweep
        haze = np.clip(seen.haze * np.float32(air), 0, 0.94)
        shines = np.maximum(self.glow * np.float32(0.35 + 0.65 * self.darkness), self.sky)
        ambient, key = (self._tinted(colour) for colour in (self.ambient, self.key))
        planes = []
        for c in range(3):
            local = self.albedo[c]
            plane = ambient[c].take(seen.part) * shade
            plane += key[c].take(seen.part) * direct
            plane *= local
            plane += haze * (np.float32(seen.light.haze[c]) - plane)
            plane += shines * (local - plane)
            plane = plane if where is None else plane.ravel().take(where)
            planes.append(plane if full else self.small(plane))
        return np.stack(planes, -1)

    # ---- the sky's furniture

    @cached_property
    def orb(self) -> Array | None:
        """Distance from the middle of sun or moon in its radii, where one stands in the picture."""
        if self.seen.light.orb is None:
            return None
        cx, cy, radius = self.seen.light.orb
        y = (np.arange(self.shape[0], dtype=np.float32) - cy)[:, None]
        x = (np.arange(self.shape[1], dtype=np.float32) - cx)[None, :]
        return np.hypot(x, y) / np.float32(max(radius, 1.0))

    @cached_property
    def orb_colour(self) -> Array:
        """Sun or moon, as bright as it may be."""
        if self.seen.light.moon:
            return np.array([0.96, 0.95, 0.86], np.float32)
        return np.clip(np.array([1.0, 0.96, 0.82], np.float32) * 0.6 + self.key / self.key.max() * 0.4, 0, 1)

    @cached_property
    def disc(self) -> Array:
        """1 inside the visible disc of sun or moon."""
        if self.orb is None:
            return np.zeros(self.shape, np.float32)
        soft = 1.0 / max(self.seen.light.orb[2], 1.0) if self.seen.light.orb else 1.0
        return ramp(-self.orb, -1 - soft, -1 + soft) * self.sky

    @cached_property
    def halo(self) -> Array:
        """Light round sun or moon, 1 at its middle, falling off over several radii; 0 where there is none."""
        if self.orb is None:
            return np.zeros(self.shape, np.float32)
        return np.exp(-np.maximum(self.orb - 1, 0) / np.float32(3.2))

    def stars(self, count: int = 70) -> NDArray[np.float32]:
        """Stars by night as rows of x, y, size 0..1 in array pixels; no rows by day."""
        if self.darkness < 0.55 or self.seen.weather not in ("clear", "windy"):
            return np.zeros((0, 3), np.float32)
        stars = self.rng("stars").random((count, 3)).astype(np.float32)
        stars[:, 0] *= self.shape[1]
        stars[:, 1] *= max(min(self.seen.horizon, self.shape[0]), self.shape[0] * 0.5)
        x, y = stars[:, 0].astype(int).clip(0, self.shape[1] - 1), stars[:, 1].astype(int).clip(0, self.shape[0] - 1)
        free = self.sky[y, x] if self.orb is None else self.sky[y, x] & (self.orb[y, x] > 2.2)
        return stars[free]

    # ---- the end

    def finish(self, picture: Array) -> NDArray[np.uint8]:
        """0..1 at either size to the finished uint8 H x W x 3."""
        if picture.shape[:2] == self.shape:
            picture = self.small(picture)
        return np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)
