"""Merging checkpoints: the arithmetic, block by block, in every number format; what cannot be mixed is refused."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from headers import SD, SDXL, UNET, VAE, Shapes, save
from safetensors.numpy import load_file
from safetensors.torch import load_file as load_torch
from safetensors.torch import save_file as save_torch

from underpaint.errors import ModelError, OutputError
from underpaint.models import HashStore, MergeRecipe, Share, describe, parse_blocks
from underpaint.models import merging as room
from underpaint.models.header import read_header
from underpaint.models.merge_recipe import block_of
from underpaint.models.merging import merge_checkpoints

BLOCKS: Shapes = {
    f"{UNET}time_embed.0.weight": (3, 2), f"{UNET}input_blocks.4.1.proj_in.weight": (5, 3),
    f"{UNET}middle_block.1.proj_in.weight": (4, 4), f"{UNET}output_blocks.11.0.skip_connection.weight": (2, 3, 1, 1),
    f"{UNET}out.0.bias": (3,),
}  # fmt: skip
IDS = "cond_stage_model.transformer.text_model.embeddings.position_ids"


def checkpoint(
    path: Path, seed: int, *, dtype: torch.dtype = torch.float32, shapes: Shapes | None = None, **metadata: str
) -> Path:
    generator = torch.Generator().manual_seed(seed)
    tensors = {key: torch.randn(shape, generator=generator).to(dtype) for key, shape in (shapes or SD | BLOCKS).items()}
    save_torch(tensors | {IDS: torch.arange(7)[None]}, path, metadata=metadata or None)
    return path


def merged(folder: Path, recipe: MergeRecipe, *paths: Path, dtype: str | None = None) -> Path:
    out = folder / "out.safetensors"
    out.unlink(missing_ok=True)
    merge_checkpoints([describe(path) for path in paths], recipe, out, hashes=HashStore(folder / "home"), dtype=dtype)
    return out


def weighted(*shares: float) -> MergeRecipe:
    return MergeRecipe("weighted", tuple(Share(share) for share in shares))


def test_weighted_and_its_parents_in_the_metadata(tmp_path: Path) -> None:
    a, b = (checkpoint(tmp_path / f"{name}.safetensors", number) for number, name in enumerate("ab"))
    out = merged(tmp_path, weighted(0.3), a, b)
    first, second, found = load_file(a), load_file(b), load_file(out)
    assert found.keys() == first.keys()
    for key, value in found.items():
        wanted = first[key] if key == IDS else 0.7 * first[key] + 0.3 * second[key]
        np.testing.assert_allclose(value, wanted, rtol=0, atol=1e-6)
        assert value.dtype == first[key].dtype
    said = read_header(out).metadata
    parents = json.loads(said["underpaint.merge"])["parents"]
    hashes = [hashlib.sha256(path.read_bytes()).hexdigest() for path in (a, b)]
    assert [parent["sha256"] for parent in parents] == hashes
    shown = json.loads(said["sd_merge_recipe"])
    assert (shown["primary_model_hash"], shown["secondary_model_hash"]) == tuple(hashes)
    assert (shown["interp_method"], shown["multiplier"]) == ("Weighted sum", 0.3)
    assert json.loads(said["sd_merge_models"]).keys() == set(hashes)
    known = describe(out)
    assert (known.family, known.prediction, known.text_encoders) == ("sd", "epsilon", describe(a).text_encoders)
    grand = tmp_path / "grand.safetensors"
    merge_checkpoints([known, describe(b)], weighted(0.5), grand, hashes=HashStore(tmp_path / "home"))
    assert set(hashes) < json.loads(read_header(grand).metadata["sd_merge_models"]).keys()


def test_three_at_once_and_the_difference_of_two(tmp_path: Path) -> None:
    paths = [checkpoint(tmp_path / f"{name}.safetensors", number) for number, name in enumerate("abc")]
    a, b, c = (load_file(path) for path in paths)
    found = load_file(merged(tmp_path, weighted(0.2, 0.3), *paths))
    added = load_file(merged(tmp_path, MergeRecipe("add difference", (Share(0.8),)), *paths))
    for key in a.keys() - {IDS}:
        np.testing.assert_allclose(found[key], 0.5 * a[key] + 0.2 * b[key] + 0.3 * c[key], rtol=0, atol=1e-6)
        np.testing.assert_allclose(added[key], a[key] + 0.8 * (b[key] - c[key]), rtol=0, atol=1e-6)


def test_every_block_its_own_share(tmp_path: Path) -> None:
    a, b = (checkpoint(tmp_path / f"{name}.safetensors", number) for number, name in enumerate("ab"))
    blocks = {"BASE": 0.1, "IN00": 0.2, "IN04": 0.0, "M00": 1.0, "OUT11": 0.5}
    out = merged(tmp_path, MergeRecipe("weighted", (Share(0.9, blocks),)), a, b)
    first, second, found = load_file(a), load_file(b), load_file(out)
    for key in first.keys() - {IDS}:
        share = blocks.get(block_of(key, "sd"), 0.9)
        np.testing.assert_allclose(found[key], (1 - share) * first[key] + share * second[key], rtol=0, atol=1e-6)
    assert np.array_equal(
        found[f"{UNET}input_blocks.4.1.proj_in.weight"], first[f"{UNET}input_blocks.4.1.proj_in.weight"]
    )
    assert block_of(f"{UNET}input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight", "sd") == "IN01"
    assert [block_of(f"{UNET}{key}", "sdxl") for key in ("label_emb.0.0.weight", "out.2.weight")] == ["IN00", "OUT08"]


@pytest.mark.parametrize("stored", ["float16", "bfloat16", "float64"])
@pytest.mark.parametrize("asked", [None, "F16", "BF16", "F32"])
def test_number_formats(stored: str, asked: str | None, tmp_path: Path) -> None:
    """Held to torch's own rounding."""
    kind = getattr(torch, stored)
    a, b = (checkpoint(tmp_path / f"{name}.safetensors", number, dtype=kind) for number, name in enumerate("ab"))
    found = load_torch(merged(tmp_path, weighted(0.25), a, b, dtype=asked))
    to = {"F16": torch.float16, "BF16": torch.bfloat16, "F32": torch.float32, None: kind}[asked]
    first, second = load_torch(a), load_torch(b)
    for key in first.keys() - {IDS}:
        assert found[key].dtype == to
        wanted = first[key].float() * 0.75 + second[key].float() * 0.25
        torch.testing.assert_close(found[key], wanted.to(to), rtol=0, atol=1e-6 if asked != "BF16" else 0)
    assert found[IDS].dtype == torch.int64


