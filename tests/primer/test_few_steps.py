"""A LoRA that replaces several guided steps by one: its arithmetic, its training, and its file."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from underpaint.engine.families.unet_patched import UNetPatched
from underpaint.primer.config import read_config
from underpaint.primer.few_steps import (
    LORA_FILE,
    FewStep,
    Student,
    Teacher,
    angles,
    export_few_steps,
    few_steps_trainer,
    grid,
    train_few_steps,
    turned,
)
from underpaint.primer.painter import new_scheduler, new_text_encoder, tokenize
from underpaint.primer.part_config import FewStepsConfig, read_parts_config
from underpaint.primer.words import learn_vocabulary, read_tokenizer, write_tokenizer
from underpaint.training.loop import StepContext
from underpaint.training.shards import Pool, Shard

CAPTIONS = ["a red cat at dawn", "a blue house in a town"]


def _config(**changes: object) -> FewStepsConfig:
    return replace(read_parts_config().few_steps, **({"steps_trained": 2, "batch": 2, "rank": 2} | changes))


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Teacher:
    folder = tmp_path_factory.mktemp("words")
    write_tokenizer(folder, *learn_vocabulary(CAPTIONS, 700))
    tokenizer, config = read_tokenizer(folder), read_config().painter
    small = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    torch.manual_seed(3)
    text = new_text_encoder(replace(config, text=small), tokenizer)
    unet = UNetPatched(
        mid_block_type=None, sample_size=32, in_channels=4, out_channels=4, cross_attention_dim=16,
        **(config.unet | {"block_out_channels": [16, 32]}),
    )  # fmt: skip
    return Teacher(unet.eval().requires_grad_(False), text.eval().requires_grad_(False), tokenizer)


@pytest.fixture(scope="module")
def pool(teacher: Teacher, tmp_path_factory: pytest.TempPathFactory) -> Pool:
    shard = Shard(tmp_path_factory.mktemp("shards"), 0)
    rng = np.random.default_rng(1)
    latents = rng.normal(size=(4, 4, 8, 8)).astype(np.float16)
    tokens = np.stack([tokenize(teacher.tokenizer, CAPTIONS * 2)] * 4)
    shard.write({"latents": latents, "mirrored": latents[..., ::-1].copy(), "tokens": tokens}, [{}] * 4)
    return Pool([shard], "latents")


def test_a_step_of_the_sampler_is_a_turn() -> None:
    scheduler, found = new_scheduler(), angles()
    scheduler.set_timesteps(4)
    assert grid(4)[:4] == scheduler.timesteps.tolist() and grid(4)[4] == -1
    generator = torch.Generator().manual_seed(1)
    noisy, speed = (torch.randn(1, 4, 8, 8, generator=generator) for _ in range(2))
    for here, there in ((999, 749), (499, 249), (249, -1)):
        expected = scheduler.step(speed, here, noisy).prev_sample
        assert torch.allclose(turned(noisy, speed, found[there] - found[here]), expected, atol=2e-3)


def test_one_unguided_step_of_the_teacher_is_what_the_teacher_says(pool: Pool, teacher: Teacher) -> None:
    """With nothing to shorten there is nothing to learn."""
    config = _config(substeps=1, guidance=1.0)
    step = FewStep(pool, teacher, config, "cpu")
    for number in range(4):
        context = StepContext(number, 0.0, np.random.default_rng(number), torch.Generator().manual_seed(number))
        losses = step(Student(teacher.unet, config), context)
        assert losses["loss"].item() < 1e-3 and losses["still"].item() < 1e-3


def test_only_low_ranks_learn_and_a_killed_training_ends_the_same(pool: Pool, teacher: Teacher, tmp_path: Path) -> None:
    whole, done = train_few_steps(pool, teacher, _config(), tmp_path / "whole")
    assert done and {name.split(".")[-2] for name in whole} == {"lora_A", "lora_B"}
    killed = few_steps_trainer(pool, teacher, _config(), tmp_path / "killed")
    assert not killed.run(lambda trainer: trainer.ask_to_stop())
    again, _ = train_few_steps(pool, teacher, _config(), tmp_path / "killed")
    assert all(torch.equal(value, again[name]) for name, value in whole.items())
    base = {n: v for n, v in killed.model.unet.state_dict().items() if "lora" not in n}
    assert all(torch.equal(v, teacher.unet.state_dict()[n.replace(".base_layer", "")]) for n, v in base.items())


def test_diffusers_reads_the_file(pool: Pool, teacher: Teacher, tmp_path: Path) -> None:
    config = _config()
    lora, _ = train_few_steps(pool, teacher, config, tmp_path / "run", weights=None)
    lora = {name: value + 0.05 for name, value in lora.items()}
    assert export_few_steps(lora, tmp_path) == (tmp_path / LORA_FILE).stat().st_size
    started, _ = train_few_steps(pool, teacher, _config(steps_trained=1, rate=1e-9), tmp_path / "on", weights=lora)
    assert all((started[name] - value).abs().max() < 1e-4 for name, value in lora.items())
    painted = UNetPatched.from_config(teacher.unet.config)
    painted.load_state_dict(teacher.unet.state_dict())
    painted.load_lora_adapter(tmp_path, prefix="unet", weight_name=LORA_FILE, local_files_only=True)
    given = torch.randn(1, 4, 8, 8), torch.tensor(500), torch.randn(1, 7, 16)
    with torch.no_grad():
        changed, plain = painted.eval()(*given).sample, teacher.unet(*given).sample
        student = Student(teacher.unet, config)
        student.load_state_dict({**student.state_dict(), **{_full(name): value for name, value in lora.items()}})
        expected = student.eval()(*given)
    assert (changed - plain).abs().max() > 1e-3
    assert torch.allclose(changed, expected, atol=5e-3)


def _full(name: str) -> str:
    return "unet." + name.replace(".weight", ".default.weight")
