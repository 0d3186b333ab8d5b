"""Puts the session that a request names on every log line written for it."""

import re

from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.schemas.fields import SESSION_ID_PATTERN
from app.telemetry import session_id_var

_SESSION_ID = re.compile(SESSION_ID_PATTERN)


class SessionLogContext:
    """ASGI middleware for HTTP; a socket learns its session later, from its first message.

    Nothing is reset afterwards: whoever answers and logs what the application did not expect stands outside of every
    middleware, and each request has a context of its own, or sets this anew (pipelined ones start in that of their forerunner).
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Note the session's id, or that there is none."""
        if scope["type"] == "http":
            session_id_var.set(_named(scope, scope["app"].routes))
        await self._app(scope, receive, send)


def _named(scope: Scope, routes: list[BaseRoute]) -> str | None:
    """The path's session id, if it is one: until it is checked, it is whatever somebody sent."""
    for route in routes:
        match, found = route.matches(scope)
        if match is not Match.NONE:
            session_id = found["path_params"].get("session_id", "")
            return session_id if _SESSION_ID.fullmatch(session_id) else None
    return None
