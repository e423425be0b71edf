"""Filling holes: what the adapter learns from, that it learns, its folder, and a hole filled with it."""

import io
import json
import shutil
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor
from untrained import untrained_shop

from underpaint.models import Catalogue
from underpaint.models.primer import check_files
from underpaint.plan.painter import Painter as Desk
from underpaint.primer.adopt import adopt_stage
from underpaint.primer.fill import CHANNELS, FillStep, FinishedPainter, fill_trainer, new_fill_adapter, train_fill
from underpaint.primer.holes import KINDS, any_hole, draw_hole
from underpaint.primer.part_config import FillConfig, PartsConfig, read_parts_config
from underpaint.primer.part_stages import export_parts_stage, fill_stage
from underpaint.primer.stages import Workshop
from underpaint.recipe import Blob, FillRecipe, ModelRef
from underpaint.training.checkpoint import load_state
from underpaint.training.loop import StepContext
from underpaint.training.shards import Pool, Shard, complete_shards


def _fill(**changes: object) -> FillConfig:
    return replace(read_parts_config().fill, **({"steps": 2, "batch": 4} | changes))


def _parts(**changes: object) -> PartsConfig:
    return replace(read_parts_config(), fill=_fill(**changes))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return untrained_shop(tmp_path_factory.mktemp("work"))


@pytest.fixture(scope="module")
def finished(shop: Workshop) -> FinishedPainter:
    return FinishedPainter.load(shop.folder / "primer")


@pytest.fixture(scope="module")
def pool(shop: Workshop) -> Pool:
    return Pool(complete_shards(shop.pictures_folder, "tokens"), "latents")


@pytest.mark.parametrize("kind", KINDS)
def test_holes_are_as_large_as_asked_for(kind: str) -> None:
    subject = np.zeros((64, 80), np.float32)
    subject[20:40, 30:50] = 1
    rng = np.random.default_rng(3)
    for share in (0.12, 0.25, 0.4, 0.6):
        hole = draw_hole(rng, kind, subject, share)
        assert hole.shape == subject.shape and set(np.unique(hole)) == {0, 1}
        assert abs(float(hole.mean()) - share) < 0.03
        assert kind != "subject" or hole[subject > 0].all()


def test_all_kinds_of_holes_come_up_whatever_the_subject() -> None:
    rng = np.random.default_rng(4)
    small, none, most = np.zeros((48, 48), np.float32), np.zeros((48, 48), np.float32), np.ones((48, 48), np.float32)
    small[20:24, 20:24] = 1
    shares = [float(any_hole(rng, subject, 0.1, 0.6).mean()) for subject in (small, none, most) for _ in range(40)]
    assert 0.08 <= min(shares) < 0.2 and 0.5 < max(shares) <= 0.62


def test_an_untrained_adapter_says_little_and_learning_makes_holes_fit(
    pool: Pool, finished: FinishedPainter, tmp_path: Path
) -> None:
    config = _fill(steps=25, rate=3e-2, batch=6)
    trainer = fill_trainer(pool, finished, config, tmp_path)
    step = FillStep(pool, finished, replace(config, batch=16), "cpu")

    def error(adapter: torch.nn.Module) -> dict[str, float]:
        context = StepContext(0, 0.0, np.random.default_rng(5), torch.Generator().manual_seed(5))
        with torch.no_grad():
            return {name: float(value) for name, value in step(adapter, context).items()}

    before = error(new_fill_adapter((16, 32), config))
    assert before["told"] == pytest.approx(before["alone"], rel=0.1)
    assert trainer.run()
    after = error(trainer.model.eval())
    assert after["alone"] == pytest.approx(before["alone"], rel=1e-3)
    assert after["loss"] < 0.92 * before["loss"]
    assert after["told"] < after["alone"] and after["lined"] < before["lined"]
    logged = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert {"loss", "lined", "told", "alone"} <= set(logged[-1])


