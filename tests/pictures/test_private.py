"""--private: no words, drawings, names, paths, EXIF or GPS in any place of the file."""

import re
import zlib
from pathlib import Path

import numpy as np
import pytest
from picture_kit import SUFFIXES, ramp, rgb_image, saved, sha
from PIL import Image

from underpaint.errors import PictureError
from underpaint.pictures import Encoding, Record, check_pixels, read_info, read_picture, recipe_from_file, write_picture
from underpaint.pictures.containers import jpeg, png, webp
from underpaint.recipe import (
    Blob,
    CreateRecipe,
    FillRecipe,
    LineControl,
    LoraRef,
    ModelRef,
    Recipe,
    RefineRecipe,
    Sampling,
)

SECRET = "zxqvsecret"


def planted_photo() -> bytes:
    """A photo whose EXIF names the artist and the place."""
    exif = Image.Exif()
    exif[0x013B] = f"{SECRET} artist"
    exif[0x010E] = f"{SECRET} title"
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2], gps[29] = "N", (52.0, 31.0, 12.0), SECRET
    return saved(rgb_image(), "JPEG", exif=exif, comment=SECRET.encode())


PHOTO = planted_photo()
BLOB = Blob(sha256=sha(PHOTO), name=f"/home/{SECRET}/photo.jpg")


def planted(task: str) -> Recipe:
    shared = {
        "prompt": f"a {SECRET} cat\nNegative prompt: {SECRET}", "negative_prompt": SECRET,
        "model": ModelRef(name=SECRET), "vae": ModelRef(name=SECRET), "loras": (LoraRef(name=SECRET),), "seed": 77,
        "controls": (LineControl(drawing=BLOB),), "sampling": Sampling(sampler=SECRET, schedule=SECRET, steps=9),
    }  # fmt: skip
    if task == "create":
        return CreateRecipe(**shared)
    return RefineRecipe(picture=BLOB, **shared) if task == "refine" else FillRecipe(picture=BLOB, mask=BLOB, **shared)


def everything(data: bytes) -> bytes:
    """The file's bytes, and all that can be inflated from them."""
    found = [data]
    for place in (match.start() for match in re.finditer(rb"x[\x01\x5e\x9c\xda]", data)):
        try:
            found.append(zlib.decompressobj().decompress(data[place:], 1 << 20))
        except zlib.error:
            continue
    return b"\n".join(found)


def spellings(word: str) -> list[bytes]:
    return [word.encode(), word.upper().encode(), word.encode("utf-16-be"), word.encode("utf-16-le")]


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("task", ["create", "refine", "fill"])
@pytest.mark.parametrize("like", [False, True])
def test_nothing_planted_is_found(tmp_path: Path, suffix: str, task: str, like: bool) -> None:
    plan = {"prompt": SECRET, "paths": {SECRET: [SECRET]}, "sampler": SECRET, "seed": 77, "steps": SECRET,
            "passes": [{"steps": 9}], "width": 30, "height": 24, "model": {"name": SECRET}}
    record = Record(planted(task), plan, {BLOB.sha256: PHOTO})
    options = {"like": read_picture(PHOTO)} if like else {}
    path = tmp_path / f"out.{suffix}"
    write_picture(path, ramp(), record, private=True, encoding=Encoding(lossy=True), **options)
    data = everything(path.read_bytes())
    for needle in (*spellings(SECRET), BLOB.sha256.encode(), bytes.fromhex(BLOB.sha256), PHOTO[:200], b"GPS", b"/home"):
        assert needle not in data
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
    # The control: the same search finds them in a file that is not private.
    write_picture(path, ramp(), record, encoding=Encoding(lossy=True), **options)
    assert sum(needle in everything(path.read_bytes()) for needle in spellings(SECRET)) >= 1


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_a_private_file_still_says(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out.{suffix}"
    recipe = planted("create").changed(sampling=Sampling(sampler="euler_a", schedule="karras", steps=9))
    write_picture(path, ramp(), Record(recipe, blobs={BLOB.sha256: PHOTO}), private=True)
    reading = read_info(path)
    assert (reading.source, reading.prompt, reading.model, reading.loras) == ("underpaint", None, None, ())
    assert (reading.seed, reading.steps, reading.sampler, reading.schedule) == (77, 9, "euler_a", "karras")
    assert reading.recipe is None and reading.plan is None
    assert check_pixels(path) == "identical-to-painting"
    with pytest.raises(PictureError, match="private"):
        recipe_from_file(path)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_private_file_has_no_further_places(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out.{suffix}"
    record = Record(planted("refine"), {}, {BLOB.sha256: PHOTO})
    write_picture(path, np.zeros((8, 8, 3), np.uint8), record, private=True)
    data = path.read_bytes()
    if suffix == "png":
        kinds = [kind for kind, _ in png.chunks(data)]
        assert kinds == [b"IHDR", b"tEXt", b"iTXt", b"iTXt", b"IDAT", b"IEND"]
    elif suffix == "jpg":
        assert [marker for marker, _ in jpeg.segments(data) if marker >= 0xE0] == [0xE0, 0xE1, 0xE1, 0xE9]
    else:
        assert [kind for kind, _ in webp.chunks(data)] == [b"VP8X", b"VP8 ", b"EXIF", b"XMP ", b"UPNT"]


def test_drawings_beside_an_earlier_picture_go_when_it_becomes_private(tmp_path: Path) -> None:
    path, big = tmp_path / "out.png", bytes(33 << 20)
    record = Record(CreateRecipe(controls=(LineControl(drawing=Blob(sha256=sha(big))),)), blobs={sha(big): big})
    folder = write_picture(path, ramp(), record).folder
    assert folder is not None and [entry.name for entry in folder.iterdir()] == [sha(big)]
    (folder / "notes.txt").write_text("mine")
    write_picture(path, ramp(), record, private=True)
    assert [entry.name for entry in folder.iterdir()] == ["notes.txt"]
    (folder / "notes.txt").unlink()
    (folder / sha(big)).write_bytes(b"old")
    write_picture(path, ramp(), record, private=True)
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.png"]
