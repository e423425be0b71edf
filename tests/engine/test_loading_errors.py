"""What cannot be loaded: one clear line, with the way out, for every part that may be wrong."""

import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from kit.tiny_folders import save_file_layout, save_folder, save_tokenizer, tiny_parts, tiny_vocabulary
from safetensors.torch import load_file, save_file

from underpaint.engine.families.loading import load_components
from underpaint.engine.families.tokenizing import load_tokenizer
from underpaint.errors import ModelError
from underpaint.models import Catalogue, describe
from underpaint.models.tokenizers import CLIP_PIECES, find_tokenizer, pieces_in, write_clip_vocabulary

WEIGHTS = "diffusion_pytorch_model.safetensors"


@pytest.fixture(autouse=True)
def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    monkeypatch.setenv("UNDERPAINT_HOME", str(home))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    monkeypatch.setattr("sys.path", [])
    return home


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("made")
    parts = tiny_parts()
    save_folder(root / "folder", parts=parts)
    save_file_layout(root / "one.safetensors", "sd", parts)
    return root


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made / "folder", tmp_path / "folder")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def pickled(path: Path) -> None:
    path.with_suffix(".bin").write_bytes(b"PK\x03\x04 not opened")
    path.unlink()


def without_a_weight(path: Path) -> None:
    tensors = load_file(path)
    tensors.pop(sorted(tensors)[0])
    save_file(tensors, path)


def with_a_stranger(path: Path) -> None:
    save_file(load_file(path) | {"stranger.weight": torch.zeros(2)}, path)


def of_another_shape(path: Path) -> None:
    tensors = load_file(path)
    key = sorted(tensors)[0]
    save_file(tensors | {key: torch.zeros(3, 3)}, path)


@pytest.mark.parametrize("part", ["unet", "vae"])
@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (cut, "is cut off: its header promises"),
        (pickled, "is a pickle, which is always refused"),
        (without_a_weight, "1 weights of .* are missing"),
        (with_a_stranger, r"1 weights are no part of .*: stranger\.weight"),
        (of_another_shape, r"has shape \(3, 3\), not"),
        (Path.unlink, "holds no weights"),
    ],
)
def test_a_harmed_part_is_named(part: str, harm: Callable[[Path], None], said: str, folder: Path) -> None:
    harm(folder / part / WEIGHTS)
    with pytest.raises(ModelError, match=said) as told:
        load_components(describe(folder))
    assert told.value.hint


@pytest.mark.parametrize(
    ("harm", "said"), [(cut, "is cut off"), (pickled, "always refused"), (without_a_weight, "weights of text_encoder")]
)
def test_a_harmed_text_encoder_is_named(harm: Callable[[Path], None], said: str, folder: Path) -> None:
    harm(folder / "text_encoder" / "model.safetensors")
    with pytest.raises(ModelError, match=said):
        load_components(describe(folder))


