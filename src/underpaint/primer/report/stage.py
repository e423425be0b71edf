"""`make primer-report`: every row measured once; after a kill the rows that were done are read again."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from underpaint.engine.families.autoencoder_unshuffle import AutoencoderUnshuffle
from underpaint.files import atomic_write
from underpaint.primer.autoencoder import picture_tensor
from underpaint.primer.judge import Judge
from underpaint.primer.paint import Paintbox, sheet
from underpaint.primer.report.looks import look_rows
from underpaint.primer.report.rows import Row, means, table
from underpaint.primer.report.steering import colour_row, fresh_scenes, line_rows
from underpaint.primer.report.words import (
    Question,
    answers,
    counting,
    paint_all,
    pair_row,
    questions,
    relating,
    render_all,
    value_shares,
    word_rows,
)
from underpaint.primer.stages import Workshop, load_judge, load_paintbox, write_png
from underpaint.training.shards import complete_shards

Pictures = list[NDArray[np.uint8]]


class Report:
    """Measures the weights in a workshop and keeps what it found in `report/`."""

    def __init__(self, shop: Workshop) -> None:
        self._shop = shop
        self._settings = shop.config.evaluate
        self._box: Paintbox = load_paintbox(shop)
        self._judge: Judge = load_judge(shop)
        self._size = shop.config.judge.size
        weights = (shop.painter_folder / "weights.safetensors").read_bytes()
        self._mark = hashlib.sha256(weights + repr(self._settings).encode()).hexdigest()[:16]
        self.folder = shop.folder / "report"

    def rows(self) -> list[Row]:
        """All rows, in the order of the table."""
        groups: dict[str, Callable[[], list[Row]]] = {
            "words": self._words, "pairs": self._pairs, "looks": self._looks, "maps": self._maps, "codec": self._codec,
        }  # fmt: skip
        return [row for name, measure in groups.items() for row in self._kept(name, measure)]

    def write(self) -> list[Row]:
        """Measure, and write `report.json`, `table.md`, `values.json`, `questions.json` and `samples.png`."""
        rows = self.rows()
        asked = self._asked()
        painted = self._pictures("words", asked)
        square = [picture for picture in painted if picture.shape[:2] == (256, 256)]
        write_png(self.folder / "samples.png", sheet(square[:64], 8))
        values = value_shares(asked, answers(self._judge, self._size, asked, painted))
        self._write("report.json", [row.to_json() for row in rows])
        self._write("values.json", values)
        self._write("questions.json", [asdict(question) for question in asked])
        with atomic_write(self.folder / "table.md") as file:
            file.write(table(rows).encode())
        return rows

    def _words(self) -> list[Row]:
        asked = self._asked()
        painted, renders = self._pictures("words", asked), self._renders("words", asked)
        return word_rows(asked, self._answers(asked, painted), self._answers(asked, renders))

    def _pairs(self) -> list[Row]:
        rows, count, seed = [], self._settings.pairs, self._settings.seed
        for name, asked in (("count", counting(count, seed)), ("relation", relating(count, seed))):
            right = self._answers(asked, self._pictures(name, asked))[name]
            rows.append(pair_row(name, right, self._answers(asked, self._renders(name, asked))[name]))
        return rows

    def _looks(self) -> list[Row]:
        asked = self._asked()
        shards = complete_shards(self._shop.pictures_folder)
        known = [np.asarray(row) for shard in shards for row in shard.array("pictures")[::4]]
        painted, renders = self._pictures("words", asked), self._renders("words", asked)
        return look_rows(self._judge, self._size, painted, renders, known, self._settings.seed)

    def _maps(self) -> list[Row]:
        fresh = fresh_scenes(self._settings.drawings, self._settings.seed)
        strength = self._shop.config.defaults.line_strength
        return [*line_rows(self._box, self._settings, strength, fresh), colour_row(self._box, self._settings, fresh)]

    def _codec(self) -> list[Row]:
        fresh = fresh_scenes(self._settings.drawings, self._settings.seed + 1)
        decibels = [fidelity(self._box.autoencoder, one.picture) for one in fresh]
        return [means("autoencoder on fresh renders (dB)", decibels, None, 30.0)]

    def _asked(self) -> list[Question]:
        return questions(self._settings.prompts, self._settings.seed)

    def _answers(self, asked: list[Question], pictures: Pictures) -> dict[str, list[bool]]:
        return answers(self._judge, self._size, asked, pictures)

    def _pictures(self, name: str, asked: list[Question]) -> Pictures:
        return self._once(f"{name}-{self._mark}", lambda: paint_all(self._box, asked, self._settings))

    def _renders(self, name: str, asked: list[Question]) -> Pictures:
        seed = self._settings.seed
        return self._once(f"{name}-renders-{seed}-{len(asked)}", lambda: render_all(asked, seed))

    def _once(self, name: str, make: Callable[[], Pictures]) -> Pictures:
        path = self.folder / f"{name}.npz"
        if path.is_file():
            with np.load(path, allow_pickle=False) as kept:
                return [kept[str(i)] for i in range(len(kept.files))]
        pictures = make()
        with atomic_write(path) as file:
            np.savez(file, **{str(i): picture for i, picture in enumerate(pictures)})
        return pictures

    def _kept(self, name: str, measure: Callable[[], list[Row]]) -> list[Row]:
        path = self.folder / f"rows-{name}-{self._mark}.json"
        if path.is_file():
            return [Row(**fields) for fields in json.loads(path.read_text())]
        rows = measure()
        self._write(path.name, [asdict(row) for row in rows])
        return rows

    def _write(self, name: str, data: Any) -> None:
        with atomic_write(self.folder / name) as file:
            file.write((json.dumps(data, indent=1) + "\n").encode())


def fidelity(autoencoder: AutoencoderUnshuffle, picture: NDArray[np.uint8]) -> float:
    """Peak signal-to-noise ratio in dB of a picture after encoding and decoding."""
    import torch

    device = next(autoencoder.parameters()).device
    pixels = picture_tensor(picture[None]).to(device, memory_format=torch.channels_last)
    with torch.no_grad():
        again = autoencoder(pixels).sample.clamp(-1, 1)
    error = float(((again - pixels) / 2).square().mean())
    return float(-10 * np.log10(max(error, 1e-10)))


def report_stage(shop: Workshop) -> tuple[list[Row], Path]:
    """Measure and write; the rows, and the folder that they lie in."""
    report = Report(shop)
    return report.write(), report.folder
