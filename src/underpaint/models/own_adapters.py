"""The adapters that a model brings along, listed in `primer.json`: `primer/depth` is that of `primer` for depth.

Beside those for maps there may be IP-Adapters, which look at a picture through the model's own image encoder:
`primer/style` takes its way of painting, `primer/subject` who or what it shows.
"""

from typing import Any

from underpaint.models.catalogue import Catalogue
from underpaint.models.describe import describe
from underpaint.models.description import AdapterFacts, ModelDescription
from underpaint.models.folders import DEFAULTS_FILE
from underpaint.models.header import read_json

KINDS = ("depth", "pose", "colour", "fill")
PICTURE_KINDS = ("style", "subject")
"""What an IP-Adapter of the model's own takes from a picture."""
PROMPT_FOLDER = "image_prompt"
"""Where they lie in the model's folder, each as `KIND.safetensors`, beside `image_encoder`."""
_MOST_SHRINK = 64


def own_adapter(model: ModelDescription, kind: str) -> ModelDescription | None:
    """The model's own adapter for maps of a kind (depth, pose, colour), or for what is round a hole (fill); or None."""
    told = _listed(model, kind)
    folder = model.path / f"adapter_{kind}"
    if not isinstance(told, dict) or not (folder / "config.json").is_file():
        return None
    found = describe(folder)
    facts = AdapterFacts(form=found.adapter.form if found.adapter else "t2i", reads=(kind,),
                         shrink=_whole(told.get("shrink")), floor=_share(told.get("floor")))
    return found.with_(name=f"{model.name}/{kind}", kind="adapter", family=model.family, adapter=facts)


def own_image_prompt(model: ModelDescription, kind: str) -> ModelDescription | None:
    """The model's own IP-Adapter for one of `PICTURE_KINDS`, or None.

    The card does not list one that was learned with another denoiser or image encoder than those beside it.

    Raises:
        ModelError: its file is damaged.
    """
    file = model.path / PROMPT_FOLDER / f"{kind}.safetensors"
    if not isinstance(_listed(model, kind), dict) or not file.is_file():
        return None
    found = describe(file)
    return found.with_(name=f"{model.name}/{kind}", family=model.family) if found.kind == "ip_adapter" else None


def find_own(catalogue: Catalogue, name: str, painting: ModelDescription | None = None) -> ModelDescription | None:
    """The adapter that a plan names as `MODEL/KIND`, or None where the name is of another form.

    `painting` is the model that it is for: one that was named by its path is found in no folder that was added.
    """
    model, slash, kind = name.rpartition("/")
    if not slash or not model or kind not in (*KINDS, *PICTURE_KINDS):
        return None
    brings = painting if painting is not None and painting.name == model else catalogue.find(model)
    return (own_adapter if kind in KINDS else own_image_prompt)(brings, kind)


def _listed(model: ModelDescription, kind: str) -> Any:
    card = model.path / DEFAULTS_FILE
    listed = read_json(card).get("adapters") if card.is_file() else None
    return listed.get(kind) if isinstance(listed, dict) else None


def _whole(value: Any) -> int:
    return value if type(value) is int and 1 <= value <= _MOST_SHRINK else 1


def _share(value: Any) -> float:
    return float(value) if type(value) in (int, float) and 0 <= value < 1 else 0.0
