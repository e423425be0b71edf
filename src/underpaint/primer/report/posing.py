"""Poses: are the joints of painted people where they were asked to be?"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from underpaint.imaging.arrays import to_float
from underpaint.primer.maps import pose_map
from underpaint.primer.part_scores import joints_right
from underpaint.primer.render import paint_scene
from underpaint.primer.report.desk import Desk
from underpaint.primer.report.hands import Commission, Pictures
from underpaint.primer.report.rows import Row, means, missing
from underpaint.primer.report.words import said
from underpaint.primer.stagecraft.scene import PEOPLE, SIZES, Scene, sample_scene

NAME = "pose (joints within a tenth of the person)"
_ASKED = 0.88


@dataclass(frozen=True, eq=False)
class Posed:
    """A scene with people, its own picture, and their joints, N x 18 x 3 as shards hold them."""

    scene: Scene
    picture: NDArray[np.uint8]
    people: NDArray[np.float32]


@lru_cache(maxsize=1)
def posed_scenes(count: int, seed: int) -> tuple[Posed, ...]:
    """Square scenes of people, none of them far away."""
    rng = np.random.default_rng([seed, 12])
    found = []
    for _ in range(count):
        fixed = {"subject": str(rng.choice(PEOPLE)), "camera": str(rng.choice(("medium", "close")))}
        scene = sample_scene(rng, size=SIZES[0], fixed=fixed, allow_held_out=True)
        painted = paint_scene(scene, rng, allow_held_out=True)[0]
        people = np.array(painted.people, np.float32).reshape(-1, 18, 3)
        found.append(Posed(scene, painted.arrays["pictures"], people))
    return tuple(found)


def pose_part(desk: Desk) -> list[Row]:
    """The share of asked joints that a reader finds where they were asked for, by picture."""
    reader = desk.extractors
    if reader is None or "pose" not in reader.reads:
        return [missing(NAME, f"{_ASKED:.0%} of the ceiling", "no reader of poses can be relied upon yet")]
    posed = posed_scenes(desk.settings.drawings, desk.settings.seed)

    def kept(pictures: Pictures) -> list[float]:
        read = [joints_right(reader.pose(to_float(p)), one.people) for p, one in zip(pictures, posed, strict=True)]
        return [float(np.mean(joints)) for joints in read if joints]

    own = kept([one.picture for one in posed])
    if not own:
        return [missing(NAME, f"{_ASKED:.0%} of the ceiling", "nobody in these scenes is large enough to be asked for")]
    return [means(NAME, kept(desk.painted(pose_commission(posed))), own, _ASKED)]


def pose_commission(posed: tuple[Posed, ...]) -> Commission:
    """The scenes' words with the poses of their people."""
    given = [pose_map(list(one.people), one.scene.size) for one in posed]
    return Commission.square("pose", [said(one.scene.factors()) for one in posed], {"pose": given})
