"""Bodies of requests, counted as they come: each has its limit, and all that are held at once have one together."""

from starlette.exceptions import HTTPException
from starlette.types import Message, Receive

from underpaint.studio.errors import Refusal, refuse

MOST = 8
"""So many of the largest bodies are held at once; who brings more is asked to come back."""


class TooMuch(HTTPException):
    """More came than may; as the framework's own kind of error, so that whoever reads the body lets it pass."""


class Room:
    """How many bytes of bodies may still be held."""

    def __init__(self, left: int) -> None:
        self.left = left


class Limit:
    """Counts a body as it comes: alone, and with all others. `passed` says what is wrong with it."""

    def __init__(self, receive: Receive, most: int, room: Room) -> None:
        self._receive, self._most, self._room, self._held = receive, most, room, 0
        self.passed: Refusal | None = None

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            size = len(message.get("body", b""))
            self._held += size
            self._room.left -= size
            if self._held > self._most:
                self._refuse(too_large(self._most))
            elif size and self._room.left < 0:
                self._refuse(_too_many())
        return message

    def let_go(self) -> None:
        """The request is over."""
        self._room.left += self._held

    def _refuse(self, why: Refusal) -> None:
        self.passed = why
        raise TooMuch(why.status, why.problem.message, dict(why.headers))


def too_large(most: int) -> Refusal:
    """Said of a body of more than so many bytes."""
    return refuse(413, f"the body is larger than {most / 2**20:,.0f} MB", field="body", hint="Send smaller pictures.",
                  headers={"connection": "close"})


def _too_many() -> Refusal:
    return refuse(503, "too many large pictures are being handed in", field="body", hint="Ask again in a moment.",
                  kind="Busy", headers={"connection": "close", "retry-after": "5"})
