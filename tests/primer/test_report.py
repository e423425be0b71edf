"""The report once, tiny, with every part there is, and its arithmetic."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from underpaint.engine.families.extractor_net import ExtractorNet
from underpaint.errors import ModelError, RecipeError
from underpaint.primer.clip import Towers
from underpaint.primer.config import read_config
from underpaint.primer.part_config import read_parts_config
from underpaint.primer.part_export import export_extractors, export_towers, export_upscaler
from underpaint.primer.part_stages import few_steps_stage
from underpaint.primer.report.desk import Desk, Places
from underpaint.primer.report.figures import lead, pairs, swapped
from underpaint.primer.report.glance import glance, lines_kept
from underpaint.primer.report.hands import Commission
from underpaint.primer.report.looks import pinned
from underpaint.primer.report.outside import drawings, framed
from underpaint.primer.report.page import BEGIN, END, fill_page, summary, table
from underpaint.primer.report.rows import Row, missing, redrawn, shares, under
from underpaint.primer.report.speed import measured, timed
from underpaint.primer.report.stage import PARTS, report_stage
from underpaint.primer.report.stopwatch import most_bytes, paint_and_time
from underpaint.primer.report.words import questions, word_rows
from underpaint.primer.stagecraft.scene import FACTORS
from underpaint.primer.stagecraft.truth import render
from underpaint.primer.stages import Workshop, export_stage, judge_stage, load_paintbox
from underpaint.primer.upscaler import new_upscaler

SMALL_IMAGE = {"image_size": 32, "patch_size": 16, "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1,
               "num_attention_heads": 2, "projection_dim": 12}  # fmt: skip


@pytest.fixture(scope="module")
def shop(tiny_shop: Workshop, tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """The tiny workshop with a judge, a LoRA and a folder `primer` that holds untrained smaller networks."""
    made = replace(tiny_shop, folder=tmp_path_factory.mktemp("examined"))
    for part in ("pictures", "tokenizer", "autoencoder", "reading", "painter"):
        (made.folder / part).symlink_to(tiny_shop.folder / part)
    assert judge_stage(made)
    primer, parts = made.folder / "primer", read_parts_config()
    export_stage(made, primer)
    few = replace(parts.few_steps, steps_trained=1, batch=2, rank=2)
    assert few_steps_stage(made, replace(parts, few_steps=few), primer)
    reads = replace(parts.extractors, model={"widths": [8, 16, 16], "side": 64, "reads": ["depth", "pose", "subject"]})
    export_extractors(ExtractorNet(**reads.model), reads, primer)
    upscales = replace(parts.upscaler, model={"width": 8, "blocks": 1})
    export_upscaler(new_upscaler(upscales), upscales, primer)
    export_towers(Towers(replace(parts.clip, image=SMALL_IMAGE), 16), primer)
    return made


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two drawings that nobody of the World drew."""
    folder = tmp_path_factory.mktemp("art")
    (folder / "lineart_clean").mkdir()
    for name in ("clean_line_drawings__duck", "rough_sketches__hand2"):
        page = np.full((90, 120, 3), 255, np.uint8)
        cv2.ellipse(page, (60, 45), (40, 25), 0, 0, 360, (0, 0, 0), 2, cv2.LINE_AA)
        cv2.imwrite(str(folder / "lineart_clean" / f"{name}.png"), page)
    return folder


def test_every_row_is_there_and_what_was_done_is_read_again(shop: Workshop, others: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"# Before\n{BEGIN}\nold\n{END}\nafter\n")
    rows, folder = report_stage(shop, Places(shop.folder / "primer", others), page)
    plain = {row.name: row for row in rows if not row.few}
    few = {row.name: row for row in rows if row.few}
    assert len(plain) + len(few) == len(rows)
    assert plain["subject"].count == 4 and plain["subject"].ceiling is not None
    assert plain["clean line drawings of others (F1)"].count == 1
    assert plain["reading depth (rank correlation)"].value is not None
    assert plain["CLIP: the right caption of 100"].count == 4
    for name in ("lines kept (F1), clean", "count", "relation", "position", "Frechet distance, in yardsticks"):
        assert few[name].value is not None and few[name].asked != plain[name].asked
    assert "lines kept (F1), rough" in plain and "lines kept (F1), rough" not in few
    text = (folder / "table.md").read_text()
    assert "| depth (rank correlation) |" in text and text.strip() in page.read_text()
    assert page.read_text().startswith("# Before") and page.read_text().endswith("after\n")
    for name in ("words", "few-steps", "lines", "maps", "figures", "outside"):
        assert cv2.imread(str(folder / f"sheet-{name}.jpg")) is not None
    (past,) = (json.loads(line) for line in (folder / "history.jsonl").read_text().splitlines())
    assert past["step"] == 2 and past["count (few steps)"] is not None
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.suffix == ".npz"}
    assert report_stage(shop, Places(shop.folder / "primer", others))[0] == rows
    assert before == {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.suffix == ".npz"}
    assert len((folder / "history.jsonl").read_text().splitlines()) == 1


