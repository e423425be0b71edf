"""ComfyUI's graphs: links followed from the sampler to words, numbers and models, through whatever lies between."""

import pytest
from comfy_kit import Nodes, notes, read, told


def test_the_plain_graph() -> None:
    reading = told()
    assert (reading.prompt, reading.negative_prompt, reading.seed, reading.steps) == ("a fox", "blur", 7, 20)
    assert (reading.guidance, reading.sampler, reading.schedule) == (6.5, "euler", "karras")
    assert (reading.width, reading.height, reading.model) == (512, 768, "sub/model.safetensors")
    assert reading.recipe == {
        "task": "create", "prompt": "a fox", "negative_prompt": "blur", "dialect": "comfyui", "width": 512,
        "height": 768, "seed": 7, "sampling": {"sampler": "euler", "schedule": "karras", "steps": 20},
        "guidance": {"scale": 6.5}, "model": {"name": "model"},
    } and "unmapped" not in reading.raw  # fmt: skip


@pytest.mark.parametrize(
    ("nodes", "words"),
    [
        (
            {"pos": ("CLIPTextEncode", {"text": ["s", 0]}), "s": ("PrimitiveStringMultiline", {"value": "a cat"})},
            "a cat",
        ),
        ({"pos": ("CLIPTextEncode", {"text": ["s", 0]}), "s": ("Text Multiline", {"text": "a cat"})}, "a cat"),
        (
            {
                "pos": ("CLIPTextEncode", {"text": ["s", 0]}),
                "s": ("StringConcatenate", {"string_a": "a", "string_b": ["t", 0], "delimiter": ", "}),
                "t": ("String Literal", {"string": "cat"}),
            },
            "a, cat",
        ),
        (
            {
                "pos": ("CLIPTextEncode", {"text": ["s", 0]}),
                "s": ("Text Concatenate", {"text_a": "a", "text_b": ["t", 0], "text_c": "", "delimiter": "\\n"}),
                "t": ("CR Prompt Text", {"prompt": "cat"}),
            },
            "a\ncat",
        ),
        (
            {
                "pos": ("CLIPTextEncode", {"text": ["s", 0]}),
                "s": ("StringReplace", {"string": "a dog", "find": "dog", "replace": "cat"}),
            },
            "a cat",
        ),
        (
            {
                "pos": ("CLIPTextEncode", {"text": ["s", 0]}),
                "s": ("ShowText|pysssss", {"text": ["l", 0], "text_0": "a cat"}),
                "l": ("OllamaGenerate", {"prompt": "write"}),
            },
            "a cat",
        ),
        (
            {
                "pos": ("CLIPTextEncode", {"text": ["s", 1]}),
                "s": ("SDXLPromptStyler", {"text_positive": "no", "text_negative": "a cat", "style": "ink"}),
            },
            "a cat",
        ),
        ({"pos": ("CLIPTextEncodeSDXL", {"text_g": "a cat", "text_l": "a cat", "width": 1024})}, "a cat"),
        ({"pos": ("CLIPTextEncodeSDXL", {"text_g": "a cat", "text_l": "ink"})}, "a cat, ink"),
        ({"pos": ("CLIPTextEncodeFlux", {"clip_l": "", "t5xxl": "a cat", "guidance": 3.5})}, "a cat"),
        ({"pos": ("Power Prompt (rgthree)", {"prompt": "a cat", "opt_clip": ["ckpt", 1]})}, "a cat"),
        ({"pos": ("ImpactWildcardEncode", {"wildcard_text": "a {cat|dog}", "populated_text": "a cat"})}, "a cat"),
        (
            {
                "pos": ("ConditioningConcat", {"conditioning_to": ["a", 0], "conditioning_from": ["b", 0]}),
                "a": ("CLIPTextEncode", {"text": "a"}),
                "b": ("CLIPTextEncode", {"text": "cat"}),
            },
            "a\ncat",
        ),
        (
            {
                "pos": ("ConditioningCombine", {"conditioning_1": ["a", 0], "conditioning_2": ["b", 0]}),
                "a": ("ConditioningSetArea", {"conditioning": ["c", 0], "x": 0}),
                "c": ("CLIPTextEncode", {"text": "a"}),
                "b": ("ConditioningZeroOut", {"conditioning": ["c", 0]}),
            },
            "a",
        ),
        ({"pos": ("Reroute", {"": ["a", 0]}), "a": ("CLIPTextEncode", {"text": "a cat"})}, "a cat"),
        (
            {
                "pos": ("ControlNetApplyAdvanced", {"positive": ["a", 0], "negative": ["neg", 0], "strength": 1.0}),
                "a": ("FluxGuidance", {"conditioning": ["b", 0], "guidance": 3.5}),
                "b": ("CLIPTextEncode", {"text": "a cat"}),
            },
            "a cat",
        ),
        (
            {
                "pos": ("CLIPTextEncode", {"text": ["s", 0]}),
                "s": ("ComfySwitchNode", {"switch": ["t", 0], "on_true": "a cat", "on_false": "a dog"}),
                "t": ("PrimitiveBoolean", {"value": True}),
            },
            "a cat",
        ),
    ],
)
def test_words_through_whatever_lies_between(nodes: Nodes, words: str) -> None:
    reading = told(nodes)
    assert (reading.prompt, reading.negative_prompt) == (words, "blur")


