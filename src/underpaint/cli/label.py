"""`underpaint label`: a page on which a team says good, fair or weak, and the reviewer that learns from it."""

from pathlib import Path

import typer

from underpaint.cli import recipes
from underpaint.cli.output import console, notes, print_json
from underpaint.cli.progress import job_progress
from underpaint.errors import PictureError


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("label", epilog="Example: underpaint label takes/, and later underpaint label takes/ --learn "
                                "labels.json")(label)


def label(folder: Path = typer.Argument(..., help="A folder of pictures."),
          learn: list[Path] = typer.Option([], "--learn", metavar="FILE", help="Labels that the page saved; may be "
                                                                               "given again, one for each person."),
          output: Path | None = typer.Option(None, "-o", "--output", help=r"Where the page is written. "
                                                                          r"\[FOLDER/labels.html]"),
          forget: bool = typer.Option(False, "--forget", help="Forget what was learned from labels before."),
          as_json: bool = recipes.JSON) -> None:
    """Make a page to label pictures on, craft and content apart; with --learn let the review learn from the labels."""
    if forget:
        from underpaint.review.team import forget_team

        forgotten = forget_team()
        print_json({"forgotten": forgotten}) if as_json else notes().print(
            "forgotten" if forgotten else "nothing had been learned", markup=False)
        return
    if not folder.is_dir():
        raise PictureError(f"{folder.name} is not a folder", hint="Name the folder that the pictures lie in.",
                           field="folder")
    _learn(folder, learn, as_json) if learn else _page(folder, output, as_json)


def _page(folder: Path, output: Path | None, as_json: bool) -> None:
    from underpaint.files import atomic_write
    from underpaint.library.labelling import MOST_LABELLED, labelled_pictures, labelling_page
    from underpaint.library.saving import check_place

    target = output or folder / "labels.html"
    check_place(target)
    pictures, problems = labelled_pictures(folder)
    for name, why in problems:
        notes().print(f"left out: {name}: {why}", markup=False)
    if len(pictures) == MOST_LABELLED:
        notes().print(f"note: a page holds {MOST_LABELLED} pictures; the folder may have more", markup=False)
    page = labelling_page(pictures, folder.name)
    with atomic_write(target) as file:
        file.write(page)
    if as_json:
        print_json({"page": str(target), "pictures": len(pictures)})
    else:
        console().print(f"{target}: open it in a browser, label, save; then underpaint label {folder} --learn "
                        "labels.json", markup=False)


def _learn(folder: Path, files: list[Path], as_json: bool) -> None:
    from underpaint.cli.review import desk
    from underpaint.library.labelling import learn_labels

    with job_progress(1, quiet=as_json) as watcher:
        watcher.begin("looking at the labelled pictures")
        learned = learn_labels(folder, files, desk(), watcher.step)
    if as_json:
        print_json(learned.to_json())
        return
    console().print(learned.says, markup=False)
