"""OKLab on tensors (Ottosson 2020), for edits on the estimate: N x 3 x ... in and out."""

import torch
from torch import Tensor

# The same numbers as in imaging/color.py.
_RGB_TO_LMS = torch.tensor([[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
                            [0.0883024619, 0.2817188376, 0.6299787005]], dtype=torch.float64)
_LMS_TO_LAB = torch.tensor([[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
                            [0.0259040371, 0.7827717662, -0.8086757660]], dtype=torch.float64)
_LMS_TO_RGB, _LAB_TO_LMS = torch.linalg.inv(_RGB_TO_LMS), torch.linalg.inv(_LMS_TO_LAB)


def to_oklab(rgb: Tensor) -> Tensor:
    """sRGB, clipped to 0..1, as OKLab."""
    clipped = rgb.clamp(0, 1)
    linear = torch.where(clipped <= 0.04045, clipped / 12.92, ((clipped + 0.055) / 1.055) ** 2.4)
    cones = _mixed(_RGB_TO_LMS, linear).clamp_min(0)
    return _mixed(_LMS_TO_LAB, cones ** (1 / 3))


def to_srgb(lab: Tensor) -> Tensor:
    """OKLab as sRGB, clipped to 0..1."""
    linear = _mixed(_LMS_TO_RGB, _mixed(_LAB_TO_LMS, lab) ** 3).clamp(0, 1)
    return torch.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear.clamp_min(1e-8) ** (1 / 2.4) - 0.055)


def _mixed(matrix: Tensor, values: Tensor) -> Tensor:
    return torch.einsum("ij,nj...->ni...", matrix.to(values), values)