def test_code_in_a_model_folder_is_never_run(folder: Path, tmp_path: Path) -> None:
    config = json.loads((folder / "unet" / "config.json").read_text())
    (folder / "unet" / "config.json").write_text(json.dumps(config | {"_class_name": "Mine", "auto_map": "mine.Mine"}))
    (folder / "unet" / "mine.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    with pytest.raises(ModelError, match="holds a 'Mine', which Underpaint does not know"):
        load_components(describe(folder))
    assert not (tmp_path / "ran").exists()


def test_a_damaged_tokenizer_is_named(folder: Path) -> None:
    (folder / "tokenizer" / "merges.txt").write_text("a\n")
    with pytest.raises(ModelError, match=r"tokenizer in .* cannot be read"):
        load_tokenizer(folder / "tokenizer")


def test_a_lora_is_no_model_to_paint_with(tmp_path: Path) -> None:
    tensors = {"lora_unet_a.lora_down.weight": torch.zeros(2, 4), "lora_unet_a.lora_up.weight": torch.zeros(4, 2)}
    save_file(tensors, tmp_path / "ink.safetensors")
    with pytest.raises(ModelError, match=r"ink\.safetensors is a LoRA, not a model to paint with"):
        load_components(describe(tmp_path / "ink.safetensors"))


def test_an_unknown_prediction_type_asks_for_one(tmp_path: Path) -> None:
    folder = save_folder(tmp_path / "odd", prediction_type="sample")
    with pytest.raises(ModelError, match=r"what odd predicts is not known: .* says 'sample'.*--prediction"):
        load_components(describe(folder))
    assert load_components(describe(folder), prediction="epsilon").prediction == "epsilon"


def test_a_denoiser_with_strange_inputs_is_refused(tmp_path: Path) -> None:
    folder = save_folder(tmp_path / "depth", parts=tiny_parts(channels_in=5))
    with pytest.raises(ModelError, match="depth takes 5 channels, which Underpaint cannot fill"):
        load_components(describe(folder))


def test_a_single_file_of_unusual_size_says_so(made: Path) -> None:
    with pytest.raises(ModelError, match=r"text encoder (has shape|are missing|of the)|weights of text encoder"):
        load_components(describe(made / "one.safetensors"))


def test_parts_that_a_single_file_lacks_are_named(tmp_path: Path) -> None:
    parts = tiny_parts()
    folder = save_folder(tmp_path / "folder", parts=parts)
    parts.pop("vae")
    path = save_file_layout(tmp_path / "bare.safetensors", "sd", parts)
    with pytest.raises(ModelError, match=r"bare\.safetensors holds no VAE.*--vae"):
        load_components(describe(path), config=folder)
    denoiser = {key: value for key, value in load_file(path).items() if key.startswith("model.")}
    save_file(denoiser, path)
    with pytest.raises(ModelError, match="holds a denoiser without its text encoders"):
        load_components(describe(path), config=folder)


def test_refiners_and_flux_files_are_refused_in_words(tmp_path: Path) -> None:
    unet = {"model.diffusion_model.input_blocks.0.0.weight": torch.zeros(8, 4, 3, 3)}
    refiner = unet | {"conditioner.embedders.0.model.text_projection": torch.zeros(4, 4)}
    save_file(refiner, tmp_path / "refiner.safetensors")
    with pytest.raises(ModelError, match="SDXL refiners cannot be painted with yet"):
        load_components(describe(tmp_path / "refiner.safetensors"))
    save_file({"double_blocks.0.img_attn.qkv.weight": torch.zeros(4, 4)}, tmp_path / "flux.safetensors")
    with pytest.raises(ModelError, match=r"Flux\.1 in a single file cannot be painted with yet.*diffusers folder"):
        load_components(describe(tmp_path / "flux.safetensors"))


def test_a_single_file_without_a_vocabulary_says_where_to_put_one(made: Path, folder: Path, empty_home: Path) -> None:
    shutil.rmtree(folder / "tokenizer")
    with pytest.raises(ModelError, match="brings no vocabulary") as told:
        load_components(describe(made / "one.safetensors"), config=folder)
    assert str(empty_home / "tokenizer") in str(told.value)
    save_tokenizer(empty_home / "tokenizer")
    loaded = load_components(describe(made / "one.safetensors"), config=folder)
    assert loaded.tokenizers[0]("a cat", add_special_tokens=False).input_ids == [26, 53]


def test_a_vocabulary_is_found_in_other_programs(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pieces = len(tiny_vocabulary())
    Catalogue().add(made)
    assert find_tokenizer(pieces) == made / "folder" / "tokenizer"
    Catalogue().remove(made)
    comfy = tmp_path / "ComfyUI"
    (comfy / "models" / "checkpoints").mkdir(parents=True)
    save_tokenizer(comfy / "comfy" / "sd1_tokenizer")
    Catalogue().add(comfy)
    assert find_tokenizer(pieces) == comfy / "comfy" / "sd1_tokenizer"
    Catalogue().remove(comfy)
    snapshot = tmp_path / "hub" / "hub" / "models--owner--name" / "snapshots" / "1"
    save_tokenizer(snapshot / "tokenizer")
    assert find_tokenizer(pieces) == snapshot / "tokenizer"
    with pytest.raises(ModelError, match="brings no vocabulary"):
        find_tokenizer(pieces + 1)


def test_the_published_list_of_merges_becomes_a_vocabulary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                            empty_home: Path) -> None:
    """A made-up list of the right length in the published form: one heading, merges, more merges than are used."""
    letters = [chr(code) for code in range(0x4E00, 0x4E00 + 300)]
    merges = [f"{first} {second}" for first in letters for second in letters]
    package = tmp_path / "site-packages" / "open_clip"
    package.mkdir(parents=True)
    with gzip.open(package / "bpe_simple_vocab_16e6.txt.gz", "wb", compresslevel=1) as file:
        file.write(("heading\n" + "\n".join(merges)).encode())
    monkeypatch.setattr("sys.path", [str(tmp_path / "site-packages")])
    folder = find_tokenizer()
    assert folder == empty_home / "tokenizer"
    assert pieces_in(folder) == CLIP_PIECES
    vocabulary = json.loads((folder / "vocab.json").read_text())
    assert (vocabulary["!"], vocabulary["a"], vocabulary["a</w>"]) == (0, 64, 320)  # as in CLIP's own
    assert (vocabulary["<|startoftext|>"], vocabulary["<|endoftext|>"]) == (49406, 49407)
    with pytest.raises(ValueError, match="not CLIP's list"):
        with gzip.open(tmp_path / "short.gz", "wb") as file:
            file.write(b"heading\na b\n")
        write_clip_vocabulary(tmp_path / "short.gz", tmp_path / "out")
