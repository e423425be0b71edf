"""Every layout of LoRA files: the same weights mean the same change, and coming off leaves no trace."""

import copy
from pathlib import Path

import pytest
import torch
from diffusers import UNet2DConditionModel
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kit.lora_layouts import LAYOUTS, Pairs, cloneofsimo, weight_of
from kit.loras import RANK, random_pairs
from kit.tiny_models import tiny_components
from safetensors.torch import save_file
from test_lora import copied, hooks, painted

from underpaint.engine.attachments.lora import LoraAttachment
from underpaint.engine.attachments.lora_targets import named_targets
from underpaint.engine.components import Components
from underpaint.engine.families.single_file import family_configs
from underpaint.errors import ModelError
from underpaint.models import describe

FAMILIES = ("sd", "sdxl")


@pytest.fixture(scope="module")
def models() -> dict[str, Components]:
    return {family: tiny_components(family) for family in FAMILIES}


def by_hand(model: Components, pairs: Pairs) -> dict[str, torch.Tensor]:
    return {
        f"{part}.{name}.weight": (up.flatten(1) @ down.flatten(1)).reshape(weight_of(model, part, name).shape)
        for (part, name), (down, up) in pairs.items()
    }


def saved(path: Path, tensors: dict[str, torch.Tensor], metadata: dict[str, str] | None = None) -> LoraAttachment:
    save_file({key: value.detach().contiguous().clone() for key, value in tensors.items()}, path, metadata or None)
    return LoraAttachment(describe(path))


def merged(model: Components, deltas: dict[str, torch.Tensor], weight: float = 1.0) -> dict[str, torch.Tensor]:
    """One forward pass of a copy whose own weights were changed."""
    other = copied(model)
    roots = {"denoiser": other.denoiser} | dict(
        zip(("text_encoder", "text_encoder_2"), other.text_encoders, strict=False)
    )
    with torch.no_grad():
        for key, delta in deltas.items():
            part, _, name = key.partition(".")
            roots[part].get_parameter(name).add_(delta, alpha=weight)
    return painted(other)


def state(model: Components) -> dict[str, torch.Tensor]:
    return {
        f"{number}.{name}": value.clone()
        for number, root in enumerate(model.modules())
        for name, value in root.state_dict().items()
    }


def assert_added_and_taken_off(lora: LoraAttachment, model: Components) -> None:
    """Attached it paints as its deltas merged by hand; detached it leaves weights, hooks and a pass as they were."""
    before, hooked, weights = painted(model), hooks(model), state(model)
    processors = {name: id(one) for name, one in model.denoiser.attn_processors.items()}
    wanted = merged(model, lora.deltas(model), lora.weight)
    lora.attach(model)
    found = painted(model)
    lora.detach()
    for name, value in wanted.items():
        torch.testing.assert_close(found[name], value, rtol=1e-4, atol=1e-5)
    assert any(not torch.allclose(found[name], before[name], atol=1e-4) for name in before)
    assert all(torch.equal(value, before[name]) for name, value in painted(model).items())
    assert hooks(model) == hooked
    assert {name: id(one) for name, one in model.denoiser.attn_processors.items()} == processors
    assert all(torch.equal(value, weights[name]) for name, value in state(model).items())


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_same_weights_mean_the_same_change(layout: str, family: str, models: dict, tmp_path: Path) -> None:
    model = models[family]
    pairs = random_pairs(model)
    lora = saved(tmp_path / "ink.safetensors", *LAYOUTS[layout](model, pairs))
    found, wanted = lora.deltas(model), by_hand(model, pairs)
    assert found.keys() == wanted.keys()
    worst = max(float((found[key] - wanted[key]).abs().max()) for key in wanted)
    assert worst < 1e-6, layout
    assert lora.description.lora is not None
    assert set(lora.description.lora.parts) == {part for part, _ in pairs}


@pytest.mark.parametrize(
    "layout",
    ["comfy", "processors", "LoCon with a core", "LoHa", "LoKr", "DoRA on input", "DoRA by peft", "whole differences"],
)
def test_attached_it_paints_as_merged_and_leaves_no_trace(layout: str, models: dict, tmp_path: Path) -> None:
    model = models["sdxl" if layout == "LoKr" else "sd"]
    tensors, metadata = LAYOUTS[layout](model, random_pairs(model))
    lora = saved(tmp_path / "ink.safetensors", tensors, metadata)
    lora.weight = 0.7
    lora.text_weight = 0.7
    assert_added_and_taken_off(lora, model)


