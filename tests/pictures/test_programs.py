"""What each program writes, in every place it writes it to, built here from the programs' own formats."""

import gzip
import json
import struct
from typing import Any, ClassVar

import numpy as np
import pytest
from picture_kit import rgb_image, saved
from PIL import Image

from underpaint.pictures import Reading, read_info
from underpaint.pictures.containers import jpeg, png, webp
from underpaint.pictures.exif import user_comment_exif
from underpaint.recipe import parse_recipe

INFO = "a fox\nNegative prompt: blur\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 42, Size: 512x768, Model: m"


def png_with(**texts: str) -> bytes:
    chunks = [png.international_chunk(key.replace("__", "-"), text) for key, text in texts.items()]
    return png.embed(saved(rgb_image(), "PNG"), chunks, ())


def jpeg_with(comment: str, *, xmp: str | None = None) -> bytes:
    return jpeg.embed(saved(rgb_image(), "JPEG"), user_comment_exif(comment), xmp.encode() if xmp else None, ())


def exif_with(*tags: tuple[int, str]) -> bytes:
    """An EXIF block of plain texts by tag number."""
    offset, entries, values = 10 + 12 * len(tags), b"", b""
    for tag, text in tags:
        value = text.encode() + b"\0"
        entries += struct.pack(">HHII", tag, 2, len(value), offset + 4 + len(values))
        values += value
    return b"MM\0*" + struct.pack(">IH", 8, len(tags)) + entries + bytes(4) + values


def core(reading: Reading) -> tuple[Any, ...]:
    """Source, words, words against, seed, steps, guidance, sampler, schedule, size, model."""
    return (reading.source, reading.prompt, reading.negative_prompt, reading.seed, reading.steps, reading.guidance,
            reading.sampler, reading.schedule, (reading.width, reading.height), reading.model)


def said(reading: Reading) -> str:
    return " | ".join(reading.raw.get("unmapped", ()))


