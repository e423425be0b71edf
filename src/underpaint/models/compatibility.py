"""Whether a LoRA, a textual inversion or an adapter suits a model: what is sure, what is likely, and what nothing can
tell."""

from dataclasses import dataclass
from typing import Literal

from underpaint.errors import ModelError
from underpaint.models.adapters import way_out
from underpaint.models.description import FAMILY_NAMES, ModelDescription
from underpaint.models.origin import BASE

_HANGS_ON = ("controlnet", "adapter", "ip_adapter")
Level = Literal["refused", "warning", "note"]
_NEAR = frozenset({frozenset({"Illustrious", "NoobAI"})})
_SPOKEN = {"epsilon": "noise", "v_prediction": "velocity", "flow": "flow"}


@dataclass(frozen=True)
class Finding:
    """One line about a pair. `refused`: it cannot work; `warning`: it works, but was made for something else."""

    level: Level
    text: str


def check_network(model: ModelDescription, network: ModelDescription) -> tuple[Finding, ...]:
    """What can honestly be said about using `network` (a LoRA, textual inversion, ControlNet, T2I-Adapter or
    IP-Adapter) on `model`, worst first.

    Raises:
        ModelError: `model` is no checkpoint, or `network` is none of these.
    """
    if model.kind != "checkpoint":
        raise ModelError(f"{model.name} is {model.kind_name}, not a checkpoint", hint="Name the checkpoint first.")
    if network.kind not in ("lora", "embedding", *_HANGS_ON):
        raise ModelError(
            f"{network.name} is {network.kind_name}, neither a LoRA, a textual inversion nor an adapter"
            + (f" ({'; '.join(network.notes)})" if network.notes else ""),
            hint="Name the checkpoint first, then the LoRA.",
        )
    refused = _refused(model, network)
    if refused:
        return (refused,)
    found = [*_same_base(model, network), *_predictions(model, network), *_branches(model, network)]
    return tuple(sorted(found, key=lambda finding: ("refused", "warning", "note").index(finding.level)))


def _refused(model: ModelDescription, network: ModelDescription) -> Finding | None:
    if network.lora is not None and network.lora.unsupported:
        return Finding("refused", f"{network.name} is of a kind that is not supported: {network.lora.unsupported}")
    if network.adapter is not None and network.adapter.unsupported:
        what = network.adapter.unsupported
        return Finding("refused", f"{network.name} is {what}, which is not supported. {way_out(what)}")
    if network.family is not None and network.family != model.family:
        return Finding("refused", f"{network.name} is for {network.family_name}, {model.name} is {model.family_name}")
    if network.suits(model):
        return None
    widths = network.embedding.widths if network.embedding else (network.context_width,)
    has = tuple(encoder.width for encoder in model.text_encoders) if network.embedding else (model.context_width,)
    return Finding(
        "refused",
        f"{network.name} was made for text of another width ({_joined(widths)}; {model.name}, "
        f"{FAMILY_NAMES[model.family or 'sd']}, has {_joined(has)})",
    )


def _joined(numbers: tuple[int | None, ...]) -> str:
    return " and ".join(str(number) for number in numbers) or "none"


def _same_base(model: ModelDescription, network: ModelDescription) -> list[Finding]:
    base = network.lora.base_sha256 if network.lora else ""
    if base and model.sha256 and model.sha256 == base:
        return [Finding("note", f"{network.name} was trained on exactly this model")]
    return []


def _predictions(model: ModelDescription, network: ModelDescription) -> list[Finding]:
    made, has = network.prediction, model.prediction
    if made is None or has is None or made == has:
        return []
    return [
        Finding(
            "warning",
            f"{network.name} was trained on a model that predicts {_SPOKEN[made]} "
            f"({network.prediction_said}), {model.name} predicts {_SPOKEN[has]} "
            f"({model.prediction_said}): colours and contrast will be off",
        )
    ]


def _branches(model: ModelDescription, network: ModelDescription) -> list[Finding]:
    if model.family != "sdxl":
        return []
    made, has = network.branch, model.branch
    if made and has and made != has:
        near = frozenset({made, has}) in _NEAR
        tail = "they are near relatives, so it mostly works" if near else "expect it to do little, or something else"
        return [
            Finding(
                "note" if near else "warning",
                f"{network.name} was made for {made} ({network.branch_said}), "
                f"{model.name} is {has} ({model.branch_said}): {tail}",
            )
        ]
    if made and made == has:
        return [Finding("note", f"both are {made} ({network.branch_said})")]
    if made and made != BASE:
        return [
            Finding(
                "warning",
                f"{network.name} was made for {made} ({network.branch_said}); nothing says that {model.name} is {made}",
            )
        ]
    if has and has != BASE and network.kind in _HANGS_ON:
        return [
            Finding(
                "warning",
                f"{model.name} is {has} ({model.branch_said}); nothing says that {network.name} was made for it, and "
                "adapters of other SDXL models load there and do little, or something else",
            )
        ]
    if has and has != BASE:
        return [Finding("note", f"{model.name} is {has}; nothing tells which SDXL {network.name} was trained on")]
    return [Finding("note", f"nothing tells which SDXL {network.name} and {model.name} were made from")]
