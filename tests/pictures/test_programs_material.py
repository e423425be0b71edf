"""Real pictures of other programs: each is read, and told as it was painted."""

import json
from pathlib import Path

import pytest

from underpaint.errors import PictureError
from underpaint.pictures import read_info
from underpaint.recipe import parse_recipe

FOLDER = Path("01_metadata")
# source, how the words begin, how those against it begin, seed, steps, guidance, sampler, schedule, size, model
TOLD = {
    "comfyui_examples/2_pass_txt2img__hiresfix_latent_workflow.slim.png":
        ("comfyui", "masterpiece HDR vict", "bad hands, t", 89848141647836, 12, 8.0, "dpmpp_sde", "normal", (768,
         768), "v2-1_768-ema-pruned.ckpt"),
    "comfyui_examples/gligen__gligen_textbox_example.slim.png":
        ("comfyui", "photograph scenery l", "text, waterm", 1023216319780679, 20, 8.0, "uni_pc_bh2", "normal", (768,
         768), "v1-5-pruned-emaonly.ckpt"),
    "comfyui_examples/hypernetworks__hypernetwork_example.slim.png":
        ("comfyui", "woman (fennec ears f", "text, waterm", 572636856966402, 20, 8.0, "uni_pc_bh2", "normal", (512,
         512), "v1-5-pruned-emaonly.ckpt"),
    "comfyui_examples/inpaint__inpaint_example.slim.png":
        ("comfyui", "closeup photograph o", "watermark, t", 1040111309094545, 20, 8.0, "uni_pc_bh2", "normal",
         (2374, 1222), "512-inpainting-ema.safetensors"),
    "comfyui_examples/json/cosmos__text_to_video_cosmos_7B.json":
        ("comfyui", "A crystalline waterf", "The video ca", 959521281192720, 20, 6.5, "res_multistep", "karras",
         (1280, 704), "Cosmos-1_0-Diffusion-7B-Text2World.safetensors"),
    "comfyui_examples/json/hunyuan_video__hunyuan_video_image_to_video.json":
        ("comfyui", "a cute anime girl wi", "", 187330947843879, 20, 6.0, "euler", "simple", (720, 720),
         "hunyuan_video_image_to_video_720p_bf16.safetensors"),
    "comfyui_examples/json/hunyuan_video__hunyuan_video_image_to_video_v2.json":
        ("comfyui", "a cute anime girl wi", "", 72275780843998, 20, 6.0, "euler", "simple", (720, 720),
         "hunyuan_video_v2_replace_image_to_video_720p_bf16.safetensors"),
    "comfyui_examples/json/video__workflow_image_to_video.json":
        ("comfyui", "", "", 237514639057514, 20, 2.5, "euler", "karras", (1024, 576), "svd.safetensors"),
    "comfyui_examples/json/wan22__image_to_video_wan22_14B.json":
        ("comfyui", "a cute anime girl pi", "色调艳丽", 99822389587980, 20, 3.5, "euler", "simple", (768, 768),
         "wan2.2_i2v_high_noise_14B_fp8_scaled.safetensors"),
    "comfyui_examples/json/wan22__text_to_video_wan22_14B.json":
        ("comfyui", "a robot is running t", "色调艳丽", 738226772790037, 20, 3.5, "euler", "simple", (1280,
         704), "wan2.2_t2v_high_noise_14B_fp8_scaled.safetensors"),
    "comfyui_examples/json/wan__image_to_video_wan_example.json":
        ("comfyui", "a cute anime girl wi", "色调艳丽", 987948718394761, 20, 6.0, "uni_pc", "simple", (512,
         512), "wan2.1_i2v_480p_14B_fp16.safetensors"),
    "comfyui_examples/json/wan__text_to_video_wan.json":
        ("comfyui", "a fox moving quickly", "色调艳丽", 82628696717253, 30, 6.0, "uni_pc", "simple", (832, 480),
         "wan2.1_t2v_1.3B_fp16.safetensors"),
    "comfyui_examples/json/wan__vace_reference_to_video.json":
        ("comfyui", "a cute anime girl wi", "色调艳丽", 399224011392770, 20, 6.0, "uni_pc", "simple", (768,
         768), "wan2.1_vace_14B_fp16.safetensors"),
    "comfyui_examples/omnigen__omnigen2_example.slim.png":
        ("comfyui", "the anime girl with ", "deformed, bl", 832350079790627, 20, 5.0, "euler", "simple", (1024,
         1024), "omnigen2_fp16.safetensors"),
    "comfyui_examples/qwen_image__qwen_image_basic_example.slim.png":
        ("comfyui", "cute anime girl with", " ", 1091359629774730, 20, 2.5, "euler", "simple", (1328, 1328),
         "qwen_image_fp8_e4m3fn.safetensors"),
    "comfyui_examples/sdxl__sdxl_refiner_prompt_example.slim.png":
        ("comfyui", "daytime sky nature d", "text, waterm", 6767725640732, 25, 8.0, "euler", "normal", (1024, 1024),
         "sd_xl_base_1.0.safetensors"),
    "comfyui_examples/wan__text_to_video_wan.webp":
        ("comfyui", "a fox moving quickly", "色调艳丽", 82628696717253, 30, 6.0, "uni_pc", "simple", (832, 480),
         "wan2.1_t2v_1.3B_fp16.safetensors"),
    "imaginairy/000056_293284644_PLMS40_PS7.5_photo_of_a_bowl_of_fruit.jpg":
        ("imaginairy", "photo of a bowl of f", "", 293284644, 40, 7.5, "PLMS", None, (512, 512), None),
    "imaginairy/000105_33084057_DDIM40_PS7.5_portrait_of_a_smiling_lady._oil_painting._.jpg":
        ("imaginairy", "portrait of a smilin", "", 33084057, 40, 7.5, "DDIM", None, (512, 512), None),
    "mflux/reference_controlnet_dev_lora.png":
        ("mflux", "mkym this is made of", "", 43, 15, 4.0, None, None, (480, 768), "black-forest-labs/FLUX.1-dev"),
    "mflux/reference_dev_image_to_image.png":
        ("mflux", "Luxury food photogra", "", 44, 8, 4.0, None, None, (768, 336), "black-forest-labs/FLUX.1-dev"),
    "mflux/reference_fibo.png":
        ("mflux", "\n{\n  \"short_descript", "", 42, 20, 4.0, None, None, (640, 352), "briaai/FIBO"),
    "misc/metahub/fixtures__cli__comfyui.png":
        ("comfyui", "a majestic lion in t", "text, waterm", 156680208700286, 20, 8.0, "euler", "normal", (1024,
         1024), "sd_xl_base_1.0.safetensors"),
    "sd-metadata/c2pa/gemini_3.1pro.slim.png":
        ("c2pa", "", "", None, None, None, None, None, (1408, 768), None),
    "sd-metadata/jpgwebp/jpg__civitai.jpeg":
        ("civitai", "general, masterpiece", "bad quality,", 1311178179, 25, 5.0, "Euler a", None, (1024, 1024),
         "WAI-illustrious-SDXL v16.0"),
    "sd-metadata/jpgwebp/jpg__comfyui-save-image-extended.jpeg":
        ("comfyui", "general, masterpiece", "bad quality,", 813617545434765, 20, 5.0, "euler_ancestral", "karras",
         (1024, 1024), "waiIllustriousSDXL_v160.safetensors"),
    "sd-metadata/jpgwebp/jpg__comfyui-saveimage-plus.jpg":
        ("comfyui", "general, masterpiece", "bad quality,", 577723948579568, 20, 5.0, "euler_ancestral", "karras",
         (1024, 1024), "waiIllustriousSDXL_v160.safetensors"),
    "sd-metadata/jpgwebp/jpg__reforge.jpeg":
        ("reforge", "general, masterpiece", "bad quality,", 584157617, 20, 6.0, "DPM++ 2M", "Karras", (1024, 1024),
         "waiIllustriousSDXL_v160"),
    "sd-metadata/jpgwebp/webp__forge-classic-hires.webp":
        ("forge", "general, masterpiece", "bad quality,", 2991931972, 20, 6.0, "DPM++ 2M", "Karras", (1024, 1024),
         "waiIllustriousSDXL_v160"),
    "sd-metadata/jpgwebp/webp__sd-webui.webp":
        ("a1111", "general, masterpiece", "bad quality,", 1028435836, 20, 5.5, "DPM++ 2M", "Karras", (1024, 1024),
         "waiIllustriousSDXL_v160"),
    "sd-metadata/png/comfyui-comfy-image-saver.slim.png":
        ("comfyui", "unknown", "unknown", 0, 20, 8.0, "euler_simple", None, (512, 512),
         "JANKUV5NSFWTrainedNoobai_v50"),
    "sd-metadata/png/comfyui-group-nodes.slim.png":
        ("comfyui", "general, masterpiece", "bad quality,", 1038684211150939, 20, 5.0, "euler_ancestral", "karras",
         (1024, 1024), "waiIllustriousSDXL_v160.safetensors"),
    "sd-metadata/png/comfyui-low-denoise.slim.png":
        ("comfyui", "general, masterpiece", "modern, rece", 667022537790957, 40, 5.0, "euler_ancestral", "karras",
         (1024, 1024), "novaPixelsXL_v30.safetensors"),
    "sd-metadata/png/comfyui-rgthree.slim.png":
        ("comfyui", "general, masterpiece", "bad quality,", 963381484256655, 20, 5.0, "euler_ancestral", "karras",
         (1024, 1024), "waiIllustriousSDXL_v160.safetensors"),
    "sd-metadata/png/comfyui-upscale.slim.png":
        ("comfyui", "general, masterpiece", "bad quality,", 511796159331902, 20, 5.0, "euler_ancestral", "karras",
         (1024, 1024), "waiIllustriousSDXL_v160.safetensors"),
    "sd-metadata/png/comfyui.slim.png":
        ("comfyui", "general, masterpiece", "bad quality,", 422847914351919, 20, 5.0, "euler_ancestral", "karras",
         (1024, 1024), "waiIllustriousSDXL_v160.safetensors"),
    "sd-metadata/png/forge-classic.slim.png":
        ("forge", "general, masterpiece", "bad quality,", 1239240392, 20, 6.0, "DPM++ 2M", "Karras", (1024, 1024),
         "waiIllustriousSDXL_v160"),
    "sd-metadata/png/forge.slim.png":
        ("forge", "general, masterpiece", "bad quality,", 747066619, 25, 5.0, "Euler", "Karras", (1024, 1024),
         "waiIllustriousSDXL_v160"),
    "sd-metadata/png/krea2.slim.png":
        ("comfyui", "初音ミクの", "", 371644226245214, 8, 1.0, "euler", "simple", (1024, 1024),
         "krea2_turbo_int8_convrot.safetensors"),
    "sd-metadata/png/stability-matrix.slim.png":
        ("stability-matrix", "general, masterpiece", "bad quality,", 395309383, 20, 5.0, "Euler Ancestral Karras",
         None, (1024, 1024), "waiIllustriousSDXL_v160.safetensors"),
    "sd-metadata/png/swarmui.slim.png":
        ("swarmui", "general, masterpiece", "bad quality,", 2083100758, 20, 7.0, "euler_ancestral", "karras", (1024,
         1024), "waiIllustriousSDXL_v160"),
    "sd-metadata/png/tensorart.slim.png":
        ("tensorart", "general, masterpiece", "bad quality,", 3036459311, 25, 7.0, "euler_ancestral", "karras",
         (1024, 1024), "WAI-Nsfw-Illustrious-16"),
    "sd-parsers/parsers__AUTOMATIC1111__automatic1111_cropped.png":
        ("a1111", "photo of a duck", "monochrome", 235284042, 15, 5.0, "UniPC", None, (512, 400),
         "realistic_realisticVisionV20_v20"),
    "sd-parsers/parsers__AUTOMATIC1111__automatic1111_stealth.png":
        ("a1111", "a circle", "a square", 2015833630, 20, 7.0, "Euler", "Automatic", (64, 64),
         "realisticVisionV51_v51VAE"),
    "sd-parsers/parsers__ComfyUI__img2img_cropped.png":
        ("comfyui", "photograph of victor", "watermark, t", 280823642470253, 20, 8.0, "sample_dpmpp_2m", "normal",
         (1, 1), "v1-5-pruned-emaonly.ckpt"),
    "sd-parsers/parsers__Fooocus__fooocus1_cropped.png":
        ("fooocus", "a smiling goldfish", "", 6952411511246973023, 30, 4.0, "dpmpp_2m_sde_gpu", "karras", (768,
         1280), "juggernautXL_v8Rundiffusion"),
    "sd-parsers/parsers__InvokeAI__invokeai_imeta1.png":
        ("invokeai", "digital artwork, oil", "grainy+, pho", 3293022630, 35, 8.0, "euler", None, (1024, 1024),
         "juggernautXL"),
    "sd-parsers/parsers__InvokeAI__invokeai_sdmeta1.png":
        ("invokeai", "professional full bo", "rendering, g", 2980747362, 50, 5.0, "k_lms", None, (512, 768),
         "deliberateForInvoke_v08"),
    "sdnext/CalamitousFelicitousness--Ideogram-4-bf16-Diffusers.jpg":
        ("sdnext", "{\n\"high_level_descri", "Template: {\n", 20260609, 48, 7.0, None,
         "FlowMatchEulerDiscreteScheduler", (2048, 2048), "Ideogram-4-bf16-Diffusers"),
    "sdnext/KBlueLeaf--HDM-xut-340M-anime.jpg":
        ("sdnext", "1girl,\nizuna (blue a", "low quality,", 4133542790, 18, 4.0, None, None, (1024, 1024),
         "HDM-xut-340M-anime"),
    "sdnext/amused--amused-256.jpg":
        ("sdnext", "single rose on white", "", 376885285, 32, 6.0, None, None, (256, 256), "amused-256"),
    "sdnext/noobaiXLNAIXL_vPred10Version.jpg":
        ("sdnext", "masterpiece, best qu", "nsfw, worst ", 42, 28, 5.0, "Euler", None, (1024, 1024),
         "noobaiXLNAIXL_vPred10Version"),
    "sdnext/v1-5-pruned-fp16-emaonly.jpg":
        ("sdnext", "Munch scream", "", 42, 30, 6.0, None, None, (512, 512), "v1-5-pruned-fp16-emaonly"),
    "sdnext/waiIllustriousSDXL_v150.jpg":
        ("sdnext", "looking at viewer, s", "bad quality,", 42, 30, 7.0, None, None, (1024, 1024),
         "waiIllustriousSDXL_v150"),
}
SAY_NOTHING = {"sd-metadata/jpgwebp/webp__gimp.webp", "sd-metadata/png/gimp-en.slim.png",
               "sd-parsers/bad_images__empty_image.jpg", "sd-parsers/bad_images__empty_image.png"}