def test_bf16_rounds_as_torch_does() -> None:
    from underpaint.models.number_formats import decoded, encoded

    values = torch.cat(
        [torch.randn(5000, generator=torch.Generator().manual_seed(1)) * scale for scale in (1e-30, 1.0, 1e30)]
    )
    wanted = values.to(torch.bfloat16)
    found = encoded(values.numpy(), "BF16")
    assert found == wanted.view(torch.int16).numpy().tobytes()
    assert np.array_equal(decoded(found, "BF16"), wanted.float().numpy())


def test_an_inpainting_model_takes_what_an_ordinary_one_has(tmp_path: Path) -> None:
    first = f"{UNET}input_blocks.0.0.weight"
    a = checkpoint(tmp_path / "a.safetensors", 0, shapes=SD | {first: (2, 9, 3, 3)})
    b, c = (checkpoint(tmp_path / f"{name}.safetensors", number) for number, name in ((1, "b"), (2, "c")))
    before, ordinary, base = (load_file(path)[first] for path in (a, b, c))
    found = load_file(merged(tmp_path, weighted(0.5), a, b))[first]
    np.testing.assert_allclose(found[:, :4], (before[:, :4] + ordinary) / 2, atol=1e-6)
    assert np.array_equal(found[:, 4:], before[:, 4:])
    added = load_file(merged(tmp_path, MergeRecipe("add difference", (Share(1.0),)), a, b, c))[first]
    np.testing.assert_allclose(added[:, :4], before[:, :4] + ordinary - base, atol=1e-6)
    with pytest.raises(ModelError, match="has shape"):
        merged(tmp_path, weighted(0.5), b, a)


def test_what_only_one_has_is_kept_or_left_out(tmp_path: Path) -> None:
    a = checkpoint(tmp_path / "a.safetensors", 0, shapes=SD | BLOCKS)
    b = checkpoint(
        tmp_path / "b.safetensors",
        1,
        shapes={key: shape for key, shape in (SD | BLOCKS).items() if key not in VAE}
        | {"first_stage_model.other": (2,)},
    )
    out = tmp_path / "out.safetensors"
    found = merge_checkpoints([describe(a), describe(b)], weighted(0.5), out, hashes=HashStore(tmp_path / "home"))
    assert (found.mixed, found.kept, found.left_out) == (len(SD | BLOCKS) - len(VAE), len(VAE) + 1, 1)
    key = next(iter(VAE))
    assert np.array_equal(load_file(out)[key], load_file(a)[key])


def test_large_weights_stream_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_NUMBERS_AT_ONCE", 7)
    a, b = (checkpoint(tmp_path / f"{name}.safetensors", number) for number, name in enumerate("ab"))
    sizes: list[int] = []
    read = room._read
    monkeypatch.setattr(room, "_read", lambda *given: sizes.append(given[4]) or read(*given))
    found = load_file(merged(tmp_path, weighted(0.5), a, b))
    key = f"{UNET}input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight"
    np.testing.assert_allclose(found[key], (load_file(a)[key] + load_file(b)[key]) / 2, atol=1e-6)
    assert max(sizes) == 7