@pytest.mark.parametrize("size", [(144, 112), (96, 160)])
def test_wide_and_tall_pictures_have_holes_too(
    finished: FinishedPainter, tmp_path: Path, size: tuple[int, int]
) -> None:
    wide, high = size
    rng, shard = np.random.default_rng(8), Shard(tmp_path, 0)
    latents = rng.normal(size=(2, 8, high // 8, wide // 8)).astype(np.float16)
    half = np.zeros((2, high // 2, wide // 2), np.uint8)
    half[:, 20:40, 20:40] = 255
    shard.write({
        "latents": latents, "mirrored": latents[..., ::-1].copy(), "subject": half,
        "tokens": np.zeros((2, 4, 77), np.int16), "lines": np.zeros((2, high, wide), np.uint8),
        "pictures": rng.integers(0, 256, (2, high, wide, 3), np.uint8),
    }, [{}] * 2)  # fmt: skip
    config = _fill(batch=3, lines=0.7)
    step, adapter = FillStep(Pool([shard], "latents"), finished, config, "cpu"), new_fill_adapter((16, 32), config)
    losses = step(adapter, StepContext(0, 0.0, rng, torch.Generator().manual_seed(1)))
    losses["loss"].backward()
    assert all(bool(torch.isfinite(value)) for value in losses.values())
    assert all(p.grad is not None and float(p.grad.abs().sum()) > 0 for p in adapter.parameters())


def test_lines_in_a_hole_are_heard_beside_the_adapter(pool: Pool, finished: FinishedPainter) -> None:
    config = _fill(lines=1.0, batch=3)
    adapter = new_fill_adapter((16, 32), config)

    def errors(one: FinishedPainter) -> dict[str, Tensor]:
        context = StepContext(0, 0.0, np.random.default_rng(2), torch.Generator().manual_seed(2))
        return FillStep(pool, one, config, "cpu")(adapter, context)

    lined, bare = errors(finished), errors(replace(finished, lines=None))
    assert float(lined["lined"]) == pytest.approx(float(lined["loss"].detach()), rel=1e-4)
    assert abs(float((lined["loss"] - bare["loss"]).detach())) > 1e-4
    assert finished.lines is not None and all(p.grad is None for p in finished.lines.parameters())


def test_a_killed_training_ends_the_same_and_averaged_weights_suffice(
    shop: Workshop, pool: Pool, finished: FinishedPainter, tmp_path: Path
) -> None:
    whole, done = train_fill(pool, finished, _fill(), tmp_path / "whole")
    killed = fill_trainer(pool, finished, _fill(), tmp_path / "killed")
    assert done and not killed.run(lambda trainer: trainer.ask_to_stop())
    again, _ = train_fill(pool, finished, _fill(), tmp_path / "killed")
    assert _same(whole.state_dict(), again.state_dict())
    config = _fill(steps=1, rate=1e-9)
    started, _ = train_fill(pool, finished, config, tmp_path / "started", weights=whole.state_dict())
    assert all((started.state_dict()[name] - value).abs().max() < 1e-4 for name, value in whole.state_dict().items())
    untouched = FinishedPainter.load(shop.folder / "primer")
    assert _same(finished.teacher.unet.state_dict(), untouched.teacher.unet.state_dict())


def _same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(value, other[name]) for name, value in one.items())


def test_it_is_exported_fills_a_hole_and_belongs_to_its_denoiser_alone(shop: Workshop, home: Path) -> None:
    primer, parts = home / "primer", _parts(rate=5e-2)
    shutil.copytree(shop.folder / "primer", primer)
    assert fill_stage(shop, parts, primer)
    assert set(export_parts_stage(shop, parts, primer)) == {"adapter_fill"}
    card = json.loads((primer / "primer.json").read_text())
    assert card["adapters"]["fill"] == {"folder": "adapter_fill", "channels": CHANNELS, "shrink": 2, "floor": 0.0}
    assert "adapter_fill/diffusion_pytorch_model.safetensors" in card["files"]
    check_files(primer)
    _filled(shop, primer, home)
    _taught_anew(primer)
    assert set(export_parts_stage(shop, parts, primer)) == {"adapter_fill"}
    assert "fill" not in json.loads((primer / "primer.json").read_text())["adapters"]
    adopted = replace(shop, folder=home / "adopted")
    adopt_stage(adopted, primer)
    assert export_parts_stage(adopted, parts, primer) == export_parts_stage(shop, parts, primer)
    kept = load_file(primer / "adapter_fill" / "diffusion_pytorch_model.safetensors")
    half = {name: value.half() for name, value in load_state(shop.folder / "fill" / "weights.safetensors")[0].items()}
    assert _same(half, kept)


def _taught_anew(primer: Path) -> None:
    """Another denoiser, of which the adapter knows nothing."""
    file = primer / "unet" / "diffusion_pytorch_model.safetensors"
    save_file({name: value + 0.01 for name, value in load_file(file).items()}, file, metadata={"format": "pt"})


def _filled(shop: Workshop, primer: Path, home: Path) -> None:
    catalogue = Catalogue(home)
    catalogue.add(home)
    picture = np.asarray(complete_shards(shop.pictures_folder)[0].array("pictures")[0])
    mask = np.zeros(picture.shape[:2], np.uint8)
    mask[30:90, 40:100] = 255
    blobs: dict[str, bytes] = {}
    recipe = FillRecipe(picture=_blob(picture, blobs), mask=_blob(mask, blobs), model=ModelRef(name=str(primer)),
                        prompt="a red cat", seed=3)  # fmt: skip
    recipe = recipe.changed(sampling=recipe.sampling.changed(steps=2))
    take = Desk(catalogue=catalogue, threads=1).paint(recipe, blobs)
    plain = Desk(catalogue=catalogue, threads=1).paint(recipe, blobs, plan=take.plan.changed(adapters=()))
    assert [use.adapter.name for use in take.plan.adapters] == ["primer/fill"]
    assert take.exact is not None and plain.exact is not None
    np.testing.assert_array_equal(take.exact[mask == 0], picture[mask == 0])
    assert (take.exact[mask > 0] != plain.exact[mask > 0]).any()


def _blob(pixels: np.ndarray, blobs: dict[str, bytes]) -> Blob:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    name = sha256(file.getvalue()).hexdigest()
    blobs[name] = file.getvalue()
    return Blob(sha256=name, name="p.png")
