"""`underpaint models`: the models on this machine."""

from pathlib import Path

import typer

from underpaint.cli.output import console, notes, print_json, print_table

app = typer.Typer(no_args_is_help=True, help="The models on this machine, used where they lie.")
JSON = typer.Option(False, "--json", help="Print JSON.")


@app.command("list", epilog="Example: underpaint models list --kind lora")
def list_models(kind: str = typer.Option("", "--kind", help="checkpoint, lora, vae, embedding ..."),
                as_json: bool = JSON) -> None:
    """List the models that Underpaint knows."""
    from underpaint.models import Catalogue

    catalogue = Catalogue()
    catalogue.refresh()
    found = [model for model in catalogue.models() if not kind or model.kind == kind]
    if as_json:
        print_json({"models": [model.model_dump(mode="json") for model in found],
                    "folders": [str(place.root) for place in catalogue.folders()],
                    "problems": [{"path": str(problem.path), "why": problem.why} for problem in catalogue.problems()]})
        return
    print_table(["name", "kind", "made for", "size", "hash"],
                [[model.name, model.kind, model.family_name if model.family else "",
                  f"{model.file_bytes / 1e6:,.0f} MB", model.short_hash or "not yet known"] for model in found])
    for problem in catalogue.problems():
        notes().print(f"cannot be used: {problem.path.name}: {problem.why}", markup=False)


@app.command("add", epilog="Example: underpaint models add ~/stable-diffusion-webui")
def add(folder: Path = typer.Argument(..., help="A models folder of A1111, ComfyUI or Invoke, a plain folder, one "
                                                "file, or an extra_model_paths.yaml."),
        as_json: bool = JSON) -> None:
    """Use the models in a folder where they lie; nothing is moved or copied."""
    from underpaint.models import Catalogue

    catalogue = Catalogue()
    before = {model.path for model in catalogue.models()}
    place = catalogue.add(folder)
    new = [model for model in catalogue.models() if model.path not in before]
    if as_json:
        print_json({"added": str(place.root), "program": place.program, "models": [model.name for model in new],
                    "problems": [{"path": str(problem.path), "why": problem.why} for problem in catalogue.problems()]})
        return
    console().print(f"{place.root} ({place.program}): {len(new)} models", markup=False)
    for problem in catalogue.problems():
        notes().print(f"cannot be used: {problem.path.name}: {problem.why}", markup=False)


@app.command("show", epilog="Example: underpaint models show primer")
def show(name: str = typer.Argument(..., help="Name, path or hash."),
         with_hash: bool = typer.Option(False, "--hash", help="Compute the SHA-256 now if it is not known."),
         as_json: bool = JSON) -> None:
    """Show what is known about one model."""
    from underpaint.models import Catalogue

    catalogue = Catalogue()
    model = catalogue.find(name)
    if with_hash and model.sha256 is None:
        model = model.with_(sha256=catalogue.hashes.hash_now(model.path).sha256)
    said = model.model_dump(mode="json")
    if as_json:
        print_json(said)
        return
    print_table(["", ""], [[key.replace("_", " "), str(value)] for key, value in said.items()
                           if value not in (None, "", [], {})])


@app.command("remove", epilog="Example: underpaint models remove ~/stable-diffusion-webui")
def remove(folder: Path = typer.Argument(..., help="A folder that was added."), as_json: bool = JSON) -> None:
    """Forget a folder; the folder itself is not touched."""
    from underpaint.models import Catalogue

    gone = Catalogue().remove(folder)
    if as_json:
        print_json({"removed": str(gone)})
        return
    console().print(f"{gone} is no longer used; its files are as they were", markup=False)
