"""A socket's connection on servers that bound messages less strictly than ours, such as plain ``uvicorn app.main:app``."""

import asyncio
from typing import Any

import pytest
from fastapi import WebSocket
from starlette.types import Message

from app.api.connection import Connection
from app.api.wire import Audio, Unknown
from app.domain.errors import TooLarge

pytestmark = pytest.mark.unit


async def connected(*events: dict[str, Any]) -> Connection:
    """A connection whose client has sent ``events``."""
    waiting: asyncio.Queue[Message] = asyncio.Queue()
    for event in ({"type": "websocket.connect"}, *({"type": "websocket.receive", **event} for event in events)):
        waiting.put_nowait(event)

    async def send(message: Message) -> None:
        assert message["type"] == "websocket.accept"

    websocket = WebSocket({"type": "websocket", "path": "/", "headers": []}, waiting.get, send)
    await websocket.accept()
    return Connection(websocket, max_message_bytes=1000, idle_timeout_s=5)


@pytest.mark.parametrize("event", [{"bytes": bytes(1001)}, {"text": "x" * 1001}, {"text": "€" * 334}])
async def test_messages_are_bounded_in_bytes(event: dict[str, Any]) -> None:
    connection = await connected(event)
    with pytest.raises(TooLarge) as caught:
        await connection.receive()
    assert caught.value.code == "message_too_large"


async def test_messages_of_just_the_bound_are_taken() -> None:
    text = '{"type": "' + "€" * 329 + '"}'
    assert len(text.encode()) == 999
    connection = await connected({"bytes": bytes(1000)}, {"text": text})
    assert await connection.receive() == Audio(bytes(1000))
    assert await connection.receive() == Unknown("€" * 64)
