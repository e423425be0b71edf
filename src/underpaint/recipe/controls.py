"""What steers besides words: data only; how each one steers lives in controls/, one file each."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from underpaint.recipe.base import Frozen
from underpaint.recipe.parts import Blob, Fraction, LoraRef, ModelRef, Side, Strength

Weight = Annotated[float, Field(ge=0, le=2)]
HexColour = Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$")]
Place = Annotated[float, Field(ge=-1e6, le=1e6)]
Resizing = Literal["fit", "crop", "stretch"]
"""How a map of another shape is laid: whole inside the picture, covering it with the overhang cut off, or pulled to
its shape (A1111's Resize and Fill, Crop and Resize, Just Resize)."""
SwatchRole = Literal["any", "dark", "light", "ground", "main", "accent"]
MAX_SWATCHES = 512


class _Control(Frozen):
    """`start` and `end` are shares of the steps; `curve` is points of (share of the steps, factor on the weight),
    joined by straight lines."""

    tag: ClassVar[str | None] = "kind"
    weight: Weight = 1.0
    start: Fraction = 0.0
    end: Fraction = 1.0
    curve: Annotated[tuple[tuple[Fraction, Fraction], ...], Field(max_length=64)] = ()

    @model_validator(mode="after")
    def _curve_goes_on(self) -> Self:
        if any(after[0] <= before[0] for before, after in pairwise(self.curve)):
            raise ValueError("the points of a curve follow one another, from 0 to 1")
        return self

    def to_key(self) -> str:
        """Text that is equal for equal controls, so that they can be sorted."""
        return self.model_dump_json()

    def blobs(self) -> Iterator[Blob]:
        """The drawings and pictures that the control needs."""
        yield from ()

    def strength_at(self, fraction: float) -> float:
        """How strongly it steers when `fraction` (0 to below 1) of the steps is done: 0 outside its share."""
        if not (self.start <= fraction and (fraction < self.end or self.end >= 1)):
            return 0.0
        return self.weight * self._factor(fraction)

    def _factor(self, fraction: float) -> float:
        if not self.curve:
            return 1.0
        if fraction <= self.curve[0][0]:
            return self.curve[0][1]
        for (left, low), (right, high) in pairwise(self.curve):
            if fraction <= right:
                return low + (high - low) * (fraction - left) / (right - left)
        return self.curve[-1][1]


class LineControl(_Control):
    """The artist's line layer (a PNG with soft alpha) that the paint must follow.

    `mode` says what an adapter weighs: "lines" follows them wherever words are asked for, as A1111's "ControlNet is
    more important"; "balanced" with and without the words; "words" the same, less at the finer levels ("My prompt is
    more important"). `adapter` names one; without it the model's own is used, or one that is here for lines. `calm`:
    how calm the paint between the lines is kept, so that fewer lines are invented.
    """

    kind: Literal["line"] = "line"
    drawing: Blob
    adapter: ModelRef | None = None
    mode: Literal["lines", "balanced", "words"] = "lines"
    resize: Resizing = "fit"
    calm: Fraction = 0.0

    def blobs(self) -> Iterator[Blob]:
        yield self.drawing


class LightControl(_Control):
    """Where the light comes from and how it is spread.

    `direction` in degrees, 0 = from the right, 90 = from above, 180 = from the left, 270 = from below; None for
    light without a side. `hardness` 0 (overcast) to 1 (bare sun). `lightness` is the wanted mean OKLab L (0..1)
    and `contrast` the wanted spread (standard deviation of L) of the large masses; None leaves them alone.
    """

    kind: Literal["light"] = "light"
    direction: Annotated[float, Field(ge=0, lt=360)] | None = None
    hardness: Fraction = 0.5
    lightness: Fraction | None = None
    contrast: Annotated[float, Field(ge=0, le=0.5)] | None = None


class Swatch(Frozen):
    """One colour of a palette and the share of the picture it should take (shares are normalised).

    `role` says where it belongs: in the darks, in the lights, as the ground, as the main colour, or as an accent that
    never spreads.
    """

    colour: HexColour
    share: Annotated[float, Field(gt=0, le=1)] = 1.0
    role: SwatchRole = "any"
    name: Annotated[str, Field(max_length=100)] = ""


class PaletteControl(_Control):
    """The colours that the picture should be made of.

    `match` "values" lays them over the masses from the darkest to the lightest; "colours" draws each spot to the
    swatch it is nearest to, in any shade of it. `hold_shares` (match "colours"): 0 lets every swatch take what it
    likes, 1 holds the shares. `snap`: how far each finished pixel is moved onto the shades of its swatch.
    """

    kind: Literal["palette"] = "palette"
    swatches: Annotated[tuple[Swatch, ...], Field(min_length=1, max_length=MAX_SWATCHES)]
    match: Literal["values", "colours"] = "values"
    hold_shares: Fraction = 0.0
    snap: Fraction = 0.0


class VanishingPoint(Frozen):
    """Where parallel lines meet: `x` and `y` as shares of the picture's width and height from its upper left corner,
    inside it or not. With `infinite` they are the direction, in pixels, of lines that stay parallel in the picture."""

    x: Place
    y: Place
    infinite: bool = False

    @model_validator(mode="after")
    def _goes_somewhere(self) -> Self:
        if self.infinite and self.x == 0 and self.y == 0:
            raise ValueError("a direction of 0, 0 leads nowhere")
        return self


class PerspectiveControl(_Control):
    """The points that the picture's straight lines run to.

    `horizon` is its height as a share of the picture, 0 at the top. `curvature` 0 is a straight grid, 1 bends it as a
    fisheye lens would; points are then where they would lie for a straight one. `grid` is how strongly the drawn grid
    itself is followed as lines, beside the directions. `straight` is how far the finished picture is bent so that edges
    which nearly run to a point do.
    """

    kind: Literal["perspective"] = "perspective"
    points: Annotated[tuple[VanishingPoint, ...], Field(min_length=1, max_length=6)]
    horizon: Place | None = None
    curvature: Fraction = 0.0
    grid: Weight = 0.0
    straight: Fraction = 0.0


class ColourControl(_Control):
    """Blocked-in colours: a picture of flat areas; where it is transparent nothing is said.

    `begin` paints over it instead of from noise, 0 (nothing may change) to 1; None starts from noise. `render_only`
    keeps its hues and chroma in the finished picture: form and light alone are added. `adapter` names one that reads
    such colours besides; without it the model's own is used, if it brings one.
    """

    kind: Literal["colour"] = "colour"
    picture: Blob
    adapter: ModelRef | None = None
    begin: Strength | None = None
    render_only: bool = False
    resize: Resizing = "fit"

    def blobs(self) -> Iterator[Blob]:
        yield self.picture


class NudgeControl(_Control):
    """A finished picture, moved along one axis by its weight; `begin`: how much of it may change, 0 to 1; `lines`: how
    firmly its own lines and details are held, 0 to 1."""

    kind: Literal["nudge"] = "nudge"
    picture: Blob
    toward: Literal["warmer", "cooler", "lighter", "darker", "stronger", "softer", "richer", "paler", "later",
                    "earlier", "closer", "farther"]
    begin: Strength = 0.3
    lines: Fraction = 0.0

    def blobs(self) -> Iterator[Blob]:
        yield self.picture


class _Attached(_Control):
    """What only an adapter can follow. `adapter` names one; without it, one that is here for such maps is taken.

    `mode` is A1111's control mode: "balanced"; "words" ("My prompt is more important") weighs its outer levels less;
    "control" ("ControlNet is more important") does so too, and follows the map only where words are asked for, so
    that guidance pulls toward it as well.
    """

    adapter: ModelRef | None = None
    mode: Literal["balanced", "words", "control"] = "balanced"
    resize: Resizing = "fit"


class DepthControl(_Attached):
    """A grey map of what is near (bright) and far (dark). `by`: what made it out of a picture, "" where a hand did."""

    kind: Literal["depth"] = "depth"
    map: Blob
    by: Annotated[str, Field(max_length=200)] = ""

    def blobs(self) -> Iterator[Blob]:
        yield self.map


Joint = tuple[Place, Place] | None


class PosedPerson(Frozen):
    """Joints as x, y in pixels of the pose's canvas, None where unseen. `body` is in OpenPose's order of 25, a hand
    has 21 points, a face 68 or 70; what was not seen at all is left out."""

    body: Annotated[tuple[Joint, ...], Field(min_length=25, max_length=25)]
    hand_left: Annotated[tuple[Joint, ...], Field(max_length=21)] = ()
    hand_right: Annotated[tuple[Joint, ...], Field(max_length=21)] = ()
    face: Annotated[tuple[Joint, ...], Field(max_length=70)] = ()

    @model_validator(mode="after")
    def _hands_are_whole(self) -> Self:
        if any(len(hand) not in (0, 21) for hand in (self.hand_left, self.hand_right)):
            raise ValueError("a hand has 21 points")
        return self


class PoseControl(_Attached):
    """Where people's joints are, on a canvas of `width` x `height`. `by`: what found them in a picture, "" where a hand
    placed them."""

    kind: Literal["pose"] = "pose"
    people: Annotated[tuple[PosedPerson, ...], Field(min_length=1, max_length=64)]
    width: Side
    height: Side
    by: Annotated[str, Field(max_length=200)] = ""


class AdapterControl(_Attached):
    """A picture handed to an adapter as it is: a tile, a map of normals, a picture prompt ...

    `reads` says what kind of map it is, where the adapter reads several. Without a `picture` it gets the one that is
    painted over, or whose mask is filled.
    """

    kind: Literal["adapter"] = "adapter"
    adapter: ModelRef
    picture: Blob | None = None
    reads: Annotated[str, Field(max_length=40)] = ""

    def blobs(self) -> Iterator[Blob]:
        if self.picture is not None:
            yield self.picture


class StyleControl(_Control):
    """Pictures whose way of painting is taken over, and nothing of what they show.

    `how`: "statistics" brings the estimate's colours and textures to theirs; "reference" lets the model's
    self-attention look at them, "shared" after their features were brought into line (UNets); "adapter" an IP-Adapter;
    "best" takes what suits the model. Statistics go along with each of them. `adapter` names the IP-Adapter.
    """

    kind: Literal["style"] = "style"
    pictures: Annotated[tuple[Blob, ...], Field(min_length=1, max_length=8)]
    how: Literal["best", "statistics", "reference", "shared", "adapter"] = "best"
    adapter: ModelRef | None = None

    def blobs(self) -> Iterator[Blob]:
        yield from self.pictures


class WordsControl(_Control):
    """Phrases that the picture is drawn to by an image-text model, and asked about afterwards.

    Without `phrases` those of the prompt are meant. Looked at are `cutouts` pieces a step, the share `outer` of them
    the whole picture, the others between `size` and all of its shorter side. `smooth` holds back noise (total
    variation), `saturation` colours that are too strong, `range_` colours that no screen shows, `symmetry` what differs
    left and right. `model`: the image-text model's folder; None takes the one beside the painting model.
    """

    kind: Literal["words"] = "words"
    phrases: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=300)], ...], Field(max_length=16)] = ()
    cutouts: Annotated[int, Field(ge=1, le=64)] = 8
    outer: Fraction = 0.25
    size: Annotated[float, Field(ge=0.1, le=1)] = 0.4
    smooth: Fraction = 0.1
    saturation: Fraction = 0.1
    range_: Annotated[float, Field(ge=0, le=1, alias="range")] = 0.3
    symmetry: Fraction = 0.0
    model: ModelRef | None = None