def bad(folder: Path, kind: str) -> Path:
    path = folder / "bad.safetensors"
    shapes = {"SDXL": SDXL, "small": {key: shape for key, shape in SD.items() if "out.2" in key or "input" in key}}
    if kind in shapes:
        return save(path, shapes[kind])
    if kind == "wide":
        return checkpoint(path, 1, shapes=SD | BLOCKS | {f"{UNET}out.0.bias": (9,)})
    if kind == "velocity":
        return checkpoint(path, 1, shapes=SD | BLOCKS | {"v_pred": (1,)})
    if kind == "lora":
        return save(path, {"lora_unet_a.lora_down.weight": (2, 3), "lora_unet_a.lora_up.weight": (4, 2)})
    if kind == "fp8":
        return checkpoint(path, 1, dtype=torch.float8_e4m3fn)
    checkpoint(path, 1)
    tensors = load_torch(path)
    tensors[f"{UNET}out.0.bias"][1] = float(kind)
    save_torch(tensors, path)
    return path


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("SDXL", "a is Stable Diffusion 1.x, bad is Stable Diffusion XL"),
        ("small", "shares less than half"),
        ("wide", r"out\.0\.bias' has shape \(3,\) in a and \(9,\) in bad"),
        ("velocity", "a predicts epsilon, bad predicts v_prediction"),
        ("lora", "bad is a LoRA; only single-file checkpoints"),
        ("fp8", "bad is stored as F8_E4M3, which is too coarse"),
        ("nan", r"out\.0\.bias' is no number"),
        ("inf", r"out\.0\.bias' is no number"),
    ],
)
def test_what_cannot_be_mixed_leaves_nothing_behind(kind: str, said: str, tmp_path: Path) -> None:
    a = checkpoint(tmp_path / "a.safetensors", 0)
    path = bad(tmp_path, kind)
    with pytest.raises(ModelError, match=said) as told:
        merged(tmp_path, weighted(0.5), a, path)
    assert "\n" not in str(told.value)
    assert told.value.hint
    assert {file.name for file in tmp_path.iterdir()} <= {"a.safetensors", "bad.safetensors", "home"}


def test_numbers_too_large_for_half_precision_are_named(tmp_path: Path) -> None:
    a = checkpoint(tmp_path / "a.safetensors", 0)
    big = load_torch(a)
    big[f"{UNET}out.0.bias"][0] = 3e5
    save_torch(big, tmp_path / "b.safetensors")
    with pytest.raises(ModelError, match=r"too large for F16.*--dtype fp32"):
        merged(tmp_path, weighted(0.5), a, tmp_path / "b.safetensors", dtype="F16")


def test_a_file_that_is_there_is_never_written_over(tmp_path: Path) -> None:
    a, b = (checkpoint(tmp_path / f"{name}.safetensors", number) for number, name in enumerate("ab"))
    before = a.read_bytes()
    with pytest.raises(OutputError, match="exists already"):
        merge_checkpoints([describe(a), describe(b)], weighted(0.5), a, hashes=HashStore(tmp_path / "home"))
    with pytest.raises(OutputError, match="end in"):
        merge_checkpoints(
            [describe(a), describe(b)], weighted(0.5), tmp_path / "o.ckpt", hashes=HashStore(tmp_path / "home")
        )
    assert a.read_bytes() == before


def row(count: int) -> str:
    return ",".join(str(number / 10) for number in range(count))


@pytest.mark.parametrize(
    ("text", "family", "wanted"),
    [
        (row(25), "sd", {"IN00": 0.0, "M00": 1.2, "OUT11": 2.4}),
        ("0.5 " + row(25).replace(",", " "), "sd", {"BASE": 0.5, "IN00": 0.0, "OUT00": 1.3}),
        (row(20), "sdxl", {"BASE": 0.0, "IN08": 0.9, "M00": 1.0, "OUT08": 1.9}),
        (row(26), "sdxl", {"IN08": 0.9, "M00": 1.3, "OUT00": 1.4}),
        ("IN04-IN06:0.2, mid:1,OUT05=0.7", "sd2", {"IN04": 0.2, "IN05": 0.2, "IN06": 0.2, "M00": 1.0, "OUT05": 0.7}),
    ],
)  # fmt: skip
def test_blocks_as_people_write_them(text: str, family: str, wanted: dict[str, float]) -> None:
    found = parse_blocks(text, family)
    assert {name: found[name] for name in wanted} == pytest.approx(wanted)
    assert len(found) == (
        len(wanted)
        if ":" in text
        else len(text.replace(",", " ").split()) - 6 * (family == "sdxl" and len(text.replace(",", " ").split()) == 26)
    )
    assert "OUT09" not in found or family != "sdxl"


@pytest.mark.parametrize(
    ("text", "family", "said"),
    [
        ("0.1,0.2", "sd", "2 numbers are no row of blocks"),
        ("IN04:nan", "sd", "'nan' is no share"),
        ("IN04:0.5,IN12:1", "sd", "'IN12:1' names no block"),
        ("OUT05-IN03:1", "sd", "names no block"),
        ("IN04:1e9", "sd", "no share between"),
        ("", "sd", "no blocks are named"),
        ("IN04:1", "flux", "only SD 1.x, SD 2.x and SDXL"),
    ],
)
def test_blocks_that_are_none(text: str, family: str, said: str) -> None:
    with pytest.raises(ModelError, match=said) as told:
        parse_blocks(text, family)
    assert told.value.hint
