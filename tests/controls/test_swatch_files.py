"""Palette files of other programs: what is written reads back, what others wrote is understood, damage is one line."""

import io
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from underpaint.controls.palette import swatches_of
from underpaint.controls.swatches import FORMATS, read_sheet
from underpaint.controls.swatches.sheet import CMYK_NOTE, Entry, SwatchSheet, from_lab
from underpaint.errors import PictureError
from underpaint.recipe.controls import MAX_SWATCHES

SHEET = SwatchSheet((Entry((0.1, 0.2, 0.32), "Deep sea"), Entry((1, 0, 0.5), "Größe 東"), Entry((0, 0, 0)),
                     Entry((1, 1, 1), "white & <light>")), "Brand")
SUFFIXES = list(FORMATS)


def read(data: bytes, suffix: str, folder: Path) -> SwatchSheet:
    path = folder / f"p{suffix}"
    path.write_bytes(data)
    return read_sheet(path)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_written_reads_back(suffix: str, tmp_path: Path) -> None:
    data = FORMATS[suffix].write(SHEET)
    assert data == FORMATS[suffix].write(SHEET)
    sheet = read(data, suffix, tmp_path)
    assert [one.hex for one in sheet.entries] == [one.hex for one in SHEET.entries]
    assert [one.name for one in sheet.entries][:2] == ["Deep sea", "Größe 東"]
    assert [one.name for one in sheet.entries][3] == "white & <light>"


def ase(*blocks: tuple[int, bytes]) -> bytes:
    body = b"".join(struct.pack(">HI", kind, len(block)) + block for kind, block in blocks)
    return b"ASEF" + struct.pack(">HHI", 1, 0, len(blocks)) + body


