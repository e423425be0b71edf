"""`underpaint models`: the models on this machine."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from underpaint.cli import merge
from underpaint.cli.output import console, notes, print_json, print_table

if TYPE_CHECKING:
    from underpaint.models import Catalogue

app = typer.Typer(no_args_is_help=True, help="The models on this machine, used where they lie.")
JSON = typer.Option(False, "--json", help="Print JSON.")
merge.register(app)


@app.command("list", epilog="Example: underpaint models list --kind lora")
def list_models(kind: str = typer.Option("", "--kind", help="checkpoint, lora, vae, embedding ..."),
                broken: bool = typer.Option(False, "--broken", help="Only what cannot be used, and why."),
                duplicates: bool = typer.Option(False, "--duplicates", help="Only files that hold the same weights; "
                                                                            "what may be equal is read whole."),
                as_json: bool = JSON) -> None:
    """List the models that Underpaint knows, and what is new, moved or gone since the last look."""
    from underpaint.models import Catalogue

    catalogue = Catalogue()
    catalogue.refresh()
    problems = [{"path": str(problem.path), "why": problem.why, "hint": problem.hint}
                for problem in catalogue.problems()]
    changes = catalogue.changes
    if changes:
        notes().print(f"since the last look: {len(changes.new)} new, {len(changes.changed)} changed, "
                      f"{len(changes.moved)} moved, {len(changes.gone)} gone")
    if duplicates:
        _print_duplicates(catalogue, as_json)
    elif broken and as_json:
        print_json({"problems": problems})
    elif broken:
        for problem in problems:
            console().print(problem["path"], markup=False)
            console().print(f"  {problem['why']}{'. ' + problem['hint'] if problem['hint'] else ''}", markup=False)
        console().print(f"{len(problems)} files cannot be used")
    else:
        _print_models(catalogue, kind, problems, as_json)


def _print_models(catalogue: "Catalogue", kind: str, problems: list[dict[str, str]], as_json: bool) -> None:
    hashed = ((model, catalogue.hashes.known(model.path)) for model in catalogue.models())
    found = [model.with_(sha256=known.sha256, autov3=known.autov3) if known else model
             for model, known in hashed if not kind or model.kind == kind]
    changes = catalogue.changes
    if as_json:
        print_json({"models": [model.model_dump(mode="json") for model in found],
                    "folders": [str(place.root) for place in catalogue.folders()], "problems": problems,
                    "changes": {"new": list(map(str, changes.new)), "changed": list(map(str, changes.changed)),
                                "gone": list(map(str, changes.gone)),
                                "moved": [[str(old), str(new)] for old, new in changes.moved]}})
        return
    print_table(["name", "kind", "made for", "size", "hash"],
                [[model.name, model.kind, model.family_name if model.family else "",
                  f"{model.file_bytes / 1e6:,.0f} MB", model.short_hash or "not yet known"] for model in found])
    for problem in problems:
        notes().print(f"cannot be used: {Path(problem['path']).name}: {problem['why']}", markup=False)


def _print_duplicates(catalogue: "Catalogue", as_json: bool) -> None:
    groups = catalogue.duplicates(lambda path: notes().print(f"reading {path.name} ...", markup=False))
    wasted = sum(group.wasted for group in groups)
    if as_json:
        print_json({"duplicates": [{"paths": list(map(str, group.paths)), "identical": group.identical,
                                    "wasted_bytes": group.wasted} for group in groups], "wasted_bytes": wasted})
        return
    print_table(["same weights", "", "could be saved"],
                [["\n".join(map(str, group.paths)), "identical" if group.identical else "other metadata",
                  f"{group.wasted / 1e6:,.0f} MB"] for group in groups])
    console().print(f"{wasted / 1e6:,.0f} MB could be saved; nothing was deleted")


@app.command("hash", epilog="Example: underpaint models hash --kind lora")
def hash_models(kind: str = typer.Option("", "--kind", help="checkpoint, lora, vae, embedding ..."),
                as_json: bool = JSON) -> None:
    """Compute the hashes that are not known yet, the smallest files first, so that pictures find their models."""
    from underpaint.models import Catalogue

    catalogue = Catalogue()
    catalogue.refresh()
    wanted = [model for model in catalogue.models() if not kind or model.kind == kind]
    wanted = [model for model in wanted if catalogue.hashes.known(model.path) is None]
    found = {}
    for model in sorted(wanted, key=lambda model: model.file_bytes):
        notes().print(f"{model.name} ({model.file_bytes / 1e6:,.0f} MB) ...", markup=False)
        found[str(model.path)] = catalogue.hashes.hash_now(model.path)
    if as_json:
        print_json({"hashed": {path: {"sha256": known.sha256, "autov2": known.short, "autov3": known.autov3_short}
                               for path, known in found.items()}})
        return
    console().print(f"{len(found)} hashed; every other one was known")


@app.command("add", epilog="Example: underpaint models add ~/stable-diffusion-webui")
def add(folder: Path = typer.Argument(..., help="The folder of A1111, Forge, SD.Next, ComfyUI, InvokeAI, "
                                                "Fooocus, SwarmUI or Stability Matrix, any folder, one "
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
    from underpaint.models import Catalogue, legacy_hash
    from underpaint.models.knowledge import HEARD, knowledge

    catalogue = Catalogue()
    model = catalogue.find(name)
    learned = knowledge(model.path) if model.path.is_dir() else {}
    if with_hash and model.sha256 is None:
        known = catalogue.hashes.hash_now(model.path)
        model = model.with_(sha256=known.sha256, autov3=known.autov3)
    said = model.model_dump(mode="json")
    said["hashes"] = {"autov1": legacy_hash(model.path), "autov2": model.short_hash,
                      "autov3": model.autov3[:12] if model.autov3 else None}
    if as_json:
        print_json(said | ({"knows": learned} if learned else {}))
        return
    said["hashes"] = ", ".join(f"{name} {digits}" for name, digits in said["hashes"].items() if digits)
    print_table(["", ""], [[key.replace("_", " "), str(value)] for key, value in said.items()
                           if value not in (None, "", [], {})])
    if learned:
        print_table(["knows", ""], [[kind, ", ".join(words)] for kind, words in learned.items() if kind != HEARD])


@app.command("remove", epilog="Example: underpaint models remove ~/stable-diffusion-webui")
def remove(folder: Path = typer.Argument(..., help="A folder that was added."), as_json: bool = JSON) -> None:
    """Forget a folder; the folder itself is not touched."""
    from underpaint.models import Catalogue

    gone = Catalogue().remove(folder)
    if as_json:
        print_json({"removed": str(gone)})
        return
    console().print(f"{gone} is no longer used; its files are as they were", markup=False)
