"""OpenRaster: every byte round, the same to a peer, and deaf to hostile files."""

import io
import struct
import zipfile
from pathlib import Path

import numpy as np
import pyora
import pytest
from documents import documents, example, facts, noise
from hypothesis import given, settings
from PIL import Image

from underpaint.canvas.composite import composite
from underpaint.canvas.document import Document, Group, Layer
from underpaint.canvas.files.ora import save_ora, write_ora
from underpaint.canvas.files.ora_read import load_ora, read_ora
from underpaint.errors import OutputError, PictureError


def saved(document: Document) -> io.BytesIO:
    file = io.BytesIO()
    save_ora(document, file)
    file.seek(0)
    return file


def archive(entries: dict[str, bytes | str], mimetype: str = "image/openraster") -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as target:
        target.writestr("mimetype", mimetype)
        for name, data in entries.items():
            target.writestr(name, data)
    file.seek(0)
    return file


def png(width: int = 1, height: int = 1) -> bytes:
    file = io.BytesIO()
    Image.new("RGBA", (width, height)).save(file, "PNG")
    return file.getvalue()


@settings(max_examples=40, deadline=None)
@given(documents(faded_pass_through=False))
def test_any_document_comes_back_the_same(document: Document) -> None:
    again = load_ora(saved(document))
    assert (again.width, again.height, again.dpi) == (document.width, document.height, document.dpi)
    assert facts(again.layers, folds=False) == facts(document.layers, folds=False)
    if any(True for _ in document.walk()):
        assert again.icc_profile == document.icc_profile


def test_the_container_is_as_the_specification_asks(tmp_path: Path) -> None:
    write_ora(example(b"a profile"), tmp_path / "keys.ora")
    data = (tmp_path / "keys.ora").read_bytes()
    assert data[30:54] == b"mimetypeimage/openraster"  # first and plain, where `file` looks for it
    with zipfile.ZipFile(tmp_path / "keys.ora") as file:
        assert file.infolist()[0].filename == "mimetype"
        assert file.infolist()[0].compress_type == zipfile.ZIP_STORED
        merged = Image.open(file.open("mergedimage.png"))
        assert merged.info["icc_profile"] == b"a profile"
        np.testing.assert_array_equal(np.asarray(merged), composite(example()))
        assert max(Image.open(file.open("Thumbnails/thumbnail.png")).size) <= 256


def test_thumbnails_of_large_canvases_keep_the_shape_within_256(tmp_path: Path) -> None:
    with zipfile.ZipFile(saved(Document(600, 300, (Layer("a", noise(300, 600)),)))) as file:
        assert Image.open(file.open("Thumbnails/thumbnail.png")).size == (256, 128)


def test_the_same_document_is_the_same_file() -> None:
    assert saved(example()).getvalue() == saved(example()).getvalue()


def test_a_peer_sees_the_same_layers() -> None:
    project = pyora.Project.load(saved(example()))
    lines, golden, night, empty, paper = project.children
    names = [node.name for node in example().layers]
    assert [node.name for node in (lines, golden, night, empty, paper)] == names
    assert [child.name for child in night.children] == ["over", "deep"]
    np.testing.assert_array_equal(np.asarray(lines.get_image_data(raw=True)), noise(30, 40))
    (paint,) = golden.children
    assert (paint.offsets, paint.opacity, paint.composite_op) == ((-5, 7), pytest.approx(0.2), "svg:multiply")
    assert (golden.visible, night.visible) == (True, False)
    assert (golden.isolated, night.isolated) == (False, True)


def test_a_faded_pass_through_group_is_what_readers_make_of_it() -> None:
    again = load_ora(saved(Document(1, 1, (Group("g", (), opacity=0.5),))))
    assert (again.layers[0].blend_mode, again.layers[0].opacity) == ("normal", 0.5)


def test_real_files_of_other_programs_are_read_or_refused_in_one_line(material: Path) -> None:
    read = 0
    for path in sorted((material / "04_layered").rglob("*.ora")):
        try:
            document = read_ora(path)
        except PictureError as error:
            assert path.name in error.message and "\n" not in str(error)
        else:
            read += 1
            assert composite(document).shape == (document.height, document.width, 4)
    assert read >= 3


LAYER = '<layer name="a" src="data/a.png"/>'


@pytest.mark.parametrize(
    ("stack", "what"),
    [
        ('<!DOCTYPE x [<!ENTITY e "boom">]><image w="1" h="1"><stack/></image>', "document type"),
        ('<image w="60000" h="60000"><stack/></image>', "60000 x 60000"),
        ('<image w="1e999" h="1"><stack/></image>', "not a number"),
        ('<image w="wide" h="1"><stack/></image>', "not a number"),
        ('<image h="1"><stack/></image>', "not a number"),
        ('<image w="1" h="1"></image>', "no stack"),
        ('<image w="1" h="1"><stack>', "not a whole OpenRaster"),
        ("not xml at all", "not a whole OpenRaster"),
        ('<image w="1" h="1">' + "<stack>" * 60 + "</stack>" * 60 + "</image>", "nested too deep"),
        ('<image w="1" h="1"><stack><layer name="a"/></stack></image>', "without a picture"),
        ('<image w="1" h="1"><stack><layer src="../../etc/passwd"/></stack></image>', "has no ../../etc/passwd inside"),
        ('<image w="1" h="1"><stack><layer src="/etc/passwd"/></stack></image>', "has no /etc/passwd inside"),
        ('<image w="1" h="1"><stack><layer src="data/text.png"/></stack></image>', "not a whole PNG"),
        ('<image w="1" h="1"><stack><layer src="data/half.png"/></stack></image>', "not a whole PNG"),
        ('<image w="1" h="1"><stack><layer src="data/a.png" x="9e9"/></stack></image>', "out of range"),
        ('<image w="1" h="1"><stack><layer src="data/a.png" composite-op="svg:xor"/></stack></image>', "svg:xor"),
    ],
)
def test_hostile_stacks_are_refused(stack: str, what: str) -> None:
    entries = {"stack.xml": stack, "data/a.png": png(), "data/text.png": "hello", "data/half.png": png(50, 50)[:60]}
    with pytest.raises(PictureError, match=what):
        load_ora(archive(entries), "bad.ora")


def test_pixels_are_counted_before_they_are_made() -> None:
    header = struct.pack(">II", 20_000, 8_000)
    bomb = png().replace(struct.pack(">II", 1, 1), header)
    layers = '<layer src="data/bomb.png"/>' * 4
    stack = f'<image w="1" h="1"><stack>{layers}</stack></image>'
    with pytest.raises(PictureError, match="640,000,000 pixels"):
        load_ora(archive({"stack.xml": stack, "data/bomb.png": bomb}))


@pytest.mark.parametrize(
    "file",
    [
        io.BytesIO(b""),
        io.BytesIO(b"PK\x03\x04 and no more"),
        archive({}, mimetype="application/zip"),
        archive({}),
        archive({"stack.xml": b" " * 9_000_000}),
    ],
)
def test_what_is_no_openraster_is_refused(file: io.BytesIO) -> None:
    with pytest.raises(PictureError, match=r"^bad\.ora"):
        load_ora(file, "bad.ora")


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
            load_ora(io.BytesIO(bytes(data)))
        except PictureError as error:
            assert "\n" not in str(error)


def test_an_unwritable_place_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="-o"):
        write_ora(example(), tmp_path / "file" / "keys.ora")
