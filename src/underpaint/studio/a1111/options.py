"""A1111's settings that mean something here. They are a client's own: there is no model that everybody shares."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from underpaint.studio.a1111.errors import Unprocessable

DEFAULTS: Mapping[str, Any] = MappingProxyType({
    "sd_model_checkpoint": None, "sd_checkpoint_hash": None, "sd_vae": "Automatic", "CLIP_stop_at_last_layers": 1,
    "eta_noise_seed_delta": 0, "randn_source": "GPU", "emphasis": "Original", "img2img_fix_steps": False,
    "eta_ddim": 0.0, "eta_ancestral": 1.0, "s_churn": 0.0, "s_tmin": 0.0, "s_tmax": 0.0, "s_noise": 1.0,
    "samples_format": "png", "jpeg_quality": 80, "return_grid": True, "grid_only_if_multiple": True,
    "img2img_background_color": "#ffffff", "enable_pnginfo": True, "samples_save": True, "save_images_add_number": True,
    "live_previews_enable": True, "show_progress_every_n_steps": 1, "upscaler_for_img2img": None,
    "face_restoration_model": None, "token_merging_ratio": 0.0, "control_net_no_detectmap": False,
})
"""What GET options answers before a client sets anything; the two about the model are filled in."""

MOST_OPTIONS, MOST_BYTES = 1000, 256_000


def checked(options: Mapping[str, Any]) -> dict[str, Any]:
    """Settings that a client sends, as they are kept. Names that mean nothing here are kept too, as they may be asked
    for again. Raises Unprocessable for more than anybody sets, and for values of another kind than the setting's."""
    if len(options) > MOST_OPTIONS or len(json.dumps(options)) > MOST_BYTES:
        raise Unprocessable("too many options", hint=f"At most {MOST_OPTIONS:,} names and {MOST_BYTES:,} bytes.")
    return {name: _fitting(name, value) for name, value in options.items()}


def _fitting(name: str, value: Any) -> Any:
    usual = DEFAULTS.get(name)
    if value is None or usual is None:
        if name in ("sd_model_checkpoint", "sd_vae") and not isinstance(value, str | None):
            raise _wrong(name, value, "a name")
        return value
    if isinstance(usual, bool):
        if not isinstance(value, bool | int):
            raise _wrong(name, value, "true or false")
        return bool(value)
    if isinstance(usual, int | float):
        if isinstance(value, bool) or not isinstance(value, int | float):
            try:
                return type(usual)(value)
            except (TypeError, ValueError):
                raise _wrong(name, value, "a number") from None
        return int(value) if isinstance(usual, int) else float(value)
    if not isinstance(value, str):
        raise _wrong(name, value, "a text")
    return value


def _wrong(name: str, value: Any, kind: str) -> Unprocessable:
    return Unprocessable(f"{kind} is wanted, not {value!r:.40}", field=name)
