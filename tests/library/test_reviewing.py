"""The review from the command line and in the library: verdicts, blind pairs, labels."""

import io
import json
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from kit.easel import paint_cheaply, recipes
from kit.studio import Program
from PIL import Image
from sqlalchemy import delete

from underpaint.cli import keep_good
from underpaint.cli.review import desk
from underpaint.library import ratings
from underpaint.library.jobs import Jobs
from underpaint.library.library import Library
from underpaint.library.repair import repair
from underpaint.library.reviewing import likenesses, opinions, review_entries, taste_of
from underpaint.library.runner import Runner
from underpaint.library.search import Query, search
from underpaint.library.tables import TAKES
from underpaint.recipe import CreateRecipe
from underpaint.review.early import LOOKS, Early, features


@pytest.fixture
def shelf(home: Path) -> Path:
    """A library of twelve takes."""
    folder = home / "library"
    with Library(folder) as library, Runner(library, paint_cheaply) as runner:
        Jobs(library).submit(recipes(12))
        while runner.run_once():
            pass
    return folder


def saved(folder: Path, count: int) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    for number in range(count):
        small = Image.fromarray((rng.random((5, 6, 3)) * 255).astype(np.uint8))
        small.resize((96, 80), Image.Resampling.BICUBIC).save(folder / f"{number}.png")
    return sorted(folder.glob("*.png"))


def test_files_are_reviewed_and_look_alikes_named(program: Program, tmp_path: Path) -> None:
    first, *_ = saved(tmp_path / "takes", 3)
    Image.open(first).resize((48, 40)).save(tmp_path / "takes" / "again.jpg")
    (tmp_path / "takes" / "broken.png").write_bytes(b"no picture")
    Image.new("RGB", (64, 64), (90, 90, 90)).save(tmp_path / "takes" / "grey.png")
    found = {Path(one["file"]).name: one for one in program.json("review", tmp_path / "takes")["pictures"]}
    assert set(found) == {"0.png", "1.png", "2.png", "again.jpg", "broken.png", "grey.png"}
    assert found["grey.png"]["grade"] == "weak" and found["grey.png"]["reason"].startswith("empty")
    assert found["0.png"]["alike"] == found["again.jpg"]["alike"] is not None and found["1.png"]["alike"] is None
    assert "error" in found["broken.png"] and sum(found["0.png"]["chances"].values()) == pytest.approx(1, abs=1e-3)
    assert "empty: hardly anything is painted" in program.well("review", tmp_path / "takes" / "grey.png")


def test_nothing_to_review_and_nothing_readable_are_errors(program: Program, tmp_path: Path) -> None:
    assert program("review", tmp_path) == 4 and "no pictures to review" in program.err
    (tmp_path / "x.png").write_bytes(b"x")
    assert program("review", tmp_path / "x.png") == 4


@pytest.mark.parametrize("command", ["review", "judge", "label"])
def test_help_has_an_example(program: Program, command: str) -> None:
    out = " ".join(program.well(command, "--help").split())
    assert f"Example: underpaint {command}" in out and "--json" in out


def test_verdicts_are_kept_until_they_are_made_otherwise(shelf: Path) -> None:
    with Library(shelf) as library:
        entries = search(library, Query())
        first = review_entries(library, entries, desk())
        entries[0].file.write_bytes(b"gone")  # a kept verdict needs no file
        again = review_entries(library, entries, desk())
        assert [one.verdict for one in again] == [one.verdict for one in first]
        assert np.array_equal(again[3].vector, first[3].vector)
        fresh = review_entries(library, entries, desk(), again=True)
        assert fresh[0].error is not None and fresh[1].verdict == first[1].verdict


def test_what_is_deleted_while_it_is_looked_at_stops_no_review(shelf: Path) -> None:
    with Library(shelf) as library:
        entries = search(library, Query(limit=2))
        with library.database.writing() as connection:
            connection.execute(delete(TAKES).where(TAKES.c.id == entries[0].number))
        found = review_entries(library, entries, desk())
        assert "no longer in the library" in str(found[0].error) and found[1].error is None
        assert likenesses(library, entries)[0] == "0" * 16 != likenesses(library, entries)[1]


def test_stars_rejects_and_blind_pairs_become_a_taste(program: Program, shelf: Path) -> None:
    with Library(shelf) as library:
        entries = search(library, Query())
        for number, entry in enumerate(entries[:6]):
            ratings.star(library, entry, 1 + number % 5) if number % 3 else ratings.reject(library, entry)
    said = program.json("review")
    assert not said["taste"]["knows"] and said["taste"]["picks"] == 6 and "too few" in said["taste"]["says"]
    stars = [one["stars"] for one in said["pictures"]]
    assert stars[:4] == sorted(stars[:4], reverse=True) and stars[0] > 0
    program.well("review")
    assert "your taste: 6 of at least 10 picks: too few" in program.err


def test_answers_are_kept_and_survive_a_repair(program: Program, shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("l\nperhaps\nr\ns\nleft\nq\n"))
    said = program.json("judge", "-n", "8", "--no-open", "--seed", "3")
    assert said["answered"] == 3 and said["picks"] == 3 and not said["knows"]
    with Library(shelf) as library:
        before = opinions(library).answers
    assert len(before) == 3
    (shelf / "library.db").unlink()
    repair(shelf)
    with Library(shelf) as library:
        assert opinions(library).answers == before


