"""Hostile pictures by the thousand: real files and their metadata, changed at random, never crash a reader.

Two ways: bytes of whole files (containers, EXIF, texts), and the JSON inside them (graphs, settings), whose values
are exchanged for others of every kind. Bounded by UNDERPAINT_FUZZ_SECONDS (60) for each; a failure prints its seed.
"""

import copy
import json
import os
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from underpaint.errors import PictureError
from underpaint.pictures import read_info
from underpaint.pictures.containers import find_metadata
from underpaint.pictures.found import Found
from underpaint.pictures.limits import LIMITS
from underpaint.pictures.loose import load_object
from underpaint.pictures.programs import MARKS, READERS
from underpaint.pictures.unwrap import unwrap
from underpaint.recipe import parse_recipe

pytestmark = pytest.mark.soak
SECONDS = float(os.environ.get("UNDERPAINT_FUZZ_SECONDS", "60"))
SLOW = 10.0
ODD: list[Any] = [None, True, -1, 0, 2**70, 1e308, float("nan"), float("inf"), "", "x" * 3000, "\ud800", "\0", [], {},
                  [[]], ["1", 0], ["3", 0], [3, 99], ["6", -1], {"a": {"b": []}}, "<lora:" * 50, "[" * 500, "1024x1024",
                  {"class_type": "KSampler", "inputs": {"model": ["3", 0]}}, "NaN", "-0", "٣"]  # fmt: skip


def until(seconds: float) -> Iterator[int]:
    """Numbers, from a start of chance, until the time is up."""
    seed, end = random.SystemRandom().randrange(2**32), time.monotonic() + seconds
    while time.monotonic() < end:
        seed += 1
        yield seed


def files(material: Path) -> list[Path]:
    """Every file of the material that is not empty, the small ones first."""
    found = [path for path in (material / "01_metadata").rglob("*") if path.is_file() and path.stat().st_size]
    return sorted(found, key=lambda path: path.stat().st_size)


def read_well(seed: int, what: str, read: Callable[[], Any]) -> None:
    """One reading: no exception but PictureError, in reasonable time, and it goes into JSON and a recipe."""
    began = time.monotonic()
    try:
        reading = read()
        if reading is not None:
            json.dumps(reading.to_json(), allow_nan=False).encode()
            if reading.recipe is not None and reading.source != "underpaint":
                parse_recipe(reading.recipe)
    except PictureError:
        return
    except Exception as error:
        raise AssertionError(f"seed {seed}, {what}: {type(error).__name__}: {error}") from error
    took = time.monotonic() - began
    assert took < SLOW, f"seed {seed}, {what}: {took:.1f} s"


def test_changed_bytes_never_crash(material: Path) -> None:
    originals = [path.read_bytes() for path in files(material)]
    for seed in until(SECONDS):
        chance = random.Random(seed)
        data = bytearray(chance.choice(originals))
        for _ in range(chance.randrange(1, 12)):
            place = chance.randrange(len(data))
            way = chance.randrange(4)
            if way == 0:
                data[place] = chance.randrange(256)
            elif way == 1:
                del data[place : place + chance.randrange(1, 64)]
            elif way == 2:
                data[place:place] = chance.randbytes(chance.randrange(1, 32))
            else:
                other = chance.choice(originals)
                start = chance.randrange(len(other))
                data[place : place + 40] = other[start : start + 40]
            if not data:
                break
        read_well(seed, "bytes", lambda changed=bytes(data): read_info(changed))


def test_changed_metadata_never_crashes(material: Path) -> None:
    originals = [_found(path.read_bytes()) for path in files(material)]
    for seed in until(SECONDS):
        chance = random.Random(seed)
        base, other = chance.choice(originals), chance.choice(originals)
        texts = {**base.texts, **({} if chance.random() < 0.8 else other.texts)}
        texts = {key: _changed(text, chance) for key, text in texts.items()}
        exif = {key: _changed(text, chance) for key, text in {**base.exif, **other.exif}.items()}
        comments = tuple(_changed(text, chance) for text in base.comments)
        found = Found("PNG", 8, 8, texts, exif if chance.random() < 0.7 else base.exif, 1, comments, base.xmp)
        for reader in (*READERS, *MARKS):
            name = f"{reader.__module__}.{reader.__name__}"
            read_well(seed, name, lambda reader=reader, found=found: reader(unwrap(found, LIMITS)))


def _found(data: bytes) -> Found:
    found = find_metadata(data, LIMITS)
    return found if found.format else Found(texts={"workflow": data.decode()})


def _changed(text: str, chance: random.Random) -> str:
    data = load_object(text)
    if data is None or chance.random() < 0.2:
        place = chance.randrange(len(text) + 1)
        odd = chance.choice(ODD)
        return text[:place] + (odd if isinstance(odd, str) else "") + text[place + chance.randrange(4) :]
    for _ in range(chance.randrange(1, 8)):
        _exchange(data, chance)
    return json.dumps(data)


def _exchange(data: dict[str, Any], chance: random.Random) -> None:
    """One value anywhere in the object becomes another."""
    here: Any = data
    for _ in range(chance.randrange(1, 7)):
        keys = list(here) if isinstance(here, dict) else list(range(len(here)))
        if not keys:
            return
        key = chance.choice(keys)
        if isinstance(here[key], dict | list) and here[key] and chance.random() < 0.8:
            here = here[key]
        else:
            here[key] = copy.deepcopy(chance.choice(ODD))
            return
