"""Whether recipes can be painted here, found out before anything is painted, without loading a model."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from underpaint.errors import UnderpaintError
from underpaint.imaging.geometry import Extent
from underpaint.models import Catalogue, Kind, ModelDescription, parse_prediction
from underpaint.plan.adapting import chosen_adapters
from underpaint.plan.decide import Facts, Machine, decide
from underpaint.plan.image_text import chosen_image_text
from underpaint.plan.materials import masked_bounds, open_hole, sizes
from underpaint.plan.regions import region_loras
from underpaint.plan.words import read_words
from underpaint.recipe import FillRecipe, ModelRef, Recipe

_ANY_MACHINE = Machine("cpu", "float32", 1)  # no decision about what is possible depends on it


@dataclass(eq=False)
class Preflight:
    """Decides recipes with one catalogue, looking up each model and reading each picture once."""

    catalogue: Catalogue
    prediction: str | None = None
    online: bool = False
    _models: dict[tuple[Kind, str | None, str | None], ModelDescription] = field(default_factory=dict)
    _sizes: dict[str, Extent] = field(default_factory=dict)

    def find(self, kind: Kind, name: str | None, sha256: str | None = None) -> ModelDescription:
        """A model by its kind and name. Raises ModelError where there is none."""
        key = (kind, name, sha256)
        if key not in self._models:
            self._models[key] = self.catalogue.find(name, kind=kind, sha256=sha256, online=self.online)
        return self._models[key]

    def check(self, recipe: Recipe, blobs: Mapping[str, bytes]) -> None:
        """Raise the UnderpaintError with which painting the recipe would begin, if any."""
        recipe = recipe if recipe.seed is not None else recipe.changed(seed=0)
        lists = self.catalogue.home / "wildcards"
        words = read_words(recipe, recipe.seed or 0, lists if lists.is_dir() else None)
        model = self._of(recipe.model, "checkpoint")
        if self.prediction:
            model = model.with_(prediction=parse_prediction(self.prediction))
        loras = tuple((ref, self._of(ref, "lora")) for ref in (*recipe.loras, *words.loras))
        in_regions = tuple((key, ref, self._of(ref, "lora")) for key, ref in region_loras(recipe))
        hole = open_hole(recipe, blobs) if isinstance(recipe, FillRecipe) else None
        chosen_image_text(recipe, model.path)
        decide(recipe, Facts(
            seed=recipe.seed or 0, words=words, model=model, machine=_ANY_MACHINE, loras=loras, region_loras=in_regions,
            vae=self._of(recipe.vae, "vae") if recipe.vae else None, sizes=self._sizes_of(recipe, blobs),
            masked=masked_bounds(hole) if hole else None,
            adapters=tuple(one.use() for one in chosen_adapters(recipe, model, self.catalogue))))

    def _of(self, ref: ModelRef | None, kind: Kind) -> ModelDescription:
        return self.find(kind, ref.name if ref else None, ref.hash if ref else None)

    def _sizes_of(self, recipe: Recipe, blobs: Mapping[str, bytes]) -> dict[str, Extent]:
        if any(blob.sha256 not in self._sizes for blob in recipe.blobs()):
            self._sizes |= sizes(recipe, blobs)
        return {blob.sha256: self._sizes[blob.sha256] for blob in recipe.blobs()}


def impossible(recipes: Mapping[str, Recipe], blobs: Mapping[str, bytes],
               preflight: Preflight) -> dict[str, UnderpaintError]:
    """What cannot be painted, each reason once: name of the first recipe -> why."""
    found: dict[str, tuple[str, UnderpaintError]] = {}
    for name, recipe in recipes.items():
        try:
            preflight.check(recipe, blobs)
        except UnderpaintError as error:
            found.setdefault(str(error), (name, error))
    return dict(found.values())
