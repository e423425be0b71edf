"""What AUTOMATIC1111's API answers, with its names."""

from typing import Any

from pydantic import BaseModel, ConfigDict


class Reply(BaseModel):
    """An answer."""

    model_config = ConfigDict(protected_namespaces=())


class Images(Reply):
    """Of txt2img and img2img. `info` is JSON in a string."""

    images: list[str] | None = None
    parameters: dict[str, Any]
    info: str


class ExtraImage(Reply):
    html_info: str
    image: str | None = None


class ExtraImages(Reply):
    html_info: str
    images: list[str]


class PngInfoReply(Reply):
    """`info` is the infotext, `items` whatever else stands in the file, `parameters` the infotext's fields."""

    info: str
    items: dict[str, Any]
    parameters: dict[str, Any]


class Progress(Reply):
    """`progress` 0 to 1; `eta_relative` in seconds; `current_image` a preview, base64."""

    progress: float
    eta_relative: float
    state: dict[str, Any]
    current_image: str | None = None
    textinfo: str | None = None
    current_task: str | None = None


class TaskProgress(Reply):
    active: bool
    queued: bool
    completed: bool
    progress: float | None = None
    eta: float | None = None
    live_preview: str | None = None
    id_live_preview: int | None = None
    textinfo: str | None = None


class PendingTasks(Reply):
    size: int
    tasks: list[str]


class Sampler(Reply):
    name: str
    aliases: list[str]
    options: dict[str, Any]


class Scheduler(Reply):
    name: str
    label: str
    aliases: list[str] | None
    default_rho: float | None
    need_inner_model: bool | None


class Upscaler(Reply):
    name: str
    model_name: str | None
    model_path: str | None
    model_url: str | None
    scale: float | None


class Named(Reply):
    name: str


class SdModel(Reply):
    title: str
    model_name: str
    hash: str | None
    sha256: str | None
    filename: str
    config: str | None


class SdVae(Reply):
    model_name: str
    filename: str


class Lora(Reply):
    name: str
    alias: str
    path: str
    metadata: dict[str, Any]


class Embedding(Reply):
    step: int | None
    sd_checkpoint: str | None
    sd_checkpoint_name: str | None
    shape: int
    vectors: int


class Embeddings(Reply):
    loaded: dict[str, Embedding]
    skipped: dict[str, Embedding]


class Style(Reply):
    name: str
    prompt: str | None
    negative_prompt: str | None


class Scripts(Reply):
    txt2img: list[str]
    img2img: list[str]


class ScriptArgument(Reply):
    label: str | None = None
    value: Any = None
    minimum: Any = None
    maximum: Any = None
    step: Any = None
    choices: list[str] | None = None


class ScriptInfo(Reply):
    name: str
    is_alwayson: bool
    is_img2img: bool
    args: list[ScriptArgument]


class Memory(Reply):
    ram: dict[str, Any]
    cuda: dict[str, Any]


class Detected(Reply):
    info: str
    images: list[str] = []
    poses: list[dict[str, Any]] | None = None


class Failure(Reply):
    """What goes wrong: A1111's detail, the kind, and the whole sentence with the way out. Of a body that does not fit
    there is only the detail, pydantic's list."""

    detail: Any
    error: str = ""
    body: str = ""
    errors: str = ""