LAYER = "down_blocks.0.resnets.0.conv1"
STEM = f"lora_unet_{LAYER.replace('.', '_')}"


def numbers(*shape: int, seed: int = 3) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed + sum(shape))) * 0.2


def test_loha_as_its_paper_says_it(models: dict, tmp_path: Path) -> None:
    """(A1 B1) * (A2 B2), number by number; with cores A and B stand rank first (FedPara, LyCORIS)."""
    weight = weight_of(models["sd"], "denoiser", LAYER)
    out, inputs = weight.shape[:2]
    a1, b1, a2, b2 = numbers(out, 2), numbers(2, inputs * 9), numbers(out, 2, seed=8), numbers(2, inputs * 9, seed=9)
    tensors = {
        f"{STEM}.hada_w1_a": a1,
        f"{STEM}.hada_w1_b": b1.reshape(2, inputs, 3, 3),
        f"{STEM}.hada_w2_a": a2,
        f"{STEM}.hada_w2_b": b2,
        f"{STEM}.alpha": torch.tensor(1.0),
    }
    lora = saved(tmp_path / "plain.safetensors", tensors)
    wanted = ((a1 @ b1) * (a2 @ b2)).reshape(weight.shape) / 2
    torch.testing.assert_close(lora.deltas(models["sd"])[f"denoiser.{LAYER}.weight"], wanted, rtol=0, atol=1e-6)
    assert_added_and_taken_off(lora, models["sd"])
    t1, t2, c1, c2 = numbers(2, 2, 3, 3), numbers(2, 2, 3, 3, seed=4), numbers(2, out), numbers(2, out, seed=5)
    d1, d2 = numbers(2, inputs), numbers(2, inputs, seed=6)
    tensors = {
        f"{STEM}.hada_t1": t1,
        f"{STEM}.hada_w1_a": c1,
        f"{STEM}.hada_w1_b": d1,
        f"{STEM}.hada_t2": t2,
        f"{STEM}.hada_w2_a": c2,
        f"{STEM}.hada_w2_b": d2,
        f"{STEM}.alpha": torch.tensor(8.0),
    }
    lora = saved(tmp_path / "core.safetensors", tensors)
    first, second = (torch.einsum("ijhw,ip,jr->prhw", *parts) for parts in ((t1, c1, d1), (t2, c2, d2)))
    found = lora.deltas(models["sd"])[f"denoiser.{LAYER}.weight"]
    torch.testing.assert_close(found, first * second * 4, rtol=0, atol=1e-6)
    assert_added_and_taken_off(lora, models["sd"])