class TestA1111Family:
    @pytest.mark.parametrize(("marks", "source"), [
        ("Version: v1.10.1", "a1111"), ("Version: f2.0.1v1.10.1-previous-669-gdfdcbab6", "forge"),
        ("Version: f0.0.17v1.8.0rc-latest-276-g29be1da7", "forge"), ("Version: classic", "forge"),
        ("Version: neo", "forge"), ("Version: f1.0.0v2-v1.10.1RC-latest-2498-g5120e679", "reforge"),
        ("Version: f1.7.0-v1.10.1RC", "reforge"), ("App: SD.Next, Version: 39e086d", "sdnext"),
        ("Version: ComfyUI", "comfyui"), ("Version: Fooocus v2.5.5", "fooocus"), ("ADetailer Version: 24.1", "a1111"),
        ('Civitai resources: [{"type":"lora","modelName":"inks","weight":0.6}], Civitai metadata: {}', "civitai"),
    ])  # fmt: skip
    def test_the_program_is_told_by_its_marks(self, marks: str, source: str) -> None:
        assert read_info(png_with(parameters=f"{INFO}, {marks}")).source == source

    def test_civitais_models_and_loras_are_in_its_list(self) -> None:
        resources = [{"type": "checkpoint", "modelName": "Wai", "modelVersionName": "v16"},
                     {"type": "lora", "modelName": "inks", "modelVersionName": "v2", "weight": 0.6}]
        text = INFO.replace(", Model: m", "") + f", Civitai resources: {json.dumps(resources)}, Civitai metadata: {{}}"
        reading = read_info(jpeg_with(text))
        assert reading.model == "Wai v16" and reading.recipe is not None
        assert [(lora["name"], lora["weight"]) for lora in reading.loras] == [("inks v2", 0.6)]
        assert reading.recipe["loras"] == [{"name": "inks v2", "weight": 0.6}]

    def test_forges_distilled_guidance_is_what_paints(self) -> None:
        text = INFO.replace("CFG scale: 7", "CFG scale: 1, Distilled CFG Scale: 3.5") + ", Diffusion in Low Bits: nf4"
        reading = read_info(png_with(parameters=text))
        assert reading.guidance == 1 and reading.recipe is not None and reading.recipe["guidance"] == {"scale": 3.5}

    def test_a_second_pass_counts_its_steps_as_a_recipe_does(self) -> None:
        text = INFO + ", Denoising strength: 0.4, Hires resize: 768x1152, Hires steps: 10"
        text += ", Hires upscaler: 4x-UltraSharp"
        reading = read_info(png_with(parameters=text))
        assert reading.recipe is not None and "'4x-UltraSharp'" in said(reading)
        assert reading.recipe["second_pass"] == {"scale": 1.5, "upscale": "picture", "strength": 0.4, "steps": 25}

    def test_what_has_no_counterpart_is_said_once_an_extension(self) -> None:
        text = (INFO + ', ControlNet 0: "Module: canny, Model: x", ADetailer model: face.pt, '
                "ADetailer confidence: 0.3, Denoising strength: 0.6, Refiner: sdxl-refiner, Template: none")
        told = said(read_info(png_with(parameters=text)))
        assert "ControlNet 0" in told and "(and 1 more of its settings)" in told and "Refiner" in told
        assert "painted over another picture" in told

    def test_utf16_in_both_orders_and_from_converters(self) -> None:
        text = INFO.replace("fox", "狐")
        for order, code in (("<", "utf-16-le"), (">", "utf-16-be")):
            comment = b"UNICODE\0" + text.encode(code)
            entry = struct.pack(order + "HHHIII", 1, 0x8769, 4, 1, 26, 0)
            entry += struct.pack(order + "HHHIII", 1, 0x9286, 7, len(comment), 44, 0)
            block = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8) + entry + comment
            assert read_info(jpeg.embed(saved(rgb_image(), "JPEG"), block, None, ())).prompt == "a 狐"
            hexed = f"\nexif\n{len(block) + 6:8}\n" + (b"Exif\0\0" + block).hex()
            converted = png.embed(saved(rgb_image(), "PNG"), [png.text_chunk("Raw profile type exif", hexed)], ())
            assert read_info(converted).prompt == "a 狐"
        assert read_info(jpeg_with((b"ASCII\0\0\0" + INFO.encode()).hex())).prompt == "a fox"

    @pytest.mark.parametrize("form", ["GIF", "AVIF", "TIFF"])
    def test_other_kinds_of_picture(self, form: str) -> None:
        more: dict[str, Any] = {"GIF": {"comment": INFO}, "AVIF": {"exif": b"Exif\0\0" + user_comment_exif(INFO)},
                                "TIFF": {"description": INFO}}[form]
        assert core(read_info(saved(rgb_image(), form, **more)))[:4] == ("a1111", "a fox", "blur", 42)

    def test_a_text_beside_the_picture(self) -> None:
        assert read_info(INFO.encode("utf-16")).seed == 42


def hidden(mark: str, payload: bytes, *, alpha: bool, side: int = 48) -> bytes:
    """A PNG with a payload in its lowest bits, written the way the extensions write it."""
    stream = mark.encode() + struct.pack(">I", len(payload) * 8) + payload
    bits = np.unpackbits(np.frombuffer(stream, np.uint8))
    height, width = side, side
    pixels = np.full((height, width, 4), 254, np.uint8)
    flat = pixels[..., 3:] if alpha else pixels[..., :3]
    columns = flat.swapaxes(0, 1).reshape(-1).copy()
    columns[: len(bits)] += bits
    restored = columns.reshape(width, height, -1).swapaxes(0, 1)
    if alpha:
        pixels[..., 3:] = restored
    else:
        pixels[..., :3] = restored
    image = Image.fromarray(pixels if alpha else np.ascontiguousarray(pixels[..., :3]))
    return saved(image, "PNG")


class TestHidden:
    @pytest.mark.parametrize("mark", ["stealth_pnginfo", "stealth_pngcomp", "stealth_rgbinfo", "stealth_rgbcomp"])
    def test_a1111s_in_alpha_and_in_colour(self, mark: str) -> None:
        payload = gzip.compress(INFO.encode()) if mark.endswith("comp") else INFO.encode()
        reading = read_info(hidden(mark, payload, alpha="png" in mark))
        assert core(reading)[:6] == ("a1111", "a fox", "blur", 42, 20, 7.0)
        assert reading.raw["hidden in the pixels"] == mark

    def test_novelais(self) -> None:
        told = {"Software": "NovelAI", "Comment": json.dumps({"prompt": "a fox", "steps": 28, "seed": 3, "scale": 5.5,
                                                              "sampler": "k_euler", "uc": "blur"})}
        reading = read_info(hidden("stealth_pngcomp", gzip.compress(json.dumps(told).encode()), alpha=True))
        assert core(reading)[:7] == ("novelai", "a fox", "blur", 3, 28, 5.5, "k_euler")

    def test_a_bomb_and_damage_say_nothing(self) -> None:
        bomb = gzip.compress(bytes(20 << 20))
        assert read_info(hidden("stealth_rgbcomp", bomb, alpha=False, side=256)).source is None
        for payload in (gzip.compress(INFO.encode())[:-20], b"\x1f\x8b" + bytes(50), b"\xff" * 60, b""):
            assert read_info(hidden("stealth_pngcomp", payload, alpha=True)).source is None


