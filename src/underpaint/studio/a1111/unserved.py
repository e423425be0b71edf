"""Routes of A1111 that are not served: 501 with the reason."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from fastapi import APIRouter

from underpaint.studio.a1111.calls import FAILURES
from underpaint.studio.a1111.errors import A1111Route, NotServed
from underpaint.studio.a1111.requests import Interrogate

_TRAINING = "models are trained on one's own work from the command line, not by a request"
_STOPPING = "a server is stopped by whoever started it"
UNSERVED: Mapping[tuple[str, str], str] = MappingProxyType({
    ("POST", "/sdapi/v1/create/embedding"): _TRAINING, ("POST", "/sdapi/v1/create/hypernetwork"): _TRAINING,
    ("POST", "/sdapi/v1/train/embedding"): _TRAINING, ("POST", "/sdapi/v1/train/hypernetwork"): _TRAINING,
    ("POST", "/sdapi/v1/preprocess"): _TRAINING,
    ("POST", "/sdapi/v1/server-kill"): _STOPPING, ("POST", "/sdapi/v1/server-restart"): _STOPPING,
    ("POST", "/sdapi/v1/server-stop"): _STOPPING,
    ("GET", "/sdapi/v1/artists"): "no artists are listed",
    ("GET", "/sdapi/v1/artist-categories"): "no artists are listed",
    ("GET", "/sdapi/v1/sd-modules"): "this is Forge's: ask sd-vae",
    ("GET", "/internal/sysinfo"): "nothing is told about the machine to who asks",
    ("GET", "/internal/sysinfo-download"): "nothing is told about the machine to who asks",
    ("POST", "/controlnet/txt2img"): "units go into alwayson_scripts.controlnet of txt2img",
    ("POST", "/controlnet/img2img"): "units go into alwayson_scripts.controlnet of img2img",
    ("POST", "/controlnet/render_openpose_json"): "poses are drawn by our own API",
    ("GET", "/sd_extra_networks/thumb"): "pictures of models are not served",
    ("GET", "/sd_extra_networks/cover-images"): "pictures of models are not served",
    ("GET", "/sd_extra_networks/metadata"): "ask loras and sd-models",
    ("GET", "/sd_extra_networks/get-single-card"): "cards of models are not served",
})
"""Method and path, and why."""
router = APIRouter(route_class=A1111Route, responses=FAILURES, tags=["AUTOMATIC1111, not served"])


@router.post("/sdapi/v1/interrogate", summary="Describe a picture: not served", include_in_schema=False)
def interrogate(body: Interrogate) -> None:
    """No model here puts pictures into words."""
    raise NotServed("no model here puts pictures into words", field="model")


def _refuser(why: str) -> Callable[[], None]:
    def refused() -> None:
        raise NotServed(why)

    refused.__doc__ = f"Not served: {why}."
    return refused


for (method, path), reason in UNSERVED.items():
    router.add_api_route(path, _refuser(reason), methods=[method], summary="Not served", include_in_schema=False,
                         name=f"{method.lower()}{path.replace('/', '_').replace('-', '_')}")
