"""Rows of the report for pictures that are shown: asked fairly, painted by what is exported, counted rightly."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from underpaint.engine.families.autoencoder_unshuffle import AutoencoderUnshuffle
from underpaint.primer.config import read_config
from underpaint.primer.image_prompt import Finished
from underpaint.primer.judge import Judge
from underpaint.primer.paint import Paintbox
from underpaint.primer.painter import Painter
from underpaint.primer.part_config import read_parts_config
from underpaint.primer.part_export import export_image_prompts
from underpaint.primer.report import likeness
from underpaint.primer.report.likeness import Likeness, Looker, likeness_part, nearest_is_own, style_questions
from underpaint.primer.stagecraft.scene import FACTORS, SIZES, sample_scene
from underpaint.primer.words import learn_vocabulary, read_tokenizer, write_tokenizer

STYLES = FACTORS["style"]
GALLERY = {style: [np.full((256, 256, 3), 10 + 20 * i, np.uint8)] * 4 for i, style in enumerate(STYLES)}
SMALL = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1}


@dataclass
class Table:
    """What the rows need of a desk, with everything painted at once."""

    places: Any
    settings: Any
    shop: Any
    hand: Any
    judge: Judge
    size: int = 32

    def kept(self, name: str, count: int, make: Callable[[int, int], list[Any]]) -> list[Any]:
        return make(0, count)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Table:
    """An exported model with image prompts that say something, all tiny."""
    folder, config = tmp_path_factory.mktemp("primer"), read_config()
    write_tokenizer(folder / "tokenizer", *learn_vocabulary(["a red cat at dawn, ink"], 700))
    tokenizer = read_tokenizer(folder / "tokenizer")
    painting = replace(
        config.painter,
        unet=config.painter.unet | {"block_out_channels": [16, 32], "norm_num_groups": 4},
        text=config.painter.text | SMALL,
        adapter=config.painter.adapter | {"channels": [16, 32]},
    )
    painter = Painter(painting, tokenizer, 8).eval()
    painter.unet.save_pretrained(folder / "unet")
    painter.text_encoder.save_pretrained(folder / "text_encoder")
    narrow = {"encoder_widths": [8, 16], "decoder_widths": [8, 16], "encoder_blocks": [1, 1], "decoder_blocks": [1, 1]}
    codec = AutoencoderUnshuffle(**config.autoencoder.model | narrow, scaling_factor=1.0)
    codec.save_pretrained(folder / "vae")
    shape = CLIPVisionConfig(image_size=32, patch_size=16, projection_dim=12, num_attention_heads=2, **SMALL)
    CLIPVisionModelWithProjection(shape).save_pretrained(folder / "image_encoder")
    told = {"do_center_crop": False, "image_mean": [0.5] * 3, "image_std": [0.5] * 3}
    (folder / "image_encoder" / "preprocessor_config.json").write_text(json.dumps(told))
    (folder / "primer.json").write_text("{}")
    finished = Finished.load(folder)
    prompts = finished.new_prompts(1)
    with torch.no_grad():
        for weight in prompts.parameters():
            weight.add_(torch.randn(weight.shape, generator=torch.Generator().manual_seed(4)))
    export_image_prompts(prompts.state_dict(), read_parts_config().image_prompt, finished.digests, folder)
    torch.manual_seed(0)
    settings = replace(config.evaluate, drawings=2, steps=2, guidance=2.0)
    return Table(
        SimpleNamespace(primer=folder),
        settings,
        SimpleNamespace(device="cpu"),
        SimpleNamespace(box=Paintbox(painter, codec, tokenizer)),
        Judge(4).eval(),
    )


def test_styles_are_asked_alike_and_their_words_do_not_name_them() -> None:
    asked = style_questions(24, 3, GALLERY)
    assert [one.scene.style for one in asked] == list(STYLES) * 2
    for one in asked:
        assert one.shown is GALLERY[one.scene.style][0] and one.scene.subject in one.words
        assert one.words.split(", ")[-1].startswith("light") and one.words.count(",") == 4


def test_the_nearest_of_eleven_is_found() -> None:
    class Grey(Judge):
        """Sees a way of painting in each grey."""

        def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
            level = ((x.mean((1, 2, 3)) + 1) * 127.5 - 10) / 20
            return {"style": -((level[:, None] - torch.arange(len(STYLES))) ** 2) * 8}

    judge, rng = Grey(4).eval(), np.random.default_rng(1)
    for number, style in enumerate(STYLES):
        one = Likeness(sample_scene(rng, size=SIZES[0], fixed={"style": style}), GALLERY[style][0])
        assert nearest_is_own(judge, 32, GALLERY[style][0], one, GALLERY, number)
        others = [GALLERY[name][0] for name in STYLES if name != style]
        # One way of painting is never among the eleven: what is painted in it is near to somebody else or to nobody.
        assert sum(nearest_is_own(judge, 32, other, one, GALLERY, number) for other in others) <= 1


def test_the_exported_model_looks_while_it_paints(table: Table) -> None:
    looker = Looker.open(table)  # type: ignore[arg-type]
    assert looker is not None
    pictures = [GALLERY["ink"][0], np.random.default_rng(2).integers(0, 256, (256, 200, 3), dtype=np.uint8)]
    for kind in ("style", "subject"):
        first, second = looker.paint(kind, ["a cat", "a cat"], pictures, 5)
        assert first.shape == (256, 256, 3) and first.dtype == np.uint8
        again = looker.paint(kind, ["a cat", "a cat"], pictures[::-1], 5)
        assert not np.array_equal(first, again[0]) and not np.array_equal(second, again[1])
    same = looker.paint("style", ["a cat", "a cat"], pictures, 5)
    assert np.array_equal(same[0], looker.paint("style", ["a cat", "a cat"], pictures, 5)[0])


def test_all_rows_are_measured(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(likeness, "gallery", lambda seed: GALLERY)
    rows = likeness_part(table)  # type: ignore[arg-type]
    assert [row.name for row in rows] == [likeness.STYLE, likeness.SUBJECT, f"{likeness.SUBJECT}: its colour"]
    assert all(row.count == 2 and row.ceiling is not None for row in rows)
    assert [row.asked for row in rows] == ["70% of the ceiling", "60% of the ceiling", ""]


def test_without_image_prompts_that_fit_the_rows_say_so(table: Table, tmp_path: Path) -> None:
    rows = likeness_part(replace(table, places=SimpleNamespace(primer=tmp_path)))  # type: ignore[arg-type]
    assert [row.value for row in rows] == [None, None] and all("image prompts" in row.note for row in rows)