def test_an_encoder_with_empty_texts_beside_its_own() -> None:
    reading = told(
        {
            "pos": ("smZ CLIPTextEncode", {"text": ["s", 0], "parser": "A1111", "text_g": "", "text_l": ""}),
            "s": ("ImpactWildcardProcessor", {"wildcard_text": "x", "populated_text": "a cat", "seed": 3}),
        }
    )
    assert reading.prompt == "a cat"


def test_numbers_from_other_nodes() -> None:
    reading = told({
        "ks": ("KSampler", {"seed": ["seed", 0], "steps": ["n", 0], "cfg": ["f", 0], "sampler_name": ["sel", 0],
                            "scheduler": ["sel", 1]}),
        "seed": ("Seed (rgthree)", {"seed": 99}), "n": ("PrimitiveInt", {"value": 33}),
        "f": ("FloatConstant", {"value": 4.5}), "sel": ("Sampler Selector", {"sampler_name": "dpmpp_2m",
                                                                            "scheduler": "simple"}),
        "size": ("EmptyLatentImage", {"width": ["w", 0], "height": ["w", 1]}),
        "w": ("SDXL Resolution", {"width": 832, "height": 1216}),
    })  # fmt: skip
    assert (reading.seed, reading.steps, reading.guidance) == (99, 33, 4.5)
    assert (reading.sampler, reading.schedule, reading.width, reading.height) == ("dpmpp_2m", "simple", 832, 1216)
    named = told({"size": ("SDXL Empty Latent Image (rgthree)", {"dimensions": "1216 x 832 (landscape)"})})
    assert (named.width, named.height) == (1216, 832)


def test_loras_in_order_from_every_kind_of_loader() -> None:
    reading = told({
        "ks": ("KSampler", {"model": ["last", 0]}),
        "last": ("LoraLoaderModelOnly", {"lora_name": "c.safetensors", "strength_model": 0.3, "model": ["power", 0]}),
        "power": ("Power Lora Loader (rgthree)", {
            "lora_1": {"on": True, "lora": "b.safetensors", "strength": 0.5},
            "lora_2": {"on": False, "lora": "off.safetensors", "strength": 1}, "model": ["first", 0]}),
        "first": ("LoraLoader", {"lora_name": "a.safetensors", "strength_model": 1.0, "strength_clip": 0.5,
                                 "model": ["stack", 0], "clip": ["ckpt", 1]}),
        "stack": ("CR Apply LoRA Stack", {"model": ["ckpt", 0], "lora_stack": ["list", 0]}),
        "list": ("CR LoRA Stack", {"switch_1": "On", "lora_name_1": "s.safetensors", "model_weight_1": 0.9,
                                   "clip_weight_1": 0.8, "switch_2": "Off", "lora_name_2": "no.safetensors"}),
    })  # fmt: skip
    assert reading.recipe is not None
    assert {(lora["name"], lora.get("weight", 1.0)) for lora in reading.recipe["loras"]} == {
        ("a", 1.0),
        ("b", 0.5),
        ("c", 0.3),
        ("s", 0.9),
    }
    assert [lora["name"] for lora in reading.loras][-2:] == ["b.safetensors", "c.safetensors"]


