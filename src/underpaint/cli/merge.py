"""`underpaint models merge` and `underpaint models check`: mixing checkpoints, and what a LoRA was made for."""

from pathlib import Path

import typer

from underpaint.cli.output import console, notes, print_json
from underpaint.cli.progress import job_progress

REFUSED = 5
_MODEL = typer.Argument(..., help="A checkpoint: name, path or hash.")
_NETWORK = typer.Argument(..., help="A LoRA or textual inversion: name, path or hash.")
_MODELS = typer.Argument(..., help="Two or more checkpoints; the first keeps what the others do not have.")
_OUT = typer.Option(..., "-o", "--output", help="The new .safetensors file.")
_WEIGHT = typer.Option([], "--weight", "-w", help="How much of each model after the first goes in (0 to 1); one for "
                                                  "each. 0.5 if nothing is said.")
_ADD = typer.Option(False, "--add-difference", help="First + weight x (second - third).")
_BLOCKS = typer.Option("", "--blocks", help="Weights block by block: 25 or 26 numbers (SDXL 19 or 20), or names: "
                                            "IN04-IN08:0.2,M00:1,OUT05:0.7 (the rest gets --weight).")
_DTYPE = typer.Option("", "--dtype", help="fp16, bf16 or fp32; as in the first model if nothing is said.")
_JSON = typer.Option(False, "--json", help="Print JSON.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("check", epilog="Example: underpaint models check dreamy ink-lines")(check)
    app.command("merge", epilog="Example: underpaint models merge dreamy inky --weight 0.3 -o both.safetensors")(merge)


def check(model: str = _MODEL, network: str = _NETWORK, as_json: bool = _JSON) -> None:
    """Say whether a LoRA was made for this model: its family, its branch (SDXL, Pony ...), what it predicts."""
    from underpaint.models import Catalogue, check_network

    catalogue = Catalogue()
    catalogue.refresh()
    checkpoint, found = catalogue.find(model), catalogue.find(network)
    findings = check_network(checkpoint, found)
    refused = any(finding.level == "refused" for finding in findings)
    warned = any(finding.level == "warning" for finding in findings)
    if as_json:
        print_json({"model": checkpoint.name, "network": found.name, "fits": not refused, "warned": warned,
                    "findings": [{"level": finding.level, "text": finding.text} for finding in findings]})
    else:
        verdict = "does not fit" if refused else "fits, with doubts" if warned else "fits"
        console().print(f"{found.name} on {checkpoint.name}: {verdict}", markup=False)
        for finding in findings:
            console().print(f"  {finding.level}: {finding.text}", markup=False)
    if refused:
        raise typer.Exit(REFUSED)


def merge(models: list[str] = _MODELS, out: Path = _OUT, weight: list[float] = _WEIGHT, add_difference: bool = _ADD,
          blocks: str = _BLOCKS, dtype: str = _DTYPE, as_json: bool = _JSON) -> None:
    """Mix checkpoints of one family into a new file; the file says which parents it has, by hash."""
    from underpaint.errors import ModelError
    from underpaint.models import Catalogue, MergeRecipe, Share, parse_blocks
    from underpaint.models.merging import merge_checkpoints
    from underpaint.models.number_formats import SPOKEN

    catalogue = Catalogue()
    found = [catalogue.find(name, kind="checkpoint") for name in models]
    if dtype and dtype.lower() not in SPOKEN:
        raise ModelError(f"'{dtype:.20}' is no number format", hint="Say fp16, bf16 or fp32.", field="dtype")
    others = 1 if add_difference else len(found) - 1
    weights = weight or [0.5 if others == 1 else 1 / len(found)] * others
    if len(weights) != others or not all(-10 <= one <= 10 for one in weights):
        raise ModelError(f"{len(weights)} weights were given for {others} models", field="weight",
                         hint="One --weight for each model after the first, between -10 and 10.")
    if blocks and others != 1:
        raise ModelError("blocks can be weighed for two models at a time", field="blocks",
                         hint="Merge two, then the result with the third.")
    named = parse_blocks(blocks, found[0].family or "sd") if blocks else {}
    recipe = MergeRecipe("add difference" if add_difference else "weighted",
                         tuple(Share(one, named) for one in weights))
    notes().print("reading the models ...")
    with job_progress(1, quiet=as_json) as bar:
        bar.begin(out.name)
        merged = merge_checkpoints(found, recipe, out, hashes=catalogue.hashes, dtype=SPOKEN.get(dtype.lower()),
                                   progress=lambda done, total: bar.step(done >> 20, max(total >> 20, 1)))
    if as_json:
        print_json({"merged": str(merged.path), "mixed": merged.mixed, "kept": merged.kept,
                    "left_out": merged.left_out, "parents": [model.name for model in found]})
        return
    console().print(f"{merged.path}: {merged.mixed} weights mixed, {merged.kept} kept from {found[0].name}, "
                    f"{merged.left_out} left out", markup=False)
