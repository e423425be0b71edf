"""What is on disk and what it can do: recognition by header, hashes, descriptors. Never imports torch."""

from underpaint.models.catalogue import Catalogue, find
from underpaint.models.changes import Changes
from underpaint.models.compatibility import Finding, check_network
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
from underpaint.models.duplicates import Duplicates
from underpaint.models.hashes import Hashes, HashStore, legacy_hash
from underpaint.models.home import underpaint_home
from underpaint.models.index import Problem
from underpaint.models.merge_recipe import MergeRecipe, Share, parse_blocks
from underpaint.models.places import Place
from underpaint.models.prediction import parse_prediction
from underpaint.models.primer import PRIMER, primer_folder
from underpaint.models.watching import ShelfWatch

__all__ = [
    "FAMILY_NAMES",
    "PRIMER",
    "Catalogue",
    "Changes",
    "Duplicates",
    "EmbeddingFacts",
    "Family",
    "Finding",
    "HashStore",
    "Hashes",
    "Kind",
    "LoraFacts",
    "MergeRecipe",
    "ModelDescription",
    "Place",
    "Prediction",
    "Problem",
    "Share",
    "ShelfWatch",
    "TextEncoder",
    "check_network",
    "describe",
    "find",
    "legacy_hash",
    "parse_blocks",
    "parse_prediction",
    "primer_folder",
    "require_known",
    "underpaint_home",
]