def test_flux_with_samplers_in_pieces() -> None:
    reading = told({
        "ks": ("SamplerCustomAdvanced", {"noise": ["n", 0], "guider": ["g", 0], "sampler": ["s", 0], "sigmas": ["b", 0],
                                         "latent_image": ["size", 0]}),
        "n": ("RandomNoise", {"noise_seed": 12}), "s": ("KSamplerSelect", {"sampler_name": "euler"}),
        "g": ("BasicGuider", {"model": ["m", 0], "conditioning": ["fg", 0]}),
        "fg": ("FluxGuidance", {"conditioning": ["pos", 0], "guidance": 3.5}),
        "b": ("BasicScheduler", {"scheduler": "simple", "steps": 24, "denoise": 1.0, "model": ["m", 0]}),
        "m": ("ModelSamplingFlux", {"max_shift": 1.15, "model": ["u", 0]}),
        "u": ("UNETLoader", {"unet_name": "flux1-dev.safetensors", "weight_dtype": "default"}),
        "size": ("EmptySD3LatentImage", {"width": 1024, "height": 1024}),
    })  # fmt: skip
    assert (reading.prompt, reading.negative_prompt, reading.seed, reading.steps) == ("a fox", "", 12, 24)
    assert (reading.guidance, reading.sampler, reading.schedule) == (3.5, "euler", "simple")
    assert (reading.model, reading.width) == ("flux1-dev.safetensors", 1024)
    guided = told(
        {
            "ks": ("KSampler", {"cfg": 1.0, "positive": ["fg", 0]}),
            "fg": ("FluxGuidance", {"conditioning": ["pos", 0], "guidance": 2.5}),
        }
    )
    assert guided.guidance == 1.0 and guided.recipe is not None and guided.recipe["guidance"] == {"scale": 2.5}


def test_turbo_cfg_guiders_and_split_sigmas() -> None:
    reading = told(
        {
            "ks": (
                "SamplerCustom",
                {
                    "noise_seed": 3,
                    "cfg": 1.0,
                    "model": ["ckpt", 0],
                    "positive": ["pos", 0],
                    "negative": ["neg", 0],
                    "sampler": ["s", 0],
                    "sigmas": ["split", 0],
                    "latent_image": ["size", 0],
                },
            ),
            "s": ("SamplerEulerAncestral", {"eta": 1.0}),
            "split": ("SplitSigmas", {"sigmas": ["t", 0]}),
            "t": ("SDTurboScheduler", {"steps": 1, "denoise": 1.0, "model": ["ckpt", 0]}),
        }
    )
    assert (reading.seed, reading.steps, reading.sampler, reading.schedule) == (3, 1, "euler_ancestral", "sd_turbo")


def test_loaders_that_hold_everything() -> None:
    eff = told(
        {
            "ks": (
                "KSampler (Efficient)",
                {
                    "seed": 5,
                    "steps": 9,
                    "cfg": 7,
                    "sampler_name": "euler",
                    "scheduler": "normal",
                    "model": ["el", 0],
                    "positive": ["el", 1],
                    "negative": ["el", 2],
                    "latent_image": ["el", 3],
                },
            ),
            "el": (
                "Efficient Loader",
                {
                    "ckpt_name": "x.safetensors",
                    "lora_name": "l.safetensors",
                    "lora_model_strength": 0.5,
                    "lora_clip_strength": 0.5,
                    "positive": "a cat",
                    "negative": "rain",
                    "empty_latent_width": 640,
                    "empty_latent_height": 512,
                    "clip_skip": -2,
                },
            ),
        }
    )
    assert (eff.prompt, eff.negative_prompt, eff.model, eff.width, eff.height) == (
        "a cat",
        "rain",
        "x.safetensors",
        640,
        512,
    )
    assert eff.recipe is not None and eff.recipe["clip_skip"] == 2 and eff.recipe["loras"][0]["name"] == "l"
    easy = told(
        {
            "ks": (
                "easy fullkSampler",
                {"seed": 5, "steps": 9, "cfg": 7, "sampler_name": "euler", "scheduler": "normal", "pipe": ["fl", 0]},
            ),
            "vae": ("X", {"image": ["ks", 1]}),
            "fl": (
                "easy fullLoader",
                {
                    "ckpt_name": "x.safetensors",
                    "positive": "a cat",
                    "negative": "rain",
                    "empty_latent_width": 640,
                    "empty_latent_height": 512,
                },
            ),
        }
    )
    assert (easy.prompt, easy.negative_prompt, easy.model, easy.width) == ("a cat", "rain", "x.safetensors", 640)


