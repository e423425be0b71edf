"""Maps and overlays never take the place of somebody's work."""

from pathlib import Path

import numpy as np
import pytest
from kit.studio import save_drawing

from underpaint.errors import OutputError
from underpaint.library.control_files import extract_map, save_overlays


def test_a_second_map_leaves_the_first_and_the_picture_alone(tmp_path: Path) -> None:
    source = save_drawing(tmp_path / "fox.png")
    before = source.read_bytes()
    first, _ = extract_map("line", source, None, "")
    first.write_bytes(b"cleaned up by hand")
    second, _ = extract_map("line", source, None, "")
    assert (first.name, second.name) == ("fox-line.png", "fox-line-2.png")
    assert first.read_bytes() == b"cleaned up by hand" and source.read_bytes() == before
    with pytest.raises(OutputError, match="the picture itself"):
        extract_map("line", source, tmp_path / "x" / ".." / "fox.png", "")
    with pytest.raises(OutputError, match="the picture itself"):
        save_overlays(np.zeros((9, 9, 3), np.float32), {"line": None}, source, source)
    assert source.read_bytes() == before
