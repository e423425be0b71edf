"""What a region has of its own besides words: controls that are followed, and measured, in its place alone."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import numpy as np

from underpaint.controls.ground import Ground
from underpaint.controls.region_place import Place, mask_on
from underpaint.controls.shape import Check, ControlShape, Settle, Steering, Tools
from underpaint.imaging.arrays import FloatArray
from underpaint.imaging.geometry import Extent
from underpaint.prompt import take_networks
from underpaint.recipe import Control, RegionControl

if TYPE_CHECKING:
    from underpaint.engine.protocols import Edit

_ODD = re.compile(r"[^\w .()-]+")
Shapes = Mapping[str, ControlShape[Any]]


@dataclass(frozen=True, eq=False)
class Inside:
    """A region's own controls in one pass: `region` as it lies there, `mask` it covers on the canvas of `ground`, `key`
    that its calls of the model are known by."""

    region: RegionControl
    mask: FloatArray
    ground: Ground
    key: object

    def steer(self, shapes: Shapes, tools: Tools) -> Steering:
        """What hangs on to the region's calls, and what changes its place in the estimate and in the finished pixels.

        What is attached sees the maps as they lie in the whole picture; what edits is made for the region's box.
        """
        from underpaint.controls.steering.region_edit import RegionEdit  # needs torch
        from underpaint.engine.protocols import Joins

        controls, place = own_controls(self.region), Place.of(self.mask)
        if place is None or not controls:
            return Steering()
        made = [shapes[one.kind].steer(one, self.ground, tools) for one in controls]
        attached = [one for each in made for one in each.attachments]
        assert all(isinstance(one, Joins) for one in attached)
        there = place.ground(self.ground)
        boxed = [shapes[one.kind].steer(one, there, tools) for one, whole in zip(controls, made, strict=True)
                 if whole.edits or whole.settles or whole.bends]
        edits = [edit for each in boxed for edit in each.edits]
        every: tuple[Edit, ...] = (RegionEdit(edits, place, self.ground.canvas, self.region.strength_at,
                                              self.region.to_key()),) if edits else ()
        return Steering(tuple(one.within(self.key) for one in attached if isinstance(one, Joins)), every,
                        tuple(self._settled(place, one) for each in boxed for one in each.settles),
                        tuple(self._settled(place, one) for each in boxed for one in each.bends))

    def _settled(self, place: Place, settle: Settle) -> Settle:
        return partial(_in_place, place=place, settle=settle, strength=min(self.region.weight, 1.0))


def _in_place(picture: FloatArray, place: Place, settle: Settle, strength: float) -> FloatArray:
    return place.laid(picture, settle(place.cut(picture)), strength)


def own_controls(control: Control) -> list[Control]:
    """The controls of a region that weigh something, in an order of their own; none of any other control."""
    if not isinstance(control, RegionControl) or not control.weight:
        return []
    return sorted((one for one in control.controls if one.weight > 0), key=lambda one: one.to_key())


def everything(controls: Iterable[Control]) -> list[Control]:
    """Controls, each region followed by those of its own."""
    return [one for control in controls for one in (control, *own_controls(control))]


def called(region: RegionControl) -> str:
    """The name of a region, for people and in names of files: that of its mask, else its words."""
    said = PurePath(region.mask.name).stem or plain_words(region) or "a region"
    return _ODD.sub("_", said)[:40]


def plain_words(region: RegionControl) -> str:
    """A region's words without the LoRAs that they name."""
    return take_networks(region.words)[0].strip()


def check_inside(shape: ControlShape[Any], control: Control, region: RegionControl, picture: FloatArray,
                 ground: Ground) -> Check | None:
    """How well a finished picture (H x W x 3) follows a region's own control where the region is; None where that asks
    for nothing that can be measured, or the region is not in the picture."""
    place = Place.of(mask_on(region, ground))
    if place is None:
        return None
    part = place.seen(place.cut(picture))
    there = replace(place.ground(ground), prompt=plain_words(region) or ground.prompt)
    found = shape.check(part, control, there)
    if found is None:
        return None
    return replace(found, overlay=partial(_overlay, place=place, check=found, whole=Extent.of(picture)))


def _overlay(picture: FloatArray, place: Place, check: Check, whole: Extent) -> FloatArray:
    """What a check shows, in its place; the rest of the picture is paler."""
    assert Extent.of(picture) == whole
    pale = np.asarray(0.4 * picture[..., :3] + 0.6, dtype=np.float32)
    return place.laid(pale, check.overlay(place.seen(place.cut(picture[..., :3]))))
