"""What differs between two takes, in an artist's words: pure functions from what the pictures say of themselves."""

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Data = Mapping[str, Any]
_SIDES = ("the right", "the upper right", "above", "the upper left", "the left", "the lower left", "below",
          "the lower right")
_MOST_WORDS = 160


@dataclass(frozen=True)
class Account:
    """What one picture says of itself: recipe and plan as JSON data, either of which may be empty."""

    recipe: Data = field(default_factory=dict)
    plan: Data = field(default_factory=dict)


def differences(before: Account, after: Account) -> list[str]:
    """Sentences, the weightiest first; none where recipe and decisions are the same."""
    said = [line for tell in _TELLERS for line in tell(before, after)]
    known = {name for name in {*before.recipe, *after.recipe} if name in _TOLD}
    said += _plainly(_without(before.recipe, known), _without(after.recipe, known))
    return said


def _words(before: Account, after: Account) -> Iterator[str]:
    for field_name, called in (("prompt", "words"), ("negative_prompt", "unwanted")):
        old, new = str(before.recipe.get(field_name, "")), str(after.recipe.get(field_name, ""))
        if old == new:
            old, new = str(before.plan.get(field_name, old)), str(after.plan.get(field_name, new))  # wildcards
        if old != new:
            yield f"{called}: {_phrases(old, new)}"


def _phrases(old: str, new: str) -> str:
    first, second = ([part.strip() for part in text.split(",") if part.strip()] for text in (old, new))
    if sorted(first) == sorted(second):
        return "the same in another order"
    moved = difflib.SequenceMatcher(None, first, second, autojunk=False)
    if moved.ratio() < 0.3:
        return f"'{_short(old)}' became '{_short(new)}'" if old and new else _gained(first, second)
    return _gained([part for part in first if part not in second], [part for part in second if part not in first])


def _gained(lost: Sequence[str], won: Sequence[str]) -> str:
    parts = [f"with '{_short(', '.join(won))}'"] if won else []
    return ", ".join([*parts, *([f"without '{_short(', '.join(lost))}'"] if lost else [])])


def _light(before: Account, after: Account) -> Iterator[str]:
    old, new = _control(before, "light"), _control(after, "light")
    if old == new:
        return
    if not old or not new:
        yield f"light: {'no longer planned' if old else 'planned' + _from(new)}"
        return
    if old.get("direction") != new.get("direction"):
        yield f"light: {_from(new).strip() or 'from no side'} instead of {_from(old).strip() or 'no side'}"
    for name, default, less, more in (("hardness", 0.5, "softer", "harder"), ("lightness", None, "darker", "lighter"),
                                      ("contrast", None, "less contrast", "more contrast")):
        one, two = old.get(name, default), new.get(name, default)
        if one != two:
            both = isinstance(one, int | float) and isinstance(two, int | float)
            how = (more if two > one else less) if both else name
            yield f"light: {how} ({_value(one)}, then {_value(two)})"


def _from(light: Data) -> str:
    direction = light.get("direction")
    return f" from {_SIDES[round(direction / 45) % 8]}" if isinstance(direction, int | float) else ""


def _palette(before: Account, after: Account) -> Iterator[str]:
    old, new = _control(before, "palette"), _control(after, "palette")
    colours = [[str(swatch.get("colour")) for swatch in _list(one, "swatches")] for one in (old, new)]
    if colours[0] != colours[1]:
        if not colours[0] or not colours[1]:
            yield f"palette: {'none any more' if colours[0] else ' '.join(colours[1])}"
        elif sorted(colours[0]) == sorted(colours[1]):
            yield "palette: the same colours in another order"
        else:
            yield "palette: " + _gained([one for one in colours[0] if one not in colours[1]],
                                        [one for one in colours[1] if one not in colours[0]]).replace("'", "")
    elif old != new:
        yield from _plainly({"palette": _without(old, {"kind"})}, {"palette": _without(new, {"kind"})})


def _other_controls(before: Account, after: Account) -> Iterator[str]:
    old, new = ([one for one in _list(account.recipe, "controls") if one.get("kind") not in ("light", "palette")]
                for account in (before, after))
    for number in range(max(len(old), len(new))):
        one, two = (side[number] if number < len(side) else {} for side in (old, new))
        kind = str((two or one).get("kind", "control"))
        if not one or not two:
            yield f"{kind}: {'added' if two else 'taken away'}"
        elif one.get("kind") != two.get("kind"):
            yield f"{one.get('kind')} became {kind}"
        elif one != two:
            if _hash_of(one.get("drawing")) != _hash_of(two.get("drawing")):
                yield f"{kind}: another drawing"
            hidden = {"kind", "drawing"}
            yield from _plainly({kind: _without(one, hidden)}, {kind: _without(two, hidden)})


