"""Textual inversions: their vectors reach the right encoders, and a wrong family is refused by name."""

from pathlib import Path

import pytest
import torch
from kit.tiny_models import tiny_components
from safetensors.torch import save_file

from underpaint.engine.attachments.textual_inversion import TextualInversion
from underpaint.engine.families.clip_words import ClipEncoder, TextOptions
from underpaint.engine.protocols import Attachment, KnowsWords
from underpaint.errors import ModelError
from underpaint.models import describe
from underpaint.prompt import parse_attention


def saved(path: Path, **tensors: torch.Tensor) -> TextualInversion:
    save_file(tensors, path)
    return TextualInversion(describe(path))


def test_its_vectors_stand_where_its_name_stands(tmp_path: Path) -> None:
    model = tiny_components("sd")
    encoder = model.text_encoders[0]
    assert encoder is not None
    tokens = encoder.get_input_embeddings().weight
    cat = [26 + 13, 26 + 14]  # the pieces "n</w>" and "o</w>" of the tiny vocabulary
    inversion = saved(tmp_path / "zzz.safetensors", emb_params=tokens[cat].detach().clone())
    assert isinstance(inversion, Attachment)
    assert isinstance(inversion, KnowsWords)
    assert inversion.embeddings() == {}
    inversion.attach(model)
    clip = ClipEncoder(model.tokenizers[0], encoder, 0, penultimate=False)
    with torch.no_grad():
        by_name, _ = clip.encode(parse_attention("a zzz b"), TextOptions(vectors=inversion.embeddings()))
        spelled, _ = clip.encode(parse_attention("a n o b"), TextOptions())
        plain, _ = clip.encode(parse_attention("a zzz b"), TextOptions())
    assert torch.equal(by_name, spelled)
    assert not torch.equal(by_name, plain)
    inversion.detach()
    assert inversion.embeddings() == {}
    assert not encoder.get_input_embeddings()._forward_hooks


def test_sdxl_gets_vectors_for_both_encoders(tmp_path: Path) -> None:
    model = tiny_components("sdxl")
    inversion = saved(tmp_path / "cat.safetensors", clip_g=torch.ones(3, 48), clip_l=torch.zeros(3, 32))
    inversion.attach(model)
    first, second = inversion.embeddings()["cat"]
    assert first is not None
    assert second is not None
    assert (first.shape, second.shape) == ((3, 32), (3, 48))
    assert float(second.sum()) == 144


@pytest.mark.parametrize(
    ("keys", "family"),
    [
        (("emb_params",), "sd"), (("string_to_param.*",), "sd"), (("<cat>",), "sd"), (("text_encoders_0",), "sd"),
        (("clip_l",), "sd"), (("clip_l", "clip_g"), "sdxl"), (("text_encoders_0", "text_encoders_1"), "sdxl"),
        (("clip_l", "clip_g", "t5xxl"), "sd3"),
    ],
)  # fmt: skip
def test_every_layout_means_the_same_vectors(keys: tuple[str, ...], family: str, tmp_path: Path) -> None:
    model = tiny_components(family)
    vectors = {key: torch.full((2, width), float(width)) for key, width in zip(keys, (32, 48, 96), strict=False)}
    inversion = saved(tmp_path / "cat.safetensors", **vectors)
    inversion.attach(model)
    found = inversion.embeddings()["cat"]
    assert len(found) == len(model.text_encoders)
    for vectors_found, width in zip(found, (32, 48), strict=False):
        assert vectors_found is not None
        assert torch.equal(vectors_found, torch.full((2, width), float(width)))


def test_vectors_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    inversion = saved(tmp_path / "cat.safetensors", emb_params=torch.full((2, 32), torch.nan))
    with pytest.raises(ModelError, match="cat is damaged: it holds values that are not numbers"):
        inversion.attach(tiny_components("sd"))
    assert inversion.embeddings() == {}


def test_one_vector_without_a_count(tmp_path: Path) -> None:
    inversion = saved(tmp_path / "cat.safetensors", **{"<cat>": torch.ones(32)})
    inversion.attach(tiny_components("sd"))
    (vectors,) = inversion.embeddings()["cat"]
    assert vectors is not None
    assert vectors.shape == (1, 32)


def test_an_embedding_of_another_family_is_refused(tmp_path: Path) -> None:
    said = r"textual inversion cat is for Stable Diffusion 1.x \(width 768\), the model is .* XL \(width 32 and 48\)"
    with pytest.raises(ModelError, match=said):
        saved(tmp_path / "cat.safetensors", emb_params=torch.ones(2, 768)).attach(tiny_components("sdxl"))
    with pytest.raises(ModelError, match="for Stable Diffusion XL"):
        two = {"clip_l": torch.ones(2, 32), "clip_g": torch.ones(2, 48)}
        saved(tmp_path / "dog.safetensors", **two).attach(tiny_components())


def test_pickled_embeddings_and_other_models_are_refused(tmp_path: Path) -> None:
    (tmp_path / "cat.pt").write_bytes(b"PK\x03\x04")
    with pytest.raises(ModelError, match="always refused"):
        describe(tmp_path / "cat.pt")
    with pytest.raises(ModelError, match="is a LoRA, not a textual inversion"):
        pair = {"a.lora_down.weight": torch.ones(2, 4), "a.lora_up.weight": torch.ones(4, 2)}
        saved(tmp_path / "ink.safetensors", **pair)
