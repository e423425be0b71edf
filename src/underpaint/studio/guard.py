"""The door: who may come in, from where, and with how much.

Asked in this order, before any of our code sees a request: is the Host this machine (a page elsewhere that points its
own name at this address is not); is the Origin our own (a page in the same browser is a stranger, also one without an
origin); does the caller know the token; and is the body within its limit, counted as it comes.
"""

import base64
import binascii
import contextlib
import hashlib
import hmac
import ipaddress
import re
import secrets
import socket
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from underpaint.studio import bodies
from underpaint.studio.bodies import Limit, Room, TooMuch, too_large
from underpaint.studio.errors import Refusal, Shapes, refuse, shaped
from underpaint.studio.settings import ServeSettings

A1111_PATHS = ("/sdapi/", "/controlnet/", "/internal/", "/sd_extra_networks/")
"""What is AUTOMATIC1111's, with its own accounts."""
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z._-]+)(?::(\d{1,5}))?")
_LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
_SECURITY = {
    "x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin", "cross-origin-resource-policy": "same-origin",
}
_CLOSED = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
"""What a browser may do with an answer that is no page: nothing."""


class Keys:
    """What opens the door: the token, A1111's accounts, the cookie of a page, and one link that is good once."""

    def __init__(self, settings: ServeSettings) -> None:
        self._token = settings.token.get_secret_value() if settings.token is not None else secrets.token_urlsafe(32)
        self._accounts = settings.accounts()
        self._ticket: str | None = None
        self.open = self._token == ""
        """Whether anybody on this machine may come in."""
        self._session = hmac.new(self._token.encode(), b"underpaint page", hashlib.sha256).hexdigest()

    def link(self) -> str:
        """Where a browser goes to be let in, once: `/?token=...`."""
        if self.open:
            return "/"
        self._ticket = secrets.token_urlsafe(24)
        return f"/?token={self._ticket}"

    def admits(self, token: str) -> bool:
        """Whether a page's link holds the token, or the ticket that nobody has used yet, which it uses up."""
        if self._ticket is not None and _same(token, self._ticket):
            self._ticket = None
            return True
        return self._knows(token)

    def cookie(self, port: int | None) -> tuple[str, str]:
        """The name and value of the cookie that a page carries; a name a port, for browsers do not tell ports apart."""
        return f"underpaint-{port or 80}", self._session

    def fits(self, headers: Headers, path: str, port: int | None) -> bool:
        """Whether a request brings what it needs."""
        if self.open and not (self._accounts and path.startswith(A1111_PATHS)):
            return True
        kind, _, word = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and self._knows(word.strip()):
            return True
        if kind.lower() == "basic" and self._account(word.strip(), path):
            return True
        if self.open:
            return False  # without a token anybody could make the cookie
        name, session = self.cookie(port)
        return any(_same(value, session) for key, value in _cookies(headers) if key == name)

    def _account(self, word: str, path: str) -> bool:
        try:
            user, _, password = base64.b64decode(word, validate=True).decode("utf-8").partition(":")
        except (binascii.Error, ValueError):
            return False
        if not path.startswith(A1111_PATHS) or not self._accounts:
            return self._knows(password)
        known = self._accounts.get(user)
        return (known is not None and _same(password, known)) or self._knows(password)

    def _knows(self, token: str) -> bool:
        return bool(self._token) and _same(token, self._token)


