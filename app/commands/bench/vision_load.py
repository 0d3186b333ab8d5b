"""Sessions that stream audio at real time while something else is measured."""

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from app.commands.audio_messages import prepare_audio
from app.commands.bench.vision_client import PhotoClient
from app.commands.recording_client import Client
from app.commands.session_over_http import Message
from app.domain.audio.models import SAMPLE_RATE_HZ
from app.domain.errors import ConfigurationError, GatewayUnavailable

CHUNK_MS = 20
LONGEST_S = 2 * 3600
"""The recording is streamed again and again for so long; measuring ends before."""
SETTLE_S = 5.0
"""Streamed before anything is measured: by then every session is being recognised."""
READY_S = 30.0


@asynccontextmanager
async def streaming_sessions(
    address: str, speech: Path, sessions: int, client: PhotoClient
) -> AsyncIterator[list[str]]:
    """Stream a recording in so many sessions at once, each beginning at another moment of it; gives their ids.

    They are erased in the end, so that no analysis follows.

    Raises:
        ConfigurationError: the recording is empty.
        GatewayUnavailable: the server takes them not, or a session ended before it should.
    """
    chunks, chunk_s = await asyncio.to_thread(
        prepare_audio, speech, encoding="pcm16", sample_rate=SAMPLE_RATE_HZ, channels=1, chunk_ms=CHUNK_MS
    )
    if not chunks:
        raise ConfigurationError(f"{speech} has no audio")
    rounds = math.ceil(LONGEST_S / (len(chunks) * chunk_s))
    config = {"encoding": "pcm16", "sample_rate": SAMPLE_RATE_HZ, "channels": 1}
    ready: asyncio.Queue[str] = asyncio.Queue()

    def hear(message: Message) -> None:
        if message["type"] == "ready":
            ready.put_nowait(message["session_id"])

    playing = []
    for number in range(sessions):
        first = number * len(chunks) // sessions
        audio = (chunks[first:] + chunks[:first]) * rounds
        player = Client(f"ws://{address}/ws/audio", config, audio, chunk_s, on_message=hear)
        playing.append(asyncio.create_task(player.run()))
    ids: list[str] = []
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(READY_S):
                while len(ids) < sessions:
                    ids.append(await ready.get())
        await asyncio.sleep(SETTLE_S)
        _check(playing, ids, sessions)
        yield ids
        _check(playing, ids, sessions)
    finally:
        for task in playing:
            task.cancel()
        await asyncio.gather(*playing, return_exceptions=True)
        for session_id in ids:
            await client.erase(session_id)


def _check(playing: "list[asyncio.Task[Message]]", ids: list[str], sessions: int) -> None:
    if len(ids) < sessions or any(task.done() for task in playing):
        raise GatewayUnavailable(f"the server did not take {sessions} sessions at once until the end")
