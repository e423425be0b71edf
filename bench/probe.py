"""A probe: names what a picture is by the nearest of the names it was shown, from features that steer nothing."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]


class Probe:
    """Fitted on features (N x D) with names: ridge regression on one target a name, in its dual form, so that a few
    dozen pictures with thousands of features are enough. `stiff` is the ridge, as a share of the features' power."""

    def __init__(self, features: NDArray[np.float32], names: Sequence[str], stiff: float = 0.1) -> None:
        self.names = tuple(dict.fromkeys(names))
        plain = features.astype(np.float64)
        self._middle = plain.mean(axis=0)
        self._spread = np.maximum(plain.std(axis=0), 1e-6)
        known = self._scaled(plain)
        targets = np.array([[float(one == name) for name in self.names] for one in names])
        self._base = targets.mean(axis=0)
        power = known @ known.T
        ridge = stiff * np.trace(power) / len(known) + 1e-9
        self._weights: Doubles = known.T @ np.linalg.solve(power + ridge * np.eye(len(known)), targets - self._base)

    def name(self, features: NDArray[np.float32]) -> list[str]:
        """The nearest name for each row."""
        near = self._scaled(features.astype(np.float64)) @ self._weights + self._base
        return [self.names[int(at)] for at in near.argmax(axis=1)]

    def _scaled(self, features: Doubles) -> Doubles:
        return np.asarray(np.clip((features - self._middle) / self._spread, -6, 6))


def left_out(features: Sequence[NDArray[np.float32]], names: Sequence[Sequence[str]], asked: int) -> list[list[bool]]:
    """For each of the first `asked` groups: is each of its rows named right by a probe that saw all groups but it?"""
    found = []
    for out in range(asked):
        others = [at for at in range(len(features)) if at != out]
        probe = Probe(np.concatenate([features[at] for at in others]), [name for at in others for name in names[at]])
        found.append([said == name for said, name in zip(probe.name(features[out]), names[out], strict=True)])
    return found
