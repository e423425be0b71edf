"""What a merge shall be: how much of each model, the same everywhere or block by block.

Blocks are named as the merge-block-weighted community does: BASE is all but the denoiser (text encoders, VAE), IN00
to IN11, M00 and OUT00 to OUT11 are the denoiser's blocks in their order; SDXL has nine on each side.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from underpaint.errors import ModelError
from underpaint.models.checkpoints import DENOISER
from underpaint.models.description import Family

Mode = Literal["weighted", "add difference"]
_SIDES: dict[Family, int] = {"sd": 12, "sd2": 12, "sdxl": 9}
_BLOCK = re.compile(r"(input|output)_blocks\.(\d+)\.")
_NAMED = re.compile(r"(BASE|MID|M00|(?:IN|OUT)\d{2})(?:-((?:IN|OUT)\d{2}|M00))?[:=]([^,\s]+)", re.IGNORECASE)


@dataclass(frozen=True)
class Share:
    """How much of one model goes in: everywhere, unless its block is named. Usually 0..1; more exaggerates."""

    everywhere: float
    blocks: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))

    def of(self, block: str) -> float:
        """The share in one block."""
        return self.blocks.get(block, self.everywhere)


@dataclass(frozen=True)
class MergeRecipe:
    """`weighted`: the first model keeps what the shares of the others leave. `add difference`: the first, and a share
    of what the second has beyond the third.
    """

    mode: Mode
    shares: tuple[Share, ...]

    def factors(self, block: str) -> tuple[float, ...]:
        """What each model is multiplied with in a block, the first model first."""
        if self.mode == "add difference":
            share = self.shares[0].of(block)
            return 1.0, share, -share
        others = tuple(share.of(block) for share in self.shares)
        return (1.0 - sum(others), *others)


def block_names(family: Family) -> tuple[str, ...]:
    """BASE and the blocks of a family's denoiser, in order.

    Raises:
        ModelError: the family has no such blocks.
    """
    if family not in _SIDES:
        raise ModelError("only SD 1.x, SD 2.x and SDXL can be merged block by block", hint="Leave --blocks out.")
    sides = range(_SIDES[family])
    return ("BASE", *(f"IN{n:02}" for n in sides), "M00", *(f"OUT{n:02}" for n in sides))


def block_of(key: str, family: Family) -> str:
    """The block that a weight of a checkpoint in the original layout belongs to.

    What comes before the first block (time and label embeddings) counts to IN00, what comes after the last to the
    last, as merge-block-weighted has it.
    """
    if not key.startswith(DENOISER):
        return "BASE"
    inner = key.removeprefix(DENOISER)
    found = _BLOCK.match(inner)
    if found:
        return f"{'IN' if found[1] == 'input' else 'OUT'}{int(found[2]):02}"
    if inner.startswith("middle_block."):
        return "M00"
    return f"OUT{_SIDES.get(family, 12) - 1:02}" if inner.startswith("out.") else "IN00"


def parse_blocks(text: str, family: Family) -> dict[str, float]:
    """Shares block by block, in either of the ways people write them.

    A row of numbers: 25 for IN00 ... OUT11, or 26 with BASE before them; for SDXL 19 or 20, and rows for SD are
    understood there too (IN09 to IN11 and OUT09 to OUT11 do not exist and fall away). Or names: ``IN04-IN08:0.2,
    M00:1, OUT05:0.7``.

    Raises:
        ModelError: neither, or a number that is none.
    """
    names = block_names(family)
    pieces = [piece for piece in re.split(r"[,\s]+", text.strip()) if piece]
    if pieces and not _NAMED.match(pieces[0]):
        numbers = [_number(piece) for piece in pieces[:64]]
        order = names if len(numbers) in (20, 26) else names[1:]
        if family == "sdxl" and len(numbers) in (25, 26):
            order = block_names("sd") if len(numbers) == 26 else block_names("sd")[1:]
        if len(numbers) != len(order):
            wanted = f"{len(names) - 1} or, with BASE first, {len(names)}"
            raise ModelError(f"{len(pieces)} numbers are no row of blocks: {wanted} are needed", field="blocks",
                             hint="Or name some blocks: --blocks IN04-IN08:0.2,M00:1")
        return {name: number for name, number in zip(order, numbers, strict=True) if name in names}
    found: dict[str, float] = {}
    for piece in pieces:
        for name in _range(piece, names):
            found[name] = _number(piece.replace("=", ":").rpartition(":")[2])
    if not found:
        raise ModelError("no blocks are named", hint="Such as --blocks IN04-IN08:0.2,M00:1", field="blocks")
    return found


def _range(piece: str, names: tuple[str, ...]) -> tuple[str, ...]:
    match = _NAMED.fullmatch(piece)
    first = match[1].upper().replace("MID", "M00") if match else ""
    last = (match[2] or first).upper() if match else ""
    if first not in names or last not in names or names.index(last) < names.index(first):
        raise ModelError(f"'{piece:.40}' names no block", field="blocks",
                         hint=f"Blocks are BASE, IN00 to {names[len(names) // 2 - 1]}, M00, OUT00 to {names[-1]}.")
    return names[names.index(first): names.index(last) + 1]


def _number(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = float("nan")
    if not -10 <= found <= 10:
        raise ModelError(f"'{text:.40}' is no share between -10 and 10", hint="Usually 0 to 1.", field="blocks")
    return found
