"""The catalogue: folders indexed in place, names found in every form people use, problems kept as one line each."""

import json
import os
import shutil
import sys
from pathlib import Path

import pytest
from headers import ATTENTION, CLIP, SD, SDXL, VAE, lora, save, unet
from test_folders import make

from underpaint.errors import ModelError, OutputError
from underpaint.models import Catalogue, check_network, find, primer_folder


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("UNDERPAINT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "home"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What somebody has: two checkpoints, a LoRA, a VAE, a diffusers folder, a pickle, something cut off."""
    root = tmp_path / "stuff"
    save(root / "sd" / "Dreamy v2.safetensors", SD)
    save(root / "sd" / "xl.safetensors", SDXL)
    save(root / "loras" / "ink.safetensors", lora(ATTENTION, 768))
    save(root / "vae" / "soft.safetensors", VAE)
    make(root / "folders" / "dreams")
    (root / "sd" / "old.ckpt").write_bytes(b"PK\x03\x04")
    cut = save(root / "sd" / "half.safetensors", SDXL)
    cut.write_bytes(cut.read_bytes()[:-10])
    save(root / "sd" / "odd.safetensors", {"a.b": (2, 3, 4), "c.d": (2,)})
    return root


def names(catalogue: Catalogue) -> list[str]:
    return [model.name for model in catalogue.models() if model.name != "primer"]


def test_a_folder_is_indexed_in_place(folder: Path, home: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    catalogue = Catalogue()
    place = catalogue.add(folder)
    assert (place.root, place.program) == (folder, "folder")
    assert names(catalogue) == ["dreams", "Dreamy v2", "xl", "ink", "soft"]
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
    assert sorted(path.name for path in home.iterdir()) == ["models-index.json", "models.json"]
    again = Catalogue()
    assert names(again) == names(catalogue)
    assert [entry.root for entry in again.folders()] == [folder]


def test_what_cannot_be_used_is_one_line_each(folder: Path) -> None:
    catalogue = Catalogue()
    catalogue.add(folder)
    said = {problem.path.name: problem.why for problem in catalogue.problems()}
    assert said.keys() == {"old.ckpt", "half.safetensors", "odd.safetensors"}
    assert "pickled checkpoint" in said["old.ckpt"]
    assert "is cut off" in said["half.safetensors"]
    assert "keys begin with a.b, c.d" in said["odd.safetensors"]


@pytest.mark.parametrize(
    "name",
    [
        "Dreamy v2",
        "dreamy v2",
        "Dreamy v2.safetensors",
        "sd/Dreamy v2",
        "sd\\Dreamy v2.safetensors",
        "{path}",
        "{hash}",
    ],
)
def test_a_model_is_found_by_any_of_its_names(name: str, folder: Path) -> None:
    catalogue = Catalogue()
    catalogue.add(folder)
    path = folder / "sd" / "Dreamy v2.safetensors"
    known = catalogue.hashes.hash_now(path)
    found = catalogue.find(name.format(path=path, hash=known.short))
    assert (found.path, found.name, found.short_hash) == (path, "Dreamy v2", known.short)
    assert find(f"Dreamy v2 [{known.short}]", kind="checkpoint").path == path


def test_a_model_added_after_indexing_is_found_and_a_lost_one_is_not(folder: Path) -> None:
    catalogue = Catalogue()
    catalogue.add(folder)
    new = save(folder / "sd" / "new.safetensors", SD)
    assert catalogue.find("new").path == new
    new.unlink()
    with pytest.raises(ModelError):
        catalogue.find("new")
    catalogue.refresh()
    with pytest.raises(ModelError, match="there is no model called 'new'"):
        catalogue.find("new")


def test_only_changed_files_are_opened_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    catalogue = Catalogue()
    catalogue.add(folder)
    opened: list[Path] = []
    describing = sys.modules["underpaint.models.describe"]
    read = describing.read_header
    monkeypatch.setattr(describing, "read_header", lambda path: opened.append(path) or read(path))
    save(folder / "sd" / "xl.safetensors", unet(2048) | VAE | CLIP)
    catalogue.refresh()
    # what is known to be whole and unchanged stays closed; what could not be used is tried again
    assert {path.name for path in opened} == {"xl.safetensors", "half.safetensors", "old.ckpt"}


def test_kinds_narrow_the_search(folder: Path) -> None:
    catalogue = Catalogue()
    catalogue.add(folder)
    save(folder / "loras" / "xl.safetensors", lora(ATTENTION, 768))
    catalogue.refresh()
    assert catalogue.find("xl", kind="lora").kind == "lora"
    assert catalogue.find("xl", kind="checkpoint").kind == "checkpoint"
    with pytest.raises(ModelError, match=r"2 models are called 'xl'.*Give the path of one: "):
        catalogue.find("xl")
    with pytest.raises(ModelError, match="'soft' is a VAE, not a LoRA"):
        catalogue.find("soft", kind="lora")
    with pytest.raises(ModelError, match=r"soft\.safetensors is a VAE, not a checkpoint"):
        catalogue.find(folder / "vae" / "soft.safetensors", kind="checkpoint")


def test_a_hash_settles_which_of_two(folder: Path) -> None:
    catalogue = Catalogue()
    catalogue.add(folder)
    twin = save(folder / "other" / "Dreamy v2.safetensors", SD | {"more": (2,)})
    catalogue.refresh()
    known = catalogue.hashes.hash_now(twin)
    assert catalogue.find("Dreamy v2", sha256=known.sha256).path == twin
    assert catalogue.find(f"Dreamy v2 [{known.short}]").path == twin
    assert catalogue.find((known.autov3 or "")[:12]).path == twin


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Dreamy v3", r"no model called 'Dreamy v3'\. Near it: Dreamy v2"),
        ("qqqq", "underpaint models list"),
        ("old", r"old\.ckpt is a pickled checkpoint.*convert"),
        ("half.safetensors", r"half\.safetensors is cut off.*Download the file again"),
        ("somebody/something", "only fetched when asked to be online"),
        ("{folder}/sd/odd.safetensors", "layout not known"),
        ("{folder}/sd/old.ckpt", "pickled"),
        ("{folder}/sd/none.safetensors", "no model called"),
        ("a\0b", "no model called"),
        ("x" * 100_000, "no model called"),
        ("", "no model called"),
    ],
)
def test_what_is_not_found_says_why_and_what_is_near(name: str, said: str, folder: Path) -> None:
    catalogue = Catalogue()
    catalogue.add(folder)
    with pytest.raises(ModelError, match=said) as told:
        catalogue.find(name.format(folder=folder))
    assert len(str(told.value)) < 900


