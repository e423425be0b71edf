"""The ControlNet extension's routes."""

from typing import Any

from fastapi import APIRouter, Depends

from underpaint.studio.a1111 import replies
from underpaint.studio.a1111.calls import FAILURES, AtCounter, asker
from underpaint.studio.a1111.errors import A1111Route, Unprocessable
from underpaint.studio.a1111.images import text_of
from underpaint.studio.a1111.modules import MODULES, control_types, model_names, module_details, module_of
from underpaint.studio.a1111.requests import Detect
from underpaint.studio.a1111.units import MOST_UNITS, detected

VERSION = 3
router = APIRouter(prefix="/controlnet", route_class=A1111Route, responses=FAILURES, tags=["ControlNet"],
                   dependencies=[Depends(asker)])


@router.get("/version", summary="Version of this API")
def version() -> dict[str, int]:
    """That of the extension since 2023."""
    return {"version": VERSION}


@router.get("/settings", summary="How many units there may be")
def settings() -> dict[str, int]:
    """In one request."""
    return {"control_net_unit_count": MOST_UNITS}


@router.get("/model_list", summary="Models")
def model_list(counter: AtCounter, update: bool = True) -> dict[str, list[str]]:
    """Ours, and those among the models that were added."""
    return {"model_list": model_names(counter.shelf)}


@router.get("/module_list", summary="Modules")
def module_list(alias_names: bool = False) -> dict[str, Any]:
    """Those that are served, and what each takes."""
    return {"module_list": list(MODULES), "module_detail": module_details()}


@router.get("/control_types", summary="Types, with their modules and models")
def list_control_types(counter: AtCounter) -> dict[str, Any]:
    """Those that are served."""
    return {"control_types": control_types(model_names(counter.shelf))}


@router.post("/detect", summary="Make maps of pictures", response_model_exclude_none=True)
def detect(body: Detect, counter: AtCounter) -> replies.Detected:
    """One map for each picture, as our extractors make it."""
    try:
        module_of(body.controlnet_module)
    except Unprocessable as error:
        raise Unprocessable("Module not available", hint=str(error)) from error
    if not body.controlnet_input_images:
        raise Unprocessable("No image selected", field="controlnet_input_images")
    found = [counter.desk.work(detected, body.controlnet_module, text, body.controlnet_processor_res)
             for text in body.controlnet_input_images]
    poses = [joints for _, joints in found if joints is not None]
    return replies.Detected(info="Success", images=[text_of(one) for one, _ in found], poses=poses or None)