def _may_lie_inside(value: Any) -> Any:
    kind = value.get("kind") if isinstance(value, Mapping) else getattr(value, "kind", None)
    if kind == "region":
        raise ValueError("a region cannot lie in a region; give it a mask of its own beside the other")
    if kind == "nudge":
        raise ValueError("a nudge starts from a whole picture; to move a part of it, paint over it inside a mask")
    return value


InRegion = Annotated[LineControl | LightControl | PaletteControl | PerspectiveControl | ColourControl | DepthControl
                     | PoseControl | AdapterControl | StyleControl | WordsControl,
                     Field(discriminator="kind"), BeforeValidator(_may_lie_inside)]
"""What a region may be steered by on its own. Maps lie over the whole picture there, too."""


class RegionControl(_Control):
    """A part of the picture with words, LoRAs and controls of its own, at least one of these; white (or what is not
    transparent) in the mask lies in it.

    `joint`: how much of what is painted there is asked for by its words alone, beside the attention that is led there.
    `soft`: over how much of the picture's shorter side its border is soft. `with_words`: whether the words for the
    whole picture are said there too. `loras` act where its words are asked for, `controls` inside the mask; none of
    them is what painting starts from.
    """

    kind: Literal["region"] = "region"
    mask: Blob
    words: Annotated[str, Field(max_length=2000)] = ""
    joint: Fraction = 0.5
    soft: Annotated[float, Field(ge=0, le=0.25)] = 0.03
    with_words: bool = True
    resize: Resizing = "fit"
    loras: Annotated[tuple[LoraRef, ...], Field(max_length=16)] = ()
    controls: Annotated[tuple[InRegion, ...], Field(max_length=16)] = ()

    @model_validator(mode="after")
    def _has_something_of_its_own(self) -> Self:
        if not (self.words.strip() or self.loras or self.controls):
            raise ValueError("a region needs words of its own, LoRAs or controls")
        if any(isinstance(one, ColourControl) and one.begin for one in self.controls):
            raise ValueError("painting starts from the colours of the whole picture, not of a region: leave begin out")
        return self

    def blobs(self) -> Iterator[Blob]:
        yield self.mask
        for control in self.controls:
            yield from control.blobs()


Control = Annotated[LineControl | LightControl | PaletteControl | PerspectiveControl | ColourControl | NudgeControl
                    | DepthControl | PoseControl | AdapterControl | StyleControl | RegionControl | WordsControl,
                    Field(discriminator="kind")]
