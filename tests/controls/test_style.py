"""Style: its statistics reach the estimate, its pictures the attention of UNets; the check knows the way of painting
from the picture that was painted so."""

from pathlib import Path

import numpy as np
import pytest
import torch
from kit.controls import EXAMPLES, HEIGHT, WIDTH, blob, manner, shapes
from kit.tiny_models import tiny_components
from torch import Tensor

from underpaint.controls.ground import Ground
from underpaint.controls.shape import Kept, Tools
from underpaint.controls.spec import parse_spec
from underpaint.controls.steering.oklab import to_oklab
from underpaint.controls.steering.style_edit import style_change
from underpaint.controls.style import Style, pictures_on
from underpaint.controls.style_check import check_style, likeness
from underpaint.engine.attachments.region_attention import RegionAttention
from underpaint.engine.attachments.shared_attention import SharedAttention, aligned
from underpaint.engine.engine import Engine
from underpaint.engine.run import Run
from underpaint.errors import PlanError, RecipeError
from underpaint.imaging.geometry import Bounds, Extent
from underpaint.recipe import Guidance, Sampling, StyleControl

EXAMPLE = EXAMPLES["style"]()
CONTROL = EXAMPLE.control
assert isinstance(CONTROL, StyleControl)
WHOLE = Extent(48, 32)


def ground() -> Ground:
    return Ground(WHOLE, Bounds.whole(WHOLE), WHOLE, EXAMPLE.ground().pixels)


def as_tensor(picture: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)[None]


def test_the_change_brings_colours_to_those_of_the_style() -> None:
    lab, wanted = to_oklab(as_tensor(manner(3, inked=False))), to_oklab(as_tensor(manner(1, inked=True)))
    flat = wanted.flatten(2)[0].double()
    mean = flat.mean(1)
    spread = (flat - mean[:, None]) @ (flat - mean[:, None]).T / flat.shape[1]
    bands = torch.tensor([0.1, 0.1])
    now = lab
    for _ in range(12):
        now = now + style_change(now, mean, spread, bands)
    own = now.flatten(2)[0].double()
    assert (own.mean(1) - mean).abs().max() < 0.02
    assert (own[1:].std(1) / flat[1:].std(1) - 1).abs().max() < 0.2
    before = lab.flatten(2)[0].double()
    assert (before.mean(1) - mean).abs().max() > 0.2


def test_a_grey_estimate_is_not_blown_up_into_colours() -> None:
    lab = torch.zeros(1, 3, 12, 16)
    lab[:, 0] = torch.linspace(0.2, 0.8, 16)
    moved = style_change(lab, torch.tensor([0.5, 0.1, 0.0]), torch.eye(3) * 0.02, torch.tensor([0.05, 0.05]))
    assert torch.isfinite(moved).all() and moved.abs().max() < 0.5


def test_features_are_brought_into_line_by_their_share() -> None:
    drawn = torch.Generator().manual_seed(0)
    own, theirs = torch.randn(2, 40, 8, generator=drawn), 3 + 2 * torch.randn(1, 60, 8, generator=drawn)
    whole = aligned(own, theirs, 1.0)
    assert torch.allclose(whole.mean(1), theirs.mean(1).expand(2, -1), atol=1e-4)
    assert torch.allclose(whole.std(1), theirs.std(1).expand(2, -1), atol=1e-3)
    assert torch.equal(aligned(own, theirs, 0.0), own)


@pytest.mark.parametrize(("family", "how", "hangs"), [
    ("sd", "shared", 1), ("sdxl", "reference", 1), ("sd", "statistics", 0), ("sd3", "best", 0), ("flux", "best", 0)])
def test_every_family_follows_a_style_and_is_left_as_it_was(family: str, how: str, hangs: int) -> None:
    engine = Engine(tiny_components(family), "cpu", torch.float32)
    tools = Tools(lambda: engine.colours, encode=engine.encode, attends=family in ("sd", "sdxl"))
    steering = Style().steer(CONTROL.changed(how=how), ground(), tools)
    assert (len(steering.attachments), len(steering.edits)) == (hangs, 1)

    def run(edits: bool, attachments: bool) -> Tensor:
        return engine.run(Run(prompt="a cat", negative_prompt="b", width=48, height=32, seed=1,
                              sampling=Sampling(sampler="euler", steps=2), guidance=Guidance(scale=3),
                              edits=steering.edits if edits else (),
                              attachments=steering.attachments if attachments else ()))

    bare = run(False, False)
    assert not torch.equal(run(True, False), bare)
    assert torch.equal(run(False, True), bare) == (hangs == 0)
    assert torch.equal(run(False, False), bare)


