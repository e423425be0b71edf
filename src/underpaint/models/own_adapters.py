"""The adapters that a model brings along, listed in `primer.json`: `primer/depth` is that of `primer` for depth."""

from typing import Any

from underpaint.models.catalogue import Catalogue
from underpaint.models.describe import describe
from underpaint.models.description import AdapterFacts, ModelDescription
from underpaint.models.folders import DEFAULTS_FILE
from underpaint.models.header import read_json

KINDS = ("depth", "pose", "colour", "fill")
_MOST_SHRINK = 64


def own_adapter(model: ModelDescription, kind: str) -> ModelDescription | None:
    """The model's own adapter for maps of a kind (depth, pose, colour), or for what is round a hole (fill); or None."""
    card = model.path / DEFAULTS_FILE
    listed = read_json(card).get("adapters") if card.is_file() else None
    told = listed.get(kind) if isinstance(listed, dict) else None
    folder = model.path / f"adapter_{kind}"
    if not isinstance(told, dict) or not (folder / "config.json").is_file():
        return None
    found = describe(folder)
    facts = AdapterFacts(form=found.adapter.form if found.adapter else "t2i", reads=(kind,),
                         shrink=_whole(told.get("shrink")), floor=_share(told.get("floor")))
    return found.with_(name=f"{model.name}/{kind}", kind="adapter", family=model.family, adapter=facts)


def find_own(catalogue: Catalogue, name: str) -> ModelDescription | None:
    """The adapter that a plan names as `MODEL/KIND`, or None where the name is of another form."""
    model, slash, kind = name.rpartition("/")
    return own_adapter(catalogue.find(model), kind) if slash and model and kind in KINDS else None


def _whole(value: Any) -> int:
    return value if type(value) is int and 1 <= value <= _MOST_SHRINK else 1


def _share(value: Any) -> float:
    return float(value) if type(value) in (int, float) and 0 <= value < 1 else 0.0
