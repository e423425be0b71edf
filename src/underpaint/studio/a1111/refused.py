"""Fields of A1111 that ask for something this house does not do: 501 with the reason, never a silent other picture."""

from collections.abc import Iterator, Mapping
from typing import Any

from underpaint.studio.a1111.errors import NotServed
from underpaint.studio.a1111.requests import Img2Img, Processing, Txt2Img

_NOTHING = {"", "none", "use same checkpoint", "use same sampler", "use same scheduler", "automatic"}


def refuse(request: Processing, options: Mapping[str, Any]) -> None:
    """Raise NotServed for the first such field."""
    for field, asked, why in _wishes(request, options):
        if asked:
            raise NotServed(why, field=field, hint="Leave it out.")


def _wishes(request: Processing, options: Mapping[str, Any]) -> Iterator[tuple[str, bool, str]]:
    yield "restore_faces", bool(request.restore_faces), "faces are not repainted behind your back"
    yield "tiling", bool(request.tiling), "pictures that repeat without a seam are not painted"
    resized = (request.seed_resize_from_h or 0) > 0 and (request.seed_resize_from_w or 0) > 0
    yield "seed_resize_from_w", resized, "noise is drawn at the size that is painted"
    switched = request.refiner_switch_at is not None and 0 < request.refiner_switch_at < 1
    yield "refiner_checkpoint", _named(request.refiner_checkpoint) and switched, "a picture is painted by one model"
    merged = any((options.get(name) or 0) > 0 for name in ("token_merging_ratio", "token_merging_ratio_hr"))
    yield "token_merging_ratio", merged, "no words or places are merged"
    if isinstance(request, Txt2Img) and request.enable_hr:
        yield from _second_pass(request)
    if isinstance(request, Img2Img):
        noise = request.initial_noise_multiplier
        yield "initial_noise_multiplier", noise not in (None, 1.0), "the strength says how much noise there is"
        yield "latent_mask", bool(request.latent_mask), "masks are those of the picture: send it as mask"


def _second_pass(request: Txt2Img) -> Iterator[tuple[str, bool, str]]:
    yield "hr_checkpoint_name", _named(request.hr_checkpoint_name), "both passes are painted by one model"
    other = _named(request.hr_sampler_name) and request.hr_sampler_name != (request.sampler_name
                                                                             or request.sampler_index)
    yield "hr_sampler_name", other, "both passes are painted with one sampler"
    other = _named(request.hr_scheduler) and request.hr_scheduler != request.scheduler
    yield "hr_scheduler", other, "both passes follow one schedule"
    other = bool(request.hr_prompt) and request.hr_prompt != request.prompt
    yield "hr_prompt", other, "both passes are painted from the same words"
    other = bool(request.hr_negative_prompt) and request.hr_negative_prompt != request.negative_prompt
    yield "hr_negative_prompt", other, "both passes are painted from the same words"
    yield "firstpass_image", bool(request.firstpass_image), "paint over a picture with img2img instead"


def _named(name: str | None) -> bool:
    return (name or "").strip().lower() not in _NOTHING
