"""`python -m underpaint.primer STAGE`: train the built-in model from nothing."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from underpaint.errors import UnderpaintError
from underpaint.models.primer import primer_folder
from underpaint.primer import report_commands, review_commands
from underpaint.primer.config import SHIPPED, PrimerConfig, read_config
from underpaint.primer.part_config import SHIPPED_PARTS, read_parts_config

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Train the built-in model, stage by stage.")
report_commands.register(app)
review_commands.register(app)

Work = Annotated[Path, typer.Option(help="Folder for pictures, checkpoints and logs.")]
Config = Annotated[Path, typer.Option(help="Configuration to use instead of the shipped one.")]
Device = Annotated[str, typer.Option(help="cpu or cuda; empty asks the machine.")]
Pictures = Annotated[str, typer.Option(help="Name of the folder of rendered scenes inside the work folder.")]
Workers = Annotated[int, typer.Option(help="Rendering processes.", min=1)]
Seconds = Annotated[float, typer.Option(help="Budget in seconds instead of the configured one.")]
Steps = Annotated[int, typer.Option(help="Budget in steps instead of the configured seconds.")]
Weights = Annotated[Path | None, typer.Option("--from-weights", help="Begin from these averaged weights.")]
Target = Annotated[Path | None, typer.Option(help="Where snapshots and the finished model are written.")]
PartsFile = Annotated[Path, typer.Option("--parts", help="Configuration of the smaller networks.")]

_WORK = Path("primer-work")


def _shop(work: Path, config: PrimerConfig, device: str, pictures: str = "pictures", workers: int = 1) -> Any:
    import torch

    from underpaint.primer.stages import Workshop

    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    return Workshop(work, config, device, workers, pictures)


def _budget(section: Any, seconds: float, steps: int) -> Any:
    section = replace(section, seconds=seconds) if seconds else section
    return replace(section, steps=steps) if steps else section


@app.command()
def render(
    work: Work = _WORK, config: Config = SHIPPED, workers: Workers = 1, pictures: Pictures = "pictures",
    shards: Annotated[int, typer.Option(help="Shards instead of the configured number.")] = 0,
) -> None:  # fmt: skip
    """Paint the scenes that everything is learned from."""
    from underpaint.primer.stages import render_stage

    settings = read_config(config)
    if shards:
        settings = replace(settings, render=replace(settings.render, shards=shards))
    render_stage(_shop(work, settings, "cpu", pictures, workers))


@app.command()
def tokenizer(work: Work = _WORK, config: Config = SHIPPED, pictures: Pictures = "pictures") -> None:
    """Learn the vocabulary."""
    from underpaint.primer.stages import tokenizer_stage

    tokenizer_stage(_shop(work, read_config(config), "cpu", pictures))


@app.command()
def autoencoder(
    work: Work = _WORK, config: Config = SHIPPED, device: Device = "", pictures: Pictures = "pictures",
    seconds: Seconds = 0.0, steps: Steps = 0, from_weights: Weights = None,
) -> None:  # fmt: skip
    """Train the autoencoder."""
    from underpaint.primer.stages import autoencoder_stage

    settings = read_config(config)
    settings = replace(settings, autoencoder=_budget(settings.autoencoder, seconds, steps))
    _finish(autoencoder_stage(_shop(work, settings, device, pictures), from_weights))


@app.command()
def encode(work: Work = _WORK, config: Config = SHIPPED, device: Device = "", pictures: Pictures = "pictures") -> None:
    """Turn the pictures into latents and the captions into tokens."""
    from underpaint.primer.stages import encode_stage

    encode_stage(_shop(work, read_config(config), device, pictures))


@app.command()
def reading(
    work: Work = _WORK, config: Config = SHIPPED, device: Device = "", pictures: Pictures = "pictures",
    seconds: Seconds = 0.0, steps: Steps = 0, from_weights: Weights = None,
) -> None:  # fmt: skip
    """Teach the text encoder to read."""
    from underpaint.primer.stages import reading_stage

    settings = read_config(config)
    settings = replace(settings, reading=_budget(settings.reading, seconds, steps))
    _finish(reading_stage(_shop(work, settings, device, pictures), from_weights))


@app.command()
def painter(
    work: Work = _WORK, config: Config = SHIPPED, device: Device = "", pictures: Pictures = "pictures",
    seconds: Seconds = 0.0, steps: Steps = 0, from_weights: Weights = None, target: Target = None,
) -> None:  # fmt: skip
    """Train denoiser and line adapter together."""
    from underpaint.primer.stages import painter_stage

    settings = read_config(config)
    settings = replace(settings, painter=_budget(settings.painter, seconds, steps))
    _finish(painter_stage(_shop(work, settings, device, pictures), from_weights, target))


@app.command()
def decoder(
    work: Work = _WORK, config: Config = SHIPPED, device: Device = "", pictures: Pictures = "pictures",
    seconds: Seconds = 0.0, steps: Steps = 0,
) -> None:  # fmt: skip
    """Teach the decoder to forgive what noise a painting keeps."""
    from underpaint.primer.stages import decoder_stage

    settings = read_config(config)
    settings = replace(settings, decoder=_budget(settings.decoder, seconds, steps))
    _finish(decoder_stage(_shop(work, settings, device, pictures)))


@app.command()
def adopt(folder: Path, work: Work = _WORK, config: Config = SHIPPED) -> None:
    """Take an exported model's weights into the work folder, for --from-weights to begin from."""
    from underpaint.primer.adopt import adopt_stage

    adopt_stage(_shop(work, read_config(config), "cpu", "pictures"), folder)


