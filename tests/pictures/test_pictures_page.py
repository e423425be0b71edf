"""The example of docs/pictures.md runs as it stands, and what the page says of the file is so."""

import re
from pathlib import Path

import pytest

from underpaint.pictures.containers import find_metadata, png

PAGE = Path(__file__).resolve().parents[2] / "docs" / "pictures.md"


def test_the_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (block,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, object] = {}
    exec(compile(block, str(PAGE), "exec"), names)
    assert [path.name for path in tmp_path.iterdir()] == ["key.png"]
    found = find_metadata((tmp_path / "key.png").read_bytes())
    assert set(found.texts) == {"parameters", "underpaint", png.XMP_KEYWORD}
    assert names["recipe"].prompt == names["reading"].prompt == "a cliff, storm"  # type: ignore[attr-defined]
