"""AUTOMATIC1111 and its forks (Forge, SD.Next ...): fixed folders, flags in start scripts, SD.Next's settings."""

import re
from collections.abc import Set
from pathlib import Path

from underpaint.errors import ModelError
from underpaint.models.header import read_json
from underpaint.models.programs.settings import Layout, assignments, existing, outermost, read_settings

_SCRIPTS = ("webui-user.sh", "webui-user.bat", "webui-user-my.bat", "webui-macos-env.sh")
_FLAG = re.compile(
    r"--((?:ckpt|lora|lyco|vae|embeddings|controlnet|hypernetwork|text-encoder|data|models)-dirs?|[a-z]+-models-path"
    r"|forge-ref-a1111-home|forge-ref-comfy-home)(?:\s+|=)(\"[^\"]+\"|'[^']+'|[^\s\"']+)"
)
_HOMES = ("data-dir", "forge-ref-a1111-home", "forge-ref-comfy-home")
_SD_NEXT = ("models_dir", "ckpt_dir", "diffusers_dir", "lora_dir", "vae_dir", "embeddings_dir", "unet_dir", "te_dir",
            "lyco_dir", "control_dir")  # fmt: skip
_OWN = ("models", "embeddings", "extensions/sd-webui-controlnet/models")


def recognise(path: Path, names: Set[str]) -> Layout | None:
    """A1111's folder, by ``models/Stable-diffusion`` or by its start script beside ``modules``."""
    started = "modules" in names and bool(names & set(_SCRIPTS)) and "webui.py" in names
    if not started and not (path / "models" / "Stable-diffusion").is_dir():
        return None
    folders = [path / name for name in _OWN if (path / name).is_dir()]
    problems: list[tuple[Path, str]] = []
    for script in _SCRIPTS:
        if script in names:
            _follow_flags(path, path / script, folders, problems)
    if "config.json" in names:
        _follow_sd_next(path, path / "config.json", folders, problems)
    return Layout("a1111", outermost(folders), problems=tuple(problems))


def _follow_flags(root: Path, script: Path, folders: list[Path], problems: list[tuple[Path, str]]) -> None:
    try:
        told = assignments(read_settings(script))
    except ModelError as error:
        problems.append((script, error.message))
        return
    words = re.sub(
        r"%(\w+)%|\$\{?(\w+)\}?",
        lambda found: told.get(found[1] or found[2], found[0]),
        told.get("COMMANDLINE_ARGS", "").replace('\\"', '"'),
    )
    for flag, text in _FLAG.findall(words):
        found, refused = existing(root, [text], script)
        problems += refused
        for folder in found:
            inner = [folder / "models", folder / "embeddings"] if flag in _HOMES else [folder]
            folders += [one for one in inner if one.exists()]


def _follow_sd_next(root: Path, config: Path, folders: list[Path], problems: list[tuple[Path, str]]) -> None:
    try:
        settings = read_json(config)
    except ModelError as error:
        problems.append((config, error.message))
        return
    found, refused = existing(root, [settings.get(key) for key in _SD_NEXT], config)
    folders += found
    problems += refused
