"""The stages that teach the review: `quality` and `early`."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from underpaint.review.places import EARLY, QUALITY, review_folder

Work = Annotated[Path, typer.Option(help="Folder for pictures, checkpoints and logs.")]
Target = Annotated[Path | None, typer.Option(help="Where the finished weights are written.")]
_WORK = Path("primer-work")


def register(app: typer.Typer) -> None:
    """Add the commands to `python -m underpaint.primer`."""
    app.command()(quality)
    app.command()(early)


def quality(
    work: Work = _WORK, target: Target = None,
    config: Annotated[Path | None, typer.Option(help="Configuration instead of the shipped one.")] = None,
    pictures: Annotated[str, typer.Option(help="The Primer's right pictures, within the work folder.")] = "pictures",
    steps: Annotated[int, typer.Option(help="Training steps instead of the configured ones.")] = 0,
) -> None:  # fmt: skip
    """Teach the review which pictures are good, fair or weak."""
    from underpaint.primer.quality import SHIPPED, read_quality_config
    from underpaint.primer.quality_stage import quality_stage

    settings = read_quality_config(config or SHIPPED)
    settings = replace(settings, steps=steps) if steps else settings
    facts = quality_stage(work, settings, target or review_folder(QUALITY), pictures)
    if facts is None:
        typer.echo("Stopped; the same command goes on from here.", err=True)
        raise typer.Exit(130)
    for name, value in facts.items():
        typer.echo(f"{name}: {value}")


def early(
    work: Work = _WORK, target: Target = None,
    config: Annotated[Path | None, typer.Option(help="Configuration instead of the shipped one.")] = None,
    shards: Annotated[int, typer.Option(help="Paint at most so many more shards of takes; 0 paints all.")] = 0,
) -> None:  # fmt: skip
    """Fit what foretells, early in the run, which takes will be good."""
    from underpaint.primer.early import SHIPPED_EARLY, early_stage, read_early_config

    settings = read_early_config(config or SHIPPED_EARLY)
    for name, value in early_stage(work, settings, target or review_folder(EARLY), shards).items():
        typer.echo(f"{name}: {value}")
