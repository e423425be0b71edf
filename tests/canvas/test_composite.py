"""The merged picture, against arithmetic done by hand and against Pillow's."""

import numpy as np
import pytest
from documents import noise
from PIL import Image

from underpaint.canvas import composite as module
from underpaint.canvas.composite import composite
from underpaint.canvas.document import Document, Group, Layer, Node, Pixels


def flat(*colour: int) -> Pixels:
    return np.full((1, 1, 4), colour, np.uint8)


def pixel(*nodes: Node) -> list[int]:
    return composite(Document(1, 1, nodes))[0, 0].tolist()


def test_one_layer_comes_back_as_it_went_in_where_anything_is_seen() -> None:
    pixels = noise(20, 30)
    merged = composite(Document(30, 20, (Layer("a", pixels),)))
    seen = pixels[..., 3] > 0
    np.testing.assert_array_equal(merged[seen], pixels[seen])
    assert not merged[~seen].any()


def test_the_first_layer_is_on_top() -> None:
    assert pixel(Layer("top", flat(255, 0, 0, 255)), Layer("bottom", flat(0, 255, 0, 255))) == [255, 0, 0, 255]


def test_source_over_agrees_with_pillow() -> None:
    top, bottom = noise(40, 40, 1), noise(40, 40, 2)
    bottom[:, :20, 3] = 255
    merged = composite(Document(40, 40, (Layer("top", top), Layer("bottom", bottom))))
    pillow = np.asarray(Image.alpha_composite(Image.fromarray(bottom), Image.fromarray(top)))
    difference = np.abs(merged.astype(int) - pillow)[pillow[..., 3] > 0]
    assert difference.max() <= 1


def test_multiply_darkens_where_both_cover_and_shows_itself_elsewhere() -> None:
    above = Layer("a", flat(128, 255, 0, 255), blend_mode="multiply")
    assert pixel(above, Layer("b", flat(128, 128, 128, 255))) == [64, 128, 0, 255]
    assert pixel(above) == [128, 255, 0, 255]
    # Half a ground: half the formula, half the layer itself.
    assert pixel(above, Layer("b", flat(0, 0, 0, 255), opacity=0.5)) == [64, 128, 0, 255]


def test_hidden_and_empty_things_leave_no_trace() -> None:
    red = flat(255, 0, 0, 255)
    ground = Layer("ground", flat(10, 20, 30, 255))
    hidden = [
        Layer("hidden", red, visible=False),
        Layer("clear", red, opacity=0.0),
        Layer("outside", red, (5, 5)),
        Layer("outside", red, (-1, 0)),
        Group("hidden", (Layer("red", red),), visible=False),
        Group("empty", ()),
        Group("empty", (), blend_mode="normal"),
    ]
    for node in hidden:
        assert pixel(node, ground) == [10, 20, 30, 255], node.name


def test_a_group_of_its_own_multiplies_as_one_picture_and_pass_through_does_not() -> None:
    ground = Layer("ground", flat(128, 128, 128, 255))
    shade = Layer("shade", flat(128, 128, 128, 255), blend_mode="multiply")
    assert pixel(Group("through", (shade,)), ground) == [64, 64, 64, 255]
    assert pixel(Group("own", (shade,), blend_mode="normal"), ground) == [128, 128, 128, 255]
    assert pixel(Group("own", (shade,), blend_mode="multiply"), ground) == [64, 64, 64, 255]


@pytest.mark.parametrize("mode", ["pass through", "normal"])
def test_a_faded_group_fades_what_its_layers_do(mode: str) -> None:
    ground = Layer("ground", flat(0, 0, 0, 255))
    assert pixel(Group("g", (Layer("w", flat(255, 255, 255, 255)),), 0.2, mode), ground) == [51, 51, 51, 255]


def test_offsets_place_and_the_canvas_crops() -> None:
    merged = composite(Document(4, 3, (Layer("a", np.full((2, 2, 4), 255, np.uint8), (3, -1)),)))
    expected = np.zeros((3, 4), bool)
    expected[0, 3] = True
    np.testing.assert_array_equal(merged[..., 3] == 255, expected)


def test_bands_of_rows_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    group = Group("g", (Layer("b", noise(31, 17, 2), (2, 3), 0.7, "multiply"),), 0.4, "multiply")
    document = Document(20, 31, (Layer("a", noise(31, 20, 1), (0, -2), 0.3), group, Layer("c", noise(31, 20, 3))))
    whole = composite(document)
    monkeypatch.setattr(module, "_BAND_PIXELS", 60)
    np.testing.assert_array_equal(composite(document), whole)
