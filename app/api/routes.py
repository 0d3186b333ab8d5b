"""How the routes of this application differ from FastAPI's own."""

from collections.abc import Callable, Coroutine
from typing import Any

import orjson
from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.routing import Match
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

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """A route that answers GET answers HEAD, too."""
        match, child_scope = super().matches(scope)
        if match is Match.PARTIAL and self._answers_head(scope):
            match = Match.FULL
        return match, child_scope

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request. Of the answer to HEAD the server sends no body."""
        if self._answers_head(scope):
            await self.app(scope, receive, send)
        else:
            await super().handle(scope, receive, send)

    def _answers_head(self, scope: Scope) -> bool:
        return scope["method"] == "HEAD" and "GET" in (self.methods or ())


def allowed_methods(request: Request) -> str:
    """Every method that the request's path has, as the header ``Allow`` lists them."""
    routes = [route for route in request.app.routes if route.matches(request.scope)[0] is not Match.NONE]
    methods = {method for route in routes for method in getattr(route, "methods", None) or ()}
    return ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))


async def unknown_path(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer 404 where no route is; Starlette's own refuses sockets without a word."""
    if scope["type"] == "websocket" and _DENIAL not in scope.get("extensions", {}):
        await WebSocketClose()(scope, receive, send)
        return
    raise HTTPException(404)
