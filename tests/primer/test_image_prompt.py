"""Image prompts: pairs that share what is to be learned, a training that resumes, files that the program reads."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection
from world_shards import write_shard

from underpaint.engine.attachments.ip_adapter import ImagePrompt, IPAttachment
from underpaint.engine.attachments.maps import Followed
from underpaint.engine.components import Components
from underpaint.engine.families.adapters import load_adapter
from underpaint.engine.families.clip_pictures import tower_input
from underpaint.engine.families.unet_patched import UNetPatched
from underpaint.errors import ModelError
from underpaint.models.adapter_finding import find_image_encoder
from underpaint.models.catalogue import Catalogue
from underpaint.models.describe import describe
from underpaint.primer.adopt import adopt_image_prompts
from underpaint.primer.config import read_config
from underpaint.primer.digests import note_files
from underpaint.primer.image_prompt import Finished, ImagePrompts, let_look, read_prompts
from underpaint.primer.image_prompt_training import (
    image_prompt_trainer,
    names_style,
    part_of,
    scenery,
    train_image_prompts,
)
from underpaint.primer.kin import Kin, PairShares
from underpaint.primer.painter import new_text_encoder, tokenize
from underpaint.primer.part_config import ImagePromptConfig, read_parts_config
from underpaint.primer.part_export import export_image_prompts
from underpaint.primer.part_stages import export_parts_stage, image_prompt_stage
from underpaint.primer.stages import Workshop
from underpaint.primer.words import learn_vocabulary, read_tokenizer, write_tokenizer
from underpaint.training.checkpoint import load_state
from underpaint.training.shards import Shard

SMALL = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}


def _config(**changes: object) -> ImagePromptConfig:
    return replace(read_parts_config().image_prompt, **({"steps": 2, "batch": 4} | changes))


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """A workshop with encoded scenes and a vocabulary."""
    shop = Workshop(tmp_path_factory.mktemp("work"), read_config())
    rng = np.random.default_rng(1)
    written = [write_shard(shop.pictures_folder, number) for number in range(2)]
    texts = [text for shard in written for note in shard.notes() for text in note["captions"]]
    write_tokenizer(shop.tokenizer_folder, *learn_vocabulary(texts, 700))
    tokenizer = read_tokenizer(shop.tokenizer_folder)
    for shard in written:
        latents = rng.normal(size=(4, 4, 16, 16)).astype(np.float16)
        shard.write_array("latents", latents)
        shard.write_array("mirrored", latents[..., ::-1].copy())
        shard.write_array("tokens", np.stack([tokenize(tokenizer, note["captions"] * 2) for note in shard.notes()]))
    return shop


@pytest.fixture(scope="module")
def shards(work: Workshop) -> list[Shard]:
    return [Shard(work.pictures_folder, number) for number in range(2)]


@pytest.fixture(scope="module")
def primer(work: Workshop, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An exported model, as far as image prompts need one."""
    folder = tmp_path_factory.mktemp("exported") / "tiny"
    config, tokenizer = read_config().painter, read_tokenizer(work.tokenizer_folder)
    torch.manual_seed(3)
    UNetPatched(
        mid_block_type=None, sample_size=32, in_channels=4, out_channels=4, cross_attention_dim=16,
        **(config.unet | {"block_out_channels": [16, 32], "norm_num_groups": 4}),
    ).save_pretrained(folder / "unet")  # fmt: skip
    new_text_encoder(replace(config, text=SMALL), tokenizer).save_pretrained(folder / "text_encoder")
    tokenizer.save_pretrained(folder / "tokenizer")
    tower = CLIPVisionModelWithProjection(CLIPVisionConfig(image_size=32, patch_size=16, projection_dim=12, **SMALL))
    tower.save_pretrained(folder / "image_encoder")
    told = {"do_center_crop": False, "image_mean": [0.5] * 3, "image_std": [0.5] * 3}
    (folder / "image_encoder" / "preprocessor_config.json").write_text(json.dumps(told))
    (folder / "primer.json").write_text(json.dumps({"adapters": {"depth": {"shrink": 2}}}))
    return folder


