"""The report as Markdown: one table, both columns, and the page that holds it between two marks."""

from collections.abc import Sequence
from pathlib import Path

from underpaint.errors import RecipeError
from underpaint.files import atomic_write
from underpaint.primer.report.rows import Row

BEGIN, END = "<!-- report: written by make primer-report -->", "<!-- end of report -->"


def table(rows: Sequence[Row], steps: int = 20, few_steps: int = 4) -> str:
    """The rows as Markdown, those of the few-steps LoRA beside their like."""
    few = {row.name: row for row in rows if row.few}
    lines = [f"| what | {steps} steps | 95 % | renders reach | share | asked | | {few_steps} steps | 95 % | asked | |",
             "|---|---|---|---|---|---|---|---|---|---|---|"]  # fmt: skip
    for row in (row for row in rows if not row.few):
        other = few.get(row.name)
        beside = [_value(other), _range(other), other.asked, _mark(other)] if other else [""] * 4
        share = f"{row.share:.0%}" if row.share is not None and "of the ceiling" in row.asked else ""
        ceiling = "" if row.ceiling is None else number(row.ceiling)
        cells = [row.name, _value(row), _range(row), ceiling, share, row.asked, _mark(row), *beside]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def summary(rows: Sequence[Row]) -> str:
    """How many bars are reached, in a sentence."""
    asked = [row for row in rows if row.met is not None]
    silent = sum(row.value is None for row in rows)
    text = f"{sum(bool(row.met) for row in asked)} of {len(asked)} bars are reached"
    return text + (f"; {silent} could not be measured." if silent else ".")


def fill_page(page: Path, text: str) -> None:
    """Put a text between the two marks of a page.

    Raises:
        RecipeError: the page has no such marks.
    """
    whole = page.read_text(encoding="utf-8")
    before, begin, rest = whole.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise RecipeError(f"{page.name} has no place for the report", hint=f"Write {BEGIN} and {END} into it.")
    with atomic_write(page) as file:
        file.write(f"{before}{begin}\n\n{text.strip()}\n\n{end}{after}".encode())


def number(value: float) -> str:
    """A number with as many digits as it is worth."""
    return f"{value:.1f}" if abs(value) >= 2 else f"{value:.2f}"


def _value(row: Row) -> str:
    if row.value is None:
        return f"*{row.note}*"
    return number(row.value) + (f" ({row.note})" if row.note else "")


def _range(row: Row) -> str:
    return "" if row.low is None or row.high is None else f"{number(row.low)} to {number(row.high)}"


def _mark(row: Row) -> str:
    return "" if row.met is None else "yes" if row.met else "**no**"
