"""Every script that is served, and those of A1111 that are not."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from underpaint.studio.a1111.errors import NotServed, Unprocessable
from underpaint.studio.a1111.replies import ScriptArgument, ScriptInfo, Scripts
from underpaint.studio.a1111.scripts import larger, lines, matrix, outpaint, plot
from underpaint.studio.a1111.scripts.shape import Script

SCRIPTS: tuple[Script, ...] = (plot.SCRIPT, matrix.SCRIPT, lines.SCRIPT, larger.SCRIPT, outpaint.MK2,
                               outpaint.POOR_MANS)
ALWAYS_ON = ("controlnet",)
MARKS: Mapping[str, tuple[str, ...]] = MappingProxyType({"txt2img": ("controlnet m2m",), "img2img": ()})
"""What clients look for to know that ControlNet is here (webuiapi does), though it is refused itself."""
PASSED_OVER = frozenset({"seed", "sampler", "refiner", "extra options", "hypertile", "comments", "soft inpainting",
                         "extra generation params", "hires. fix"})
"""What A1111 itself brings along and clients repeat: the request's own fields say the same."""
REFUSED: Mapping[str, str] = MappingProxyType({
    "loopback": "pictures are not painted over and over by themselves: send the result again",
    "img2img alternative test": "noise is not found again from a picture", "custom code": "nothing that is sent is "
    "ever run as code", "controlnet m2m": "no films are painted here", "postprocess upscale": "use extra-single-image",
})


def script_of(name: str | None, tab: str) -> Script | None:
    """The script of that title, whatever its letters' case; None where none is asked for.

    Raises Unprocessable as A1111 does for a title that there is not, NotServed for one that is A1111's own.
    """
    if not name or name.strip().lower() == "none":
        return None
    low = name.strip().lower()
    for one in SCRIPTS:
        if one.title.lower() == low and tab in one.tabs:
            return one
    if low in REFUSED:
        raise NotServed(f"Script '{name}': {REFUSED[low]}", field="script_name")
    raise Unprocessable(f"Script '{name:.200}' not found", hint=f"There are: {', '.join(names(tab))}.")


def units_asked(always_on: Mapping[str, Any]) -> Any:
    """The arguments of ControlNet among the scripts that are always on, [] where there are none.

    Raises Unprocessable as A1111 does for others.
    """
    found: Any = []
    for title, said in always_on.items():
        low = title.strip().lower()
        if low == "controlnet":
            found = said.get("args", []) if isinstance(said, dict) else said
        elif any(one.title.lower() == low for one in SCRIPTS):
            raise Unprocessable("Cannot have a selectable script in the always on scripts params",
                                field="alwayson_scripts")
        elif low not in PASSED_OVER:
            raise Unprocessable(f"always on script {title:.200} not found", hint="There is: ControlNet.")
    return [] if found is None else found


def names(tab: str) -> list[str]:
    """The titles of a tab as A1111 lists them."""
    return [*(one.title.lower() for one in SCRIPTS if tab in one.tabs), *ALWAYS_ON, *MARKS[tab]]


def scripts() -> Scripts:
    """GET scripts."""
    return Scripts(txt2img=names("txt2img"), img2img=names("img2img"))


def script_info() -> list[ScriptInfo]:
    """GET script-info."""
    found = []
    for tab in ("txt2img", "img2img"):
        found += [ScriptInfo(name=one.title.lower(), is_alwayson=False, is_img2img=tab == "img2img",
                             args=one.arguments(tab)) for one in SCRIPTS if tab in one.tabs]
        units = [ScriptArgument(label=f"ControlNet Unit {number}") for number in range(3)]
        found += [ScriptInfo(name="controlnet", is_alwayson=True, is_img2img=tab == "img2img", args=units)]
    return found