@pytest.fixture(scope="module")
def finished(primer: Path) -> Finished:
    return Finished.load(primer)


def _speaking(finished: Finished) -> ImagePrompts:
    """Image prompts that say something."""
    prompts = finished.new_prompts(1)
    with torch.no_grad():
        for weight in prompts.parameters():
            weight.add_(0.5 * torch.randn(weight.shape, generator=torch.Generator().manual_seed(4)))
    return prompts.eval()


def test_pairs_share_what_is_to_be_learned_and_nothing_is_its_own_pair(shards: list[Shard]) -> None:
    notes = [shard.notes() for shard in shards]
    rng = np.random.default_rng(2)
    for shares in (PairShares(0.0, 0.0), PairShares(1.0, 1.0)):
        kin = Kin(shards, shares)
        for key in ((0, 0), (0, 3), (1, 2)):
            own = notes[key[0]][key[1]]["scene"]
            for _ in range(4):
                style, subject = kin.style(key, rng), kin.subject(key, rng)
                assert style is not None and subject is not None
                other, same = notes[style[0]][style[1]]["scene"], notes[subject[0]][subject[1]]["scene"]
                assert other["style"] == own["style"] and other["seed"] != own["seed"]
                assert subject != key and same["who"] == own["who"]
                assert kin.same_light(key, style) == all(other[one] == own[one] for one in ("time", "light"))
    alone = Kin(shards[:1], PairShares(0.5, 0.5))
    only = [i for i, note in enumerate(notes[0]) if note["scene"]["seed"] == notes[0][0]["scene"]["seed"]]
    assert alone.subject((0, 0), rng) == (0, next(i for i in only if i != 0))


def test_words_leave_to_the_picture_what_it_is_there_for() -> None:
    assert names_style("a girl, watercolor painting", "watercolour") and names_style("ink of a cat", "ink")
    assert not names_style("a pink cat", "ink") and not names_style("thinking girl, neon", "ink")
    rng = np.random.default_rng(3)
    said = {scenery({"place": "studio", "time": "dawn", "style": "oil"}, rng) for _ in range(60)}
    assert {word for one in said for word in one.split(", ")} == {"plain background", "dawn", "oil"}
    assert all(part_of(np.zeros((20, 30, 3), np.uint8), rng).shape[0] >= 12 for _ in range(20))


def test_without_a_picture_the_denoiser_answers_as_before(primer: Path, finished: Finished) -> None:
    plain = UNetPatched.from_pretrained(primer / "unet").eval()
    given = torch.randn(2, 4, 16, 16), torch.tensor(500), torch.randn(2, 7, 16)
    fresh = finished.new_prompts(1)({"style": torch.randn(1, 12), "subject": torch.randn(1, 12)})
    with torch.no_grad():
        expected = plain(*given).sample
        assert torch.allclose(finished.unet(*given).sample, expected, atol=1e-5)
        begun = finished.unet(*given, cross_attention_kwargs={"ip_hidden_states": fresh}).sample
    assert torch.allclose(begun, expected, atol=1e-5)


