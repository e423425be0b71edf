"""Writing pictures: exact pixels, everything inside that other programs look for, whole or not at all."""

import hashlib
import io
import json
import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from picture_kit import (
    BLOBS,
    DRAWING,
    LINES,
    SUFFIXES,
    ramp,
    recipes,
    record,
    rgb_image,
    saved,
    sha,
    swapped_profile,
)
from PIL import Image

from underpaint.errors import OutputError, PictureError, RecipeError
from underpaint.pictures import (
    Encoding,
    Record,
    blobs_from_file,
    check_pixels,
    keep_outside,
    pixels_hash,
    plan_from_file,
    read_info,
    read_picture,
    recipe_from_file,
    write_picture,
)
from underpaint.pictures.containers import find_metadata, jpeg, png, webp
from underpaint.recipe import Blob, CreateRecipe, LineControl

LOSSY = Encoding(lossy=True)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("task", ["create", "full", "refine", "fill"])
def test_everything_comes_back_from_the_file(tmp_path: Path, suffix: str, task: str) -> None:
    recipe = recipes()[task]
    path = tmp_path / f"key.{suffix}"
    write_picture(path, ramp(), record(recipe), encoding=LOSSY)
    assert recipe_from_file(path) == recipe
    assert plan_from_file(path) == record(recipe).plan
    assert blobs_from_file(path) == {blob.sha256: BLOBS[blob.sha256] for blob in recipe.blobs()}
    assert check_pixels(path) == "identical-to-painting"
    reading = read_info(path)
    assert reading.source == "underpaint" and reading.prompt == recipe.prompt
    assert reading.steps == 22 and reading.sampler == "dpmpp_2m" and reading.schedule == "karras"
    assert reading.model == "primer" and reading.recipe == json.loads(recipe.to_json())


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(("task", "term"), [
    ("create", "trainedAlgorithmicMedia"), ("full", "compositeWithTrainedAlgorithmicMedia"),
    ("refine", "compositeWithTrainedAlgorithmicMedia"), ("fill", "compositeWithTrainedAlgorithmicMedia"),
])
@pytest.mark.parametrize("private", [False, True])
def test_the_source_type_fits_the_task(tmp_path: Path, suffix: str, task: str, term: str, private: bool) -> None:
    path = tmp_path / f"key.{suffix}"
    write_picture(path, ramp(), record(recipes()[task]), private=private, encoding=LOSSY)
    xmp = find_metadata(path.read_bytes()).xmp
    assert xmp is not None and f">http://cv.iptc.org/newscodes/digitalsourcetype/{term}<" in xmp


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_other_decoders_read_the_file_with_large_blobs_inside(tmp_path: Path, suffix: str) -> None:
    big = np.random.default_rng(0).bytes(9_500_000)  # past libpng's limit for one chunk
    recipe = CreateRecipe(controls=(LineControl(drawing=Blob(sha256=sha(big))),))
    path = tmp_path / f"key.{suffix}"
    written = write_picture(path, ramp(), Record(recipe, blobs={sha(big): big}))
    assert written.folder is None and blobs_from_file(path) == {sha(big): big}
    ours = read_picture(path).stored
    with Image.open(path) as image:
        assert np.array_equal(np.asarray(image), ours)
    theirs = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert theirs is not None and np.array_equal(theirs[..., ::-1], ours)


