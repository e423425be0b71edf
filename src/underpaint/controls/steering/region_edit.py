"""Edits that act in one region of the estimate alone: they are shown that place as a picture by itself."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from underpaint.controls.region_place import Place, mirrored
from underpaint.engine.loop import edited, in_order
from underpaint.engine.protocols import Edit, Stage, Step
from underpaint.imaging.geometry import Extent


class RegionEdit:
    """What several edits change of the region at `place`, as far as it belongs to the region and `strength` says at a
    share of the run. It comes after what edits the whole picture, and so has the last word there.

    `canvas` is the size of the pass in pixels; the edits were made for the place's box.
    """

    stage: Stage = "projection"

    def __init__(self, edits: Sequence[Edit], place: Place, canvas: Extent, strength: Callable[[float], float],
                 key: str) -> None:
        self._edits, self._place, self._canvas = in_order(edits), place, canvas
        self._strength = strength
        self._cells: dict[tuple[int, int], tuple[tuple[slice, slice], Tensor, Tensor]] = {}
        self.key = f"region {key}"

    def __call__(self, estimate: Tensor, step: Step) -> Tensor:
        strength = min(self._strength(step.fraction), 1.0)
        if strength == 0:
            return estimate
        (rows, columns), share, mirror = self._at(int(estimate.shape[-2]), int(estimate.shape[-1]))
        part = estimate[..., rows, columns]
        seen = part.flatten(-2)[..., mirror.to(part.device)].reshape(part.shape)
        change = edited(seen, step, self._edits) - seen
        changed = estimate.clone()
        changed[..., rows, columns] += strength * share.to(change) * change
        return changed

    def _at(self, height: int, width: int) -> tuple[tuple[slice, slice], Tensor, Tensor]:
        """The box in cells of an estimate, and for each of its cells the share and the number of the cell seen there.
        """
        if (height, width) not in self._cells:
            box = self._place.box
            down, across = height / self._canvas.height, width / self._canvas.width
            rows = slice(round(box.y * down), round(box.bottom * down))
            columns = slice(round(box.x * across), round(box.right * across))
            cells = (rows.stop - rows.start, columns.stop - columns.start)
            share = interpolate(torch.from_numpy(self._place.share)[None, None], cells, mode="area")[0, 0]
            mirror = torch.from_numpy(mirrored(share.numpy()).ravel()).long()
            self._cells[height, width] = (rows, columns), share, mirror
        return self._cells[height, width]
