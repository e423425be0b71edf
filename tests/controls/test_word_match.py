"""Phrases: an image-text model draws the estimate to them, and says which are not in the picture."""

import contextlib
import tempfile
from pathlib import Path

import numpy as np
import pytest
import torch
from kit.controls import EXAMPLES
from kit.tiny_clip import SIDE, save_tiny_clip, tiny_image_text
from kit.tiny_folders import save_tokenizer, tiny_clip

from underpaint.controls.shape import Tools
from underpaint.controls.spec import parse_spec
from underpaint.controls.steering.word_edit import WordEdit
from underpaint.controls.steering.word_pieces import Cut, cutouts
from underpaint.controls.word_check import verdict
from underpaint.controls.words import Words, phrases_of
from underpaint.engine.families.image_text import is_image_text, load_image_text
from underpaint.engine.protocols import Step
from underpaint.errors import ModelError, RecipeError
from underpaint.plan.image_text import open_image_text
from underpaint.recipe import ModelRef, WordsControl

EXAMPLE = EXAMPLES["words"]()


def step(number: int = 0) -> Step:
    return Step(number, 0, 10, number, 10, 500.0, 1.0, 1.0, 1.0)


def test_steps_along_the_gradient_bring_the_estimate_nearer_to_the_phrase() -> None:
    model = tiny_image_text()
    control = WordsControl(phrases=("a cat",), cutouts=4, saturation=0, smooth=0)
    edit = WordEdit(control, control.phrases, model, lambda latents: latents[:, :3] * 0.5 + 0.5)
    estimate = torch.randn(1, 4, 16, 24, generator=torch.Generator().manual_seed(0)) * 0.3
    wanted = model.texts(control.phrases)

    def fit(latents: torch.Tensor) -> float:
        shown = torch.nn.functional.interpolate(latents[:, :3] * 0.5 + 0.5, scale_factor=6, mode="bilinear").clamp(0, 1)
        return float((model.images(cutouts(shown, Cut(6, 0.5, 0.5), SIDE, 99)) @ wanted.T).mean())

    now = estimate
    for number in range(8):
        now = edit(now, step(number))
    assert fit(now) > fit(estimate) + 0.005 and torch.isfinite(now).all()
    assert torch.equal(edit(estimate, step()), edit(estimate, step()))
    assert edit(estimate, step(9)) is estimate  # the model finishes the picture alone


@pytest.mark.parametrize(("field", "measure"), [
    ("range", lambda rgb: float((rgb - rgb.clamp(0, 1)).abs().mean())),
    ("symmetry", lambda rgb: float((rgb - rgb.flip(-1)).abs().mean())),
    ("smooth", lambda rgb: float((rgb[..., 1:] - rgb[..., :-1]).abs().mean()))])
def test_each_term_holds_back_what_it_names(field: str, measure: object) -> None:
    estimate = torch.randn(1, 4, 12, 12, generator=torch.Generator().manual_seed(1))
    terms = {"range": 0.0, "symmetry": 0.0, "smooth": 0.0, "saturation": 0.0}

    def after(**fields: float) -> float:
        control = WordsControl(phrases=("a",), cutouts=1, **{**terms, **fields})
        edit = WordEdit(control, control.phrases, tiny_image_text(), lambda latents: latents[:, :3] + 0.5)
        now = estimate
        for number in range(6):
            now = edit(now, step(number))
        return measure(now[:, :3] + 0.5)  # type: ignore[operator]

    assert after(**{field: 1.0}) < after()


def test_pieces_are_the_same_for_the_same_seed_and_pass_gradients() -> None:
    picture = torch.rand(1, 3, 30, 50, requires_grad=True)
    one, again, other = (cutouts(picture, Cut(6, 0.34, 0.3), 16, seed) for seed in (1, 1, 2))
    assert one.shape == (6, 3, 16, 16) and torch.equal(one, again) and not torch.equal(one, other)
    assert torch.equal(one[:2], other[:2])  # the whole picture, twice
    one.sum().backward()
    assert picture.grad is not None and (picture.grad != 0).float().mean() > 0.5


@pytest.mark.parametrize(("prompt", "phrases"), [
    ("a red boat, (a lighthouse:1.3), <lora:inks:0.8> at dusk", ("a red boat", "a lighthouse", "at dusk")),
    ("a cat AND a dog BREAK a cat", ("a cat", "a dog")), ("", ()), (" , ;", ())])
def test_a_prompt_is_read_as_its_phrases(prompt: str, phrases: tuple[str, ...]) -> None:
    assert phrases_of(prompt) == phrases