def test_a_report_that_was_killed_paints_only_what_is_missing(shop: Workshop, others: Path) -> None:
    desk = Desk(shop, Places(shop.folder / "primer", others))
    commission = Commission.square("killed", ["a cat", "a dog"])
    first = desk.painted(commission)
    (file,) = (desk.folder / "pictures").glob("killed-*.npz")
    file.unlink()
    again = desk.painted(commission)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0], first[1])


def test_a_shorter_report_asks_the_first_of_the_same_questions(shop: Workshop, others: Path) -> None:
    settings = read_config().evaluate
    short = settings.scaled(0.25)
    assert (short.prompts, short.pairs, short.drawings, short.holes) == (128, 32, 32, 248)
    assert (short.steps, short.seed) == (settings.steps, settings.seed)
    assert questions(settings.prompts, settings.seed)[:128] == questions(128, short.seed)
    assert pairs(128, settings.seed)[:32] == pairs(32, short.seed)
    fewer = replace(shop, config=replace(shop.config, evaluate=replace(shop.config.evaluate, prompts=2)))
    whole, part = (Desk(one, Places(shop.folder / "primer", others)) for one in (shop, fewer))
    assert whole.hand.mark == part.hand.mark and whole.mark != part.mark


def test_a_glance_asks_the_same_each_time_and_needs_no_judge(shop: Workshop, tmp_path: Path) -> None:
    shop = replace(shop, config=replace(shop.config, defaults=replace(shop.config.defaults, steps=2)))
    box = load_paintbox(shop)
    found = glance(shop, box)
    assert set(found) == {"right", *FACTORS} and found == glance(shop, box)
    assert all(0.0 <= share <= 1.0 for share in found.values())
    assert glance(replace(shop, folder=tmp_path), box) == {}
    other = replace(shop, config=replace(shop.config, judge=replace(shop.config.judge, width=6)))
    assert glance(other, box) == {}
    ink = np.zeros((64, 64), np.float32)
    ink[30:33, 5:60] = 1.0
    drawn = np.repeat(np.uint8(255 * (1 - ink))[..., None], 3, axis=2)
    assert lines_kept([drawn], [ink])["lines F1"] > lines_kept([np.full_like(drawn, 128)], [ink])["lines F1"]


def test_what_is_not_there_is_said_and_stops_nothing(shop: Workshop, tmp_path: Path) -> None:
    (tmp_path / "primer").mkdir()
    desk = Desk(shop, Places(tmp_path / "primer", tmp_path / "nowhere"))
    desk.few = None
    for name in ("depth", "pose", "holes", "likeness", "extractors", "clip", "outside", "speed"):
        rows = PARTS[name](desk)
        assert rows and all(row.value is None and row.met is None and row.note for row in rows), name
    assert [row.value is None for row in PARTS["autoencoder"](desk)] == [False, True]
    assert "*the image tower is not trained*" in table(PARTS["clip"](desk))


def test_the_picture_is_timed_as_it_is_shipped(shop: Workshop) -> None:
    found = paint_and_time(shop.folder / "primer", 1, 2)
    assert len(found["seconds"]) == 2 and min(found["seconds"]) > 0
    assert 50e6 < found["bytes"] <= most_bytes()
    few = paint_and_time(shop.folder / "primer", 1, 1, shop.folder / "few-steps" / "pytorch_lora_weights.safetensors")
    assert len(few["seconds"]) == 1
    row = timed([1.0, 2.0, 3.0], 2.5)
    assert row.value == 2.0 and row.met


def test_a_model_that_cannot_be_timed_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="timing the model failed"):
        measured([str(tmp_path), "not a number", "1"])