def test_the_program_reads_the_files_and_hears_what_was_learned(primer: Path, finished: Finished, home: Path) -> None:
    prompts, config = _speaking(finished), _config()
    export_image_prompts(prompts.state_dict(), config, finished.digests, primer)
    card = json.loads((primer / "primer.json").read_text())
    assert set(card["adapters"]) == {"depth", "style", "subject"} and "image_prompt/style.safetensors" in card["files"]
    read = read_prompts(primer, finished)
    picture = np.random.default_rng(5).random((40, 32, 3)).astype(np.float32)
    unet = UNetPatched.from_pretrained(primer / "unet").eval()
    given = torch.randn(2, 4, 16, 16), torch.tensor(500), torch.randn(2, 7, 16)
    with torch.no_grad():
        before = unet(*given).sample
    for kind in ("style", "subject"):
        file = describe(primer / "image_prompt" / f"{kind}.safetensors")
        assert file.kind == "ip_adapter" and file.context_width == 16
        components = Components.__new__(Components)
        loaded = load_adapter(
            file,
            components,
            device=torch.device("cpu"),
            dtype=torch.float32,
            encoder=find_image_encoder(Catalogue(), file),
        )
        assert loaded.weights is not None
        followed = Followed(picture, lambda _: 1.0)
        attachment = IPAttachment([ImagePrompt(loaded.weights, loaded.module, followed, loaded.shown)])
        object.__setattr__(components, "denoiser", unet)
        attachment.attach(components)
        try:
            seen, nothing = attachment._features[0]
            rows = torch.cat([nothing, seen])
            with torch.no_grad():
                painted = unet(*given, added_cond_kwargs={"image_embeds": [rows]}).sample
                ours = read[kind](rows[:, 0])
                expected = finished.unet(*given, cross_attention_kwargs={"ip_hidden_states": ours}).sample
        finally:
            attachment.detach()
        assert torch.allclose(painted, expected, atol=2e-4)
        assert (painted - before).abs().max() > 1e-2
        with torch.no_grad():
            assert torch.equal(unet(*given).sample, before)


def test_strength_is_built_into_what_is_said(primer: Path, finished: Finished) -> None:
    prompts = _speaking(finished)
    export_image_prompts(prompts.state_dict(), _config(strength={"style": 2.0, "subject": 0.0}), {}, primer)
    read = read_prompts(primer, finished)
    seen = torch.randn(3, 12)
    for kind, factor in (("style", 2.0), ("subject", 0.0)):
        for (keys, values), (own, said) in zip(read[kind](seen), prompts.kinds[kind](seen), strict=True):
            assert torch.allclose(keys, own, atol=0.05) and torch.allclose(values, said * factor, atol=0.1)
    card = json.loads((primer / "primer.json").read_text())
    assert set(card["adapters"]) == {"depth"}  # nobody says what they learned with


def test_prompts_are_taken_back_out_of_a_shipped_folder(
    work: Workshop, primer: Path, finished: Finished, tmp_path: Path
) -> None:
    prompts = _speaking(finished).state_dict()
    shop = replace(work, folder=tmp_path)
    adopt_image_prompts(shop, tmp_path)
    assert not (tmp_path / "image_prompt").exists()
    export_image_prompts(prompts, _config(strength={"style": 2.0, "subject": 0.5}), finished.digests, primer)
    adopt_image_prompts(shop, primer)
    state, facts = load_state(tmp_path / "image_prompt" / "weights.safetensors")
    assert facts["learned_with"] == finished.digests and set(state) == set(prompts)
    assert all(torch.allclose(value, prompts[name], atol=2e-3) for name, value in state.items())


def test_prompts_of_another_denoiser_are_not_listed(primer: Path, finished: Finished) -> None:
    export_image_prompts(_speaking(finished).state_dict(), _config(), finished.digests, primer)
    card = primer / "primer.json"
    assert "style" in json.loads(card.read_text())["adapters"]
    weights = primer / "unet" / "diffusion_pytorch_model.safetensors"
    kept = weights.read_bytes()
    UNetPatched.from_config(finished.unet.config).save_pretrained(primer / "unet")
    note_files(primer)
    assert set(json.loads(card.read_text())["adapters"]) == {"depth"}
    weights.write_bytes(kept)
    note_files(primer)
    assert "subject" in json.loads(card.read_text())["adapters"]


def test_a_killed_training_ends_as_one_that_was_left_alone(
    shards: list[Shard], finished: Finished, tmp_path: Path
) -> None:
    before = {name: value.clone() for name, value in finished.unet.state_dict().items()}
    whole, done = train_image_prompts(shards, finished, _config(), tmp_path / "whole")
    killed = image_prompt_trainer(shards, finished, _config(), tmp_path / "killed")
    assert done and not killed.run(lambda trainer: trainer.ask_to_stop())
    again, _ = train_image_prompts(shards, finished, _config(), tmp_path / "killed")
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in whole.state_dict().items())
    assert all(torch.equal(value, before[name]) for name, value in finished.unet.state_dict().items())
    assert set(whole.state_dict()) == set(finished.new_prompts(1).state_dict())  # nothing of what is finished


