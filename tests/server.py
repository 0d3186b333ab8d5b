"""The real server in the test's own event loop, and clients for it."""

import asyncio
import contextlib
import json
import socket
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx2
import numpy as np
import uvicorn
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from app.application.container import Container
from app.commands.serve import hold_address, make_server
from app.domain.audio.pcm import to_pcm16
from app.infrastructure.transcription.dummy import tones
from app.settings import Settings

Message = dict[str, Any]
SHUTDOWN_S = 10.0
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Reading the system's certificates takes longer than starting a server, and nothing here needs them."""


@dataclass
class RunningServer:
    """A server that runs until the test ends."""

    url: str
    settings: Settings
    container: Container
    http: httpx2.AsyncClient

    def socket(self, **options: Any) -> "contextlib.AbstractAsyncContextManager[AudioClient]":
        """A connection to ``/ws/audio``."""
        return open_audio(self.url, **options)

    async def record(self, session_id: str, *parts: list[bytes] | float) -> Message:
        """Record a session; a number is a gap of so many seconds. Returns its analysis."""
        async with self.socket() as client:
            await client.configure(session_id=session_id)
            for part in parts:
                if isinstance(part, float):
                    await client.send({"type": "gap", "duration_ms": part * 1000})
                else:
                    for chunk in part:
                        await client.send(chunk)
            await client.send({"type": "end_of_stream"})
            assert await client.closed() == 1000
        analysis: Message = client.messages[-1]["analysis"]
        return analysis

    async def finished(self, session_id: str) -> Message:
        """The session's analysis, once it is there."""
        for _ in range(500):
            answer = await self.http.get(f"/session/{session_id}/analysis")
            if answer.status_code != 202:
                analysis: Message = answer.json()
                return analysis
            await asyncio.sleep(0.02)
        raise AssertionError("the session was not finished")

    async def until_state(self, session_id: str, state: str) -> None:
        """Wait until the session is in a state."""
        for _ in range(500):
            if (await self.http.get(f"/session/{session_id}")).json()["state"] == state:
                return
            await asyncio.sleep(0.02)
        raise AssertionError(f"the session is not {state}")


class AudioClient:
    """Speaks the protocol as the test tells it to; keeps every message it got."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.messages: list[Message] = []

    async def send(self, message: Message | bytes | str) -> None:
        """Send a message; objects as JSON."""
        await self.socket.send(json.dumps(message) if isinstance(message, dict) else message)

    async def receive(self, *kinds: str) -> Message:
        """The next message of one of the kinds (of any if none is given); others are kept and passed over."""
        while True:
            message: Message = json.loads(await asyncio.wait_for(self.socket.recv(), 10))
            self.messages.append(message)
            if not kinds or message["type"] in kinds:
                return message

    async def acked(self, chunk_id: int) -> Message:
        """The first acknowledgement that covers ``chunk_id``."""
        while True:
            ack = await self.receive("ack")
            if ack["chunk_id"] >= chunk_id:
                return ack

    async def configure(self, **fields: Any) -> Message:
        """Send ``config`` and return ``ready``."""
        await self.send({"type": "config", **fields})
        return await self.receive("ready")

    async def closed(self) -> int:
        """Read to the end and return the close code."""
        with contextlib.suppress(ConnectionClosed):
            while True:
                await self.receive()
        await asyncio.wait_for(self.socket.wait_closed(), 10)
        return self.socket.close_code or 1006

    async def refused(self, message: Message | bytes | str | None = None) -> tuple[str, int]:
        """Send a message that ends the connection; the error's code and the close code."""
        with contextlib.suppress(ConnectionClosed):  # refused before it could be sent
            if message is not None:
                await self.send(message)
        code = await self.closed()
        errors = [told for told in self.messages if told["type"] == "error" and told["fatal"]]
        return (errors[-1]["code"] if errors else ""), code


class PromptServer(uvicorn.Server):
    """Ends when it is told to. uvicorn's own looks ten times a second whether it should, and then waits another tenth."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._told_to_end = asyncio.Event()

    def end(self) -> None:
        """Begin to shut down."""
        self.should_exit = True
        self._told_to_end.set()

    async def main_loop(self) -> None:
        while not await self.on_tick(0):
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._told_to_end.wait(), 0.1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """With clients still there, the real one. Those that have just closed their connection get a moment."""
        for _ in range(100):
            if not self.server_state.connections:
                break
            await asyncio.sleep(0.001)
        if self.server_state.connections or self.server_state.tasks:
            return await super().shutdown(sockets)
        for server in self.servers:
            server.close()
        await self.lifespan.shutdown()


@contextlib.asynccontextmanager
async def open_audio(url: str, **options: Any) -> AsyncIterator[AudioClient]:
    """A connection to a server's ``/ws/audio``."""
    address = url.replace("http", "ws", 1) + "/ws/audio"
    async with connect(address, compression=None, max_size=None, proxy=None, **options) as socket:
        yield AudioClient(socket)


@contextlib.asynccontextmanager
async def run_server(settings: Settings) -> AsyncIterator[RunningServer]:
    """A server on a free loopback port while the block runs."""
    listener = await asyncio.to_thread(hold_address, "127.0.0.1", 0)
    server = PromptServer((await asyncio.to_thread(make_server, settings)).config)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    serving = asyncio.create_task(_serve(server, listener))
    try:
        while not server.started:
            if serving.done():
                serving.result()
            await asyncio.sleep(0.005)
        app: Any = server.config.app
        async with httpx2.AsyncClient(base_url=url, timeout=20, trust_env=False, verify=NO_TLS) as http:
            yield RunningServer(url, settings, app.state.container, http)
    finally:
        server.end()
        if not serving.done():
            await asyncio.wait_for(serving, SHUTDOWN_S)
        listener.close()


async def _serve(server: uvicorn.Server, listener: socket.socket) -> None:
    try:
        await server.serve(sockets=[listener])
    except SystemExit:
        raise AssertionError("the server did not start; the log says why") from None


def spoken(*numbers: int) -> list[bytes]:
    """Words that the dummy recogniser understands, as 20 ms pcm16 messages."""
    raw = to_pcm16(np.concatenate([tones(numbers), np.zeros(16_000, np.float32)]))
    return [raw[start : start + 640] for start in range(0, len(raw), 640)]
