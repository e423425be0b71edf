"""Other programs' settings: followed where they lead to models, with caps, and never executed or written to."""

import json
import sqlite3
from pathlib import Path

import pytest
from headers import ATTENTION, SD, SDXL, lora, save

from underpaint.errors import ModelError
from underpaint.models import Catalogue
from underpaint.models.places import Place, recognise_place
from underpaint.models.programs.swarmui import parse_fds


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("UNDERPAINT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def folders(root: Path, *names: str) -> list[Path]:
    for name in names:
        (root / name).mkdir(parents=True, exist_ok=True)
    return [root / name for name in names]


def found(root: Path) -> tuple[str, set[Path]]:
    place = recognise_place(root)
    return place.program, set(place.folders)


class TestA1111:
    def test_flags_of_the_start_script(self, tmp_path: Path) -> None:
        root, *_ = folders(tmp_path, "webui", "webui/models/Stable-diffusion", "webui/embeddings")
        big, spaced, shared = folders(tmp_path, "big/ckpt", "big/my loras", "shared/models")
        (root / "webui-user.sh").write_text(
            "#!/bin/bash\n"
            f"# export COMMANDLINE_ARGS=\"--ckpt-dir {tmp_path}/never\"\n"
            f"BIG={tmp_path}/big\n"
            f'export COMMANDLINE_ARGS="--xformers --ckpt-dir ${{BIG}}/ckpt --lora-dir=\'{spaced}\' --medvram '
            f'--forge-ref-a1111-home {shared.parent} --vae-dir $(touch {tmp_path}/owned)"\n'
        )
        program, inner = found(root)
        assert program == "a1111"
        assert inner == {root / "models", root / "embeddings", big, spaced, shared}
        assert not (tmp_path / "owned").exists()

    @pytest.mark.parametrize("line", [
        'export COMMANDLINE_ARGS="--ckpt-dir \\"{folder}\\" --xformers"', "export COMMANDLINE_ARGS=--ckpt-dir={folder}",
        'set "COMMANDLINE_ARGS=--ckpt-dir \'{folder}\'"', "COMMANDLINE_ARGS='--ckpt-dirs \"{folder}\"'",
    ])
    def test_however_the_flags_are_quoted(self, line: str, tmp_path: Path) -> None:
        (root, _) = folders(tmp_path, "webui", "webui/models/Stable-diffusion")
        (big,) = folders(tmp_path, "big" if "=--" in line else "big one")
        (root / "webui-user.sh").write_text(line.format(folder=big) + "\n")
        assert found(root) == ("a1111", {root / "models", big})

    def test_windows_start_scripts_and_sd_next(self, tmp_path: Path) -> None:
        root, *_ = folders(tmp_path, "webui", "webui/modules")
        big, diffusers = folders(tmp_path, "big", "sdnext")
        (root / "webui.py").write_text("raise SystemExit")
        (root / "webui-user.bat").write_text(
            f"@echo off\r\n@REM set COMMANDLINE_ARGS=--ckpt-dir /\r\nset HOME2={big}\r\n"
            "set COMMANDLINE_ARGS=--ckpt-dir %HOME2%\r\ncall webui.bat\r\n"
        )
        (root / "config.json").write_text(json.dumps({"diffusers_dir": str(diffusers), "lora_dir": 3, "te_dir": ""}))
        assert found(root) == ("a1111", {big, diffusers})


class TestFooocus:
    def test_folders_of_its_config(self, tmp_path: Path) -> None:
        root, *_ = folders(tmp_path, "Fooocus", "Fooocus/models/checkpoints")
        first, second, loras = folders(tmp_path, "a", "b", "Fooocus/other")
        (root / "fooocus_version.py").write_text("version = '2'")
        told = {"path_checkpoints": [str(first), str(second), "/none"], "path_loras": "other", "path_outputs": "/tmp"}
        (root / "config.txt").write_text(json.dumps(told))
        assert found(root) == ("fooocus", {root / "models", first, second, loras})
        assert found(tmp_path)[0] == "fooocus"  # the packed folder around it

    def test_a_broken_config_is_one_line(self, tmp_path: Path) -> None:
        root, *_ = folders(tmp_path, "Fooocus", "Fooocus/models")
        (root / "config_modification_tutorial.txt").write_text("")
        (root / "config.txt").write_text("{broken")
        place = recognise_place(root)
        assert (place.program, place.folders) == ("fooocus", (root / "models",))
        assert "config.txt is not JSON" in place.problems[0][1]

    def test_anybodys_config_txt_is_not_fooocus(self, tmp_path: Path) -> None:
        (tmp_path / "config.txt").write_text('{"colour": "red"}')
        assert recognise_place(tmp_path).program == "folder"


class TestSwarm:
    @pytest.mark.parametrize("indent", ["\t", "    ", "  "])
    def test_folders_of_its_settings(self, indent: str, tmp_path: Path) -> None:
        root, models, inner, backend = folders(tmp_path, "SwarmUI", "SwarmUI/Models", "SwarmUI/Models/Lora",
                                               "SwarmUI/dlbackend/ComfyUI/models")
        far, vae, _ = folders(tmp_path, "far", "vae", "SwarmUI/Data")
        lines = ["#Settings", "IsInstalled: true", "Paths:", f"{indent}#where", f"{indent}ModelRoot: Models;{far}",
                 f"{indent}SDLoraFolder: Lora", f"{indent}SDVAEFolder: {vae}", f"{indent}SDModelFolder: \\x",
                 "Server:", f"{indent}ModelRoot: /"]
        (root / "Data" / "Settings.fds").write_text("\n".join(lines))
        assert found(root) == ("swarmui", {models, far, vae, backend})
        assert inner.is_dir()

    def test_without_settings_it_is_known_by_its_solution(self, tmp_path: Path) -> None:
        folders(tmp_path, "Models/Stable-Diffusion")
        (tmp_path / "SwarmUI.sln").write_text("")
        assert found(tmp_path) == ("swarmui", {tmp_path / "Models"})

    def test_its_text_format(self) -> None:
        text = "a: 1\nb:\n\tc: D:\\sx\\sy\n\td:\n\t\te: two words\n\t- item\nf: \\x\n: none\nnot a line\n" + "x:\n" * 99
        assert parse_fds(text) == {"a": "1", "b.c": "D:\\x\\y", "b.d.e": "two words", "f": ""}


def database(path: Path, table: str, *configs: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with sqlite3.connect(path) as opened:
        opened.execute(f"CREATE TABLE {table} (id TEXT, config TEXT)")
        opened.executemany(f"INSERT INTO {table} VALUES (?, ?)",
                           [(str(number), config if isinstance(config, str) else json.dumps(config))
                            for number, config in enumerate(configs)])
    opened.close()


class TestInvoke:
    @pytest.mark.parametrize("table", ["models", "model_config"])
    def test_models_elsewhere_and_the_names_people_see(self, table: str, tmp_path: Path) -> None:
        root = tmp_path / "invoke"
        inside = save(root / "models" / "abc-123" / "m.safetensors", SD)
        outside = save(tmp_path / "far" / "x.safetensors", SDXL)
        database(root / "databases" / "invokeai.db", table,
                 {"path": "abc-123/m.safetensors", "name": "My Dream"}, {"path": str(outside), "name": "Far One"},
                 {"path": "/none/y.safetensors", "name": "gone"}, {"name": "no path"}, "{broken", "[]", "x" * 400_000)
        before = {file: file.read_bytes() for file in root.rglob("*") if file.is_file()}
        catalogue = Catalogue()
        assert catalogue.add(root).program == "invoke"
        assert catalogue.find("my dream").path == inside
        assert catalogue.find("Far One").path == outside
        assert {model.path for model in catalogue.models("checkpoint")} >= {inside, outside}
        assert {file: file.read_bytes() for file in root.rglob("*") if file.is_file()} == before
        assert Catalogue().find("My Dream").path == inside

    def test_settings_old_and_new(self, tmp_path: Path) -> None:
        first, second, far = folders(tmp_path, "one", "two", "far")
        folders(tmp_path, "one/databases", "two/models", "far/databases")
        (first / "invokeai.yaml").write_text(f"schema_version: 4.0.2\nmodels_dir: {far}\n")
        assert found(first) == ("invoke", {far})
        (second / "invokeai.yaml").write_text(f"InvokeAI:\n  Paths:\n    autoimport_dir: {far}\n")
        assert found(second) == ("invoke", {second / "models", far})

    def test_the_list_of_version_two(self, tmp_path: Path) -> None:
        (tmp_path / "invokeai.init").write_text("")
        folders(tmp_path, "models", "configs")
        outside = save(tmp_path.parent / f"{tmp_path.name}-far" / "x.safetensors", SD)
        (tmp_path / "configs" / "models.yaml").write_text(f"dream:\n  weights: {outside}\n  vae: models/none.pt\n")
        assert found(tmp_path) == ("invoke", {tmp_path / "models", outside})

    @pytest.mark.parametrize("harm", ["no database", "a view without end", "a missing column"])
    def test_a_hostile_database_is_one_line_or_nothing(self, harm: str, tmp_path: Path) -> None:
        folders(tmp_path, "models", "databases")
        path = tmp_path / "databases" / "invokeai.db"
        if harm == "no database":
            path.write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
        else:
            with sqlite3.connect(path) as opened:
                if harm == "a missing column":
                    opened.execute("CREATE TABLE models (id TEXT)")
                else:
                    opened.execute("CREATE VIEW models AS WITH RECURSIVE n(config) AS (SELECT 'x' UNION ALL SELECT "
                                   "config || 'x' FROM n) SELECT config FROM n")
            opened.close()
        place = recognise_place(tmp_path)
        assert (place.program, place.folders) == ("invoke", (tmp_path / "models",))
        assert len(place.problems) == (0 if harm == "a view without end" else 1)
        assert all("cannot be read" in why and "\n" not in why for _, why in place.problems)


def test_stability_matrix(tmp_path: Path) -> None:
    (models,) = folders(tmp_path, "Data/Models/StableDiffusion")
    assert found(tmp_path) == ("stability-matrix", {models.parent})


def test_portable_comfyui_and_its_desktop_settings(tmp_path: Path) -> None:
    folders(tmp_path, "ComfyUI/models/checkpoints", "ComfyUI/custom_nodes")
    (big,) = folders(tmp_path, "big")
    (tmp_path / "ComfyUI" / "extra_models_config.yaml").write_text(f"desktop:\n  checkpoints: {big}\n")
    assert found(tmp_path) == ("comfyui", {tmp_path / "ComfyUI" / "models", big})


@pytest.mark.parametrize("text", ["//server/share", "\\\\server\\share", "/"])
def test_strangers_servers_and_whole_disks_are_not_looked_into(text: str, tmp_path: Path) -> None:
    folders(tmp_path, "models/checkpoints")
    (tmp_path / "fooocus_version.py").write_text("")
    (tmp_path / "config.txt").write_text(json.dumps({"path_checkpoints": text}))
    place: Place = recognise_place(tmp_path)
    assert place.folders == (tmp_path / "models",)
    assert len(place.problems) == 1
    catalogue = Catalogue()
    catalogue.add(tmp_path)
    assert any("config.txt names" in problem.why for problem in catalogue.problems())


def test_strangers_servers_in_invokes_settings_are_not_touched(tmp_path: Path,
                                                              monkeypatch: pytest.MonkeyPatch) -> None:
    folders(tmp_path, "models", "databases")
    (tmp_path / "invokeai.yaml").write_text("models_dir: //server/one\ndb_dir: //server/two\n"
                                            "autoimport_dir: \\\\server\\three\n")
    looked: list[str] = []
    real = Path.stat
    monkeypatch.setattr(Path, "stat", lambda self, **how: looked.append(str(self)) or real(self, **how))
    place = recognise_place(tmp_path)
    assert looked and not [path for path in looked if path.startswith("//")]
    assert place.program == "invoke" and place.folders == ()
    assert len(place.problems) == 3 and all("lies on the network" in why for _, why in place.problems)


def test_settings_that_double_themselves_are_one_line(tmp_path: Path) -> None:
    folders(tmp_path, "models/checkpoints", "custom_nodes")
    doubled = "".join(f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}\n" for n in range(1, 13))
    (tmp_path / "extra_model_paths.yaml").write_text("a0: &a0 {checkpoints: far}\n" + doubled)
    with pytest.raises(ModelError, match=r"not YAML that can be read \(merge keys"):
        recognise_place(tmp_path)


def test_folders_named_twice_are_looked_into_once(tmp_path: Path) -> None:
    save(tmp_path / "models" / "Lora" / "ink.safetensors", lora(ATTENTION, 768))
    folders(tmp_path, "models/Stable-diffusion")
    (tmp_path / "models" / "Lora" / "old.ckpt").write_bytes(b"PK\x03\x04")
    (tmp_path / "webui-user.sh").write_text(f'export COMMANDLINE_ARGS="--lora-dir {tmp_path}/models/Lora"\n')
    catalogue = Catalogue()
    assert catalogue.add(tmp_path).folders == (tmp_path / "models",)
    catalogue.add(tmp_path / "models" / "Lora")
    assert len(catalogue.models("lora")) == 1
    assert len([problem for problem in catalogue.problems() if problem.path.name == "old.ckpt"]) == 1
