"""The page about models: its Python example runs."""

import re
from pathlib import Path

import pytest
from headers import SD, save

PAGE = Path(__file__).resolve().parents[2] / "docs" / "models.md"


def test_the_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("UNDERPAINT_HOME", str(tmp_path / "home"))
    save(tmp_path / "dreamy.safetensors", SD)
    save(tmp_path / "ComfyUI" / "models" / "checkpoints" / "dreamy.safetensors", SD)
    (tmp_path / "ComfyUI" / "comfy").mkdir()
    (example,) = re.findall(r"```python\n(.+?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    exec(compile(example, str(PAGE), "exec"), {})
    said = capsys.readouterr().out
    assert "Stable Diffusion 1.x epsilon" in said
    assert str(tmp_path / "ComfyUI" / "models" / "checkpoints" / "dreamy.safetensors") in said
