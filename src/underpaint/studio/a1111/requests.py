"""What clients of AUTOMATIC1111's API send, with its names and defaults. Fields that are not here are passed over."""

import math
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

MOST_PICTURES = 1000
Share = Annotated[float, Field(ge=0, le=1)]
_DEEPEST = 64


class Body(BaseModel):
    """A request: unknown fields are ignored; texts and numbers that no file or database could hold are refused."""

    model_config = ConfigDict(extra="ignore", protected_namespaces=(), allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _can_be_kept(cls, data: Any) -> Any:
        return _kept(data)


def _check(value: Any, depth: int) -> None:
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ValueError("a text holds half a character (a lone surrogate)") from None
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError("a number is not finite")
    elif isinstance(value, int) and abs(value) >= 2**64:
        raise ValueError("a number is far too large")
    elif isinstance(value, dict | list | tuple):
        if depth == 0:
            raise ValueError(f"lists and objects are nested more than {_DEEPEST} deep")
        for inner in (*value.keys(), *value.values()) if isinstance(value, dict) else value:
            _check(inner, depth - 1)


def _kept(data: Any) -> Any:
    _check(data, _DEEPEST)
    return data


Settings = Annotated[dict[str, Any], BeforeValidator(_kept)]
"""POST options: any names."""


class Processing(Body):
    """What txt2img and img2img share."""

    prompt: str | None = ""
    negative_prompt: str | None = ""
    styles: list[str] | None = None
    seed: int | None = -1
    subseed: int | None = -1
    subseed_strength: Share | None = 0
    seed_resize_from_h: int | None = -1
    seed_resize_from_w: int | None = -1
    sampler_name: str | None = None
    scheduler: str | None = None
    batch_size: Annotated[int, Field(ge=1, le=MOST_PICTURES)] | None = 1
    n_iter: Annotated[int, Field(ge=1, le=MOST_PICTURES)] | None = 1
    steps: int | None = 50
    cfg_scale: float | None = 7.0
    width: int | None = 512
    height: int | None = 512
    restore_faces: bool | None = None
    tiling: bool | None = None
    do_not_save_samples: bool | None = False
    do_not_save_grid: bool | None = False
    eta: float | None = None
    denoising_strength: float | None = None
    s_min_uncond: float | None = None
    s_churn: float | None = None
    s_tmax: float | None = None
    s_tmin: float | None = None
    s_noise: float | None = None
    override_settings: dict[str, Any] | None = None
    override_settings_restore_afterwards: bool | None = True
    refiner_checkpoint: str | None = None
    refiner_switch_at: float | None = None
    disable_extra_networks: bool | None = False
    comments: dict[str, Any] | None = None
    sampler_index: str | None = "Euler"
    script_name: str | None = None
    script_args: list[Any] = []
    send_images: bool = True
    save_images: bool = False
    alwayson_scripts: dict[str, Any] = {}
    force_task_id: str | None = None
    infotext: str | None = None

    @model_validator(mode="after")
    def _not_too_many(self) -> "Processing":
        if self.pictures > MOST_PICTURES:
            raise ValueError(f"batch_size times n_iter is {self.pictures:,}; at most {MOST_PICTURES:,} are painted")
        return self

    @property
    def pictures(self) -> int:
        """How many are asked for."""
        return (self.batch_size or 1) * (self.n_iter or 1)


class Txt2Img(Processing):
    """POST txt2img."""

    enable_hr: bool | None = False
    firstphase_width: int | None = 0
    firstphase_height: int | None = 0
    hr_scale: float | None = 2.0
    hr_upscaler: str | None = None
    hr_second_pass_steps: int | None = 0
    hr_resize_x: int | None = 0
    hr_resize_y: int | None = 0
    hr_checkpoint_name: str | None = None
    hr_sampler_name: str | None = None
    hr_scheduler: str | None = None
    hr_prompt: str | None = ""
    hr_negative_prompt: str | None = ""
    firstpass_image: str | None = None


class Img2Img(Processing):
    """POST img2img."""

    init_images: list[str] | None = None
    resize_mode: int | None = 0
    denoising_strength: float | None = 0.75
    image_cfg_scale: float | None = None
    mask: str | None = None
    mask_blur_x: int | None = 4
    mask_blur_y: int | None = 4
    mask_blur: int | None = None
    mask_round: bool | None = True
    inpainting_fill: int | None = 0
    inpaint_full_res: bool | None = True
    inpaint_full_res_padding: int | None = 0
    inpainting_mask_invert: int | None = 0
    initial_noise_multiplier: float | None = None
    latent_mask: str | None = None
    include_init_images: bool = False


class Extras(Body):
    """What both extras routes share."""

    resize_mode: Literal[0, 1] = 0
    show_extras_results: bool = True
    gfpgan_visibility: Share = 0
    codeformer_visibility: Share = 0
    codeformer_weight: Share = 0
    upscaling_resize: Annotated[float, Field(gt=0)] = 2
    upscaling_resize_w: Annotated[int, Field(ge=1)] = 512
    upscaling_resize_h: Annotated[int, Field(ge=1)] = 512
    upscaling_crop: bool = True
    upscaler_1: str = "None"
    upscaler_2: str = "None"
    extras_upscaler_2_visibility: Share = 0
    upscale_first: bool = False


class ExtrasSingle(Extras):
    """POST extra-single-image."""

    image: str = ""


class FileData(Body):
    """One picture of a batch; `image` is what the npm client calls `data`."""

    data: str = ""
    name: str = ""

    @model_validator(mode="before")
    @classmethod
    def _other_name(cls, value: Any) -> Any:
        return {**value, "data": value["image"]} if isinstance(value, dict) and "data" not in value \
            and "image" in value else value


class ExtrasBatch(Extras):
    """POST extra-batch-images; the npm client sends `image_list`."""

    imageList: Annotated[list[FileData], Field(max_length=MOST_PICTURES)]

    @model_validator(mode="before")
    @classmethod
    def _other_name(cls, value: Any) -> Any:
        return {**value, "imageList": value["image_list"]} if isinstance(value, dict) and "imageList" not in value \
            and "image_list" in value else value


class PngInfo(Body):
    """POST png-info."""

    image: str


class Interrogate(Body):
    """POST interrogate."""

    image: str = ""
    model: str = "clip"


class InternalProgress(Body):
    """POST /internal/progress."""

    id_task: str | None = None
    id_live_preview: int | None = -1
    live_preview: bool | None = True


class Detect(Body):
    """POST /controlnet/detect; `controlnet_images` is an old name of the pictures that clients still send."""

    controlnet_module: str = "none"
    controlnet_input_images: Annotated[list[str], Field(max_length=64)] = []
    controlnet_processor_res: int = -1
    controlnet_threshold_a: float = -1
    controlnet_threshold_b: float = -1
    controlnet_masks: list[str] = []
    low_vram: bool = False

    @model_validator(mode="before")
    @classmethod
    def _old_name(cls, value: Any) -> Any:
        return {**value, "controlnet_input_images": value["controlnet_images"]} if isinstance(value, dict) \
            and "controlnet_input_images" not in value and "controlnet_images" in value else value


class Unit(Body):
    """One ControlNet unit of `alwayson_scripts`, its old names included."""

    enabled: bool = True
    module: str | None = "none"
    model: str | None = "None"
    weight: Annotated[float, Field(ge=0, le=2)] = 1.0
    image: Any = None
    resize_mode: str | int = "Crop and Resize"
    low_vram: bool | None = False
    processor_res: int | None = -1
    threshold_a: float | None = -1
    threshold_b: float | None = -1
    guidance_start: Share = 0.0
    guidance_end: Share = 1.0
    pixel_perfect: bool | None = False
    control_mode: str | int = "Balanced"
    hr_option: str | int = "Both"
    save_detected_map: bool = True
    advanced_weighting: list[float] | None = None
    effective_region_mask: str | None = None
    ipadapter_input: Any = None

    @model_validator(mode="before")
    @classmethod
    def _old_names(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        known = {"guidance": "guidance_end", "lowvram": "low_vram", "input_image": "image"}
        return {new: value[old] for old, new in known.items() if old in value} | value

    @model_validator(mode="after")
    def _in_order(self) -> "Unit":
        if self.guidance_start > self.guidance_end:
            raise ValueError(f"guidance_start({self.guidance_start:g}) > guidance_end({self.guidance_end:g})")
        return self
