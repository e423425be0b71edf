"""Any values under any program's own names, any text around them: read as well as can be, never an accident."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from underpaint.pictures.found import Found
from underpaint.pictures.limits import LIMITS
from underpaint.pictures.loose import load_json, number, unmangled, whole
from underpaint.pictures.programs import MARKS, READERS
from underpaint.pictures.programs.weights import braces_to_weights, plus_to_weights
from underpaint.pictures.unwrap import unwrap
from underpaint.pictures.xmp import xmp_value
from underpaint.prompt import parse_attention

PLACES = [
    "parameters",
    "prompt",
    "workflow",
    "Comment",
    "Software",
    "Source",
    "Description",
    "sd-metadata",
    "Dream",
    "invokeai_metadata",
    "generation_data",
    "parameters-json",
    "smproj",
    "extraMetadata",
    "fooocus_scheme",
    "negative_prompt",
    "Prompt",
    "seed",
    "steps",
    "scale",
    "XML:com.adobe.xmp",
    "Raw profile type exif",
]
NAMES = [
    "prompt",
    "negative_prompt",
    "negativePrompt",
    "uc",
    "c",
    "seed",
    "steps",
    "scale",
    "cfgScale",
    "sampler",
    "size",
    "model",
    "loras",
    "lora",
    "models",
    "v4_prompt",
    "caption",
    "base_caption",
    "char_captions",
    "image",
    "base_model",
    "resolution",
    "performance",
    "version",
    "software",
    "sui_image_params",
    "sui_models",
    "width",
    "height",
    "baseModel",
    "prompts",
    "mflux_version",
    "lora_paths",
    "lora_scales",
    "guidance_scale",
    "num_inference_steps",
    "use_upscaler",
    "use_stable_diffusion_model",
    "use_lora_model",
    "PositivePrompt",
    "positive_prompt",
    "scheduler",
    "Comment",
    "noise_schedule",
    "Prompt",
    "full_prompt",
    "clip_skip",
    "clipstopatlayer",
    "v2",
    "controlnet",
    "transformations",
    "vae",
    "Model",
    "key",
    "name",
    "weight",
    "param",
    "parameters",
    "workflow",
    "nodes",
]
LEAF = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(["NovelAI", "RuinedFooocus", "imaginairy", "(1024, 1024)", "832 x 1216", "Fooocus v2", "-1"])
)
VALUE = st.recursive(
    LEAF,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=6),
    max_leaves=25,
)
OBJECT = st.dictionaries(st.sampled_from(NAMES), VALUE, max_size=12).map(json.dumps)
TEXT = (
    OBJECT
    | st.text(max_size=80)
    | st.text('ab:,\n"{}[]()<>-+0123456789.', max_size=120)
    | st.sampled_from(["NovelAI", "fooocus", "a1111", "Imaginairy", "<exif:UserComment>{</exif:UserComment>"])
)


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(st.sampled_from(PLACES), TEXT, max_size=6), TEXT, TEXT, st.lists(TEXT, max_size=2))
def test_no_metadata_is_an_accident(texts: dict[str, str], comment: str, software: str, comments: list[str]) -> None:
    exif = {"UserComment": comment, "Software": software, "MakerNote": software, "Model": comment}
    found = unwrap(Found("PNG", 8, 8, texts, exif, 1, tuple(comments), texts.get("XML:com.adobe.xmp")), LIMITS)
    for reader in (*READERS, *MARKS):
        reading = reader(found)
        if reading is not None:
            json.dumps(reading.to_json(), allow_nan=False)


@settings(max_examples=150, deadline=None)
@given(st.text("ab ,{}[]():1.52+-\\", max_size=40))
def test_rewritten_weights_keep_every_word(text: str) -> None:
    for rewritten in (braces_to_weights(text), plus_to_weights(text)):
        letters = "".join(piece for piece, _ in parse_attention(rewritten))
        assert [letter for letter in letters if letter in "ab"] == [letter for letter in text if letter in "ab"]


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60) | st.text("<>/rdf:lia \"'=&;", max_size=80), st.binary(max_size=60))
def test_any_text_through_the_small_readers(text: str, data: bytes) -> None:
    xmp_value(text, "rdf:li")
    xmp_value(f"<rdf:li>{text}</rdf:li>", "rdf:li")
    load_json(text)
    unmangled(text)
    values: list[Any] = [text, data, float("inf"), float("nan"), 10**40, "9" * 5000, "\u0663", True, None, [], {}]
    for value in values:
        assert whole(value) is None or isinstance(whole(value), int)
        assert number(value) is None or abs(number(value) or 0) < 1e9
