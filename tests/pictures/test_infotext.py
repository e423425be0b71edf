"""A1111's infotext: read as A1111 reads it, written so that A1111 reads what was meant."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from picture_kit import PLAN, recipes

from underpaint.pictures import parse_infotext, read_info, write_infotext
from underpaint.pictures.facts import stem
from underpaint.pictures.infotext import _pairs
from underpaint.recipe import (
    Blob,
    CreateRecipe,
    FillRecipe,
    LoraRef,
    ModelRef,
    Noise,
    RefineRecipe,
    Sampling,
    SecondPass,
    parse_recipe,
)

PAIR = re.compile(r'\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)')
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60) | st.text("ab:, \n\"\\()éテ😀", max_size=60)


def test_real_files_read_as_a1111_reads_them(material: Path) -> None:
    answers = json.loads((material / "answers" / "a1111_infotext.json").read_text("utf-8"))
    assert len(answers) >= 15
    for answer in answers:
        parsed = parse_infotext(answer["infotext"])
        assert parsed.prompt == answer["prompt"]
        assert parsed.negative_prompt == answer["negative"]
        assert dict(parsed.fields) == answer["fields"]
        reading = read_info(material / answer["file"])
        assert reading.source is not None, answer["file"]
        assert (reading.prompt, reading.negative_prompt) == (answer["prompt"], answer["negative"])
        assert answer["infotext"] in reading.raw.values() and reading.raw["fields"] == answer["fields"]
        assert str(reading.steps) == answer["fields"]["Steps"] and str(reading.seed) == answer["fields"]["Seed"]
        assert reading.width == int(answer["fields"]["Size-1"])
        assert reading.recipe is not None
        parse_recipe(reading.recipe)


def test_every_real_file_is_read_without_an_accident(material: Path) -> None:
    from underpaint.errors import PictureError

    refused = set()
    for path in sorted((material / "01_metadata").rglob("*")):
        if path.suffix in (".png", ".jpg", ".jpeg", ".webp"):
            try:
                json.dumps(read_info(path).to_json())
            except PictureError:
                refused.add(path.name)
    assert refused == {"bad_images__empty_file.png"}


@settings(max_examples=400, deadline=None)
@given(st.text('ab1_-/ :,"\\\té', max_size=40))
def test_pairs_are_those_of_the_pattern_that_a1111_uses(line: str) -> None:
    assert list(_pairs(line)) == PAIR.findall(line)


@pytest.mark.parametrize("text", ["a" * 200_000, "ab:" * 70_000, 'ab:"' * 50_000, 'ab:"\\' * 50_000,
                                  " " * 200_000 + ":", "<lora:" * 30_000, "Steps: 1, " * 30_000])
def test_hostile_lines_take_linear_time(text: str) -> None:
    parse_infotext(text)


def meant(words: str) -> str:
    """What of the words survives A1111's reading: no space at the ends of lines, no empty first lines."""
    lines = [line.strip() for line in words.split("\n")]
    while lines and not lines[0]:
        del lines[0]
    return "\n".join(lines)


@settings(max_examples=300, deadline=None)
@given(prompt=WORDS, negative=WORDS, model=st.text("ab:,x19\"\\ \né", min_size=1, max_size=20),
       seed=st.integers(0, 2**64 - 1))
def test_words_and_names_survive_the_round_trip(prompt: str, negative: str, model: str, seed: int) -> None:
    recipe = CreateRecipe(prompt=prompt, negative_prompt=negative, seed=seed, model=ModelRef(name=model))
    parsed = parse_infotext(write_infotext(recipe, PLAN | {"model": None}, "1.0"))
    assert parsed.prompt == meant(prompt)
    assert parsed.negative_prompt == meant(negative)
    assert parsed.fields["Seed"] == str(seed)
    if not re.fullmatch(r"\d+x\d+\n?", stem(model)):
        assert parsed.fields["Model"] == stem(model)


@pytest.mark.parametrize("words", [
    "masterpiece\nsteps: 3, mood: blue, light: low", "Steps: 9, Sampler: X, Seed: 3", "a: b, cc: d, ee: f, gg: h",
])  # fmt: skip
@pytest.mark.parametrize("plan", [None, PLAN])
def test_words_that_look_like_settings_stay_words(words: str, plan: dict[str, object] | None) -> None:
    parsed = parse_infotext(write_infotext(CreateRecipe(prompt=words), plan, "1.0"))
    assert parsed.prompt == words and "mood" not in parsed.fields
    parsed = parse_infotext(write_infotext(CreateRecipe(negative_prompt=words), plan, "1.0"))
    assert parsed.negative_prompt == words and not parsed.prompt


def test_a_line_that_begins_like_the_negative_prompt_stays_where_it_is() -> None:
    recipe = CreateRecipe(prompt="a sign:\nNegative prompt: is painted on it\nblue", negative_prompt="red")
    parsed = parse_infotext(write_infotext(recipe, PLAN, "1.0"))
    assert parsed.prompt == "a sign:\n(Negative prompt:1): is painted on it\nblue"
    assert parsed.negative_prompt == "red"


def test_order_labels_and_quoting_are_a1111s() -> None:
    text = write_infotext(recipes()["full"], PLAN, "1.2.3")
    assert text.splitlines() == [
        "a girl with a sword, ((storm)) テスト",
        "second line <lora:inks:0.8>",
        "Negative prompt: blur: heavy, low",
        "Steps: 22, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 6.5, Seed: 9223372036854775808, "
        "Size: 512x768, Model hash: ababababab, Model: primer, Clip skip: 2, RNG: CPU, "
        'Lora hashes: "inks: 0123456789ab", Version: Underpaint 1.2.3',
    ]


