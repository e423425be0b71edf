"""`underpaint prompt`: how words are read, step by step."""

from enum import StrEnum

import typer

from underpaint.cli.output import console, print_json, print_table


class Dialect(StrEnum):
    """Whose grammar the words are in."""

    a1111 = "a1111"
    comfyui = "comfyui"


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("prompt", epilog='Example: underpaint prompt "a (red:1.3) [cat:dog:0.5]" --steps 20')(prompt)


def prompt(words: str = typer.Argument(..., help="The words, as you would paint with them."),
           steps: int = typer.Option(20, "--steps", min=1, max=1000, help="Steps that timed words count in."),
           dialect: Dialect = typer.Option(Dialect.a1111, "--dialect", help="Whose grammar to read."),
           as_json: bool = typer.Option(False, "--json", help="Print JSON.")) -> None:
    """Show how words are read: what holds until which step, how strongly, and what else was asked for."""
    from underpaint.prompt import parse_prompt

    parsed = parse_prompt(words, steps=steps, dialect=dialect.value)
    said = parsed.to_json()
    if as_json:
        print_json(said)
        return
    for number, part in enumerate(said["parts"], start=1):
        rows = [[f"to step {last}", " ".join(f"{text.strip()} x{weight:.2f}" if weight != 1 else text.strip()
                                             for text, weight in pieces)] for last, pieces in part["schedule"]]
        title = f"Part {number}, weight {part['weight']:g}" if len(said["parts"]) > 1 else None
        print_table(["when", "words"], rows, title=title)
    for network in said["extra"]:
        console().print(f"network: {network}", markup=False)
