"""What A1111's requests mean in recipes: everything short of painting."""

import base64
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kit.a1111 import masked, scene, text
from PIL import Image
from pydantic import ValidationError

from underpaint.controls.extractors import Extractor, reading_with
from underpaint.controls.pose.people import Person, Pose
from underpaint.errors import ModelError, UnderpaintError
from underpaint.imaging.geometry import Extent
from underpaint.pictures.read import read_picture
from underpaint.recipe import CreateRecipe, FillRecipe, RefineRecipe, parse_recipe
from underpaint.studio.a1111 import asking, begun, extras
from underpaint.studio.a1111.asking import Ready, understood
from underpaint.studio.a1111.errors import NotFound, NotServed, Unprocessable
from underpaint.studio.a1111.options import DEFAULTS, checked
from underpaint.studio.a1111.replies import Style
from underpaint.studio.a1111.requests import ExtrasBatch, Img2Img, Txt2Img, Unit
from underpaint.studio.a1111.scripts.plot import axes_of
from underpaint.studio.a1111.shelf import Shelf
from underpaint.studio.a1111.styles import styled
from underpaint.studio.a1111.units import detected, steered
from underpaint.studio.desk import Desk
from underpaint.studio.settings import ServeSettings


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk that nobody paints at."""
    folder = tmp_path_factory.mktemp("desk")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNDERPAINT_HOME", str(folder / "home"))
        desk = Desk(ServeSettings(library=folder / "library"))
        yield desk
        desk.close()


@pytest.fixture
def read(desk: Desk) -> Any:
    def understand(kind: str = "txt2img", options: dict[str, Any] | None = None, **fields: Any) -> Ready:
        return understood((Txt2Img if kind == "txt2img" else Img2Img)(**fields), options or {}, desk)

    return understand


def over(image: Image.Image | None = None, **fields: Any) -> dict[str, Any]:
    return {"kind": "img2img", "init_images": [text(image or scene())], "width": 64, "height": 64, **fields}


def blob(ready: Ready, name: str = "picture") -> np.ndarray:
    return read_picture(ready.asked.blobs[getattr(ready.made.recipes[0], name).sha256]).stored


def test_an_empty_request_is_painted_by_a1111s_defaults(read: Any) -> None:
    (recipe,) = read().made.recipes
    assert isinstance(recipe, CreateRecipe)
    assert (recipe.width, recipe.height, recipe.sampling.steps, recipe.guidance.scale) == (512, 512, 50, 7.0)
    assert (recipe.sampling.sampler, recipe.sampling.schedule, recipe.noise.source) == ("euler", None, "philox")
    assert recipe.seed is not None and recipe.clip_skip is None and recipe.model is None


def test_seeds_count_up_and_with_a_variation_only_the_second_does(read: Any) -> None:
    plain = read(seed=7, batch_size=2, n_iter=2).made.recipes
    assert [one.seed for one in plain] == [7, 8, 9, 10]
    varied = read(seed=7, subseed=3, subseed_strength=0.25, batch_size=3).made.recipes
    assert [(one.seed, one.noise.variation_seed) for one in varied] == [(7, 3), (7, 4), (7, 5)]
    assert {one.noise.variation_strength for one in varied} == {0.25}
    assert read(seed=-1).asked.seed >= 0


@pytest.mark.parametrize(("name", "scheduler", "sampler", "schedule"), [
    ("DPM++ 2M Karras", None, "dpmpp_2m", "karras"), ("DPM++ 2M", "Karras", "dpmpp_2m", "karras"),
    ("DPM++ 2M", "automatic", "dpmpp_2m", None), ("DPM++ 2M Karras", "automatic", "dpmpp_2m", "karras"),
    ("Euler a", "exponential", "euler_a", "exponential"), ("DDIM", "karras", "ddim", None),
    ("k_euler", "SGM Uniform", "euler", "sgm_uniform"), (None, None, "euler", None)])
def test_samplers_go_by_names_with_and_without_schedule(read: Any, name: str, scheduler: str, sampler: str,
                                                        schedule: str) -> None:
    (recipe,) = read(sampler_name=name, scheduler=scheduler).made.recipes
    assert (recipe.sampling.sampler, recipe.sampling.schedule) == (sampler, schedule)


def test_a_sampler_that_is_not_there_is_404_with_the_nearest(read: Any) -> None:
    with pytest.raises(NotFound, match="Sampler not found") as caught:
        read(sampler_name="DPM++ 2M Turbo Deluxe")
    assert caught.value.http_status == 404
    with pytest.raises(NotFound, match="Sampler not found"):
        read(sampler_name="Restart")
    with pytest.raises(NotFound, match="Scheduler not found"):
        read(scheduler="Align Your Steps 99")


def test_only_what_a_sampler_obeys_is_handed_on(read: Any) -> None:
    euler = read(sampler_name="Euler", s_churn=4, s_tmax=0, eta=1.0).made.recipes[0].sampling
    assert (euler.s_churn, euler.s_tmax, euler.eta) == (4, None, None)
    ancestral = read(sampler_name="Euler a", s_churn=4, eta=1.0).made.recipes[0].sampling
    assert (ancestral.s_churn, ancestral.eta) == (0, None)
    assert read(sampler_name="DDIM", eta=0.5).made.recipes[0].sampling.eta == 0.5


def test_settings_that_are_null_are_as_if_nobody_had_set_them(read: Any) -> None:
    usual = read(seed=1).made.recipes
    for option in DEFAULTS:
        assert read(seed=1, override_settings={option: None}).made.recipes == usual, option


def test_a_second_pass_by_scale_or_by_size(read: Any) -> None:
    scaled = read(enable_hr=True, hr_scale=1.5, steps=20, denoising_strength=0.5).made.recipes[0].second_pass
    assert (scaled.scale, scaled.upscale, scaled.strength, scaled.steps) == (1.5, "latent", 0.5, 40)
    sized = read(enable_hr=True, width=512, height=256, hr_resize_x=1024, hr_resize_y=512, hr_upscaler="Lanczos",
                 hr_second_pass_steps=10, denoising_strength=0.5).made.recipes[0].second_pass
    assert (sized.scale, sized.upscale, sized.steps) == (2.0, "picture", 20)
    one_side = read(enable_hr=True, width=512, height=256, hr_resize_x=768).made.recipes[0].second_pass
    assert one_side.scale == 1.5
    with pytest.raises(NotServed, match="another shape"):
        read(enable_hr=True, hr_resize_x=1024, hr_resize_y=512)
    with pytest.raises(NotServed, match="not begun by"):
        read(enable_hr=True, hr_upscaler="R-ESRGAN 4x+")


def test_settings_are_the_clients_and_override_them_for_one_request(read: Any) -> None:
    ready = read(options={"CLIP_stop_at_last_layers": 2, "randn_source": "CPU", "eta_noise_seed_delta": 31337},
                 override_settings={"randn_source": "GPU", "sd_model_checkpoint": "primer"})
    (recipe,) = ready.made.recipes
    assert (recipe.clip_skip, recipe.noise.offset, recipe.noise.source) == (2, 31337, "philox")
    assert recipe.model.name == "primer" and ready.kept == {}
    kept = read(override_settings={"randn_source": "CPU"}, override_settings_restore_afterwards=False).kept
    assert kept == {"randn_source": "CPU"}
    with pytest.raises(ModelError) as caught:
        read(override_settings={"sd_model_checkpoint": "no-such-model"})
    assert caught.value.http_status == 404
    with pytest.raises(ModelError):
        read(override_settings={"sd_vae": "no-such-vae"})


def test_a_server_with_a_model_of_its_own_paints_with_that(tmp_path: Path) -> None:
    desk = Desk(ServeSettings(library=tmp_path / "library", model="primer"))
    (recipe,) = understood(Txt2Img(), {"CLIP_stop_at_last_layers": 1}, desk).made.recipes
    assert recipe.model.name == "primer"
    desk.close()


def test_settings_are_checked_and_unknown_ones_kept() -> None:
    assert checked({"jpeg_quality": "90", "some_extension": [1, {"a": None}], "return_grid": 0}) == {
        "jpeg_quality": 90, "some_extension": [1, {"a": None}], "return_grid": False}
    for wrong in ({"jpeg_quality": "high"}, {"samples_format": 3}, {"sd_model_checkpoint": {}}, {"return_grid": "no"}):
        with pytest.raises(Unprocessable):
            checked(wrong)
    with pytest.raises(Unprocessable, match="too many"):
        checked({str(number): 0 for number in range(2000)})
    assert "forge_preset" not in DEFAULTS  # clients take a server that has it for Forge


def test_styles_surround_or_follow_the_words(read: Any, desk: Desk) -> None:
    known = {"oil": Style(name="oil", prompt="oil painting of {prompt}, canvas", negative_prompt="photo"),
             "warm": Style(name="warm", prompt="warm light", negative_prompt="")}
    assert styled("a cat", ["oil", "warm", "gone"], known) == "oil painting of a cat, canvas, warm light"
    assert styled("blur", ["oil", "warm"], known, negative=True) == "blur, photo"
    desk.catalogue.home.mkdir(exist_ok=True)
    file = desk.catalogue.home / "styles.csv"
    file.write_text('name,prompt,negative_prompt\nOil,"{prompt}, oil, canvas",photo\n', "utf-8-sig")
    (recipe,) = read(prompt="a cat", styles=["Oil"]).made.recipes
    assert (recipe.prompt, recipe.negative_prompt) == ("a cat, oil, canvas", "photo")
    file.unlink()


def test_an_infotext_fills_what_is_left_open(read: Any) -> None:
    info = ("a red house\nNegative prompt: fog\nSteps: 9, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 4.5, "
            "Seed: 77, Size: 256x320, Model: somebody-elses, Clip skip: 2, Hires upscale: 1.5, Denoising strength: 0.4")
    (recipe,) = read(infotext=info, steps=3).made.recipes
    assert (recipe.prompt, recipe.negative_prompt, recipe.seed) == ("a red house", "fog", 77)
    assert (recipe.sampling.steps, recipe.guidance.scale, recipe.width, recipe.height) == (3, 4.5, 256, 320)
    assert (recipe.sampling.sampler, recipe.sampling.schedule, recipe.clip_skip) == ("dpmpp_2m", "karras", 2)
    assert recipe.second_pass.scale == 1.5 and recipe.model is None
    with pytest.raises(Unprocessable, match="infotext"):
        read(infotext="x\nSteps: 9, Variation seed strength: 7, Seed: 1")


@pytest.mark.parametrize(("field", "value"), [
    ("restore_faces", True), ("tiling", True), ("hr_prompt", "another"), ("hr_sampler_name", "DDIM"),
    ("hr_checkpoint_name", "other"), ("firstpass_image", "AAAA")])
def test_what_is_not_done_here_is_501_and_says_why(read: Any, field: str, value: Any) -> None:
    with pytest.raises(NotServed) as caught:
        read(enable_hr=True, prompt="x", **{field: value})
    assert caught.value.http_status == 501 and caught.value.field == field and len(caught.value.message) > 20


@pytest.mark.parametrize(("fields", "field"), [
    ({"steps": 2**31}, "steps"), ({"cfg_scale": -3}, "cfg_scale"), ({"width": 7}, "width"), ({"seed": 2**63}, "seed"),
    ({"width": 8000, "height": 8000}, "width"), ({"subseed_strength": 0.5, "subseed": 2**63}, "subseed"),
    ({"enable_hr": True, "denoising_strength": 0}, "denoising_strength"),
    ({"enable_hr": True, "hr_scale": 1}, "hr_scale")])
def test_what_is_out_of_range_is_named_as_the_client_named_it(read: Any, fields: dict[str, Any], field: str) -> None:
    with pytest.raises(UnderpaintError) as caught:
        read(**fields)
    assert caught.value.http_status == 422 and caught.value.field == field


@pytest.mark.parametrize("wrong", ["http://127.0.0.1:1/a.png", "https://example.org/a.png", "file:///etc/passwd",
                                   "####", "", "bm90IGEgcGljdHVyZQ==", "/etc/hostname", "data:image/png;base64,"])
def test_what_is_no_picture_is_refused_and_never_fetched(read: Any, wrong: str) -> None:
    with pytest.raises(Unprocessable, match=r"Invalid encoded image|Requests not allowed"):
        read("img2img", init_images=[wrong])
    with pytest.raises(Unprocessable):
        read(alwayson_scripts={"controlnet": {"args": [{"module": "canny", "image": wrong or "#"}]}})


def test_small_files_that_unpack_to_much_are_refused_together(read: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(begun, "MOST_PIXELS", 10_000)
    with pytest.raises(Unprocessable) as caught:
        read("img2img", init_images=[text(scene())] * 100, width=64, height=64)
    assert caught.value.field == "init_images" and "together" in caught.value.message


def test_many_pictures_over_one_bring_it_to_size_once(read: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def counted(*words: Any) -> dict[str, Any]:
        asked.append(words)
        return begun.refine_fields(*words)

    monkeypatch.setattr(asking, "refine_fields", counted)
    ready = read(**over(init_images=[text(scene()), text(scene(80, 80))], mask=text(masked()), n_iter=9, seed=1))
    assert len(ready.made.recipes) == 9 and len(asked) == 2
    assert [one.seed for one in ready.made.recipes] == list(range(1, 10))


def test_a_batch_that_is_too_much_for_one_answer_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "MOST_BYTES", 250)
    batch = ExtrasBatch(imageList=[{"data": "x"}] * 4)  # type: ignore[list-item]
    with pytest.raises(Unprocessable, match="too much") as caught:
        extras.improved_batch(batch, lambda text, field: bytes(100))
    assert caught.value.hint == "Send up to 2 like these at once."


def test_words_that_name_a_lora_that_is_not_here_are_refused(read: Any) -> None:
    with pytest.raises(ModelError) as caught:
        read(prompt="a house <lora:nowhere:1>")
    assert caught.value.field == "prompt"


def test_a_model_that_is_not_here_is_named_by_its_setting(read: Any) -> None:
    for option in ("sd_model_checkpoint", "sd_vae"):
        with pytest.raises(ModelError) as caught:
            read(override_settings={option: "nowhere"})
        assert caught.value.field == option


def test_img2img_wants_a_picture(read: Any) -> None:
    for nothing in (None, []):
        with pytest.raises(NotFound, match="Init image not found"):
            read("img2img", init_images=nothing)


def test_a_picture_of_the_size_that_is_painted_keeps_its_bytes(read: Any) -> None:
    sent = text(scene(), prefix=True)
    ready = read("img2img", init_images=[sent], width=64, height=64, denoising_strength=0.4)
    (recipe,) = ready.made.recipes
    assert isinstance(recipe, RefineRecipe) and recipe.strength == 0.4
    assert ready.asked.blobs[recipe.picture.sha256] == base64.b64decode(sent.partition(",")[2])


def test_each_resize_mode_brings_the_picture_to_size(read: Any) -> None:
    wide = scene(96, 48)
    stretched, cropped, filled = (blob(read(**over(wide, resize_mode=mode))) for mode in (0, 1, 2))
    assert {one.shape for one in (stretched, cropped, filled)} == {(64, 64, 3)}
    assert np.abs(cropped.astype(int) - np.asarray(wide.crop((24, 0, 72, 48)).resize((64, 64)))).mean() < 12
    assert (filled[0] == filled[10]).all() and (filled[-1] == filled[-10]).all()  # margins from its edges
    assert np.abs(filled[16:48].astype(int) - np.asarray(wide.resize((64, 32)))).mean() < 12
    with pytest.raises(Unprocessable, match="resize mode"):
        read(**over(wide, resize_mode=9))


def test_transparency_becomes_white(read: Any) -> None:
    clear = Image.new("RGBA", (64, 64), (255, 0, 0, 0))
    assert (blob(read(**over(clear))) == 255).all()


def test_a_mask_fills_at_the_pictures_own_size(read: Any) -> None:
    ready = read(**over(scene(96, 80), mask=text(masked(96, 80)), mask_blur=6, inpainting_fill=2,
                        inpaint_full_res_padding=12))
    (recipe,) = ready.made.recipes
    assert isinstance(recipe, FillRecipe)
    assert (recipe.area, recipe.padding, recipe.feather, recipe.content) == ("masked", 12, 6, "noise")
    assert (recipe.width, recipe.height) == (64, 64) and blob(ready).shape == (80, 96, 3)
    mask = blob(ready, "mask")[..., 0]
    assert mask[40, 30] == 255 and mask[2, 2] == 0


def test_a_mask_over_the_whole_picture_is_resized_with_it(read: Any) -> None:
    ready = read(**over(scene(96, 48), mask=text(masked(96, 48)), inpaint_full_res=False, resize_mode=1,
                        inpainting_mask_invert=1, inpainting_fill=0))
    (recipe,) = ready.made.recipes
    assert (recipe.area, recipe.content, recipe.width) == ("whole", "blur", None)
    assert blob(ready).shape == (64, 64, 3)
    mask = blob(ready, "mask")[..., 0]
    assert mask.shape == (64, 64) and mask[2, 2] == 255 and mask[32, 8] == 0  # inverted, cropped


def test_masks_of_another_size_holes_and_empty_ones(read: Any) -> None:
    ready = read(**over(mask=text(masked(32, 32))))
    assert blob(ready, "mask").shape[:2] == (64, 64)
    hole = Image.new("RGBA", (64, 64), (9, 9, 9, 0))
    hole.paste((9, 9, 9, 255), (0, 0, 20, 64))
    painted = blob(read(**over(mask=text(hole))), "mask")[..., 0]
    assert painted[5, 5] == 255 and painted[5, 50] == 0  # as in A1111, alpha says where
    assert isinstance(read(**over(mask=text(Image.new("L", (64, 64), 0)))).made.recipes[0], RefineRecipe)
    with pytest.raises(UnderpaintError, match="empty"):
        read(**over(mask=text(Image.new("L", (64, 64), 0)), inpaint_full_res=False))


def test_several_pictures_are_painted_over_one_after_the_other(read: Any) -> None:
    ready = read("img2img", init_images=[text(scene()), text(scene(64, 64).rotate(180))], width=64, height=64)
    first, second = ready.made.recipes
    assert first.picture.sha256 != second.picture.sha256 and second.seed == first.seed + 1


def unit(**fields: Any) -> dict[str, Any]:
    return {"alwayson_scripts": {"ControlNet": {"args": [{"image": text(scene(96, 96)), **fields}]}}}


@pytest.mark.parametrize("module", ["canny", "lineart_realistic", "lineart_anime", "scribble_hed", "softedge_pidinet",
                                    "hed_safe"])
def test_line_modules_draw_lines_from_a_picture(read: Any, module: str) -> None:
    ready = read(width=64, height=64, **unit(module=module, model="control_v11p_sd15_canny [d14c016b]", weight=0.7,
                                             guidance_start=0.1, guidance_end=0.8, control_mode=1, resize_mode=0))
    (control,) = ready.made.recipes[0].controls
    assert (control.kind, control.weight, control.start, control.end) == ("line", 0.7, 0.1, 0.8)
    assert (control.mode, control.resize) == ("words", "stretch")
    (shown,) = ready.maps
    white = read_picture(shown).stored
    assert white.shape == (96, 96, 3) and white.max() > 200 and np.median(white) == 0


@pytest.mark.parametrize(("sent", "mode"), [({}, "lines"), ({"control_mode": "Balanced"}, "lines"),
                                            ({"control_mode": 1}, "words"), ({"control_mode": 2}, "lines")])
def test_the_built_in_models_own_lines_hold_unless_words_matter_more(read: Any, sent: dict[str, Any],
                                                                      mode: str) -> None:
    (control,) = read(width=64, height=64, **unit(module="canny", **sent)).made.recipes[0].controls
    assert (control.kind, control.mode) == ("line", mode)


def test_maps_made_elsewhere_are_taken_as_lines(read: Any) -> None:
    map_ = Image.new("RGB", (64, 64), 0)
    map_.paste((255, 255, 255), (30, 4, 33, 60))
    for asked in ({"module": "none", "model": "underpaint_lineart"}, {"model": "control_sd15_scribble"}):
        ready = read(width=64, height=64, **unit(image=text(map_), **asked))
        assert (read_picture(ready.maps[0]).stored == np.asarray(map_)).all()
    drawn = Image.new("RGB", (64, 64), (255, 255, 255))
    drawn.paste((0, 0, 0), (30, 4, 33, 60))
    inverted = read(width=64, height=64, **unit(image=text(drawn), module="invert (from white bg & black line)",
                                                model="underpaint_lineart"))
    assert np.abs(read_picture(inverted.maps[0]).stored.astype(int) - np.asarray(map_)).mean() < 3


def test_units_by_their_old_names_with_masks_and_switched_off(read: Any) -> None:
    image = text(scene(96, 96))
    for said in ({"input_image": image, "guidance": 0.5, "lowvram": True, "image": image},
                 {"image": {"image": image, "mask": None}}, {"image": [image, image]}):
        args = [{"module": "canny", **said}, {"enabled": False, "module": "nonsense"}, False, None]
        ready = read(width=64, height=64, alwayson_scripts={"controlnet": {"args": args}})
        assert [one.kind for one in ready.made.recipes[0].controls] == ["line"]
    kept = read(width=64, height=64, **unit(module="canny", save_detected_map=False))
    assert len(kept.made.recipes[0].controls) == 1 and kept.maps == []
    colours = read(width=64, height=64, **unit(module="t2ia_color_grid", model="t2iadapter_color_sd14v1"))
    assert colours.made.recipes[0].controls[0].kind == "colour"


def test_a_unit_without_a_picture_follows_the_one_painted_over(read: Any) -> None:
    ready = read(**over(scene(64, 64), alwayson_scripts={"controlnet": {"args": [{"module": "canny"}]}}))
    assert ready.made.recipes[0].controls[0].kind == "line"
    with pytest.raises(Unprocessable, match="no input image"):
        read(alwayson_scripts={"controlnet": {"args": [{"module": "canny"}]}})


@pytest.mark.parametrize(("fields", "status", "says"), [
    ({"module": "reference_only"}, 501, "attention"),
    ({"module": "mlsd"}, 501, "straight"), ({"module": "nonsense"}, 422, "not found in supported modules"),
    ({"module": "none", "model": "nonsense"}, 422, "not found in supported models"), ({}, 422, "steers nothing"),
    ({"module": "canny", "weight": 3}, 422, "less than or equal to 2"),
    ({"module": "canny", "guidance_start": 0.8, "guidance_end": 0.2}, 422, "guidance_start"),
    ({"module": "canny", "resize_mode": "Somehow"}, 422, "resize_mode"),
    ({"module": "canny", "control_mode": "Mine"}, 422, "control_mode"),
    ({"module": "canny", "model": "t2ia_color"}, 422, "do not belong together"),
    ({"module": "canny", "image": 5}, 422, "base64"), ({"module": "canny", "ipadapter_input": "x"}, 501, "not obeyed")])
def test_units_that_cannot_be_say_so(read: Any, fields: dict[str, Any], status: int, says: str) -> None:
    with pytest.raises(UnderpaintError, match=says) as caught:
        read(**unit(**fields))
    assert caught.value.http_status == status


def test_scripts_that_are_not_there_are_422_and_a1111s_own_say_why(read: Any) -> None:
    with pytest.raises(Unprocessable, match="Script 'nonsense' not found"):
        read(script_name="nonsense")
    with pytest.raises(Unprocessable, match="not found"):
        read(script_name="SD upscale")  # which is img2img's
    with pytest.raises(Unprocessable, match="always on script ADetailer not found"):
        read(alwayson_scripts={"ADetailer": {"args": [False]}})
    with pytest.raises(Unprocessable, match="selectable script"):
        read(alwayson_scripts={"x/y/z plot": {"args": []}})
    with pytest.raises(NotServed, match="run as code"):
        read(script_name="Custom code", script_args=["print(1)"])
    assert len(read(script_name="", alwayson_scripts={"ControlNet": {"args": []}, "Seed": {}}).made.recipes) == 1


def test_axes_of_a_plot_by_number_and_by_name(read: Any) -> None:
    names = axes_of("txt2img")
    assert names[:10] == ["Nothing", "Seed", "Var. seed", "Var. strength", "Steps", "Hires steps", "CFG Scale",
                          "Prompt S/R", "Prompt order", "Sampler"]
    args = [names.index("Steps"), "2-4", [], names.index("Sampler"), "", ["Euler", "DDIM"], 0, "", [], True, True,
            False, False, 0]
    made = read(prompt="a cat", seed=3, width=64, height=64, script_name="X/Y/Z plot", script_args=args).made
    assert [one.sampling.steps for one in made.recipes] == [2, 3, 4, 2, 3, 4]
    assert {one.sampling.sampler for one in made.recipes[3:]} == {"ddim"} and {one.seed for one in made.recipes} == {3}
    assert made.pages.labels.columns == ("Steps: 2", "Steps: 3", "Steps: 4") and made.pages.pictures
    named = read(prompt="a cat", script_name="x/y/z PLOT", script_args=["Prompt S/R", "cat, dog"]).made
    assert [one.prompt for one in named.recipes] == ["a cat", "a dog"] and not named.pages.pictures
    for wrong in ([99, "1"], [names.index("Styles"), "a"], ["Steps", "many"], [], [4, ""]):
        with pytest.raises(UnderpaintError) as caught:
            read(script_name="X/Y/Z plot", script_args=wrong)
        assert caught.value.http_status == 422


def test_a_prompt_matrix_has_every_combination(read: Any) -> None:
    made = read(prompt="a house|at night|in snow", seed=5, script_name="Prompt matrix").made
    assert [one.prompt for one in made.recipes] == ["a house", "a house, at night", "a house, in snow",
                                                    "a house, at night, in snow"]
    assert {one.seed for one in made.recipes} == {5}
    assert (made.pages.labels.columns, made.pages.labels.rows) == (("as it is", "at night"), ("as it is", "in snow"))
    other = read(prompt="a|b", seed=5, script_name="prompt matrix", script_args=[True, True, "positive", "space"]).made
    assert [(one.prompt, one.seed) for one in other.recipes] == [("a", 5), ("b a", 6)]


def test_lines_of_prompts(read: Any) -> None:
    made = read(prompt="in oil", seed=5, script_name="Prompts from file or textbox",
                script_args=[True, False, "start", "a cat\n\na dog"]).made
    assert [(one.prompt, one.seed) for one in made.recipes] == [("a cat in oil", 5), ("a dog in oil", 6)]


def test_sd_upscale_paints_over_the_enlarged_picture_in_tiles(read: Any) -> None:
    ready = read(**over(scene(64, 48), prompt="a house", script_name="SD upscale", denoising_strength=0.3,
                        script_args=[None, 16, "Lanczos", 2]))
    (recipe,) = ready.made.recipes
    assert (recipe.width, recipe.height, recipe.strength, recipe.prompt) == (128, 96, 0.3, "a house")
    assert (recipe.tiles.size, recipe.tiles.overlap) == (64, 16) and blob(ready).shape == (96, 128, 3)


def test_outpainting_grows_the_picture(read: Any) -> None:
    args = ["", 32, 8, ["left", "down"], 1, 0.05]
    ready = read(**over(scene(64, 48), script_name="Outpainting mk2", script_args=args))
    (recipe,) = ready.made.recipes
    assert (recipe.outpaint.left, recipe.outpaint.bottom, recipe.outpaint.right, recipe.outpaint.top) == (32, 32, 0, 0)
    assert (recipe.content, recipe.feather, recipe.mask) == ("blur", 8, None)
    args = [16, 4, "latent noise", ["up"]]
    poor = read(**over(scene(64, 48), script_name="Poor man's outpainting", script_args=args))
    assert poor.made.recipes[0].outpaint.top == 16 and poor.made.recipes[0].content == "noise"
    for wrong in (["", 32, 8, ["sideways"]], ["", 0, 8], ["", "many"]):
        with pytest.raises(Unprocessable):
            read(**over(script_name="Outpainting mk2", script_args=wrong))


def test_fields_never_seen_are_passed_over_and_wrong_kinds_are_not() -> None:
    assert Txt2Img(no_such_field=1, controlnet_units=[]).steps == 50
    assert Txt2Img(width="640").width == 640
    for wrong in ({"width": 64.5}, {"batch_size": 0}, {"prompt": 5}, {"cfg_scale": float("nan")},
                  {"prompt": "\ud800"}, {"batch_size": 100, "n_iter": 100}, {"seed": 2**70}, {"script_args": "x"}):
        with pytest.raises(ValueError):
            Txt2Img(**wrong)


def test_a_jpeg_is_painted_over_too(read: Any) -> None:
    file = io.BytesIO()
    scene().save(file, "JPEG")
    sent = "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()
    assert blob(read("img2img", init_images=[sent], width=64, height=64)).shape == (64, 64, 3)


def test_nothing_is_written_where_the_server_runs(read: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    read(prompt="x", **unit(module="canny"))
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def adapters(desk: Desk, tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A tiny model and two ControlNets of its kind, added as people add their folders."""
    from diffusers import UNet2DConditionModel
    from kit.adapters import tiny_controlnet

    folder = tmp_path_factory.mktemp("nets")
    unet = UNet2DConditionModel.from_pretrained(tiny_model / "unet")
    for name in ("control_tiny_depth", "control_tiny_openpose", "control_tiny_tile"):
        tiny_controlnet(unet).save_pretrained(folder / name, safe_serialization=True)
    desk.catalogue.add(folder)
    desk.catalogue.add(tiny_model)