def test_everything_a_recipe_can_say_is_said() -> None:
    blob = Blob(sha256="0" * 64)
    recipe = FillRecipe(
        picture=blob, strength=0.6, area="masked", padding=48, content="noise", emphasis="no_norm",
        vae=ModelRef(name="soft", hash="9" * 64), noise=Noise(source="philox", offset=31337, variation_seed=4,
                                                              variation_strength=0.25),
        sampling=Sampling(sampler="ddim", eta=0.5, s_churn=2, s_noise=1.1),
    )  # fmt: skip
    fields = parse_infotext(write_infotext(recipe, None, "1")).fields
    assert fields | {
        "VAE": "soft", "VAE hash": "9999999999", "Denoising strength": "0.6", "Inpaint area": "Only masked",
        "Masked area padding": "48", "Masked content": "latent noise", "Emphasis": "No norm", "RNG": "NV",
        "ENSD": "31337", "Variation seed": "4", "Variation seed strength": "0.25", "Eta DDIM": "0.5",
        "Sigma churn": "2", "Sigma noise": "1.1", "Sampler": "DDIM",
    } == fields  # fmt: skip
    hires = CreateRecipe(width=512, height=512, second_pass=SecondPass(scale=1.5, strength=0.4, steps=9))
    fields = parse_infotext(write_infotext(hires, None, "1")).fields
    assert (fields["Hires upscale"], fields["Hires steps"], fields["Hires upscaler"]) == ("1.5", "3", "Latent")
    assert fields["Denoising strength"] == "0.4"
    assert "Denoising strength" not in parse_infotext(write_infotext(CreateRecipe(seed=1), PLAN, "1")).fields
    refine = RefineRecipe(picture=blob, strength=0.25)
    assert parse_infotext(write_infotext(refine, None, "1")).fields["Denoising strength"] == "0.25"


def test_loras_named_in_the_words_are_not_named_twice() -> None:
    loras = (LoraRef(name="inks", weight=0.5), LoraRef(name="ink", weight=1, text_weight=0.5))
    text = write_infotext(CreateRecipe(prompt="x <lora:inks:0.5>", loras=loras), PLAN, "1")
    assert text.splitlines()[0] == "x <lora:inks:0.5> <lora:ink:0.5:1>"


@pytest.mark.parametrize(("name", "bare"), [
    ("/home/jane/x.safetensors", "x"), ("C:\\Users\\jane\\x.SafeTensors", "x"), ("sub/x v1.5", "x v1.5"), ("x", "x"),
    ("owner/dreams/", "dreams"), (".safetensors", ".safetensors"), ("/", "/"),
])  # fmt: skip
def test_models_are_called_by_their_names_not_by_their_places(name: str, bare: str) -> None:
    assert stem(name) == bare
    recipe = CreateRecipe(model=ModelRef(name=name), vae=ModelRef(name=name), loras=(LoraRef(name=name, weight=0.8),))
    parsed = parse_infotext(write_infotext(recipe, None, "1"))
    assert parsed.prompt == f"<lora:{bare}:0.8>"
    assert (parsed.fields["Model"], parsed.fields["VAE"]) == (bare, bare)
    if ":" not in name:  # which no name in the words can have
        named = recipe.changed(prompt=f"a <lora:{name}:0.8> b")
        assert parse_infotext(write_infotext(named, None, "1")).prompt == named.prompt


def test_the_plan_knows_the_hashes_of_loras_also_of_those_in_the_words() -> None:
    recipe = CreateRecipe(prompt="x <lora:inks:0.5>", loras=(LoraRef(name="/home/jane/soft.safetensors", weight=0.8),))
    planned = [{"name": "/home/jane/soft.safetensors", "weight": 0.8, "text_weight": None, "hash": "ab" * 32},
               {"name": "inks", "weight": 0.5, "hash": "cd" * 32}, {"name": 5}, "nonsense"]
    parsed = parse_infotext(write_infotext(recipe, PLAN | {"loras": planned}, "1"))
    assert parsed.prompt == "x <lora:inks:0.5> <lora:soft:0.8>"
    assert parsed.fields["Lora hashes"] == "soft: abababababab, inks: cdcdcdcdcdcd"


@pytest.mark.parametrize(("typed", "planned", "key"), [
    ("DDIM", None, "Eta DDIM"), (None, "ddim", "Eta DDIM"), (None, "euler_a", "Eta"), ("Euler a", None, "Eta"),
])  # fmt: skip
def test_eta_has_the_label_of_the_sampler_that_painted(typed: str | None, planned: str | None, key: str) -> None:
    recipe = CreateRecipe(sampling=Sampling(sampler=typed, eta=0.5))
    fields = parse_infotext(write_infotext(recipe, PLAN | {"sampler": planned}, "1")).fields
    assert [name for name in fields if name.startswith("Eta")] == [key]


@pytest.mark.parametrize("weight", [0.1, 1 / 3, 7.123456789, 30.0, 1e-7])
def test_numbers_come_back_as_they_were(weight: float) -> None:
    recipe = CreateRecipe(guidance={"scale": weight})  # type: ignore[arg-type]
    assert float(parse_infotext(write_infotext(recipe, PLAN, "1")).fields["CFG scale"]) == weight
