"""A server goes away in the middle of a session; the client resumes with the next one."""

import asyncio
from pathlib import Path

import pytest

from app.settings import Settings
from tests.server import run_server, spoken

pytestmark = pytest.mark.unit


async def test_a_session_is_resumed_after_a_restart_of_the_server(tmp_path: Path) -> None:
    settings = await asyncio.to_thread(lambda: Settings(profile="dummy", data_dir=tmp_path))
    chunks = spoken(*range(1, 41))
    async with run_server(settings) as server, server.socket() as client:
        ready = await client.configure(session_id="long")
        for chunk in chunks[:500]:
            await client.send(chunk)
        await client.acked(500)
        stopping = asyncio.create_task(client.closed())
    assert await stopping in (1001, 1006, 1012, 1000)
    async with run_server(settings) as server, server.socket() as client:
        again = await client.configure(session_id="long", resume_token=ready["resume_token"])
        assert (again["resumed"], again["next_chunk_id"]) == (True, 501)
        for chunk in chunks[500:]:
            await client.send(chunk)
        await client.send({"type": "end_of_stream"})
        assert await client.closed() == 1000
    words = " ".join(line["text"] for line in client.messages[-1]["analysis"]["transcript"]).split()
    assert words == [f"w{number}" for number in range(1, 41)]
