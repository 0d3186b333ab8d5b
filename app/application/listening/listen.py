"""Listens to sessions while they are recorded: one task a session, fed by the journal."""

import asyncio
import logging

from app.application.listening.hear_session import SessionEar
from app.application.listening.hearing_ports import HearingPorts
from app.application.listening.listening_options import ListeningOptions
from app.domain.errors import VigiaError
from app.domain.session.models import SessionKey

log = logging.getLogger(__name__)


class LiveListening:
    """All sessions that are being listened to.

    What was recognised is stored with the place up to which it was heard in one transaction, so that a session that is
    taken up again, after ``stop`` or a crash, goes on exactly there.
    """

    def __init__(self, ports: HearingPorts, options: ListeningOptions | None = None) -> None:
        self._ports = ports
        self._options = options or ListeningOptions()
        self._ears: dict[SessionKey, SessionEar] = {}
        self._restarts: dict[SessionKey, asyncio.Task[None]] = {}

    async def start(self, key: SessionKey) -> None:
        """Begin to listen where the session was last heard; nothing happens if it is being listened to.

        Raises:
            NotFound: there is no such session.
        """
        await self._start(key, live=True)

    async def _start(self, key: SessionKey, *, live: bool) -> None:
        if key not in self._ears:
            session = await self._ports.sessions.get(key)
            segments = await self._ports.transcripts.segments(key)
            if key not in self._ears:  # another call may have been faster
                self._ears[key] = SessionEar(
                    self._ports, self._options, session, stored_segments=len(segments), live=live
                )

    def audio_arrived(self, key: SessionKey, audio_s: float) -> None:
        """The session's journal reaches ``audio_s`` now; never blocks."""
        ear = self._ears.get(key)
        if ear is None:
            return
        ear.audio_arrived(audio_s)
        if ear.failed and ear.failed_for_s >= self._options.restart_after_s and key not in self._restarts:
            self._restarts[key] = restart = asyncio.create_task(self._restart(key, audio_s))
            restart.add_done_callback(lambda _: self._restarts.pop(key, None))

    async def wait_below(self, key: SessionKey, backlog_s: float) -> None:
        """Return when less than ``backlog_s`` is left to hear, or at once if nobody listens (any more)."""
        ear = self._ears.get(key)
        if ear is not None:
            await ear.wait_below(backlog_s)

    async def finish(self, key: SessionKey) -> None:
        """Recognise everything to the journal's end. Safe to call twice, and for sessions that were never started.

        Raises:
            NotFound: there is no such session.
            GatewayError: recognition failed, and went on failing; what was heard before is stored.
        """
        ear = self._ears.get(key)
        if ear is not None and ear.failed:
            await self.stop(key)
        await self._start(key, live=False)  # an uploaded recording, or one that an earlier process left
        ear = self._ears[key]
        state = await self._ports.journal.state(key)
        try:
            await ear.finish(state.audio_s)
        finally:
            if self._ears.get(key) is ear and ear.done:
                del self._ears[key]

    async def stop(self, key: SessionKey) -> None:
        """Stop listening; what is not recognised yet can be heard again later."""
        restart = self._restarts.pop(key, None)
        if restart is not None:
            restart.cancel()
        await self._drop(key)

    async def _drop(self, key: SessionKey) -> None:
        ear = self._ears.pop(key, None)
        if ear is not None:
            await ear.stop()

    async def _restart(self, key: SessionKey, audio_s: float) -> None:
        ear = self._ears.get(key)
        if ear is None or not ear.failed:  # somebody was faster
            return
        await self._drop(key)
        try:
            await self.start(key)
        except VigiaError as error:  # the session is gone, or the store; whoever finishes it will be told
            log.warning("listening cannot go on", extra={"error": error.code})
        else:
            self.audio_arrived(key, audio_s)

    async def close(self) -> None:
        """Stop listening to all sessions."""
        for restart in list(self._restarts.values()):
            restart.cancel()
        await asyncio.gather(*(self.stop(key) for key in list(self._ears)))