def test_what_cannot_be_taken_over_is_said() -> None:
    reading = told(
        {
            "ks": (
                "KSampler",
                {
                    "latent_image": ["enc", 0],
                    "denoise": 0.6,
                    "model": ["ip", 0],
                    "positive": ["cn", 0],
                    "sampler_name": "dpmpp_2s_ancestral",
                },
            ),
            "enc": ("VAEEncode", {"pixels": ["img", 0]}),
            "img": ("LoadImage", {"image": "sketch.png"}),
            "ip": ("IPAdapterAdvanced", {"model": ["ckpt", 0], "image": ["img", 0]}),
            "cn": ("ControlNetApply", {"conditioning": ["pos", 0], "image": ["img", 0]}),
        }
    )
    text = notes(reading)
    for part in ("'sketch.png'", "IP-Adapter", "ControlNet", "'dpmpp_2s_ancestral' has no twin here"):
        assert part in text


def test_an_enlarging_sampler_is_a_second_pass() -> None:
    reading = told(
        {
            "up": (
                "UltimateSDUpscale",
                {
                    "image": ["vae", 0],
                    "model": ["ckpt", 0],
                    "positive": ["pos", 0],
                    "negative": ["neg", 0],
                    "upscale_by": 2.0,
                    "seed": 1,
                    "steps": 10,
                    "cfg": 6.5,
                    "sampler_name": "euler",
                    "scheduler": "karras",
                    "denoise": 0.25,
                },
            ),
            "save": ("SaveImage", {"images": ["up", 0]}),
        }
    )
    assert reading.seed == 7 and reading.recipe is not None
    assert reading.recipe["second_pass"] == {"upscale": "picture", "strength": 0.25, "steps": 40}
    assert len(reading.raw["samplers"]) == 2


def test_a_graph_without_any_sampler_known_here_is_guessed_and_says_so() -> None:
    reading = read(
        {
            "1": {"class_type": "Mystery", "inputs": {"seed": 4, "steps": 3, "cfg": 2}},
            "2": {"class_type": "TextEncode", "inputs": {"text": "rain"}, "_meta": {"title": "Negative"}},
            "3": {"class_type": "TextEncode", "inputs": {"text": "a fox"}},
        }
    )
    assert (reading.prompt, reading.negative_prompt, reading.seed, reading.steps) == ("a fox", "rain", 4, 3)
    assert "guessed" in notes(reading)


def test_bundles_of_links() -> None:
    reading = told(
        {
            "ks": (
                "KSampler",
                {
                    "model": ["c", 1],
                    "positive": ["c", 4],
                    "negative": ["c", 5],
                    "latent_image": ["c", 3],
                    "seed": ["c", 8],
                },
            ),
            "c": ("Context (rgthree)", {"base_ctx": ["big", 0]}),
            "big": (
                "Context Big (rgthree)",
                {
                    "model": ["ckpt", 0],
                    "positive": ["pos", 0],
                    "negative": ["neg", 0],
                    "latent": ["size", 0],
                    "seed": 77,
                },
            ),
        }
    )
    assert (reading.prompt, reading.negative_prompt, reading.seed) == ("a fox", "blur", 77)
    assert (reading.model, reading.width) == ("sub/model.safetensors", 512)


def test_stable_cascade_begins_with_its_first_stage() -> None:
    first = {"seed": 9, "steps": 20, "cfg": 4, "sampler_name": "euler", "scheduler": "simple", "denoise": 1}
    first |= {"model": ["ckpt", 0], "positive": ["pos", 0], "negative": ["neg", 0], "latent_image": ["size", 0]}
    reading = told(
        {
            "ks": ("KSampler", {"positive": ["b", 0], "latent_image": ["size", 1], "seed": 2, "steps": 10}),
            "b": ("StableCascade_StageB_Conditioning", {"conditioning": ["pos", 0], "stage_c": ["first", 0]}),
            "first": ("KSampler", first),
            "size": ("StableCascade_EmptyLatentImage", {"width": 1024, "height": 768}),
        }
    )
    assert (reading.prompt, reading.seed, reading.steps, reading.width) == ("a fox", 9, 20, 1024)


def test_sizes_by_their_name_and_words_that_nobody_here_can_find() -> None:
    reading = told(
        {
            "size": ("CR SDXL Aspect Ratio", {"width": 1024, "height": 1024, "aspect_ratio": "3:4 portrait 896x1152"}),
            "pos": ("CLIPTextEncode", {"text": ["r", 2]}),
            "r": ("SDPromptReader", {"image": "x.png"}),
        }
    )
    assert (reading.width, reading.height, reading.prompt) == (896, 1152, "")
    assert "words come out of a node that is not known here ('SDPromptReader')" in notes(reading)
