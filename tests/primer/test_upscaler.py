"""The Primer's x4: ways of making pictures small, training that resumes, and enlarging without seams."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from underpaint.engine.families.upscaler_net import SCALE, UpscalerNet, enlarge, load_enlarger
from underpaint.errors import ModelError
from underpaint.finish.networks import Network
from underpaint.finish.tiling import tiled_rows
from underpaint.finish.upscale import METHODS, Upscale, upscale
from underpaint.imaging.arrays import FloatArray
from underpaint.models.primer import primer_folder
from underpaint.pictures.encode import Encoding, encode
from underpaint.pictures.read import read_picture
from underpaint.primer.part_config import UpscalerConfig, read_parts_config
from underpaint.primer.part_export import export_upscaler
from underpaint.primer.part_scores import edge_width, psnr, upscale_scores
from underpaint.primer.upscaler import liveliness, paint_large, shrunk, train_upscaler, upscaler_trainer
from underpaint.training.shards import Pool, Shard, complete_shards

KERNELS = ["area", "bicubic", "lanczos", "soft"]


def _drawing(side: int, seed: int = 0) -> np.ndarray:
    """Flat colours under ink lines, uint8."""
    rng = np.random.default_rng(seed)
    picture = np.full((side, side, 3), rng.integers(120, 255, 3), np.uint8)
    for _ in range(8):
        points = rng.integers(0, side, (4, 2), dtype=np.int32)
        cv2.fillPoly(picture, [points], rng.integers(60, 255, 3).tolist(), cv2.LINE_AA)
        cv2.polylines(picture, [points], True, (20, 18, 25), 3, cv2.LINE_AA)
    return picture


def _config(**changes: object) -> UpscalerConfig:
    tiny = {"width": 8, "blocks": 1}
    return replace(
        read_parts_config().upscaler, **({"steps": 2, "batch": 2, "crop": 32, "large": 1, "model": tiny} | changes)
    )


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Pool:
    shard = Shard(tmp_path_factory.mktemp("shards"), 0)
    shard.write({"pictures": np.stack([_drawing(96, seed) for seed in range(4)])}, [{}] * 4)
    return Pool([shard], "pictures")


@pytest.mark.parametrize("kernel", KERNELS)
def test_made_small_a_picture_keeps_its_colours_and_its_place(kernel: str) -> None:
    ramp = torch.linspace(0.1, 0.9, 64).expand(1, 3, 64, 64)
    small = shrunk(ramp, kernel)
    assert small.shape == (1, 3, 16, 16)
    # The middle of a small pixel is the middle of four large ones, whatever the kernel.
    expected = ramp.view(1, 3, 64, 16, 4).mean(-1)[0, 0, 0]
    assert (small[0, 0, 8, 3:-3] - expected[3:-3]).abs().max() < 0.006
    assert torch.equal((small * 255).round(), small * 255)


def test_an_untrained_network_is_sharper_than_bicubic_and_keeps_flat_colours() -> None:
    net = UpscalerNet(8, 1).eval()
    flat: FloatArray = np.full((9, 13, 3), 0.4, np.float32)
    assert np.abs(enlarge(net, flat) - 0.4).max() < 1e-5 and enlarge(net, flat).shape == (36, 52, 3)
    scores = upscale_scores(lambda small: enlarge(net, small), [np.float32(_drawing(96)) / 255])
    assert scores["psnr"] > scores["bicubic"] and scores["width"] < scores["bicubic width"]


def test_lively_parts_are_told_from_flat_ones() -> None:
    flat = np.full((32, 32, 3), 90, np.uint8)
    grain = np.random.default_rng(1).integers(80, 100, (32, 32, 3)).astype(np.uint8)
    assert liveliness(flat) == 0 < liveliness(grain) < liveliness(_drawing(32))


def test_a_killed_training_ends_as_one_that_was_left_alone(pool: Pool, tmp_path: Path) -> None:
    whole, _ = train_upscaler([pool], _config(steps=3), tmp_path / "whole")
    killed = upscaler_trainer([pool], _config(steps=3), tmp_path / "killed")
    assert not killed.run(lambda trainer: trainer.ask_to_stop())
    again, done = train_upscaler([pool], _config(steps=3), tmp_path / "killed")
    assert done
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in whole.state_dict().items())


def test_training_goes_on_from_averaged_weights_alone(pool: Pool, tmp_path: Path) -> None:
    begun, _ = train_upscaler([pool], _config(), tmp_path / "first")
    moved = {name: value + 0.5 if name == "into.bias" else value for name, value in begun.state_dict().items()}
    again, _ = train_upscaler([pool], _config(steps=1), tmp_path / "second", weights=moved)
    assert float((again.into.bias - moved["into.bias"]).abs().max()) < 0.1


def test_a_little_training_helps(pool: Pool, tmp_path: Path) -> None:
    config = _config(steps=90, rate=4e-3, model={"width": 24, "blocks": 2}, batch=6, crop=48)
    trained, _ = train_upscaler([pool], config, tmp_path)
    pictures = [np.float32(_drawing(96, seed)) / 255 for seed in range(4)]
    before, after = (
        upscale_scores(lambda small, net=net: enlarge(net, small), pictures)["psnr"]
        for net in (UpscalerNet(24, 2).eval(), trained)
    )
    assert after > before + 0.05


def test_larger_scenes_are_painted_once(tmp_path: Path) -> None:
    config = _config(large=1, large_size=64)
    assert config.large == 1
    paint_large(tmp_path, config)
    (shard,) = complete_shards(tmp_path)
    pictures = shard.array("pictures")
    assert pictures.shape[1:] == (64, 64, 3) and pictures.dtype == np.uint8
    written = shard.note_path.stat().st_mtime_ns
    paint_large(tmp_path, config)
    assert shard.note_path.stat().st_mtime_ns == written


def _network(net: UpscalerNet) -> Network:
    return Network("primer", "0" * 64, SCALE, lambda picture: enlarge(net, picture))


def _shaken(net: UpscalerNet) -> UpscalerNet:
    """With something to say: weights as large as trained ones."""
    torch.manual_seed(5)
    torch.nn.init.normal_(net.out.weight, std=0.02)
    return net.eval()


def test_tiles_leave_no_seam() -> None:
    net = _shaken(UpscalerNet(8, 1))
    picture: FloatArray = np.float32(_drawing(80)) / 255
    whole = enlarge(net, picture)
    tiled = np.concatenate(list(tiled_rows(picture, lambda tile: enlarge(net, tile), SCALE, 48, 16)))
    assert np.abs(tiled - whole).max() < 1e-5


@pytest.mark.parametrize(("channels", "dtype"), [(4, np.uint8), (3, np.uint16), (2, np.uint8), (1, np.uint16)])
def test_alpha_and_sixteen_bits_stay(channels: int, dtype: type) -> None:
    top = np.iinfo(dtype).max
    drawn = np.concatenate([_drawing(24), np.full((24, 24, 1), 128, np.uint8)], axis=2)
    shown = {1: [0], 2: [0, 3], 3: [0, 1, 2], 4: [0, 1, 2, 3]}[channels]
    pixels = np.ascontiguousarray(drawn[..., shown]).astype(dtype) * dtype(top // 255)
    picture = read_picture(encode("PNG", pixels, None, Encoding(), True))
    made = upscale(picture, Upscale(tile=16, overlap=6), _network(_shaken(UpscalerNet(8, 1)))).whole()
    assert made.shape == (96, 96, channels) and made.dtype == dtype
    if channels in (2, 4):
        assert np.abs(made[..., -1].astype(int) - pixels[0, 0, -1]).max() <= 1


def test_export_and_load_say_the_same_but_for_half_precision(tmp_path: Path) -> None:
    config = _config()
    net = _shaken(UpscalerNet(**config.model))
    assert export_upscaler(net, config, tmp_path) < 20_000
    again, digest = load_enlarger(tmp_path)
    picture: FloatArray = np.float32(_drawing(24)) / 255
    assert np.abs(again(picture) - enlarge(net, picture)).max() < 2e-3
    assert len(digest) == 64
    (tmp_path / "upscaler" / "model.safetensors").write_bytes(b"x" * 100)
    with pytest.raises(ModelError, match="damaged"):
        load_enlarger(tmp_path)


def test_scores_measure_what_they_say() -> None:
    sharp: FloatArray = np.float32(_drawing(96)) / 255
    soft = cv2.GaussianBlur(sharp, (0, 0), 2.0)
    assert psnr(sharp, sharp) == 100 and psnr(soft, sharp) < 40
    assert edge_width(soft, sharp) > 1.5 * edge_width(sharp, sharp) > 0
    assert edge_width(np.zeros_like(sharp), np.zeros_like(sharp)) == 0
    plain = upscale_scores(lambda s: cv2.resize(s, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC), [sharp])
    assert plain["psnr"] == pytest.approx(plain["bicubic"]) and plain["worst"] == pytest.approx(0, abs=1e-6)


@pytest.mark.skipif(not (primer_folder() / "upscaler").is_dir(), reason="the weights are not in this checkout")
def test_the_shipped_one_beats_bicubic_and_keeps_ink_as_thin() -> None:
    load = METHODS["primer"]
    assert load is not None
    network = load()
    assert (network.name, network.scale) == ("primer", 4)
    scores = upscale_scores(network.enlarge, [np.float32(_drawing(256, seed)) / 255 for seed in (11, 12)])
    assert scores["worst"] > 0 and scores["width"] <= scores["bicubic width"]
