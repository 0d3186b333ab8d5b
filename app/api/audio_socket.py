"""``/ws/audio``: one recording session over a WebSocket, as docs/protocol.md describes it."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Annotated, NoReturn

import anyio
from fastapi import APIRouter, Depends, WebSocket

from app.api.connection import Connection, run_beside
from app.api.dependencies import ContainerDep, Principal, SettingsDep, admit_socket
from app.api.outbox import Outbox
from app.api.schemas.analysis import final_message
from app.api.schemas.socket import ConfigMessage
from app.api.wire import Audio, ClientMessage, EndOfStream, Gap, Unknown
from app.application.container import Container
from app.application.listening.record import Recorder
from app.application.sessions.feed import FeedMessage, Finished, PartialText, PhotoInterval, Progress
from app.application.sessions.open_session import OpenedSession
from app.domain.audio.models import JournalState
from app.domain.error_fields import error_fields
from app.domain.errors import Conflict, GatewayError, InvalidInput, NotFound, TooLarge, VigiaError
from app.domain.session.models import SessionKey
from app.domain.vision.alerts import Alert
from app.settings import Settings
from app.telemetry import session_context

router = APIRouter()
log = logging.getLogger(__name__)

PROGRESS_REPEAT_S = 4.0
"""The protocol promises progress every 5 s while a session is analysed."""


@router.websocket("/ws/audio")
async def audio_socket(
    websocket: WebSocket,
    principal: Annotated[Principal, Depends(admit_socket)],
    container: ContainerDep,
    settings: SettingsDep,
) -> None:
    """Record one session."""
    connection = Connection(
        websocket,
        max_message_bytes=settings.audio.max_message_bytes,
        idle_timeout_s=settings.audio.idle_timeout_s,
    )
    await connection.serve(AudioSession(connection, principal.owner, container, settings).run())


class AudioSession:
    """One connection's session: opened, recorded, ended, and its result delivered."""

    def __init__(self, connection: Connection, owner: str, container: Container, settings: Settings) -> None:
        self._connection = connection
        self._outbox = connection.outbox
        self._owner = owner
        self._container = container
        self._audio = settings.audio

    async def run(self) -> None:
        """Serve the session until its result was sent; any error ends it."""
        live = self._container.live
        with live.place(), contextlib.ExitStack() as claims:
            config = await self._read_config()
            self._connection.log_as(config.session_id)
            await self._container.quota.check(self._owner)
            # A session that others may know is claimed before it is touched, a new one as soon as it has a name.
            named = config.session_id and SessionKey(self._owner, config.session_id)
            if named:
                await live.wait_left(named)
            revoked = claims.enter_context(live.claim(named)) if named else None
            opened = await self._container.open_session.attach(
                self._owner, config.session_id, config.resume_token, config.session_config(), config.given()
            )
            key = opened.session.key
            self._connection.log_as(key.session_id)
            revoked = revoked or claims.enter_context(live.claim(key))
            with session_context(key.session_id), self._container.feed.subscribe(key) as feed:
                pump = asyncio.ensure_future(_pump(feed, self._outbox, self._limits))
                try:
                    await run_beside(self._serve(opened, config, pump), _stop_when(revoked))
                finally:
                    pump.cancel()

    async def _read_config(self) -> ConfigMessage:
        message = await self._connection.receive()
        if not isinstance(message, ConfigMessage):
            raise InvalidInput("the first message must be config", code="config_expected", param="type")
        return message

    async def _serve(self, opened: OpenedSession, config: ConfigMessage, pump: "asyncio.Future[int]") -> None:
        key = opened.session.key
        recorder = self._recorder(opened, config)
        ended = False
        try:
            await self._container.listening.start(key)
            self._send_ready(opened)
            await self._send_missed(opened)
            await run_beside(self._record(recorder), recorder.commit_forever(), _never_before_the_end(pump))
            self._ack(await recorder.close())
            await self._container.end_session.end(key)
            ended = True
        finally:
            if not ended:
                await self._interrupt(key, recorder)
        self._connection.allow_silence()
        version = await run_beside(asyncio.shield(pump), self._read_after_end())
        self._outbox.message(final_message(await self._container.read_session.report(key, version)))
        await self._outbox.drain(self._audio.idle_timeout_s)

    def _recorder(self, opened: OpenedSession, config: ConfigMessage) -> Recorder:
        return Recorder(
            opened.session.key,
            config.audio_format(self._audio.sample_rate_input),
            opened.journal,
            journal=self._container.journal,
            codec=self._container.codec,
            listener=self._container.listening,
            quota=self._container.quota,
            limits=self._container.recording_limits,
            on_stored=self._ack,
        )

    def _send_ready(self, opened: OpenedSession) -> None:
        self._outbox.message(
            {
                "type": "ready",
                "session_id": opened.session.key.session_id,
                "resume_token": opened.resume_token,
                "resumed": opened.resumed,
                "next_chunk_id": opened.journal.next_chunk_id,
                "audio_ms": round(opened.journal.audio_s * 1000),
                "limits": self._limits(self._container.photo_pace.interval_s(opened.session.key)),
            }
        )

    def _limits(self, photo_interval_s: float) -> dict[str, float]:
        return {
            "max_message_bytes": self._audio.max_message_bytes,
            "max_session_s": self._audio.max_session_s,
            "photo_interval_s": photo_interval_s,
        }

    async def _send_missed(self, opened: OpenedSession) -> None:
        """Tell a client that comes back what became final meanwhile."""
        lines = await self._container.missed_finals(opened.session.key) if opened.resumed else ()
        if lines:
            final = frozenset(line.segment_id for line in lines)
            self._outbox.partial(PartialText("", lines, final, opened.journal.audio_s))

    async def _record(self, recorder: Recorder) -> None:
        while True:
            message = await self._connection.receive()
            if isinstance(message, EndOfStream):
                return
            try:
                await self._take(recorder, message)
            except TooLarge as error:
                if error.code != "session_too_long":
                    raise
                # What was recorded so far is worth an analysis, so the session ends here instead of being lost.
                self._connection.notice(error)
                return

    async def _take(self, recorder: Recorder, message: ClientMessage) -> None:
        if isinstance(message, Audio):
            await recorder.audio(message.payload, message.chunk_id)
        elif isinstance(message, Gap):
            await recorder.gap(message.duration_s)
        else:
            self._connection.notice(_not_understood(message))

    async def _read_after_end(self) -> NoReturn:
        told = False
        while True:
            message: ClientMessage | None = None
            with contextlib.suppress(InvalidInput):  # ignored as well, whatever it was meant to be
                message = await self._connection.receive()
            if isinstance(message, Unknown | ConfigMessage):
                self._connection.notice(_not_understood(message))
            elif not told:
                told = True
                self._connection.notice(
                    InvalidInput("the stream has ended; this and what follows is ignored", code="stream_ended")
                )

    async def _interrupt(self, key: SessionKey, recorder: Recorder) -> None:
        try:
            await recorder.close()
        except Exception as error:  # whatever it was, the session must not seem to be live for ever
            log.warning("the last audio was not stored", extra=error_fields(error))
        try:
            await self._container.end_session.interrupt(key)
        except Exception as error:  # tried again by whoever watches over interrupted sessions
            log.warning("not marked as interrupted yet", extra=error_fields(error))

    def _ack(self, state: JournalState) -> None:
        self._outbox.ack(state.next_chunk_id - 1, state.audio_s)


