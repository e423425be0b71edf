"""What the tests of the Primer's making share."""

import pytest
from tiny_primer import tiny_config, train_tiny

from underpaint.primer.stages import Workshop


@pytest.fixture(scope="session")
def tiny_shop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """A workshop in which every stage up to the painter was run once, tiny; its own files are not to be changed."""
    return train_tiny(Workshop(tmp_path_factory.mktemp("work"), tiny_config()))
