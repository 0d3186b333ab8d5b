"""Errors that nobody foresaw: the client gets an answer, the log the place, and neither what was said."""

import asyncio
import logging
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI, WebSocket

from app.api.connection import Connection
from app.api.errors import install_error_handlers

pytestmark = pytest.mark.unit
SECRET = "my PIN is 4711"


def logged(caplog: pytest.LogCaptureFixture, event: str) -> dict[str, Any]:
    """The one line of that event, which must hold no content."""
    (record,) = [record for record in caplog.records if record.getMessage() == event]
    assert SECRET not in str(vars(record))
    return vars(record)


async def test_a_route(caplog: pytest.LogCaptureFixture) -> None:
    app = FastAPI()
    install_error_handlers(app)

    @app.get("/broken")
    async def broken() -> None:
        raise ValueError(f"cannot tokenize {SECRET!r}")

    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as http:
        answer = await http.get("/broken")
    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "internal_error"
    line = logged(caplog, "unexpected error")
    assert line["error"] == "ValueError"
    assert line["where"].startswith("tests/api/test_failures.py:")


async def test_a_socket(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return await asyncio.Future()

    async def send(message: Any) -> None:
        sent.append(message)

    websocket = WebSocket({"type": "websocket"}, receive, send)
    websocket.client_state = websocket.application_state = websocket.client_state.CONNECTED

    async def session() -> None:
        raise ValueError(f"cannot tokenize {SECRET!r}")

    await Connection(websocket, max_message_bytes=100, idle_timeout_s=5).serve(session())
    assert sent[-1]["code"] == 1011
    assert SECRET not in str(sent)
    assert logged(caplog, "socket failed")["error"] == "ValueError"
