"""The shape that every control has: read, extract, steer, check, describe.

A control is one file in this folder that fills `ControlShape`, its data in recipe/controls.py, one row in table.py.
Nothing here needs torch: what takes hold of a model lies in steering/ and is imported when it is asked for.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from underpaint.controls.ground import Ground
from underpaint.controls.spec import ControlSpec
from underpaint.imaging.arrays import FloatArray
from underpaint.recipe import Blob, Control, ModelRef

if TYPE_CHECKING:
    from torch import Tensor, nn

    from underpaint.engine.families.adapters import Adapter
    from underpaint.engine.families.image_text import ImageText
    from underpaint.engine.latent_colours import LatentColours
    from underpaint.engine.protocols import Attachment, Edit
    from underpaint.engine.regions import Region

C = TypeVar("C", contravariant=True)
Settle = Callable[[FloatArray], FloatArray]
"""What a control does to the finished pixels (H x W x 3, sRGB 0..1) of the painted area."""


@dataclass(frozen=True)
class Description:
    """What a control is, for people choosing one.

    `given`: what it is handed. `extracts`: the ways to make its map from a picture, the first is the usual one.
    `families`: which models take it. `cost`: what it adds to painting. `options`: what may follow `+` in its spec.
    """

    name: str
    says: str
    given: str
    steers: str
    checks: str
    families: str
    cost: str
    extracts: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Kept:
    """Bytes that a recipe names, with the name it finds them by."""

    blob: Blob
    data: bytes
    notes: tuple[str, ...] = ()


class Files(Protocol):
    """How a control reads what a person names; the rooms above know where files lie."""

    def drawing(self, path: Path) -> Kept:
        """A scan, photo or file of lines, as its line layer."""
        ...

    def picture(self, path: Path) -> Kept:
        """A picture, its own bytes."""
        ...


@dataclass(frozen=True, eq=False)
class Given:
    """A control as asked for, the bytes it names by hash, and what a person should know."""

    control: Control
    blobs: Mapping[str, bytes] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Extracted:
    """A map made from a picture: a file's bytes with the suffix it wants, and a sentence on what was found."""

    data: bytes
    suffix: str
    says: str
    found: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Tools:
    """What steering may use of a loaded model. `fit_colours` finds its latents as colours (which takes a moment, so
    only who needs them asks). `line_adapter` loads the one that the model has, None where it has none. `encode` makes
    latents of a picture, None where no model is at hand; `attends`: whether the model is a UNet, whose attention can be
    led. `to_rgb` takes latents to the colours of the preview (None: the linear ones). `prompt`: the words for the whole
    picture. `image_text` opens an image-text model by name, None for the one beside the painting model. `adapter` loads
    the ControlNet, T2I- or IP-Adapter that the plan chose for a control, None where it chose none. `loras` gives those
    that the plan chose for a region.
    """

    fit_colours: "Callable[[], LatentColours]"
    line_adapter: "Callable[[], nn.Module] | None" = None
    encode: "Callable[[FloatArray], Tensor] | None" = None
    attends: bool = False
    to_rgb: "Callable[[Tensor], Tensor] | None" = None
    prompt: str = ""
    image_text: "Callable[[ModelRef | None], ImageText] | None" = None
    adapter: "Callable[[Control], Adapter | None] | None" = None
    loras: "Callable[[Control], tuple[Attachment, ...]] | None" = None

    def on_the_estimate(self) -> "Tools":
        """The same without anything that hangs on to the model."""
        return replace(self, line_adapter=None, adapter=None, loras=None, attends=False)

    @property
    def colours(self) -> "LatentColours":
        """The model's latents as colours, and back."""
        return self.fit_colours()


@dataclass(frozen=True, eq=False)
class Steering:
    """What hangs on to one pass: attachments to the model, edits on the estimate; and, last, on the pixels. `regions`
    are asked about with words of their own. `bends` move pixels, before the others settle their colours, and not where
    the painted part must join on to what was there."""

    attachments: "tuple[Attachment, ...]" = ()
    edits: "tuple[Edit, ...]" = ()
    settles: tuple[Settle, ...] = ()
    bends: tuple[Settle, ...] = ()
    regions: "tuple[Region, ...]" = ()


@dataclass(frozen=True, eq=False)
class Check:
    """How well a picture followed. `score` 0..1, 1 is best; `measured` goes into the take; `says` is for people.

    `overlay` shows, on the picture (H x W x 3), where it did not.
    """

    score: float
    measured: Mapping[str, Any]
    says: str
    overlay: Callable[[FloatArray], FloatArray]


class ControlShape(Protocol[C]):
    """One control."""

    description: Description
    measured_as: str

    def read(self, spec: ControlSpec, files: Files) -> Given:
        """The control that a spec such as `line=map.png:0.8` asks for. Raises UnderpaintErrors with the way out."""
        ...

    def extract(self, picture: FloatArray, how: str, suffix: str | None = None) -> Extracted:
        """A map from an sRGB H x W x 3 picture; `how` is one of the description's ways, `suffix` the kind of file
        that is asked for, None for the usual one."""
        ...

    def steer(self, control: C, ground: Ground, tools: Tools) -> Steering:
        """What makes one pass follow. Imports torch."""
        ...

    def check(self, picture: FloatArray, control: C, ground: Ground) -> Check | None:
        """Measure a finished picture (H x W x 3) that lies on `ground`, by other means than those that steer; None
        where the control asks for nothing that can be measured."""
        ...
