"""The larger set is read by the same code, and its networks fit each other."""

import tomllib
from dataclasses import asdict

import pytest
import torch

from underpaint.primer.autoencoder import new_autoencoder
from underpaint.primer.config import LARGE, LimitsConfig, read_config
from underpaint.primer.export import count_parameters
from underpaint.primer.extractors import new_extractor
from underpaint.primer.maps import CHANNELS
from underpaint.primer.paint import Order, Paintbox, paint
from underpaint.primer.painter import Painter
from underpaint.primer.part_config import LARGE_PARTS, SHIPPED_PARTS, read_parts_config
from underpaint.primer.upscaler import new_upscaler
from underpaint.primer.words import learn_vocabulary, read_tokenizer, write_tokenizer


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Paintbox:
    """Everything large, untrained."""
    config, folder = read_config(LARGE), tmp_path_factory.mktemp("words")
    write_tokenizer(folder, *learn_vocabulary(["a red cat at dawn"], 700))
    tokenizer = read_tokenizer(folder)
    autoencoder = new_autoencoder(config.autoencoder)
    channels = int(autoencoder.config.latent_channels)
    return Paintbox(Painter(config.painter, tokenizer, channels).eval(), autoencoder.eval(), tokenizer)


def test_it_paints_and_hears_every_map(box: Paintbox) -> None:
    bare = paint(box, Order(["a red cat"], size=(64, 64), steps=1, guidance=1.0))
    assert bare.shape == (1, 64, 64, 3)
    for kind, channels in CHANNELS.items():
        side = 64 if kind == "line" else 32
        levels = box.painter.features({kind: (torch.tensor([0]), torch.rand(1, channels, side, side))}, 1)
        assert levels is not None and all(level.abs().max() > 0 for level in levels)


def test_it_is_larger_and_within_its_own_limits(box: Paintbox) -> None:
    limits = read_config(LARGE).limits
    assert 10 * 5.8e6 < count_parameters(box.painter.unet) < limits.file / 2
    assert 2 * sum(count_parameters(part) for part in (box.painter, box.autoencoder)) < limits.folder


def test_only_what_is_larger_differs() -> None:
    """The same stages and questions, so that both sets can be compared."""
    small, large = read_config(), read_config(LARGE)
    assert large.judge == small.judge and large.render.judge_seed == small.render.judge_seed
    assert asdict(large.evaluate) == asdict(small.evaluate)
    assert small.limits == LimitsConfig() and large.limits.folder > 10 * small.limits.folder
    parts = read_parts_config(LARGE_PARTS)
    assert count_parameters(new_extractor(parts.extractors)) > 2 * count_parameters(
        new_extractor(read_parts_config().extractors)
    )
    assert count_parameters(new_upscaler(parts.upscaler)) > 1e6
    assert set(tomllib.loads(LARGE_PARTS.read_text())) == set(tomllib.loads(SHIPPED_PARTS.read_text()))
