"""``python -m app simulate``: play a recording to the server as a phone would. The reference for client developers.

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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit, urlunsplit

import typer
from rich.console import Console

from app.commands.audio_messages import prepare_audio
from app.commands.options import reported
from app.commands.output import check_writable, write_json
from app.domain.errors import GatewayError, GatewayUnavailable, InvalidInput

Message = dict[str, Any]
RETRY_DELAYS_S = (0.2, 0.5, 1.0, 2.0, 5.0, *[10.0] * 7)
"""Together longer than a server needs to notice that a connection is dead (60 s); until then it answers 4409."""
FATAL_CLOSE_CODES = (1009, 4400, 4401, 4403, 4404)
CONFLICT = 4409
PONG_TIMEOUT_S = 120
"""A server that slows a fast sender reads its pings late."""
RESULT_POLL_S = 0.5


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

        headers = {"Authorization": f"Bearer {self.api_key}"} if self.api_key else {}
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
        message = _object(raw, f"what answers at {self.url} does not speak the protocol of /ws/audio", field="type")
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
        await socket.send(json.dumps({"type": "end_of_stream"}))

    async def _result_over_http(self) -> Message:
        import httpx2

        address = urlsplit(self.url)
        scheme = "https" if address.scheme == "wss" else "http"
        url = urlunsplit((scheme, address.netloc, f"/session/{self.session_id}/analysis", "", ""))
        headers = {"Authorization": f"Bearer {self.api_key}"} if self.api_key else {}
        async with httpx2.AsyncClient(headers=headers, timeout=30) as http:
            while True:
                try:
                    answer = await http.get(url)
                except httpx2.HTTPError:
                    await self._wait_before_retry(f"the server at {address.netloc} is gone")
                    continue
                self._failures = 0
                if answer.status_code != 202:
                    return _analysis(answer.status_code, answer.content, url)
                await asyncio.sleep(RESULT_POLL_S)

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


def _analysis(status: int, body: bytes, url: str) -> Message:
    answer = _object(body, f"{url} answered HTTP {status}, and no JSON")
    if status == 200:
        return answer
    error = answer.get("error")
    reason = error.get("message") if isinstance(error, dict) else None
    raise GatewayError(f"the session has no analysis: {reason or f'HTTP {status}'}")


def _object(text: str | bytes, complaint: str, *, field: str | None = None) -> Message:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise GatewayError(complaint) from error
    if not isinstance(value, dict) or field not in {None, *value}:
        raise GatewayError(complaint)
    return value


def simulate(
    audio: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="WAV, FLAC, Ogg or MP3.")],
    url: Annotated[str, typer.Option(help="The server's socket.")] = "ws://127.0.0.1:8000/ws/audio",
    encoding: Annotated[str, typer.Option(help="pcm16 or opus.")] = "pcm16",
    sample_rate: Annotated[int, typer.Option(min=8000, max=48000, help="In Hz, for pcm16.")] = 16_000,
    channels: Annotated[int, typer.Option(min=1, max=2, help="For pcm16.")] = 1,
    chunk_ms: Annotated[int, typer.Option(min=10, max=1000, help="Audio a message, for pcm16.")] = 20,
    speed: Annotated[float, typer.Option(min=0, help="Times real time; 0 = as fast as the server takes it.")] = 1.0,
    base64_messages: Annotated[bool, typer.Option("--base64", help="JSON messages instead of binary.")] = False,
    drop_after: Annotated[
        float | None, typer.Option(help="Break the connection after S seconds of audio, then resume.")
    ] = None,
    session_id: Annotated[str | None, typer.Option(help="Name of the session; default: the server makes one.")] = None,
    language: Annotated[str | None, typer.Option(help="ISO 639-1; default: detected.")] = None,
    summary_language: Annotated[str | None, typer.Option(help="ISO 639-1; default: the transcript's.")] = None,
    vocabulary: Annotated[str | None, typer.Option(help="Names and jargon, separated by commas.")] = None,
    timezone: Annotated[str | None, typer.Option(help="IANA name, such as Europe/Madrid.")] = None,
    speakers: Annotated[int | None, typer.Option(min=1, help="How many people speak, if known.")] = None,
    diarize: Annotated[bool, typer.Option(help="Tell speakers apart.")] = True,
    api_key: Annotated[str | None, typer.Option(envvar="VIGIA_API_KEY", help="For servers that ask for one.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the analysis to this file.")] = None,
    quiet: Annotated[bool, typer.Option(help="Show nothing but errors.")] = False,
) -> None:
    """Play a recording to the server as a phone would, and show what comes back."""
    from app.commands.live_transcript import LiveTranscript
    from app.commands.show_analysis import show_analysis

    console = Console(quiet=quiet)
    wanted = {
        "session_id": session_id,
        "encoding": encoding,
        "sample_rate": sample_rate,
        "channels": 1 if encoding == "opus" else channels,
        "language": language,
        "summary_language": summary_language,
        "vocabulary": [word.strip() for word in vocabulary.split(",")] if vocabulary else None,
        "timezone": timezone,
        "speakers": speakers,
        "diarize": diarize,
    }
    with reported():
        if encoding not in ("pcm16", "opus"):
            raise InvalidInput("--encoding must be pcm16 or opus")
        check_writable(json_file)
        chunks, chunk_s = prepare_audio(
            audio,
            encoding="opus" if encoding == "opus" else "pcm16",
            sample_rate=sample_rate,
            channels=channels,
            chunk_ms=chunk_ms,
        )
        with LiveTranscript(console, total_s=len(chunks) * chunk_s) as live:
            client = Client(
                url,
                {name: value for name, value in wanted.items() if value is not None},
                chunks,
                chunk_s,
                speed=speed,
                use_base64=base64_messages,
                drop_after_s=drop_after,
                api_key=api_key,
                on_message=live.show,
            )
            analysis = asyncio.run(client.run())
        show_analysis(console, analysis)
        write_json(json_file, analysis)
