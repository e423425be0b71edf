"""Who a client is, and the settings it made: by its user name, else by a cookie, else by where it comes from.

A client that keeps cookies has settings of its own from its first call on; one that doesn't shares them with whatever
else comes from its address with the same User-Agent. Two programs never see each other's.
"""

import hashlib
import re
import secrets
import threading
from base64 import b64decode
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Request, Response

COOKIE = "underpaint_a1111"
MOST = 512
_OURS = re.compile("[A-Za-z0-9_-]{22}")


@dataclass(frozen=True)
class Client:
    """`key` names the settings, `place` everybody who may speak for this client's jobs where it has none itself.
    `cookie` is the one that it is about to be given, `soon` its key once it sends that back; "" where it has one."""

    key: str
    place: str
    cookie: str = ""
    soon: str = ""


def client_of(request: Request) -> Client:
    """Who asks."""
    user = _user(request.headers.get("authorization", ""))
    host = request.client.host if request.client else ""
    place = f"user {user}" if user else f"host {host}"
    cookie = request.cookies.get(COOKIE, "")
    if _OURS.fullmatch(cookie):
        return Client(_short(f"{place} cookie {cookie}"), _short(place))
    cookie, agent = secrets.token_urlsafe(16), "" if user else request.headers.get("user-agent", "")
    return Client(_short(f"{place} agent {agent}"), _short(place), cookie, _short(f"{place} cookie {cookie}"))


def greet(client: Client, request: Request, response: Response) -> None:
    """Hand out the cookie. It opens nothing: it only tells one program's settings from another's."""
    if client.cookie:
        response.set_cookie(COOKIE, client.cookie, httponly=True, samesite="strict",
                            secure=request.url.scheme == "https")


def _user(authorization: str) -> str:
    kind, _, code = authorization.partition(" ")
    if kind.lower() != "basic":
        return ""
    try:
        return b64decode(code, validate=True).decode("utf-8").partition(":")[0]
    except ValueError:
        return ""


def _short(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:24]


class Sessions:
    """The settings of every client, in memory; those that were longest unused make room."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, dict[str, Any]] = OrderedDict()

    def options(self, client: Client) -> dict[str, Any]:
        """What the client has set."""
        with self._lock:
            found = self._kept.get(client.key, {})
            if client.key in self._kept:
                self._kept.move_to_end(client.key)
            return dict(found)

    def set(self, client: Client, options: Mapping[str, Any]) -> None:
        """Keep settings, also under the cookie that the client is about to get."""
        with self._lock:
            for key in filter(None, (client.key, client.soon)):
                self._kept[key] = {**self._kept.get(key, {}), **options}
                self._kept.move_to_end(key)
            while len(self._kept) > MOST:
                self._kept.popitem(last=False)

