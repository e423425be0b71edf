"""What the tests of the Primer's making share."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch
from tiny_primer import tiny_config, train_tiny

from underpaint.primer.stages import Workshop


@contextmanager
def _alone() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@pytest.fixture(scope="module", autouse=True)
def one_core() -> Iterator[None]:
    """Tiny networks are faster on one core; on a busy machine several spend minutes waiting for each other."""
    with _alone():
        yield


@pytest.fixture(scope="session")
def tiny_shop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """A workshop in which every stage up to the painter was run once, tiny; its own files are not to be changed."""
    with _alone():
        return train_tiny(Workshop(tmp_path_factory.mktemp("work"), tiny_config()))
