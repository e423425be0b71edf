"""The finished file: pixels exact, everything that the picture said of itself still there, its parent named."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from finish_kit import painting, picture_of, save_png
from PIL import Image

from underpaint.errors import OutputError, PictureError
from underpaint.finish.lineage import lineage
from underpaint.finish.shape import Made
from underpaint.finish.table import OPERATIONS
from underpaint.finish.tone import Tone
from underpaint.finish.upscale import Upscale
from underpaint.finish.writing import Finished, filtered, open_picture, save
from underpaint.pictures import (
    Record,
    blobs_from_file,
    check_pixels,
    pixels_hash,
    read_info,
    read_picture,
    recipe_from_file,
    write_picture,
)
from underpaint.recipe import Blob, RefineRecipe

DRAWING = b"the bytes of a drawing"
RECIPE = RefineRecipe(prompt="an okapi, waltzing", seed=7,
                      picture=Blob(sha256=hashlib.sha256(DRAWING).hexdigest(), name="secret-client.png"))
PLAN = {"schema": 1, "task": "refine", "seed": 7, "sampler": "euler", "passes": []}
SUFFIXES = (".png", ".webp", ".jpg")


def painted(path: Path, *, private: bool = False) -> Path:
    """A picture that Underpaint painted, with recipe, plan and a drawing."""
    record = Record(RECIPE, PLAN, {RECIPE.picture.sha256: DRAWING})
    write_picture(path, painting(), record, private=private)
    return path


def finish(source: Path, target: Path, **options: bool) -> Finished:
    opened = open_picture(source)
    operation = OPERATIONS["upscale"]
    return save(opened, operation, Upscale(scale=2), operation.run(opened.picture, Upscale(scale=2), None), target,
                **options)


@pytest.mark.parametrize("source", SUFFIXES)
@pytest.mark.parametrize("target", SUFFIXES)
def test_the_recipe_and_its_drawings_go_on(source: str, target: str, tmp_path: Path) -> None:
    before = painted(tmp_path / f"take{source}")
    stored = before.read_bytes()
    done = finish(before, tmp_path / f"large{target}")
    assert before.read_bytes() == stored
    assert recipe_from_file(done.path) == RECIPE and blobs_from_file(done.path) == {RECIPE.picture.sha256: DRAWING}
    said = read_info(done.path)
    assert (said.source, said.prompt, said.seed) == ("underpaint", "an okapi, waltzing", 7)
    assert check_pixels(done.path) == "changed since painting"
    step, = lineage(done.path)
    assert step["operation"] == "upscale" and step["parameters"]["scale"] == 2
    assert step["parent"] == {"sha256": hashlib.sha256(stored).hexdigest(), "pixels": pixels_hash(read_picture(before)),
                              "width": 56, "height": 40, "name": before.name}
    assert step["pixels"] == done.pixels == pixels_hash(read_picture(done.path))
    assert b"DigitalSourceType" in done.path.read_bytes()


def test_steps_follow_each_other(tmp_path: Path) -> None:
    first = finish(painted(tmp_path / "a.png"), tmp_path / "b.png")
    opened = open_picture(first.path)
    tone = OPERATIONS["tone"]
    second = save(opened, tone, Tone(tint=9), tone.run(opened.picture, Tone(tint=9), None), tmp_path / "c.png")
    steps = lineage(second.path)
    assert [step["operation"] for step in steps] == ["upscale", "tone"]
    assert steps[1]["parent"]["pixels"] == steps[0]["pixels"] and steps[1]["parameters"]["tint"] == 9
    assert steps[1]["parameters"]["gamma"] == 1.0, "defaults are written down too"


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_private_keeps_words_drawings_and_names_out(suffix: str, tmp_path: Path) -> None:
    done = finish(painted(tmp_path / "okapi-job.png"), tmp_path / f"out{suffix}", private=True)
    data = done.path.read_bytes()
    for word in (b"waltzing", b"secret-client", b"okapi-job", DRAWING):
        assert word not in data and word.decode().encode("utf-16-be") not in data
    assert b"DigitalSourceType" in data and read_info(done.path).seed == 7
    again = finish(done.path, tmp_path / f"again{suffix}")
    assert b"out." not in again.path.read_bytes() and len(lineage(again.path)) == 2


def test_private_steps_name_no_files(tmp_path: Path) -> None:
    from underpaint.finish.match import Match, Reference

    opened = open_picture(painted(tmp_path / "a.png"))
    asked = Match(reference="secret-client.ase", reference_sha256="ab" * 32)
    made = OPERATIONS["match"].run(opened.picture, asked, Reference(np.array([[0.2, 0.4, 0.6]], np.float32)))
    open_one = save(opened, OPERATIONS["match"], asked, made, tmp_path / "open.png")
    assert lineage(open_one.path)[0]["parameters"]["reference"] == "secret-client.ase"
    made = OPERATIONS["match"].run(opened.picture, asked, Reference(np.array([[0.2, 0.4, 0.6]], np.float32)))
    hidden = save(opened, OPERATIONS["match"], asked, made, tmp_path / "b.png", private=True)
    after = finish(open_one.path, tmp_path / "c.png", private=True)
    for path in (hidden.path, after.path):
        step = lineage(path)[0]
        assert b"secret" not in path.read_bytes() and step["parameters"]["reference_sha256"] == "ab" * 32


def test_other_programs_words_go_on(tmp_path: Path) -> None:
    from PIL.PngImagePlugin import PngInfo

    texts = PngInfo()
    texts.add_text("parameters", "a fox\nSteps: 20, Sampler: Euler, CFG scale: 7, Seed: 11, Size: 56x40")
    texts.add_itxt("workflow", json.dumps({"nodes": ["ü"]}))
    Image.fromarray(painting()).save(tmp_path / "a.png", pnginfo=texts)
    done = finish(tmp_path / "a.png", tmp_path / "b.png")
    with Image.open(done.path) as image:
        image.load()
        assert image.text["workflow"] == '{"nodes": ["\\u00fc"]}' and image.text["parameters"].startswith("a fox")
    assert "DigitalSourceType" not in done.path.read_bytes().decode("latin-1"), "nobody said that a model painted it"
    with Image.open(finish(tmp_path / "a.png", tmp_path / "b.jpg").path) as image:
        comment = image.getexif().get_ifd(0x8769)[0x9286]
    assert "a fox" in comment[8:].decode("utf-16-be")


@pytest.mark.parametrize(("channels", "depth"), [(1, 8), (2, 8), (3, 8), (4, 8), (1, 16), (2, 16), (3, 16), (4, 16)])
def test_pngs_are_exact_and_others_can_read_them(channels: int, depth: int, tmp_path: Path) -> None:
    pixels = painting(37, 23, channels, depth)
    opened = open_picture(save_png(tmp_path / "a.png", pixels))
    strips = [pixels[:10], pixels[10:11], pixels[11:]]
    made = Made(23, 37, channels, pixels.dtype, strips)
    done = save(opened, OPERATIONS["tone"], Tone(), made, tmp_path / "b.png")
    again = read_picture(done.path)
    assert np.array_equal(again.stored, pixels) and pixels_hash(again) == done.pixels
    with Image.open(done.path) as image:
        image.load()
        assert image.size == (23, 37)


def test_filters_make_smooth_pictures_small() -> None:
    ramp = np.tile(np.arange(256, dtype=np.uint8), (64, 3))
    assert np.frombuffer(filtered(ramp, None, 1), np.uint8).reshape(64, -1)[1:, 1:].max() <= 1


def test_the_picture_itself_is_never_written_to(tmp_path: Path) -> None:
    path = painted(tmp_path / "a.png")
    (tmp_path / "link.png").symlink_to(path)
    for target in (path, tmp_path / "link.png"):
        with pytest.raises(OutputError, match="it stays"):
            finish(path, target)
    with pytest.raises(OutputError, match="which kind"):
        finish(path, tmp_path / "b.tiff")
    assert check_pixels(path) == "identical-to-painting"


def test_a_failing_operation_leaves_nothing_behind(tmp_path: Path) -> None:
    opened = open_picture(painted(tmp_path / "a.png"))

    def strips() -> object:
        yield painting()[:10]
        raise PictureError("half-way")

    with pytest.raises(PictureError, match="half-way"):
        save(opened, OPERATIONS["tone"], Tone(), Made(56, 40, 3, np.dtype(np.uint8), strips()), tmp_path / "b.png")
    assert [file.name for file in tmp_path.iterdir()] == ["a.png"]


def test_damaged_notes_are_not_handed_on(tmp_path: Path) -> None:
    from PIL.PngImagePlugin import PngInfo

    for number, note in enumerate(('{"underpaint": 1, "finish": 5}', "[" * 5000, '{"underpaint": 1, "finish": ["x"]}')):
        texts = PngInfo()
        texts.add_itxt("underpaint", note)
        Image.fromarray(painting()).save(tmp_path / f"{number}.png", pnginfo=texts)
        assert len(lineage(finish(tmp_path / f"{number}.png", tmp_path / f"{number}-b.png").path)) == 1


@pytest.mark.parametrize("name", list(OPERATIONS))
def test_every_operation_is_described_and_leaves_its_input_alone(name: str) -> None:
    from underpaint.finish.match import Reference

    operation = OPERATIONS[name]
    assert operation.says and operation.ending and operation.name == name
    picture = picture_of(painting())
    before = picture.stored.copy()
    given = Reference(np.array([[0.2, 0.4, 0.6]], np.float32)) if name == "match" else None
    made = operation.run(picture, operation.parameters(), given)
    assert made.whole().shape == (made.height, made.width, made.channels)
    assert np.array_equal(picture.stored, before)
    json.dumps(dict(made.found), allow_nan=False)