def test_verdicts_go_from_there_to_not_in_the_picture() -> None:
    assert [verdict(one) for one in (3.0, 1.0, 0.4, -0.1)] == ["there", "there", "weak", "not in the picture"]
    found = Words().check(EXAMPLE.follows, EXAMPLE.shuffled, EXAMPLE.ground())
    assert found is not None and found.says.startswith("not in the picture: ")
    assert list(found.measured["phrases"].values()) == ["not in the picture"]


def test_without_phrases_those_of_the_prompt_are_asked_about() -> None:
    from dataclasses import replace

    laid = replace(EXAMPLE.ground(), prompt="a cat, kite")
    found = Words().check(EXAMPLE.follows, WordsControl(), laid)
    assert found is not None and list(found.measured["phrases"]) == ["a cat", "kite"]
    assert Words().check(EXAMPLE.follows, WordsControl(), EXAMPLE.ground()) is None
    assert Words().steer(WordsControl(), laid, Tools(lambda: None)).edits == ()
    with pytest.raises(ModelError, match="no image-text model"):
        Words().steer(WordsControl(phrases=("a",)), laid, Tools(lambda: None))


def test_a_clip_is_found_by_its_folder_in_ours_or_beside_the_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                                   ) -> None:
    monkeypatch.setenv("UNDERPAINT_HOME", str(tmp_path / "home"))
    own = save_tiny_clip(tmp_path / "home" / "clip" / "small")
    assert open_image_text(ModelRef(name="small")).name == "small"
    assert open_image_text(ModelRef(name=str(own))).name == "small"
    beside = tmp_path / "model"
    save_tiny_clip(beside / "image_encoder")
    assert is_image_text(beside) and open_image_text(None, beside).name == "image_encoder"
    with pytest.raises(ModelError, match="'nowhere'"):
        open_image_text(ModelRef(name="nowhere"))
    with pytest.raises(ModelError, match="no image-text model in home"):
        load_image_text(tmp_path / "home")
    (own / "model.safetensors").write_bytes(b"damaged")
    with pytest.raises(ModelError, match="cannot be read"):
        load_image_text(own)


def test_towers_in_folders_of_their_own_are_read(tmp_path: Path) -> None:
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    CLIPVisionModelWithProjection(CLIPVisionConfig(
        hidden_size=32, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2, image_size=SIDE, patch_size=8,
        projection_dim=32)).save_pretrained(tmp_path / "image_encoder")
    tiny_clip(32, projected=True).save_pretrained(tmp_path / "text_encoder")
    save_tokenizer(tmp_path / "tokenizer")
    model = load_image_text(tmp_path)
    said, seen = model.texts(["a cat", "b"]), model.images(torch.rand(3, 3, 40, 40))
    assert said.shape == (2, 32) and seen.shape == (3, 32)
    assert torch.allclose(torch.cat([said, seen]).norm(dim=-1), torch.ones(5), atol=1e-5)


def read(text: str) -> WordsControl:
    control = Words().read(parse_spec(text, ("words",)), None).control
    assert isinstance(control, WordsControl)
    return control


def test_it_is_typed_as_phrases_with_options() -> None:
    control = read("words=a red boat/a lighthouse:0.5+cutouts=12+outer=50%+range=0.2+clip=small")
    assert control.phrases == ("a red boat", "a lighthouse") and control.weight == 0.5
    assert (control.cutouts, control.outer, control.range_, control.model) == (12, 0.5, 0.2, ModelRef(name="small"))
    assert read("words").phrases == ()
    with pytest.raises(RecipeError, match="too many"):
        read("words=" + "/".join("abcdefghijklmnopqr"))


def test_a_picture_is_asked_about_on_pieces_that_do_not_steer() -> None:
    flat = np.full_like(EXAMPLE.follows, 0.5)
    assert isinstance(EXAMPLE.control, WordsControl)
    found = [Words().check(one, EXAMPLE.control, EXAMPLE.ground()) for one in (flat, flat.copy())]
    assert found[0] is not None and found[1] is not None and found[0].measured == found[1].measured


def test_it_looks_where_its_towers_lie_and_answers_where_the_picture_does() -> None:
    """The meta device stands for one that is not the CPU: it refuses tensors of another."""
    with tempfile.TemporaryDirectory() as folder:
        model = load_image_text(save_tiny_clip(Path(folder))).to(torch.device("meta"))
    assert all(weight.device.type == "meta" for tower in model.towers for weight in tower.parameters())
    given: list[str] = []
    own = model.see
    model.see = lambda pixels: given.append(pixels.device.type) or own(pixels)
    with contextlib.suppress(NotImplementedError):  # nothing can be brought back from there
        model.images(torch.rand(1, 3, SIDE, SIDE))
    with contextlib.suppress(NotImplementedError):
        model.texts(["a cat"])
    assert given == ["meta"]
