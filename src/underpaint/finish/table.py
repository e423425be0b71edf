"""The finishing operations: one row each. A new one is a new file and a line here."""

from collections.abc import Mapping

from underpaint.finish import cutout, match, tone, upscale
from underpaint.finish.shape import Operation

OPERATIONS: Mapping[str, Operation] = {
    one.name: one for one in (upscale.OPERATION, cutout.OPERATION, tone.OPERATION, match.OPERATION)
}
