"""What waits to be sent, and who is thrown out."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from app.api.outbox import MAX_WAITING, Outbox
from app.domain.errors import Overloaded
from tests.server import RunningServer

pytestmark = pytest.mark.unit


@asynccontextmanager
async def running(outbox: Outbox) -> AsyncIterator["asyncio.Task[None]"]:
    task = asyncio.create_task(outbox.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def notice(code: str) -> dict[str, Any]:
    return {"type": "error", "code": code}


async def test_a_notice_that_waits_is_not_queued_again() -> None:
    sent: list[str] = []

    async def send(text: str) -> None:
        sent.append(json.loads(text)["code"])

    outbox = Outbox(send)
    for _ in range(10 * MAX_WAITING):
        outbox.notice(notice("unknown_type"))
    outbox.notice(notice("stream_ended"))
    async with running(outbox):
        await outbox.drain(5)
        outbox.notice(notice("unknown_type"))
        await outbox.drain(5)
    assert sent == ["unknown_type", "stream_ended", "unknown_type"]


async def test_who_takes_nothing_is_too_slow() -> None:
    async def never(text: str) -> None:
        await asyncio.Event().wait()

    outbox = Outbox(never, send_timeout_s=0.05)
    async with running(outbox) as task:
        outbox.notice(notice("unknown_type"))
        await asyncio.wait([task], timeout=5)
        with pytest.raises(Overloaded) as caught:
            task.result()
    assert caught.value.code == "slow_reader"


def test_messages_that_cannot_be_merged_are_bounded() -> None:
    async def send(text: str) -> None:
        raise AssertionError

    outbox = Outbox(send)
    for number in range(MAX_WAITING):
        outbox.message({"number": number})
    with pytest.raises(Overloaded):
        outbox.message({"number": MAX_WAITING})


async def test_a_client_that_reads_is_not_thrown_out_by_a_flood_of_unknown_messages(server: RunningServer) -> None:
    async with server.socket() as client:
        await client.configure()
        reading = asyncio.create_task(client.closed())
        for _ in range(500):
            for message in ({"type": "heartbeat"}, {"type": "config"}, bytes(640)):
                await client.send(message)
        await client.send({"type": "end_of_stream"})
        assert await reading == 1000
    codes = {message["code"] for message in client.messages if message["type"] == "error"}
    assert codes == {"unknown_type", "already_configured"}
    acks = [message for message in client.messages if message["type"] == "ack"]
    assert acks[-1]["chunk_id"] == 500