def test_training_goes_on_from_averaged_weights_alone(shards: list[Shard], finished: Finished, tmp_path: Path) -> None:
    begun = _speaking(finished).state_dict()
    again, done = train_image_prompts(shards, finished, _config(steps=1, rate=1e-9), tmp_path, weights=begun)
    assert done and all(torch.allclose(value, begun[name], atol=1e-5) for name, value in again.state_dict().items())


def _attentive(finished: Finished) -> Finished:
    """With an untrained denoiser that what it attends to changes more."""
    unet = UNetPatched.from_config(finished.unet.config)
    unet.load_state_dict(finished.unet.state_dict())
    with torch.no_grad():
        for name, weight in unet.named_parameters():
            if "attn2.to_out" in name or ".proj_out." in name or "conv_out" in name:
                weight.mul_(4)
    return replace(finished, unet=let_look(unet.eval().requires_grad_(False)))


def test_what_only_a_picture_tells_is_learned(shards: list[Shard], finished: Finished, tmp_path: Path) -> None:
    """Latents bear a mark of their style, and words are dropped: the reference alone tells which."""
    finished = _attentive(finished)
    marked = []
    for shard in shards:
        marks = [1.0 if note["scene"]["style"] == "ink" else -1.0 for note in shard.notes()]
        latents = np.zeros((4, 4, 16, 16), np.float16) + np.float16(marks)[:, None, None, None]
        copy = Shard(tmp_path / "marked", shard.number)
        copy.write({name: shard.array(name) for name in ("pictures", "subject", "tokens")}, shard.notes())
        copy.write_array("latents", latents)
        copy.write_array("mirrored", latents)
        marked.append(copy)
    config = _config(steps=60, batch=8, rate=1e-2, drop_picture=0.0, drop_words={"style": 1.0, "subject": 1.0})
    trainer = image_prompt_trainer(marked, finished, config, tmp_path)
    assert trainer.run()
    logged = [json.loads(line) for line in trainer.log_path.read_text().splitlines()]
    assert set(logged[-1]) >= {"loss", "style", "subject", "told", "still"}
    assert logged[-1]["loss"] < logged[0]["loss"] and logged[-1]["told"] < 0.9 * logged[-1]["still"]
    prompts = finished.new_prompts(1)
    prompts.load_state_dict(trainer.averaged())
    noise, words = torch.randn(1, 4, 16, 16, generator=torch.Generator().manual_seed(1)), torch.zeros(1, 77, 16)
    said: dict[str, list[float]] = {"flat": [], "ink": []}
    for note, picture in zip(shards[0].notes(), shards[0].array("pictures"), strict=True):
        seen = finished.seen(tower_input(picture.astype(np.float32) / 255, 32)[None])
        with torch.no_grad():
            looked = {"ip_hidden_states": prompts.kinds["style"](seen)}
            speed = finished.unet(noise, 980, words, cross_attention_kwargs=looked).sample
        said[note["scene"]["style"]].append(float(speed.mean()))
    # From noise, the speed points away from the picture.
    assert min(said["flat"]) > max(said["ink"]) + 0.05


def test_the_stage_trains_and_the_export_lists(work: Workshop, primer: Path, tmp_path: Path) -> None:
    parts = replace(read_parts_config(), image_prompt=_config(steps=1))
    assert image_prompt_stage(work, parts, primer)
    assert set(export_parts_stage(work, parts, primer)) == {"image_prompt"}
    assert set(json.loads((primer / "primer.json").read_text())["adapters"]) == {"depth", "style", "subject"}
    with pytest.raises(ModelError, match="no image tower yet"):
        image_prompt_stage(work, parts, tmp_path)


def test_looking_is_let_into_every_attention_to_words(finished: Finished) -> None:
    again = let_look(UNetPatched.from_config(finished.unet.config))
    kinds = [type(one).__name__ for name, one in again.attn_processors.items() if "attn2" in name]
    assert kinds == ["Looking"] * 3
