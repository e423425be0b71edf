"""Other programs' folders: recognised, their lists of folders read safely, links followed but never in circles."""

import os
from pathlib import Path

import pytest

from underpaint.errors import ModelError
from underpaint.models.places import recognise_place, walk
from underpaint.models.programs.comfyui import listed_folders


def folders(root: Path, *names: str) -> list[Path]:
    made = [root / name for name in names]
    for folder in made:
        folder.mkdir(parents=True)
    return made


def test_a1111(tmp_path: Path) -> None:
    models, embeddings, control = folders(
        tmp_path, "models/Stable-diffusion", "embeddings", "extensions/sd-webui-controlnet/models"
    )
    place = recognise_place(tmp_path)
    assert (place.program, place.folders) == ("a1111", (models.parent, embeddings, control))


def test_comfyui_with_extra_paths(tmp_path: Path) -> None:
    folders(tmp_path, "ComfyUI/models/checkpoints", "ComfyUI/comfy", "big/loras", "big/sd")
    (tmp_path / "ComfyUI" / "extra_model_paths.yaml").write_text("mine:\n  base_path: ../big\n  checkpoints: sd\n")
    place = recognise_place(tmp_path / "ComfyUI")
    assert (place.program, place.folders) == ("comfyui", (tmp_path / "ComfyUI" / "models", tmp_path / "big" / "sd"))


def test_invoke(tmp_path: Path) -> None:
    folders(tmp_path, "models", "databases", "autoimport")
    (tmp_path / "invokeai.yaml").write_text("")
    assert recognise_place(tmp_path).program == "invoke"
    assert recognise_place(tmp_path).folders == (tmp_path / "models", tmp_path / "autoimport")


def test_plain_folders_and_files(tmp_path: Path) -> None:
    assert recognise_place(tmp_path).folders == (tmp_path,)
    (tmp_path / "one.safetensors").write_bytes(b"")
    assert recognise_place(tmp_path / "one.safetensors").folders == (tmp_path / "one.safetensors",)


def test_extra_model_paths_in_all_its_forms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders(tmp_path, "base/a", "base/b b", "base/nodes", "elsewhere", "home/c")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BIG", str(tmp_path))
    (tmp_path / "extra_model_paths.yaml").write_text(
        "first:\n"
        f"  base_path: {tmp_path}/base\n"
        "  is_default: true\n"
        "  custom_nodes: nodes\n"
        "  checkpoints: |\n"
        "    a\n"
        "    b b\n"
        "    none\n"
        "second:\n"
        "  loras: $BIG/elsewhere\n"
        "  vae: ~/c\n"
        "third: words\n"
        "fourth:\n"
        "  loras: [1, 2]\n"
        "  vae: ~nobody-of-that-name/c\n"
    )
    wanted = [tmp_path / "base" / "a", tmp_path / "base" / "b b", tmp_path / "elsewhere", tmp_path / "home" / "c"]
    assert listed_folders(tmp_path / "extra_model_paths.yaml")[0] == wanted
    assert recognise_place(tmp_path / "extra_model_paths.yaml").folders == tuple(wanted)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "is not YAML"),
        ("a: !!python/object/apply:os.system [exit]", "is not YAML"),
        ("a: \xff".encode("latin-1"), "is not YAML"),
        ("- a\n- b\n", "is not a list of sections"),
        ("#" * 2_000_000, "is too large"),
    ],
)
def test_broken_lists_of_paths_are_named(text: str | bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "extra_model_paths.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ModelError, match=said) as told:
        listed_folders(path)
    assert "\n" not in str(told.value)


def test_a_bomb_of_aliases_is_harmless(tmp_path: Path) -> None:
    lines = ["a: &a [x, x]"]
    lines += [f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 9)}]" for n in range(20)]
    (tmp_path / "extra_model_paths.yaml").write_text("\n".join(lines))
    assert listed_folders(tmp_path / "extra_model_paths.yaml")[0] == []


def test_places_that_do_not_exist(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="there is no file or folder"):
        recognise_place(tmp_path / "none")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(ModelError, match="cannot be opened"):
        recognise_place(tmp_path / "loop")


def test_links_are_followed_and_circles_end(tmp_path: Path) -> None:
    folders(tmp_path, "a/b", "other", "a/.git", "a/venv")
    for path in ("a/b/one", "other/two", "a/.git/three", "a/venv/four"):
        (tmp_path / path).write_text("")
    (tmp_path / "a" / "b" / "up").symlink_to(tmp_path / "a")
    (tmp_path / "a" / "out").symlink_to(tmp_path / "other")
    (tmp_path / "a" / "self").symlink_to(tmp_path / "a" / "self")
    (tmp_path / "a" / "gone").symlink_to(tmp_path / "nothing")
    problems: list[tuple[Path, str]] = []
    found = {name for _, names in walk(tmp_path / "a", problems) for name in names}
    assert found == {"one", "two"}
    assert problems == []


def test_a_folder_that_may_not_be_read_is_one_problem(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("everything may be read by root")
    folders(tmp_path, "open", "closed")
    (tmp_path / "closed").chmod(0)
    problems: list[tuple[Path, str]] = []
    list(walk(tmp_path, problems))
    (tmp_path / "closed").chmod(0o700)
    assert [path.name for path, _ in problems] == ["closed"]
