"""X/Y/Z plot: our plots, by A1111's numbers and names of axes."""

from collections.abc import Sequence
from typing import Any

from underpaint.canvas.grid import GridLabels
from underpaint.sets.plot import plan_plot
from underpaint.sets.plot_axes import NOT_OFFERED
from underpaint.studio.a1111.replies import ScriptArgument
from underpaint.studio.a1111.scripts.shape import Given, Made, Pages, Script, argument, wrong

_BOTH, _TXT, _IMG = "txt2img img2img", "txt2img", "img2img"
AXES: tuple[tuple[str, str], ...] = (
    ("Nothing", _BOTH), ("Seed", _BOTH), ("Var. seed", _BOTH), ("Var. strength", _BOTH), ("Steps", _BOTH),
    ("Hires steps", _TXT), ("CFG Scale", _BOTH), ("Image CFG Scale", _IMG), ("Prompt S/R", _BOTH),
    ("Prompt order", _BOTH), ("Sampler", _TXT), ("Hires sampler", _TXT), ("Sampler", _IMG),
    ("Checkpoint name", _BOTH), ("Negative Guidance minimum sigma", _BOTH), ("Sigma Churn", _BOTH),
    ("Sigma min", _BOTH), ("Sigma max", _BOTH), ("Sigma noise", _BOTH), ("Schedule type", _BOTH),
    ("Schedule min sigma", _BOTH), ("Schedule max sigma", _BOTH), ("Schedule rho", _BOTH),
    ("Beta schedule alpha", _BOTH), ("Beta schedule beta", _BOTH), ("Eta", _BOTH), ("Clip skip", _BOTH),
    ("Denoising", _BOTH), ("Initial noise multiplier", _BOTH), ("Extra noise", _BOTH), ("Hires upscaler", _TXT),
    ("Cond. Image Mask Weight", _IMG), ("VAE", _BOTH), ("Styles", _BOTH), ("UniPC Order", _BOTH),
    ("Face restore", _BOTH), ("Token merging ratio", _BOTH), ("Token merging ratio high-res", _BOTH),
    ("Always discard next-to-last sigma", _BOTH), ("SGM noise multiplier", _BOTH), ("Refiner checkpoint", _BOTH),
    ("Refiner switch at", _BOTH), ("RNG source", _BOTH), ("FP8 mode", _BOTH), ("Size", _BOTH),
)
"""Its axes in the order of A1111 1.10, where clients name them by number; each tab counts its own alone."""
assert all(name in NOT_OFFERED for name in ("Styles", "FP8 mode"))  # what has no twin is refused by sets/plot_axes.py


def axes_of(tab: str) -> list[str]:
    """The axes of txt2img or img2img, by number."""
    return [name for name, tabs in AXES if tab in tabs.split()]


def _arguments(tab: str) -> list[ScriptArgument]:
    names = axes_of(tab)
    axes = [one for letter, usual in (("X", names[4]), ("Y", names[0]), ("Z", names[0])) for one in (
        ScriptArgument(label=f"{letter} type", value=usual, choices=names),
        ScriptArgument(label=f"{letter} values", value=""),
        ScriptArgument(label=f"{letter} values", value=[], choices=[]))]
    flags = [("Draw legend", True), ("Include Sub Images", False), ("Include Sub Grids", False),
             ("Keep -1 for seeds", False), ("Vary seeds for X", False), ("Vary seeds for Y", False),
             ("Vary seeds for Z", False), ("Grid margins (px)", 0), ("Use text inputs instead of dropdowns", False)]
    return axes + [ScriptArgument(label=label, value=value) for label, value in flags]


def _make(given: Given, args: Sequence[Any]) -> Made:
    tab = "img2img" if given.begun else "txt2img"
    x, y, z = (_axis(args, 3 * at, letter, tab, usual) for at, (letter, usual) in
               enumerate((("X", 0), ("Y", 0), ("Z", 0))))
    plot = plan_plot(given.base(0), x, y, z, seed=given.asked.seed,
                     confirm=lambda kind, name: given.shelf.find(name, kind))
    labels = GridLabels("", (plot.x.name, plot.y.name, plot.z.name), plot.x.labels, plot.y.labels, plot.z.labels)
    blank = GridLabels("", ("", "", ""), *(("",) * len(one) for one in (plot.x.labels, plot.y.labels, plot.z.labels)))
    pages = Pages(labels if _flag(args, 9, True) else blank, _flag(args, 10, False), _flag(args, 11, False), True)
    said = {f"{axis.letter} {what}": text for axis in (plot.x, plot.y, plot.z) if axis.name
            for what, text in (("Type", axis.name), ("Values", ", ".join(axis.labels)))}
    return Made([cell.recipe for cell in plot.cells], [cell.number - 1 for cell in plot.cells], pages,
                {"Script": "X/Y/Z plot", **said})


def _axis(args: Sequence[Any], at: int, letter: str, tab: str, usual: int) -> str:
    """One axis as our plots write it: `NAME=VALUES`; "" for nothing."""
    kind, values, chosen = argument(args, at, usual), argument(args, at + 1, ""), argument(args, at + 2, [])
    names = axes_of(tab)
    if isinstance(kind, str) and kind.strip().isdecimal():
        kind = int(kind[:9])
    if isinstance(kind, int) and not isinstance(kind, bool):
        if not 0 <= kind < len(names):
            raise wrong(f"{letter} type", kind, f"a number from 0 to {len(names) - 1} or a name")
        kind = names[kind]
    if not isinstance(kind, str):
        raise wrong(f"{letter} type", kind, "a number or a name")
    if isinstance(values, list):
        values, chosen = "", values
    if not isinstance(chosen, list) or not all(isinstance(one, str | int | float) for one in chosen):
        raise wrong(f"{letter} values", chosen, "a list of values")
    written = str(values) if str(values).strip() else ", ".join(map(_quoted, map(str, chosen)))
    return "" if kind.strip().lower() in ("", "nothing") else f"{kind}={written}"


def _quoted(value: str) -> str:
    doubled = value.replace('"', '""')
    return f'"{doubled}"' if any(sign in value for sign in ',"\n') else value


def _flag(args: Sequence[Any], number: int, usual: bool) -> bool:
    return bool(argument(args, number, usual))


SCRIPT = Script("X/Y/Z plot", ("txt2img", "img2img"), _arguments, _make)
