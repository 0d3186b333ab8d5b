"""How the routes of this application differ from FastAPI's own."""

from collections.abc import Callable, Coroutine
from typing import Any

import orjson
from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocketClose

_DENIAL = "websocket.http.response"
"""The extension of ASGI servers that can answer a refused handshake with more than an empty 403."""


class StrictJsonRequest(Request):
    """Reads JSON with the parser of the sockets, so that both refuse the same (RFC 8259 alone leaves much open).

    Besides what is no JSON: bytes that are no UTF-8, halves of surrogate pairs, NaN, endless numbers, and nesting without end.
    """

    async def json(self) -> Any:
        """The body's value.

        Raises:
            json.JSONDecodeError: it has none.
        """
        return orjson.loads(await self.body())


class Route(APIRoute):
    """A route of this application."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """What FastAPI calls with each request."""
        handle = super().get_route_handler()

        async def handle_strictly(request: Request) -> Response:
            return await handle(StrictJsonRequest(request.scope, request.receive))

        return handle_strictly


async def unknown_path(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer 404 where no route is; Starlette's own refuses sockets without a word."""
    if scope["type"] == "websocket" and _DENIAL not in scope.get("extensions", {}):
        await WebSocketClose()(scope, receive, send)
        return
    raise HTTPException(404)
