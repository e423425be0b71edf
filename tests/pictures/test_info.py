"""What pictures say about themselves, whoever painted them and however badly they were treated since."""

import io
import json
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from picture_kit import SUFFIXES, ramp, rgb_image, saved
from PIL import Image, PngImagePlugin

from underpaint.errors import PictureError
from underpaint.pictures import Record, read_info, recipe_from_file, write_picture
from underpaint.pictures.containers import find_metadata, jpeg, png, webp
from underpaint.pictures.exif import decode_user_comment, read_exif, user_comment_exif
from underpaint.recipe import CreateRecipe

INFO = ("a fox, ink\nNegative prompt: blur\nSteps: 20, Sampler: DPM++ 2M Karras, CFG scale: 7.5, Seed: 42, "
        "Size: 512x768, Model hash: 6CE0161689, Model: v1-5, Clip skip: 2, RNG: NV, "
        'Lora hashes: "inks: 0123456789ab"')
KEYS = ["source", "prompt", "negative_prompt", "seed", "steps", "guidance", "sampler", "schedule", "width",
        "height", "model", "model_hash", "loras", "recipe", "raw"]  # fmt: skip


def with_text(kind: str, text: str) -> bytes:
    """A PNG with `parameters` in one of the three kinds of text chunk."""
    if kind == "tEXt":
        return png.embed(saved(rgb_image(), "PNG"), [(b"tEXt", b"parameters\0" + text.encode("latin-1"))], ())
    info = PngImagePlugin.PngInfo()
    if kind == "zTXt":
        info.add_text("parameters", text, zip=True)
    else:
        info.add_itxt("parameters", text, zip=kind == "iTXt zip")
    return saved(rgb_image(), "PNG", pnginfo=info)


def with_comment(form: str, comment: bytes, order: str = ">") -> bytes:
    """A JPEG, WebP or PNG whose EXIF UserComment holds these bytes."""
    entry = struct.pack(order + "HHHIII", 1, 0x8769, 4, 1, 26, 0)
    entry += struct.pack(order + "HHHIII", 1, 0x9286, 7, len(comment), 44, 0)
    block = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8) + entry + comment
    data = saved(rgb_image(), form)
    if form == "JPEG":
        return jpeg.embed(data, block, None, ())
    return webp.embed(data, block, None, ()) if form == "WEBP" else png.embed(data, [(b"eXIf", block)], ())


@pytest.mark.parametrize("kind", ["tEXt", "zTXt", "iTXt", "iTXt zip"])
def test_infotext_in_every_kind_of_png_text(kind: str) -> None:
    reading = read_info(with_text(kind, INFO))
    assert (reading.source, reading.prompt, reading.negative_prompt) == ("a1111", "a fox, ink", "blur")
    assert (reading.seed, reading.steps, reading.guidance, reading.width, reading.height) == (42, 20, 7.5, 512, 768)
    assert (reading.sampler, reading.schedule) == ("DPM++ 2M Karras", None)
    assert (reading.model, reading.model_hash) == ("v1-5", "6CE0161689")


@pytest.mark.parametrize("form", ["JPEG", "WEBP", "PNG"])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("coding", ["utf-16-be", "utf-16-le", "utf-16", "ascii", "bare", "utf-8"])
def test_infotext_in_every_kind_of_user_comment(form: str, order: str, coding: str) -> None:
    text = INFO if coding in ("ascii", "bare") else INFO.replace("fox", "fuchs テスト")
    head = {"ascii": b"ASCII\0\0\0", "bare": b""}.get(coding, b"UNICODE\0")
    data = with_comment(form, head + text.encode("ascii" if coding == "bare" else coding), order)
    reading = read_info(data)
    assert reading.source == "a1111" and reading.prompt == text.split("\n")[0]


def test_infotext_in_a_jpeg_comment() -> None:
    assert read_info(saved(rgb_image(), "JPEG", comment=INFO.encode())).seed == 42


def test_the_nearest_recipe_of_an_infotext() -> None:
    text = INFO.replace("a fox, ink", "a fox <lora:inks:0.7> <lora:other:te=0.2:unet=0.4>")
    text += ", Hires upscale: 2, Denoising strength: 0.5"
    reading = read_info(with_text("iTXt", text))
    assert [dict(lora) for lora in reading.loras] == [
        {"name": "inks", "weight": 0.7, "text_weight": 0.7, "hash": "0123456789ab"},
        {"name": "other", "weight": 0.4, "text_weight": 0.2, "hash": None},
    ]
    recipe = reading.recipe
    assert recipe is not None
    assert recipe["sampling"] == {"sampler": "dpmpp_2m", "schedule": "karras", "steps": 20}
    assert recipe["model"] == {"name": "v1-5", "hash": "6ce0161689"} and recipe["clip_skip"] == 2
    assert recipe["noise"] == {"source": "philox"} and recipe["second_pass"]["strength"] == 0.5
    # Named in the words, and there alone: once more would paint each of them twice.
    assert "loras" not in recipe and recipe["prompt"] == "a fox <lora:inks:0.7> <lora:other:te=0.2:unet=0.4>"


def test_fields_that_do_not_fit_a_recipe_are_left_out_alone() -> None:
    text = "x\nSteps: 99999, Sampler: DPM fast, CFG scale: nan, Seed: -1, Size: 3x4, Clip skip: two, Model hash: xyz"
    reading = read_info(with_text("tEXt", text))
    assert reading.recipe == {"task": "create", "prompt": "x", "sampling": {"sampler": "dpmpp_2m"},
                              "noise": {"source": "philox"}}
    said = " | ".join(reading.raw["unmapped"])
    for part in ("'DPM fast' has no twin here", "the steps cannot be taken over", "the width cannot", "left to chance"):
        assert part in said
    assert reading.seed == -1 and reading.steps == 99999 and reading.sampler == "DPM fast"
    json.dumps(reading.to_json(), allow_nan=False)


