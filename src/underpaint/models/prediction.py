"""What a denoiser predicts: noise, velocity or flow, and how that was decided.

The keys of SD 2 and SDXL files do not tell, so the order is: what the file itself is marked with, what its
maker wrote beside it, what its family always does; if nothing decides, the loader takes one probing step.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import yaml

from underpaint.errors import ModelError
from underpaint.models.description import Family, Prediction
from underpaint.models.families import FAMILIES
from underpaint.models.header import Header
from underpaint.plain_yaml import load_yaml

_MAX_YAML_BYTES = 1 << 20
_SPOKEN = {
    "epsilon": "epsilon",
    "eps": "epsilon",
    "v": "v_prediction",
    "v_prediction": "v_prediction",
    "v-prediction": "v_prediction",
    "flow": "flow",
    "flow_prediction": "flow",
}
UNDECIDED = "nothing in the file decides it: one probing step will, or say --prediction"


@dataclass(frozen=True)
class Decision:
    """A prediction type (None: undecided), how it was decided, and whether noise ends at zero signal (Lin et
    al. 2023).
    """

    prediction: Prediction | None
    said: str
    zero_terminal_snr: bool = False


def decide_for_file(header: Header, family: Family) -> Decision:
    """Decide for a single-file checkpoint."""
    zero_snr = "ztsnr" in header.tensors
    if FAMILIES[family].prediction == "flow":
        return Decision("flow", f"{family} models predict flow")
    if "v_pred" in header.tensors:
        return Decision("v_prediction", "the marker key v_pred in the file", zero_snr)
    told = _SPOKEN.get(header.metadata.get("modelspec.prediction_type", "").strip().lower())
    if told:
        return Decision(_prediction(told), "the file's metadata (modelspec.prediction_type)", zero_snr)
    if header.metadata.get("modelspec.architecture", "").lower().startswith("stable-diffusion-v2-768-v"):
        return Decision("v_prediction", "the file's metadata (modelspec.architecture)", zero_snr)
    beside = _beside(header.path)
    if beside:
        return Decision(beside, f"the file {header.path.stem}.yaml beside it", zero_snr)
    if re.search(r"v[-_ ]?pred(?![a-z]*ict)|v[-_ ]?prediction", header.path.stem, re.IGNORECASE):
        return Decision("v_prediction", "the name of the file; say --prediction epsilon if the name is wrong", zero_snr)
    usual = FAMILIES[family].prediction
    return Decision(usual, f"no mark in the file: {family} models predict noise" if usual else UNDECIDED, zero_snr)


def decide_for_scheduler(config: dict[str, object], family: Family) -> Decision:
    """Decide from the scheduler configuration of a diffusers folder."""
    zero_snr = config.get("rescale_betas_zero_snr") is True
    if FAMILIES[family].prediction == "flow" or "FlowMatch" in str(config.get("_class_name", "")):
        return Decision("flow", "the scheduler's configuration")
    told = _SPOKEN.get(str(config.get("prediction_type", "epsilon")).lower())
    if told is None:
        return Decision(None, f"the scheduler's configuration says '{config.get('prediction_type')}', which is unknown")
    return Decision(_prediction(told), "the scheduler's configuration", zero_snr)


def parse_prediction(word: str) -> Prediction:
    """The prediction type a person named, such as ``v`` or ``epsilon``; ModelError for any other word."""
    told = _SPOKEN.get(word.strip().lower())
    if told is None:
        raise ModelError(
            f"'{word}' is not a prediction type",
            hint="Say epsilon, v_prediction or flow.",
            field="prediction",
        )
    return _prediction(told)


def _prediction(word: str) -> Prediction:
    return "v_prediction" if word == "v_prediction" else "flow" if word == "flow" else "epsilon"


def _beside(path: Path) -> Prediction | None:
    """A1111's way: NAME.yaml beside NAME.safetensors, with ``parameterization: v`` in its model
    parameters.
    """
    try:
        sidecar = path.with_suffix(".yaml")
        if not sidecar.is_file() or sidecar.stat().st_size > _MAX_YAML_BYTES:
            return None
        data = load_yaml(sidecar.read_bytes())
        word = data["model"]["params"].get("parameterization", "eps")
    except (OSError, ValueError, yaml.YAMLError, KeyError, TypeError, AttributeError, RecursionError):
        return None  # the sidecar is a courtesy of another program: a broken one only means it says nothing
    return _prediction(_SPOKEN[word]) if word in _SPOKEN else None
