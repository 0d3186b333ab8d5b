"""Bounds how large a request's body may be, whether its length is announced or not."""

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

DEFAULT_BODY_BYTES = 1024 * 1024
"""Bound for routes that do not set their own: JSON bodies of this protocol are a few kilobytes."""

_LIMIT = "vigia.body_limit"


def allow_body(scope: Scope, limit_bytes: int) -> None:
    """Raise the bound of the request of ``scope``; call it before reading the body."""
    scope[_LIMIT] = limit_bytes


class BodyLimit:
    """ASGI middleware: reading more than the bound answers 413."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count what the application reads."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope[_LIMIT] = DEFAULT_BODY_BYTES
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > scope[_LIMIT]:
                raise HTTPException(413, f"the body is larger than {scope[_LIMIT]} bytes", {"Connection": "close"})
            return message

        await self._app(scope, counted, send)
