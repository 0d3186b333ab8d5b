"""A client that plays a recording to the server as a phone would. The reference for client developers.

A well-behaved client of ``/ws/audio``
  1. sends ``config`` first and reads ``ready``;
  2. numbers its audio messages from 1 (they are numbered by their order) and keeps each until an ``ack`` covers it;
  3. when the connection breaks, waits a little longer each time, opens a new one with the session's id and
     resume token, and goes on from ``ready.next_chunk_id``;
  4. sends ``end_of_stream`` and waits for ``final_result``; if the connection breaks by then, it resumes as before,
     and asks over HTTP once the server answers that the session has ended.
"""

import asyncio
import base64
import contextlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from app.commands.session_over_http import Message, analysis_when_made, authorization, json_object, open_http
from app.domain.errors import GatewayUnavailable, InvalidInput

RETRY_DELAYS_S = (0.2, 0.5, 1.0, 2.0, 5.0, *[10.0] * 7)
"""Together longer than a server needs to notice that a connection is dead (60 s); until then it answers 4409."""
FATAL_CLOSE_CODES = (1009, 4400, 4401, 4403, 4404)
CONFLICT = 4409
PONG_TIMEOUT_S = 120
"""A server that slows a fast sender reads its pings late."""


@dataclass
class Client:
    """One recording session.

    Attributes:
        url: such as ``ws://127.0.0.1:8000/ws/audio``.
        config: fields of the ``config`` message.
        chunks: the audio messages, in order.
        chunk_s: how much audio each holds, in seconds.
        speed: times real time; 0 = as fast as the server takes it.
        use_base64: send ``audio_chunk`` JSON instead of binary messages.
        drop_after_s: break the connection once, after so much audio, to show that nothing is lost.
        api_key: for servers that ask for one.
        on_message: called with every message of the server.
        on_sent: called with how much audio has been sent, in seconds.
        before_end: awaited when all audio has been sent, before ``end_of_stream``; again after each connection that broke then.
        retry_delays_s: how long to wait before each next try; after the last, the server is given up.
    """

    url: str
    config: Mapping[str, Any]
    chunks: Sequence[bytes]
    chunk_s: float
    speed: float = 1.0
    use_base64: bool = False
    drop_after_s: float | None = None
    api_key: str | None = None
    on_message: Callable[[Message], None] = lambda message: None
    on_sent: Callable[[float], None] = lambda sent_s: None
    before_end: Callable[[], Awaitable[None]] | None = None
    retry_delays_s: Sequence[float] = RETRY_DELAYS_S
    session_id: str | None = None
    resume_token: str | None = None
    final: Message | None = None
    error: Message | None = None
    _failures: int = field(default=0, init=False)

    async def run(self) -> Message:
        """Play the whole session and return the analysis.

        Raises:
            InvalidInput: the server refuses what was sent; trying again would not help.
            GatewayUnavailable: the server cannot be reached.
            GatewayError: the session ended without an analysis.
        """
        from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

        while self.final is None:
            try:
                await self._one_connection()
            except ConnectionClosed as closed:
                code = closed.rcvd.code if closed.rcvd else 1006
                if code == CONFLICT and self.error and self.error["code"] == "session_ended":
                    if self.session_id is None:  # it ended before, with other audio
                        raise InvalidInput(self._refusal(code)) from closed
                    return await self._result_over_http()
                if code in FATAL_CLOSE_CODES:
                    raise InvalidInput(self._refusal(code)) from closed
                await self._wait_before_retry(self._refusal(code))
            except InvalidURI as error:
                raise InvalidInput(
                    f"{self.url} is no socket's address, such as ws://127.0.0.1:8000/ws/audio"
                ) from error
            except (OSError, InvalidHandshake) as error:
                if self.session_id is None:
                    raise GatewayUnavailable(self._absence(error)) from error
                await self._wait_before_retry(f"the server at {self.url} is gone")
        if "analysis" not in self.final:
            return await self._result_over_http()
        analysis: Message = self.final["analysis"]
        return analysis

    async def _wait_before_retry(self, reason: str) -> None:
        if self._failures == len(self.retry_delays_s):
            raise GatewayUnavailable(reason)
        await asyncio.sleep(self.retry_delays_s[self._failures])
        self._failures += 1

    async def _one_connection(self) -> None:
        from websockets.asyncio.client import connect

        headers = authorization(self.api_key)
        async with connect(
            self.url, compression=None, max_size=None, ping_timeout=PONG_TIMEOUT_S, additional_headers=headers
        ) as socket:
            again = {"session_id": self.session_id, "resume_token": self.resume_token} if self.resume_token else {}
            await socket.send(json.dumps({"type": "config", **self.config, **again}))
            ready = self._take(await socket.recv())
            if ready["type"] != "ready":
                await socket.wait_closed()
                await socket.recv()  # raises ConnectionClosed with the server's code
            self.session_id, self.resume_token = ready["session_id"], ready["resume_token"]
            self._failures = 0
            self._check_sizes(ready["limits"]["max_message_bytes"])
            sending = asyncio.create_task(self._send_audio(socket, ready["next_chunk_id"]))
            try:
                async for raw in socket:
                    if self._take(raw)["type"] == "final_result":
                        return
                await socket.recv()  # closed without a result: raises ConnectionClosed with the server's code
            finally:
                sending.cancel()
                with contextlib.suppress(asyncio.CancelledError, Exception):
                    await sending

    def _check_sizes(self, most_bytes: int) -> None:
        longest = max(map(len, self.chunks), default=0)
        if (longest * 4 // 3 + 100 if self.use_base64 else longest) > most_bytes:
            raise InvalidInput(f"the server takes messages of {most_bytes} bytes at most: send less audio in each")

    def _take(self, raw: str | bytes) -> Message:
        message = json_object(raw, f"what answers at {self.url} does not speak the protocol of /ws/audio", field="type")
        if message["type"] == "final_result":
            self.final = message
        elif message["type"] == "error":
            self.error = message
        self.on_message(message)
        return message

    async def _send_audio(self, socket: Any, next_chunk_id: int) -> None:
        """Send what the server does not have yet, at the wanted pace, then the end."""
        clock = asyncio.get_running_loop().time
        began = clock()
        for count, chunk_id in enumerate(range(next_chunk_id, len(self.chunks) + 1)):
            if self.speed > 0:
                await asyncio.sleep(began + count * self.chunk_s / self.speed - clock())
            if self.drop_after_s is not None and chunk_id * self.chunk_s > self.drop_after_s:
                self.drop_after_s = None
                socket.transport.abort()  # as a phone that loses its network: no closing handshake
                return
            payload = self.chunks[chunk_id - 1]
            if self.use_base64:
                data = base64.b64encode(payload).decode()
                await socket.send(json.dumps({"type": "audio_chunk", "chunk_id": chunk_id, "data_b64": data}))
            else:
                await socket.send(payload)
            self.on_sent(chunk_id * self.chunk_s)
        if self.before_end is not None:
            await self.before_end()
        await socket.send(json.dumps({"type": "end_of_stream"}))

    async def _result_over_http(self) -> Message:
        async with open_http(self.url, self.api_key) as http:
            return await analysis_when_made(http, self.session_id or "", self._http_is_gone)

    async def _http_is_gone(self, gone: bool) -> None:
        if gone:
            await self._wait_before_retry(f"the server at {urlsplit(self.url).netloc} is gone")
        else:
            self._failures = 0

    def _absence(self, error: Exception) -> str:
        from websockets.exceptions import InvalidHandshake, InvalidStatus

        if isinstance(error, InvalidStatus):
            status = f"HTTP {error.response.status_code}"
            return f"{self.url} answers {status} and opens no socket: is the address right? It ends in /ws/audio"
        if isinstance(error, InvalidHandshake):
            return f"what answers at {self.url} is no server of ours ({error})"
        return f"no server answers at {self.url} ({error}): start one with `python -m app serve`"

    def _refusal(self, code: int) -> str:
        told = self.error["message"] if self.error else "the connection was closed"
        return f"{told} (close code {code})"