def test_a_taste_is_learned_from_many_answers(shelf: Path) -> None:
    with Library(shelf) as library:
        entries = search(library, Query())
        light = {entry.sha256: float(np.asarray(Image.open(entry.file)).mean()) for entry in entries}
        rng = np.random.default_rng(1)
        for _ in range(30):
            one, other = (entries[int(i)] for i in rng.choice(len(entries), 2, replace=False))
            pair = (one, other) if light[one.sha256] > light[other.sha256] else (other, one)
            ratings.prefer(library, *pair)
        found = review_entries(library, entries, desk())
        taste = taste_of(found, opinions(library))
    assert taste.knows and taste.picks == 30
    brightest, darkest = max(light, key=lambda key: light[key]), min(light, key=lambda key: light[key])
    assert taste.chance(brightest, darkest) > 0.7


def test_the_labelling_page_holds_everything_and_its_labels_are_learned(program: Program, tmp_path: Path) -> None:
    files = saved(tmp_path / "<b>&", 30)
    page = Path(program.json("label", tmp_path / "<b>&")["page"])
    text = page.read_text()
    assert text.count("<figure") == 30 and "<title>Label: &lt;b&gt;&amp;</title>" in text
    assert "default-src 'none'" in unescape(text) and "http://" not in text and "https://" not in text
    hashes = [line.split('"')[0] for line in text.split('data-sha256="')[1:]]
    light = [float(np.asarray(Image.open(one)).mean()) for one in files]
    middle = float(np.median(light))
    labels = [{"sha256": key, "craft": "good" if tone > middle else "weak", "content": None}
              for key, tone in zip(hashes, light, strict=True)]
    chosen = tmp_path / "labels.json"
    chosen.write_text(json.dumps({"underpaint_labels": 1, "by": "ada", "labels": labels}))
    learned = program.json("label", tmp_path / "<b>&", "--learn", chosen)
    assert learned["craft"]["labels"] == 30 and learned["content"] is None
    few = tmp_path / "few.json"
    few.write_text(json.dumps({"underpaint_labels": 1, "by": "bob", "labels": labels[:3]}))
    assert program.json("label", tmp_path / "<b>&", "--learn", few)["craft"] is None
    scores = {one["file"]: one["score"] for one in program.json("review", tmp_path / "<b>&")["pictures"]}
    good = [scores[str(one)] for one, tone in zip(files, light, strict=True) if tone > middle]
    weak = [scores[str(one)] for one, tone in zip(files, light, strict=True) if tone <= middle]
    assert np.mean(good) > np.mean(weak)
    assert program.json("label", tmp_path, "--forget") == {"forgotten": True}


@pytest.mark.parametrize("text", ["", "[]", '{"underpaint_labels": 2}', '{"underpaint_labels": 1, "labels": [3]}',
                                  '{"underpaint_labels": 1}'])
def test_labels_that_are_none_are_refused(program: Program, tmp_path: Path, text: str) -> None:
    saved(tmp_path, 1)
    (tmp_path / "labels.json").write_text(text)
    assert program("label", tmp_path, "--learn", tmp_path / "labels.json") == 3
    assert program("label", tmp_path / "0.png") == 4 and "not a folder" in program.err


def test_painting_until_enough_is_good_tells_its_yield(program: Program, tiny_model: Path, tmp_path: Path) -> None:
    said = program.json("paint", "a red house", "--model", tiny_model, "--keep-good", "2", "--budget", "3", "--seed",
                        "5", "-o", tmp_path / "out")
    found = said["yield"]
    assert found["painted"] + found["stopped"] == len(said["outcomes"]) >= 2 and found["spent"] <= 3
    assert found["kept"] == len(said["takes"]) == len(list((tmp_path / "out").glob("*.png"))) if found["kept"] else True
    assert [one["seed"] for one in said["outcomes"]][:2] == [5, 6]
    with Library(program.json("library", "list")["takes"][0]["file"].split("/takes/")[0]) as library:
        assert len(search(library, Query())) == found["painted"]


def test_takes_that_promise_nothing_are_stopped_and_their_steps_go_on(
        program: Program, tiny_model: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    width = len(features(np.zeros((4, 8, 8), np.float32), None))
    nothing = np.zeros((len(LOOKS), width), np.float32)
    hopeless = Early("tiny", 4, nothing, np.full(3, -9, np.float32), nothing, np.ones_like(nothing), (0.5,) * 3)
    monkeypatch.setattr(keep_good, "_early", lambda recipe: hopeless)
    words = ("paint", "a red house", "--model", tiny_model, "--keep-good", "1", "--budget", "2", "--seed", "1",
             "--steps", "4", "-o", tmp_path / "out")
    found = program.json(*words)
    assert [one["state"] for one in found["outcomes"]] == ["stopped"] * 4 and found["yield"]["spent"] == 2.0
    assert found["outcomes"][0]["reason"] == "stopped after 2 of 4 steps: 0% likely to become good"
    assert found["takes"] == [] and found["yield"]["stopped"] == 4
    with Library(home / "library") as library:
        assert search(library, Query()) == [] and not list(library.incoming.iterdir())
    assert program.json(*words, "--no-stopping")["yield"]["stopped"] == 0


def test_more_good_takes_than_the_budget_pays_for_are_refused(program: Program, tiny_model: Path) -> None:
    assert program("paint", "a red house", "--model", tiny_model, "--keep-good", "4", "--budget", "2") == 6
    assert "budget" in program.err


def test_recipes_without_words_are_reviewed_too(shelf: Path) -> None:
    with Library(shelf) as library, Runner(library, paint_cheaply) as runner:
        Jobs(library).submit([CreateRecipe(prompt="", seed=99)])
        runner.run_once()
        entry, = (one for one in search(library, Query()) if one.seed == 99)
        one, = review_entries(library, [entry], desk())
    assert one.error is None and one.verdict["grade"] in {"good", "fair", "weak"}
