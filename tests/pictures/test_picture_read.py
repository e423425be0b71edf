"""Reading pictures: the good ones of every kind work, the bad ones get one clear line."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from picture_kit import ramp, rgb_image, saved, sha, swapped_profile
from PIL import Image, ImageCms, PngImagePlugin

from underpaint.errors import PictureError
from underpaint.pictures import Limits, read_info, read_picture
from underpaint.pictures.containers import png

TURNED = {
    1: lambda a: a, 2: lambda a: a[:, ::-1], 3: lambda a: a[::-1, ::-1], 4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1), 6: lambda a: np.rot90(a, -1), 7: lambda a: np.rot90(a, -1)[::-1],
    8: lambda a: np.rot90(a, 1),
}  # fmt: skip


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_every_exif_orientation_is_turned_upright(orientation: int, form: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    options: dict[str, Any] = {"JPEG": {"quality": 95}, "WEBP": {"lossless": True}}.get(form, {})
    plain = np.asarray(Image.open(io.BytesIO(saved(rgb_image(), form, **options))).convert("RGB"))
    picture = read_picture(saved(rgb_image(), form, exif=exif, **options))
    assert np.array_equal(picture.stored, TURNED[orientation](plain))
    assert picture.orientation == orientation


def test_orientation_agrees_with_pillow_and_deep_pictures_turn_too() -> None:
    from PIL import ImageOps

    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        data = saved(rgb_image(), "PNG", exif=exif)
        expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))))
        assert np.array_equal(read_picture(data).stored, expected)
    wide = ramp(dtype=np.uint16)
    block = Image.Exif()
    block[0x0112] = 6
    bare = cv2.imencode(".png", wide[..., ::-1])[1].tobytes()
    turned = read_picture(png.embed(bare, [(b"eXIf", block.tobytes()[6:])], ()))
    assert np.array_equal(turned.stored, np.rot90(wide, -1)) and turned.depth == 16


@pytest.mark.parametrize(("mode", "form", "expected"), [
    ("1", "PNG", "L"), ("L", "PNG", "L"), ("LA", "PNG", "LA"), ("P", "PNG", "RGB"), ("RGB", "PNG", "RGB"),
    ("RGBA", "PNG", "RGBA"), ("L", "JPEG", "L"), ("CMYK", "JPEG", "RGB"), ("CMYK", "TIFF", "RGB"),
    ("RGBA", "WEBP", "RGBA"), ("P", "GIF", "RGB"), ("RGB", "BMP", "RGB"), ("LAB", "TIFF", "RGB"),
    ("RGB", "AVIF", "RGB"), ("RGB", "PPM", "RGB"), ("I;16", "TIFF", "L"), ("F", "TIFF", "L"),
])  # fmt: skip
def test_modes(mode: str, form: str, expected: str) -> None:
    if mode == "I;16":
        image = Image.fromarray(ramp(channels=1, dtype=np.uint16)[..., 0])
    elif mode == "F":
        image = Image.fromarray(ramp(channels=1)[..., 0].astype(np.float32) / 255)
    elif mode == "LAB":
        image = Image.new("LAB", (30, 24), (128, 140, 100))
    else:
        image = Image.fromarray(ramp(channels=4)) if mode == "RGBA" else rgb_image().convert(mode)
    picture = read_picture(saved(image, form))
    assert picture.mode == expected
    assert (picture.width, picture.height) == (30, 24)
    assert picture.pixels.dtype == np.float32 and picture.pixels.shape[2] in (3, 4)
    assert picture.pixels.min() >= 0 and picture.pixels.max() <= 1
    assert picture.depth == (16 if mode in ("I;16", "F") else 8)


def test_stored_is_exact_and_the_source_is_known() -> None:
    array = ramp(channels=4)
    data = saved(Image.fromarray(array), "PNG")
    picture = read_picture(data)
    assert np.array_equal(picture.stored, array)
    assert picture.sha256 == sha(data) and picture.format == "PNG"
    with pytest.raises(ValueError, match="read-only"):
        picture.stored[0, 0, 0] = 1


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_sixteen_bits_are_kept(channels: int, suffix: str) -> None:
    array = ramp(channels=channels, dtype=np.uint16)
    order = {1: [0], 3: [2, 1, 0], 4: [2, 1, 0, 3]}[channels]
    picture = read_picture(cv2.imencode(suffix, array[..., order])[1].tobytes())
    assert picture.depth == 16 and np.array_equal(picture.stored, array)


def test_transparent_colours_and_palettes_become_alpha() -> None:
    grey = Image.fromarray(np.array([[0, 90], [180, 255]], np.uint8))
    assert read_picture(saved(grey, "PNG", transparency=90)).stored[..., 1].tolist() == [[255, 0], [255, 255]]
    palette = rgb_image().convert("P")
    assert read_picture(saved(palette, "PNG", transparency=0)).mode == "RGBA"
    wide = np.array([[[1, 2, 3], [4, 5, 6]]], np.uint16)
    data = png.embed(cv2.imencode(".png", wide[..., ::-1])[1].tobytes(), [(b"tRNS", struct.pack(">3H", 4, 5, 6))], ())
    picture = read_picture(data)
    assert picture.mode == "RGBA" and picture.stored[0, :, 3].tolist() == [65535, 0]
    assert np.array_equal(picture.stored[..., :3], wide)


@pytest.mark.parametrize("form", ["GIF", "PNG", "WEBP", "TIFF"])
def test_animations_give_their_first_frame_and_say_so(form: str) -> None:
    frames = [Image.new("RGB", (20, 10), color) for color in ("#ff0000", "#00ff00", "#0000ff")]
    options = {"WEBP": {"lossless": True}}.get(form, {})
    picture = read_picture(saved(frames[0], form, save_all=True, append_images=frames[1:], **options))
    assert picture.stored[0, 0].tolist()[:3] == [255, 0, 0]
    assert picture.frames > 1 and "animated" in picture.notes[0]


def test_colour_profiles_are_kept_and_converted_for_painting() -> None:
    icc = swapped_profile()
    picture = read_picture(saved(Image.new("RGB", (4, 4), (250, 10, 10)), "PNG", icc_profile=icc))
    assert picture.icc == icc and picture.stored[0, 0].tolist() == [250, 10, 10]
    assert picture.pixels[0, 0, 1] > 0.9 > 0.2 > picture.pixels[0, 0, 0]
    plain = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    same = read_picture(saved(rgb_image(), "JPEG", icc_profile=plain))
    assert same.icc == plain and np.array_equal(same.pixels * 255, same.stored)
    broken = read_picture(saved(rgb_image(), "PNG", icc_profile=icc[:100]))
    assert broken.icc is None and "profile" in broken.notes[0]


def sized_png(width: int, height: int, depth: int = 8, kind: int = 2) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    return png.assemble([(b"IHDR", header), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")])


def sized_jpeg(width: int, height: int) -> bytes:
    data = bytearray(saved(rgb_image(), "JPEG"))
    place = data.index(b"\xff\xc0") + 5
    data[place : place + 4] = struct.pack(">HH", height, width)
    return bytes(data)


def sized_bmp(width: int, height: int) -> bytes:
    data = bytearray(saved(rgb_image(), "BMP"))
    data[18:26] = struct.pack("<ii", width, height)
    return bytes(data)


HUGE = {"png": sized_png(60_000, 60_000), "png16": sized_png(60_000, 60_000, 16), "jpeg": sized_jpeg(60_000, 60_000),
        "bmp": sized_bmp(60_000, 60_000), "thin": sized_png(2**31 - 1, 1), "flat": sized_png(1, 2**31 - 1)}  # fmt: skip


@pytest.mark.parametrize("name", HUGE)
def test_huge_pictures_are_refused_before_decoding(name: str) -> None:
    with pytest.raises(PictureError, match="too large") as caught:
        read_picture(HUGE[name])
    assert "\n" not in str(caught.value) and caught.value.hint


def test_limits_are_the_callers() -> None:
    data = saved(rgb_image(), "PNG")
    with pytest.raises(PictureError, match="too large"):
        read_picture(data, limits=Limits(pixels=100))
    with pytest.raises(PictureError, match="too large"):
        read_picture(data, limits=Limits(side=25))
    assert read_picture(data, limits=Limits(side=30)).width == 30


def test_file_size_is_capped_before_reading(tmp_path: Path) -> None:
    path = tmp_path / "big.png"
    path.write_bytes(saved(rgb_image(), "PNG"))
    with pytest.raises(PictureError, match="bytes"):
        read_picture(path, limits=Limits(file_bytes=10))


@pytest.mark.parametrize(("data", "says"), [
    (b"", "empty"), (b"hello, I am a text", "not a picture"), (b"\x89PNG\r\n\x1a\n", "cut off"),
    (b"\xff\xd8\xff", "damaged"), (b"RIFF\0\0\0\0WEBP", "damaged"), (b"8BPS\0\1" + bytes(40), "layered"),
    (b"\0\0\0\x18ftypheic" + bytes(20), "HEIC"), (b"PK\3\4" + bytes(40), "archive"),
    (sized_png(0, 10), "no pixels"), (sized_png(10, 10), "cut off"), (sized_png(10, 10, 16), "cut off"),
])  # fmt: skip
def test_what_is_no_picture_gets_one_clear_line(data: bytes, says: str) -> None:
    with pytest.raises(PictureError, match=says) as caught:
        read_picture(data)
    assert "\n" not in str(caught.value)


def test_missing_files_and_folders(tmp_path: Path) -> None:
    for place in (tmp_path / "none.png", tmp_path, Path("bad\0name.png")):
        with pytest.raises(PictureError):
            read_picture(place)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "PNG16"])
def test_every_truncation_is_an_error_never_half_a_picture(form: str) -> None:
    data = (cv2.imencode(".png", ramp(dtype=np.uint16))[1].tobytes() if form == "PNG16"
            else saved(rgb_image(), form))
    for cut in range(1, len(data) - 40, max(1, len(data) // 40)):
        with pytest.raises(PictureError):
            read_picture(data[:cut])


def test_a_changed_bit_in_a_png_is_noticed() -> None:
    data = bytearray(saved(rgb_image(), "PNG"))
    data[len(data) // 2] ^= 1
    with pytest.raises(PictureError, match="checksum"):
        read_picture(bytes(data))


def test_text_bombs_neither_hurt_nor_hide_the_picture() -> None:
    bomb = zlib.compress(bytes(60_000_000), 9)
    chunks = [(b"zTXt", b"parameters\0\0" + bomb), (b"iTXt", b"workflow\0\1\0\0\0" + bomb),
              (b"iCCP", b"x\0\0" + bomb), (b"tEXt", b"Comment\0fine")]
    data = png.embed(saved(rgb_image(), "PNG"), chunks, ())
    assert np.array_equal(read_picture(data).stored, ramp())
    reading = read_info(data)
    assert reading.source is None and reading.raw["Comment"] == "fine"
    assert set(reading.raw) == {"Comment", "unread"} and len(reading.raw["unread"]) == 2


def test_pillows_own_text_limits_do_not_reach_us() -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("parameters", "a" * 3_000_000, zip=True)
    data = saved(rgb_image(), "PNG", pnginfo=info)
    assert read_picture(data).width == 30 and len(read_info(data).raw["parameters"]) == 3_000_000


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "TIFF", "GIF", "BMP", "AVIF", "PNG16"])
def test_damage_anywhere_is_a_picture_or_a_picture_error(form: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = (cv2.imencode(".png", ramp(dtype=np.uint16))[1].tobytes() if form == "PNG16"
            else saved(rgb_image(), form, **({"exif": exif} if form in ("PNG", "JPEG", "WEBP") else {})))
    rng = np.random.default_rng(len(data))
    for _ in range(150):
        broken = bytearray(data)
        for _ in range(int(rng.integers(1, 8))):
            broken[int(rng.integers(len(broken) if rng.random() < 0.5 else min(150, len(broken))))] = int(
                rng.integers(256))
        for reader in (read_picture, read_info):
            try:
                reader(bytes(broken))
            except PictureError as error:
                assert "\n" not in str(error)


def test_a_hostile_jpeg_of_many_segments_is_read() -> None:
    head = b"\xff\xd8" + b"\xff\xfe\x00\x02" * 200_000
    assert read_info(head + saved(rgb_image(), "JPEG")[2:]).width == 30