@pytest.mark.parametrize(("fields", "kind", "reads"), [
    ({"module": "none", "model": "control_tiny_depth"}, "depth", None),
    ({"module": "none", "model": "control_tiny_openpose"}, "adapter", ""),
    ({"module": "tile_resample", "model": "control_tiny_tile"}, "adapter", "tile"),
    ({"module": "canny", "model": "control_tiny_tile"}, "line", None)])
def test_models_of_ones_own_are_adapters(read: Any, adapters: None, fields: dict[str, Any], kind: str,
                                         reads: str | None) -> None:
    ready = read(width=32, height=32, override_settings={"sd_model_checkpoint": "tiny"},
                 **unit(control_mode="ControlNet is more important", **fields))
    (control,) = ready.made.recipes[0].controls
    assert (control.kind, control.adapter.name) == (kind, fields["model"])
    assert control.mode == ("lines" if kind == "line" else "control") and len(ready.maps) == 1
    assert reads is None or control.reads == reads


def test_depth_is_followed_without_an_adapter_or_by_one_for_the_model(read: Any, adapters: None) -> None:
    ready = read(width=64, height=64, **unit(module="none", model="underpaint_depth"))
    (control,) = ready.made.recipes[0].controls
    assert control.kind == "depth" and control.adapter is None
    with pytest.raises(UnderpaintError, match=r"adapter|family|made for") as caught:
        read(width=64, height=64, **unit(module="none", model="control_tiny_depth"))
    assert caught.value.http_status in (404, 422)
    with pytest.raises(Unprocessable, match="not found in supported models"):
        read(width=64, height=64, **unit(module="tile_resample", model="None"))