def test_none_is_the_built_in_model() -> None:
    if not (primer_folder() / "model_index.json").is_file():
        pytest.skip("the built-in model's weights are not in this checkout")
    assert find(None).name == find("Primer").name == "primer"
    assert find("primer", kind="checkpoint").path == primer_folder()


def test_forgetting_a_folder(folder: Path) -> None:
    catalogue = Catalogue()
    catalogue.add(folder)
    assert catalogue.remove(folder) == folder
    assert names(catalogue) == names(Catalogue()) == []
    assert (folder / "sd" / "xl.safetensors").is_file()
    with pytest.raises(ModelError, match="is not one of the models folders"):
        catalogue.remove(folder)


def test_adding_what_is_not_there_or_not_a_model(folder: Path, tmp_path: Path, home: Path) -> None:
    catalogue = Catalogue()
    with pytest.raises(ModelError, match="there is no file or folder"):
        catalogue.add(tmp_path / "none")
    with pytest.raises(ModelError, match="layout not known"):
        catalogue.add(folder / "sd" / "odd.safetensors")
    with pytest.raises(ModelError, match="always refused"):
        catalogue.add(folder / "sd" / "old.ckpt")
    assert not home.exists()
    catalogue.add(folder / "sd" / "xl.safetensors")
    assert names(catalogue) == ["xl"]


