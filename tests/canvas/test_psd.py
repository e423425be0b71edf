"""PSD: every byte round, the same to psd-tools' own reader, and deaf to hostile files."""

import io
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from documents import documents, example, facts, noise
from hypothesis import given, settings
from PIL import Image
from psd_tools import PSDImage
from psd_tools.constants import BlendMode, Resource

from underpaint.canvas.composite import composite
from underpaint.canvas.document import Document, Group, Layer
from underpaint.canvas.files import psd as psd_module
from underpaint.canvas.files.psd import save_psd, write_psd
from underpaint.canvas.files.psd_read import load_psd, read_psd
from underpaint.errors import OutputError, PictureError


def saved(document: Document) -> io.BytesIO:
    file = io.BytesIO()
    save_psd(document, file)
    file.seek(0)
    return file


@settings(max_examples=60, deadline=None)
@given(documents(faded_pass_through=True))
def test_any_document_comes_back_the_same(document: Document) -> None:
    again = load_psd(saved(document))
    assert (again.width, again.height, again.dpi) == (document.width, document.height, document.dpi)
    assert again.icc_profile == document.icc_profile
    assert facts(again.layers) == facts(document.layers)


def test_a_peer_sees_the_same_layers(tmp_path: Path) -> None:
    write_psd(example(b"a profile"), tmp_path / "keys.psd")
    psd = PSDImage.open(tmp_path / "keys.psd")
    paper, empty, night, golden, lines = psd
    assert [layer.name for layer in (lines, golden, night, empty, paper)] == [n.name for n in example().layers]
    assert [child.name for child in night] == ["deep", "over"]
    np.testing.assert_array_equal(np.rint(lines.numpy() * 255), noise(30, 40))
    assert lines.locks is not None and lines.locks.complete
    paint = golden[0]
    assert (paint.left, paint.top, paint.opacity) == (-5, 7, 51)
    assert (paint.blend_mode.name, golden.blend_mode.name, night.blend_mode.name) == (
        "MULTIPLY", "PASS_THROUGH", "MULTIPLY",
    )  # fmt: skip
    assert (golden.visible, night.visible) == (True, False)
    assert psd.image_resources.get_data(Resource.ICC_PROFILE) == b"a profile"
    assert psd.image_resources.get_data(Resource.RESOLUTION_INFO).horizontal == 300 * 65536


def test_a_peers_rendering_of_the_layers_is_our_merged_picture() -> None:
    psd = PSDImage.open(saved(example()))
    rendered = np.asarray(psd.composite(force=True, ignore_preview=True, apply_icc=False).convert("RGBA"))
    assert np.abs(rendered.astype(int) - composite(example())).max() <= 1


@pytest.mark.parametrize("opaque", [True, False])
def test_the_merged_picture_is_stored_as_photoshop_stores_it(opaque: bool) -> None:
    pixels = noise(16, 16)
    if opaque:
        pixels[..., 3] = 255
    psd = PSDImage.open(saved(Document(16, 16, (Layer("a", pixels),))))
    assert psd.channels == (3 if opaque else 4)
    assert psd.has_preview()
    stored = np.asarray(psd.topil(apply_icc=False).convert("RGBA")).astype(int)
    seen = pixels[..., 3] > 40  # fainter colour does not survive being laid on white in 8 bits
    assert np.abs(stored - pixels)[seen].max() <= 4
    np.testing.assert_array_equal(stored[..., 3], pixels[..., 3])


def test_no_layers_at_all_is_still_a_file() -> None:
    again = load_psd(saved(Document(3, 2, ())))
    assert [layer.name for layer, _ in again.walk()] == ["Background"]


def test_a_document_past_two_gigabytes_points_to_openraster(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(psd_module, "MAX_FILE_BYTES", 5_000)
    with pytest.raises(OutputError, match=r"\.ora"):
        write_psd(example(), tmp_path / "keys.psd")
    assert list(tmp_path.iterdir()) == []


def test_an_unwritable_place_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="-o"):
        write_psd(example(), tmp_path / "file" / "keys.psd")


def test_real_files_of_other_programs_are_read_or_refused_in_one_line(material: Path) -> None:
    refused = {}
    for path in sorted((material / "04_layered").rglob("*.psd")):
        try:
            document = read_psd(path)
        except PictureError as error:
            assert path.name in error.message and "\n" not in str(error)
            refused[path.name] = error.message
        else:
            assert composite(document).shape == (document.height, document.width, 4)
    assert "layered_image.psd" not in refused
    assert '"👽" has the blend mode linear dodge' in refused["layer-name-emoji.psd"]
    assert "bitmap with 1 bits" in refused["colormodes__4x4_1bit_bitmap.psd"]
    assert "of the kind type" in refused["text.psd"]