_ODD = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 4), st.sampled_from([2**31, 2**63, -(2**40), 512, 8, 1000]),
    st.floats(allow_nan=True, width=32), st.text(max_size=8), st.just(text(scene(16, 16))),
    st.sampled_from(["None", "none", "Automatic", "canny", "X/Y/Z plot", "Prompt matrix", "SD upscale", "a|b|c|d",
                     "Euler a Karras", "Steps: 1, Seed: -5, Size: 9x9", "<lora:x:1>", "[a:b:0.5]", "../../etc/passwd",
                     "Latent"]),
    st.lists(st.one_of(st.none(), st.integers(-2, 9), st.text(max_size=4)), max_size=5),
    st.dictionaries(st.sampled_from(["args", "image", "sd_vae", "randn_source", "jpeg_quality", "module"]),
                    st.one_of(st.integers(), st.text(max_size=4), st.lists(st.integers(), max_size=2)), max_size=3))


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(kind=st.sampled_from([Txt2Img, Img2Img]), data=st.data())
def test_whatever_is_sent_is_understood_or_refused(desk: Desk, kind: Any, data: st.DataObject) -> None:
    names = st.sampled_from(sorted({*kind.model_fields, "script_name", "script_args", "init_images"}))
    fields = data.draw(st.dictionaries(names, _ODD, max_size=6))
    if kind is Img2Img:
        fields.setdefault("init_images", [text(scene(16, 16))])
    unit_names = st.sampled_from(sorted(Unit.model_fields))
    units = data.draw(st.lists(st.dictionaries(unit_names, _ODD, max_size=4), max_size=2))
    if units and "alwayson_scripts" not in fields:
        fields["alwayson_scripts"] = {"controlnet": {"args": units}}
    try:
        ready = understood(kind(**fields), {}, desk)
    except ValidationError:
        return
    except UnderpaintError as error:
        assert error.http_status in (404, 422, 501), error
        assert error.message and "\n" not in error.message.strip()
        return
    assert ready.made.recipes and len(ready.made.recipes) == len(ready.made.places)
    assert {one.sha256 for recipe in ready.made.recipes for one in recipe.blobs()} <= ready.asked.blobs.keys()


