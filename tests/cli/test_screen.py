"""What strangers wrote into their pictures reaches the screen as words, never as orders to the terminal."""

from pathlib import Path

import pytest
from kit.studio import Program, save_picture
from PIL.PngImagePlugin import PngInfo

from underpaint.cli.output import console, notes, print_error, print_table, printable
from underpaint.errors import ModelError

ORDERS = "\x1b]52;c;aGk=\x07\x1b[2J\x9b31m\u202e\x7f"


@pytest.mark.parametrize(("text", "shown"), [
    ("a\x1b[31mred", "a�[31mred"), ("\x9b2J", "�2J"), ("up\rover", "up�over"), ("one\r\ntwo\n", "one\ntwo\n"),
    ("a\tb", "a b"), ("abc\u202edcba", "abc�dcba"), ("half \ud800", "half �"),
    ("夜\u3000の海 👩\u200d🎨 na\u0308he", "夜\u3000の海 👩\u200d🎨 na\u0308he"),
])
def test_orders_are_shown_and_languages_are_kept(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_every_way_to_the_screen_is_safe(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["what"], [[f"cell {ORDERS}"]])
    console().print(f"said {ORDERS}\nmore", markup=False)
    notes().print(f"note: {ORDERS}", markup=False)
    print_error(ModelError(f"two\nlines {ORDERS}"), as_json=True)
    out, err = capsys.readouterr()
    assert "cell �]52;c;aGk=" in out and "\nmore\n" in out and "note: �]52" in err and "error: two lines �]52" in err
    assert not set("\x1b\x07\x9b\x7f") & set(out + err) and "\\u009b31m" in out


def test_words_of_a_picture_give_no_orders(program: Program, tmp_path: Path) -> None:
    written = PngInfo()
    written.add_itxt("parameters", f"a fox {ORDERS}\nSteps: 5, Sampler: Euler a, Seed: 3, Size: 8x8, Model: m{ORDERS}")
    picture = save_picture(tmp_path / "in.png", pnginfo=written)
    library = tmp_path / "library"
    shown = program.well("info", picture) + program.well("library", "import", picture, "--library", library)
    shown += program.well("library", "list", "--library", library) + program.well("info", picture, "--json")
    assert shown.count("a fox") >= 3 and not set("\x1b\x07\x9b\x7f") & set(shown)
