"""What is built can be seen exactly: visibility, perspective, light, lines, and one change at a time."""

import numpy as np
import pytest

from underpaint.primer.stagecraft.camera import Camera
from underpaint.primer.stagecraft.lettering import letters
from underpaint.primer.stagecraft.look import see
from underpaint.primer.stagecraft.mesh import StageSet
from underpaint.primer.stagecraft.plain import reduced, shade
from underpaint.primer.stagecraft.raster import resolve
from underpaint.primer.stagecraft.scene import FACTORS, MOODS, PEOPLE, THING_WORDS, Scene, Thing
from underpaint.primer.stagecraft.seen import MATERIALS, Seen
from underpaint.primer.stagecraft.solids import ball, box, polygons
from underpaint.primer.stagecraft.stage import build
from underpaint.primer.stagecraft.truth import perspective

SMALL = (96, 96)


def _scene(**words: object) -> Scene:
    base = Scene(Thing("girl", "red"), "flat", "studio", "noon", seed=5, size=SMALL)
    return base.changed(**words)


def _role(seen: Seen, role: str) -> np.ndarray:
    return np.asarray(seen.where(role))  # type: ignore[arg-type]


def test_the_nearest_surface_is_seen_at_its_exact_depth_and_normal() -> None:
    stage = StageSet()
    far, near = (stage.part(n, (n, "place"), (0.5, 0.5, 0.5), "stone") for n in ("far", "near"))
    stage.add(far, polygons([[(-9, -9, -4), (9, -9, -4), (9, 9, -4), (-9, 9, -4)]]))
    stage.add(near, ball(1.0, around=40, rows=25))
    camera = Camera((0, 0, 6), (0, 0, 0), lens=2.0)
    surface = resolve(stage.mesh(), camera, 65, 65)
    part = stage.mesh().part[surface.triangle]
    assert part[32, 32] == near and part[2, 2] == far and (surface.triangle >= 0).all()
    assert surface.depth[32, 32] == pytest.approx(5.0, abs=0.02)
    assert surface.depth[2, 2] == pytest.approx(10.0, abs=1e-3)
    assert surface.normal[32, 32] == pytest.approx([0, 0, 1], abs=0.05)
    rim = np.flatnonzero(part[32] == near)[0]
    assert surface.normal[32, rim, 0] < -0.8 and np.linalg.norm(surface.normal[32, rim]) == pytest.approx(1, abs=1e-3)
    # the silhouette of a ball of radius 1, six metres off: tan(asin(1/6)) * focal
    assert 32.5 - rim == pytest.approx(65 * np.tan(np.arcsin(1 / 6)), abs=1.0)


