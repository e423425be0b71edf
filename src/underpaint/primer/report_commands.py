"""The commands that examine: `report` and `plots`."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from underpaint.primer.config import SHIPPED, read_config

_WORK = Path("primer-work")


def register(app: typer.Typer) -> None:
    """Add the commands to `python -m underpaint.primer`."""
    app.command()(report)
    app.command()(plots)


def report(
    work: Annotated[Path, typer.Option(help="Folder of the weights and the judge; it gets a folder `report`.")] = _WORK,
    config: Annotated[Path, typer.Option(help="Configuration to use instead of the shipped one.")] = SHIPPED,
    device: Annotated[str, typer.Option(help="cpu or cuda; empty asks the machine.")] = "",
    pictures: Annotated[str, typer.Option(help="Name of the folder of training pictures in the work folder.")] =
    "pictures",
    primer: Annotated[Path | None, typer.Option(help="Model's folder whose smaller networks are measured.")] = None,
    outside: Annotated[Path | None, typer.Option(help="Folder of others' pictures and drawings.")] = None,
    share: Annotated[float, typer.Option(help="Ask only the first of all questions: 0.25 is a quarter of them.",
                                         min=0.01, max=1.0)] = 1.0,
    page: Annotated[Path | None, typer.Option(help="Page that the table is written into as well.")] = None,
) -> None:  # fmt: skip
    """Measure the Primer, every number beside what fresh renders reach; after a kill the same command goes on."""
    import torch

    from underpaint.primer.report.desk import Places
    from underpaint.primer.report.page import summary, table
    from underpaint.primer.report.stage import report_stage
    from underpaint.primer.stages import Workshop

    settings, usual = read_config(config), Places.usual()
    if share < 1:
        settings = replace(settings, evaluate=settings.evaluate.scaled(share))
    shop = Workshop(work, settings, device or ("cuda" if torch.cuda.is_available() else "cpu"), pictures=pictures)
    rows, folder = report_stage(shop, Places(primer or usual.primer, outside or usual.outside), page)
    typer.echo(table(rows, settings.evaluate.steps, settings.evaluate.few_steps))
    typer.echo(f"{summary(rows)} Written to {folder}.")


def plots(
    work: Annotated[Path, typer.Option(help="Folder whose logs are drawn.")] = _WORK,
    target: Annotated[Path | None, typer.Option(help="Folder for the pictures instead of beside each log.")] = None,
) -> None:
    """Draw every stage's losses and measures over time."""
    from underpaint.primer.curves import write_plots

    for path in write_plots(work, target):
        typer.echo(str(path))
