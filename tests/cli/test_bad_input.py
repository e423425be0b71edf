"""Bad input: one clear line with the way out, an exit code that is not 0, nothing lost, nothing half-written."""

import io
import json
import resource
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from kit.loras import random_pairs, save_kohya
from kit.studio import Program, contents, inked, save_drawing, save_mask, save_picture
from kit.tiny_models import tiny_components
from PIL import Image
from safetensors.torch import save_file

FORMER = b"somebody's picture that must survive"


@dataclass
class Desk:
    """A folder with a former picture in it, and a program that must leave it as it is."""

    folder: Path
    program: Program
    model: Path

    @property
    def out(self) -> Path:
        return self.folder / "out.png"

    def refused(self, code: int, *words: object, said: str = "") -> str:
        """Run what must fail: the code, one line with a way out, and every file as it was."""
        before = contents(self.folder)
        assert self.program(*words) == code, (self.program.out, self.program.err)
        line, = self.program.err.strip().splitlines()
        assert line.startswith("error: ") and "Traceback" not in line and "something went wrong inside" not in line
        assert said in line and len(line) < 500
        assert contents(self.folder) == before
        return line

    def paint_refused(self, code: int, *words: object, said: str = "") -> str:
        return self.refused(code, "paint", "a cat", "--model", self.model, "--seed", 1, "-o", self.out, *words,
                            said=said)


@pytest.fixture
def desk(tmp_path: Path, program: Program, tiny_model: Path) -> Desk:
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "out.png").write_bytes(FORMER)
    return Desk(folder, program, tiny_model)