async def _pump(feed: "asyncio.Queue[FeedMessage]", outbox: Outbox, limits: Callable[[float], dict[str, float]]) -> int:
    """Pass on what happens in the session until its analysis can be read; returns the analysis's version."""
    progress: Progress | None = None
    while True:
        message: FeedMessage | None = None
        with anyio.move_on_after(PROGRESS_REPEAT_S):
            message = await feed.get()
        if message is None:
            if progress is not None:
                outbox.progress(progress)
        elif isinstance(message, PartialText):
            outbox.partial(message)
        elif isinstance(message, Progress):
            progress = message
            outbox.progress(progress)
        elif isinstance(message, Alert):
            outbox.alert(message)
        elif isinstance(message, PhotoInterval):
            outbox.limits(limits(message.interval_s))
        elif isinstance(message, Finished):
            return message.version
        else:
            raise GatewayError(message.message, code="processing_failed")


async def _never_before_the_end(pump: "asyncio.Future[int]") -> NoReturn:
    await asyncio.shield(pump)
    raise Conflict("the session was ended elsewhere", code="session_ended")


async def _stop_when(revoked: asyncio.Event) -> NoReturn:
    await revoked.wait()
    raise NotFound("the session was erased", code="session_erased")


def _not_understood(message: ClientMessage) -> VigiaError:
    if isinstance(message, ConfigMessage):
        return InvalidInput("the session is configured already; this config is ignored", code="already_configured")
    return InvalidInput("this server does not know that message type", code="unknown_type", param="type")
