"""`make primer-report`: every row measured once; after a kill the rows that were done are read again."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from underpaint.files import atomic_write
from underpaint.primer.report.desk import Desk, Places
from underpaint.primer.report.figures import figures_part
from underpaint.primer.report.holes import holes_part
from underpaint.primer.report.likeness import likeness_part
from underpaint.primer.report.looks import looks_part
from underpaint.primer.report.networks import autoencoder_part, clip_part, extractors_part, upscaler_part
from underpaint.primer.report.outside import outside_part
from underpaint.primer.report.page import fill_page, summary, table
from underpaint.primer.report.posing import pose_part
from underpaint.primer.report.rows import Row
from underpaint.primer.report.sheets import write_sheets
from underpaint.primer.report.speed import speed_part
from underpaint.primer.report.steering import colour_part, depth_part, lines_part
from underpaint.primer.report.words import answers, asked_in_words, painted, pairs_part, value_shares, words_part
from underpaint.primer.stages import Workshop
from underpaint.training.checkpoint import load_state

PARTS: dict[str, Callable[[Desk], list[Row]]] = {
    "words": words_part, "pairs": pairs_part, "figures": figures_part, "looks": looks_part, "lines": lines_part,
    "depth": depth_part, "pose": pose_part, "colour": colour_part, "holes": holes_part,
    "likeness": likeness_part, "extractors": extractors_part, "autoencoder": autoencoder_part,
    "upscaler": upscaler_part, "clip": clip_part, "speed": speed_part, "outside": outside_part,
}  # fmt: skip
"""The parts in the order of the table. A row is a function here and nothing else."""
_LAST = "holes"
"""The dearest part, which the others do not wait for."""


class Report:
    """Measures the weights in a workshop and keeps what it found in `report/`."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self.folder = desk, desk.folder

    def rows(self) -> list[Row]:
        """All rows, in the order of the table; each part is kept as soon as it is done."""
        done = {name: self._kept(name, PARTS[name]) for name in sorted(PARTS, key=lambda name: name == _LAST)}
        return [row for name in PARTS for row in done[name]]

    def write(self, page: Path | None = None) -> list[Row]:
        """Measure, and write `report.json`, `table.md`, `values.json`, `questions.json` and the sheets; with `page`,
        the table goes between its marks as well."""
        desk, rows = self._desk, self.rows()
        asked = asked_in_words(desk)
        right = answers(desk.judge, desk.size, asked, painted(desk, "words", asked, desk.hand))
        self._write("report.json", [row.to_json() for row in rows])
        self._write("values.json", value_shares(asked, right))
        self._write("questions.json", [asdict(question) for question in asked])
        text = f"{summary(rows)}\n\n{table(rows, desk.settings.steps, desk.settings.few_steps)}"
        with atomic_write(self.folder / "table.md") as file:
            file.write(text.encode())
        write_sheets(desk)
        self._remember(rows)
        if page is not None:
            fill_page(page, text)
        return rows

    def _remember(self, rows: list[Row]) -> None:
        """Add these weights' numbers to `history.jsonl`, from which they are plotted over the painter's steps."""
        path, mark = self.folder / "history.jsonl", self._desk.mark
        lines = path.read_text().splitlines() if path.is_file() else []
        facts = load_state(self._desk.shop.painter_folder / "weights.safetensors")[1]
        found = {row.name + (" (few steps)" if row.few else ""): row.value if row.share is None else row.share
                 for row in rows if row.value is not None}  # fmt: skip
        told = json.dumps({"step": facts["step"], "mark": mark} | found)
        with atomic_write(path) as file:
            file.write("".join(line + "\n" for line in lines if f'"mark": "{mark}"' not in line).encode())
            file.write((told + "\n").encode())

    def _kept(self, name: str, measure: Callable[[Desk], list[Row]]) -> list[Row]:
        path = self.folder / f"rows-{name}-{self._desk.mark}.json"
        if path.is_file():
            return [Row(**fields) for fields in json.loads(path.read_text())]
        rows = measure(self._desk)
        self._write(path.name, [asdict(row) for row in rows])
        return rows

    def _write(self, name: str, data: Any) -> None:
        with atomic_write(self.folder / name) as file:
            file.write((json.dumps(data, indent=1) + "\n").encode())


def report_stage(shop: Workshop, places: Places | None = None, page: Path | None = None) -> tuple[list[Row], Path]:
    """Measure and write; the rows, and the folder that they lie in."""
    report = Report(Desk(shop, places or Places.usual()))
    return report.write(page), report.folder