class TestNovelAI:
    V4: ClassVar = {"prompt": "1girl, {fox}", "steps": 28, "scale": 5, "seed": 1, "sampler": "k_dpmpp_2m", "width": 832,
          "height": 1216, "uc": "blur", "noise_schedule": "karras", "cfg_rescale": 0.2,
          "v4_prompt": {"caption": {"base_caption": "1girl, {fox}", "char_captions": [{"char_caption": "red [hat]"}]}},
          "v4_negative_prompt": {"caption": {"base_caption": "blur", "char_captions": []}}}  # fmt: skip

    def test_the_first_generation(self) -> None:
        comment = {"steps": 28, "sampler": "k_euler_ancestral", "seed": 9, "scale": 11, "uc": "lowres"}
        reading = read_info(png_with(Title="AI generated image", Description="a fox", Software="NovelAI",
                                     Source="Stable Diffusion 1D44365E", Comment=json.dumps(comment)))
        assert core(reading)[:7] == ("novelai", "a fox", "lowres", 9, 28, 11.0, "k_euler_ancestral")
        assert reading.model == "Stable Diffusion 1D44365E"
        assert reading.recipe is not None and reading.recipe["sampling"]["sampler"] == "euler_a"

    def test_the_fourth_with_characters(self) -> None:
        for data in (png_with(Software="NovelAI", Comment=json.dumps(self.V4)),
                     jpeg_with(json.dumps({"Software": "NovelAI", "Comment": json.dumps(self.V4)})),
                     webp.embed(saved(rgb_image(), "WEBP"), user_comment_exif(json.dumps(self.V4)), None, ())):
            reading = read_info(data)
            assert core(reading)[1:9] == ("1girl, {fox}", "blur", 1, 28, 5.0, "k_dpmpp_2m", "karras", (832, 1216))
            assert reading.recipe is not None and "1 characters" in said(reading)
            assert reading.recipe["prompt"] == "1girl, (fox:1.05), red (hat:0.952)"
            assert reading.recipe["guidance"] == {"scale": 5.0, "rescale": 0.2}
            assert reading.recipe["sampling"] == {"sampler": "dpmpp_2m", "schedule": "karras", "steps": 28}