def test_blobs_past_32_megabytes_lie_beside_the_picture(tmp_path: Path) -> None:
    big = bytes(33 << 20)
    recipe = CreateRecipe(controls=(LineControl(drawing=Blob(sha256=sha(big), name="wall.png")),))
    path = tmp_path / "key.png"
    written = write_picture(path, ramp(), Record(recipe, blobs={sha(big): big}))
    assert written.folder == tmp_path / "key.recipe" and path.stat().st_size < 100_000
    assert blobs_from_file(path) == {sha(big): big}
    (written.folder / sha(big)).write_bytes(b"other")
    with pytest.raises(PictureError, match=r"wall\.png"):
        blobs_from_file(path)
    (written.folder / sha(big)).unlink()
    with pytest.raises(PictureError, match=r"key\.recipe"):
        blobs_from_file(path)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_altered_blob_is_never_given_out(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"key.{suffix}"
    write_picture(path, ramp(), record(recipes()["full"]))
    data = path.read_bytes()
    place = data.index(DRAWING) + 20
    path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
    with pytest.raises(PictureError, match=r"lines\.png.*damaged"):
        blobs_from_file(path)


def test_a_recipe_without_its_drawings_is_not_written(tmp_path: Path) -> None:
    for blobs in ({}, {sha(DRAWING): b"another"}):
        with pytest.raises(RecipeError):
            write_picture(tmp_path / "key.png", ramp(), Record(CreateRecipe(controls=(LINES,)), blobs=blobs))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_png_keeps_every_mode_and_depth_exactly(tmp_path: Path, dtype: type, channels: int) -> None:
    array = ramp(channels=channels, dtype=dtype)
    path = tmp_path / "exact.png"
    write_picture(path, array, record(recipes()["fill"]))
    picture = read_picture(path)
    assert picture.stored.dtype == dtype and np.array_equal(picture.stored, array)
    if dtype == np.uint16 and channels != 2:
        theirs = cv2.imread(str(path), cv2.IMREAD_UNCHANGED).reshape(24, 30, channels)
        order = {1: [0], 3: [2, 1, 0], 4: [2, 1, 0, 3]}[channels]
        assert np.array_equal(theirs[..., order], array)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_flat_smooth_and_single_pixel_pictures_survive_the_deep_filters(tmp_path: Path, dtype: type) -> None:
    top = np.iinfo(dtype).max
    slope = np.linspace(0, top, 64 * 48 * 3).reshape(48, 64, 3).astype(dtype)
    for array in (slope, np.full((5, 7, 4), top, dtype), np.zeros((1, 1, 1), dtype), slope[:1], slope[:, :1]):
        write_picture(tmp_path / "a.png", array)
        assert np.array_equal(read_picture(tmp_path / "a.png").stored, array)


@pytest.mark.parametrize("channels", [1, 2])
def test_lossless_webp_spells_grey_out_as_rgb_and_says_so(tmp_path: Path, channels: int) -> None:
    array = ramp(channels=channels)
    written = write_picture(tmp_path / "a.webp", array, record(recipes()["fill"]))
    stored = read_picture(tmp_path / "a.webp").stored
    assert "no grey" in written.notes[0] and stored.shape[2] == channels + 2
    assert all(np.array_equal(stored[..., channel], array[..., 0]) for channel in range(3))
    assert channels == 1 or np.array_equal(stored[..., 3], array[..., 1])


def test_lossless_webp_keeps_colour_under_full_transparency(tmp_path: Path) -> None:
    array = ramp(channels=4)
    array[:10, ..., 3] = 0
    write_picture(tmp_path / "a.webp", array, record(recipes()["fill"]))
    assert np.array_equal(read_picture(tmp_path / "a.webp").stored, array)


@pytest.mark.parametrize(("mode", "form"), [
    ("RGB", "PNG"), ("RGBA", "PNG"), ("L", "PNG"), ("LA", "PNG"), ("P", "PNG"), ("1", "PNG"), ("CMYK", "JPEG"),
    ("RGB", "JPEG"), ("L", "JPEG"), ("RGBA", "WEBP"), ("RGB16", "PNG"), ("RGBA16", "PNG"), ("L16", "PNG"),
])  # fmt: skip
@pytest.mark.parametrize("profile", [False, True])
def test_outside_the_mask_every_pixel_is_the_inputs(tmp_path: Path, mode: str, form: str, profile: bool) -> None:
    options: dict[str, Any] = {"lossless": True, "exact": True} if form == "WEBP" else {}
    if mode.endswith("16"):
        channels = {"RGB16": 3, "RGBA16": 4, "L16": 1}[mode]
        write_picture(tmp_path / "in.png", ramp(channels=channels, dtype=np.uint16))
        data = (tmp_path / "in.png").read_bytes()
        if profile and channels >= 3:
            data = png.embed(data, [png.profile_chunk(swapped_profile())], ())
    else:
        source = Image.fromarray(ramp(channels=4)) if mode in ("RGBA", "LA") else rgb_image()
        if profile and mode in ("RGB", "RGBA", "P"):
            options["icc_profile"] = swapped_profile()
        data = saved(source.convert(mode), form, **options)
    like = read_picture(data)
    mask = np.zeros((24, 30), np.float32)
    mask[5:15, 8:20] = 1
    mask[15, 8:20] = 0.001
    painted = np.full((24, 30, 3), (0.2, 0.6, 0.9), np.float32)
    target = tmp_path / "out.png"
    write_picture(target, keep_outside(painted, like, mask), record(recipes()["fill"]), like=like)
    result = read_picture(target)
    assert (result.mode, result.depth, result.icc) == (like.mode, like.depth, like.icc)
    assert np.array_equal(result.stored[mask == 0], like.stored[mask == 0])
    inside = result.pixels[mask > 0][:, :3]
    wanted = np.array([0.2, 0.6, 0.9]) if like.mode not in ("L", "LA") else 0.2 * 0.299 + 0.6 * 0.587 + 0.9 * 0.114
    assert np.abs(inside - wanted).max() < 0.02


def test_a_grown_canvas_keeps_the_input_where_it_lies(tmp_path: Path) -> None:
    like = read_picture(saved(rgb_image(), "PNG"))
    mask = np.ones((34, 50), np.float32)
    mask[4:28, 12:42] = 0
    result = keep_outside(np.zeros((34, 50, 3), np.float32), like, mask, at=(12, 4))
    assert np.array_equal(result[4:28, 12:42], like.stored) and result[:4].max() == 0
    with pytest.raises(PictureError, match="size"):
        keep_outside(np.zeros((10, 50, 3), np.float32), like, mask, at=(12, 4))


def test_a_fill_needs_a_file_that_keeps_its_pixels(tmp_path: Path) -> None:
    fill = record(recipes()["fill"])
    for name, encoding in (("a.jpg", Encoding()), ("a.webp", Encoding(lossless=False))):
        with pytest.raises(OutputError, match="--lossy"):
            write_picture(tmp_path / name, ramp(), fill, encoding=encoding)
    with pytest.raises(OutputError, match="--lossy"):
        write_picture(tmp_path / "a.webp", ramp(dtype=np.uint16), fill)
    assert list(tmp_path.iterdir()) == []
    write_picture(tmp_path / "a.webp", ramp(), fill)
    assert np.array_equal(read_picture(tmp_path / "a.webp").stored, ramp())
    write_picture(tmp_path / "a.jpg", ramp(), fill, encoding=LOSSY)


def test_what_a_format_cannot_hold_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="transparent"):
        write_picture(tmp_path / "a.jpg", ramp(channels=4))
    with pytest.raises(OutputError, match="16,383"):
        write_picture(tmp_path / "a.webp", np.zeros((1, 17_000, 3), np.uint8))
    with pytest.raises(OutputError, match=r"\.png"):
        write_picture(tmp_path / "a.gif", ramp())
    for shape in ((3,), (2, 2, 5), (0, 4, 3)):
        with pytest.raises(PictureError):
            write_picture(tmp_path / "a.png", np.zeros(shape, np.float32))
    with pytest.raises(RecipeError, match="plan"):
        write_picture(tmp_path / "a.png", ramp(), Record(CreateRecipe(), {"when": object()}))
    assert list(tmp_path.iterdir()) == []