def test_a_folder_that_went_away_is_a_problem_not_an_error(folder: Path) -> None:
    catalogue = Catalogue()
    catalogue.add(folder)
    shutil.move(folder, folder.with_name("moved"))
    assert [problem.path for problem in catalogue.refresh()] == [folder]
    assert names(catalogue) == []
    assert [place.root for place in catalogue.folders()] == [folder]


def test_a1111_and_comfyui_layouts(tmp_path: Path) -> None:
    save(tmp_path / "webui" / "models" / "Stable-diffusion" / "a.safetensors", SD)
    save(tmp_path / "webui" / "embeddings" / "cat.safetensors", {"emb_params": (2, 768)})
    save(tmp_path / "webui" / "outputs" / "b.safetensors", SD)
    (tmp_path / "ComfyUI" / "comfy").mkdir(parents=True)
    save(tmp_path / "ComfyUI" / "models" / "checkpoints" / "c.safetensors", SD)
    save(tmp_path / "far" / "loras" / "d.safetensors", lora(ATTENTION, 768))
    (tmp_path / "ComfyUI" / "extra_model_paths.yaml").write_text(f"x:\n  base_path: {tmp_path}/far\n  loras: loras\n")
    catalogue = Catalogue()
    assert catalogue.add(tmp_path / "webui").program == "a1111"
    assert catalogue.add(tmp_path / "ComfyUI").program == "comfyui"
    assert names(catalogue) == ["a", "c", "cat", "d"]


def test_a_model_in_the_hubs_cache_is_found_by_its_id(tmp_path: Path) -> None:
    root = tmp_path / "hub" / "models--owner--dreams"
    make(root / "snapshots" / "abc123")
    (root / "refs").mkdir()
    (root / "refs" / "main").write_text("abc123")
    assert find("owner/dreams").name == "owner/dreams"
    Catalogue().add(tmp_path / "hub")
    assert names(Catalogue()) == ["owner/dreams"]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"schema": 1, "entries": [1, {"model": {}}]}', '{"schema": 99}'])
def test_a_damaged_index_is_built_again(content: str, folder: Path, home: Path) -> None:
    Catalogue().add(folder)
    (home / "models-index.json").write_text(content)
    assert Catalogue().find("ink").kind == "lora"


def test_a_damaged_list_of_folders_is_not_thrown_away(folder: Path, home: Path) -> None:
    Catalogue().add(folder)
    (home / "models.json").write_text("{")
    with pytest.raises(ModelError, match=r"models\.json is not JSON"):
        Catalogue().add(folder)
    assert (home / "models.json").read_text() == "{"


def test_names_that_are_not_text(folder: Path) -> None:
    bad = os.fsdecode(os.fsencode(folder / "sd") + b"/\xff\xfe.safetensors")
    try:
        shutil.copy(folder / "sd" / "xl.safetensors", bad)
    except OSError:
        pytest.skip("this disk refuses such names")
    catalogue = Catalogue()
    catalogue.add(folder)
    assert "xl" in names(catalogue)
    assert any("is not text" in problem.why for problem in catalogue.problems())


def test_the_index_is_plain_json(folder: Path, home: Path) -> None:
    Catalogue().add(folder)
    data = json.loads((home / "models.json").read_text())
    assert data == {"schema": 1, "folders": [str(folder)]}


def test_a_lora_is_found_by_the_name_it_was_trained_under(folder: Path) -> None:
    save(folder / "loras" / "renamed.safetensors", lora(ATTENTION, 768), ss_output_name="InkWash")
    Catalogue().add(folder)
    assert Catalogue().find("inkwash", kind="lora").name == "renamed"


