"""Closed-form matting: soft alpha from a picture and what is known of it (Levin, Lischinski and Weiss 2008).

Inside each 3 x 3 window alpha is a linear function of colour; the alpha that breaks this least, with the known pixels
held, solves a sparse linear system. Only unknown pixels are unknowns. It is solved by conjugate gradients,
preconditioned with a multigrid cycle over ever larger blocks of pixels.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags_array
from scipy.sparse.linalg import LinearOperator, cg, splu

from underpaint.imaging.arrays import FloatArray

MOST = 500_000
"""Unknown pixels that are solved for at full size; with more, a smaller picture is solved and its answer enlarged."""
_EPSILON = 1e-6
_CHUNK = 60_000
_COARSEST = 1_500
_WINDOW = np.array([(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1)])
# The place in a 5 x 5 neighbourhood of pixel j as seen from pixel i, for all pairs of a window.
_PLACES = (_WINDOW[None, :, 0] - _WINDOW[:, None, 0] + 2) * 5 + (_WINDOW[None, :, 1] - _WINDOW[:, None, 1] + 2)


@dataclass(frozen=True)
class Matte:
    """`alpha` H x W 0..1; `unknown`: how many pixels were solved for, `rounds` of conjugate gradients, `shrunk`: by
    how much the picture was reduced for it."""

    alpha: FloatArray
    unknown: int
    rounds: int
    shrunk: float = 1.0


def closed_form(color: FloatArray, trimap: FloatArray, prior: FloatArray | None = None, pull: float = 0.0) -> Matte:
    """Alpha of H x W x 3 colours. `trimap` H x W: 0 is known to be outside, 1 inside, 0.5 unknown.

    `prior` (H x W) is what alpha should be where the picture does not say, with the weight `pull`.
    """
    unknown = (trimap > 0) & (trimap < 1)
    count = int(unknown.sum())
    if count == 0:
        return Matte(trimap.astype(np.float32), 0, 0)
    if count > MOST:
        return _through_smaller(color, trimap, prior, pull, 0.95 * (MOST / count) ** 0.5)
    rows, columns = np.nonzero(unknown)
    top, left = max(0, rows.min() - 2), max(0, columns.min() - 2)
    window = np.s_[top:rows.max() + 3, left:columns.max() + 3]
    guess = None if prior is None else prior[window]
    solved, rounds = _solve(color[window], trimap[window], guess, pull)
    alpha = trimap.astype(np.float32).copy()
    alpha[window] = solved
    return Matte(alpha, count, rounds)


def _solve(color: FloatArray, trimap: FloatArray, prior: FloatArray | None, pull: float) -> tuple[FloatArray, int]:
    height, width = trimap.shape
    if min(height, width) < 3:
        grow = ((0, max(0, 3 - height)), (0, max(0, 3 - width)))
        alpha, rounds = _solve(np.pad(color, (*grow, (0, 0)), mode="edge"), np.pad(trimap, grow, mode="edge"),
                               None if prior is None else np.pad(prior, grow, mode="edge"), pull)
        return alpha[:height, :width], rounds
    unknown = ((trimap > 0) & (trimap < 1)).ravel()
    alphas = trimap.astype(np.float64).ravel()
    matrix, right = _system(color, unknown, alphas, width)
    start = np.full(len(right), 0.5)
    if prior is not None:
        start = prior.ravel()[unknown].astype(np.float64)
        matrix, right = matrix + diags_array(np.full(len(right), pull)), right + pull * start
    # A breath of pull to the middle where nothing at all is known, so that the system has one answer.
    matrix = (matrix + diags_array(np.full(len(right), 1e-9))).tocsr()
    rounds = 0

    def count(_: object) -> None:
        nonlocal rounds
        rounds += 1

    cells = np.flatnonzero(unknown)
    cycle = _Cycle(matrix, cells // width, cells % width)
    found, _ = cg(matrix, right + 1e-9 * 0.5, x0=start, rtol=1e-4, maxiter=300, M=cycle.operator(), callback=count)
    alphas[unknown] = np.clip(found, 0, 1)
    return alphas.reshape(height, width).astype(np.float32), rounds


def _system(color: FloatArray, unknown: NDArray[np.bool_], alpha: NDArray[np.float64],
            width: int) -> tuple[csr_matrix, NDArray[np.float64]]:
    """The matting Laplacian's rows of unknown pixels, and what the known ones put on the other side."""
    number = np.full(len(unknown), -1, np.int32)
    cells = np.flatnonzero(unknown)
    number[cells] = np.arange(len(cells), dtype=np.int32)
    values = _laplacian(color.reshape(-1, 3).astype(np.float64), unknown, number, width)
    offsets = np.array([y * width + x for y in range(-2, 3) for x in range(-2, 3)])
    neighbours = np.clip(cells[:, None] + offsets[None], 0, len(unknown) - 1)
    known = ~unknown[neighbours]
    right = -(values * known * alpha[neighbours]).sum(axis=1)
    inside = ~known & (values != 0)
    starts = np.concatenate([[0], np.cumsum(inside.sum(axis=1))])
    shape = (len(cells), len(cells))
    return csr_matrix((values[inside], number[neighbours[inside]], starts), shape=shape), right


