"""A whole session, as a phone plays it: a recording with photos taken meanwhile, or photos alone."""

import asyncio
import contextlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from app.commands.photo_client import RETRY_DELAYS_S, PhotoClient
from app.commands.recording_client import Client
from app.commands.session_over_http import Message, analysis_when_made, open_http, result
from app.domain.errors import GatewayUnavailable


class Playback:
    """How far a recording has been played."""

    def __init__(self, total_s: float) -> None:
        """Prepare; ``total_s`` is how long it is."""
        self._total_s = total_s
        self._reached_s = 0.0
        self._over = False
        self._moved = asyncio.Event()

    @property
    def over(self) -> bool:
        """All of it has been sent."""
        return self._over

    def reached(self, offset_s: float) -> None:
        """So much of it has been sent."""
        self._reached_s = max(self._reached_s, offset_s)
        self._moved.set()

    def end(self) -> None:
        """Nothing more of it will be sent."""
        self._over = True
        self._moved.set()

    async def until(self, offset_s: float) -> bool:
        """See ``Moments``."""
        while offset_s > self._reached_s and not self._over:
            self._moved.clear()
            await self._moved.wait()
        return offset_s < self._total_s


class Pace:
    """Moments of a session that lasts as long as there is something to send; ``speed`` as in ``simulate``."""

    over = False

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._clock = asyncio.get_running_loop().time
        self._began = self._clock()

    async def until(self, offset_s: float) -> bool:
        """See ``Moments``."""
        if self._speed > 0:
            await asyncio.sleep(self._began + offset_s / self._speed - self._clock())
        return True


def began_at(now: float, total_s: float, speed: float) -> float:
    """When a session began that is played from now on, so that nothing of it lies in the future when it is sent.

    Args:
        now: unix seconds.
        total_s: how long the recording is.
        speed: times real time; 0 = at once.
    """
    playing_s = total_s / speed if speed > 0 else 0.0
    return now - max(0.0, total_s - playing_s)


async def play_with_photos(client: Client, photos: PhotoClient, paths: Iterable[Path]) -> Message:
    """Play a recording, and send photos while it lasts; the analysis.

    Those that are left when all audio has been sent go before ``end_of_stream``, to be described after it.

    Raises:
        VigiaError: as for ``Client.run``; never because of a photo.
    """
    playback = Playback(len(client.chunks) * client.chunk_s)
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    show = client.on_message

    def on_message(message: Message) -> None:
        photos.follow(message.get("limits") or {})
        if message["type"] == "ready" and not ready.done():
            ready.set_result(message["session_id"])
        show(message)

    async def send() -> None:
        await photos.run(await ready, paths, playback)

    async def send_the_rest() -> None:
        playback.end()
        await asyncio.wait({sending})  # cancelled alone if the connection breaks: the photos go on

    sending = asyncio.create_task(send())
    client.on_message, client.on_sent, client.before_end = on_message, playback.reached, send_the_rest
    try:
        analysis = await client.run()
        playback.end()
        await sending
        return analysis
    finally:
        sending.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await sending


async def play_photos(photos: PhotoClient, paths: Sequence[Path], fields: Mapping[str, Any], speed: float) -> Message:
    """Make a session of photos alone, each sent once, and end it; the analysis.

    Args:
        photos: sends them.
        paths: theirs.
        fields: of ``POST /session``.
        speed: times real time; 0 = one as soon as the one before is described.

    Raises:
        GatewayUnavailable: the server cannot be reached.
        GatewayError: it refuses the session, or the session has no analysis.
    """
    import httpx2

    failures = 0

    async def is_gone(gone: bool) -> None:
        nonlocal failures
        failures = failures + 1 if gone else 0
        if failures > len(RETRY_DELAYS_S):
            raise GatewayUnavailable(f"the server at {photos.url} is gone")
        if gone:
            await asyncio.sleep(RETRY_DELAYS_S[failures - 1])

    try:
        async with open_http(photos.url, photos.api_key) as http:
            made = result(await http.post("/session", json=dict(fields)), "no session was made")
            session_id = str(made.get("session_id"))
            await photos.run(session_id, paths, Pace(speed))
            result(await http.post(f"/session/{session_id}/finish"), "the session could not be ended")
            return await analysis_when_made(http, session_id, is_gone)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise GatewayUnavailable(
            f"no server answers at {photos.url} ({error}): start one with `python -m app serve`"
        ) from error