class TestModels:
    def test_unknown_model(self, desk: Desk) -> None:
        line = desk.refused(5, "paint", "a cat", "--model", "nobody-v3", "-o", desk.out, said="nobody-v3")
        assert "models list" in line

    @pytest.mark.parametrize("suffix", [".ckpt", ".pt", ".safetensors"])
    def test_a_pickle_is_refused_whatever_it_is_called(self, desk: Desk, suffix: str) -> None:
        torch.save({"state_dict": {"model.diffusion_model.x": torch.zeros(2)}}, desk.folder / f"evil{suffix}")
        desk.refused(5, "paint", "a cat", "--model", desk.folder / f"evil{suffix}", "-o", desk.out, said="pickle")

    def test_a_pickle_in_a_models_folder_is_named_and_refused(self, desk: Desk) -> None:
        torch.save({"x": torch.zeros(2)}, desk.folder / "evil.ckpt")
        assert desk.program("models", "add", desk.folder) == 0
        assert "evil.ckpt" in desk.program.err and "pickle" in desk.program.err
        desk.refused(5, "paint", "a cat", "--model", "evil", "-o", desk.out, said="pickle")

    def test_a_truncated_checkpoint(self, desk: Desk) -> None:
        weights = next((desk.model / "unet").glob("*.safetensors")).read_bytes()
        (desk.folder / "cut.safetensors").write_bytes(weights[: len(weights) // 2])
        desk.refused(5, "paint", "a cat", "--model", desk.folder / "cut.safetensors", "-o", desk.out, said="cut.saf")

    def test_an_unknown_layout_names_the_keys_seen(self, desk: Desk) -> None:
        save_file({"mystery.block.weight": torch.zeros(2, 2)}, desk.folder / "odd.safetensors")
        desk.refused(5, "paint", "a cat", "--model", desk.folder / "odd.safetensors", "-o", desk.out,
                     said="mystery.block.weight")

    def test_a_lora_for_another_family(self, desk: Desk) -> None:
        other = tiny_components("sdxl")
        save_kohya(desk.folder / "xl.safetensors", other, random_pairs(other))
        desk.paint_refused(5, "--lora", f"{desk.folder / 'xl.safetensors'}=0.8", said="xl")

    def test_a_lora_that_is_not_there(self, desk: Desk) -> None:
        desk.paint_refused(5, "--lora", "nobody=0.5", said="nobody")
        desk.refused(5, "paint", "a cat <lora:nobody:1>", "--model", desk.model, "-o", desk.out, said="nobody")

    def test_a_network_of_a_kind_nobody_knows(self, desk: Desk) -> None:
        desk.refused(3, "paint", "a cat <hypernet:x:1>", "--model", desk.model, "-o", desk.out, said="hypernet")

    def test_a_name_far_too_long(self, desk: Desk) -> None:
        desk.refused(3, "paint", "a cat", "--model", "m" * 3000, "-o", desk.out, said="model")
        desk.paint_refused(3, "--lora", "l" * 3000, said="loras")

    @pytest.mark.parametrize("name", ["a.txt", "missing", "file"])
    def test_a_folder_that_cannot_be_added(self, desk: Desk, name: str) -> None:
        (desk.folder / "a.txt").write_text("not a model")
        (desk.folder / "file").write_bytes(b"x" * 100)
        desk.refused(5, "models", "add", desk.folder / name)
        desk.refused(5, "models", "remove", desk.folder)
        desk.refused(5, "models", "show", "nobody")


def header(width: int, height: int) -> bytes:
    """A PNG that claims to be so large, with hardly any data."""
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(b"\0" * 100))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + pixels + chunk(b"IEND", b"")


BAD_PICTURES: dict[str, Callable[[Path], object]] = {
    "text": lambda path: path.write_text("I am no picture"),
    "empty": lambda path: path.write_bytes(b""),
    "60000x60000": lambda path: path.write_bytes(header(60_000, 60_000)),
    "cut off": lambda path: path.write_bytes(save_picture(path, 200, 200).read_bytes()[:5000]),
    "missing": lambda path: None,
    "folder": lambda path: path.mkdir(),
    "a page of script": lambda path: path.write_text("<svg xmlns='http://www.w3.org/2000/svg'/>"),
}


class TestPictures:
    @pytest.mark.parametrize("how", BAD_PICTURES)
    def test_what_is_no_picture_is_refused_everywhere(self, desk: Desk, how: str) -> None:
        bad = desk.folder / "bad.png"
        BAD_PICTURES[how](bad)
        fine = save_picture(desk.folder / "fine.png")
        name = "bad.png"
        desk.paint_refused(4, "--from", bad, said=name)
        desk.paint_refused(4, "--from", fine, "--mask", bad, said=name)
        desk.paint_refused(4, "--lines", bad, said=name)
        desk.refused(4, "keys", bad, "a cat", "--model", desk.model, "-o", desk.folder / "keys", said=name)
        desk.refused(4, "lines", bad, "-o", desk.out, said=name)
        desk.refused(4, "repaint", bad, "-o", desk.out, said=name)

    @pytest.mark.parametrize("how", ["text", "empty", "missing", "folder"])
    def test_info_says_it_too(self, desk: Desk, how: str) -> None:
        BAD_PICTURES[how](desk.folder / "bad.png")
        desk.refused(4, "info", desk.folder / "bad.png", said="bad.png")
        desk.refused(4, "info", desk.folder / "bad.png", "--json", said="bad.png")
        said = json.loads(desk.program.out)["error"]
        assert said["kind"] == "PictureError" and "bad.png" in said["message"] and said["hint"]

    def test_a_mask_of_another_size(self, desk: Desk) -> None:
        picture = save_picture(desk.folder / "in.png", 40, 30)
        mask = save_mask(desk.folder / "mask.png", 30, 40, (5, 5, 20, 20))
        line = desk.paint_refused(6, "--from", picture, "--mask", mask, said="mask is 30x40, the picture 40x30")
        assert "Save the mask in the size" in line

    def test_a_mask_without_anything_to_paint(self, desk: Desk) -> None:
        picture = save_picture(desk.folder / "in.png", 40, 30)
        mask = save_mask(desk.folder / "mask.png", 40, 30, (0, 0, 0, 0))
        desk.paint_refused(6, "--from", picture, "--mask", mask, said="mask is empty")

    @pytest.mark.parametrize("words", [("--mask", "m.png"), ("--outpaint", "1,1,1,1"), ("--strength", "0.5"),
                                       ("--area", "masked")], ids=lambda words: words[0])
    def test_what_needs_a_picture_says_so(self, desk: Desk, words: tuple[str, str]) -> None:
        desk.paint_refused(3, *words, said="--from")

    @pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
    def test_a_blank_drawing(self, desk: Desk, mode: str) -> None:
        blank = desk.folder / "blank.png"
        Image.new(mode, (80, 60), 255 if mode == "L" else (255,) * 3 + (0,) * (mode == "RGBA")).save(blank)
        desk.refused(4, "lines", blank, "-o", desk.out, said="blank")
        desk.refused(4, "keys", blank, "a cat", "--model", desk.model, "-o", desk.folder / "keys", said="blank")
        desk.paint_refused(4, "--lines", blank)

    def test_a_picture_that_tells_nothing_cannot_be_repainted(self, desk: Desk) -> None:
        picture = save_picture(desk.folder / "in.png")
        desk.refused(4, "repaint", picture, "-o", desk.out, said="does not say how it was painted")
        desk.refused(4, "repaint", picture, "--check")


class TestNumbersAndRecipes:
    @pytest.mark.parametrize(("words", "said"), [
        (("--steps", 0), "steps"), (("--steps", 5000), "steps"), (("--guidance", "nan"), "guidance.scale"),
        (("--guidance", "inf"), "guidance.scale"), (("--guidance", -1), "guidance.scale"), (("--seed", -1), "seed"),
        (("--seed", 2**64), "seed"), (("--size", "0x0"), "width"), (("--size", "big"), "size"),
        (("--size", "99999x8"), "width"), (("--sampler", "zzz"), "sampler"), (("--sampler", "DPM fast"), "twin"),
        (("--schedule", "zzz"), "schedule"), (("--lora", "x=strong"), "weight"), (("--lora", "x=99"), "weight"),
        (("--lora", "x=nan"), "weight"), (("--lora", "=1"), "loras"), (("--set", "nonsense"), "--set"),
        (("--set", "no_such_field=1"), "no_such_field"), (("--set", "seed.deeper=1"), "seed"),
        (("--set", "guidance.scale=\"x\""), "guidance.scale"), (("--set", "sampling=5"), "sampling"),
        (("--set", "noise.variation_seed=-4"), "variation_seed"),
    ], ids=str)  # fmt: skip
    def test_what_is_out_of_range_is_named(self, desk: Desk, words: tuple, said: str) -> None:
        desk.refused(3, "paint", "a cat", "--model", desk.model, "-o", desk.out, *words, said=said)

    @pytest.mark.parametrize("words", [("--steps", 0), ("--guidance", "nan"), ("--seed", -1), ("--seed", 2**64),
                                       ("-n", 0), ("-n", 97), ("--size", "big")], ids=str)
    def test_keys_refuse_the_same(self, desk: Desk, words: tuple) -> None:
        drawing = save_drawing(desk.folder / "d.png")
        desk.refused(3, "keys", drawing, "a cat", "--model", desk.model, "-o", desk.folder / "keys", *words)

    @pytest.mark.parametrize(("strength", "code"), [("nan", 3), ("2", 3), ("-0.1", 3)])
    def test_a_strength_that_cannot_be(self, desk: Desk, strength: str, code: int) -> None:
        desk.paint_refused(code, "--from", save_picture(desk.folder / "in.png"), "--strength", strength,
                           said="strength")

    @pytest.mark.parametrize(("text", "said"), [
        (b'{"task": "create", "schema": 2}', "schema 2"), (b'{"task": "create", "schema": "x"}', "schema"),
        (b'{"task": "sculpt"}', "task"), (b"not json", "JSON"), (b"", "JSON"), (b"[1]", "object"),
        (b'{"task": "create", "prompt": "\xff\xfe"}', "JSON"), (b"[" * 100_000, "JSON"),
        (b'{"task": "create", "extra": 1}', "extra"), (b'{"task": "create", "seed": NaN}', "seed"),
        (b'{"task": "refine"}', "picture"), (b'{"task": "create", "seed": 1e400}', "seed"),
    ], ids=lambda value: repr(value)[:40])  # fmt: skip
    def test_recipes_that_cannot_be_read(self, desk: Desk, text: bytes, said: str) -> None:
        (desk.folder / "recipe.json").write_bytes(text)
        desk.refused(3, "paint", "--recipe", desk.folder / "recipe.json", "-o", desk.out, said=said)

    def test_a_recipe_that_is_not_there_or_has_lost_its_pictures(self, desk: Desk) -> None:
        desk.refused(4, "paint", "--recipe", desk.folder / "none.json", "-o", desk.out, said="none.json")
        blob = {"sha256": "0" * 64, "name": "lost.png"}
        (desk.folder / "r.json").write_text(json.dumps({"task": "refine", "picture": blob, "seed": 1}))
        desk.refused(6, "paint", "--recipe", desk.folder / "r.json", "--model", desk.model, "-o", desk.out,
                     said="lost.png")

    @pytest.mark.parametrize("count", [100_000, 1_000_000])
    def test_a_prompt_far_too_long(self, desk: Desk, count: int) -> None:
        drawing = save_drawing(desk.folder / "d.png")
        words = "a" * count
        desk.refused(3, "paint", words, "--model", desk.model, "-o", desk.out, said="50")
        desk.refused(3, "keys", drawing, words, "--model", desk.model, "-o", desk.folder / "keys", said="50")
        desk.refused(3, "prompt", words, "--json", said="character")
        desk.refused(3, "paint", "a cat", "--negative", words, "--model", desk.model, "-o", desk.out, said="negative")

    @pytest.mark.parametrize("words", ["(" * 40_000, "[" * 40_000, "{" * 30_000, "a|" * 20_000, "<lora:" * 5000,
                                       "[a:" * 10_000, "\0" * 10], ids=lambda words: words[:4])
    def test_words_made_to_break_a_parser_are_read_or_refused(self, desk: Desk, words: str) -> None:
        assert desk.program("prompt", words, "--json") in (0, 3)
        assert "Traceback" not in desk.program.err and "inside Underpaint" not in desk.program.err

    def test_a_machine_that_is_not_there(self, desk: Desk) -> None:
        desk.paint_refused(6, "--device", "warp", said="device")
        desk.paint_refused(6, "--precision", "fp3", said="precision")

    def test_a_size_that_no_machine_paints_in_one_piece(self, desk: Desk) -> None:
        desk.paint_refused(6, "--size", "9000x9000", said="too large")


class TestPlaces:
    def test_a_place_that_cannot_be_written_is_refused_before_painting(self, desk: Desk) -> None:
        drawing = save_drawing(desk.folder / "d.png")
        inside = desk.out / "sub" / "new.png"  # a file stands where a folder should be
        desk.refused(7, "paint", "a cat", "--model", desk.model, "-o", inside, said="not a folder")
        desk.refused(7, "keys", drawing, "a cat", "--model", desk.model, "-o", desk.out, said="Cannot write")
        desk.refused(7, "lines", drawing, "-o", inside, said="Cannot write")
        desk.refused(7, "paint", "a cat", "--model", desk.model, "-o", desk.folder / ("n" * 300 + ".png"),
                     said="Cannot write")

    def test_a_kind_of_file_that_is_not_written(self, desk: Desk) -> None:
        desk.refused(7, "paint", "a cat", "--model", desk.model, "-o", desk.folder / "new.gif", said=".gif")

    def test_a_fill_into_a_lossy_file(self, desk: Desk) -> None:
        picture = save_picture(desk.folder / "in.png", 40, 30)
        mask = save_mask(desk.folder / "mask.png", 40, 30, (5, 5, 20, 20))
        desk.refused(7, "paint", "a cat", "--model", desk.model, "--from", picture, "--mask", mask, "-o",
                     desk.folder / "new.jpg", said="--lossy")

    def test_a_full_disk_leaves_the_former_picture(self, desk: Desk) -> None:
        drawing = save_drawing(desk.folder / "d.png")
        desk.program.well("paint", "a cat", "--model", desk.model, "--seed", 1, "-o", desk.folder / "new.png")
        former = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (200, former[1]))
        try:
            desk.paint_refused(7, "--no-library", said="Cannot write")
            desk.refused(7, "lines", drawing, "-o", desk.out, said="Cannot write")
            desk.refused(7, "keys", drawing, "a cat", "-n", 1, "--model", desk.model, "-o", desk.folder / "keys",
                         "--no-library", said="Cannot write")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, former)

    def test_no_memory(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        from diffusers import UNet2DConditionModel

        def forward(*_: object, **__: object) -> None:
            raise torch.OutOfMemoryError("DefaultCPUAllocator: not enough memory: you tried to allocate 9 GB")

        monkeypatch.setattr(UNet2DConditionModel, "forward", forward)
        line = desk.paint_refused(8, said="memory ran out")
        assert "smaller" in line
        drawing = save_drawing(desk.folder / "d.png")
        desk.refused(8, "keys", drawing, "a cat", "--model", desk.model, "-o", desk.folder / "keys")


def saved(form: str, image: Image.Image, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def turned() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


LINES = Image.fromarray(inked(60, 44))
GOOD_PICTURES: dict[str, tuple[str, Callable[[], bytes]]] = {
    "CMYK": ("in.jpg", lambda: saved("JPEG", LINES.convert("CMYK"), quality=95)),
    "16-bit": ("in.png", lambda: saved("PNG", Image.fromarray(inked(60, 44).astype(np.uint16) * 257))),
    "animated": ("in.gif", lambda: saved("GIF", LINES, save_all=True, append_images=[Image.new("L", LINES.size)])),
    "turned by EXIF": ("in.jpg", lambda: saved("JPEG", LINES, exif=turned(), quality=95)),
    "one bit": ("in.png", lambda: saved("PNG", LINES.convert("1"))),
    "palette": ("in.png", lambda: saved("PNG", LINES.convert("P"))),
}


@pytest.mark.parametrize("kind", GOOD_PICTURES)
def test_unusual_pictures_work(desk: Desk, kind: str) -> None:
    name, data = GOOD_PICTURES[kind]
    picture = desk.folder / name
    picture.write_bytes(data())
    upright = (44, 60) if kind == "turned by EXIF" else (60, 44)
    said = desk.program.json("lines", picture, "-o", desk.folder / "lines.png")
    assert (said["width"], said["height"]) == upright
    said = desk.program.json("paint", "a cat", "--model", desk.model, "--from", picture, "-o", desk.folder / "new.png")
    assert (said["takes"][0]["width"], said["takes"][0]["height"]) == upright


def test_metadata_that_is_not_utf8_is_read_and_painted_over(desk: Desk) -> None:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    picture = save_picture(desk.folder / "in.png")
    data = picture.read_bytes()
    words = chunk(b"tEXt", b"parameters\0caf\xe9 \xff\xfe\nSteps: 5, Sampler: Euler a, CFG scale: 7, "
                  b"Seed: 3, Size: 8x8") + chunk(b"iTXt", b"XML\0\0\0\0\0\xff\xc3\x28")
    picture.write_bytes(data[:33] + words + data[33:])
    said = desk.program.json("info", picture)
    assert said["steps"] == 5 and said["prompt"].startswith("café")
    desk.program.well("info", picture)
    desk.program.well("paint", "a cat", "--model", desk.model, "--from", picture, "-o", desk.folder / "new.png")


def test_half_a_character_from_the_terminal_breaks_nothing(desk: Desk) -> None:
    out = desk.folder / "new.png"
    desk.refused(3, "paint", "caf\udce9", "--model", desk.model, "--seed", 1, "-o", out, said="prompt")
    assert desk.program("info", desk.folder / "\udce9.png", "--json") == 4
    assert "message" in json.loads(desk.program.out)["error"]
