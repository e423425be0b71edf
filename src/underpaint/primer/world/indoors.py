"""Places without a landscape: the room, and the plain studio that most people's own drawings stand in."""

from underpaint.primer.world.place_kit import Ground, PlaceKit, sky_of
from underpaint.primer.world.shapes import Colour, Part, blob, dim, line, mix, oval, rect, smooth


def room(p: PlaceKit) -> Ground:
    """A wall with a window that shows the hour, curtains, a picture, a rug."""
    s, rng = p.scene, p.rng
    tones: tuple[Colour, ...] = ((0.78, 0.70, 0.58), (0.66, 0.70, 0.66), (0.72, 0.62, 0.62), (0.62, 0.66, 0.74))
    wall = tones[int(rng.integers(len(tones)))]
    floor_y = p.h * float(rng.uniform(0.68, 0.78))
    out = [
        Part(
            rect(-2, -2, p.w + 4, p.h + 4),
            wall,
            dim(wall, 0.92),
            form=0,
            outline=False,
            depth=0.2,
            angle=1.5,
            extra={"wall": 1.0},
        )
    ]
    top, low = sky_of(s)
    wx = {"left": 0.2, "right": 0.8}.get(
        s.light, 0.5 if s.light == "behind" else (0.76 if s.position == "left" else 0.24)
    ) * p.w
    wy, ww, wh = 0.12 * p.h, 0.15 * p.w, 0.34 * p.h
    out.append(Part(rect(wx - ww - 4, wy - 4, 2 * ww + 8, wh + 8), (0.90, 0.86, 0.78), form=0.3, depth=0.2, angle=1.5))
    bars = (line((wx, wy), (wx, wy + wh)), line((wx - ww, wy + wh * 0.45), (wx + ww, wy + wh * 0.45)))
    out.append(
        Part(
            rect(wx - ww, wy, 2 * ww, wh),
            mix(top, low, 0.35),
            low,
            form=0,
            inner=bars,
            depth=0.4,
            glow=1,
            angle=0.1,
            extra={"sky": 1.0},
        )
    )
    cloth = ((0.72, 0.40, 0.34), (0.44, 0.52, 0.60), (0.60, 0.58, 0.42))[int(rng.integers(3))]
    for d in (-1, 1):
        x = wx + d * (ww + 3)
        curtain = smooth(
            [
                (x - 7, wy - 9),
                (x + 7, wy - 9),
                (x + 9 + d * 3, wy + wh * 0.5),
                (x + 8 + d * 5, wy + wh + 14),
                (x - 8 + d * 5, wy + wh + 14),
                (x - 7 + d * 1, wy + wh * 0.5),
            ],
            tension=0.7,
        )
        out.append(
            Part(curtain, cloth, form=0.9, inner=(line((x, wy - 6), (x + d * 4, wy + wh + 10)),), depth=0.15, angle=1.5)
        )
    if abs(wx - p.w * 0.5) > p.w * 0.15:
        fx, fy = p.w - wx, p.h * float(rng.uniform(0.18, 0.28))
        out.append(
            Part(rect(fx - 0.08 * p.w, fy - 0.07 * p.h, 0.16 * p.w, 0.15 * p.h), (0.5, 0.36, 0.22), form=0.4, depth=0.2)
        )
        out.append(
            Part(
                rect(fx - 0.062 * p.w, fy - 0.052 * p.h, 0.124 * p.w, 0.114 * p.h),
                mix(tones[int(rng.integers(4))], (0.3, 0.4, 0.4), 0.4),
                form=0.3,
                depth=0.2,
                inner=(line((fx - 0.06 * p.w, fy + 0.02 * p.h), (fx, fy), (fx + 0.06 * p.w, fy + 0.03 * p.h)),),
            )
        )
    board = (0.60, 0.44, 0.30)
    out.append(Part(rect(-2, floor_y, p.w + 4, p.h), board, dim(board, 0.8), form=0.1, depth=0.1, angle=0.03))
    out.append(
        Part(rect(-2, floor_y - 0.02 * p.h, p.w + 4, 0.022 * p.h), mix(wall, (1, 1, 1), 0.4), form=0.2, depth=0.1)
    )
    rug = ((0.60, 0.28, 0.26), (0.30, 0.40, 0.50), (0.54, 0.50, 0.34))[int(rng.integers(3))]
    out.append(
        Part(
            oval(p.w * 0.5, (floor_y + p.h) / 2 + 4, p.w * 0.42, (p.h - floor_y) * 0.42),
            rug,
            form=0.2,
            depth=0.05,
            angle=0.02,
        )
    )
    return Ground(out, [], floor_y)


def studio(p: PlaceKit) -> Ground:
    """Plain paper, a plain backdrop, or a patch of colour behind the subject: as most people's own drawings stand."""
    top, low = sky_of(p.scene)
    kind = int(p.rng.integers(4))
    paper = mix(low, (0.96, 0.95, 0.92), 0.25) if p.scene.time != "night" else mix(low, (0.4, 0.42, 0.5), 0.3)
    full = rect(-2, -2, p.w + 4, p.h + 4)
    extra = {"wall": 1.0}
    if kind == 0:
        return Ground([Part(full, paper, form=0, outline=False, depth=0.3, angle=0.7, extra=extra)], [], p.h * 0.7)
    if kind == 1:
        return Ground([Part(full, top, low, form=0, outline=False, depth=0.3, angle=0.7, extra=extra)], [], p.h * 0.7)
    if kind == 2:
        cx = {"left": 0.36, "centre": 0.5, "right": 0.64}[p.scene.position] * p.w
        patch = blob(p.rng, cx, p.h * 0.5, p.w * 0.45, p.h * 0.42, 0.12, 11)
        return Ground(
            [
                Part(full, paper, form=0, outline=False, depth=0.3, angle=0.7, extra=extra),
                Part(patch, mix(top, low, 0.4), low, form=0, outline=False, depth=0.3, angle=0.6, extra=extra),
            ],
            [],
            p.h * 0.7,
        )
    floor_y = p.h * float(p.rng.uniform(0.66, 0.8))
    floor = Part(
        rect(-2, floor_y, p.w + 4, p.h),
        mix(low, (0.6, 0.56, 0.52), 0.45),
        mix(low, (0.5, 0.46, 0.44), 0.6),
        form=0,
        depth=0.2,
        angle=0.03,
    )
    return Ground(
        [Part(full, mix(top, low, 0.3), low, form=0, outline=False, depth=0.3, angle=0.7, extra=extra), floor],
        [],
        floor_y,
    )