class TestInvokeAI:
    def test_the_command_line_of_the_first(self) -> None:
        dream = '"a \\"red\\" fox [blur, text] on ice" -s 50 -S 3 -W 512 -H 704 -C 7.5 -A k_euler_a -I init.png'
        reading = read_info(png_with(Dream=dream))
        assert core(reading) == ("invokeai", 'a "red" fox on ice', "blur, text", 3, 50, 7.5, "k_euler_a", None,
                                 (512, 704), None)
        assert reading.recipe is not None and reading.recipe["sampling"]["sampler"] == "euler_a"
        assert "painted over another picture" in said(reading)

    @pytest.mark.parametrize("options", [
        "-s50 -S3 -W512 -H704 -C7.5 -mk_lms", "--steps 50 --seed=3 --width 512 --height 704 --cfg_scale 7.5 -A k_lms",
        "-s 50 -b 1 -S 3 -W 512 -H 704 -C 7.5 -A k_lms -G 0.9 -cf 0.75 -U 4 0.95",
    ])  # fmt: skip
    def test_its_options_in_every_spelling(self, options: str) -> None:
        reading = read_info(png_with(Dream=f'"a fox -s 9" {options}'))
        assert core(reading) == ("invokeai", "a fox -s 9", "", 3, 50, 7.5, "k_lms", None, (512, 704), None)

    @pytest.mark.parametrize("prompt", ["a fox+ [blur]", [{"prompt": "a fox+ [blur]", "weight": 1.0}]])
    def test_the_second(self, prompt: Any) -> None:
        image = {"prompt": prompt, "steps": 30, "cfg_scale": 7, "seed": 5, "sampler": "k_dpmpp_2", "width": 512,
                 "height": 512, "type": "txt2img"}
        data = {"model": "stable diffusion", "model_weights": "sd-1.5", "model_hash": "ab", "image": image}
        reading = read_info(png_with(sd__metadata=json.dumps(data)))
        assert core(reading)[:6] == ("invokeai", "a fox+", "blur", 5, 30, 7.0) and reading.model == "sd-1.5"
        assert reading.recipe is not None and reading.recipe["prompt"] == "a (fox:1.1)"

    @pytest.mark.parametrize(("model", "lora"), [
        ({"model_name": "juggernaut"}, {"lora": {"model_name": "inks"}, "weight": 0.6}),
        ({"key": "ab-12", "hash": "blake3:77", "name": "juggernaut"}, {"model": {"name": "inks"}, "weight": 0.6}),
    ])
    def test_the_third_in_both_of_its_spellings(self, model: dict[str, str], lora: dict[str, Any]) -> None:
        data = {"positive_prompt": "(a fox)1.3, ink--", "negative_prompt": "", "positive_style_prompt": "oil",
                "width": 1024, "height": 1024, "seed": 8, "steps": 30, "cfg_scale": 6, "scheduler": "dpmpp_2m_sde_k",
                "model": model, "loras": [lora], "clip_skip": 1, "rand_device": "cpu", "controlnets": [{"x": 1}]}
        reading = read_info(png_with(invokeai_metadata=json.dumps(data)))
        assert core(reading)[3:] == (8, 30, 6.0, "dpmpp_2m_sde_k", None, (1024, 1024), "juggernaut")
        assert reading.recipe is not None and "ControlNet" in said(reading)
        assert reading.recipe["prompt"] == "(a fox:1.3), (ink:0.81), oil" and reading.recipe["clip_skip"] == 2
        assert reading.recipe["sampling"] == {"sampler": "dpmpp_2m_sde", "schedule": "karras", "steps": 30}
        assert reading.recipe["loras"] == [{"name": "inks", "weight": 0.6}]

    def test_a_jpeg_made_of_it(self) -> None:
        wrapped = {"invokeai_metadata": {"positive_prompt": "a fox", "seed": 8, "steps": 3, "scheduler": "euler"}}
        assert core(read_info(jpeg_with(json.dumps(wrapped))))[:4] == ("invokeai", "a fox", "", 8)


