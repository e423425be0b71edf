"""Which branch of a family a file comes from (Pony, Illustrious ...), and by whose word.

SDXL's branches have the same shapes and the same keys: nothing in the weights tells them apart. What does is what
trainers write into the header (``ss_*``, ``modelspec.*``, merge recipes), what download helpers keep beside the file,
the words a LoRA was trained on, and for checkpoints the file's name. The strongest word wins and is always named.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from underpaint.errors import ModelError
from underpaint.models.description import Family, Prediction
from underpaint.models.header import Header, read_json

ARCHITECTURES: tuple[tuple[str, Family], ...] = (
    ("sdxl", "sdxl"), ("stable-diffusion-xl", "sdxl"), ("sd_v2", "sd2"), ("stable-diffusion-v2", "sd2"),
    ("sd_v1", "sd"), ("stable-diffusion-v1", "sd"), ("sd3", "sd3"), ("stable-diffusion-3", "sd3"), ("flux", "flux"),
)  # fmt: skip
BASE = "SDXL base"
_BRANCHES = (
    (re.compile(r"pony|pdxl", re.IGNORECASE), "Pony"),
    (re.compile(r"noob", re.IGNORECASE), "NoobAI"),
    (re.compile(r"illustrious|ilxl", re.IGNORECASE), "Illustrious"),
    (re.compile(r"animagine", re.IGNORECASE), "Animagine"),
    (re.compile(r"(^|[\\/])sd[-_]?xl[-_ ]?(base|v?1[._]?0)|stable-diffusion-xl-base", re.IGNORECASE), BASE),
)
_VELOCITY = re.compile(r"v[-_ ]?pred(?![a-z]*ict)|v[-_ ]?prediction|768[-_]v", re.IGNORECASE)
_SIDECARS = (
    (".civitai.info", ("baseModel",)), (".cm-info.json", ("BaseModel",)), (".metadata.json", ("base_model",)),
    (".json", ("sd version", "base_model", "baseModel")),
)  # fmt: skip
_MAX_SIDECAR_BYTES = 2 * 2**20
_MAX_TAGS_CHARACTERS = 4 * 2**20
_SCORES = re.compile(r'"[^"]{0,200}\bscore_[4-9](_up)?\b')


@dataclass(frozen=True)
class Origin:
    """The branch of a file ("" where nothing tells) and who says so; the same of what its base model predicts."""

    branch: str = ""
    branch_said: str = ""
    prediction: Prediction | None = None
    prediction_said: str = ""


def origin_of_network(header: Header) -> Origin:
    """Where a LoRA comes from: what model it was trained on."""
    metadata = header.metadata
    words = [*_beside(header.path)]
    words += [
        (metadata.get(field, ""), f"its metadata ({field})")
        for field in ("ss_sd_model_name", "ss_base_model_version", "modelspec.merged_from", "modelspec.architecture")
    ]
    branch, said = _named(words)
    if not branch and _SCORES.search(metadata.get("ss_tag_frequency", "")[:_MAX_TAGS_CHARACTERS]):
        branch, said = "Pony", "the words it was trained on (score_9 ...)"
    return Origin(branch, said, *_prediction(metadata, words))


def origin_of_checkpoint(header: Header) -> Origin:
    """Where a checkpoint comes from; by its name only if nothing better tells."""
    metadata = header.metadata
    words = [*_beside(header.path)]
    words += [
        (metadata.get(field, ""), f"its metadata ({field})")
        for field in ("modelspec.title", "modelspec.merged_from", "modelspec.architecture")
    ]
    words.append((_parents(metadata), "the models it was merged from"))
    words.append((header.path.stem, "the name of the file"))
    branch, said = _named([(text, who) for text, who in words if text])
    return Origin("" if branch == BASE and said == "the name of the file" else branch, said)


def _named(words: list[tuple[str, str]]) -> tuple[str, str]:
    for text, who in words:
        for pattern, branch in _BRANCHES:
            # kohya calls every SDXL "sdxl_base_v1-0", whatever was trained on
            if pattern.search(text) and not (branch == BASE and "ss_base_model_version" in who):
                return branch, who if "name of the file" in who else f"{who}: {_shown(text)}"
    return "", ""


def _prediction(metadata: Mapping[str, str], words: list[tuple[str, str]]) -> tuple[Prediction | None, str]:
    told = metadata.get("modelspec.prediction_type", "").lower()
    if told in ("epsilon", "eps"):
        return "epsilon", "its metadata (modelspec.prediction_type)"
    if told.startswith("v"):
        return "v_prediction", "its metadata (modelspec.prediction_type)"
    marked = metadata.get("ss_v_parameterization", "").lower()
    if marked in ("true", "false"):
        return ("v_prediction" if marked == "true" else "epsilon"), "its metadata (ss_v_parameterization)"
    for text, who in words:
        if _VELOCITY.search(text):
            return "v_prediction", f"{who}: {_shown(text)}"
    return None, ""


def _beside(path: Path) -> Iterator[tuple[str, str]]:
    """What download helpers wrote beside the file about the model it is for."""
    for suffix, keys in _SIDECARS:
        sidecar = path.with_name(path.stem + suffix)
        try:
            if not sidecar.is_file():
                continue
            data: dict[str, Any] = read_json(sidecar, limit=_MAX_SIDECAR_BYTES)
        except (ModelError, OSError):
            continue  # a courtesy of another program: a broken one only means it says nothing
        said = next((data[key] for key in keys if isinstance(data.get(key), str)), "")
        if said:
            yield ("SDXL base" if said == "SDXL 1.0" else said)[:200], f"the file {sidecar.name[:80]} beside it"


def _shown(text: str) -> str:
    """A stranger's words on one short line, without what could move a terminal's cursor."""
    return "".join(mark for mark in text[:80] if mark.isprintable())


def _parents(metadata: Mapping[str, str]) -> str:
    try:
        told = json.loads(metadata.get("sd_merge_models", "{}")[:_MAX_TAGS_CHARACTERS])
    except (ValueError, RecursionError):
        return ""
    parents = told.values() if isinstance(told, dict) else ()
    return ", ".join(str(parent.get("name", "")) for parent in parents if isinstance(parent, dict))[:2000]
