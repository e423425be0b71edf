"""The smaller networks as folders of the Primer: half precision, standard layouts, each replaced whole."""

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from diffusers import T2IAdapter
from safetensors.torch import save
from torch import Tensor

from underpaint.engine.families.clip_pictures import IMAGE_FOLDER, PROJECTION_FOLDER, TextProjection
from underpaint.engine.families.extractor_net import ExtractorNet
from underpaint.engine.families.extractor_nets import FOLDER as EXTRACTORS
from underpaint.engine.families.small_net_files import write_net
from underpaint.engine.families.upscaler_net import FOLDER as UPSCALER
from underpaint.engine.families.upscaler_net import UpscalerNet
from underpaint.files import atomic_write
from underpaint.models.own_adapters import PICTURE_KINDS, PROMPT_FOLDER
from underpaint.primer.clip import Towers
from underpaint.primer.digests import FILL_CONFIG, FILL_FOLDER, PROMPTS_CONFIG, note_files
from underpaint.primer.fill import CHANNELS, SHRINK
from underpaint.primer.image_prompt import written
from underpaint.primer.part_config import ExtractorsConfig, ImagePromptConfig, UpscalerConfig
from underpaint.training.checkpoint import take_prefix

PART_FOLDERS = (EXTRACTORS, UPSCALER, IMAGE_FOLDER, PROJECTION_FOLDER, PROMPT_FOLDER, FILL_FOLDER)
"""What lies in the Primer's folder beside what the painter writes."""


def export_extractors(net: ExtractorNet, config: ExtractorsConfig, primer: Path) -> int:
    """Write the extractors into the Primer's folder; returns the bytes of their weights."""
    return _replaced(primer / EXTRACTORS, lambda folder: write_net(folder, net, config.model))


def export_upscaler(net: UpscalerNet, config: UpscalerConfig, primer: Path) -> int:
    """Write the upscaler into the Primer's folder; returns the bytes of its weights."""
    return _replaced(primer / UPSCALER, lambda folder: write_net(folder, net, config.model))


def export_towers(towers: Towers, primer: Path) -> int:
    """Write image tower and projection into the Primer's folder; returns the bytes of their weights."""
    size = _replaced(primer / IMAGE_FOLDER, lambda folder: _image_tower(towers, folder))
    weight = towers.words.weight
    shape = {"hidden_size": weight.shape[1], "projection_dim": weight.shape[0]}
    words: TextProjection = towers.words
    return size + _replaced(primer / PROJECTION_FOLDER, lambda folder: write_net(folder, words, shape))


def export_image_prompts(
    state: Mapping[str, Tensor], config: ImagePromptConfig, learned_with: Mapping[str, str], primer: Path
) -> int:
    """Write image prompts (the state of an `ImagePrompts`) into the Primer's folder, as IP-Adapters are written;
    returns their bytes.

    `learned_with` are the digests of the files that they learned beside: with others the Primer's card does not list
    them.
    """

    def write(folder: Path) -> int:
        sizes = []
        for kind in PICTURE_KINDS:
            tensors = written(take_prefix(dict(state), f"kinds.{kind}"), config.strength[kind])
            data = save(tensors, metadata={"format": "pt"})
            with atomic_write(folder / f"{kind}.safetensors") as file:
                file.write(data)
            sizes.append(len(data))
        told = {"learned_with": dict(learned_with), "strength": config.strength}
        with atomic_write(folder / PROMPTS_CONFIG) as file:
            file.write((json.dumps(told, indent=2, sort_keys=True) + "\n").encode())
        return sum(sizes)

    return _replaced(primer / PROMPT_FOLDER, write)


def export_fill(adapter: T2IAdapter, learned_with: Mapping[str, str], primer: Path) -> int:
    """Write the fill adapter into the Primer's folder; returns the bytes of its weights.

    `learned_with` are the digests of the files that it learned beside: with others the card does not list it.
    """

    def write(folder: Path) -> int:
        half = T2IAdapter.from_config(adapter.config)
        half.load_state_dict(adapter.state_dict())
        half.to(torch.float16).save_pretrained(str(folder), safe_serialization=True)
        config = folder / "config.json"
        values = json.loads(config.read_text())
        values.pop("_name_or_path", None)
        config.write_text(json.dumps(values, indent=2, sort_keys=True) + "\n")
        card = {"channels": CHANNELS, "shrink": SHRINK, "floor": 0.0}
        told = {"learned_with": dict(learned_with), "card": card}
        (folder / FILL_CONFIG).write_text(json.dumps(told, indent=2, sort_keys=True) + "\n")
        for file in folder.iterdir():
            file.chmod(0o644)
        return sum(file.stat().st_size for file in folder.glob("*.safetensors"))

    return _replaced(primer / FILL_FOLDER, write)


def _image_tower(towers: Towers, folder: Path) -> int:
    image = type(towers.image)(towers.image.config)
    image.load_state_dict(towers.image.state_dict())
    image.to(torch.float16).save_pretrained(str(folder), safe_serialization=True)
    config = folder / "config.json"
    values = json.loads(config.read_text())
    values.pop("_name_or_path", None)
    config.write_text(json.dumps(values, indent=2, sort_keys=True) + "\n")
    side = {"height": image.config.image_size, "width": image.config.image_size}
    # Squeezed, not cropped: what stands at the side belongs to the picture.
    preprocessor = {"image_processor_type": "CLIPImageProcessor", "size": side, "do_resize": True, "resample": 3,
                    "do_center_crop": False, "do_rescale": True, "do_normalize": True, "do_convert_rgb": True,
                    "image_mean": [0.5] * 3, "image_std": [0.5] * 3}  # fmt: skip
    (folder / "preprocessor_config.json").write_text(json.dumps(preprocessor, indent=2, sort_keys=True) + "\n")
    for file in folder.iterdir():
        file.chmod(0o644)
    return (folder / "model.safetensors").stat().st_size


def _replaced(target: Path, write: Callable[[Path], int]) -> int:
    """Make a folder beside the target and rename it into place, so that nobody reads half of it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=".part-", dir=target.parent))
    fresh.chmod(0o755)
    try:
        size = write(fresh)
        old = fresh.with_name(fresh.name + ".old")
        if target.exists():
            target.replace(old)
        fresh.replace(target)
        shutil.rmtree(old, ignore_errors=True)
        note_files(target.parent)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    return size


def keep_parts(former: Path, fresh: Path) -> None:
    """Carry the smaller networks over from a Primer that is about to be replaced."""
    for name in PART_FOLDERS:
        if (former / name).is_dir() and not (fresh / name).exists():
            shutil.copytree(former / name, fresh / name)
