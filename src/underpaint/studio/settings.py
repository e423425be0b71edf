"""What a server is told when it starts. Nothing in it is ever run, and its secrets print as stars."""

import ipaddress
import re
import secrets
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from underpaint.errors import PlanError
from underpaint.files import atomic_write
from underpaint.models.home import underpaint_home

PORT = 7861
TOKEN_FILE = "studio-token"
_LONGEST_TOKEN = 1024
_ORIGIN, _NAME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#\s]+/?"), re.compile(r"[0-9A-Za-z._-]+")


class ServeSettings(BaseSettings):
    """Where the server listens, what it paints with, who may come in, and how much it takes on.

    Each is also read from the environment, such as UNDERPAINT_SERVE_TOKEN. `port` 0 is any free one. `token`: None
    takes the one that is kept in Underpaint's own folder; an empty one leaves the door open, on this machine only.
    `auth` is AUTOMATIC1111's: `user:password`, several after commas, for its API alone. `origins` are pages elsewhere
    that may ask, such as http://localhost:3000; `names` are further names of this machine. `max_queue` is in pictures.
    """

    model_config = SettingsConfigDict(env_prefix="UNDERPAINT_SERVE_", frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = PORT
    library: Path | None = None
    model: str | None = None
    device: str | None = None
    precision: str | None = None
    token: SecretStr | None = None
    auth: SecretStr | None = None
    origins: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    max_body_bytes: Annotated[int, Field(ge=1024)] = 128 * 2**20
    max_pixels: Annotated[int, Field(ge=64 * 64)] = 64_000_000
    max_queue: Annotated[int, Field(ge=1)] = 2_000
    max_listeners: Annotated[int, Field(ge=1)] = 2_000

    @field_validator("token")
    @classmethod
    def _sendable(cls, token: SecretStr | None) -> SecretStr | None:
        if token is not None:
            text = token.get_secret_value()
            if len(text) > _LONGEST_TOKEN or not all("!" <= letter <= "~" for letter in text):
                raise ValueError("a token is letters, digits and marks without spaces")
        return token

    @field_validator("auth")
    @classmethod
    def _pairs(cls, auth: SecretStr | None) -> SecretStr | None:
        pairs = [pair.partition(":") for pair in auth.get_secret_value().split(",")] if auth is not None else []
        if not all(user and password for user, _, password in pairs):
            raise ValueError("write user:password, several after commas")
        return auth

    @field_validator("origins")
    @classmethod
    def _written_as_browsers_do(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        if not all(_ORIGIN.fullmatch(one) for one in origins):
            raise ValueError("a page is named by its origin, such as http://localhost:3000")
        return origins

    @field_validator("names")
    @classmethod
    def _without_port(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if not all(_NAME.fullmatch(one) for one in names):
            raise ValueError("a machine is named without http:// and port, such as studio.local")
        return names

    @property
    def local(self) -> bool:
        """Whether only this machine can reach the server."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            return False

    def accounts(self) -> dict[str, str]:
        """AUTOMATIC1111's users and their passwords."""
        text = self.auth.get_secret_value() if self.auth else ""
        return dict(pair.split(":", 1) for pair in text.split(",") if pair)


def make_settings(**asked: object) -> ServeSettings:
    """Settings from what was asked; None leaves one to the environment or its default.

    Raises PlanError for what does not fit, and for an open door on a host that others can reach.
    """
    try:
        settings = ServeSettings(**{name: value for name, value in asked.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise PlanError(first["msg"].removeprefix("Value error, "), field=".".join(map(str, first["loc"])),
                        hint="See underpaint serve --help.") from None  # whose text could hold a secret
    except SettingsError:
        raise PlanError("a setting in the environment cannot be read", field="UNDERPAINT_SERVE_...",
                        hint='Lists are JSON there, such as ["http://localhost:3000"].') from None
    if settings.token is not None and not settings.token.get_secret_value() and not settings.local:
        raise PlanError(f"without a token anybody who reaches {settings.host} could paint here", field="token",
                        hint="Leave --token out, or serve on 127.0.0.1.")
    return settings


def with_token(settings: ServeSettings) -> ServeSettings:
    """The settings with a token: as given, or the one kept in Underpaint's folder, drawn when first needed, so that
    open pages and clients go on after a restart. Raises OutputError where it cannot be kept."""
    return settings if settings.token is not None else settings.model_copy(update={"token": SecretStr(_kept_token())})


def _kept_token() -> str:
    path = underpaint_home() / TOKEN_FILE
    try:
        kept = path.read_text("ascii").strip() if path.stat().st_size <= _LONGEST_TOKEN else ""
    except (OSError, ValueError):
        kept = ""
    if len(kept) >= 32 and all("!" <= letter <= "~" for letter in kept):
        return kept
    drawn = secrets.token_urlsafe(32)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with atomic_write(path) as file:
        if hasattr(file, "fileno"):
            _only_mine(file.fileno())
        file.write(drawn.encode("ascii"))
    return drawn


def _only_mine(number: int) -> None:
    import os

    if hasattr(os, "fchmod"):
        os.fchmod(number, 0o600)
