"""Bounds how large a request's body may be, whether its length is announced or not."""

import anyio
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

DEFAULT_BODY_BYTES = 1024 * 1024
"""Bound for routes that do not set their own: JSON bodies of this protocol are a few kilobytes."""

_LIMIT = "vigia.body_limit"
_DIGITS = 20
"""Enough to tell that an announced length is too large; Python refuses to read numbers of thousands of digits."""
_DRAIN_BYTES, _DRAIN_S, _IDLE_S = 64 * 1024 * 1024, 3.0, 0.5
"""How much of a refused body is taken, for how long in all, and waiting for its next part."""


def allow_body(scope: Scope, limit_bytes: int) -> None:
    """Raise the bound of the request of ``scope``; call it before reading the body."""
    scope[_LIMIT] = limit_bytes


class BodyLimit:
    """ASGI middleware: reading more than the bound, or any of a body announced as larger, answers 413."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count what the application reads."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope[_LIMIT] = DEFAULT_BODY_BYTES
        announced = _announced_bytes(scope)
        received = 0

        async def counted() -> Message:
            nonlocal received
            message: Message = {"type": "http.request", "more_body": True}
            if announced <= scope[_LIMIT]:
                message = await receive()
                received += len(message.get("body", b""))
            if announced > scope[_LIMIT] or received > scope[_LIMIT]:
                await _drain(message, receive)
                raise HTTPException(413, f"the body is larger than {scope[_LIMIT]} bytes", {"Connection": "close"})
            return message

        await self._app(scope, counted, send)


def _announced_bytes(scope: Scope) -> int:
    """The body's length by its header, which the server has checked; 0 if it is sent in chunks."""
    lengths = [value for name, value in scope["headers"] if name == b"content-length"]
    return max((int(value[:_DIGITS]) for value in lengths if value.isdigit()), default=0)


async def _drain(message: Message, receive: Receive) -> None:
    """Take some more of the body: clients that are cut off in the middle of it never read the answer."""
    drained = 0
    with anyio.move_on_after(_DRAIN_S):
        while message.get("more_body") and drained < _DRAIN_BYTES:
            with anyio.move_on_after(_IDLE_S) as waiting:
                message = await receive()
                drained += len(message.get("body", b""))
            if waiting.cancelled_caught:
                return
