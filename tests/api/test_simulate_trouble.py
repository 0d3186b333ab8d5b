"""What the reference client makes of servers, or what stands before them, that do not answer as they should."""

import asyncio
import json
from collections.abc import AsyncIterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpcore2  # noqa: F401 httpx2 imports it at its first use, which would block the event loop
import pytest
from typer.testing import CliRunner
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

from app.cli import app
from app.commands.recording_client import Client
from app.domain.errors import GatewayError, GatewayUnavailable, VigiaError
from tests.server import RunningServer
from tests.wav_files import write_words

pytestmark = pytest.mark.unit
READY = {
    "type": "ready",
    "session_id": "a",
    "resume_token": "t",
    "next_chunk_id": 1,
    "limits": {"max_message_bytes": 65_536},
}
FINAL = {"type": "final_result", "text": ""}
Answer = tuple[int, bytes] | None
"""Status and body over HTTP; None breaks the connection."""


class OddServer:
    """Ends every session at once, and gives prepared answers to whoever asks for the analysis."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.messages: list[Any] = [READY, FINAL]
        self.port = 0

    def client(self, **options: Any) -> Client:
        return Client(f"ws://127.0.0.1:{self.port}/ws/audio", {}, [], 0.02, retry_delays_s=(0.01, 0.01), **options)

    async def session(self, socket: ServerConnection) -> None:
        await socket.recv()
        for message in self.messages:
            await socket.send(message if isinstance(message, str) else json.dumps(message))
        await socket.wait_closed()

    async def over_http(self, connection: ServerConnection, request: Request) -> Response | None:
        if request.path == "/ws/audio":
            return None
        answer = self.answers.pop(0)
        if answer is None:
            connection.transport.abort()
            await asyncio.sleep(0)
            answer = (500, b"")
        response = connection.respond(HTTPStatus(answer[0]), "")
        return Response(response.status_code, response.reason_phrase, response.headers.__class__(), answer[1])


@pytest.fixture
async def odd() -> AsyncIterator[OddServer]:
    odd = OddServer()
    running: Server = await serve(odd.session, "127.0.0.1", 0, process_request=odd.over_http)
    odd.port = next(iter(running.sockets)).getsockname()[1]
    async with running:
        yield odd


async def test_the_analysis_is_asked_for_until_it_is_there(odd: OddServer) -> None:
    odd.answers = [None, (202, b"{}"), None, (200, b'{"summary": "all well"}')]
    assert await odd.client().run() == {"summary": "all well"}


@pytest.mark.parametrize(
    ("answers", "error", "told"),
    [
        ([None, None, None], GatewayUnavailable, "is gone"),
        ([(200, b"<html>Welcome to the hotel")], GatewayError, "HTTP 200, and no JSON"),
        ([(200, b"[1]")], GatewayError, "HTTP 200, and no JSON"),
        ([(502, b"Bad Gateway")], GatewayError, "HTTP 502, and no JSON"),
        ([(404, b'{"error": {"message": "no such session"}}')], GatewayError, "no such session"),
        ([(500, b'{"detail": 1}')], GatewayError, "no analysis: HTTP 500"),
    ],
)
async def test_other_answers_are_a_sentence(
    odd: OddServer, answers: list[Answer], error: type[VigiaError], told: str
) -> None:
    odd.answers = answers
    with pytest.raises(error, match=told):
        await odd.client().run()


@pytest.mark.parametrize("message", ["hello", "[]", '"ready"', "{}"])
async def test_a_socket_that_speaks_something_else_is_a_sentence(odd: OddServer, message: str) -> None:
    odd.messages = [message]
    with pytest.raises(GatewayError, match="does not speak the protocol"):
        await odd.client().run()


async def test_an_address_that_is_no_socket_is_told_with_its_status(server: RunningServer) -> None:
    address = server.url.replace("http", "ws")
    with pytest.raises(GatewayUnavailable, match=r"/nope answers HTTP 404 .* ends in /ws/audio"):
        await Client(f"{address}/nope", {}, [], 0.02).run()
    with pytest.raises(GatewayUnavailable, match="/health answers HTTP"):
        await Client(f"{address}/health", {}, [], 0.02).run()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no disk that is always full")
async def test_an_analysis_that_cannot_be_written_is_shown(server: RunningServer, tmp_path: Path) -> None:
    recording = await asyncio.to_thread(write_words, tmp_path / "a.wav", [1, 2])
    address = server.url.replace("http", "ws") + "/ws/audio"
    arguments = ["simulate", "--audio", str(recording), "--url", address, "--speed", "0", "--json", "/dev/full"]
    done = await asyncio.to_thread(CliRunner().invoke, app, arguments)
    assert done.exit_code == 1
    assert "w1 w2" in done.stdout
    assert (
        done.stderr
        == "error: /dev/full cannot be written to (No space left on device); choose another place with --json\n"
    )
