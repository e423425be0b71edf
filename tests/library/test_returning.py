"""A finished paint-over comes back: tied to its take, with what was changed, whatever its size and format."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from kit.easel import picture_for, plan_for
from kit.studio import inked
from PIL import Image

from underpaint.canvas.document import Document, Group, Layer, layer_pixels
from underpaint.canvas.files.ora import write_ora
from underpaint.canvas.files.psd import write_psd
from underpaint.canvas.keys_document import KeyLayers, keys_document
from underpaint.errors import LibraryError, PictureError
from underpaint.imaging.arrays import to_bytes
from underpaint.imaging.geometry import Extent
from underpaint.imaging.resize import Resample, resize
from underpaint.library.changes import _on_canvas
from underpaint.library.drawings import read_drawing
from underpaint.library.entering import Circumstances
from underpaint.library.library import Entry, Library
from underpaint.library.painting import read_painting
from underpaint.library.returning import Returned, bring_back
from underpaint.pictures import Record, read_picture, write_picture
from underpaint.recipe import CreateRecipe, LineControl

SIDE = 192
TAKES = 12
WANTED = 5


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Library, list[Entry]]]:
    """A library of takes of one brief, which differ in their seeds alone."""
    folder = tmp_path_factory.mktemp("shelf")
    with Library(folder / "library") as library:
        entries = []
        for seed in range(TAKES):
            recipe = CreateRecipe(prompt="hills", seed=seed)
            file = folder / f"{seed}.png"
            write_picture(file, picture_for(recipe, SIDE), Record(recipe, plan_for(recipe, SIDE).to_record()))
            entries.append(library.add(file, Circumstances(name=f"{seed + 1} key {seed}")))
        yield library, entries


def painted_over(picture: np.ndarray, part: float = 0.3) -> np.ndarray:
    """Strokes over the left part of an 8-bit picture."""
    done = picture.copy()
    width = round(part * picture.shape[1])
    done[:, :width] = (200, 40, 60)
    cv2.circle(done, (width // 2, picture.shape[0] // 2), width // 3, (20, 30, 90), -1)
    return done


def of(entry: Entry) -> np.ndarray:
    return np.array(read_picture(entry.file).stored)


def back(shelf: tuple[Library, list[Entry]], file: Path, take: str | None = None) -> Returned:
    library, entries = shelf
    returned = bring_back(library, file, take=take)
    assert returned.origin.id == entries[WANTED].id
    assert library.find(entries[WANTED].id).pick == "paint-over" and returned.entry.kind == "return"
    assert returned.entry.file.read_bytes() == file.read_bytes() and returned.heat.is_file()
    return returned


def test_a_flat_picture_without_any_word_is_known_by_its_looks(shelf: tuple[Library, list[Entry]],
                                                               tmp_path: Path) -> None:
    Image.fromarray(painted_over(of(shelf[1][WANTED]))).save(tmp_path / "done.png")
    returned = back(shelf, tmp_path / "done.png")
    assert returned.known_by == "likeness" and (returned.fit.scale, returned.fit.x, returned.fit.y) == (1, 0, 0)
    assert returned.share == pytest.approx(0.3, abs=0.02) and returned.added == 0 == returned.lost
    heat = np.asarray(Image.open(returned.heat).convert("RGB")).astype(int)
    spread = heat.max(axis=2) - heat.min(axis=2)
    assert spread[:, :50].mean() > 60 and spread[:, 70:].max() < 8


def test_one_that_still_says_how_it_was_painted_is_known_by_that(shelf: tuple[Library, list[Entry]],
                                                                 tmp_path: Path) -> None:
    entry = shelf[1][WANTED]
    recipe = CreateRecipe(prompt="hills", seed=WANTED)
    over = painted_over(of(entry), 1.0)  # nothing of the take is left to be seen
    write_picture(tmp_path / "done.jpg", over, Record(recipe, plan_for(recipe, SIDE).to_record()))
    returned = back(shelf, tmp_path / "done.jpg")
    assert returned.known_by == "recipe" and returned.share > 0.9 and "hardly anything" in returned.notes[0]


@pytest.mark.parametrize("change", ["larger", "jpeg", "crop", "crop and larger", "canvas"])
def test_another_size_or_crop_is_laid_where_it_belongs(shelf: tuple[Library, list[Entry]], tmp_path: Path,
                                                       change: str) -> None:
    picture = painted_over(of(shelf[1][WANTED]), 0.25)
    file = tmp_path / ("done.jpg" if change == "jpeg" else "done.png")
    scale, left, top, expected = 1.0, 0, 0, 0.25
    if "crop" in change:
        left, top = -30, -20
        picture = picture[20:170, 30:]
        expected = (0.25 * SIDE - 30) / (SIDE - 30)
    if change == "canvas":
        left, top = 24, 16
        grown = np.full((SIDE + 40, SIDE + 60, 3), 255, np.uint8)
        grown[top : top + SIDE, left : left + SIDE] = picture
        expected = 0.25 * SIDE * SIDE / (grown.shape[0] * grown.shape[1])
        picture = grown
    if "larger" in change:
        scale = 2.0
        size = Extent(picture.shape[1] * 2, picture.shape[0] * 2)
        picture = to_bytes(resize(picture / np.float32(255), size, Resample.LANCZOS))
    Image.fromarray(picture).save(file, quality=92)
    returned = back(shelf, file)
    assert returned.fit.scale == pytest.approx(scale, rel=0.01)
    assert (returned.fit.x, returned.fit.y) == pytest.approx((left * scale, top * scale), abs=1.5)
    assert returned.share == pytest.approx(expected, abs=0.03)
    assert (returned.added > 0.2) == (change == "canvas") and (returned.lost > 0.1) == ("crop" in change)


@pytest.mark.parametrize("suffix", ["psd", "ora"])
def test_a_layered_file_tells_each_layer_apart(shelf: tuple[Library, list[Entry]], tmp_path: Path, suffix: str) -> None:
    entry = shelf[1][WANTED]
    take = of(entry)
    strokes = np.zeros((60, 80, 4), np.uint8)
    strokes[10:50, 10:70] = (250, 240, 90, 255)
    other = of(shelf[1][2])
    document = Document(SIDE, SIDE, (
        Layer("glazes", strokes, (40, 30)), Group("base", (Layer("Paint", layer_pixels(take)),)),
        Layer("older try", layer_pixels(other), visible=False),
        Layer("Paper", np.full((SIDE, SIDE, 4), 255, np.uint8))))
    file = tmp_path / f"done.{suffix}"
    (write_psd if suffix == "psd" else write_ora)(document, file)
    returned = back(shelf, file)
    assert [(one.name, one.visible, one.what) for one in returned.layers] == [
        ("glazes", True, "painted by you"), ("base / Paint", True, "the take, untouched"),
        ("older try", False, "painted by you"), ("Paper", True, "one colour")]
    assert returned.layers[0].covers == pytest.approx(40 * 60 / SIDE**2, abs=0.001)
    assert returned.share == pytest.approx(40 * 60 / SIDE**2, abs=0.005)


def test_keys_psd_comes_back_with_lines_on_top_and_one_key_painted_over(tmp_path: Path) -> None:
    Image.fromarray(inked(300, 200)).save(tmp_path / "drawing.png")
    drawing = read_drawing(tmp_path / "drawing.png")
    with Library(tmp_path / "library") as library:
        layers, entries = [], []
        for number in (1, 2, 3):
            recipe = CreateRecipe(prompt="hills", seed=number, controls=(LineControl(drawing=drawing.blob),))
            picture = picture_for(recipe, 96)[:64]
            record = Record(recipe, plan_for(recipe, 96).to_record(), {drawing.blob.sha256: drawing.stored.data})
            write_picture(tmp_path / f"{number}.png", picture, record)
            entries.append(library.add(tmp_path / f"{number}.png", Circumstances(name=f"{number} noon {number}")))
            paint = resize(np.asarray(read_picture(tmp_path / f"{number}.png").pixels), drawing.layer.extent,
                           Resample.LANCZOS)
            if number == 1:
                paint[40:90, 30:150] = (0.9, 0.8, 0.1)
            layers.append(KeyLayers(f"noon {number}", paint, "lines kept 94%"))
        write_psd(keys_document(drawing.pixels, layers), tmp_path / "keys.psd")
        returned = bring_back(library, tmp_path / "keys.psd")
        assert (returned.origin.id, returned.known_by) == (entries[0].id, "layers")
        assert returned.share == pytest.approx(50 * 120 / (300 * 200), abs=0.02)
        told = {one.name: one for one in returned.layers}
        assert told["Lines"].what == "your lines, untouched"
        paint = next(one for name, one in told.items() if name.startswith("01 noon 1"))
        assert paint.visible and paint.what == "the take, 10% of it painted over"


@pytest.mark.parametrize("offset", [(0, 0), (-7, 3), (5, -9), (190, 40), (-300, 0)])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_a_layer_is_sampled_where_the_canvas_is(offset: tuple[int, int], stride: int) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (60, 70, 4), np.uint8)
    canvas = np.zeros((100, 200, 4), np.uint8)
    left, top = offset
    rows, columns = slice(max(top, 0), max(top + 60, 0)), slice(max(left, 0), max(left + 70, 0))
    wanted = pixels[max(-top, 0) :, max(-left, 0) :]
    canvas[rows, columns] = wanted[: canvas[rows, columns].shape[0], : canvas[rows, columns].shape[1]]
    sampled = canvas[::stride, ::stride]
    part, down, across = _on_canvas(Layer("x", pixels, offset), sampled.shape[:2], stride)
    found = np.zeros_like(sampled)
    found[down, across] = part
    assert np.array_equal(found, sampled)


def test_what_looks_like_nothing_here_is_asked_for(shelf: tuple[Library, list[Entry]], tmp_path: Path) -> None:
    recipe = CreateRecipe(prompt="something else", seed=777)
    Image.fromarray(to_bytes(picture_for(recipe, SIDE))).save(tmp_path / "stranger.png")
    library, entries = shelf
    with pytest.raises(LibraryError, match="no take"):
        bring_back(library, tmp_path / "stranger.png")
    returned = back(shelf, tmp_path / "stranger.png", entries[WANTED].id)
    assert returned.known_by == "named"


def test_a_painting_that_was_imported_before_finds_its_take_and_not_itself(shelf: tuple[Library, list[Entry]],
                                                                           tmp_path: Path) -> None:
    library, entries = shelf
    Image.fromarray(painted_over(of(entries[3]), 0.4)).save(tmp_path / "earlier.png")
    library.add(tmp_path / "earlier.png", Circumstances(kind="import", name="earlier.png"))
    returned = bring_back(library, tmp_path / "earlier.png")
    assert returned.origin.id == entries[3].id and returned.entry.kind == "return"


def test_the_take_itself_is_no_painting_over_it(shelf: tuple[Library, list[Entry]]) -> None:
    with pytest.raises(PictureError, match="itself"):
        bring_back(shelf[0], shelf[1][0].file)


def test_a_damaged_document_is_refused(shelf: tuple[Library, list[Entry]], tmp_path: Path) -> None:
    for name in ("x.psd", "x.ora", "x.png"):
        (tmp_path / name).write_bytes(b"8BPS nothing more")
        with pytest.raises(PictureError, match="x\\."):
            bring_back(shelf[0], tmp_path / name)


def test_a_merged_picture_that_cannot_be_unpacked_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "damaged.ora"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mergedimage.png", b"paint" * 4000)
    data = bytearray(path.read_bytes())
    start = 30 + len("mergedimage.png")  # past the entry's local header stand its packed bytes
    data[start:start + 8] = b"\xff" * 8
    path.write_bytes(data)
    with pytest.raises(PictureError):
        read_painting(path)