@pytest.mark.parametrize("name", TOLD)
def test_what_a_program_told(material: Path, name: str) -> None:
    source, words, against, seed, steps, guidance, sampler, schedule, size, model = TOLD[name]
    reading = read_info(material / FOLDER / name)
    assert reading.source == source
    assert (reading.prompt or "").startswith(words) and bool(reading.prompt) == bool(words)
    assert (reading.negative_prompt or "").startswith(against) and bool(reading.negative_prompt) == bool(against)
    assert (reading.seed, reading.steps, reading.guidance) == (seed, steps, guidance)
    assert (reading.sampler, reading.schedule, reading.model) == (sampler, schedule, model)
    assert (reading.width, reading.height) == size
    if source == "c2pa":
        assert reading.recipe is None and "no words" in reading.raw["unmapped"][0]
        return
    recipe = parse_recipe(reading.recipe)
    if words != "unknown":
        assert (recipe.seed, recipe.sampling.steps, recipe.guidance.scale) == (seed, steps, guidance)
    assert (recipe.sampling.sampler is None) == (sampler is None)
    assert recipe.prompt or not words
    json.dumps(reading.to_json(), allow_nan=False)


def test_every_file_is_told_or_says_nothing(material: Path) -> None:
    silent, refused = set(), set()
    for path in sorted(place for place in (material / FOLDER).rglob("*") if place.is_file()):
        name = path.relative_to(material / FOLDER).as_posix()
        try:
            if read_info(path).source is None:
                silent.add(name)
        except PictureError:
            refused.add(name)
    assert silent == SAY_NOTHING and refused == {"sd-parsers/bad_images__empty_file.png"}