def peers(mode: str = "RGB", depth: int = 8) -> PSDImage:
    """A document of psd-tools' own making, with one layer."""
    psd = PSDImage.new(mode, (16, 12), depth=depth)
    psd.create_pixel_layer_from_array(noise(12, 16), name="Wings")
    return psd


def stored(psd: PSDImage) -> io.BytesIO:
    file = io.BytesIO()
    psd.save(file)
    file.seek(0)
    return file


@pytest.mark.parametrize("depth", [8, 16])
def test_layers_that_a_peer_wrote_come_in_bit_identical(depth: int) -> None:
    (layer,) = load_psd(stored(peers(depth=depth))).layers
    assert isinstance(layer, Layer) and layer.name == "Wings"
    np.testing.assert_array_equal(layer.pixels, noise(12, 16))


def test_an_empty_layer_keeps_its_place_in_the_stack() -> None:
    psd = peers()
    psd.create_pixel_layer_from_array(noise(12, 16), name="on top")
    wings = psd[0]._record
    wings.right = wings.left = wings.bottom = wings.top = 0
    for info, channel in zip(wings.channel_info, psd[0]._channels, strict=True):
        channel.data, info.length = b"", 2
    top, empty = load_psd(stored(psd)).layers
    assert (top.name, empty.name) == ("on top", "Wings")
    assert isinstance(empty, Layer) and not empty.pixels.any()


def _mask(psd: PSDImage) -> None:
    psd[0].create_mask(Image.new("L", (16, 12), 128))


def _clip(psd: PSDImage) -> None:
    psd.create_pixel_layer_from_array(noise(12, 16), name="Feathers")
    psd[1].clipping = True


def _screen(psd: PSDImage) -> None:
    psd[0].blend_mode = BlendMode.SCREEN


@pytest.mark.parametrize(
    ("change", "what"),
    [(_mask, '"Wings" has a mask'), (_clip, '"Feathers" is clipped'), (_screen, '"Wings" has the blend mode screen')],
)
def test_what_would_look_different_is_refused_by_name(change: Callable[[PSDImage], None], what: str) -> None:
    psd = peers()
    change(psd)
    with pytest.raises(PictureError, match=what):
        load_psd(stored(psd), "client.psd")


def test_fill_opacity_counts_too() -> None:
    psd = peers()
    psd[0].opacity, psd[0].fill_opacity = 128, 51
    (layer,) = load_psd(stored(psd)).layers
    assert layer.opacity == pytest.approx(128 / 255 * 51 / 255)


def test_a_damaged_file_is_an_error_and_never_a_crash() -> None:
    whole = saved(example()).getvalue()
    random = np.random.default_rng(7)
    for _ in range(300):
        data = bytearray(whole)
        for _ in range(random.integers(1, 6)):
            data[random.integers(len(data))] = random.integers(256)
        if random.random() < 0.3:
            del data[random.integers(len(data)) :]
        try:
            load_psd(io.BytesIO(bytes(data)))
        except PictureError as error:
            assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "not a whole PSD"),
        (b"GIF89a" + bytes(100), "not a whole PSD"),
        (struct.pack(">4sH6xHIIHH", b"8BPS", 1, 3, 60_000, 60_000, 8, 3), "60000 x 60000"),
        (struct.pack(">4sH6xHIIHH", b"8BPS", 1, 4, 100, 100, 8, 4), "cmyk with 8 bits"),
        (struct.pack(">4sH6xHIIHH", b"8BPS", 1, 3, 100, 100, 32, 3), "rgb with 32 bits"),
        (struct.pack(">4sH6xHIIHH", b"8BPS", 1, 3, 100, 100, 8, 3), "not a whole PSD"),
    ],
)
def test_what_is_no_usable_psd_is_refused(data: bytes, what: str) -> None:
    with pytest.raises(PictureError, match=what):
        load_psd(io.BytesIO(data), "bad.psd")


def test_pixels_are_counted_before_they_are_made() -> None:
    file = saved(Document(4, 4, (Group("g", (Layer("small", noise(4, 4)),)),)))
    data = file.getvalue()
    extent = struct.pack(">4i", 0, 0, 4, 4)
    assert data.count(extent) == 1
    vast = data.replace(extent, struct.pack(">4i", 0, 0, 29_000, 29_000))
    with pytest.raises(PictureError, match="841,000,000 pixels"):
        load_psd(io.BytesIO(vast), "bad.psd")
