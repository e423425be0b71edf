"""The names of widgets, in the order in which a workflow keeps their values. Facts about ComfyUI's own nodes."""

from collections.abc import Mapping
from typing import Any

WIDGETS: dict[str, tuple[str, ...]] = {
    "KSampler": ("seed", "steps", "cfg", "sampler_name", "scheduler", "denoise"),
    "KSamplerAdvanced": ("add_noise", "noise_seed", "steps", "cfg", "sampler_name", "scheduler", "start_at_step",
                         "end_at_step", "return_with_leftover_noise"),
    "KSampler (Efficient)": ("seed", "steps", "cfg", "sampler_name", "scheduler", "denoise", "preview_method",
                             "vae_decode"),
    "SamplerCustom": ("add_noise", "noise_seed", "cfg"),
    "RandomNoise": ("noise_seed",), "KSamplerSelect": ("sampler_name",),
    "BasicScheduler": ("scheduler", "steps", "denoise"), "CFGGuider": ("cfg",),
    "DualCFGGuider": ("cfg_conds", "cfg_cond2_negative"), "FluxGuidance": ("guidance",),
    "KarrasScheduler": ("steps", "sigma_max", "sigma_min", "rho"),
    "ExponentialScheduler": ("steps", "sigma_max", "sigma_min"), "SDTurboScheduler": ("steps", "denoise"),
    "PolyexponentialScheduler": ("steps", "sigma_max", "sigma_min", "rho"),
    "BetaSamplingScheduler": ("steps", "alpha", "beta"), "VPScheduler": ("steps", "beta_d", "beta_min", "eps_s"),
    "Flux2Scheduler": ("steps", "width", "height"), "SamplerEulerAncestral": ("eta", "s_noise"),
    "AlignYourStepsScheduler": ("model_type", "steps", "denoise"),
    "LTXVScheduler": ("steps", "max_shift", "base_shift", "stretch", "terminal"),
    "CLIPTextEncode": ("text",), "TextEncodeQwenImageEdit": ("prompt",), "TextEncodeQwenImageEditPlus": ("prompt",),
    "CLIPTextEncodeSDXL": ("width", "height", "crop_w", "crop_h", "target_width", "target_height", "text_g", "text_l"),
    "CLIPTextEncodeSDXLRefiner": ("ascore", "width", "height", "text"),
    "CLIPTextEncodeFlux": ("clip_l", "t5xxl", "guidance"),
    "CLIPTextEncodeSD3": ("clip_l", "clip_g", "t5xxl", "empty_padding"),
    "CLIPTextEncodeHunyuanDiT": ("bert", "mt5xl"),
    "TextEncodeHunyuanVideo_ImageToVideo": ("prompt", "image_interleave"),
    "CheckpointLoaderSimple": ("ckpt_name",), "CheckpointLoader": ("config_name", "ckpt_name"),
    "unCLIPCheckpointLoader": ("ckpt_name",), "ImageOnlyCheckpointLoader": ("ckpt_name",),
    "UNETLoader": ("unet_name", "weight_dtype"), "UnetLoaderGGUF": ("unet_name",), "VAELoader": ("vae_name",),
    "LoraLoader": ("lora_name", "strength_model", "strength_clip"),
    "LoraLoaderModelOnly": ("lora_name", "strength_model"),
    "CLIPSetLastLayer": ("stop_at_clip_layer",), "HypernetworkLoader": ("hypernetwork_name", "strength"),
    "EmptyLatentImage": ("width", "height", "batch_size"), "EmptySD3LatentImage": ("width", "height", "batch_size"),
    "EmptyFlux2LatentImage": ("width", "height", "batch_size"),
    "EmptyHunyuanLatentVideo": ("width", "height", "length", "batch_size"),
    "EmptyCosmosLatentVideo": ("width", "height", "length", "batch_size"),
    "EmptyLTXVLatentVideo": ("width", "height", "length", "batch_size"),
    "EmptyMochiLatentVideo": ("width", "height", "length", "batch_size"),
    "WanFunControlToVideo": ("width", "height", "length", "batch_size"),
    "WanFunInpaintToVideo": ("width", "height", "length", "batch_size"),
    "WanFirstLastFrameToVideo": ("width", "height", "length", "batch_size"),
    "StableCascade_EmptyLatentImage": ("width", "height", "compression", "batch_size"),
    "ControlNetApplySD3": ("strength", "start_percent", "end_percent"),
    "WanImageToVideo": ("width", "height", "length", "batch_size"),
    "WanVaceToVideo": ("width", "height", "length", "batch_size", "strength"),
    "HunyuanImageToVideo": ("width", "height", "length", "batch_size", "guidance_type"),
    "SVD_img2vid_Conditioning": ("width", "height", "video_frames", "motion_bucket_id", "fps", "augmentation_level"),
    "LatentUpscale": ("upscale_method", "width", "height", "crop"), "LatentUpscaleBy": ("upscale_method", "scale_by"),
    "ImageScale": ("upscale_method", "width", "height", "crop"), "ImageScaleBy": ("upscale_method", "scale_by"),
    "UpscaleModelLoader": ("model_name",), "LoadImage": ("image", "upload"), "LoadImageMask": ("image", "channel"),
    "ControlNetLoader": ("control_net_name",), "ControlNetApply": ("strength",),
    "ControlNetApplyAdvanced": ("strength", "start_percent", "end_percent"),
    "GLIGENTextBoxApply": ("text", "width", "height", "x", "y"), "ConditioningAverage": ("conditioning_to_strength",),
    "ModelSamplingSD3": ("shift",), "StringConcatenate": ("string_a", "string_b", "delimiter"),
    "PrimitiveString": ("value",), "PrimitiveStringMultiline": ("value",), "PrimitiveInt": ("value",),
    "PrimitiveFloat": ("value",), "PrimitiveBoolean": ("value",), "ComfySwitchNode": ("switch",),
    "Power Prompt (rgthree)": ("prompt",), "ShowText|pysssss": ("text_0",), "String Literal": ("string",),
    "Text Multiline": ("text",), "CR Prompt Text": ("prompt",), "Seed (rgthree)": ("seed",),
    "SDXL Empty Latent Image (rgthree)": ("dimensions", "clip_scale", "batch_size"),
}  # fmt: skip
CONTROL = {"fixed", "increment", "decrement", "randomize"}
"""What follows a seed in a workflow: how it changes after painting."""
_WORDY = ("text", "prompt", "string", "encode")


