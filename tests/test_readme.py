"""What the README and the start page promise runs."""

import re
import shlex
from pathlib import Path

import click
import pytest
import typer.main

from underpaint.cli.main import app
from underpaint.models import primer_folder

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("README.md", "docs/start.md", "docs/keys.md", "docs/sheet.md", "docs/plot.md", "docs/picking.md",
         *(f"docs/coming-from/{name}.md" for name in ("a1111", "comfyui", "invoke", "fooocus")))


def commands() -> list[list[str]]:
    """Every `underpaint ...` line of the pages' code blocks."""
    found = []
    for page in PAGES:
        for block in re.findall(r"^```\n(.*?)^```", (ROOT / page).read_text(encoding="utf-8"), re.S | re.M):
            for line in block.splitlines():
                words = shlex.split(line.partition(" # ")[0])
                if words and words[0].endswith("underpaint"):
                    found.append(words[1:])
    return found


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_a_command_of_the_docs_is_understood(words: list[str]) -> None:
    command, rest = typer.main.get_command(app), list(words)
    while hasattr(command, "resolve_command"):
        name, command, rest = command.resolve_command(click.Context(command), rest)
    assert command.make_context(name, rest).params


def test_the_pages_name_commands() -> None:
    assert len(commands()) >= 10


def test_the_readme_s_python_paints_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not (primer_folder() / "unet").is_dir():
        pytest.skip("the built-in model's weights are not in this checkout")
    code = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.S)
    assert code is not None
    demo = ROOT / "src" / "underpaint" / "demo" / "harbour-photo.jpg"
    (tmp_path / "my-drawing.jpg").write_bytes(demo.read_bytes())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("UNDERPAINT_HOME", str(tmp_path / "home"))
    exec(compile(code[1], "README.md", "exec"), {})  # our own README
    assert {path.name for path in (tmp_path / "keys").iterdir()} >= {"keys.psd", "keys.ora", "sheet.png"}
    assert len(list((tmp_path / "keys").glob("0*.png"))) == 3


def test_links_of_the_docs_lead_somewhere() -> None:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/**/*.md")]
    links = [(page, target) for page in pages
             for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")) if "://" not in target]
    assert [f"{page.name}: {target}" for page, target in links if not (page.parent / target).exists()] == []
