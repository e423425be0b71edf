"""What is on disk and what it can do: recognition by header, hashes, descriptors. Never imports torch."""

from underpaint.models.catalogue import Catalogue, find
from underpaint.models.describe import describe, require_known
from underpaint.models.description import (
    FAMILY_NAMES,
    EmbeddingFacts,
    Family,
    Kind,
    LoraFacts,
    ModelDescription,
    Prediction,
    TextEncoder,
)
from underpaint.models.hashes import Hashes, HashStore
from underpaint.models.home import underpaint_home
from underpaint.models.index import Problem
from underpaint.models.places import Place
from underpaint.models.prediction import parse_prediction
from underpaint.models.primer import PRIMER, primer_folder

__all__ = [
    "FAMILY_NAMES",
    "PRIMER",
    "Catalogue",
    "EmbeddingFacts",
    "Family",
    "HashStore",
    "Hashes",
    "Kind",
    "LoraFacts",
    "ModelDescription",
    "Place",
    "Prediction",
    "Problem",
    "TextEncoder",
    "describe",
    "find",
    "parse_prediction",
    "primer_folder",
    "require_known",
    "underpaint_home",
]