def test_swapped_clothes_are_seen_in_renders() -> None:
    asked = pairs(4, 9)
    pictures = [render(pair.scene) for pair in asked]
    assert swapped(asked, pictures) == [False] * 4
    exchanged = [replace(pair, left=pair.right, right=pair.left) for pair in asked]
    assert swapped(exchanged, pictures) == [True] * 4
    assert all(pair.left != pair.right and f" in {pair.left}" in pair.prompt for pair in asked)
    assert lead(np.full((64, 64, 3), 128, np.uint8), "red", "green") is None


def test_the_worst_value_is_the_furthest_from_its_ceiling() -> None:
    asked = questions(256, 2)
    ceiling = {name: [True] * 256 for name in FACTORS}
    right = {name: [True] * 256 for name in FACTORS}
    right["time"] = [q.factors["time"] != "night" for q in asked]
    ceiling["time"] = [q.factors["time"] != "dawn" or i % 2 == 0 for i, q in enumerate(asked)]
    rows = {row.name: row for row in word_rows(asked, right, ceiling)}
    assert rows["time, worst value"].note == "night" and not rows["time, worst value"].met
    assert rows["time, triples never rendered"].count == 128
    assert rows["light"].met is None and rows["position, worst value"].met is None
    assert rows["time"].met is not None and rows["position"].asked == "88% of the ceiling"
    assert {row.asked for row in word_rows(asked, right, ceiling, few=True)} == {"", "88% of the ceiling",
                                                                                "80% of the ceiling"}  # fmt: skip


def test_the_yardstick_changes_times_and_styles_alone() -> None:
    asked = questions(24, 2)
    changed = pinned(asked, ("dawn", "noon"), ("oil", "ink"))
    assert {(q.pinned["time"], q.pinned["style"]) for q in changed} == {
        ("dawn", "oil"), ("noon", "oil"), ("dawn", "ink"), ("noon", "ink")
    }  # fmt: skip
    assert all(a.pinned["subject"] == b.pinned["subject"] for a, b in zip(asked, changed, strict=True))


def test_an_interval_by_drawing_anew_is_that_of_the_mean() -> None:
    values = np.random.default_rng(0).normal(3.0, 1.0, size=400)
    low, high = redrawn(lambda rows: float(rows.mean()), values)
    assert low == pytest.approx(values.mean() - 0.098, abs=0.02)
    assert high == pytest.approx(values.mean() + 0.098, abs=0.02)


def test_a_drawing_stands_whole_in_the_size_most_like_it() -> None:
    ink = np.zeros((300, 150), np.float32)
    ink[[0, -1]] = ink[:, [0, -1]] = 1.0
    page = framed(ink)
    assert page.shape == (336, 192)
    rows, columns = np.nonzero(page > 0.3)
    assert rows.min() == 0 and rows.max() == 335 and 10 < columns.min() < columns.max() < 182


def test_drawings_are_found_clean_ones_first(others: Path) -> None:
    found = drawings(others)
    assert [(one.name, one.clean) for one in found] == [("duck", True), ("hand", False)]
    assert found[0].size == (288, 224) and found[0].ink.max() > 0.5


def test_the_table_sets_both_columns_side_by_side() -> None:
    row = Row("subject", 0.9, 0.85, 0.93, 100, 0.95, "92% of the ceiling", True)
    rows = [row, replace(row, value=0.7, met=False, asked="88% of the ceiling").by_few(), missing("pose", "", "no one")]
    lines = table(rows).splitlines()
    assert lines[2].endswith("| 0.95 | 95% | 92% of the ceiling | yes | 0.70 | 0.85 to 0.93 | 88% of the ceiling | "
                             "**no** |")  # fmt: skip
    assert lines[3].startswith("| pose | *no one* |") and len(lines) == 4
    assert summary(rows) == "1 of 2 bars are reached; 1 could not be measured."
    assert json.dumps([one.to_json() for one in rows])
    assert under("swapped", [True] + [False] * 19, [False] * 20, 0.1).met


def test_a_page_without_marks_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Nothing\n")
    with pytest.raises(RecipeError, match="no place for the report"):
        fill_page(page, "table")
    assert page.read_text() == "# Nothing\n"


def test_where_renders_are_never_right_no_bar_is_met() -> None:
    assert shares("place", [False] * 4, [False] * 4, 0.92).met is None
