"""What differs between two takes, said as an artist would; and the tree of what grew from what."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kit.easel import picture_for, plan_for

from underpaint.library.differences import Account, differences
from underpaint.library.library import Library
from underpaint.library.lineage import account, account_of_file, tree
from underpaint.pictures import Record, write_picture
from underpaint.recipe import Blob, CreateRecipe, Recipe, RefineRecipe, with_changes
from underpaint.sets.keys import plan_keys

CAT = CreateRecipe(prompt="a cat, storm, oil", seed=1)
LINES = Blob(sha256="0" * 64)


def said(before: Recipe, after: Recipe, plans: tuple[dict[str, Any], dict[str, Any]] = ({}, {})) -> list[str]:
    return differences(Account(before.model_dump(mode="json"), plans[0]),
                       Account(after.model_dump(mode="json"), plans[1]))


@pytest.mark.parametrize(("changes", "sentence"), [
    ({"prompt": "a cat, calm, oil"}, "words: with 'calm', without 'storm'"),
    ({"prompt": "oil, a cat, storm"}, "words: the same in another order"),
    ({"prompt": "夜景"}, "words: 'a cat, storm, oil' became '夜景'"),
    ({"negative_prompt": "people"}, "unwanted: with 'people'"),
    ({"seed": 7}, "another seed (1, then 7)"),
    ({"width": 512, "height": 256}, "size: 512x256 instead of the model's own"),
    ({"guidance.scale": 9.5}, "guidance (the default, then 9.5)"),
    ({"model": {"name": "anime-v3"}}, "model: anime-v3 instead of the default"),
    ({"loras": [{"name": "inks", "weight": 0.8}]}, "LoRA: with inks at 0.8"),
    ({"clip_skip": 2}, "clip skip: 2 instead of the default"),
    ({"noise.source": "philox"}, "noise, source: philox instead of the default"),
    ({"sampling.sampler": "euler_a"}, "sampler: euler_a instead of the default"),
])
def test_each_change_has_its_words(changes: dict[str, Any], sentence: str) -> None:
    assert sentence in said(CAT, with_changes(CAT, changes))
    assert said(CAT, CAT) == []


def test_numbers_say_which_way_they_went() -> None:
    more, less = with_changes(CAT, {"sampling.steps": 30}), with_changes(CAT, {"sampling.steps": 10})
    assert said(more, less) == ["fewer steps (30, then 10)"] and said(less, more) == ["more steps (10, then 30)"]
    plans = {"guidance_scale": 4.0, "seed": 1}, {"guidance_scale": 6.5, "seed": 1}
    assert said(CAT, CAT, plans) == ["words pull harder (4, then 6.5)"]


def test_two_keys_differ_by_light_and_colours() -> None:
    first, *_, third = (key.recipe for key in plan_keys("a cat", LINES, count=3, seed=5))
    found = "\n".join(said(first, third))
    assert "light: from the right instead of from the left" in found
    assert "darker" in found and "palette: with #0b1026" in found and "moonlight" in found and "seed" in found
    assert "drawing" not in found
    other = with_changes(first, {"controls.0.drawing.sha256": "1" * 64})
    assert said(first, other) == ["line: another drawing"]
    assert said(CAT, first.changed(prompt=CAT.prompt, seed=1))[0].startswith("light: planned from")


def test_a_control_that_has_no_words_of_its_own_is_still_told() -> None:
    before, after = ({"task": "create", "controls": [{"kind": "prop", "angle": angle, "name": {"first": "cup"}}]}
                     for angle in (10, 20))
    assert differences(Account(before), Account(after)) == ["prop, angle: 20 instead of 10"]
    assert differences(Account({"task": "create"}), Account(after)) == ["prop: added"]


def test_a_file_of_another_program_can_be_compared(material: Path) -> None:
    files = [file for file in sorted((material / "01_metadata").rglob("*.png")) if "bad_" not in file.name][:40]
    accounts = [account_of_file(file) for file in files]
    told = [one for one in accounts if one.recipe]
    assert told, "none of the files says anything"
    for other in told:
        assert all(isinstance(line, str) and line for line in differences(told[0], other))


def test_the_tree_says_what_came_from_what_and_by_which_changes(tmp_path: Path) -> None:
    def painted(recipe: Recipe, name: str, blobs: dict[str, bytes]) -> Path:
        plan = plan_for(recipe).to_record()
        write_picture(tmp_path / name, picture_for(recipe), Record(recipe, plan, blobs))
        return tmp_path / name

    with Library(tmp_path / "library") as library:
        root = library.add(painted(CAT, "root.png", {}))
        written = write_picture(tmp_path / "sent.jpg", np.zeros((9, 9, 3), np.float32))
        library.note_copy(root.number, written.path, written.pixels)
        children = []
        for name, source in (("child.png", root.file), ("from a copy.png", written.path)):
            data = source.read_bytes()
            blob = Blob(sha256=hashlib.sha256(data).hexdigest())
            recipe = RefineRecipe(prompt="a cat, storm, oil, snow", seed=1, picture=blob)
            children.append(library.add(painted(recipe, name, {blob.sha256: data})))
        stranger = library.add(painted(CAT.changed(seed=99), "stranger.png", {}))
        for entry in (root, *children):
            branch, = tree(library, entry)
            assert branch.entry.id == root.id and [child.entry.id for child in branch.children] == [
                child.id for child in children]
            assert "words: with 'snow'" in branch.children[0].changes
        assert [branch.entry.id for branch in tree(library, stranger)] == [stranger.id]
        assert differences(account(library, root), account(library, stranger)) == ["another seed (1, then 99)"]
        assert tree(library, root)[0].to_json()["children"][1]["id"] == children[1].id
