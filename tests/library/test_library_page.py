"""What docs/library.md promises is understood, and what it prints is what is printed."""

import re
import shlex
from pathlib import Path

import click
import pytest
import typer.main

from underpaint.cli.main import app

PAGE = Path(__file__).resolve().parents[2] / "docs" / "library.md"


def commands() -> list[list[str]]:
    found = []
    for block in re.findall(r"^```\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.S | re.M):
        lines = [line for line in block.splitlines() if line.startswith("underpaint ")]
        found += [shlex.split(line.partition(" # ")[0])[1:] for line in lines]
    return found


def test_the_page_shows_commands() -> None:
    assert len(commands()) >= 15 and {words[0] for words in commands()} == {"keys", "library", "return"}


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_each_command_is_understood(words: list[str]) -> None:
    command, rest = typer.main.get_command(app), list(words)
    while hasattr(command, "resolve_command"):
        name, command, rest = command.resolve_command(click.Context(command), rest)
    assert command.make_context(name, rest).params


def test_the_python_of_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                     capsys: pytest.CaptureFixture[str]) -> None:
    from kit.easel import paint_cheaply, recipes

    code = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    assert code is not None
    monkeypatch.chdir(tmp_path)
    exec(compile(code[1], "library.md", "exec"), {"recipes": recipes(2), "engine": paint_cheaply})  # our own page
    assert capsys.readouterr().out.splitlines() == ["1 0.25", "2 None"]
