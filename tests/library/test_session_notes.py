"""What a person should know is told before anything is painted in Python, too, and before painting again."""

import json
import logging
from pathlib import Path

import pytest
from kit.tiny_folders import save_folder, tiny_parts

from underpaint.library.repaint import read_source, repaint
from underpaint.library.saving import save_take
from underpaint.library.session import paint
from underpaint.models import Catalogue

NOTE = "not known to this model: yeti"


def test_notes_come_before_the_painting(home: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    save_folder(tmp_path / "models" / "tiny", "sd", tiny_parts("sd", seed=3))
    card = {"defaults": {"steps": 1, "sampler": "Euler", "size": [32, 32]}, "knows": {"words": ["cat", "red"]}}
    (tmp_path / "models" / "tiny" / "primer.json").write_text(json.dumps(card))
    Catalogue().add(tmp_path / "models")
    with caplog.at_level(logging.WARNING, "underpaint"):
        take = paint("a yeti", model={"name": "tiny"}, seed=1)
    assert [record.getMessage() for record in caplog.records if record.name == "underpaint"] == [NOTE]
    assert take.circumstances["notes"] == [NOTE]
    save_take(take, tmp_path / "take.png")
    order: list[str] = []
    done = repaint(read_source(tmp_path / "take.png"), tmp_path / "again.png", Catalogue(), warn=order.append,
                   progress=lambda *_: order.append("step"))
    assert order == [NOTE, "step"] and done.verdict == "identical"
