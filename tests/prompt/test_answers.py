"""What A1111 and ComfyUI make of real and adversarial prompts, answer for answer."""

import json
from pathlib import Path
from typing import Any

import pytest

from underpaint.prompt import Clock, parse_attention, parse_prompt, parse_timeline, take_networks


def answers(material: Path, name: str) -> list[dict[str, Any]]:
    found = json.loads((material / "answers" / name).read_text(encoding="utf-8"))
    assert found
    return list(found)


def plain(pairs: Any) -> list[list[Any]]:
    return [list(pair) for pair in pairs]


def test_attention_is_a1111s(material: Path) -> None:
    for answer in answers(material, "a1111_attention.json"):
        assert plain(parse_attention(answer["prompt"])) == answer["out"], answer["prompt"]


def test_timelines_are_a1111s(material: Path) -> None:
    for answer in answers(material, "a1111_schedule_20_steps.json"):
        timeline = parse_timeline(answer["prompt"], Clock(answer["steps"]))
        assert plain(timeline) == answer["out"], answer["prompt"]


def test_doctests_of_a1111_hold(material: Path) -> None:
    seen: set[str] = set()
    for answer in answers(material, "a1111_schedule_doctests.json"):
        prompt, want = answer["input"], answer["want"]
        if answer["fn"] == "attention":
            assert plain(parse_attention(prompt)) == want, prompt
            continue
        # The last two belong to a second pass of 10 steps: a prompt seen before, and a fraction above 1.
        second = prompt in seen or "1.5" in prompt
        seen.add(prompt)
        assert plain(parse_timeline(prompt, Clock(10, 10 if second else None))) == want, prompt


def test_and_parts_are_a1111s(material: Path) -> None:
    for answer in answers(material, "a1111_and.json"):
        want = [(answer["flat"][index], weight) for index, weight in answer["indexes"][0]]
        parsed = parse_prompt(answer["prompt"], steps=20)
        assert [(part.text, part.weight) for part in parsed.parts] == want, answer["prompt"]


def test_networks_are_a1111s(material: Path) -> None:
    for answer in answers(material, "a1111_extra_networks.json"):
        text, networks = take_networks(answer["prompt"])
        found: dict[str, list[dict[str, Any]]] = {}
        for network in networks:
            said = {"positional": list(network.args), "named": network.named}
            found.setdefault(network.kind, []).append(said)
        assert (text, found) == (answer["text"], answer["nets"]), answer["prompt"]


def test_comfyui_weights_are_comfyuis(material: Path) -> None:
    for answer in answers(material, "comfyui_weights.json"):
        said = parse_prompt(answer["prompt"], steps=20, dialect="comfyui").to_json()
        assert said["schedule"] == [[20, answer["out"]]], answer["prompt"]


@pytest.mark.parametrize("name", ["a1111_attention.json", "a1111_schedule_20_steps.json"])
def test_every_prompt_of_the_wild_can_be_read_whole(material: Path, name: str) -> None:
    for answer in answers(material, name):
        for dialect in ("a1111", "comfyui"):
            said = parse_prompt(answer["prompt"], steps=20, dialect=dialect).to_json()
            assert said["schedule"][-1][0] == 20
            json.dumps(said, allow_nan=False)
