"""`paint` from the keyboard to the file."""

from pathlib import Path

from kit.studio import Program


def test_words_become_a_picture(program: Program, tiny_model: Path, tmp_path: Path) -> None:
    said = program.json("paint", "a cat", "--model", tiny_model, "--seed", 5, "-o", tmp_path / "out.png")
    take, = said["takes"]
    assert (take["seed"], take["width"], take["height"]) == (5, 32, 32)
