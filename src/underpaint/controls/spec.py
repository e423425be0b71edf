"""A control as people type it: `line=map.png:0.8@0-0.6+resize=crop`. The one place where that is read."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from underpaint.errors import RecipeError

if TYPE_CHECKING:
    from underpaint.controls.shape import Given

_NUMBER = r"(?:\d+(?:\.\d*)?|\.\d+)"
_SPEC = re.compile(
    rf"(?P<kind>[A-Za-z-]+)(?:=(?P<source>.*?))?(?::(?P<weight>-?{_NUMBER}))?"
    rf"(?:@(?P<start>{_NUMBER})-(?P<end>{_NUMBER}))?(?P<options>(?:\+[a-z-]+(?:=[^+]*)?)*)", re.DOTALL)
SHAPE = "KIND=FILE:WEIGHT@START-END+OPTION=VALUE"
_HINT = f"Write {SHAPE}, such as line=map.png:0.8@0-0.6; all but KIND may be left out."
RESIZES = {"fit": "fit", "crop": "crop", "stretch": "stretch", "resize-and-fill": "fit", "crop-and-resize": "crop",
           "just-resize": "stretch"}


@dataclass(frozen=True)
class ControlSpec:
    """What was typed: the kind, what it is handed, the fields every control has, and its own options.

    `inside`: of a region, the controls that are for it. `loras`: every `+lora=`, in order.
    """

    kind: str
    source: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    inside: "tuple[Given, ...]" = ()
    loras: tuple[str, ...] = ()

    def flag(self, name: str) -> bool:
        """Whether an option is switched on: `+name` or `+name=yes`."""
        said = self.options.get(name)
        if said is not None and said.lower() not in {"", "yes", "no", "on", "off", "true", "false", "1", "0"}:
            raise RecipeError(f"'{said:.40}' is neither yes nor no", hint=f"Write +{name}, or +{name}=no.",
                              field=f"control {self.kind}")
        return said is not None and said.lower() not in {"no", "off", "false", "0"}

    def number(self, name: str) -> float | None:
        """An option that is a number; percent are shares. None where it is left out."""
        said = self.options.get(name)
        if said is None:
            return None
        try:
            return float(said[:-1]) / 100 if said.endswith("%") else float(said)
        except ValueError as error:
            raise RecipeError(f"'{said:.40}' is no number", hint=f"Write +{name}=0.5.",
                              field=f"control {self.kind}") from error

    def resizing(self) -> dict[str, Any]:
        """How a map of another shape is laid, as a field; nothing where it is left out."""
        said = self.options.get("resize")
        if said is None:
            return {}
        if said not in RESIZES:
            raise RecipeError(f"'{said:.40}' is no way to resize a map", hint="Choose fit, crop or stretch.",
                              field=f"control {self.kind}")
        return {"resize": RESIZES[said]}

    def expects(self, *names: str) -> None:
        """Refuse options that the control does not have."""
        for name in self.options:
            if name not in names:
                known = ", ".join(f"+{one}" for one in names) or "none"
                raise RecipeError(f"{self.kind} has no option '{name:.40}'", hint=f"It has: {known}.",
                                  field=f"control {self.kind}")


def parse_spec(text: str, kinds: tuple[str, ...]) -> ControlSpec:
    """Read one control as typed. Raises RecipeError that says what is wrong with it, and how it is written."""
    match = _SPEC.fullmatch(text.strip())
    if match is None:
        raise RecipeError(f"'{text:.60}' is no control", hint=_HINT, field="control")
    kind = {"color": "colour"}.get(match["kind"].lower(), match["kind"].lower())
    if kind not in kinds:
        raise RecipeError(f"there is no control '{kind:.40}' that steers here", field="control",
                          hint=f"There are: {', '.join(kinds)}.")
    said = [_option(part) for part in match["options"].split("+")[1:]]
    options = dict(said)
    fields: dict[str, Any] = {name: float(match[name]) for name in ("weight", "start", "end") if match[name]}
    curve = options.pop("curve", None)
    if curve is not None:
        fields["curve"] = _curve(curve, kind)
    _check_range(fields, kind)
    loras = tuple(one.strip() for name, value in said if name == "lora" for one in value.split(",") if one.strip())
    return ControlSpec(kind, (match["source"] or "").strip(), fields, options, loras=loras)


def _option(part: str) -> tuple[str, str]:
    name, _, value = part.partition("=")
    return name, value.strip()


def _check_range(fields: Mapping[str, Any], kind: str) -> None:
    where = f"control {kind}"
    if not 0 <= fields.get("weight", 1.0) <= 2:
        raise RecipeError(f"a weight of {fields['weight']:g} is out of range", hint="Weights go from 0 to 2.",
                          field=where)
    start, end = fields.get("start", 0.0), fields.get("end", 1.0)
    if not (0 <= start <= 1 and 0 <= end <= 1):
        raise RecipeError(f"{start:g}-{end:g} is no share of the steps", hint="Write shares from 0 to 1, as in @0-0.6.",
                          field=where)
    if start > end:
        raise RecipeError(f"it ends at {end:g}, before it starts at {start:g}", hint="Write @START-END, as in @0-0.6.",
                          field=where)


def _curve(text: str, kind: str) -> tuple[tuple[float, float], ...]:
    """`0:1/0.5:0.2` as points of (share of the steps, factor)."""
    try:
        points = tuple((float(when), float(factor)) for when, factor in (one.split(":") for one in text.split("/")))
    except ValueError:
        points = ()
    if not points or any(not (0 <= when <= 1 and 0 <= factor <= 1) for when, factor in points):
        raise RecipeError(f"'{text:.60}' is no curve", field=f"control {kind}",
                          hint="Write share:factor points from 0 to 1, as in +curve=0:1/0.5:0.2.")
    return points