@app.command()
def export(
    work: Work = _WORK, config: Config = SHIPPED, target: Target = None, pictures: Pictures = "pictures"
) -> None:
    """Write the weights as a diffusers folder."""
    from underpaint.primer.stages import export_stage

    size = export_stage(_shop(work, read_config(config), "cpu", pictures), target or primer_folder())
    typer.echo(f"{target or primer_folder()}: {size / 1e6:.1f} MB")


@app.command()
def judge(
    work: Work = _WORK, config: Config = SHIPPED, workers: Workers = 1, seconds: Seconds = 0.0, steps: Steps = 0
) -> None:
    """Paint the judge's own scenes and train it."""
    from underpaint.primer.stages import judge_stage

    settings = read_config(config)
    settings = replace(settings, judge=_budget(settings.judge, seconds, steps))
    _finish(judge_stage(_shop(work, settings, "cpu", workers=workers)))


@app.command()
def extractors(
    work: Work = _WORK, config: Config = SHIPPED, parts: PartsFile = SHIPPED_PARTS, device: Device = "",
    pictures: Pictures = "pictures", seconds: Seconds = 0.0, steps: Steps = 0, from_weights: Weights = None,
) -> None:  # fmt: skip
    """Train depth, normals, subject and poses."""
    from underpaint.primer.part_stages import extractors_stage

    settings = read_parts_config(parts)
    settings = replace(settings, extractors=_budget(settings.extractors, seconds, steps))
    _finish(extractors_stage(_shop(work, read_config(config), device, pictures), settings, from_weights))


@app.command()
def upscaler(
    work: Work = _WORK, config: Config = SHIPPED, parts: PartsFile = SHIPPED_PARTS, device: Device = "",
    pictures: Pictures = "pictures", seconds: Seconds = 0.0, steps: Steps = 0, from_weights: Weights = None,
) -> None:  # fmt: skip
    """Train the network that makes pictures four times as large."""
    from underpaint.primer.part_stages import upscaler_stage

    settings = read_parts_config(parts)
    settings = replace(settings, upscaler=_budget(settings.upscaler, seconds, steps))
    _finish(upscaler_stage(_shop(work, read_config(config), device, pictures), settings, from_weights))


@app.command()
def clip(
    work: Work = _WORK, config: Config = SHIPPED, parts: PartsFile = SHIPPED_PARTS, device: Device = "",
    pictures: Pictures = "pictures", seconds: Seconds = 0.0, steps: Steps = 0, from_weights: Weights = None,
) -> None:  # fmt: skip
    """Train the image tower to the words."""
    from underpaint.primer.part_stages import clip_stage

    settings = read_parts_config(parts)
    settings = replace(settings, clip=_budget(settings.clip, seconds, steps))
    _finish(clip_stage(_shop(work, read_config(config), device, pictures), settings, from_weights))


@app.command()
def few_steps(
    work: Work = _WORK, config: Config = SHIPPED, parts: PartsFile = SHIPPED_PARTS, device: Device = "",
    pictures: Pictures = "pictures", seconds: Seconds = 0.0, steps: Steps = 0, target: Target = None,
) -> None:  # fmt: skip
    """Train the LoRA that paints in four steps, taught by the model's folder."""
    from underpaint.primer.part_stages import few_steps_stage

    settings = read_parts_config(parts)
    own = replace(settings.few_steps, seconds=seconds or settings.few_steps.seconds, steps_trained=steps or None)
    shop = _shop(work, read_config(config), device, pictures)
    _finish(few_steps_stage(shop, replace(settings, few_steps=own), target or primer_folder()))