def _model(before: Account, after: Account) -> Iterator[str]:
    old, new = (_mapping(account.plan, "model") or _mapping(account.recipe, "model") for account in (before, after))
    if old.get("name") != new.get("name"):
        yield f"model: {_value(new.get('name'))} instead of {_value(old.get('name'))}"
    elif old.get("hash") != new.get("hash") and old.get("hash") and new.get("hash"):
        yield f"model: another version of {_value(new.get('name'))}"
    loras = [{str(one.get("name")): one for one in _list(account.recipe, "loras")} for account in (before, after)]
    yield from (f"LoRA: without {name}" for name in loras[0] if name not in loras[1])
    for name, one in loras[1].items():
        was = loras[0].get(name)
        weight = one.get("weight", 1.0)
        if was is None:
            yield f"LoRA: with {name} at {_value(weight)}"
        elif was.get("weight", 1.0) != weight:
            yield f"LoRA: {name} at {_value(weight)} instead of {_value(was.get('weight', 1.0))}"


def _task(before: Account, after: Account) -> Iterator[str]:
    names = {"create": "painted from nothing", "refine": "painted over a picture", "fill": "painted inside a mask"}
    old, new = (str(account.recipe.get("task", "create")) for account in (before, after))
    if old != new:
        yield f"{names.get(new, new)} instead of {names.get(old, old)}"
    for name, called in (("picture", "another picture under it"), ("mask", "another mask")):
        one, two = _hash_of(before.recipe.get(name)), _hash_of(after.recipe.get(name))
        if one != two and one and two:
            yield called
        elif one != two and old == new:
            yield f"{'with' if two else 'without'} a {name}"


def _numbers(before: Account, after: Account) -> Iterator[str]:
    old, new = _decided(before), _decided(after)
    if old["size"] != new["size"]:
        yield f"size: {new['size']} instead of {old['size']}"
    if old["seed"] != new["seed"]:
        yield f"another seed ({_value(old['seed'])}, then {_value(new['seed'])})"
    called = {"steps": ("more steps", "fewer steps"), "guidance": ("words pull harder", "words pull less"),
              "strength": ("more of the picture changed", "less of the picture changed")}
    for name, (more, less) in called.items():
        one, two = old[name], new[name]
        if one != two:
            numbers = isinstance(one, int | float) and isinstance(two, int | float)
            how = (more if two > one else less) if numbers else name
            yield f"{how} ({_value(one)}, then {_value(two)})"
    for name in ("sampler", "schedule", "precision"):
        if old[name] != new[name] and (name != "precision" or (old[name] and new[name])):
            yield f"{name}: {_value(new[name])} instead of {_value(old[name])}"


def _decided(account: Account) -> dict[str, Any]:
    """What the plan decided where the recipe left it open."""
    recipe, plan = account.recipe, account.plan
    sampling, guidance = _mapping(recipe, "sampling"), _mapping(recipe, "guidance")
    first: Data = next(iter(_list(plan, "passes")), {})
    width, height = (plan.get(side, recipe.get(side)) for side in ("width", "height"))
    return {"size": f"{width}x{height}" if width and height else "the model's own",
            "seed": plan.get("seed", recipe.get("seed")), "steps": first.get("steps", sampling.get("steps")),
            "guidance": plan.get("guidance_scale", guidance.get("scale")), "strength": recipe.get("strength"),
            "sampler": plan.get("sampler", sampling.get("sampler")),
            "schedule": plan.get("schedule", sampling.get("schedule")), "precision": plan.get("dtype")}


_TELLERS: tuple[Callable[[Account, Account], Iterator[str]], ...] = (
    _task, _words, _light, _palette, _other_controls, _model, _numbers)
_TOLD = frozenset({"schema", "task", "prompt", "negative_prompt", "controls", "model", "loras", "picture", "mask",
                   "width", "height", "seed", "strength"})
_TOLD_INSIDE = frozenset({"sampling.steps", "sampling.sampler", "sampling.schedule", "guidance.scale"})


def _plainly(old: Data, new: Data) -> list[str]:
    """Every field that differs and has no words of its own yet, by its name."""
    first, second = dict(_flat(old)), dict(_flat(new))
    names = [name for name in dict.fromkeys([*first, *second]) if name not in _TOLD_INSIDE]
    return [f"{name.replace('_', ' ').replace('.', ', ')}: {_value(second.get(name))} instead of "
            f"{_value(first.get(name))}" for name in names if first.get(name) != second.get(name)]


def _flat(data: Data, before: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in data.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


def _control(account: Account, kind: str) -> Data:
    return next((one for one in _list(account.recipe, "controls") if one.get("kind") == kind), {})


def _list(data: Data, name: str) -> list[Data]:
    found = data.get(name)
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list | tuple) else []


def _mapping(data: Data, name: str) -> Data:
    found = data.get(name)
    return found if isinstance(found, Mapping) else {}


def _hash_of(blob: Any) -> str | None:
    return str(blob.get("sha256")) if isinstance(blob, Mapping) else None


def _without(data: Data, names: set[str] | frozenset[str]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name not in names}


def _value(value: Any) -> str:
    if value is None:
        return "the default"
    return f"{value:g}" if isinstance(value, float) else _short(str(value))


def _short(text: str) -> str:
    return text if len(text) <= _MOST_WORDS else f"{text[:_MOST_WORDS]}…"
