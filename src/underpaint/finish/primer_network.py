"""The upscaling network that comes with Underpaint."""

from underpaint.finish.networks import Network
from underpaint.models.primer import PRIMER, primer_folder


def load_primer() -> Network:
    """The Primer's own upscaler, four times. Raises ModelError where its weights are missing or damaged."""
    from underpaint.engine.families.upscaler_net import SCALE, load_enlarger

    enlarge, digest = load_enlarger(primer_folder())
    return Network(PRIMER, digest, SCALE, enlarge)