def test_a_model_for_filling_looks_at_pictures_too() -> None:
    engine = Engine(tiny_components("sd", channels_in=9), "cpu", torch.float32)
    latents = engine.encode(np.ascontiguousarray(pictures_on(CONTROL, ground())[0]))
    run = Run(prompt="a cat", width=48, height=32, seed=1, sampling=Sampling(sampler="euler", steps=1),
              guidance=Guidance(scale=1), attachments=(SharedAttention(lambda: latents, lambda _: 0.7, align=True),))
    assert torch.isfinite(engine.run(run)).all()


def test_what_a_model_cannot_do_is_refused_with_the_way_out() -> None:
    tools = Tools(lambda: None)
    with pytest.raises(PlanError, match="no attention"):
        Style().steer(CONTROL.changed(how="shared"), ground(), tools)
    with pytest.raises(PlanError, match="no IP-Adapter"):
        Style().steer(CONTROL.changed(how="adapter"), ground(), tools)


def test_pictures_cover_the_canvas_in_their_own_shape() -> None:
    blobs: dict[str, bytes] = {}
    tall = np.zeros((200, 40, 3), np.float32)
    tall[80:120] = 1
    control = StyleControl(pictures=(blob(tall, blobs),))
    from underpaint.pictures import read_picture

    laid = Ground(WHOLE, Bounds.whole(WHOLE), WHOLE, lambda one: read_picture(blobs[one.sha256]).pixels)
    shown, = pictures_on(control, laid)
    assert shown.shape == (32, 48, 3) and shown.mean() > 0.95


def test_a_copy_is_told_also_mirrored_and_cut() -> None:
    picture, _ = shapes(1)
    rng = np.random.default_rng(2)
    detailed = np.clip(picture + 0.15 * rng.standard_normal((HEIGHT // 4, WIDTH // 4, 1)).repeat(4, 0).repeat(4, 1),
                       0, 1).astype(np.float32)
    assert likeness(detailed[:, ::-1] * 0.8, detailed) > 0.8
    assert likeness(detailed[10:86, 15:115], detailed) > 0.6
    assert likeness(shapes(7)[0], detailed) < 0.6
    copied = check_style(detailed * 0.9, [detailed])
    assert copied.is_copy and "copies" in copied.sentence() and copied.score <= 0.5


class Files:
    def picture(self, path: Path) -> Kept:
        return Kept(CONTROL.pictures[0].changed(name=path.name), b"")


def test_several_pictures_are_typed_with_commas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a,b.png").touch()

    def names(text: str) -> list[str]:
        control = Style().read(parse_spec(text, ("style",)), Files()).control
        assert isinstance(control, StyleControl)
        return [one.name for one in control.pictures]

    assert names("style=one.png,two/three.png:0.8") == ["one.png", "three.png"]
    assert names("style=a,b.png") == ["a,b.png"]
    chosen = Style().read(parse_spec("style=a.png+adapter=ip_plus", ("style",)), Files()).control
    assert isinstance(chosen, StyleControl) and (chosen.how, chosen.adapter.name) == ("adapter", "ip_plus")
    for wrong in ("style", "style=" + ",".join("abcdefghi")):
        with pytest.raises(RecipeError):
            names(wrong)


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (200, 2)])
def test_a_style_may_be_a_spot_or_a_strip(shape: tuple[int, int]) -> None:
    strip = np.full((*shape, 3), 0.4, np.float32)
    found = check_style(EXAMPLE.follows, [strip])
    assert 0 <= found.score <= 1 and not found.is_copy


def test_pictures_that_are_looked_at_have_no_regions() -> None:
    """What attention sees in them does not hang on words for a part of the painting."""
    engine = Engine(tiny_components("sd"), "cpu", torch.float32)
    latents = engine.encode(np.ascontiguousarray(pictures_on(CONTROL, ground())[0]))
    mask = np.zeros((32, 48), np.float32)
    mask[:, :24] = 1
    seen: list[dict[str, Tensor]] = []

    def painted(*before: RegionAttention) -> Tensor:
        shared = SharedAttention(lambda: latents, lambda _: 0.7, align=True)
        return engine.run(Run(prompt="a cat", negative_prompt="b", width=48, height=32, seed=1,
                              sampling=Sampling(sampler="euler", steps=1), guidance=Guidance(scale=3),
                              attachments=(*before, shared), observers=(lambda _: seen.append(dict(shared._seen)),)))

    assert not torch.equal(painted(), painted(RegionAttention("kite", mask, lambda _: 1.0)))
    assert seen[0].keys() and all(torch.equal(seen[0][name], seen[1][name]) for name in seen[0])