@pytest.mark.parametrize("form", ["whole", "right in two", "both in two", "core"])
def test_lokr_as_its_paper_says_it(form: str, models: dict, tmp_path: Path) -> None:
    """A kron B; alpha counts only where one of them is a product, by that one's rank."""
    model, linear = models["sd"], "mid_block.attentions.0.transformer_blocks.0.attn1.to_q"
    tensors, wanted = {}, {}
    for name in (LAYER, linear):
        weight, stem = weight_of(model, "denoiser", name), f"lora_unet_{name.replace('.', '_')}"
        kernel = weight.shape[2:]
        inner = (weight.shape[0] // 4, weight.shape[1] // 2)
        left, right = numbers(4, 2), numbers(*inner, *kernel)
        alpha, scale = torch.tensor(6.0), 1.0 if form == "whole" else 2.0
        own = {"lokr_w1": left, "lokr_w2": right, "alpha": alpha}
        if form == "core" and kernel:
            core, a, b = numbers(3, 3, *kernel), numbers(3, inner[0]), numbers(3, inner[1], seed=5)
            right = torch.einsum("ijhw,ip,jr->prhw", core, a, b)
            own = {"lokr_w1": left, "lokr_t2": core, "lokr_w2_a": a, "lokr_w2_b": b, "alpha": alpha}
        elif form != "whole":
            a, b = numbers(inner[0], 3), numbers(3, right[0].numel(), seed=5)
            right = (a @ b).reshape(right.shape)
            own = {"lokr_w1": left, "lokr_w2_a": a, "lokr_w2_b": b, "alpha": alpha}
        if form == "both in two":
            own |= {"lokr_w1_a": numbers(4, 5), "lokr_w1_b": numbers(5, 2)}
            left = own["lokr_w1_a"] @ own["lokr_w1_b"]
            del own["lokr_w1"]
        tensors |= {f"{stem}.{key}": value for key, value in own.items()}
        spread = left.reshape(4, 2, *(1 for _ in kernel))
        wanted[f"denoiser.{name}.weight"] = torch.kron(spread, right.contiguous()) * scale
    lora = saved(tmp_path / "ink.safetensors", tensors)
    for key, delta in lora.deltas(model).items():
        torch.testing.assert_close(delta, wanted[key], rtol=0, atol=1e-6)
    assert_added_and_taken_off(lora, model)


def test_dora_is_what_peft_makes_of_it(models: dict, tmp_path: Path) -> None:
    """A peer that nobody here wrote: peft trains and merges the same layer."""
    from peft import LoraConfig, get_peft_model

    model = models["sd"]
    name = "mid_block.attentions.0.transformer_blocks.0.attn1.to_q"
    weight = weight_of(model, "denoiser", name)
    part = torch.nn.ModuleDict({"to_q": copy.deepcopy(model.denoiser.get_submodule(name))})
    peer = get_peft_model(part, LoraConfig(r=3, lora_alpha=6, use_dora=True, target_modules=["to_q"]))
    layer = peer.base_model.model["to_q"]
    with torch.no_grad():
        for value in (layer.lora_A["default"].weight, layer.lora_B["default"].weight):
            value.copy_(numbers(*value.shape))
        layer.lora_magnitude_vector["default"].weight.mul_(1 + numbers(weight.shape[0]))
    tensors = {
        f"unet.{name}.lora_A.weight": layer.lora_A["default"].weight,
        f"unet.{name}.lora_B.weight": layer.lora_B["default"].weight,
        f"unet.{name}.lora_magnitude_vector": layer.lora_magnitude_vector["default"].weight,
        f"unet.{name}.alpha": torch.tensor(6.0),
    }
    lora = saved(tmp_path / "ink.safetensors", tensors)
    layer.merge()
    found = lora.deltas(model)[f"denoiser.{name}.weight"]
    torch.testing.assert_close(found, layer.base_layer.weight - weight, rtol=0, atol=1e-5)
    assert_added_and_taken_off(lora, model)


@pytest.mark.parametrize("kind", ["LoRA", "DoRA", "LoHa", "LoKr", "LoKr of whole matrices"])
def test_folders_that_peft_saved(kind: str, models: dict[str, Components], tmp_path: Path) -> None:
    """peft adapts a UNet, saves its folder, and merges: the same change as ours."""
    from peft import LoHaConfig, LoKrConfig, LoraConfig, get_peft_model

    model, targets = models["sd"], ["to_q", "to_out.0", "conv1", "proj_in"]
    rank = {"target_modules": targets, "r": 32 if "whole" in kind else 2}
    if kind in ("LoRA", "DoRA"):
        config = LoraConfig(lora_alpha=3, use_dora=kind == "DoRA", **rank)
    else:
        config = (LoHaConfig if kind == "LoHa" else LoKrConfig)(alpha=3, **rank)
    peer = get_peft_model(copy.deepcopy(model.denoiser), config)
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for name, value in peer.named_parameters():
            if any(mark in name for mark in (".lora_A", ".lora_B", ".hada_", ".lokr_")):
                value.copy_(torch.randn(value.shape, generator=generator) * 0.2)
    peer.save_pretrained(tmp_path / "ink")
    known = describe(tmp_path / "ink")
    assert (known.name, known.layout) == ("ink", "peft")
    found = LoraAttachment(known).deltas(model)
    merged_peer = peer.merge_and_unload()
    changed = {
        name
        for name, value in merged_peer.named_parameters()
        if not torch.equal(value, model.denoiser.get_parameter(name))
    }
    assert found.keys() == {f"denoiser.{name}" for name in changed}
    for name in changed:
        wanted = merged_peer.get_parameter(name) - model.denoiser.get_parameter(name)
        torch.testing.assert_close(found[f"denoiser.{name}"], wanted, rtol=0, atol=1e-6 if "DoRA" not in kind else 1e-5)


def test_whole_differences_reach_biases_and_norms(models: dict, tmp_path: Path) -> None:
    model = models["sd"]
    places = {
        "conv_in": True,
        "down_blocks.0.resnets.0.norm1": True,
        "conv_norm_out": False,
        "mid_block.attentions.0.transformer_blocks.0.norm1": True,
        "time_embedding.linear_1": False,
    }
    tensors, wanted = {}, {}
    for name, weighted in places.items():
        layer, stem = model.denoiser.get_submodule(name), f"lora_unet_{name.replace('.', '_')}"
        ends = ("w_norm", "b_norm") if "norm1" in name else ("diff", "diff_b")
        bias = numbers(*layer.bias.shape)
        tensors[f"{stem}.{ends[1]}"] = wanted[f"denoiser.{name}.bias"] = bias
        if weighted:
            tensors[f"{stem}.{ends[0]}"] = wanted[f"denoiser.{name}.weight"] = numbers(*layer.weight.shape)
    lora = saved(tmp_path / "ink.safetensors", tensors)
    found = lora.deltas(model)
    assert found.keys() == wanted.keys()
    assert all(torch.equal(found[key], wanted[key]) for key in wanted)
    assert_added_and_taken_off(lora, model)


@pytest.mark.parametrize("on_input", [False, True])
def test_ia3_scales_rows_or_columns(on_input: bool, models: dict, tmp_path: Path) -> None:
    model, name = models["sd"], "mid_block.attentions.0.transformer_blocks.0.attn2.to_k"
    weight = weight_of(model, "denoiser", name)
    factors = numbers(weight.shape[1 if on_input else 0])
    stem = f"lora_unet_{name.replace('.', '_')}"
    lora = saved(tmp_path / "ink.safetensors", {f"{stem}.weight": factors, f"{stem}.on_input": torch.tensor(on_input)})
    found = lora.deltas(model)[f"denoiser.{name}.weight"]
    torch.testing.assert_close(found, weight * (factors[None] if on_input else factors[:, None]))
    assert_added_and_taken_off(lora, model)


def numbered(model: Components, *, elder: bool) -> dict[str, list[str]]:
    """What cloneofsimo counted: linear layers below attentions and GEGLU, the feed-forward once between them."""
    kinds = {"Attention", "GEGLU", "CLIPAttention"}
    found = {}
    for part, root in (("denoiser", model.denoiser), ("text_encoder", model.text_encoders[0])):
        names = [
            f"{at}.{inner}"
            for at, module in root.named_modules()
            if type(module).__name__ in kinds
            for inner, layer in module.named_modules()
            if isinstance(layer, torch.nn.Linear)
        ]
        if elder and part == "denoiser":
            blocks = [name.partition(".transformer_blocks.")[0] for name in names]
            order = {"attn1": 0, "ff": 1, "attn2": 2}
            names.sort(
                key=lambda name: (
                    blocks.index(name.partition(".transformer_blocks.")[0]),
                    order[name.partition(".transformer_blocks.0.")[2].partition(".")[0]],
                )
            )
        found[part] = names
    return found


@pytest.mark.parametrize("elder", [False, True])
def test_cloneofsimos_numbers(elder: bool, models: dict, tmp_path: Path) -> None:
    model = models["sd"]
    order = numbered(model, elder=elder)
    pairs = {}
    for part, names in order.items():
        for name in names:
            weight = weight_of(model, part, name)
            pairs[part, name] = numbers(RANK, weight.shape[1]), numbers(weight.shape[0], RANK)
    lora = saved(tmp_path / "ink.safetensors", *cloneofsimo(model, pairs, order))
    assert lora.description.layout == "cloneofsimo"
    found, wanted = lora.deltas(model), by_hand(model, pairs)
    assert found.keys() == wanted.keys()
    assert all(torch.allclose(found[key], wanted[key], atol=1e-6) for key in wanted)
    with pytest.raises(ModelError, match=r"numbered layers \(unet\) have other shapes"):
        lora.deltas(models["sdxl"])


JOINED = {
    "flux": {
        "double_blocks_0_img_attn_qkv": ("transformer_blocks.0.attn", ("to_q", "to_k", "to_v")),
        "double_blocks_0_txt_attn_qkv": ("transformer_blocks.0.attn", ("add_q_proj", "add_k_proj", "add_v_proj")),
        "double_blocks_0_img_mlp_0": ("transformer_blocks.0", ("ff.net.0.proj",)),
        "single_blocks_0_linear1": ("single_transformer_blocks.0", ("attn.to_q", "attn.to_k", "attn.to_v", "proj_mlp")),
        "single_blocks_0_linear2": ("single_transformer_blocks.0", ("proj_out",)),
        "time_in_in_layer": ("time_text_embed", ("timestep_embedder.linear_1",)),
    },
    "sd3": {
        "joint_blocks_0_x_block_attn_qkv": ("transformer_blocks.0.attn", ("to_q", "to_k", "to_v")),
        "joint_blocks_1_context_block_attn_qkv": ("transformer_blocks.1.attn",
                                                  ("add_q_proj", "add_k_proj", "add_v_proj")),
        "joint_blocks_0_x_block_mlp_fc2": ("transformer_blocks.0", ("ff.net.2",)),
        "y_embedder_mlp_2": ("time_text_embed", ("text_embedder.linear_2",)),
    },
}  # fmt: skip


@pytest.mark.parametrize("family", JOINED)
def test_matrices_that_the_original_layout_joins(family: str, tmp_path: Path) -> None:
    model = tiny_components(family)
    tensors, wanted = {}, {}
    for stem, (place, names) in JOINED[family].items():
        weights = [model.denoiser.get_submodule(f"{place}.{name}").weight for name in names]
        down, up = numbers(RANK, weights[0].shape[1]), numbers(sum(len(weight) for weight in weights), RANK)
        tensors |= {f"lora_unet_{stem}.lora_down.weight": down, f"lora_unet_{stem}.lora_up.weight": up}
        parts = (up @ down).split([len(weight) for weight in weights])
        wanted |= {f"denoiser.{place}.{name}.weight": part for name, part in zip(names, parts, strict=True)}
    lora = saved(tmp_path / "ink.safetensors", tensors)
    assert lora.description.family == family
    found = lora.deltas(model)
    assert found.keys() == wanted.keys()
    assert all(torch.allclose(found[key], wanted[key], atol=1e-6) for key in wanted)
    assert lora.attach(model) is None
    hooked = sum(bool(module._forward_hooks) for module in model.denoiser.modules())
    lora.detach()
    assert hooked == len(wanted)


def test_the_last_norm_shifts_and_scales_the_other_way_round(tmp_path: Path) -> None:
    """Held to diffusers' own conversion of the original layout: scale and shift change places."""
    from diffusers.loaders.single_file_utils import swap_scale_shift

    model = tiny_components("flux")
    layer = model.denoiser.norm_out.linear
    down, up = numbers(RANK, layer.in_features), numbers(layer.out_features, RANK)
    stem = "lora_unet_final_layer_adaLN_modulation_1"
    lora = saved(
        tmp_path / "ink.safetensors",
        {
            f"{stem}.lora_down.weight": down,
            f"{stem}.lora_up.weight": up,
            "lora_unet_single_blocks_0_linear2.diff_b": numbers(32),
        },
    )
    found = lora.deltas(model)["denoiser.norm_out.linear.weight"]
    torch.testing.assert_close(found, swap_scale_shift(up @ down, dim=0), rtol=0, atol=1e-6)


def test_alphas_that_a_tool_left_behind_mean_nothing(models: dict[str, Components], tmp_path: Path) -> None:
    pairs = random_pairs(models["sd"])
    tensors, _ = LAYOUTS["kohya"](models["sd"], pairs)
    lora = saved(tmp_path / "ink.safetensors", tensors | {"lora_unet_conv_out.alpha": torch.tensor(4.0)})
    assert len(lora.deltas(models["sd"])) == len(pairs)


def test_a_lora_brings_its_own_words(models: dict, tmp_path: Path) -> None:
    model = models["sd"]
    tensors, _ = LAYOUTS["kohya"](model, random_pairs(model))
    vectors = numbers(2, 32)
    lora = saved(tmp_path / "ink.safetensors", tensors | {"bundle_emb.zzz.string_to_param.*": vectors})
    assert lora.embeddings() == {}
    lora.attach(model)
    (found,) = lora.embeddings()["zzz"]
    lora.detach()
    assert torch.equal(found, vectors)
    assert lora.embeddings() == {}


PAIR = {
    "lora_unet_conv_in.lora_down.weight": torch.ones(2, 4, 3, 3),
    "lora_unet_conv_in.lora_up.weight": torch.ones(16, 2, 1, 1),
}


@pytest.mark.parametrize(
    ("tensors", "said"),
    [
        (PAIR | {"lora_unet_conv_in.alpha": torch.tensor(1e30)}, r"the strength of lora_unet_conv_in is 5e\+29"),
        (PAIR | {"lora_unet_conv_in.alpha": torch.tensor(float("nan"))}, r"conv_in \(alpha\) is not a number"),
        (PAIR | {"lora_unet_conv_in.alpha": torch.ones(7)}, "strength of lora_unet_conv_in is inf"),
        (PAIR | {"lora_unet_conv_in.lora_up.weight": torch.full((16, 2, 1, 1), torch.inf)}, r"\(up\) is not a number"),
        (PAIR | {"lora_unet_conv_in.lora_up.weight": torch.ones(16, 2, 1, 1, dtype=torch.int64)}, "fractional numbers"),
        (PAIR | {"lora_unet_conv_out.lora_up.weight": torch.ones(4, 2, 1, 1)}, "has only up, a part of its change"),
        (PAIR | {"unet.conv_in.lora_A.weight": torch.ones(2, 4, 3, 3), "unet.conv_in.lora_B.weight":
                 torch.ones(16, 2, 1, 1)}, "changes denoiser conv_in twice"),
        (PAIR | {"lora_unet_conv_in.lora_mid.weight": torch.ones(2, 2, 3, 3)}, "conv_in has another shape"),
        (PAIR | {"lora_unet_conv_in.lora_up.weight": torch.ones(16, 3, 1, 1)}, "conv_in has another shape"),
        (PAIR | {"lora_unet_conv_in.lora_up.weight": torch.ones(())}, "conv_in has another shape"),
        (PAIR | {"lora_unet_conv_in.diff_b": torch.ones(17)}, "conv_in has another shape"),
        (PAIR | {"lora_unet_conv_in.dora_scale": torch.ones(17, 1, 1, 1)}, "conv_in has another shape"),
        (PAIR | {"lora_unet_conv_in.mystery": torch.ones(2)}, r"1 weights of unknown layout: lora_unet_conv_in\.myst"),
        ({"lora_unet_conv_in.hada_w1_a": torch.ones(16, 2)}, "has only hada_w1_a"),
        ({"lora_unet_conv_in.lokr_w1": torch.ones(100_000, 2), "lora_unet_conv_in.lokr_w2": torch.ones(9, 9)},
         "conv_in has another shape"),
        ({"lora_unet_conv_in.lokr_w1_a": torch.ones(100_000, 1), "lora_unet_conv_in.lokr_w1_b": torch.ones(1, 100_000),
          "lora_unet_conv_in.lokr_w2": torch.ones(1, 1)}, "conv_in has another shape"),
        ({"lora_unet_conv_in.lokr_w1": torch.ones(0, 2), "lora_unet_conv_in.lokr_w2": torch.ones(1, 1)},
         "conv_in has another shape"),
    ],
)  # fmt: skip
def test_hostile_files_get_one_clear_line(
    tensors: dict[str, torch.Tensor], said: str, models: dict, tmp_path: Path
) -> None:
    before = hooks(models["sd"])
    with pytest.raises(ModelError, match=said) as told:
        saved(tmp_path / "odd.safetensors", tensors).attach(models["sd"])
    assert "\n" not in str(told.value)
    assert told.value.hint
    assert told.value.field == "loras"
    assert hooks(models["sd"]) == before


ENDS = (
    "lora_down.weight", "lora_up.weight", "lora_mid.weight", "lora_A.weight", "lora_B.weight", "lora_B.bias", "alpha",
    "dora_scale", "lora_magnitude_vector", "hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b", "hada_t1", "hada_t2",
    "lokr_w1", "lokr_w1_a", "lokr_w1_b", "lokr_w2", "lokr_w2_a", "lokr_w2_b", "lokr_t2", "diff", "diff_b", "w_norm",
    "on_input", "weight", "oft_blocks",
)  # fmt: skip
STEMS = (
    "lora_unet_conv_in",
    "unet.conv_in",
    "lora_te_text_model_encoder_layers_0_mlp_fc1",
    "unet:0",
    "lora_unet_time_embedding_linear_1",
    "bundle_emb.zzz",
    "<cat>",
    "base_model.model.conv_norm_out",
    "",
)
SHAPES = (
    (),
    (0,),
    (1,),
    (4,),
    (16,),
    (2, 4),
    (4, 2),
    (16, 2),
    (1, 1),
    (0, 4),
    (2, 4, 3, 3),
    (16, 2, 1, 1),
    (2, 2, 3, 3),
    (16, 4, 3, 3),
    (2, 2, 2),
)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    made=st.dictionaries(
        st.tuples(st.sampled_from(STEMS), st.sampled_from(ENDS)),
        st.tuples(
            st.sampled_from(SHAPES),
            st.sampled_from((1.0, float("nan"), 1e38, 0.0)),
            st.sampled_from((torch.float32, torch.float16, torch.bool, torch.int64)),
        ),
        max_size=6,
    )
)
def test_any_file_is_taken_or_refused_in_one_line(
    made: dict, models: dict[str, Components], tmp_path_factory: pytest.TempPathFactory
) -> None:
    tensors = {}
    for (stem, end), (shape, value, dtype) in made.items():
        value = value if dtype.is_floating_point and (dtype == torch.float32 or value < 1e9) else 1.0
        tensors[f"{stem}.{end}" if stem != "unet:0" else f"{stem}:{end[5:7]}"] = torch.full(shape, value, dtype=dtype)
    path = tmp_path_factory.getbasetemp() / "any.safetensors"
    save_file(tensors, path)
    model = models["sd"]
    before = hooks(model)
    try:
        lora = LoraAttachment(describe(path))
        lora.attach(model)
        lora.deltas(model)
        lora.detach()
    except ModelError as told:
        assert "\n" not in str(told)
        assert len(str(told)) < 700
    assert hooks(model) == before


