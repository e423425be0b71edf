"""`underpaint finish`: what people type, what they get, what is refused."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from kit.studio import Program, contents, save_mask, save_picture
from PIL import Image

from underpaint.finish.lineage import lineage
from underpaint.pictures import check_pixels, read_picture, recipe_from_file


def refused(program: Program, code: int, *words: object, said: str = "") -> None:
    """One line with the way out, and nothing written."""
    folder = next(Path(str(word)).parent for word in words if str(word).endswith((".png", ".jpg")))
    before = contents(folder)
    assert program("finish", *words) == code, (program.out, program.err)
    line, = program.err.strip().splitlines()
    assert line.startswith("error: ") and said in line and len(line) < 400
    assert contents(folder) == before


def test_upscale(program: Program, tmp_path: Path) -> None:
    source = save_picture(tmp_path / "a.png")
    said = program.json("finish", "upscale", source)["finished"][0]
    assert Path(said["file"]) == tmp_path / "a-upscaled.png" and (said["width"], said["height"]) == (74, 58)
    assert said["parameters"]["method"] == "sharp" and said["parent"]["name"] == "a.png"
    assert len(lineage(said["file"])) == 1
    assert "111x87" in program.well("finish", "upscale", source, "--scale", 3, "--method", "lanczos")
    assert (tmp_path / "a-upscaled-2.png").is_file(), "a free name, so that nothing is written over"
    program.well("finish", "upscale", source, "--size", "100x100", "-o", tmp_path / "b.webp")
    assert read_picture(tmp_path / "b.webp").width == 100 and "another shape" in program.err


def test_several_files_go_into_a_folder(program: Program, tmp_path: Path) -> None:
    files = [save_picture(tmp_path / f"{name}.png", seed=number) for number, name in enumerate("ab")]
    said = program.json("finish", "tone", *files, "--temperature", -30, "-o", tmp_path / "out")
    assert [Path(one["file"]).name for one in said["finished"]] == ["a-tone.png", "b-tone.png"]
    refused(program, 7, "tone", *files, "-o", tmp_path / "one.png", said="folder")


def test_tone(program: Program, tmp_path: Path) -> None:
    source = save_picture(tmp_path / "a.png")
    program.well("finish", "tone", source, "--levels", "12,1.1,240", "--curve", "0,0 64,50 255,255",
                 "--saturation", -100, "-o", tmp_path / "b.png")
    step, = lineage(tmp_path / "b.png")
    assert step["parameters"]["gamma"] == 1.1 and step["parameters"]["curve"][1] == [64 / 255, 50 / 255]
    assert np.ptp(read_picture(tmp_path / "b.png").stored.astype(int), axis=2).max() <= 1
    for words, said in ((["--levels", "1,2"], "3"), (["--levels", "a,b,c"], "cannot be read"),
                        (["--levels", "200,1,100"], "white above"), (["--curve", "9,9"], "at least two points"),
                        (["--temperature", 300], "temperature")):
        refused(program, 3, "tone", source, *words, said=said)


def test_match(program: Program, tmp_path: Path) -> None:
    source, other = save_picture(tmp_path / "a.png"), tmp_path / "other.png"
    Image.new("RGB", (20, 20), (220, 120, 40)).save(other)
    said = program.json("finish", "match", source, "--to", other, "--strength", 1)["finished"][0]
    assert said["parameters"]["reference"] == "other.png" and len(said["parameters"]["reference_sha256"]) == 64
    (tmp_path / "brand.hex").write_text("#102030\n#e0c080\n")
    for what in (tmp_path / "brand.hex", "#102030,#e0c080"):
        program.well("finish", "match", source, "--to", what, "-o", tmp_path / f"to{len(str(what))}.png")
    first, second = (read_picture(file).stored for file in tmp_path.glob("to*.png"))
    assert np.array_equal(first, second)
    refused(program, 4, "match", source, "--to", "nothing.ase")


def test_cutout(program: Program, tmp_path: Path) -> None:
    pixels = np.full((60, 80, 3), (40, 90, 160), np.uint8)
    pixels[15:45, 20:50] = (220, 160, 60)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    save_mask(tmp_path / "mask.png", 80, 60, (20, 15, 50, 45))
    truth = np.zeros((60, 80))
    truth[15:45, 20:50] = 1
    for words in (["--mask", tmp_path / "mask.png"], ["--box", "10,5,60,55"], []):
        said = program.json("finish", "cutout", tmp_path / "a.png", *words)["finished"][0]
        alpha = read_picture(said["file"]).stored[..., 3] / 255
        assert ((alpha - truth) ** 2).mean() < 0.01
        assert ("--strokes" in program.err) == (not words)
    refused(program, 6, "cutout", tmp_path / "a.png", "-o", tmp_path / "b.jpg", said="transparent")
    refused(program, 3, "cutout", tmp_path / "a.png", "--box", "1,2,3", said="left,top,right,bottom")
    refused(program, 4, "cutout", tmp_path / "a.png", "--mask", save_picture(tmp_path / "m.png"), said="same size")


def test_the_picture_stays_and_only_pictures_are_finished(program: Program, tmp_path: Path) -> None:
    source = save_picture(tmp_path / "a.png")
    refused(program, 7, "upscale", source, "-o", source, said="it stays")
    refused(program, 4, "upscale", tmp_path / "nothing.png")
    (tmp_path / "text.png").write_text("hello")
    refused(program, 4, "tone", tmp_path / "text.png")
    refused(program, 5, "upscale", source, "--method", tmp_path / "no.pth", said="no upscaling network")
    refused(program, 3, "upscale", source, "--strength", 0.3, said="--paint")
    refused(program, 3, "upscale", source, "--scale", 2, "--size", "100x100", said="not both")


@pytest.mark.parametrize(("size", "words"), [((20_000, 20_000), []), ((2_100, 2_100), ["--scale", 16])])
def test_too_large_is_one_line_and_costs_no_memory(size: tuple[int, int], words: list[object], program: Program,
                                                   tmp_path: Path) -> None:
    path = _flat_png(tmp_path / "huge.png", *size)
    refused(program, 4 if not words else 6, "upscale", path, *words, said="too large")


def _flat_png(path: Path, width: int, height: int) -> Path:
    """One bit a pixel, so that it is quick to make and to read; past our limits only the first rows are there, as
    nobody may look at them."""
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = zlib.compressobj(1)
    row = b"\0" + bytes(-(-width // 8))
    body = b"".join(rows.compress(row) for _ in range(height if height < 9_000 else 10)) + rows.flush()
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b""))
    return path


def test_one_pixel(program: Program, tmp_path: Path) -> None:
    Image.new("RGBA", (1, 1), (9, 200, 30, 120)).save(tmp_path / "a.png")
    program.well("finish", "upscale", tmp_path / "a.png", "--scale", 16, "-o", tmp_path / "b.png")
    assert (read_picture(tmp_path / "b.png").stored == (9, 200, 30, 120)).all()


def test_painting_over_the_enlarged_picture(program: Program, tiny_model: Path, tmp_path: Path) -> None:
    source = tmp_path / "a.png"
    program.well("paint", "a red hill", "--model", tiny_model, "--seed", 5, "-o", source, "--no-library")
    said = program.json("finish", "upscale", source, "--paint", "a blue hill", "--strength", 0.5, "--tile", 64,
                        "--no-library", "-o", tmp_path / "b.png")["finished"][0]
    assert (said["width"], said["height"]) == (64, 64) and said["found"]["painted_over"]
    recipe = recipe_from_file(tmp_path / "b.png")
    assert (recipe.task, recipe.prompt, recipe.strength, recipe.seed) == ("refine", "a blue hill", 0.5, 5)
    assert recipe.tiles is not None and recipe.tiles.size == 64 and recipe.width == 64
    assert check_pixels(tmp_path / "b.png") == "identical-to-painting"
    assert lineage(tmp_path / "b.png")[-1]["parent"]["name"] == "a.png"
    assert program.json("repaint", tmp_path / "b.png", "-o", tmp_path / "c.png")["verdict"] == "identical"


def test_a_finished_picture_can_still_be_painted_again(program: Program, tiny_model: Path, tmp_path: Path) -> None:
    program.well("paint", "a red hill", "--model", tiny_model, "--seed", 5, "-o", tmp_path / "a.png", "--no-library")
    program.well("finish", "upscale", tmp_path / "a.png", "-o", tmp_path / "b.png")
    said = program.json("repaint", tmp_path / "b.png", "-o", tmp_path / "c.png")
    assert said["verdict"] == "changed since painting"
    assert np.array_equal(read_picture(tmp_path / "c.png").stored, read_picture(tmp_path / "a.png").stored)


@pytest.mark.parametrize("command", ["upscale", "cutout", "tone", "match"])
def test_help_has_an_example_and_json(command: str, program: Program) -> None:
    out = " ".join(program.well("finish", command, "--help").split())
    assert f"Example: underpaint finish {command}" in out and "--json" in out
