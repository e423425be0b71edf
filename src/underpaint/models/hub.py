"""Models on the Hugging Face hub: from its cache on this disk, and over the network only when asked to be online."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

from underpaint.errors import ModelError
from underpaint.models.home import plain


def is_hub_id(name: str) -> bool:
    """Whether `name` has the form of a hub id, ``owner/name``."""
    return re.fullmatch(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", name) is not None


def hub_cache() -> Path:
    """The folder in which the hub's models are kept on this disk, whether or not it exists."""
    home = os.environ.get("HF_HOME") or "~/.cache/huggingface"
    return plain(os.environ.get("HF_HUB_CACHE") or f"{home}/hub")


def hub_folder(hub_id: str, *, online: bool) -> Path | None:
    """The folder of a hub model: the cached one, or a fresh download when `online`; None if it is neither.

    Raises:
        ModelError: the download failed.
    """
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    from huggingface_hub import HfApi, snapshot_download  # takes a while to import, and few need it
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    cache = hub_cache()
    try:
        if not online:
            return Path(snapshot_download(hub_id, cache_dir=cache, local_files_only=True))
        files = wanted_files(HfApi().list_repo_files(hub_id))
        return Path(snapshot_download(hub_id, cache_dir=cache, allow_patterns=files))
    except LocalEntryNotFoundError as error:
        if not online:
            return None
        raise ModelError(f"the hub cannot be reached to fetch {hub_id}", hint="Check the connection.") from error
    except (HfHubHTTPError, OSError) as error:
        raise ModelError(
            f"{hub_id} could not be fetched from the hub ({type(error).__name__})",
            hint="Check the name, and that you accepted its licence on the hub.",
        ) from error


def wanted_files(names: Iterable[str]) -> list[str]:
    """Of all files of a hub model those that Underpaint reads: configurations, vocabularies, and weights once.

    Pickles are never fetched. Of a diffusers folder the single files beside it are left out, and of each part's weights
    the half-precision variant where there is one, which is half the download.
    """
    names = list(names)
    kept = [name for name in names if name.endswith((".json", ".txt", ".model"))]
    weights = [name for name in names if name.endswith(".safetensors")]
    if "model_index.json" in names:
        weights = [name for name in weights if "/" in name]
    parts = {name.rpartition("/")[0] for name in weights}
    for part in parts:
        inside = [name for name in weights if name.rpartition("/")[0] == part]
        kept += [name for name in inside if ".fp16" in name] or [name for name in inside if ".non_ema" not in name]
    return sorted(kept)
