"""Which branch a file comes from and by whose word, and what can honestly be said about a LoRA on a model."""

import json
from pathlib import Path

import pytest
from headers import ATTENTION, SD, SD2, SDXL, Shapes, lora, save

from underpaint.errors import ModelError
from underpaint.models import ModelDescription, check_network, describe

XL = "lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k"


def model(path: Path, shapes: Shapes = SDXL, **metadata: str) -> ModelDescription:
    return describe(save(path, shapes, **metadata))


def ink(path: Path, **metadata: str) -> ModelDescription:
    return describe(save(path, lora(XL, 2048), **metadata))


def levels(checkpoint: ModelDescription, network: ModelDescription) -> list[str]:
    return [finding.level for finding in check_network(checkpoint, network)]


@pytest.mark.parametrize(
    ("metadata", "branch", "said"),
    [
        ({"ss_sd_model_name": "ponyDiffusionV6XL_v6.safetensors"}, "Pony", "ss_sd_model_name"),
        ({"ss_sd_model_name": "Illustrious-XL-v0.1.safetensors"}, "Illustrious", "ss_sd_model_name"),
        ({"ss_sd_model_name": "noobaiXLNAIXL_vPred10.safetensors"}, "NoobAI", "ss_sd_model_name"),
        ({"ss_sd_model_name": "animagine-xl-3.1.safetensors"}, "Animagine", "ss_sd_model_name"),
        ({"ss_sd_model_name": "sd_xl_base_1.0.safetensors"}, "SDXL base", "ss_sd_model_name"),
        ({"ss_sd_model_name": "sdXL_v10VAEFix.safetensors"}, "SDXL base", "ss_sd_model_name"),
        ({"ss_sd_model_name": "realisticSDXL_v10.safetensors"}, "", ""),
        ({"ss_base_model_version": "sdxl_base_v1-0"}, "", ""),
        ({"modelspec.architecture": "stable-diffusion-xl-v1-base/lora"}, "", ""),
        ({"ss_tag_frequency": json.dumps({"a": {"score_9, score_8_up": 40, "cat": 2}})}, "Pony", "words it was"),
        ({"ss_tag_frequency": json.dumps({"a": {"high score": 4}})}, "", ""),
        ({}, "", ""),
    ],
)  # fmt: skip
def test_a_loras_branch_by_its_metadata(metadata: dict[str, str], branch: str, said: str, tmp_path: Path) -> None:
    known = ink(tmp_path / "ink.safetensors", **metadata)
    assert (known.family, known.branch) == ("sdxl", branch)
    assert said in known.branch_said