PUBLISHED = {
    "sd": {
        "down_blocks_0_attentions_0_proj_in": (320, 320, 1, 1),
        "up_blocks_3_attentions_2_transformer_blocks_0_ff_net_2": (320, 1280),
        "mid_block_attentions_0_transformer_blocks_0_attn2_to_k": (1280, 768),
        "down_blocks_0_downsamplers_0_conv": (320, 320, 3, 3),
        "input_blocks_1_1_proj_in": (320, 320, 1, 1),
        "output_blocks_11_1_transformer_blocks_0_attn1_to_out_0": (320, 320),
    },
    "sdxl": {
        "input_blocks_4_1_transformer_blocks_0_attn1_to_q": (640, 640),
        "input_blocks_8_1_transformer_blocks_9_ff_net_0_proj": (10240, 1280),
        "middle_block_1_transformer_blocks_9_attn2_to_k": (1280, 2048),
        "middle_block_0_in_layers_2": (1280, 1280, 3, 3),
        "output_blocks_5_1_proj_out": (640, 640),
        "output_blocks_2_2_conv": (1280, 1280, 3, 3),
        "output_blocks_8_0_skip_connection": (320, 640, 1, 1),
        "input_blocks_3_0_op": (320, 320, 3, 3),
        "input_blocks_7_0_emb_layers_1": (1280, 1280),
        "time_embed_0": (1280, 320),
        "label_emb_0_0": (1280, 2816),
        "down_blocks_2_attentions_1_transformer_blocks_9_attn2_to_v": (1280, 2048),
    },
}


@pytest.mark.parametrize("family", PUBLISHED)
def test_names_that_published_loras_use(family: str, models: dict[str, Components]) -> None:
    """The sizes that trainers for the published models wrote, on our own configurations without weights."""
    with torch.device("meta"):
        denoiser = UNet2DConditionModel.from_config(family_configs(family)["denoiser"])
    known = named_targets(models[family].with_(denoiser=denoiser))
    found = {name: known["denoiser", name].shape for name in PUBLISHED[family]}
    assert found == PUBLISHED[family]
