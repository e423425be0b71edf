"""Forward hooks that add a change beside a layer, in the cheapest form the change allows.

Low-rank and Kronecker changes stay in their small form; everything else is multiplied out once, at attaching, and kept
in the layer's own dtype: as much memory again as the layers it changes.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from underpaint.engine.attachments.lora_changes import Change, Hadamard, Kronecker, LowRank
from underpaint.engine.attachments.lora_file import LayerChange
from underpaint.engine.attachments.lora_targets import Rows, Target
from underpaint.errors import ModelError

Hook = Callable[[nn.Module, tuple[Any, ...], Tensor], Tensor]
Extra = Callable[[Tensor], Tensor]


def hook_for(target: Target, change: LayerChange, weight: float) -> list[tuple[nn.Module, Hook]]:
    """The hooks that add `weight` times a change to the layers of a target.

    Raises:
        ModelError: the change needs the layer's own weights, and these are not at hand.
    """
    small = _small(change.weight, target)
    values = _multiplied_out(target, change) if change.weight is not None and small is None else None
    found = []
    for spot in target.spots:
        own = None if values is None else _rows(values, spot.rows)
        bias = None if change.bias is None else _rows(change.bias, spot.rows)
        if isinstance(small, LowRank):
            part = small if spot.rows is None else small.rows(spot.rows)
            extra = _low_rank(spot.layer, part, bias)
        elif isinstance(small, Kronecker):
            extra = _kronecker(spot.layer, small, bias)
        else:
            extra = _dense(spot.layer, own, bias)
        found.append((spot.layer, _adding(extra, weight)))
    return found


def _small(change: Change | None, target: Target) -> LowRank | Kronecker | None:
    """The small form of a change; a Kronecker product cannot be cut into rows."""
    if isinstance(change, Hadamard):
        return change.low_rank(target.shape)
    if isinstance(change, LowRank) or (isinstance(change, Kronecker) and target.spots[0].rows is None):
        return change
    return None


def _multiplied_out(target: Target, change: LayerChange) -> Tensor:
    weight = target.weight()
    if weight.is_meta or not weight.is_floating_point():
        raise ModelError(
            f"{change.part} {change.name} is kept compressed or outside the memory, and this LoRA can "
            "only be added to plain weights",
            hint="Use a plain LoRA, or run on more memory.",
            field="loras",
        )
    assert change.weight is not None
    with torch.no_grad():
        return change.weight.dense(weight)


def _rows(values: Tensor, rows: Rows | None) -> Tensor:
    return values if rows is None else torch.cat([values[first:last] for first, last in rows])


def _adding(extra: Extra, weight: float) -> Hook:
    def add(layer: nn.Module, given: tuple[Any, ...], out: Tensor) -> Tensor:
        return torch.add(out, extra(given[0]).to(out), alpha=weight)

    return add


def _placed(layer: nn.Module, *values: Tensor | None) -> list[Tensor | None]:
    """In the layer's own dtype and on its device, once, so that no step has to move them."""
    weight = layer.weight
    if not isinstance(weight, Tensor) or weight.is_meta or not weight.is_floating_point():
        return list(values)  # offloaded or quantised: moved call by call
    return [None if value is None else value.detach().to(weight) for value in values]


def _low_rank(layer: nn.Module, low: LowRank, bias: Tensor | None) -> Extra:
    down, up, mid, placed_bias = _placed(layer, low.down, low.up, low.mid, bias)
    assert down is not None
    assert up is not None
    if not isinstance(layer, nn.Conv2d):
        down, up = down.flatten(1), up.flatten(1)
        return lambda x: _biased(functional.linear(functional.linear(x, down.to(x)), up.to(x)) * low.scale, placed_bias)
    down, up = (part.reshape(*part.shape[:2], *(part.shape[2:] or (1, 1))) for part in (down, up))
    whole = _geometry(layer)

    def convolved(x: Tensor) -> Tensor:
        inside = functional.conv2d(x, down.to(x), **({} if mid is not None else whole))
        if mid is not None:
            inside = functional.conv2d(inside, mid.to(x), **whole)
        return _biased(functional.conv2d(inside, up.to(x)) * low.scale, placed_bias, channels=True)

    return convolved