class TestFooocus:
    OWN: ClassVar = {"prompt": "a fox", "negative_prompt": "", "full_prompt": ["cinematic a fox", "a fox, sharp"],
           "full_negative_prompt": ["anime"], "styles": "['Fooocus V2']", "performance": "Speed", "steps": 30,
           "resolution": "(1152, 896)", "guidance_scale": 4.0, "sharpness": 2.0, "base_model": "juggernautXL",
           "base_model_hash": "aeb7e9e689", "refiner_model": "None", "sampler": "dpmpp_2m_sde_gpu",
           "scheduler": "karras", "seed": "77", "loras": [["sd_xl_offset", 0.1, "4852686128"]], "clip_skip": 2,
           "version": "Fooocus v2.5.5", "vae": "Default (model)"}  # fmt: skip

    def test_its_own_scheme_in_png_and_exif(self) -> None:
        made = exif_with((0x9286, json.dumps(self.OWN)), (0x927C, "fooocus"))
        for data in (png_with(parameters=json.dumps(self.OWN), fooocus_scheme="fooocus"),
                     jpeg_with(json.dumps(self.OWN)), jpeg.embed(saved(rgb_image(), "JPEG"), made, None, ())):
            reading = read_info(data)
            assert core(reading) == ("fooocus", "a fox", "", 77, 30, 4.0, "dpmpp_2m_sde_gpu", "karras", (1152, 896),
                                     "juggernautXL")
            assert reading.recipe is not None and reading.recipe["prompt"] == "cinematic a fox, a fox, sharp"
            assert reading.recipe["loras"] == [{"name": "sd_xl_offset", "weight": 0.1}]
            assert reading.recipe["model"] == {"name": "juggernautXL", "hash": "aeb7e9e689"}

    def test_the_log_of_older_versions(self) -> None:
        old = {"Prompt": "a fox", "Negative Prompt": "blur", "Performance": "Quality", "Resolution": "(896, 1152)",
               "Sharpness": 2, "Guidance Scale": 7, "Base Model": "sd_xl_base.safetensors", "Sampler": "dpmpp_2m",
               "Scheduler": "karras", "Seed": 5, "LoRA 1": "inks.safetensors : 0.5", "LoRA 2": "None : 1.0"}
        reading = read_info(saved(rgb_image(), "JPEG", comment=json.dumps(old).encode()))
        assert core(reading)[1:9] == ("a fox", "blur", 5, 60, 7.0, "dpmpp_2m", "karras", (896, 1152))
        assert [lora["name"] for lora in reading.loras] == ["inks.safetensors"]

    def test_the_a1111_scheme(self) -> None:
        text = ("cinematic a fox\nNegative prompt: anime\nSteps: 30, Sampler: DPM++ 2M SDE Karras, CFG scale: 4.0, "
                "Seed: 77, Size: 1152x896, Model hash: aeb7e9e689, Model: jugg, Raw prompt: a fox, "
                'Lora hashes: "inks: aabbccddeeff", Lora weights: "inks: 0.3", Version: Fooocus v2.5.5')
        reading = read_info(png_with(parameters=text, fooocus_scheme="a1111"))
        assert core(reading)[:6] == ("fooocus", "cinematic a fox", "anime", 77, 30, 4.0)
        assert [(lora["name"], lora["weight"]) for lora in reading.loras] == [("inks", 0.3)]
        assert reading.recipe is not None and "noise" not in reading.recipe

    def test_ruined_fooocus(self) -> None:
        told = {"Prompt": "a fox", "Negative": "blur", "steps": 30, "cfg": 8, "width": 1024, "height": 768, "seed": 4,
                "sampler_name": "dpmpp_2m_sde_gpu", "scheduler": "karras", "base_model_name": "sdxl.safetensors",
                "base_model_hash": "22", "loras": [["aa", "0.5 - inks.safetensors"]], "clip_skip": 1,
                "software": "RuinedFooocus"}
        reading = read_info(png_with(parameters=json.dumps(told)))
        assert core(reading) == ("ruined-fooocus", "a fox", "blur", 4, 30, 8.0, "dpmpp_2m_sde_gpu", "karras",
                                 (1024, 768), "sdxl.safetensors")
        assert reading.recipe is not None and reading.recipe["loras"] == [{"name": "inks", "weight": 0.5}]

    def test_a_size_is_read_and_never_evaluated(self) -> None:
        hostile = self.OWN | {"resolution": "(__import__('os').getpid(), 896)"}
        reading = read_info(png_with(parameters=json.dumps(hostile), fooocus_scheme="fooocus"))
        assert (reading.width, reading.height) == (30, 24)  # the file's own


class TestSwarmUI:
    TOLD: ClassVar = {"sui_image_params": {
        "prompt": "a fox", "negativeprompt": "blur", "model": "Flux/flux1-dev-fp8", "seed": 4, "steps": 20,
        "cfgscale": 1.0, "fluxguidancescale": 3.5, "width": 512, "height": 768, "sampler": "euler",
        "scheduler": "simple", "loras": ["inks", "paper"], "loraweights": ["0.5", "1"], "clipstopatlayer": -2,
        "vae": "ae.sft", "swarm_version": "0.9.1.1"}}  # fmt: skip

    def test_in_every_place(self) -> None:
        text = json.dumps(self.TOLD)
        legacy = exif_with((0x0110, text))
        for data in (png_with(parameters=text), jpeg_with(text),
                     jpeg.embed(saved(rgb_image(), "JPEG"), legacy, None, ()),
                     png_with(prompt='{"1": {"class_type": "X"}}', parameters=text)):
            reading = read_info(data)
            assert core(reading) == ("swarmui", "a fox", "blur", 4, 20, 1.0, "euler", "simple", (512, 768),
                                     "Flux/flux1-dev-fp8")
            assert reading.recipe is not None and reading.recipe["guidance"] == {"scale": 3.5}
            assert reading.recipe["loras"] == [{"name": "inks", "weight": 0.5}, {"name": "paper"}]
            assert reading.recipe["model"] == {"name": "flux1-dev-fp8"} and reading.recipe["clip_skip"] == 2


