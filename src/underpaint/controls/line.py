"""Line: the artist's drawing steers the picture, and is never pasted over it."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from underpaint.controls.ground import Ground
from underpaint.controls.line_check import check_lines
from underpaint.controls.line_extract import WAYS
from underpaint.controls.shape import Check, Description, Extracted, Files, Given, Steering, Tools
from underpaint.controls.spec import ControlSpec
from underpaint.errors import DrawingError, RecipeError
from underpaint.imaging.arrays import FloatArray, to_bytes
from underpaint.imaging.drawing import DrawingKind, LineLayer
from underpaint.imaging.linemap import ink_at, ink_of
from underpaint.pictures.encode import Encoding, encode
from underpaint.recipe import LineControl

if TYPE_CHECKING:
    from underpaint.engine.protocols import Edit


class Line:
    """Lines of a drawing."""

    description = Description(
        name="line", says="paint follows the lines of a drawing",
        given="a scan, a photo or a file of lines: line=drawing.png",
        steers="by the model's own line adapter, or a ControlNet or T2I-Adapter for lines; else on the estimate, more "
               "loosely",
        checks="lines kept and lines invented, by colour edges in the finished picture",
        families="every one; lines are held closely by the Primer, and by SD 1.x, SD 2.x and SDXL with an adapter",
        cost="an adapter: one small network a picture; on the estimate: under 1 % of a step",
        extracts=tuple(WAYS), options=("mode", "model", "calm", "resize", "curve"))
    measured_as = "lines"

    def read(self, spec: ControlSpec, files: Files) -> Given:
        spec.expects("mode", "resize", "model", "calm")
        if not spec.source:
            raise RecipeError("which drawing?", hint="Write line=drawing.png.", field="control line")
        kept = files.drawing(Path(spec.source))
        mode: dict[str, object] = {"mode": spec.options["mode"]} if "mode" in spec.options else {}
        mode |= {"calm": spec.number("calm")} if "calm" in spec.options else {}
        named = {"adapter": {"name": spec.options["model"]}} if spec.options.get("model") else {}
        control = LineControl.model_validate({"drawing": kept.blob, **spec.fields, **spec.resizing(), **mode, **named})
        return Given(control, {kept.blob.sha256: kept.data}, kept.notes)

    def extract(self, picture: FloatArray, how: str, suffix: str | None = None) -> Extracted:
        ink = WAYS[how](picture)
        share = float((ink > 0.35).mean())
        if share < 1e-4:
            raise DrawingError("there are no lines in this picture", hint="Try another way, such as --how soft.")
        layer = np.zeros((*ink.shape, 4), np.uint8)
        layer[..., 3] = to_bytes(ink)
        return Extracted(encode("PNG", layer, None, Encoding(), True), ".png", f"lines on {share:.1%} of the picture",
                         {"inked": round(share, 4)})

    def steer(self, control: LineControl, ground: Ground, tools: Tools) -> Steering:
        # torch is imported where a model is at hand anyway, so that reading and checking stay quick
        from underpaint.controls.steering.calm_edit import CalmEdit
        from underpaint.controls.steering.line_adapter import LineAdapter
        from underpaint.controls.steering.line_edit import LineEdit

        ink = ink_on(control, ground)
        calm: tuple[Edit, ...] = (CalmEdit(ink, control),) if control.calm else ()
        adapter = tools.adapter(control) if tools.adapter is not None else None
        if adapter is not None:
            from underpaint.controls.steering.attached import hung

            return Steering(attachments=(hung(control, ink, adapter),), edits=calm)
        if tools.line_adapter is not None:
            return Steering(attachments=(LineAdapter(tools.line_adapter(), ink, control),), edits=calm)
        return Steering(edits=(LineEdit(ink, control, tools.colours), *calm))

    def check(self, picture: FloatArray, control: LineControl, ground: Ground) -> Check | None:
        lines = check_lines(picture, ink_on(control, ground))
        measured = {"kept": round(lines.kept, 4), "invented": round(lines.invented, 4), "f1": round(lines.f1, 4)}
        return Check(lines.f1, measured, lines.sentence(), lines.overlay)


def claimed_by(controls: Iterable[LineControl], ground: Ground) -> FloatArray | None:
    """How much drawings claim each place of the canvas (H x W, 0..1): on and beside their lines; None without any."""
    claims = None
    for control in controls:
        ink = ink_on(control, ground)
        reach = max(1, min(ink.shape) // 128)
        wide = cv2.dilate(ink, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1,) * 2))
        soft = cv2.GaussianBlur(wide, (0, 0), reach / 2) * min(control.weight, 1.0)
        claims = soft if claims is None else np.maximum(claims, soft)
    return claims


def ink_on(control: LineControl, ground: Ground) -> FloatArray:
    """The control's ink (H x W, 1 = ink) on the canvas of a pass. Raises DrawingError for one without transparency."""
    pixels = np.asarray(ground.pixels(control.drawing))
    if pixels.ndim != 3 or pixels.shape[2] != 4:
        raise DrawingError("the drawing is no line layer: it has no transparency", field="control line",
                           hint="Name it as line=drawing.png, which makes one of a scan or photo, or save the lines "
                                "alone on nothing.")
    layer = LineLayer(pixels, DrawingKind.TRANSPARENT)
    return ground.lay_map(ink_of(layer), control.resize, ink_at)