def swatch(name: str, model: bytes, *values: float) -> tuple[int, bytes]:
    text = (name + "\0").encode("utf-16-be") if name else b""
    return 1, struct.pack(">H", len(text) // 2) + text + model + struct.pack(f">{len(values)}fH", *values, 2)


def test_swatch_exchange_of_every_colour_model(tmp_path: Path) -> None:
    group = (0xC001, struct.pack(">H", 3) + "Hi\0".encode("utf-16-be"))
    data = ase(group, swatch("red", b"RGB ", 1, 0, 0), swatch("", b"Gray", 0.5), swatch("ink", b"CMYK", 0, 0, 0, 1),
               swatch("white", b"LAB ", 1.0, 0, 0), (0xC002, b""))
    sheet = read(data, ".ase", tmp_path)
    assert [one.hex for one in sheet.entries] == ["#ff0000", "#808080", "#000000", "#ffffff"]
    assert [one.name for one in sheet.entries] == ["red", "", "ink", "white"]
    assert sheet.name == "Hi" and sheet.notes == (CMYK_NOTE,)


def test_photoshop_swatches_of_both_versions_and_every_colour_model(tmp_path: Path) -> None:
    colours = [(0, 65535, 0, 0, 0), (1, 0, 65535, 65535, 0), (2, 65535, 65535, 65535, 0), (7, 10000, 0, 0, 0),
               (8, 5000, 0, 0, 0), (9, 0, 0, 0, 10000), (3, 1, 2, 3, 4)]
    plain = struct.pack(">HH", 1, len(colours)) + b"".join(struct.pack(">5H", *one) for one in colours)
    hexes = ["#ff0000", "#ff0000", "#000000", "#ffffff", "#808080", "#000000"]
    sheet = read(plain, ".aco", tmp_path)
    assert [one.hex for one in sheet.entries] == hexes and any("ink" in note for note in sheet.notes)
    name = "ré\0".encode("utf-16-be")
    named = struct.pack(">HH", 2, 1) + struct.pack(">5H", *colours[0]) + struct.pack(">I", 3) + name
    assert [one.name for one in read(plain + named, ".aco", tmp_path).entries] == ["ré"]
    assert read(named, ".aco", tmp_path).entries[0].name == "ré"


def kpl(colorset: str, **files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("colorset.xml", colorset)
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def test_krita_palettes_with_groups_and_linear_colours(tmp_path: Path) -> None:
    text = ('<Colorset version="2.0" name="n"><ColorSetEntry name="a" bitdepth="U8"><RGB r="1" g="0.5" b="0" '
            'space="sRGB-elle-V2-srgbtrc.icc"/><Position row="0" column="0"/></ColorSetEntry><Group name="g" rows="1">'
            '<ColorSetEntry name="b" bitdepth="F32"><RGB space="sRGB-elle-V2-g10.icc" r="0.2158605" g="0.2158605" '
            'b="0.2158605"/></ColorSetEntry><ColorSetEntry name="c"><Lab L="100" a="0" b="0"/></ColorSetEntry>'
            '<ColorSetEntry name="d"><Gray g="0"/></ColorSetEntry>'
            '<ColorSetEntry name="f"><Lab L="0.5" a="0.501961" b="0.501961"/></ColorSetEntry>'
            '<ColorSetEntry name="e"><XYZ x="0.96422" y="1" z="0.82521"/></ColorSetEntry></Group></Colorset>')
    sheet = read(kpl(text), ".kpl", tmp_path)
    assert [(one.name, one.hex) for one in sheet.entries] == [
        ("a", "#ff8000"), ("b", "#808080"), ("c", "#ffffff"), ("d", "#000000"), ("f", "#777777"),
        ("e", "#ffffff")]


def test_text_palettes_as_other_programs_write_them(tmp_path: Path) -> None:
    assert [one.hex for one in read(b"; paint.net\nFF102030\nFFffeedd\n", ".txt", tmp_path).entries] == [
        "#102030", "#ffeedd"]
    gimp = b"GIMP Palette\r\nName: x\r\nColumns: 4\r\n# c\r\n 16  32 48 deep sea\r\n255 238 221\r\n"
    assert [(one.hex, one.name) for one in read(gimp, ".gpl", tmp_path).entries] == [
        ("#102030", "deep sea"), ("#ffeedd", "")]
    latin = "GIMP Palette\n1 2 3 Grün\n".encode("latin-1")
    assert read(latin, ".gpl", tmp_path).entries[0].name == "Grün"
    aseprite = b"GIMP Palette\nChannels: RGBA\n#\n16 32 48 255 sea\n"
    assert read(aseprite, ".gpl", tmp_path).entries[0].name == "sea"


def test_shares_and_roles_are_kept_in_our_own_list(tmp_path: Path) -> None:
    text = b"# a comment\n#102030 30% dark Deep sea\n#ffeedd 5% accent\n#123 main\nabcdef\n"
    sheet = read(text, ".hex", tmp_path)
    assert [(one.hex, one.share, one.role, one.name) for one in sheet.entries] == [
        ("#102030", 0.3, "dark", "Deep sea"), ("#ffeedd", 0.05, "accent", ""), ("#112233", None, "main", ""),
        ("#abcdef", None, "any", "")]
    assert read(FORMATS[".hex"].write(sheet), ".hex", tmp_path).entries == sheet.entries


HOSTILE = {
    "empty": (".ase", b""), "not ase": (".ase", b"ABCD" + bytes(20)),
    "cut": (".ase", FORMATS[".ase"].write(SHEET)[:-9]),
    "endless count": (".ase", b"ASEF" + struct.pack(">HHI", 1, 0, 2**32 - 1)),
    "block past the end": (".ase", b"ASEF" + struct.pack(">HHI", 1, 0, 1) + struct.pack(">HI", 1, 2**31)),
    "long name": (".ase", ase((1, struct.pack(">H", 65535) + b"ab"))),
    "model": (".ase", ase(swatch("a", b"HSV ", 1, 0, 0))),
    "nan": (".ase", ase(swatch("a", b"RGB ", float("nan"), 0, 0))), "no swatches": (".ase", ase()),
    "aseprite": (".ase", struct.pack("<IH", 200, 0xA5E0) + bytes(200)),
    "version": (".aco", struct.pack(">HH", 7, 1)), "aco cut": (".aco", struct.pack(">HH", 1, 60_000)),
    "aco name": (".aco", struct.pack(">HH5HI", 2, 1, 0, 0, 0, 0, 0, 2**32 - 1)),
    "no gimp": (".gpl", b"JASC-PAL\n0100\n"), "gimp words": (".gpl", b"GIMP Palette\na b c\n"),
    "gimp range": (".gpl", b"GIMP Palette\n1 2 300\n"), "words": (".hex", b"#102030\nhello\n"),
    "share": (".hex", b"#102030 300%\n"), "too many": (".hex", b"#102030\n" * 10_001),
    "no zip": (".kpl", b"PK\3\4 not really"), "no colorset": (".kpl", kpl("")),
    "entity": (".kpl", kpl('<!DOCTYPE a [<!ENTITY b "c">]><Colorset>&b;</Colorset>')),
    "bomb": (".kpl", kpl("<Colorset>" + " " * 20_000_000 + "</Colorset>")),
    "not numbers": (".kpl", kpl('<Colorset><ColorSetEntry><RGB r="x" g="0" b="0"/></ColorSetEntry></Colorset>')),
    "unknown encoding": (".kpl", kpl('<?xml version="1.0" encoding="foo"?><Colorset/>')),
    "nan again": (".kpl", kpl('<Colorset><ColorSetEntry><RGB r="nan" g="0" b="0"/></ColorSetEntry></Colorset>')),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_damage_is_one_clear_error(name: str, tmp_path: Path) -> None:
    suffix, data = HOSTILE[name]
    with pytest.raises(PictureError) as caught:
        read(data, suffix, tmp_path)
    assert caught.value.hint and f"p{suffix}" in caught.value.message


@pytest.mark.parametrize("suffix", SUFFIXES)
@settings(max_examples=60, deadline=None)
@given(cut=st.integers(0, 400), change=st.integers(0, 399), value=st.integers(0, 255))
def test_any_damage_is_read_or_refused(suffix: str, cut: int, change: int, value: int,
                                       tmp_path_factory: pytest.TempPathFactory) -> None:
    data = bytearray(FORMATS[suffix].write(SHEET)[: cut or None])
    if change < len(data):
        data[change] = value
    path = tmp_path_factory.getbasetemp() / f"damaged{suffix}"
    path.write_bytes(bytes(data))
    try:
        sheet = read_sheet(path)
    except PictureError:
        return
    assert all(0 <= value <= 1 for one in sheet.entries for value in one.colour)


def test_lab_is_read_for_the_white_it_is_given_for() -> None:
    from coloraide import Color

    for lab in ((50.0, 40.0, -20.0), (80.0, -30.0, 30.0), (20.0, 0.0, 0.0)):
        wanted = Color("lab", lab).convert("srgb").coords()
        np.testing.assert_allclose(from_lab(*lab), np.clip(wanted, 0, 1), atol=2e-3)


def test_four_hundred_swatches_are_used_and_thousands_thinned() -> None:
    rng = np.random.default_rng(0)
    many = SwatchSheet(tuple(Entry(tuple(rng.random(3))) for _ in range(3000)))
    swatches, notes = swatches_of(many)
    assert len(swatches) == MAX_SWATCHES and "differ most" in notes[0]
    swatches, notes = swatches_of(SwatchSheet(many.entries[:400]))
    assert len(swatches) == 400 and not notes
    assert len(swatches_of(SwatchSheet((many.entries[0],) * 5))[0]) == 1


def test_a_missing_or_huge_file_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="cannot be read"):
        read_sheet(tmp_path / "none.ase")
    (tmp_path / "huge.gpl").write_bytes(b"x" * 8_000_001)
    with pytest.raises(PictureError, match="too large"):
        read_sheet(tmp_path / "huge.gpl")