class Guard:
    """ASGI middleware that stands before everything else. What it refuses below the paths of `shapes` looks as another
    program would say it."""

    def __init__(self, app: ASGIApp, settings: ServeSettings, keys: Keys, shapes: Shapes | None = None) -> None:
        self._app, self._settings, self._keys, self._shapes = app, settings, keys, shapes or {}
        self._names = _LOCAL_NAMES | {name.lower() for name in (settings.host, *settings.names)}
        if not settings.local:
            machine = socket.gethostname().lower()
            self._names |= {machine, f"{machine.partition('.')[0]}.local"}
        self._origins = frozenset(origin.lower().rstrip("/") for origin in settings.origins)
        self._room = Room(bodies.MOST * settings.max_body_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # there is nothing to say over a socket
            await send({"type": "websocket.close", "code": 1008})
            return
        headers = Headers(scope=scope)
        friend = self._friend(headers)
        answer = _Answer(send, friend)
        refused = self._refused(scope, headers, friend)
        if refused is not None:
            await self._said(scope, refused)(scope, receive, answer.send)
            return
        limit = Limit(receive, self._settings.max_body_bytes, self._room)

        async def sent(message: Message) -> None:
            if limit.passed is None or answer.begun:  # else the framework answers what is not its to answer
                await answer.send(message)

        try:
            with contextlib.suppress(TooMuch):
                await self._app(scope, limit.receive, sent)
            if limit.passed is not None and not answer.begun:
                await self._said(scope, limit.passed)(scope, receive, answer.send)
        finally:
            limit.let_go()

    def _said(self, scope: Scope, refused: Refusal | Response) -> Response:
        return refused if isinstance(refused, Response) else shaped(scope["path"], refused, self._shapes)

    def _refused(self, scope: Scope, headers: Headers, friend: str | None) -> Refusal | Response | None:
        """The answer to a request that may not come in."""
        method, path = scope["method"], scope["path"]
        host = self._host(headers)
        if host is None:
            return refuse(421, "this server goes by another name", field="host",
                          hint="Ask for 127.0.0.1, or name this one with --name when starting.")
        if not self._ours(headers, scope, friend):
            return refuse(403, "pages of other places may not ask here", field="origin",
                          hint="Allow a page with --origin when starting.")
        if method == "OPTIONS" and friend is not None and "access-control-request-method" in headers:
            near = "access-control-request-private-network" in headers  # a page from the web asks for this machine
            return Response(status_code=204, headers={"access-control-allow-private-network": "true"} if near else None)
        port = host[1]
        if method == "GET" and path == "/" and b"token=" in scope["query_string"]:
            return self._let_in(scope, port)
        if not self._keys.fits(headers, path, port):
            return self._locked(path, headers)
        length = headers.get("content-length", "")
        if length.isdecimal() and int(length) > self._settings.max_body_bytes:
            return too_large(self._settings.max_body_bytes)
        return None

    def _host(self, headers: Headers) -> tuple[str, int | None] | None:
        """The name and port that were asked for, where they are this machine's: an address, which no stranger can
        give another meaning, or a name of ours."""
        named = headers.getlist("host")
        match = _HOST.fullmatch(named[0]) if len(named) == 1 else None
        if match is None:
            return None
        name, port = match[1].lower(), int(match[2]) if match[2] else None
        return (name, port) if name.rstrip(".") in self._names or _is_address(name) else None

    def _friend(self, headers: Headers) -> str | None:
        """The origin of a page elsewhere that was allowed."""
        origin = headers.get("origin")
        return origin if origin is not None and origin.lower() in self._origins else None

    def _ours(self, headers: Headers, scope: Scope, friend: str | None) -> bool:
        """Whether a request comes from our own page, an allowed one, or no page at all."""
        origins = headers.getlist("origin")
        if friend is not None:
            return len(origins) == 1
        if origins:
            scheme = scope.get("scheme", "http")
            return len(origins) == 1 and origins[0].lower() == f"{scheme}://{headers.get('host', '').lower()}"
        site = headers.get("sec-fetch-site", "none").lower()
        if site in ("none", "same-origin"):
            return True
        # Somebody follows a link to our page: it shows nothing to the page they come from.
        return scope["method"] == "GET" and scope["path"] == "/" and headers.get("sec-fetch-mode") == "navigate"

    def _let_in(self, scope: Scope, port: int | None) -> Response:
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if not self._keys.open and not self._keys.admits(given):
            return PlainTextResponse("This link was used, or belongs to another start of the server.\n"
                                     "Run underpaint serve --open, or use the link that it prints.\n", 403)
        answer = RedirectResponse("/", 303)
        if not self._keys.open:
            name, value = self._keys.cookie(port)
            answer.set_cookie(name, value, max_age=400 * 86_400, httponly=True, samesite="strict",
                              secure=scope.get("scheme") == "https")
        return answer

    def _locked(self, path: str, headers: Headers) -> Refusal | Response:
        if path == "/" and "text/html" in headers.get("accept", ""):
            return PlainTextResponse("Underpaint is here, and asks who you are.\n"
                                     "Open the link that underpaint serve prints when it starts.\n", 401)
        if path.startswith(A1111_PATHS):
            return refuse(401, "the name, the password or the token is wrong or missing", field="authorization",
                          kind="TokenError", headers={"www-authenticate": 'Basic realm="Underpaint", charset="UTF-8"'},
                          hint="Send an account of --a1111-auth, or the token as password of any name.")
        return refuse(401, "the token is missing or wrong", field="authorization", kind="TokenError",
                      headers={"www-authenticate": 'Bearer realm="Underpaint"'},
                      hint="Send it as 'Authorization: Bearer TOKEN'; underpaint serve says where it is kept.")


class _Answer:
    """Adds to every answer what tells browsers to be careful with it, and what an allowed page needs to read it."""

    def __init__(self, send: Send, friend: str | None) -> None:
        self._send, self._friend = send, friend
        self.begun = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            headers = MutableHeaders(scope=message)
            for name, value in (_SECURITY | {"content-security-policy": _CLOSED}).items():
                headers.setdefault(name, value)
            headers.add_vary_header("Origin")
            if self._friend is not None:
                headers.update(_friendly(self._friend))
        await self._send(message)


def _friendly(origin: str) -> Mapping[str, str]:
    return {"access-control-allow-origin": origin, "access-control-allow-credentials": "true",
            "access-control-allow-methods": "GET, POST, PATCH, DELETE, OPTIONS", "access-control-max-age": "600",
            "access-control-allow-headers": "authorization, content-type, idempotency-key, last-event-id, x-client",
            "access-control-expose-headers": "location, retry-after"}


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def _cookies(headers: Headers) -> list[tuple[str, str]]:
    pairs = [pair.strip().partition("=") for line in headers.getlist("cookie") for pair in line.split(";")]
    return [(name, value) for name, _, value in pairs]


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode("utf-8", "replace"))


def page_address(settings: ServeSettings, port: int, link: str) -> str:
    """The address of a page for a browser on this machine."""
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "", "::") else settings.host
    host = f"[{host}]" if ":" in host and not host.startswith("[") else host
    return urlsplit(f"http://{host}:{port}{link}").geturl()
