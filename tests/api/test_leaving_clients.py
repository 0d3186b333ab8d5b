"""Clients that go away, and what they may do next."""

import asyncio
from urllib.parse import urlsplit

import pytest

from tests.server import RunningServer, spoken

pytestmark = pytest.mark.unit


async def test_a_session_whose_socket_just_closed_can_be_ended(server: RunningServer) -> None:
    async with server.socket() as client:
        await client.configure(session_id="left")
        for chunk in spoken(1, 2):
            await client.send(chunk)
    answer = await server.http.post("/session/left/finish")
    assert answer.status_code == 202
    assert (await server.finished("left"))["transcript"][0]["text"] == "w1 w2"


async def test_an_upload_that_is_cut_off_is_no_fault_of_the_server(
    server: RunningServer, caplog: pytest.LogCaptureFixture
) -> None:
    address = urlsplit(server.url)
    _, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(b"POST /session/cut/audio HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999\r\n\r\nRIFF")
    await writer.drain()
    writer.transport.abort()
    with caplog.at_level("INFO", "app.api.errors"):
        assert await _logged(caplog, "client left in the middle of a request")
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
    assert (await server.http.get("/session/cut")).status_code == 404


async def test_log_lines_about_a_connection_name_its_session(
    server: RunningServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "app.api.connection")
    async with server.socket() as client:
        await client.configure(session_id="named")
        async with server.socket() as second:
            assert await second.refused({"type": "config", "session_id": "named"}) == ("session_live", 4409)
        assert await client.refused("{broken") == ("invalid_json", 4400)
    async with server.socket() as client:
        ready = await client.configure()
        client.socket.transport.abort()
        assert await _logged(caplog, "client left")
    lines = [(line.message, getattr(line, "session_id", None)) for line in caplog.records]
    refused = ("socket refused", "named")
    assert lines == [refused, refused, ("client left", ready["session_id"])]


async def _logged(caplog: pytest.LogCaptureFixture, message: str) -> bool:
    for _ in range(500):
        if message in caplog.messages:
            return True
        await asyncio.sleep(0.01)
    return False
