"""The knobs of a watched folder: words, keys, lights, a finish, privacy; and what they are refused for."""

import os
import time
from pathlib import Path

import pytest
from kit.studio import inked, save_drawing, save_picture
from kit.watching import LAYERS, TWO, Easel, Watched, knobs, names
from PIL import Image

from underpaint.errors import PictureError, RecipeError, UnderpaintError
from underpaint.finish.lineage import lineage
from underpaint.pictures.recall import recipe_from_file


def test_new_knobs_reach_the_drawing_on_the_easel(folder: Path) -> None:
    knobs(folder, TWO)
    save_drawing(folder / "old.png", 140)
    os.utime(folder / "old.png", (1e9, 1e9))
    save_drawing(folder / "girl.png")
    with Watched(folder) as watched:
        watched.rest()
        knobs(folder, 'words = "a boy"\nkeys = 1\n')
        watched.rest()
        assert [facts["used"] for facts in watched.told("knobs")] == [True]
        assert names(folder / "girl-keys") == {"01-golden-hour.png", *LAYERS}  # the second one of before is gone
        assert recipe_from_file(folder / "girl-keys" / "01-golden-hour.png").prompt.startswith("a boy, ")
        assert len(list((folder / "old-keys").glob("0*.png"))) == 2
        knobs(folder, "keys = 1\nwrods = 'x'\n")
        watched.rest()
        assert watched.told("knobs")[-1]["why"].startswith("underpaint.toml, line 2: there is no knob 'wrods'")
        save_drawing(folder / "old.png", 141)
        watched.rest()
        assert len(list((folder / "old-keys").glob("0*.png"))) == 1  # the last good knobs hold
        assert len(watched.easel.painted) == 6


def test_words_for_one_drawing_and_two_of_one_name(folder: Path) -> None:
    knobs(folder, 'words = "somebody"\nkeys = 1\n[drawings."BOY*"]\nwords = "a boy"\nseed = 9\n')
    save_drawing(folder / "boy.png")
    Image.fromarray(inked(120, 100)).save(folder / "boy.bmp")
    with Watched(folder) as watched:
        watched.rest()
        folders = sorted(facts["folder"] for facts in watched.told("keys"))
        assert len(set(folders)) == 2
        for place in folders:
            recipe = recipe_from_file(Path(place) / "01-golden-hour.png")
            assert (recipe.prompt.split(",")[0], recipe.seed) == ("a boy", 9)


def test_a_finish_beside_the_picture(folder: Path) -> None:
    knobs(folder, 'finish = [{do = "upscale", scale = 2}, {do = "tone", saturation = -100, levels = [10, 1.0, 250]}]')
    picture = save_picture(folder / "take.png")
    with Watched(folder) as watched:
        watched.rest()
        made = folder / "take-finished.png"
        assert Image.open(made).size == (74, 58)
        assert [step["operation"] for step in lineage(made)] == ["upscale", "tone"]
        assert [step["parent"]["name"] for step in lineage(made)] == ["take.png", "take.png"]
        time.sleep(0.02)
        before = made.stat().st_mtime_ns
        os.utime(picture)
        watched.rest()
        assert made.stat().st_mtime_ns == before  # the same picture is not finished twice, and the finished one never
        assert names(folder) == {"take.png", "take-finished.png", "underpaint.toml"}
        made.write_bytes(b"painted over")
        save_picture(picture, seed=2)
        watched.rest()
        assert made.read_bytes() == b"painted over"
        assert (folder / "take-finished-2.png").is_file()


def test_keys_and_a_finish_on_each(folder: Path) -> None:
    knobs(folder, 'keys = 1\nlights = ["storm"]\n[[finish]]\ndo = "upscale"\nscale = 2\n')
    save_drawing(folder / "girl.png")
    with Watched(folder) as watched:
        watched.rest()
        assert names(folder / "girl-keys") == {"01-storm.png", "01-storm-finished.png", *LAYERS}