def test_what_diffusers_calls_all_alike_is_named_by_its_folder(folder: Path) -> None:
    path = save(folder / "embeddings" / "zzz style" / "learned_embeds.safetensors", {"<zzz>": (2, 768)})
    (folder / "embeddings" / "old").mkdir()
    (folder / "embeddings" / "old" / "learned_embeds.bin").write_bytes(b"PK\x03\x04")
    (folder / "sd" / "other.bin").write_bytes(b"PK\x03\x04")
    catalogue = Catalogue()
    catalogue.add(folder)
    assert catalogue.find("zzz style", kind="embedding").path == path
    said = {problem.path.name for problem in catalogue.problems()}
    assert "learned_embeds.bin" in said
    assert "other.bin" not in said


def test_kinds_that_cannot_be_used_are_among_the_problems(folder: Path) -> None:
    save(folder / "loras" / "glora.safetensors", lora(ATTENTION, 768) | {f"{ATTENTION}.a1.weight": (2, 2)})
    save(folder / "control" / "pose.safetensors", {"lllite_unet_a.down.0.weight": (2, 2)})
    catalogue = Catalogue()
    catalogue.add(folder)
    said = {problem.path.name: problem for problem in catalogue.problems()}
    assert said["glora.safetensors"].why == "glora.safetensors: GLoRA: not supported"
    assert "LLLite is not supported" in said["pose.safetensors"].why
    assert "DoRA" in said["glora.safetensors"].hint
    assert "ordinary ControlNet" in said["pose.safetensors"].hint
    (found,) = check_network(catalogue.find("Dreamy v2"), catalogue.find("pose"))
    assert found.level == "refused" and "ControlNet-LLLite, which is not supported" in found.text


def test_problems_are_remembered(folder: Path) -> None:
    problems = Catalogue()
    problems.add(folder)
    assert Catalogue().problems() == problems.problems() != ()


def test_a_home_that_cannot_be_written_only_forgets(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    catalogue = Catalogue(tmp_path / "file" / "home")
    path = folder / "sd" / "xl.safetensors"
    assert catalogue.find(path).family == "sdxl"
    assert catalogue.hashes.hash_now(path).sha256
    with pytest.raises(ModelError, match="no model called"):
        catalogue.find("nothing")
    with pytest.raises(OutputError, match="Cannot write"):
        catalogue.add(folder)


def test_a_file_used_by_its_path_is_found_again_by_its_hash(folder: Path) -> None:
    known = Catalogue().hashes.hash_now(folder / "loras" / "ink.safetensors")
    found = Catalogue().find("ink", kind="lora", sha256=known.sha256)
    assert found.path == folder / "loras" / "ink.safetensors"
    with pytest.raises(ModelError, match="no checkpoint called"):
        Catalogue().find("ink", kind="checkpoint", sha256=known.sha256)


@pytest.mark.parametrize("start", ["//", "\\\\", "/\\", "\\/"])
def test_a_strangers_name_never_reaches_out_to_the_network(start: str, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    exists = Path.exists
    monkeypatch.setattr(Path, "exists", lambda path, **how: looked.append(str(path)) or exists(path, **how))
    with pytest.raises(ModelError, match=r"on the network.*models add"):
        Catalogue().find(f"{start}server/share/x.safetensors")
    assert not any("server" in path for path in looked)


def test_network_folders_that_were_added_are_used(folder: Path) -> None:
    there = f"/{folder}"  # two slashes
    known = Catalogue().hashes.hash_now(folder / "sd" / "xl.safetensors")
    with pytest.raises(ModelError, match="on the network"):
        Catalogue().find(f"{there}/sd/xl.safetensors")
    assert Catalogue().find(f"{there}/sd/xl.safetensors", sha256=known.sha256).path == folder / "sd" / "xl.safetensors"
    Catalogue().add(there)
    assert Catalogue().find(f"{there}/sd/xl.safetensors").name == "xl"
