"""The data of a layered picture refuses what no file could hold, and rounds in one documented way."""

import numpy as np
import pytest
from documents import example, noise

from underpaint.canvas.document import Document, Group, Layer, layer_pixels, tidy_name
from underpaint.errors import PictureError

ONE = np.zeros((1, 1, 4), np.uint8)


def test_every_layer_is_walked_from_the_top_with_its_groups() -> None:
    walked = [(layer.name, [group.name for group in groups]) for layer, groups in example().walk()]
    assert walked == [
        ("Lines ☃ 日本語 <&\"'> 😀", []),
        ("Paint", ["01 golden hour"]),
        ("over", ["02 night é"]),
        ("under", ["02 night é", "deep"]),
        ("Paper", []),
    ]


@pytest.mark.parametrize(
    ("name", "tidy"),
    [
        ("golden hour, 日本語 😀", "golden hour, 日本語 😀"),
        ("two\nlines\tand\x00more", "two lines and more"),
        ("lone \ud800 surrogate \ufffe", "lone � surrogate �"),
        ("é" * 300, "é" * 255),
        ("😀" * 200, "😀" * 127),
    ],
)
def test_names_become_what_every_format_can_hold(name: str, tidy: str) -> None:
    assert tidy_name(name) == tidy == Layer(name, ONE).name == Group(name, ()).name


def test_bytes_stay_and_everything_else_is_rounded_to_the_nearest_step() -> None:
    pixels = noise(8, 8)
    assert layer_pixels(pixels) is pixels
    words = np.arange(65536, dtype=np.uint16).reshape(128, 128, 4)
    nearest = (words.astype(np.uint32) * 255 + 32767) // 65535
    np.testing.assert_array_equal(layer_pixels(words), nearest)
    np.testing.assert_array_equal(layer_pixels(pixels.astype(np.uint16) * 257), pixels)
    np.testing.assert_array_equal(layer_pixels(pixels.astype(np.float32) / 255), pixels)
    np.testing.assert_array_equal(layer_pixels(np.full((2, 2, 3), 7.0))[0, 0], [255, 255, 255, 255])


@pytest.mark.parametrize(
    "picture",
    [np.zeros((4, 4), np.uint8), np.zeros((0, 4, 4), np.uint8), np.zeros((4, 4, 4), np.int64),
     np.full((4, 4, 3), np.nan)],
)  # fmt: skip
def test_what_is_no_picture_cannot_be_a_layer(picture: np.ndarray) -> None:
    with pytest.raises(PictureError):
        layer_pixels(picture)


def test_limits_and_ranges_are_refused_with_the_layers_name() -> None:
    for build in (
        lambda: Layer("Wings", ONE, opacity=float("nan")),
        lambda: Layer("Wings", ONE, opacity=1.5),
        lambda: Layer("Wings", ONE, blend_mode="pass through"),
        lambda: Layer("Wings", ONE.astype(np.float32)),
        lambda: Group("Wings", (), blend_mode="dissolve"),
    ):
        with pytest.raises(PictureError, match="Wings"):
            build()
    with pytest.raises(PictureError, match="60000 x 10"):
        Document(60_000, 10, ())
    with pytest.raises(PictureError, match="dpi"):
        Document(10, 10, (), dpi=0)


def test_too_many_pixels_are_refused_without_being_allocated() -> None:
    vast = np.broadcast_to(np.uint8(0), (30_000, 20_000, 4))
    with pytest.raises(PictureError, match="600,000,000 pixels"):
        Document(100, 100, (Layer("vast", vast),))


def test_groups_nested_past_the_limit_are_refused() -> None:
    node: Layer | Group = Layer("core", ONE)
    for _ in range(33):
        node = Group("shell", (node,))
    with pytest.raises(PictureError, match="nested"):
        Document(1, 1, (node,))