@app.command()
def image_prompt(
    work: Work = _WORK, config: Config = SHIPPED, parts: PartsFile = SHIPPED_PARTS, device: Device = "",
    pictures: Pictures = "pictures", seconds: Seconds = 0.0, steps: Steps = 0, from_weights: Weights = None,
    target: Target = None,
) -> None:  # fmt: skip
    """Train what the denoiser of the model's folder takes from pictures: style and subject."""
    from underpaint.primer.part_stages import image_prompt_stage

    settings = read_parts_config(parts)
    settings = replace(settings, image_prompt=_budget(settings.image_prompt, seconds, steps))
    shop = _shop(work, read_config(config), device, pictures)
    _finish(image_prompt_stage(shop, settings, target or primer_folder(), from_weights))


@app.command()
def fill(
    work: Work = _WORK, config: Config = SHIPPED, parts: PartsFile = SHIPPED_PARTS, device: Device = "",
    pictures: Pictures = "pictures", seconds: Seconds = 0.0, steps: Steps = 0, from_weights: Weights = None,
    target: Target = None,
) -> None:  # fmt: skip
    """Train what fits a hole to its surroundings, beside the denoiser of the model's folder."""
    from underpaint.primer.part_stages import fill_stage

    settings = read_parts_config(parts)
    settings = replace(settings, fill=_budget(settings.fill, seconds, steps))
    shop = _shop(work, read_config(config), device, pictures)
    _finish(fill_stage(shop, settings, target or primer_folder(), from_weights))


@app.command()
def export_parts(
    work: Work = _WORK, config: Config = SHIPPED, parts: PartsFile = SHIPPED_PARTS, target: Target = None
) -> None:
    """Write the smaller networks that have been trained into the model's folder."""
    from underpaint.primer.part_stages import export_parts_stage

    shop, folder = _shop(work, read_config(config), "cpu"), target or primer_folder()
    for name, size in export_parts_stage(shop, read_parts_config(parts), folder).items():
        typer.echo(f"{folder / name}: {size / 1e6:.2f} MB")


@app.command()
def score_parts(
    work: Work = _WORK, config: Config = SHIPPED, device: Device = "", target: Target = None,
    outside: Annotated[Path | None, typer.Option(help="Folder of pictures to try the upscaler on as well.")] = None,
) -> None:  # fmt: skip
    """Examine the smaller networks of the model's folder."""
    from underpaint.primer.part_stages import EXAMINED, score_parts_stage

    shop = _shop(work, read_config(config), device)
    for name, scores in score_parts_stage(shop, target or primer_folder(), EXAMINED, outside).items():
        typer.echo(f"{name}: {scores}")


@app.command(name="all")
def everything(
    work: Work = _WORK, config: Config = SHIPPED, smaller: PartsFile = SHIPPED_PARTS, device: Device = "",
    workers: Workers = 2, target: Target = None,
) -> None:  # fmt: skip
    """Every stage in order, from nothing to the exported model and the plots; after a kill the same command goes on."""
    from underpaint.primer import part_stages, stages
    from underpaint.primer.curves import write_plots

    shop = _shop(work, read_config(config), device, workers=workers)
    stages.render_stage(shop)
    stages.tokenizer_stage(shop)
    _finish(stages.autoencoder_stage(shop))
    stages.encode_stage(shop)
    _finish(stages.reading_stage(shop))
    _finish(stages.painter_stage(shop))
    _finish(stages.decoder_stage(shop))
    folder, parts = target or work / "primer", read_parts_config(smaller)
    stages.export_stage(shop, folder)
    for stage in (part_stages.extractors_stage, part_stages.upscaler_stage, part_stages.clip_stage):
        _finish(stage(shop, parts))
    part_stages.export_parts_stage(shop, parts, folder)
    for learned_beside in (part_stages.image_prompt_stage, part_stages.fill_stage):
        _finish(learned_beside(shop, parts, folder))
    part_stages.export_parts_stage(shop, parts, folder)
    _finish(part_stages.few_steps_stage(shop, parts, folder))
    write_plots(work)


def _finish(done: bool) -> None:
    """A stage that was asked to stop early says so with the usual exit code of an interruption."""
    if not done:
        typer.echo("Stopped; the same command goes on from here.", err=True)
        raise typer.Exit(130)


def main() -> None:
    """Run the command line; our own errors become one line."""
    try:
        app()
    except UnderpaintError as error:
        typer.echo(str(error), err=True)
        raise SystemExit(error.exit_code) from None


if __name__ == "__main__":
    main()