def test_private_files_say_nothing_and_no_library_keeps_them(folder: Path, tmp_path: Path) -> None:
    knobs(folder, 'words = "a secret garden"\nkeys = 1\nprivate = true\n')
    save_drawing(folder / "garden.png")
    easel = Easel()
    with Watched(folder, easel) as watched:
        watched.rest()
        library = watched.watcher.library
        assert library.is_dir()
    assert not library.exists()
    everything = [file for file in (tmp_path / "home").rglob("*") if file.is_file()]
    everything += list((folder / "garden-keys").iterdir())
    assert all(b"secret" not in file.read_bytes() for file in everything)
    assert names(folder / "garden-keys") == {"01.png", *LAYERS}
    with Watched(folder, easel) as again:
        again.rest()
    assert len(easel.painted) == 1


@pytest.mark.parametrize(("text", "said"), [
    ("keys = 2\nwrods = 'x'", "line 2: there is no knob 'wrods'. Did you mean words?"),
    ("keys = '2'", "line 1: keys should be a valid integer, not '2'"),
    ("# no\nkeys = 97", "line 2: keys should be less than or equal to 96, not 97"),
    ("keys = 2\n[drawings.'a*']\n\nlite = 3", "line 4: there is no knob 'lite'. Did you mean"),
    ("keys = 2\nkeys = = 3", "line 2"),
    ("keys = 2\nlights = 'moonshine'", "line 2: lights: no light plan is called 'moonshine'"),
    ("finish = [{do = 'upscale', scale = 99}]", "line 1: finish: upscale: scale"),
    ("\n[[finish]]\ndo = 'explode'", "line 2: finish: number 1 of the chain does 'explode'"),
    ("output = '../../elsewhere'", "line 1: output: '../../elsewhere' lies outside"),
    ("size = 'large'", "line 1: size"),
    ("loras = ['ink=much']", "line 1: loras: 'much' is no weight"),
    ("sampler = 'quick'", "line 1: sampler"),
    ("palette = '//server/share/brand.ase'", "line 1: palette: '//server/share/brand.ase' lies on another machine"),
    ("set = {nonsense = 1}", "line 1: set"),
])
def test_knobs_that_cannot_be_used_are_refused_with_the_line(folder: Path, text: str, said: str) -> None:
    knobs(folder, text)
    with pytest.raises((RecipeError, PictureError)) as caught:
        Watched(folder)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
@pytest.mark.parametrize("knob", ["lights = '{}.yaml'", "palette = '{}.gpl'",
                                  "finish = [{{do = 'match', to = '{}.png'}}]",
                                  "finish = [{{do = 'upscale', method = '{}.pth'}}]"])
def test_a_pipe_that_never_ends_is_no_file(folder: Path, knob: str) -> None:
    for suffix in ("yaml", "gpl", "png", "pth"):
        os.mkfifo(folder.parent / f"pipe.{suffix}")
    knobs(folder, knob.format(folder.parent / "pipe"))
    with pytest.raises(UnderpaintError, match=r"^underpaint\.toml, line 1: "):
        Watched(folder)


def test_knobs_beside_the_folder_and_where_keys_go(folder: Path) -> None:
    knobs(folder.parent, 'keys = 1\noutput = "keys"\nlights = "reef.toml"\n')
    (folder.parent / "reef.toml").write_text('[[plans]]\nname = "reef"\nlight = "above"\npalette = ["#0b2f36"]\n')
    save_drawing(folder / "girl.png")
    with Watched(folder) as watched:
        watched.rest()
    assert names(folder.parent / "keys" / "girl-keys") == {"01-reef.png", *LAYERS}
    assert names(folder) == {"girl.png"}


def test_an_output_that_leads_out_by_a_link_is_refused(folder: Path) -> None:
    (folder.parent / "elsewhere").mkdir()
    (folder / "keys").symlink_to(folder.parent / "elsewhere")
    knobs(folder, 'output = "keys"')
    with pytest.raises(PictureError, match="lies outside"):
        Watched(folder)
