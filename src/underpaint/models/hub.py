"""Models on the Hugging Face hub: from its cache on this disk, and over the network only when asked to be
online.
"""

import os
import re
from pathlib import Path

from underpaint.errors import ModelError

_WANTED = ["*.safetensors", "*.json", "*.txt", "*.model"]
_UNWANTED = ["*.bin", "*.ckpt", "*.onnx*", "*.msgpack", "*.h5", "flax_*", "openvino_*"]


def is_hub_id(name: str) -> bool:
    """Whether `name` has the form of a hub id, ``owner/name``."""
    return re.fullmatch(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", name) is not None


def hub_folder(hub_id: str, *, online: bool) -> Path | None:
    """The folder of a hub model: the cached one, or a fresh download when `online`. None: not cached and not
    online.

    Raises:
        ModelError: the download failed.
    """
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    from huggingface_hub import snapshot_download  # takes a while to import, and few need it
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return Path(
            snapshot_download(
                hub_id, local_files_only=not online, allow_patterns=_WANTED, ignore_patterns=_UNWANTED
            )
        )
    except LocalEntryNotFoundError as error:
        if not online:
            return None
        raise ModelError(
            f"the hub cannot be reached to fetch {hub_id}", hint="Check the connection."
        ) from error
    except (HfHubHTTPError, OSError) as error:
        raise ModelError(
            f"{hub_id} could not be fetched from the hub ({type(error).__name__})",
            hint="Check the name, and that you accepted its licence on the hub.",
        ) from error
