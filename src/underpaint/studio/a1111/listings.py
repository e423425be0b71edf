"""A1111's lists: models, samplers, upscalers, scripts; and its calls that look again, or let go of memory."""

from typing import Any

from fastapi import APIRouter, Depends

from underpaint.studio.a1111 import replies, samplers, shelf, upscaling
from underpaint.studio.a1111.calls import FAILURES, Asker, AtCounter, asker
from underpaint.studio.a1111.errors import A1111Route
from underpaint.studio.a1111.scripts import table

router = APIRouter(prefix="/sdapi/v1", route_class=A1111Route, responses=FAILURES, tags=["AUTOMATIC1111"],
                   dependencies=[Depends(asker)])


@router.get("/samplers", summary="Samplers")
def list_samplers() -> list[replies.Sampler]:
    """By A1111's names; all of them take a scheduler."""
    return samplers.samplers()


@router.get("/schedulers", summary="Noise schedules")
def list_schedulers() -> list[replies.Scheduler]:
    """By A1111's names."""
    return samplers.schedulers()


@router.get("/upscalers", summary="Ways to enlarge")
def list_upscalers(counter: AtCounter) -> list[replies.Upscaler]:
    """Filters, and the networks among the models."""
    return upscaling.upscalers(counter.shelf)


@router.get("/latent-upscale-modes", summary="Ways to begin a second pass")
def list_latent_upscale_modes() -> list[replies.Named]:
    """One: all of A1111's are taken for it."""
    return [replies.Named(name="Latent")]


@router.get("/sd-models", summary="Checkpoints")
def list_models(counter: AtCounter) -> list[replies.SdModel]:
    """Every model that paints."""
    return shelf.sd_models(counter.shelf)


@router.get("/sd-vae", summary="VAEs")
def list_vaes(counter: AtCounter) -> list[replies.SdVae]:
    """Every VAE."""
    return shelf.sd_vaes(counter.shelf)


@router.get("/loras", summary="LoRAs")
def list_loras(counter: AtCounter) -> list[replies.Lora]:
    """Every LoRA, to be named in the words as <lora:name:1>."""
    return shelf.loras(counter.shelf)


@router.get("/embeddings", summary="Textual inversions")
def list_embeddings(counter: AtCounter, client: Asker) -> replies.Embeddings:
    """Those that suit this client's model, and the others."""
    return shelf.embeddings(counter.shelf, counter.options(client)["sd_model_checkpoint"])


@router.get("/hypernetworks", summary="Hypernetworks: none")
def list_hypernetworks() -> list[replies.Named]:
    """None is loaded here."""
    return []


@router.get("/face-restorers", summary="Face restorers: none")
def list_face_restorers() -> list[replies.Named]:
    """Faces are not repainted behind your back."""
    return []


@router.get("/realesrgan-models", summary="Real-ESRGAN models: see upscalers")
def list_realesrgan_models() -> list[replies.Named]:
    """Networks that enlarge are among the upscalers."""
    return []


@router.get("/prompt-styles", summary="Styles")
def list_styles(counter: AtCounter) -> list[replies.Style]:
    """Those in styles.csv."""
    return list(counter.shelf.styles().values())


@router.get("/scripts", summary="Scripts")
def list_scripts() -> replies.Scripts:
    """By their titles in small letters."""
    return table.scripts()


@router.get("/script-info", summary="What each script takes")
def script_info() -> list[replies.ScriptInfo]:
    """Its arguments in order."""
    return table.script_info()


@router.get("/extensions", summary="Extensions: none")
def list_extensions() -> list[dict[str, Any]]:
    """No code of others is loaded."""
    return []


@router.get("/memory", summary="Memory")
def memory() -> replies.Memory:
    """Of this machine, in bytes."""
    return replies.Memory(ram=_ram(), cuda={"error": "unavailable"})


@router.post("/refresh-checkpoints", summary="Look for models again")
@router.post("/refresh-vae", summary="Look for VAEs again")
@router.post("/refresh-loras", summary="Look for LoRAs again")
@router.post("/refresh-embeddings", summary="Look for textual inversions again")
def refresh(counter: AtCounter) -> None:
    """Look through every folder of models that was added."""
    counter.shelf.refresh()


@router.post("/unload-checkpoint", summary="Nothing: models come and go by themselves")
@router.post("/reload-checkpoint", summary="Nothing: models come and go by themselves")
def reload() -> dict[str, Any]:
    """One model is kept in memory, the last that painted."""
    return {}


def _ram() -> dict[str, Any]:
    """What the system says of its memory."""
    import os

    try:
        page = os.sysconf("SC_PAGE_SIZE")
        total, free = page * os.sysconf("SC_PHYS_PAGES"), page * os.sysconf("SC_AVPHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return {"error": "unavailable"}
    return {"free": free, "used": total - free, "total": total}