def named_values(kind: str, slots: list[Any], values: object) -> dict[str, Any]:
    """A node's widget values by name; `slots` are its inputs as the workflow lists them."""
    if isinstance(values, Mapping):
        return {str(key): value for key, value in values.items()}
    if not isinstance(values, list):
        return {}
    names = WIDGETS.get(kind) or tuple(widget_names(slots))
    if not names:
        text = next((value for value in values if isinstance(value, str) and value.strip()), None)
        wordy = any(mark in kind.casefold() for mark in _WORDY)
        return {"text": text} if text is not None and wordy else {}
    plain = [value for index, value in enumerate(values) if not _is_control(values, index)]
    seed = next((index for index, name in enumerate(names) if name in ("seed", "noise_seed")), None)
    if seed is not None and len(plain) > len(names) and isinstance(plain[seed + 1], bool):
        del plain[seed + 1]  # the control of older versions was a switch
    return dict(zip(names, plain, strict=False))


def widget_names(slots: list[Any]) -> list[str]:
    """The names of the inputs that are widgets, as newer workflows list them."""
    found = []
    for slot in slots:
        widget = slot.get("widget") if isinstance(slot, Mapping) else None
        named = widget.get("name") if isinstance(widget, Mapping) else None
        if isinstance(named, str):
            found.append(named)
    return found


def _is_control(values: list[Any], index: int) -> bool:
    before = values[index - 1] if index else None
    return values[index] in CONTROL and isinstance(before, int) if isinstance(values[index], str) else False