def _laplacian(pixels: NDArray[np.float64], unknown: NDArray[np.bool_], number: NDArray[np.int32],
               width: int) -> NDArray[np.float64]:
    """Unknown pixels x their 5 x 5 neighbours: eq. 12 of the paper, summed over the windows that hold an unknown."""
    touched = cv2.dilate(unknown.reshape(-1, width).astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    touched[[0, -1]] = False
    touched[:, [0, -1]] = False
    centres = np.flatnonzero(touched)
    values = np.zeros((int(unknown.sum()), 25))
    around = _WINDOW[:, 0] * width + _WINDOW[:, 1]
    for begin in range(0, len(centres), _CHUNK):
        cells = centres[begin:begin + _CHUNK, None] + around[None]
        colours = pixels[cells]
        apart = colours - colours.mean(axis=1, keepdims=True)
        spread = np.einsum("nki,nkj->nij", apart, apart) / 9 + np.eye(3) * (_EPSILON / 9)
        alike = (1 + apart @ np.linalg.inv(spread) @ apart.transpose(0, 2, 1)) / 9
        local = np.eye(9) - alike
        for pixel in range(9):  # a pixel has this place in one window only, so no row comes twice
            row = number[cells[:, pixel]]
            own = row >= 0
            values[row[own][:, None], _PLACES[pixel][None]] += local[own, pixel]
    return values


class _Cycle:
    """One symmetric V-cycle: smoothing by damped Jacobi, coarse levels of 2 x 2 blocks, the coarsest solved whole."""

    def __init__(self, matrix: Any, rows: NDArray[Any], columns: NDArray[Any]) -> None:
        self._matrices, self._down, self._damped = [matrix], [], []
        while matrix.shape[0] > _COARSEST and (rows.max() or columns.max()):
            rows, columns = rows // 2, columns // 2
            _, block = np.unique(rows.astype(np.int64) * (int(columns.max()) + 1) + columns, return_inverse=True)
            count = int(block.max()) + 1
            first = np.zeros(count, np.int64)
            first[block] = np.arange(len(block))
            rows, columns = rows[first], columns[first]
            gather = csr_matrix((np.ones(len(block)), (block, np.arange(len(block)))), shape=(count, len(block)))
            self._damped.append(0.6 / np.maximum(matrix.diagonal(), 1e-12))
            matrix = (gather @ matrix @ gather.T).tocsr()
            self._down.append(gather)
            self._matrices.append(matrix)
        self._coarsest = splu(self._matrices[-1].tocsc())

    def operator(self) -> LinearOperator:
        """As scipy takes a preconditioner."""
        size = self._matrices[0].shape
        return LinearOperator(size, matvec=lambda right: self._run(np.asarray(right).ravel(), 0))

    def _run(self, right: NDArray[np.float64], level: int) -> NDArray[np.float64]:
        if level == len(self._down):
            return np.asarray(self._coarsest.solve(right))
        matrix, damped, gather = self._matrices[level], self._damped[level], self._down[level]
        found = damped * right
        found = found + damped * (right - matrix @ found)
        found = found + gather.T @ self._run(gather @ (right - matrix @ found), level + 1)
        found = found + damped * (right - matrix @ found)
        return np.asarray(found + damped * (right - matrix @ found))


def _through_smaller(color: FloatArray, trimap: FloatArray, prior: FloatArray | None, pull: float,
                     factor: float) -> Matte:
    """Solve a reduced picture; enlarge not its alpha but how alpha follows colour there (He and Sun 2015)."""
    height, width = trimap.shape
    size = (max(3, int(width * factor)), max(3, int(height * factor)))

    def reduced(values: FloatArray) -> FloatArray:
        return np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA), np.float32)

    small, marks = reduced(color), reduced(trimap)
    marks = np.where((marks > 0) & (marks < 1), np.float32(0.5), marks)
    solved = closed_form(small, marks, None if prior is None else reduced(prior), pull)
    slope, offset = _local_lines(small.astype(np.float64), solved.alpha.astype(np.float64))
    slope, offset = (cv2.resize(values, (width, height), interpolation=cv2.INTER_LINEAR) for values in (slope, offset))
    alpha = np.clip((slope * color).sum(axis=2) + offset, 0, 1)
    unknown = (trimap > 0) & (trimap < 1)
    return Matte(np.where(unknown, alpha, trimap).astype(np.float32), solved.unknown, solved.rounds, factor)


def _local_lines(color: NDArray[np.float64], alpha: NDArray[np.float64]) -> tuple[NDArray[Any], NDArray[Any]]:
    """alpha ~ slope . colour + offset, fitted in 5 x 5 windows and averaged (the guided filter, He et al. 2013)."""
    def mean(values: NDArray[Any]) -> NDArray[np.float64]:
        return np.asarray(cv2.blur(values, (5, 5), borderType=cv2.BORDER_REFLECT))

    middle, level = mean(color), mean(alpha)
    products = [mean(color[..., i] * color[..., j]) - middle[..., i] * middle[..., j]
                for i in range(3) for j in range(3)]
    spread = np.stack(products, axis=-1).reshape(*alpha.shape, 3, 3) + np.eye(3) * 1e-5
    together = np.stack([mean(color[..., i] * alpha) - middle[..., i] * level for i in range(3)], axis=-1)
    slope = np.linalg.solve(spread, together[..., None])[..., 0]
    return mean(slope), mean(level - (slope * middle).sum(axis=2))
