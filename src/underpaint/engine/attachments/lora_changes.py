"""The ways a LoRA file writes down a change of one weight, and the dense change each of them stands for.

Shapes are asked with `fits` before anything is multiplied out, so a file that lies about them costs no memory. Every
`dense` returns float32 in the shape of the weight, with alpha / rank already in it.
"""

import math
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor

Shape = tuple[int, ...]


class Change(Protocol):
    """What a weight (out x in, with a kernel behind it for convolutions) gains."""

    @property
    def scale(self) -> float: ...

    def fits(self, shape: Shape) -> bool:
        """Whether this can be the change of a weight of this shape."""
        ...

    def dense(self, weight: Tensor) -> Tensor:
        """The change itself; only some kinds look at the weight's values."""
        ...


@dataclass(frozen=True)
class LowRank:
    """``scale * up(mid(down(x)))`` (Hu et al. 2021); `mid` only in LoCon's Tucker form (a k x k core)."""

    down: Tensor
    up: Tensor
    mid: Tensor | None
    scale: float

    @property
    def rank(self) -> int:
        """The number of directions."""
        return self.down.shape[0]

    def fits(self, shape: Shape) -> bool:
        if self.down.ndim not in (2, 4) or self.up.ndim not in (2, 4) or len(shape) not in (2, 4) or not self.rank:
            return False
        kernel = shape[2:]
        inside = (self.rank, self.rank, *(kernel or (1, 1)))
        if self.mid is not None and (not kernel or tuple(self.mid.shape) != inside):
            return False
        inner = kernel if self.mid is None else (1,) * len(kernel)
        down = (tuple(self.down.shape[:2]), tuple(self.down.shape[2:]) or (1, 1))
        up = (tuple(self.up.shape[:2]), all(side == 1 for side in self.up.shape[2:]))
        return down == ((self.rank, shape[1]), inner or (1, 1)) and up == ((shape[0], self.rank), True)

    def dense(self, weight: Tensor) -> Tensor:
        down, up = (part.to(weight.device, torch.float32).flatten(1) for part in (self.down, self.up))
        if self.mid is not None:
            mid = self.mid.to(weight.device, torch.float32)
            return torch.einsum("op,pqhw,qi->oihw", up, mid, down) * self.scale
        return (up @ down).reshape(weight.shape) * self.scale

    def rows(self, spans: tuple[tuple[int, int], ...]) -> "LowRank":
        """The same for some rows of the weight only."""
        return replace(self, up=torch.cat([self.up[first:last] for first, last in spans]))


@dataclass(frozen=True)
class Factors:
    """One of LoHa's two matrices: ``a @ b``, or with a core (Tucker) ``sum a[i, p] b[j, r] core[i, j, ...]``."""

    a: Tensor
    b: Tensor
    core: Tensor | None

    def fits(self, shape: Shape) -> bool:
        if self.a.ndim != 2 or self.b.ndim != 2 or len(shape) < 2:
            return False
        if self.core is None:
            columns = math.prod(shape[1:])
            return self.a.shape[1] == self.b.shape[0] and (self.a.shape[0], self.b.shape[1]) == (shape[0], columns)
        ranks = (self.a.shape[0], self.b.shape[0])
        return (self.a.shape[1], self.b.shape[1]) == shape[:2] and tuple(self.core.shape) == (*ranks, *shape[2:])

    def dense(self, shape: Shape, device: torch.device) -> Tensor:
        a, b = self.a.to(device, torch.float32), self.b.to(device, torch.float32)
        if self.core is None:
            return (a @ b).reshape(shape)
        return torch.einsum("ij...,jr,ip->pr...", self.core.to(device, torch.float32), b, a)


@dataclass(frozen=True)
class Hadamard:
    """LoHa: the product, number by number, of two low-rank matrices (Hyeon-Woo et al. 2022, FedPara)."""

    first: Factors
    second: Factors
    scale: float

    def fits(self, shape: Shape) -> bool:
        return self.first.fits(shape) and self.second.fits(shape)

    def dense(self, weight: Tensor) -> Tensor:
        shape = tuple(weight.shape)
        return self.first.dense(shape, weight.device) * self.second.dense(shape, weight.device) * self.scale

    def low_rank(self, shape: Shape) -> LowRank | None:
        """The same as a plain low-rank change of rank r1 * r2, where that is smaller than the weight; else None."""
        first, second = self.first, self.second
        if first.core is not None or second.core is not None:
            return None
        rank, columns = first.b.shape[0] * second.b.shape[0], math.prod(shape[1:])
        if rank * (shape[0] + columns) > shape[0] * columns // 2:
            return None
        up = (first.a.float()[:, :, None] * second.a.float()[:, None, :]).reshape(shape[0], rank)
        down = (first.b.float()[:, None, :] * second.b.float()[None, :, :]).reshape(rank, *shape[1:])
        return LowRank(down, up.reshape(*up.shape, *(1 for _ in shape[2:])), None, self.scale)