DRAW = {"c": "a fox", "uc": "blur", "model": "sd_v1.5_f16.ckpt", "sampler": "DPM++ 2M Karras", "scale": 7.5, "seed": 8,
        "seed_mode": "Scale Alike", "size": "512x768", "steps": 20, "strength": 1, "lora":
        [{"model": "inks_lora_f16.ckpt", "weight": 0.6}]}
XMP = ('<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description><dc:description><rdf:Alt><rdf:li '
       'xml:lang="x-default">a fox</rdf:li></rdf:Alt></dc:description><xmp:CreatorTool>{tool}</xmp:CreatorTool>'
       "<exif:UserComment><rdf:Alt><rdf:li xml:lang='x-default'>{comment}</rdf:li></rdf:Alt></exif:UserComment>"
       "<mflux:seed>3</mflux:seed><mflux:steps>4</mflux:steps></rdf:Description></rdf:RDF></x:xmpmeta>")


class TestOthers:
    def test_draw_things(self) -> None:
        xmp = XMP.format(tool="Draw Things", comment=json.dumps(DRAW).replace('"', "&quot;"))
        inside = png.embed(saved(rgb_image(), "PNG"), [png.international_chunk(png.XMP_KEYWORD, xmp)], ())
        for data in (inside, jpeg_with("x", xmp=xmp), jpeg_with(json.dumps(DRAW))):
            reading = read_info(data)
            assert core(reading) == ("draw-things", "a fox", "blur", 8, 20, 7.5, "DPM++ 2M Karras", None, (512, 768),
                                     "sd_v1.5.ckpt")
            assert reading.recipe is not None and "noise in its own way" in said(reading)
            assert reading.recipe["sampling"] == {"sampler": "dpmpp_2m", "schedule": "karras", "steps": 20}
            assert reading.recipe["loras"] == [{"name": "inks_lora", "weight": 0.6}]

    def test_mflux_by_its_xmp_alone(self) -> None:
        xmp = XMP.format(tool="MFLUX 0.15.0", comment="")
        reading = read_info(png.embed(saved(rgb_image(), "PNG"), [png.international_chunk(png.XMP_KEYWORD, xmp)], ()))
        assert core(reading)[:5] == ("mflux", "a fox", "", 3, 4)

    def test_imaginairy_with_several_prompts(self) -> None:
        told = {"prompt": {"software": "imaginairy", "prompts": [{"weight": 1, "text": "a fox"}, {"weight": 0.5,
                "text": "ice"}], "negative_prompt": [{"weight": 1, "text": "blur"}], "prompt_strength": 7.5, "seed": 2,
                "steps": 15, "solver_type": "ddim", "size": [512, 640], "init_image": "x.png"}}
        reading = read_info(jpeg_with(json.dumps(told)))
        assert core(reading)[:9] == ("imaginairy", "a fox AND ice :0.5", "blur", 2, 15, 7.5, "ddim", None, (512, 640))
        assert "painted over another picture" in said(reading)

    def test_a_space_on_hugging_face(self) -> None:
        told = {"prompt": "a fox", "negative_prompt": "blur", "resolution": "832 x 1216", "guidance_scale": 7,
                "num_inference_steps": 28, "seed": 6, "sampler": "Euler a", "sdxl_style": "(None)",
                "use_upscaler": {"upscale_method": "nearest-exact", "upscaler_strength": 0.55, "upscale_by": 1.5,
                                 "new_resolution": "1248 x 1824"}, "Model": "Animagine XL 3.1"}
        reading = read_info(png_with(parameters=json.dumps(told)))
        assert core(reading) == ("hf-space", "a fox", "blur", 6, 28, 7.0, "Euler a", None, (832, 1216),
                                 "Animagine XL 3.1")
        assert reading.recipe is not None and reading.recipe["second_pass"] == {"scale": 1.5, "strength": 0.55}

    @pytest.mark.parametrize("labels", [False, True])
    def test_easy_diffusion(self, labels: bool) -> None:
        told = {"prompt": "a fox", "negative_prompt": "blur", "seed": "6", "use_stable_diffusion_model": "/m/sd-v1-4",
                "sampler_name": "euler_a", "num_inference_steps": "25", "guidance_scale": "7.5", "width": "512",
                "height": "640", "clip_skip": "False", "use_vae_model": "None"}
        named = {"prompt": "Prompt", "negative_prompt": "Negative Prompt", "seed": "Seed", "sampler_name": "Sampler",
                 "num_inference_steps": "Steps", "guidance_scale": "Guidance Scale", "width": "Width",
                 "height": "Height", "use_stable_diffusion_model": "Stable Diffusion model"}
        told = {named.get(key, key): value for key, value in told.items()} if labels else told
        alone = png.embed(saved(rgb_image(), "PNG"), [png.text_chunk(key, value) for key, value in told.items()], ())
        for data in (alone, jpeg_with(json.dumps(told))):
            assert core(read_info(data)) == ("easy-diffusion", "a fox", "blur", 6, 25, 7.5, "euler_a", None, (512, 640),
                                             "/m/sd-v1-4")

    def test_sd_scripts(self) -> None:
        told = {"prompt": "a fox", "negative-prompt": "blur", "seed": "6", "steps": "30", "scale": "8.0",
                "sampler": "ddim", "width": "512", "height": "512"}
        data = png.embed(saved(rgb_image(), "PNG"), [png.text_chunk(key, value) for key, value in told.items()], ())
        assert core(read_info(data))[:7] == ("sd-scripts", "a fox", "blur", 6, 30, 8.0, "ddim")

    def test_tensorart_with_loras_and_a_seed_of_chance(self) -> None:
        told = {"prompt": "a fox", "negativePrompt": "blur", "seed": "-1", "steps": 25, "cfgScale": 7, "width": 512,
                "height": 768, "ksamplerName": "euler_ancestral", "schedule": "karras", "baseModel":
                {"modelFileName": "wai", "hash": "AB"}, "models": [{"type": "LORA", "modelFileName": "inks",
                                                                   "weight": 0.8}]}
        assert read_info(png_with(generation_data=json.dumps(told) + "\0")).seed == -1
        graph = {"9": {"class_type": "KSampler", "inputs": {"seed": 31}}}
        reading = read_info(png_with(generation_data=json.dumps(told), prompt=json.dumps(graph)))
        assert core(reading) == ("tensorart", "a fox", "blur", 31, 25, 7.0, "euler_ancestral", "karras", (512, 768),
                                 "wai")
        assert reading.recipe is not None and reading.recipe["loras"] == [{"name": "inks", "weight": 0.8}]

    def test_stability_matrix_without_an_infotext(self) -> None:
        told = {"PositivePrompt": "a fox", "NegativePrompt": "blur", "Steps": 20, "Sampler": "DPM++ 2M Karras",
                "CfgScale": 5, "Seed": 3, "Width": 512, "Height": 768, "ModelName": "m.safetensors"}
        reading = read_info(png_with(parameters__json=json.dumps(told), smproj="{}"))
        assert core(reading) == ("stability-matrix", "a fox", "blur", 3, 20, 5.0, "DPM++ 2M Karras", None, (512, 768),
                                 "m.safetensors")

    def test_content_credentials_in_every_container(self) -> None:
        box = (b"\0\0\0\x20jumbc2pa claim_generator_info\xa1\x64name\x78\x18OpenAI Media Service API!"
               b" http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia")
        segment = b"\xff\xeb" + struct.pack(">H", len(box) + 10) + b"JP\0\1\0\0\0\1" + box
        photo = saved(rgb_image(), "JPEG")
        webps = saved(rgb_image(), "WEBP")
        riff = webps + b"C2PA" + struct.pack("<I", len(box)) + box
        for data in (png.embed(saved(rgb_image(), "PNG"), [(b"caBX", box)], ()), photo[:2] + segment + photo[2:], riff):
            reading = read_info(data)
            assert reading.source == "c2pa" and reading.recipe is None and reading.prompt is None
            assert reading.raw["c2pa"] == {"maker": "OpenAI", "program": "OpenAI Media Service API",
                                           "digital_source_type": "trainedAlgorithmicMedia"}
        camera = box.replace(b"trainedAlgorithmicMedia", b"digitalCapture")
        assert read_info(png.embed(saved(rgb_image(), "PNG"), [(b"caBX", camera)], ())).source is None


def test_every_nearest_recipe_is_a_recipe() -> None:
    for data in (png_with(parameters=INFO), jpeg_with(json.dumps(TestFooocus.OWN)), jpeg_with(json.dumps(DRAW)),
                 png_with(parameters=json.dumps(TestSwarmUI.TOLD))):
        parse_recipe(read_info(data).recipe or {})