@pytest.mark.parametrize(
    ("name", "content", "branch"),
    [
        ("ink.civitai.info", {"baseModel": "Pony"}, "Pony"),
        ("ink.cm-info.json", {"BaseModel": "Illustrious"}, "Illustrious"),
        ("ink.metadata.json", {"base_model": "NoobAI"}, "NoobAI"),
        ("ink.json", {"sd version": "SDXL"}, ""),
        ("ink.json", {"baseModel": "SDXL 1.0"}, "SDXL base"),
        ("ink.json", ["Pony"], ""),
        ("ink.civitai.info", {"baseModel": 3}, ""),
    ],
)
def test_a_loras_branch_by_what_lies_beside_it(name: str, content: object, branch: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(json.dumps(content))
    assert ink(tmp_path / "ink.safetensors").branch == branch


def test_a_strangers_words_cannot_move_the_cursor(tmp_path: Path) -> None:
    known = ink(tmp_path / "ink.safetensors", ss_sd_model_name="pony\x1b[2J\n\u202e" + "x" * 500)
    assert known.branch_said == "its metadata (ss_sd_model_name): pony[2J" + "x" * 70


def test_sidecars_that_are_broken_or_huge_say_nothing(tmp_path: Path) -> None:
    (tmp_path / "ink.civitai.info").write_text("{")
    (tmp_path / "ink.json").write_text('{"baseModel": "Pony", "x": "' + "y" * 3_000_000 + '"}')
    assert ink(tmp_path / "ink.safetensors").branch == ""


def test_a_checkpoints_branch(tmp_path: Path) -> None:
    assert model(tmp_path / "ponyRealism.safetensors").branch_said == "the name of the file"
    merged = json.dumps({"a" * 64: {"name": "illustriousXL.safetensors"}})
    known = model(tmp_path / "mix.safetensors", sd_merge_models=merged)
    assert (known.branch, "merged from" in known.branch_said) == ("Illustrious", True)
    assert model(tmp_path / "sdxl base 1.0.safetensors").branch == ""
    assert model(tmp_path / "x.safetensors", **{"modelspec.title": "My Pony Mix"}).branch == "Pony"


def test_families_and_widths_are_refused(tmp_path: Path) -> None:
    sd, sd2, xl = (model(tmp_path / f"{name}.safetensors", shapes)
                   for name, shapes in (("sd", SD), ("sd2", SD2), ("xl", SDXL)))
    small = describe(save(tmp_path / "small.safetensors", lora(ATTENTION, 768)))
    cat = describe(save(tmp_path / "cat.safetensors", {"emb_params": (2, 768)}))
    assert levels(sd, small) == []
    (found,) = check_network(sd2, small)
    assert found.level == "refused"
    assert found.text == "small is for Stable Diffusion 1.x, sd2 is Stable Diffusion 2.x"
    assert levels(xl, small) == levels(xl, cat) == levels(sd2, cat) == ["refused"]
    assert levels(sd, cat) == []
    narrow = describe(save(tmp_path / "narrow.safetensors", lora(ATTENTION, 160)))
    (found,) = check_network(sd, narrow)
    assert "another width (160; sd, Stable Diffusion 1.x, has 768)" in found.text
    glora = describe(save(tmp_path / "g.safetensors", {f"{ATTENTION}.a1.weight": (2, 768)}))
    assert "not supported: GLoRA" in check_network(sd, glora)[0].text


@pytest.mark.parametrize(
    ("trained", "name", "wanted"),
    [
        ("ponyDiffusionV6XL", "illustriousMix", ["warning"]),
        ("sd_xl_base_1.0", "ponyRealism", ["warning"]),
        ("Illustrious-XL-v1", "noobEps", ["note"]),
        ("ponyDiffusionV6XL", "ponyRealism", ["note"]),
        ("ponyDiffusionV6XL", "dreamy", ["warning"]),
        ("", "ponyRealism", ["note"]),
        ("", "dreamy", ["note"]),
        ("noobaiXLNAIXL_vPred10", "noobMix", ["warning", "note"]),
    ],
)
def test_branches_of_sdxl(trained: str, name: str, wanted: list[str], tmp_path: Path) -> None:
    network = ink(tmp_path / "ink.safetensors", **({"ss_sd_model_name": trained} if trained else {}))
    checkpoint = model(tmp_path / f"{name}.safetensors")
    assert levels(checkpoint, network) == wanted
    assert all("\n" not in finding.text for finding in check_network(checkpoint, network))


def test_velocity_on_noise(tmp_path: Path) -> None:
    checkpoint = model(tmp_path / "xl.safetensors", SDXL | {"v_pred": ()})
    eps = ink(tmp_path / "eps.safetensors", **{"modelspec.prediction_type": "epsilon"})
    found = check_network(checkpoint, eps)[0]
    assert found.level == "warning"
    assert "predicts noise (its metadata (modelspec.prediction_type)), xl predicts velocity" in found.text
    assert levels(checkpoint, ink(tmp_path / "v.safetensors", ss_v_parameterization="True")) == ["note"]


def test_trained_on_exactly_this_model(tmp_path: Path) -> None:
    network = ink(tmp_path / "ink.safetensors", ss_new_sd_model_hash="AB" * 32)
    checkpoint = model(tmp_path / "xl.safetensors").with_(sha256="ab" * 32)
    assert any("exactly this model" in finding.text for finding in check_network(checkpoint, network))


def test_the_wrong_way_round(tmp_path: Path) -> None:
    checkpoint, network = model(tmp_path / "xl.safetensors"), ink(tmp_path / "ink.safetensors")
    with pytest.raises(ModelError, match="ink is a LoRA, not a checkpoint"):
        check_network(network, checkpoint)
    with pytest.raises(ModelError, match="xl is a checkpoint, neither a LoRA"):
        check_network(checkpoint, checkpoint)
