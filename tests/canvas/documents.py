"""Layered documents for the tests: one drawn by hand, and any at all for Hypothesis."""

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from underpaint.canvas.blend import BLEND_MODES, PASS_THROUGH
from underpaint.canvas.document import Document, Group, Layer, Node, Pixels


def noise(height: int, width: int, seed: int = 0) -> Pixels:
    """Pixels with every value everywhere, under alpha 0 too."""
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 4), np.uint8)
    pixels[: height // 2, :, 3] = 0
    return pixels


def example(icc_profile: bytes | None = None) -> Document:
    """Every field of every kind of node, used once; opacities in steps of 1/255, as files keep them."""
    return Document(
        40,
        30,
        (
            Layer("Lines ☃ 日本語 <&\"'> 😀", noise(30, 40), locked=True),
            Group("01 golden hour", (Layer("Paint", noise(20, 20, 1), (-5, 7), 51 / 255, "multiply"),), open=False),
            Group(
                "02 night é",
                (Layer("over", noise(3, 3, 2)), Group("deep", (Layer("under", noise(30, 40, 3), visible=False),))),
                opacity=102 / 255,
                blend_mode="multiply",
                visible=False,
            ),
            Group("empty", (), locked=True),
            Layer("Paper", np.full((30, 40, 4), 255, np.uint8)),
        ),
        icc_profile,
        dpi=300,
    )


@dataclass(frozen=True)
class Facts:
    """Everything a node says, in a form that compares and prints."""

    name: str
    opacity: int
    blend_mode: str
    visible: bool
    locked: bool
    rest: object


def facts(nodes: tuple[Node, ...], *, folds: bool = True) -> list[Facts]:
    """The whole stack as comparable facts, opacity in 1/255; `folds` where open and folded groups matter."""
    return [
        Facts(
            node.name,
            round(node.opacity * 255),
            node.blend_mode,
            node.visible,
            node.locked,
            (node.offset, node.pixels.shape, node.pixels.tobytes())
            if isinstance(node, Layer)
            else (folds and node.open, facts(node.children, folds=folds)),
        )
        for node in nodes
    ]


_OPACITIES = st.integers(0, 255).map(lambda step: step / 255)
_LOOK = {"name": st.text(max_size=300), "visible": st.booleans(), "locked": st.booleans()}
_PIXELS = arrays.arrays(
    np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(4)), elements=st.integers(0, 255)
)


def documents(*, faded_pass_through: bool) -> st.SearchStrategy[Document]:
    """Any small document; `faded_pass_through` where the format keeps pass-through groups of less than full opacity."""
    layers = st.builds(
        Layer,
        pixels=_PIXELS,
        offset=st.tuples(st.integers(-20, 40), st.integers(-20, 40)),
        opacity=_OPACITIES,
        blend_mode=st.sampled_from(sorted(BLEND_MODES)),
        **_LOOK,
    )
    through = st.tuples(st.just(PASS_THROUGH), _OPACITIES if faded_pass_through else st.just(1.0))
    of_its_own = st.tuples(st.sampled_from(sorted(BLEND_MODES)), _OPACITIES)

    def groups(children: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
        return st.builds(
            lambda mode, **rest: Group(blend_mode=mode[0], opacity=mode[1], **rest),
            mode=through | of_its_own,
            children=st.lists(children, max_size=3).map(tuple),
            open=st.booleans(),
            **_LOOK,
        )

    nodes = st.recursive(layers, groups, max_leaves=5)
    return st.builds(
        Document,
        width=st.integers(1, 40),
        height=st.integers(1, 40),
        layers=st.lists(nodes, min_size=1, max_size=4).map(tuple),
        icc_profile=st.none() | st.binary(min_size=1, max_size=300),
        dpi=st.integers(1, 1200),
    )
