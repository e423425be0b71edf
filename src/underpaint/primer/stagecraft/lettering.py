"""Letters as solids, cut from the font that comes with the program (Bebas Neue, SIL Open Font License)."""

from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import skia

from underpaint.primer.stagecraft.mesh import Solid
from underpaint.primer.stagecraft.seen import Floats
from underpaint.primer.stagecraft.solids import area, extrude

_FONT = Path(__file__).parent / "font" / "BebasNeue-Bold.otf"
_SIZE = 100.0


def letters(text: str, height: float, depth: float = 0.05) -> list[Solid]:
    """The letters of a text, side by side about x = 0, standing on y = 0, `height` metres tall."""
    glyphs = [_glyph(ch) for ch in text.upper()]
    k = height / (_SIZE * 0.70)
    total = sum(advance for _, advance in glyphs) * k
    out, x = [], -total / 2
    for outlines, advance in glyphs:
        out += [extrude(np.asarray(o) * k, depth).moved(x, 0, 0) for o in outlines]
        x += advance * k
    return out


@cache
def _typeface() -> skia.Typeface:
    return skia.Typeface.MakeFromFile(str(_FONT))


@cache
def _glyph(ch: str) -> tuple[tuple[Floats, ...], float]:
    """The outlines of a letter (holes bridged to their rims), y up, and how far the next letter stands."""
    face = _typeface()
    font = skia.Font(face, _SIZE)
    glyph = face.unicharToGlyph(ord(ch))
    advance = float(font.getWidths([glyph])[0])
    path = font.getPath(glyph)
    if path is None or path.isEmpty():
        return (), advance
    loops = [p for p in _loops(path) if len(p) >= 3]
    if not loops:
        return (), advance
    sign = np.sign(area(max(loops, key=lambda p: abs(area(p)))))
    rims = [p if area(p) > 0 else p[::-1] for p in loops if np.sign(area(p)) == sign]
    holes = [p if area(p) < 0 else p[::-1] for p in loops if np.sign(area(p)) != sign]
    for hole in holes:
        gaps = [float(((r[:, None] - hole[None]) ** 2).sum(-1).min()) for r in rims]
        inside = [i for i, r in enumerate(rims) if (r.min(0) <= hole.min(0)).all() and (r.max(0) >= hole.max(0)).all()]
        i = min(inside or range(len(rims)), key=lambda n: gaps[n])
        rims[i] = _bridged(rims[i], hole)
    return tuple(rims), advance


def _loops(path: skia.Path) -> list[Floats]:
    """The closed curves of a path as polygons N x 2, y up."""
    out: list[list[tuple[float, float]]] = []
    for verb, points in path:
        p = [(q.x(), -q.y()) for q in points]
        if verb == skia.Path.kMove_Verb:
            out.append([p[0]])
        elif verb == skia.Path.kLine_Verb:
            out[-1].append(p[1])
        elif verb in (skia.Path.kQuad_Verb, skia.Path.kCubic_Verb):
            for t in (0.25, 0.5, 0.75, 1.0):
                out[-1].append(_bezier(p, t))
    return [_clean(np.float32(o)) for o in out]


def _bezier(p: list[tuple[float, float]], t: float) -> tuple[float, float]:
    q = p
    while len(q) > 1:
        q = [(a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t) for a, b in pairwise(q)]
    return q[0]


def _clean(p: Floats) -> Floats:
    """Without doubled points."""
    keep = np.abs(p - np.roll(p, 1, axis=0)).max(1) > 1e-3
    return p[keep]


def _bridged(rim: Floats, hole: Floats) -> Floats:
    """One outline that runs along the rim, crosses to the hole, round it and back by a hair's breadth."""
    gap = ((rim[:, None] - hole[None]) ** 2).sum(-1)
    i, j = np.unravel_index(int(np.argmin(gap)), gap.shape)
    across = hole[j] - rim[i]
    hair = np.float32([across[1], -across[0]]) * np.float32(0.01 / max(float(np.hypot(*across)), 1e-6))
    way = [rim[: i + 1], hole[j:], hole[:j], hole[j : j + 1] + hair, rim[i : i + 1] + hair, rim[i + 1 :]]
    return np.concatenate(way).astype(np.float32)