@dataclass(frozen=True)
class Kronecker:
    """LoKr: the Kronecker product of a small matrix with another (Yeh et al. 2024); each whole or as a product.

    `left` and `right` hold one tensor (whole) or two (a, b: ``a @ b``); `core` is the right one's Tucker core.
    """

    left: tuple[Tensor, ...]
    right: tuple[Tensor, ...]
    core: Tensor | None
    scale: float

    def fits(self, shape: Shape) -> bool:
        left = _product_shape(self.left)
        if left is None or 0 in left or len(shape) < 2 or shape[0] % left[0] or shape[1] % left[1]:
            return False
        inner = (shape[0] // left[0], shape[1] // left[1], *shape[2:])
        if self.core is not None:
            return len(self.right) == 2 and Factors(self.right[0], self.right[1], self.core).fits(inner)
        if len(self.right) == 1:
            return _without_kernel(tuple(self.right[0].shape)) == _without_kernel(inner)
        return Factors(self.right[0], self.right[1], None).fits(inner)

    def dense(self, weight: Tensor) -> Tensor:
        left = self.left[0].to(weight.device, torch.float32)
        if len(self.left) == 2:
            left = left @ self.left[1].to(weight.device, torch.float32)
        shape = tuple(weight.shape)
        inner = (shape[0] // left.shape[0], shape[1] // left.shape[1], *shape[2:])
        if len(self.right) == 2:
            right = Factors(self.right[0], self.right[1], self.core).dense(inner, weight.device)
        else:
            right = self.right[0].to(weight.device, torch.float32).reshape(inner)
        return torch.kron(left.reshape(*left.shape, *(1 for _ in shape[2:])), right.contiguous()) * self.scale


@dataclass(frozen=True)
class Difference:
    """The whole change, number by number; also that of a normalisation's scale."""

    values: Tensor
    scale: float = 1.0

    def fits(self, shape: Shape) -> bool:
        return _without_kernel(tuple(self.values.shape)) == _without_kernel(shape)

    def dense(self, weight: Tensor) -> Tensor:
        return self.values.to(weight.device, torch.float32).reshape(weight.shape)


@dataclass(frozen=True)
class Scaling:
    """(IA)3 (Liu et al. 2022): every row of the weight, or every column (`on_input`), scaled by 1 + a number."""

    factors: Tensor
    on_input: bool
    scale: float = 1.0

    def fits(self, shape: Shape) -> bool:
        return len(shape) > 1 and self.factors.numel() == shape[1 if self.on_input else 0]

    def dense(self, weight: Tensor) -> Tensor:
        factors = self.factors.to(weight.device, torch.float32).flatten()
        around = (1, -1) if self.on_input else (-1, 1)
        return weight.float() * factors.reshape(*around, *(1 for _ in weight.shape[2:]))


@dataclass(frozen=True)
class Decomposed:
    """DoRA (Liu et al. 2024): the changed weight is brought to learned lengths, ``m * (W + dW) / |W + dW|``.

    The lengths are those of the rows (one number per output, `magnitude` of out numbers) or, in LyCORIS' older form,
    of the columns over all outputs and the kernel (one per input); `on_output` says which.
    """

    inner: Change
    magnitude: Tensor
    on_output: bool

    @property
    def scale(self) -> float:
        return self.inner.scale

    def fits(self, shape: Shape) -> bool:
        wanted = shape[0 if self.on_output else 1] if len(shape) > 1 else -1
        return self.magnitude.numel() == wanted and self.inner.fits(shape)

    def dense(self, weight: Tensor) -> Tensor:
        changed = weight.float() + self.inner.dense(weight)
        kept = 0 if self.on_output else 1
        over = [dimension for dimension in range(changed.ndim) if dimension != kept]
        length = changed.square().sum(dim=over, keepdim=True).sqrt() + torch.finfo(torch.float32).eps
        magnitude = self.magnitude.to(weight.device, torch.float32).reshape(length.shape)
        return changed * (magnitude / length) - weight.float()


def _product_shape(parts: tuple[Tensor, ...]) -> Shape | None:
    if any(part.ndim != 2 for part in parts):
        return None
    if len(parts) == 1:
        return tuple(parts[0].shape)
    a, b = parts
    return (a.shape[0], b.shape[1]) if a.shape[1] == b.shape[0] else None


def _without_kernel(shape: Shape) -> Shape:
    """A 1 x 1 kernel may be written out or left away."""
    return shape[:2] if shape[2:] in ((1, 1), (1,)) else shape