def _kronecker(layer: nn.Module, change: Kronecker, bias: Tensor | None) -> Extra:
    """(A kron B) x by A and B one after the other: x is folded into blocks, B works inside them, A across them."""
    ones = torch.ones((), dtype=torch.float32)
    a = change.left[0].float() if len(change.left) == 1 else change.left[0].float() @ change.left[1].float()
    shape = tuple(layer.weight.shape) if isinstance(layer.weight, Tensor) else ()
    inner = Kronecker((ones.reshape(1, 1),), change.right, change.core, change.scale)
    blank = torch.empty((shape[0] // a.shape[0], shape[1] // a.shape[1], *shape[2:]), device="cpu")
    left, right, placed_bias = _placed(layer, a, inner.dense(blank), bias)
    assert left is not None
    assert right is not None
    if not isinstance(layer, nn.Conv2d):

        def folded(x: Tensor) -> Tensor:
            blocks = x.reshape(*x.shape[:-1], left.shape[1], right.shape[1])
            inside = functional.linear(blocks, right.to(x))
            across = torch.einsum("lm,...mk->...lk", left.to(x), inside)
            return _biased(across.reshape(*x.shape[:-1], -1), placed_bias)

        return folded
    whole = _geometry(layer)

    def convolved(x: Tensor) -> Tensor:
        blocks = x.reshape(-1, right.shape[1], *x.shape[2:])
        inside = functional.conv2d(blocks, right.to(x), **whole)
        inside = inside.reshape(x.shape[0], left.shape[1], *inside.shape[1:])
        across = torch.einsum("lm,nmkhw->nlkhw", left.to(x), inside)
        return _biased(across.reshape(x.shape[0], -1, *across.shape[3:]), placed_bias, channels=True)

    return convolved


def _dense(layer: nn.Module, values: Tensor | None, bias: Tensor | None) -> Extra:
    values, bias = _placed(layer, values, bias)
    if isinstance(layer, nn.GroupNorm | nn.LayerNorm):
        return _normalised(layer, values, bias)
    if values is None:
        assert bias is not None
        return lambda x: bias.reshape(-1, 1, 1) if isinstance(layer, nn.Conv2d) else bias
    if isinstance(layer, nn.Conv2d):
        whole = _geometry(layer)
        return lambda x: functional.conv2d(x, values.to(x), _like(bias, x), **whole)
    return lambda x: functional.linear(x, values.to(x), _like(bias, x))


def _normalised(layer: nn.GroupNorm | nn.LayerNorm, values: Tensor | None, bias: Tensor | None) -> Extra:
    """A norm is linear in its scale and shift, so their changes work on the same normalised values."""
    values = torch.zeros_like(layer.weight) if values is None else values

    def change(x: Tensor) -> Tensor:
        if isinstance(layer, nn.GroupNorm):
            return functional.group_norm(x, layer.num_groups, values.to(x), _like(bias, x), layer.eps)
        return functional.layer_norm(x, layer.normalized_shape, values.to(x), _like(bias, x), layer.eps)

    return change


def _geometry(layer: nn.Conv2d) -> dict[str, Any]:
    return {"stride": layer.stride, "padding": layer.padding, "dilation": layer.dilation}


def _biased(out: Tensor, bias: Tensor | None, *, channels: bool = False) -> Tensor:
    if bias is None:
        return out
    return out + (bias.to(out).reshape(-1, 1, 1) if channels else bias.to(out))


def _like(value: Tensor | None, x: Tensor) -> Tensor | None:
    return None if value is None else value.to(x)