def test_things_that_cross_hide_each_other_where_they_are_nearer() -> None:
    stage = StageSet()
    parts = [stage.part(n, (n, "place"), (0.5, 0.5, 0.5), "stone") for n in "ab"]
    for part, lean in zip(parts, (1.0, -1.0), strict=True):
        stage.add(part, polygons([[(-1, -1, -lean), (1, -1, lean), (1, 1, lean), (-1, 1, -lean)]], closed=False))
    surface = resolve(stage.mesh(), Camera((0, 0, 5), (0, 0, 0), lens=3.0), 41, 41)
    row = stage.mesh().part[surface.triangle[20]][surface.triangle[20] >= 0]
    assert (row[: len(row) // 2 - 1] == parts[1]).all() and (row[len(row) // 2 + 1 :] == parts[0]).all()


def test_what_the_camera_stands_in_is_cut_not_folded() -> None:
    stage = StageSet()
    floor = stage.part("floor", ("floor", "ground"), (0.5, 0.5, 0.5), "stone")
    stage.add(floor, box(200, 1, 200).moved(0, -1, 0))
    camera = Camera((0, 1.5, 0), (0, 1.5, -1), lens=1.5)
    surface = resolve(stage.mesh(), camera, 60, 60)
    assert (surface.triangle[:29] == -1).all() and (surface.triangle[32:] >= 0).all()
    assert surface.depth[59, 30] == pytest.approx(1.5 * 45 / 29.5, rel=0.02)


@pytest.mark.parametrize("subject", FACTORS["subject"])
def test_every_subject_stands_in_the_picture(subject: str) -> None:
    seen = see(_scene(subject=subject, facing="three-quarter"))
    mask = _role(seen, "subject")
    assert 0.015 < mask.mean() < 0.75
    assert not mask[0].any() and not mask[:, 0].any() and not mask[:, -1].any()
    assert all(p.material in MATERIALS for p in seen.parts)
    assert len({p.colour for p in seen.parts if p.role == "subject"}) >= 2
    assert any(line.kind == "outline" for line in seen.lines)


@pytest.mark.parametrize("place", FACTORS["place"])
def test_every_place_is_whole_and_leaves_the_subject_free(place: str) -> None:
    seen = see(_scene(place=place, perspective="two points", size=(128, 96)))
    bare = see(_scene(place="studio", perspective="two points", size=(128, 96)))
    assert np.isfinite(seen.depth).all() and np.isfinite(seen.normal).all() and np.isfinite(seen.uv).all()
    assert np.abs(np.linalg.norm(seen.normal, axis=-1) - 1).max() < 1e-3
    assert np.abs(np.linalg.norm(seen.flow, axis=-1) - 1).max() < 1e-3
    assert (_role(seen, "subject") & _role(bare, "subject")).sum() > 0.85 * _role(bare, "subject").sum()
    for field in (seen.lit, seen.occlusion, seen.haze, seen.albedo):
        assert field.dtype == np.float32 and field.min() >= 0 and field.max() <= 1
    assert (seen.part[_role(seen, "sky")] >= 0).all() and seen.part.dtype == np.int32


def test_the_same_scene_is_seen_the_same() -> None:
    scene = _scene(place="meadow", subject="cat")
    first, second = see(scene), see(Scene.from_dict(scene.to_dict()))
    assert np.array_equal(shade(first), shade(second))
    assert all(np.array_equal(a.points, b.points) for a, b in zip(first.lines, second.lines, strict=True))


def test_one_two_and_three_point_perspective() -> None:
    for word, count in (("one point", 1), ("two points", 2), ("three points", 3)):
        scene = _scene(place="town", perspective=word)
        assert perspective(scene, build(scene)).count == count
    scene = _scene(place="town")
    street = perspective(scene, build(scene))
    assert street.points[2] is not None and street.horizon is not None
    assert street.points[2][1] == pytest.approx(street.horizon[0][1], abs=1e-3)


def test_vanishing_points_are_where_parallels_meet() -> None:
    camera = Camera((3, 2, 6), (0, 1, 0), 0.1, 1.7, (0.2, -0.1))
    for axis in np.eye(3, dtype=np.float32):
        point = camera.vanishing(axis, 200, 100)
        far = camera.place(np.float32([0.3, -0.2, 0.5]) + axis * np.float32(3e6), 200, 100)
        assert point is not None and far[:2] == pytest.approx(point, abs=0.05)


def test_light_comes_from_where_the_word_says() -> None:
    sides = {}
    for light in ("left", "right"):
        seen = see(_scene(subject="lamp", light=light))
        mask = _role(seen, "subject")
        x = np.broadcast_to(np.arange(mask.shape[1]), mask.shape)
        sides[light] = np.average(x[mask], weights=seen.lit[mask] + 1e-6) - x[mask].mean()
        assert (seen.light.direction[0] < 0) == (light == "left")
    assert sides["left"] < 0 < sides["right"]
    behind = see(_scene(light="behind"))
    assert behind.light.direction[2] < 0
    assert see(_scene(light="above")).light.direction[1] > 0.9


def test_cast_shadows_fall_away_from_the_light() -> None:
    seen = see(_scene(subject="tower", light="left", hardness="hard", values="full range"))
    dark = (seen.lit < 0.1) & _role(seen, "ground") & (seen.normal[..., 1] > 0.5)
    assert dark.any()
    assert np.nonzero(dark)[1].mean() > np.nonzero(_role(seen, "subject"))[1].mean()


@pytest.mark.parametrize("factor", ["time", "light", "values", "palette", "weather", "hardness"])
def test_light_and_mood_change_colours_but_move_nothing(factor: str) -> None:
    base = see(_scene(place="cliff"), lines=False)
    for value in (FACTORS | MOODS)[factor][-3:]:
        other = see(_scene(place="cliff", **{factor: value}), lines=False)
        here, there = (
            [seen.parts[i].object for i in np.unique(seen.part[_role(seen, "subject")])] for seen in (base, other)
        )
        assert here == there and np.array_equal(_role(base, "subject"), _role(other, "subject"))
        assert np.array_equal(_role(base, "ground"), _role(other, "ground"))


def test_an_arm_moves_alone_and_a_frame_later_the_place_stays() -> None:
    base = _scene(place="cliff", size=(128, 128))
    moved = base.changed(moved=(("left upper arm", (0.9, 0.3, 0.1)), ("left forearm", (0.9, 0.4, 0.1))))
    later = base.changed(frame=0.3)
    first = see(base)
    for other in (see(moved), see(later)):
        apart = (first.albedo != other.albedo).any(-1)
        assert 0.0005 < apart.mean() < 0.06
        assert not apart[~_role(first, "subject") & ~_role(other, "subject")].any()


def test_every_pose_is_its_own() -> None:
    masks = [_role(see(_scene(pose=pose), lines=False), "subject") for pose in THING_WORDS["pose"]]
    for i, one in enumerate(masks):
        for other in masks[:i]:
            assert (one ^ other).sum() > 0.02 * one.sum()


@pytest.mark.parametrize("kind", PEOPLE)
def test_people_have_faces_in_front_and_none_behind(kind: str) -> None:
    front, back = (see(_scene(subject=kind, facing=f, camera="close")) for f in ("front", "back"))
    eyes = [np.isin(s.part, [i for i, p in enumerate(s.parts) if p.material == "eye"]).sum() for s in (front, back)]
    assert eyes[0] > 60 and eyes[1] == 0


def test_relations_hold() -> None:
    for relation, sign in (("left of", -1), ("right of", 1)):
        seen = see(_scene(subject="dog", other=Thing("chair", "blue"), relation=relation))
        x = [
            np.nonzero(np.isin(seen.part, [i for i, p in enumerate(seen.parts) if p.object == o]))[1].mean()
            for o in ("dog 0", "chair 1")
        ]
        assert np.sign(x[0] - x[1]) == sign
    on = build(_scene(subject="cat", other=Thing("chair", "blue"), relation="on"))
    cat = on.mesh.points[np.isin(on.mesh.part, [i for i, p in enumerate(on.parts) if p.object == "cat 0"])]
    assert cat[..., 1].min() == pytest.approx(float(on.spots["chair 1/seat"][1]), abs=0.05)
    depths = [see(_scene(subject="dog", other=Thing("house", "red"), relation=r)) for r in ("behind", "in front of")]
    z = [
        np.median(s.depth[np.isin(s.part, [i for i, p in enumerate(s.parts) if p.object == "dog 0"])])
        - np.median(s.depth[np.isin(s.part, [i for i, p in enumerate(s.parts) if p.object == "house 1"])])
        for s in depths
    ]
    assert z[0] > 0 > z[1]


def test_hands_meet_and_arms_embrace() -> None:
    for build_word in ("slim", "child"):
        hold = build(_scene(other=Thing("man", "blue", build=build_word), relation="holding hands"))
        gap = np.linalg.norm(hold.spots["girl 0/left wrist"] - hold.spots["man 1/right wrist"])
        assert gap < 0.12
    hug = build(_scene(subject="woman", other=Thing("man", "blue"), relation="hugging"))
    assert np.linalg.norm(hug.spots["woman 0/neck"] - hug.spots["man 1/neck"]) < 0.5


def test_counts_are_counted() -> None:
    for count in (1, 2, 3):
        seen = see(_scene(subject="bird", count=count))
        assert len({p.object for p in seen.parts if p.role == "subject"}) == count


def test_letters_are_cut_whole() -> None:
    # the area of the front faces of B is its outline less its two holes: nothing is filled, nothing is missing
    for ch, holes in (("B", 2), ("O", 1), ("T", 0)):
        solids = letters(ch, 1.0, 0.1)
        p = np.concatenate([s.points for s in solids])
        front = p[(p[..., 2] > 0.049).all(1)]
        flat = np.cross(front[:, 1, :2] - front[:, 0, :2], front[:, 2, :2] - front[:, 0, :2]) / 2
        assert (flat > -1e-6).all()
        covered = float(flat.sum())
        extent = np.ptp(p[..., 0]) * np.ptp(p[..., 1])
        assert {0: 0.2, 1: 0.5, 2: 0.5}[holes] < covered / extent < {0: 0.75, 1: 0.85, 2: 0.9}[holes]


def test_a_plain_picture_is_lit_by_the_hour() -> None:
    light = {
        t: float(reduced(shade(see(_scene(place="cliff", time=t), lines=False)), 2).mean()) for t in FACTORS["time"]
    }
    assert light["night"] < 0.6 * light["noon"]
    assert light["noon"] == max(light.values())
