"""A Primer of the real layout with everything small, trained for a few steps."""

from dataclasses import replace

from underpaint.primer.config import PrimerConfig, read_config
from underpaint.primer.stages import (
    Workshop,
    autoencoder_stage,
    encode_stage,
    painter_stage,
    reading_stage,
    render_stage,
    tokenizer_stage,
)


def tiny_config() -> PrimerConfig:
    """The shipped configuration with everything small; the layout stays the same."""
    config = read_config()
    narrow = {"encoder_widths": [8, 16], "decoder_widths": [8, 16], "encoder_blocks": [1, 1], "decoder_blocks": [1, 1]}
    return PrimerConfig(
        render=replace(config.render, per_shard=4, shards=2, captions=2, judge_shards=2),
        tokenizer=replace(config.tokenizer, tokens=700),
        autoencoder=replace(config.autoencoder, steps=3, batch=2, crop=64, model=config.autoencoder.model | narrow),
        reading=replace(config.reading, steps=3, batch=4),
        painter=replace(
            config.painter,
            steps=2,
            batch=2,
            half_batch=3,
            unet=config.painter.unet | {"block_out_channels": [16, 32]},
            text=config.painter.text | {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1},
            adapter=config.painter.adapter | {"channels": [16, 32]},
        ),
        decoder=replace(config.decoder, steps=2, batch=2, crop=64),
        judge=replace(config.judge, steps=2, batch=2, size=32, width=4),
        evaluate=replace(config.evaluate, prompts=4, pairs=2, drawings=2, steps=2, few_steps=1, rounds=0, holes=0),
        defaults=config.defaults,
    )


def train_tiny(shop: Workshop) -> Workshop:
    """Every stage up to the painter."""
    render_stage(shop)
    tokenizer_stage(shop)
    assert autoencoder_stage(shop)
    encode_stage(shop)
    assert reading_stage(shop)
    assert painter_stage(shop)
    return shop
