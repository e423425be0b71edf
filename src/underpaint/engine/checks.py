"""What a run may not ask for, refused before anything is computed."""

import math

from underpaint.engine.components import Components
from underpaint.engine.run import EMPHASES, Run
from underpaint.errors import PlanError, RecipeError


def check_run(run: Run, components: Components) -> None:
    """Raise RecipeError or PlanError, naming the field, for a run that this model cannot paint."""
    _check_size(run, components)
    if run.sampling.sampler is None or run.sampling.steps is None:
        raise RecipeError("sampler and steps are not set", hint="The plan chooses them.", field="sampling")
    if run.guide is None and (run.guidance.scale is None or not math.isfinite(run.guidance.scale)):
        raise RecipeError("the guidance scale is not set to a number", hint="7 is usual.", field="guidance.scale")
    if not 0 < run.strength <= 1:
        raise RecipeError(f"strength is above 0 and at most 1, not {run.strength:g}", field="strength")
    if run.emphasis not in EMPHASES:
        raise RecipeError(f"there is no emphasis mode '{run.emphasis:.40}'", hint=f"There are: {', '.join(EMPHASES)}.",
                          field="emphasis")
    _check_tiles(run, components)
    _check_pictures(run, components)


def _check_tiles(run: Run, components: Components) -> None:
    """Tiles are cut in whole latent cells, and must get further with each."""
    if run.tiles is None:
        return
    size, overlap, cell = run.tiles.size, run.tiles.overlap, components.latent_scale
    if overlap // cell >= size // cell:
        raise RecipeError(f"tiles of {size} pixels cannot overlap by {overlap}",
                          hint=f"Overlap by {size // 8} to {size // 2}, or take larger tiles.", field="tiles.overlap")


def _check_size(run: Run, components: Components) -> None:
    step = components.size_step
    if min(run.width, run.height) < step or run.width % step or run.height % step:
        near = tuple(max(step, round(side / step) * step) for side in (run.width, run.height))
        raise PlanError(f"this model paints sizes in steps of {step} pixels, not {run.width}x{run.height}",
                        hint=f"{near[0]}x{near[1]} is near.", field="width")


def _check_pictures(run: Run, components: Components) -> None:
    size = (run.height, run.width)
    for name, array in (("picture", run.picture), ("mask", run.mask)):
        if array is not None and array.shape[:2] != size:
            raise RecipeError(f"the {name} is {array.shape[1]}x{array.shape[0]}, the painting {size[1]}x{size[0]}",
                              hint=f"Fit the {name} to the painting first.", field=name)
    if run.mask is not None and run.picture is None:
        raise RecipeError("a mask needs the picture that it keeps", field="mask")
    cells = (size[0] // components.latent_scale, size[1] // components.latent_scale)
    if run.start is not None and tuple(run.start.shape) != (1, components.latent_channels, *cells):
        raise RecipeError(f"latents to start from have the shape {tuple(run.start.shape)}, "
                          f"not {(1, components.latent_channels, *cells)}", field="start")
