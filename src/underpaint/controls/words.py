"""Words: phrases that an image-text model draws the picture to, and is asked about afterwards."""

import re
from typing import Any

from underpaint.controls.ground import Ground
from underpaint.controls.shape import Check, Description, Extracted, Files, Given, Steering, Tools
from underpaint.controls.spec import ControlSpec
from underpaint.controls.word_check import check_words
from underpaint.errors import ModelError, PictureError, RecipeError
from underpaint.imaging.arrays import FloatArray
from underpaint.recipe import ModelRef, WordsControl

MOST, LONGEST = 16, 300
_MARKS = re.compile(r"<[^>]*>|[()\[\]{}]|:-?\d*\.?\d+")
_PARTS = re.compile(r"[,;\n]| AND | BREAK ")


class Words:
    """Phrases, by an image-text model."""

    description = Description(
        name="words", says="what the words ask for, held to by an image-text model",
        given="phrases with / between, or none for those of the prompt: words=a red boat/a lighthouse; needs a CLIP: "
              "beside the painting model, in Underpaint's folder clip, or +clip=FOLDER",
        steers="on the estimate, by the model's gradient on +cutouts=8 pieces (+outer=0.25 of them whole, the others "
               "from +size=0.4 up); +smooth, +saturation, +range, +symmetry hold back what such gradients like",
        checks="for each phrase whether it is there, weak, or not in the picture: by the same model on other pieces",
        families="every one", cost="the image-text model forth and back for each piece, at each step",
        extracts=(), options=("cutouts", "outer", "size", "smooth", "saturation", "range", "symmetry", "clip", "curve"))
    measured_as = "words"

    def read(self, spec: ControlSpec, files: Files) -> Given:
        spec.expects("cutouts", "outer", "size", "smooth", "saturation", "range", "symmetry", "clip")
        phrases = tuple(one.strip() for one in spec.source.split("/") if one.strip())
        if len(phrases) > MOST:
            raise RecipeError(f"{len(phrases)} phrases are too many", hint=f"Give up to {MOST}.", field="control words")
        fields: dict[str, Any] = {name: value for name in ("outer", "size", "smooth", "saturation", "range", "symmetry")
                                  if (value := spec.number(name)) is not None}
        cutouts = spec.number("cutouts")
        if cutouts is not None:
            fields["cutouts"] = int(cutouts)
        if spec.options.get("clip"):
            fields["model"] = ModelRef(name=spec.options["clip"])
        return Given(WordsControl(phrases=phrases, **fields, **spec.fields))

    def extract(self, picture: FloatArray, how: str, suffix: str | None = None) -> Extracted:
        raise PictureError("words are not made out of a picture", hint="Write words=a red boat/a lighthouse.")

    def steer(self, control: WordsControl, ground: Ground, tools: Tools) -> Steering:
        from underpaint.controls.steering.word_edit import WordEdit  # needs torch

        phrases = control.phrases or phrases_of(tools.prompt)
        if not phrases:
            return Steering()
        if tools.image_text is None:
            raise ModelError("no image-text model is at hand", hint="Paint with one: +clip=FOLDER.",
                             field="control words")
        model = tools.image_text(control.model)
        return Steering(edits=(WordEdit(control, phrases, model, tools.to_rgb or tools.colours.to_rgb),))

    def check(self, picture: FloatArray, control: WordsControl, ground: Ground) -> Check | None:
        phrases = control.phrases or phrases_of(ground.prompt)
        if not phrases or ground.image_text is None:
            return None
        found = check_words(picture, phrases, ground.image_text(control.model))
        return Check(found.score, {"phrases": dict(zip(found.phrases, found.verdicts, strict=True)),
                                   "model": found.model}, found.sentence(), lambda shown: shown)


def phrases_of(prompt: str) -> tuple[str, ...]:
    """The phrases of a prompt, without weights and names of networks; the same once, at most `MOST`."""
    plain = _MARKS.sub(" ", prompt)
    found = [" ".join(part.split())[:LONGEST] for part in _PARTS.split(plain)]
    return tuple(dict.fromkeys(one for one in found if one))[:MOST]