def test_a_measurement_that_is_no_number_does_not_cost_the_picture(tmp_path: Path) -> None:
    plan = {"measured": {"lines": float("nan"), "list": [1.5, float("inf")]}}
    write_picture(tmp_path / "a.png", ramp(), Record(CreateRecipe(), plan))
    assert plan_from_file(tmp_path / "a.png") == {"measured": {"lines": None, "list": [1.5, None]}}


def test_writing_is_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "key.png"
    write_picture(path, ramp())
    before = path.read_bytes()
    with pytest.raises(OutputError):
        write_picture(path / "inside.png", ramp())
    assert path.read_bytes() == before and os.listdir(path.parent) == ["key.png"]


def test_large_blobs_do_not_stay_when_the_picture_cannot_be_written(tmp_path: Path) -> None:
    big = bytes(33 << 20)
    recipe = CreateRecipe(controls=(LineControl(drawing=Blob(sha256=sha(big))),))
    (tmp_path / "key.png").mkdir()
    with pytest.raises(OutputError):
        write_picture(tmp_path / "key.png", ramp(), Record(recipe, blobs={sha(big): big}))
    assert os.listdir(tmp_path) == ["key.png"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_changed_pixels_are_noticed_and_changed_metadata_is_not(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"key.{suffix}"
    write_picture(path, ramp(), record(recipes()["create"]))
    note = find_metadata(path.read_bytes())
    other = ramp()
    other[0, 0] ^= 255
    write_picture(tmp_path / f"other.{suffix}", other)
    pixels = (tmp_path / f"other.{suffix}").read_bytes()
    if suffix == "png":
        moved = png.embed(pixels, [png.text_chunk("underpaint", note.texts["underpaint"])], ())
    elif suffix == "jpg":
        moved = jpeg.embed(pixels, None, None, note.packets)
    else:
        moved = webp.embed(pixels, None, None, note.packets)
    path.write_bytes(moved)
    assert check_pixels(path) == "changed since painting"


def test_the_pixel_hash_is_as_documented() -> None:
    array = ramp(3, 5, 2, np.uint16)
    head = b"underpaint-pixels 1 5 3 LA 16\n"
    out = io.BytesIO()
    from underpaint.pictures.encode import encode

    out.write(encode("PNG", array, None, Encoding(), True))
    expected = hashlib.sha256(head + array.astype(">u2").tobytes()).hexdigest()
    assert pixels_hash(read_picture(out.getvalue())) == expected
    grey = Image.new("L", (1, 1), 7)
    assert pixels_hash(read_picture(saved(grey, "PNG"))) == sha(b"underpaint-pixels 1 1 1 L 8\n\x07")


def test_files_of_strangers_say_nothing_of_ours(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(saved(rgb_image(), "PNG"))
    for ask in (recipe_from_file, check_pixels, blobs_from_file):
        with pytest.raises(PictureError, match="does not say"):
            ask(path)
    for note in ("[]", "{", '{"underpaint": 1}', '{"underpaint": 1, "recipe": 5}', "[" * 100_000, "9" * 5000):
        path.write_bytes(png.embed(saved(rgb_image(), "PNG"), [png.text_chunk("underpaint", note)], ()))
        read_info(path)
        with pytest.raises((PictureError, RecipeError)):
            recipe_from_file(path)


def test_long_words_fit_everywhere_but_in_a_jpegs_exif(tmp_path: Path) -> None:
    recipe = CreateRecipe(prompt="wörd " * 9_990)
    for suffix in SUFFIXES:
        written = write_picture(tmp_path / f"a.{suffix}", ramp(), Record(recipe))
        assert recipe_from_file(tmp_path / f"a.{suffix}") == recipe
        assert bool(written.notes) == (suffix == "jpg")
