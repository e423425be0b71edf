"""Loading: the same weights come back from every layout, and what cannot be loaded says why."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from diffusers import AutoencoderTiny
from kit.ldm_layout import clip_to_ldm, sd3_to_ldm, vae_to_ldm
from kit.tiny_folders import save_file_layout, save_flow_folder, save_folder, tiny_parts, tiny_vae
from kit.tiny_models import tiny_components
from safetensors.torch import save_file

from underpaint.engine.components import Components
from underpaint.engine.families.autoencoder_unshuffle import AutoencoderUnshuffle
from underpaint.engine.families.building import Dtypes
from underpaint.engine.families.loading import load_components, probe_prediction
from underpaint.errors import ModelError
from underpaint.models import describe

PARTS = {
    "sd": ("unet", "vae", "text_encoder"),
    "sd2": ("unet", "vae", "text_encoder"),
    "sdxl": ("unet", "vae", "text_encoder", "text_encoder_2"),
}


@pytest.fixture(autouse=True)
def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    monkeypatch.setenv("UNDERPAINT_HOME", str(home))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    return home


def by_name(components: Components) -> dict[str, torch.nn.Module]:
    found = {"unet": components.denoiser, "vae": components.vae}
    names = ("text_encoder", "text_encoder_2")
    return found | dict(zip(names, components.text_encoders, strict=False))


def assert_same_weights(found: torch.nn.Module, wanted: torch.nn.Module) -> None:
    left, right = found.state_dict(), wanted.state_dict()
    assert left.keys() == right.keys()
    different = [key for key in left if not torch.equal(left[key], right[key])]
    assert not different


@pytest.mark.parametrize("family", ["sd", "sd2", "sdxl"])
def test_a_folder_and_a_single_file_load_to_the_same_weights(family: str, tmp_path: Path) -> None:
    parts = tiny_parts(family)
    folder = save_folder(tmp_path / "folder", family, parts)
    path = save_file_layout(tmp_path / "one.safetensors", family, parts)
    from_folder = load_components(describe(folder), prediction="epsilon")
    from_file = load_components(describe(path), config=folder, prediction="epsilon")
    for components in (from_folder, from_file):
        loaded = by_name(components)
        assert tuple(loaded) == PARTS[family]
        for name in PARTS[family]:
            assert_same_weights(loaded[name], parts[name])
            assert not any(weight.is_meta for weight in loaded[name].state_dict().values())
            assert not any(buffer.is_meta for buffer in loaded[name].buffers())
            assert not loaded[name].training
    assert from_folder.family == (family if family != "sd2" else "sd")  # a tiny width says nothing of SD 2
    assert from_file.family == family
    assert from_file.denoiser.config.cross_attention_dim == parts["unet"].config.cross_attention_dim
    assert from_file.tokenizers[0]("a cat").input_ids == from_folder.tokenizers[0]("a cat").input_ids


def single(tmp_path: Path, family: str = "sd", **extra: torch.Tensor) -> tuple[Path, Path]:
    """A single file and the folder with its configurations, of one tiny model."""
    parts = tiny_parts(family)
    folder = save_folder(tmp_path / "folder", family, parts)
    return save_file_layout(tmp_path / "one.safetensors", family, parts, **extra), folder


def test_an_inpainting_file_keeps_its_nine_channels(tmp_path: Path) -> None:
    parts = tiny_parts("sd", channels_in=9)
    folder = save_folder(tmp_path / "folder", "sd", tiny_parts("sd"))
    path = save_file_layout(tmp_path / "fill.safetensors", "sd", parts)
    known = describe(path)
    assert known.can("fill_channels")
    loaded = load_components(known, config=folder)
    assert loaded.denoiser_channels == 9
    assert (loaded.latent_channels, loaded.latent_scale) == (4, 2)


@pytest.mark.parametrize("layout", ["ldm file", "ldm file with prefix", "diffusers file", "diffusers folder"])
def test_another_vae_takes_the_place_of_the_models_own(layout: str, tmp_path: Path) -> None:
    path, folder = single(tmp_path)
    torch.manual_seed(9)
    other = tiny_vae()
    place = tmp_path / "other.safetensors"
    if layout == "diffusers folder":
        other.save_pretrained(tmp_path / "other")
        place = tmp_path / "other"
    else:
        tensors = other.state_dict() if layout == "diffusers file" else vae_to_ldm(other)
        prefix = "first_stage_model." if "prefix" in layout else ""
        save_file({prefix + key: value.contiguous().clone() for key, value in tensors.items()}, place)
    vae = describe(place)
    assert vae.kind == "vae"
    from_file = load_components(describe(path), config=folder, vae=vae)
    from_folder = load_components(describe(folder), vae=vae)
    assert_same_weights(from_file.vae, other)
    assert_same_weights(from_folder.vae, other)


def test_a_single_vae_file_keeps_the_models_scale(tmp_path: Path) -> None:
    parts = tiny_parts()
    parts["vae"].register_to_config(scaling_factor=0.13025)
    folder = save_folder(tmp_path / "folder", parts=parts)
    save_file(vae_to_ldm(tiny_vae()), tmp_path / "other.safetensors")
    loaded = load_components(describe(folder), vae=describe(tmp_path / "other.safetensors"))
    assert loaded.vae.config.scaling_factor == 0.13025


def test_a_vae_for_other_latents_is_refused(tmp_path: Path) -> None:
    _, folder = single(tmp_path)
    tiny_vae(latent_channels=16).save_pretrained(tmp_path / "wide")
    with pytest.raises(ModelError, match="VAE wide is for latents of 16 channels, the model has 4"):
        load_components(describe(folder), vae=describe(tmp_path / "wide"))


@pytest.mark.parametrize("layout", ["file", "folder"])
def test_a_tiny_autoencoder_can_be_the_vae(layout: str, tmp_path: Path) -> None:
    _, folder = single(tmp_path)
    tiny = AutoencoderTiny().eval()
    tiny.save_pretrained(tmp_path / "taesd")
    place = tmp_path / "taesd"
    if layout == "file":
        place = tmp_path / "taesd.safetensors"
        shutil.copy(tmp_path / "taesd" / "diffusion_pytorch_model.safetensors", place)
    known = describe(place)
    assert (known.kind, known.latent_channels) == ("tiny_vae", 4)
    loaded = load_components(describe(folder), vae=known)
    assert_same_weights(loaded.vae, tiny)
    assert isinstance(loaded.vae, AutoencoderTiny)


def test_markers_in_the_file_reach_the_scheduler(tmp_path: Path) -> None:
    path, folder = single(tmp_path, v_pred=torch.zeros(0), ztsnr=torch.zeros(0))
    known = describe(path)
    assert (known.prediction, known.zero_terminal_snr) == ("v_prediction", True)
    assert "v_pred" in known.prediction_said
    loaded = load_components(known, config=folder)
    assert loaded.prediction == "v_prediction"
    wanted = {"prediction_type": "v_prediction", "rescale_betas_zero_snr": True, "timestep_spacing": "trailing"}
    assert {key: loaded.scheduler_config[key] for key in wanted} == wanted


def test_a_person_may_override_the_prediction(tmp_path: Path) -> None:
    _, folder = single(tmp_path)
    loaded = load_components(describe(folder), prediction="v_prediction")
    assert (loaded.prediction, loaded.scheduler_config["prediction_type"]) == ("v_prediction", "v_prediction")


class _GivesBack(torch.nn.Module):
    """A perfect predictor at the last step: the noise itself, or minus a picture that has nothing to do with it."""

    def __init__(self, noise: bool) -> None:
        super().__init__()
        self.noise, self.weight = noise, torch.nn.Parameter(torch.zeros(1))
        self.config = {"in_channels": 4}

    def forward(self, sample, timestep, **words):
        return SimpleNamespace(sample=0.997 * sample if self.noise else -torch.roll(sample, 1, dims=-1))


@pytest.mark.parametrize(("noise", "wanted"), [(True, "epsilon"), (False, "v_prediction")])
def test_one_probing_step_tells_noise_from_velocity(noise: bool, wanted: str, tmp_path: Path) -> None:
    path, folder = single(tmp_path, "sd2")
    known = describe(path)
    assert known.prediction is None
    assert "probing" in known.prediction_said
    loaded = load_components(known, config=folder, prediction="epsilon")
    assert probe_prediction(loaded.with_(denoiser=_GivesBack(noise))) == wanted
    assert load_components(known, config=folder).prediction == "v_prediction"  # random weights give no noise back


def test_sdxl_keeps_its_vae_in_fp32_under_fp16(tmp_path: Path) -> None:
    path, folder = single(tmp_path, "sdxl")
    for loaded in (
        load_components(describe(folder), dtype=torch.float16),
        load_components(describe(path), dtype=torch.float16, config=folder),
    ):
        assert loaded.denoiser.dtype == torch.float16
        assert loaded.text_encoders[1].dtype == torch.float16
        assert loaded.vae.dtype == torch.float32
        assert loaded.force_zeros_for_empty_prompt


def test_each_part_may_have_its_own_dtype(tmp_path: Path) -> None:
    path, folder = single(tmp_path)
    wanted = Dtypes(denoiser=torch.bfloat16)
    for loaded in (load_components(describe(folder), dtype=wanted),
                   load_components(describe(path), dtype=wanted, config=folder)):
        assert loaded.denoiser.dtype == torch.bfloat16
        assert loaded.vae.dtype == loaded.text_encoders[0].dtype == torch.float32


def test_our_own_autoencoder_is_known_by_its_name(tmp_path: Path) -> None:
    parts = tiny_parts()
    parts["vae"] = AutoencoderUnshuffle(latent_channels=4, encoder_widths=(8, 8), decoder_widths=(8, 8))
    folder = save_folder(tmp_path / "folder", parts=parts)
    loaded = load_components(describe(folder))
    assert isinstance(loaded.vae, AutoencoderUnshuffle)
    assert_same_weights(loaded.vae, parts["vae"])


@pytest.mark.parametrize("family", ["sd3", "flux"])
def test_flow_families_load_from_folders(family: str, tmp_path: Path) -> None:
    wanted = tiny_components(family)
    folder = save_flow_folder(tmp_path / family, wanted)
    known = describe(folder)
    assert (known.family, known.prediction, known.size_step) == (family, "flow", 4)
    loaded = load_components(known)
    assert_same_weights(loaded.denoiser, wanted.denoiser)
    for found, given in zip(loaded.text_encoders, wanted.text_encoders, strict=True):
        assert (found is None) == (given is None)
        if given is not None:
            assert_same_weights(found, given)
    assert [tokenizer is None for tokenizer in loaded.tokenizers] == [given is None for given in wanted.text_encoders]
    assert loaded.is_flow
    assert "prediction_type" not in loaded.scheduler_config


def test_sd3_in_a_single_file_without_t5(tmp_path: Path) -> None:
    wanted = tiny_components("sd3")
    folder = save_flow_folder(tmp_path / "sd3", wanted)
    first, second, _ = wanted.text_encoders
    tensors = {f"model.diffusion_model.{key}": value for key, value in sd3_to_ldm(wanted.denoiser).items()}
    tensors |= {f"first_stage_model.{key}": value for key, value in vae_to_ldm(wanted.vae).items()}
    tensors |= clip_to_ldm(first, "text_encoders.clip_l.transformer.")
    tensors |= clip_to_ldm(second, "text_encoders.clip_g.transformer.")
    tensors = {key.replace("text_model.text_projection", "text_projection"): value for key, value in tensors.items()}
    save_file({key: value.contiguous().clone() for key, value in tensors.items()}, tmp_path / "one.safetensors")
    known = describe(tmp_path / "one.safetensors")
    assert (known.family, known.prediction) == ("sd3", "flow")
    loaded = load_components(known, config=folder)
    assert_same_weights(loaded.denoiser, wanted.denoiser)
    assert_same_weights(loaded.vae, wanted.vae)
    for found, given in zip(loaded.text_encoders[:2], (first, second), strict=True):
        assert_same_weights(found, given)
    assert loaded.text_encoders[2] is loaded.tokenizers[2] is None
    assert loaded.scheduler_config["shift"] == 3.0