def test_the_keys_of_info_are_stable() -> None:
    for data in (saved(rgb_image(), "PNG"), with_text("tEXt", INFO), saved(rgb_image(), "TIFF")):
        assert list(read_info(data).to_json()) == KEYS


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "TIFF", "GIF"])
def test_a_picture_that_says_nothing(form: str) -> None:
    reading = read_info(saved(rgb_image(), form))
    assert reading.source is None and reading.prompt is None and reading.recipe is None
    assert (reading.width, reading.height) == (30, 24)


@pytest.mark.parametrize("data", [b"", b"no picture at all", b"\x89PMG"])
def test_what_is_no_picture_is_said(data: bytes) -> None:
    with pytest.raises(PictureError):
        read_info(data)


def test_other_peoples_json_is_not_taken_for_an_infotext() -> None:
    told = '{"other_params": {"prompt": "Negative prompt: x, Steps: 1, ab: 2, cd: 3"}}'
    assert read_info(with_text("tEXt", told)).source is None
    assert read_info(with_text("tEXt", told)).raw == {"parameters": told}
    for text in (told, "hello", "Steps", "Title: x, Author: y, Year: 1999"):
        assert read_info(with_comment("JPEG", b"ASCII\0\0\0" + text.encode())).source is None


def test_words_alone_are_words_where_a1111_keeps_them() -> None:
    reading = read_info(with_text("tEXt", "a fox: red, quick"))
    assert (reading.source, reading.prompt, reading.steps) == ("a1111", "a fox: red, quick", None)


def test_metadata_in_no_known_encoding_is_read_as_well_as_can_be() -> None:
    bad = b"\xff\xfe\xfa caf\xe9 Steps: 1"
    for data in (png.embed(saved(rgb_image(), "PNG"), [(b"iTXt", b"parameters\0\0\0\0\0" + bad)], ()),
                 png.embed(saved(rgb_image(), "PNG"), [(b"tEXt", b"\xe9\xff\0" + bad)], ()),
                 with_comment("JPEG", bad), with_comment("WEBP", b"UNICODE\0" + bad),
                 with_comment("PNG", b"JIS\0\0\0\0\0" + bad),
                 saved(rgb_image(), "JPEG", comment=bad)):
        json.dumps(read_info(data).to_json()).encode("utf-8")


def directories(order: str, *entries: tuple[int, int, int, int]) -> bytes:
    """An EXIF block of one directory."""
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    body = b"".join(struct.pack(order + "HHII", *entry) for entry in entries)
    return head + struct.pack(order + "H", len(entries)) + body + bytes(4)


@pytest.mark.parametrize("order", ["<", ">"])
def test_hostile_exif_is_left_unread(order: str) -> None:
    cyclic = directories(order, (0x8769, 4, 1, 8), (0xA005, 4, 1, 8))
    far = directories(order, (0x8769, 4, 1, 2**32 - 1), (0x010E, 2, 2**32 - 1, 8), (0x9286, 7, 2**31, 2**31))
    kinds = directories(order, (0x010E, 99, 5, 8), (0x010E, 0, 2**32 - 1, 0), (0x0112, 3, 1, 2**32 - 1))
    many = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "IH", 8, 65535) + b"\x01" * 90_000
    for block in (cyclic, far, kinds, many, b"II*\0", b"MM\0*\xff\xff\xff\xff", b"", b"Exif\0\0"):
        assert read_exif(block, 1000).texts == {}
        for data in (jpeg.embed(saved(rgb_image(), "JPEG"), block, None, ()),
                     webp.embed(saved(rgb_image(), "WEBP"), block, None, ()),
                     png.embed(saved(rgb_image(), "PNG"), [(b"eXIf", block)], ())):
            assert read_info(data).source is None


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_as_exif_or_comment(data: bytes) -> None:
    for head in (b"", b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08"):
        read_exif(head + data, 1000)
    decode_user_comment(data)
    decode_user_comment(b"UNICODE\0" + data)


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
def test_user_comments_round_trip(text: str) -> None:
    settled = text + " Steps: 20"  # some Latin letters tell the byte order, as every infotext has them
    assert read_exif(user_comment_exif(settled), 10_000).texts["UserComment"] == settled
    with Image.open(io.BytesIO(jpeg.embed(saved(rgb_image(), "JPEG"), user_comment_exif(settled), None, ()))) as image:
        assert image.getexif().get_ifd(0x8769)[0x9286] == b"UNICODE\0" + settled.encode("utf-16-be")


@pytest.mark.parametrize("suffix", SUFFIXES)
@settings(max_examples=30, deadline=None)
@given(prompt=st.text(max_size=200), negative=st.text(max_size=50), seed=st.integers(0, 2**64 - 1))
def test_any_words_come_back_exactly(tmp_path_factory: pytest.TempPathFactory, suffix: str, prompt: str,
                                     negative: str, seed: int) -> None:
    recipe = CreateRecipe(prompt=prompt, negative_prompt=negative, seed=seed)
    path = tmp_path_factory.getbasetemp() / f"words.{suffix}"
    write_picture(path, ramp(4, 4), Record(recipe, {"note": prompt}))
    assert recipe_from_file(path) == recipe
    reading = read_info(path)
    assert (reading.prompt, reading.negative_prompt, reading.seed) == (prompt, negative, seed)
    assert reading.plan == {"note": prompt}


def test_metadata_is_found_past_damage(tmp_path: object) -> None:
    data = with_text("tEXt", INFO)
    place = data.index(b"IDAT")
    assert read_info(data[: place + 20]).seed == 42
    assert find_metadata(data[:20]).width is None
