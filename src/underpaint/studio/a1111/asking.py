"""From a request to what will be painted: everything that is wrong with it is found here, before anything is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from underpaint.errors import ModelError
from underpaint.library.jobs import JobItem
from underpaint.models import Kind
from underpaint.recipe import Recipe
from underpaint.studio.a1111.begun import Begun, begun_pictures, refine_fields
from underpaint.studio.a1111.errors import Unprocessable
from underpaint.studio.a1111.options import DEFAULTS, checked
from underpaint.studio.a1111.pasting import pasted
from underpaint.studio.a1111.recipes import Asked, create_fields, drawn, painted_recipe
from underpaint.studio.a1111.refused import refuse
from underpaint.studio.a1111.requests import Img2Img, Processing, Unit
from underpaint.studio.a1111.scripts.shape import Given, Made
from underpaint.studio.a1111.scripts.table import script_of, units_asked
from underpaint.studio.a1111.shelf import Shelf
from underpaint.studio.a1111.styles import styled
from underpaint.studio.a1111.units import asks_a_net, read_units, steered
from underpaint.studio.desk import Desk


@dataclass(frozen=True, eq=False)
class Ready:
    """What will be painted: the request as it was understood, its pictures, the maps of its ControlNet units, and the
    settings that it leaves behind."""

    asked: Asked
    made: Made
    maps: Sequence[bytes]
    kept: Mapping[str, Any]

    def items(self) -> list[JobItem]:
        """One for each picture, in the order of painting."""
        return [JobItem(recipe, self.asked.prompt[:100]) for recipe in self.made.recipes]


def understood(request: Processing, options: Mapping[str, Any], desk: Desk) -> Ready:
    """Read a request. `options` are the client's settings. Raises UnderpaintErrors with A1111's codes."""
    shelf, tab = Shelf(desk), "img2img" if isinstance(request, Img2Img) else "txt2img"
    begun = begun_pictures(request) if isinstance(request, Img2Img) else []
    request = pasted(request, shelf)
    override = checked(request.override_settings or {})
    settings = {**DEFAULTS, **_said(options), **_said(override)}
    settings["sd_model_checkpoint"] = settings["sd_model_checkpoint"] or desk.settings.model
    script = script_of(request.script_name, tab)
    units = read_units(units_asked(request.alwayson_scripts))
    refuse(request, settings)
    _check_models(settings, shelf)
    asked = _asked(request, settings, shelf, desk.settings.max_pixels)
    controls, maps = _steered(asked, units, begun, desk)
    base = _Base(asked, begun, controls)
    if script is not None:
        made = script.make(Given(asked, begun, shelf, base), request.script_args)
        made = _with_controls(made, controls)
    else:
        count = max(request.pictures, len(begun))
        made = Made([base(number) for number in range(count)], range(count))
    desk.check(made.recipes, asked.blobs)
    return Ready(asked, made, maps, {} if request.override_settings_restore_afterwards is not False else override)


def _said(options: Mapping[str, Any]) -> dict[str, Any]:
    """Settings that say something: clients send back whatever they were given, nulls too."""
    return {name: value for name, value in options.items() if value is not None}


def _asked(request: Processing, settings: Mapping[str, Any], shelf: Shelf, most_pixels: int) -> Asked:
    styles = shelf.styles() if request.styles else {}
    names = request.styles or []
    return Asked(request, settings, styled(request.prompt or "", names, styles),
                 styled(request.negative_prompt or "", names, styles, negative=True), drawn(request.seed, "seed"),
                 drawn(request.subseed, "subseed"), most_pixels)


def _check_models(settings: Mapping[str, Any], shelf: Shelf) -> None:
    """Raise ModelError for a model or VAE that is not there: never is another one taken quietly."""
    named: tuple[tuple[str, Kind], ...] = (("sd_model_checkpoint", "checkpoint"), ("sd_vae", "vae"))
    for option, kind in named:
        name = settings[option]
        if name and not (kind == "vae" and str(name).lower() in ("automatic", "none")):
            try:
                shelf.find(name, kind)
            except ModelError as error:
                raise ModelError(error.message, hint=error.hint, field=option) from error


@dataclass(frozen=True, eq=False)
class _Base:
    """The recipe of each picture as the request without a script means it."""

    asked: Asked
    begun: Sequence[Begun]
    controls: Sequence[Mapping[str, Any]]
    _own: dict[int, dict[str, Any]] = field(default_factory=dict)
    """By what they begin with: a hundred pictures over one bring it to size once."""

    def __call__(self, number: int) -> Recipe:
        at = number % len(self.begun) if self.begun else 0
        if at not in self._own:
            self._own[at] = refine_fields(self.asked, self.begun[at]) if self.begun else create_fields(self.asked)
        return painted_recipe(self.asked, number, {**self._own[at], "controls": list(self.controls)})


def _steered(asked: Asked, units: Sequence[Unit], begun: Sequence[Begun],
             desk: Desk) -> tuple[list[dict[str, Any]], list[bytes]]:
    controls, maps = [], []
    init = asked.request.init_images[0] if isinstance(asked.request, Img2Img) and begun and \
        asked.request.init_images else None
    second = bool(getattr(asked.request, "enable_hr", False))
    for unit in units:
        make = partial(steered, unit, init, Shelf(desk), second_pass=second)
        found = desk.work(make) if asks_a_net(unit) else make()
        asked.blobs.update({found.stored.blob.sha256: found.stored.data} if found.stored is not None else {})
        controls.append(found.control)
        maps += [found.map] if found.map is not None and not asked.options["control_net_no_detectmap"] else []
    return controls, maps


def _with_controls(made: Made, controls: Sequence[Mapping[str, Any]]) -> Made:
    """Scripts that make recipes of their own leave out what steers: they grow or enlarge the picture."""
    if controls and not all(one.controls for one in made.recipes):
        raise Unprocessable("this script cannot be steered by ControlNet", field="alwayson_scripts",
                            hint="Leave its units out.")
    return made