def test_where_an_infotext_is_about_nothing_the_recipe_follows_the_graph(material: Path) -> None:
    reading = read_info(material / FOLDER / "sd-metadata/png/comfyui-comfy-image-saver.slim.png")
    assert reading.prompt == "unknown" and reading.recipe is not None
    assert reading.recipe["prompt"].startswith("general, masterpiece") and reading.recipe["width"] == 1024
    assert "the recipe follows the graph" in reading.raw["unmapped"][0]


def test_garbled_letters_are_mended_in_the_recipe(material: Path) -> None:
    reading = read_info(material / FOLDER / "sd-metadata/png/stability-matrix.slim.png")
    assert reading.recipe is not None and reading.recipe["prompt"].endswith("#テスト\n")
    assert "garbled" in reading.raw["unmapped"][0]


def test_a_second_pass_and_a_refiner_are_told_apart(material: Path) -> None:
    hires = read_info(material / FOLDER / "comfyui_examples/2_pass_txt2img__hiresfix_latent_workflow.slim.png")
    assert hires.recipe is not None and hires.recipe["second_pass"] == {"scale": 1.5, "strength": 0.5, "steps": 28}
    assert [one["seed"] for one in hires.raw["samplers"]] == [89848141647836, 469771404043268]
    refined = read_info(material / FOLDER / "comfyui_examples/sdxl__sdxl_refiner_prompt_example.slim.png")
    assert refined.recipe is not None and "second_pass" not in refined.recipe
    assert "from step 20 on the model 'sd_xl_refiner_1.0.safetensors' painted" in refined.raw["unmapped"][0]
