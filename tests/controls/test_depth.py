"""Depth where no adapter is: on the estimate, by what the built-in model's reader of depth sees, and told so."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from kit.controls import EXAMPLES, Example
from torch import Tensor

from underpaint.controls.depth import check_depth, near_on, told_on
from underpaint.controls.extractors import Extractor, depth_reader, extractor, reading_with
from underpaint.controls.ground import Ground
from underpaint.controls.shape import Tools
from underpaint.controls.steering.depth_edit import UNTIL, Pairs, disorder
from underpaint.controls.table import CONTROLS, Steered, steer
from underpaint.engine.families.extractor_nets import Extractors
from underpaint.engine.latent_colours import LatentColours
from underpaint.engine.protocols import Step
from underpaint.errors import PictureError
from underpaint.imaging.geometry import Bounds, Extent
from underpaint.models.primer import PRIMER, primer_folder

PLAIN = LatentColours(torch.eye(3), torch.zeros(3), torch.eye(3))
"""Latents that are colours."""


def ground(example: Example, width: int = 128, height: int = 96, area: Bounds | None = None) -> Ground:
    extent = Extent(width, height)
    area = area or Bounds.whole(extent)
    return Ground(extent, area, area.extent, example.ground().pixels)


def steered(example: Example, colours: LatentColours = PLAIN, **fields: object) -> Steered:
    return steer([example.control.changed(**fields)], ground(example), Tools(lambda: colours))


def step(fraction: float = 0.0) -> Step:
    return Step(round(fraction * 100), 0, 100, 0, 100, 500.0, 1.0, 1.0, 1.0)


def meadow() -> Tensor:
    """Soft colours as an early estimate has them: a pale sky over a green ground, nothing left or right."""
    down = torch.linspace(0, 1, 24)[:, None].expand(24, 32)
    return torch.stack([0.8 - 0.5 * down, 0.85 - 0.35 * down, 0.95 - 0.75 * down])[None]


def seen(colours: Tensor) -> np.ndarray:
    return depth_reader()(colours)[0].numpy()


def test_without_an_adapter_what_is_seen_comes_into_the_order_of_the_map() -> None:
    """The picture becomes nearer on the right, which it was not, and not after the mirrored map."""
    example = EXAMPLES["depth"]()
    edit, = steered(example).edits
    before = after = meadow()
    for number in range(6):
        after = edit(after, step(number / 10))
    near = near_on(example.control, ground(example))
    small = [np.asarray(torch.nn.functional.interpolate(torch.from_numpy(one)[None, None], (96, 128))[0, 0])
             for one in (seen(before), seen(after))]
    was, now = (check_depth(one, near) for one in small)
    mirrored = check_depth(small[1], np.ascontiguousarray(near[:, ::-1]))
    assert was.beside is not None and now.beside is not None and mirrored.beside is not None
    assert was.beside < 0.7 < 0.85 < now.beside and mirrored.beside < 0.5 and now.order > was.order + 0.2
    assert float((after - before).abs().max()) <= 6 * 0.8 and torch.equal(before, meadow())


def test_it_acts_while_masses_are_decided_as_strongly_as_asked() -> None:
    example, estimate = EXAMPLES["depth"](), meadow()
    once, half = (steered(example, weight=weight).edits[0](estimate, step()) - estimate for weight in (1.0, 0.5))
    assert float(half.square().mean()) < float(once.square().mean())
    edit, = steered(example).edits
    assert edit(estimate, step(UNTIL)) is estimate
    again, = steered(example).edits
    assert torch.equal(again(estimate, step()), estimate + once)


def test_a_gradient_that_is_no_number_is_left_out_and_counted() -> None:
    example, bad = EXAMPLES["depth"](), float("nan")
    for colours in (LatentColours(torch.eye(3) * bad, torch.zeros(3), torch.eye(3)),
                    LatentColours(torch.eye(3), torch.zeros(3), torch.eye(3) * bad)):
        made = steered(example, colours)
        assert torch.equal(made.edits[0](meadow(), step()), meadow()) and made.unguided["depth"] == 1


def test_where_a_map_says_nothing_nothing_is_asked_or_measured() -> None:
    example = EXAMPLES["depth"]()
    near = np.tile(np.linspace(0, 1, 128, dtype=np.float32), (96, 1))
    layer = np.dstack([near, near, near, np.zeros_like(near)])
    layer[:, :64, 3] = 1
    place = Ground(Extent(128, 96), Bounds(0, 0, 128, 96), Extent(128, 96), lambda _: layer)
    told = told_on(example.control, place)
    assert told[:, :60].min() == 1 and told[:, 68:].max() == 0
    found = near.copy()
    found[:, 64:] = 0.1
    assert check_depth(found, near, told).order == 1 and check_depth(found, near).order < 0.9
    pairs = Pairs.of(near, told, 0.08)
    assert len(pairs.nearer) and int((torch.cat([pairs.nearer, pairs.farther]) % 128).max()) < 66
    layer[..., 3] = 0
    with pytest.raises(PictureError, match="of one grey"):
        near_on(example.control, place)
    beside = Ground(Extent(400, 96), Bounds(0, 0, 400, 96), Extent(400, 96), example.ground().pixels)
    assert told_on(example.control, beside)[:, :100].max() == 0 and told_on(example.control, beside)[:, 200].min() == 1


def test_a_crop_in_which_all_is_equally_far_is_left_alone() -> None:
    example = EXAMPLES["depth"]()
    near = np.zeros((96, 128, 3), np.float32)
    near[:, 100:] = 1
    place = Ground(Extent(128, 96), Bounds(0, 0, 64, 64), Extent(64, 64), lambda _: near)
    edit, = steer([example.control], place, Tools(lambda: PLAIN)).edits
    assert edit(meadow(), step()) is not None and torch.equal(edit(meadow(), step()), meadow())


def test_pairs_are_counted_by_their_order_alone() -> None:
    """Whatever scale and shift nearness is read in; and wholly turned round is the worst."""
    near = np.tile(np.linspace(0, 1, 32, dtype=np.float32), (24, 1))
    pairs = Pairs.of(near, np.ones_like(near), 0.08)
    right = torch.from_numpy(near)[None]
    low, other, high = (float(disorder(one, pairs)) for one in (right, 0.2 + 0.1 * right, 1 - right))
    assert low == pytest.approx(other, abs=1e-4) and low < 0.1 < 0.8 < high


def test_the_reader_sees_coarse_colours_as_the_extractor_sees_the_picture() -> None:
    picture = torch.nn.functional.interpolate(meadow(), (192, 256), mode="bilinear")[0].permute(1, 2, 0).numpy()
    coarse, fine = seen(meadow()), Extractors.load(primer_folder()).depth(picture)
    rows = [np.asarray([half.mean() for half in np.array_split(one.mean(1), 6)]) for one in (coarse, fine)]
    assert np.corrcoef(rows[0], rows[1])[0, 1] > 0.95
    reader = depth_reader()
    assert [reader.size(cells) for cells in ((32, 32), (4, 6), (128, 128))] == [(64, 64), (48, 80), (128, 128)]
    assert reader.size((16, 256))[1] > 3 * reader.size((16, 256))[0]


@pytest.mark.parametrize(("names", "by", "attached", "who", "said"), [
    ((PRIMER,), "", False, PRIMER, "the same eyes that steered ("),
    ((PRIMER,), PRIMER, False, PRIMER, "the same eyes that steered and made the map ("),
    ((PRIMER,), "", True, PRIMER, ""),
    (("other", PRIMER), "", False, "other", ""),
    (("other", PRIMER), "other", False, "other", "the same eyes that made the map ("),
    (("other", PRIMER), "other", True, PRIMER, ""),
    (("other", "third", PRIMER), "other", False, "third", ""),
    ((PRIMER,), "", None, PRIMER, ""),
])
def test_somebody_else_than_steered_checks_where_there_are_two(names: tuple[str, ...], by: str, attached: bool | None,
                                                               who: str, said: str) -> None:
    example = EXAMPLES["depth"]()
    control = example.control.changed(by=by)
    lain = ground(example)
    known = None if attached is None else frozenset([control.to_key()] if attached else [])
    with reading_with(lambda _: [Extractor(one, "trust", lambda picture: picture.mean(-1)) for one in names]):
        found = CONTROLS["depth"].check(example.follows, control, replace(lain, attached=known))
        assert extractor("depth").name == names[0]
    assert found is not None and found.measured["by"] == who and found.measured["same_eyes"] == bool(said)
    assert said in found.says and found.measured["beside"] > 0.95 and "side by side" in found.says