def _readers(role: str) -> list[Extractor]:
    """Readers of depth and poses that see the same in every picture."""
    depth = Extractor("a reader", "as it was told", lambda pixels: np.linspace(
        0, 1, pixels[..., 0].size, dtype=np.float32).reshape(pixels.shape[:2]))
    person = Person({"nose": (20.0, 10.0), "neck": (20.0, 20.0)})
    pose = Extractor("a reader", "as it was told", lambda pixels: Pose((person,), Extent.of(pixels)))
    return [{"depth": depth, "pose": pose}[role]]


def test_maps_that_are_read_from_a_picture(desk: Desk) -> None:
    sent, shelf = text(scene(96, 64)), Shelf(desk)
    with reading_with(_readers):
        depth = steered(Unit(module="depth_midas", image=sent, control_mode=2), None, shelf, second_pass=False)
        pose = steered(Unit(module="dw_openpose_full", image=sent, weight=0.5), None, shelf, second_pass=False)
        picture, joints = detected("openpose", sent, 512)
    assert (depth.control["kind"], depth.control["by"], depth.control["mode"]) == ("depth", "a reader", "control")
    assert read_picture(depth.map).stored.shape == (64, 96, 3) and read_picture(depth.map).stored[-1, -1, 0] == 255
    assert (pose.control["kind"], pose.control["width"], pose.stored) == ("pose", 96, None)
    recipe = parse_recipe({"task": "create", "controls": [depth.control, pose.control]})
    assert recipe.controls[1].people[0].body[0] == (20, 10) and recipe.controls[1].weight == 0.5
    assert joints["canvas_width"] == 96 and joints["people"][0]["pose_keypoints_2d"][:2] == [20, 10]
    assert read_picture(picture).stored.shape == (64, 96, 3)


def test_depth_without_a_reader_is_501(desk: Desk) -> None:
    with reading_with(lambda role: []), pytest.raises(NotServed, match="nothing here reads depth"):
        detected("depth_anything_v2", text(scene(96, 64)), 512)
