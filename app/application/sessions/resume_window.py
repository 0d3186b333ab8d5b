"""Sessions that were cut off are finished once nobody came back to resume them."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from app.application.sessions.end_session import FINISH_JOB, EndSession
from app.application.sessions.every_event import CONNECTED, IMPORTED, IMPORTING, every_event
from app.application.sessions.every_session import every_session
from app.application.sessions.live import LiveSessions
from app.domain.audio.gateway import AudioJournal
from app.domain.error_fields import error_fields
from app.domain.errors import Conflict, NotFound
from app.domain.session.gateway import EventLog, JobRunner, SessionStore
from app.domain.session.models import Session, SessionEvent, SessionKey, SessionState

CHECK_INTERVAL_S = 5.0
"""How late a session may be finished after its window: little beside the two minutes of the window."""

RESUBMIT_INTERVAL_S = 60.0
"""How often work is asked for again that must have been given up, such as while the disk was full."""

log = logging.getLogger(__name__)


class ResumeWindow:
    """Watches over interrupted sessions, and over ended ones whose work got lost."""

    def __init__(
        self,
        sessions: SessionStore,
        journal: AudioJournal,
        events: EventLog,
        jobs: JobRunner,
        live: LiveSessions,
        end_session: EndSession,
        erase: Callable[[SessionKey], Awaitable[None]],
        *,
        window_s: float,
        check_interval_s: float = CHECK_INTERVAL_S,
        resubmit_interval_s: float = RESUBMIT_INTERVAL_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._sessions = sessions
        self._journal = journal
        self._events = events
        self._jobs = jobs
        self._live = live
        self._end_session = end_session
        self._erase = erase
        self._window_s = window_s
        self._check_interval_s = check_interval_s
        self._resubmit_interval_s = resubmit_interval_s
        self._clock = clock

    async def take_over(self) -> None:
        """Take over what the last process left; call it once, before connections are accepted.

        Sessions that were live or interrupted get the whole window again: their clients could not reach the server.
        """
        async for session in every_session(self._sessions, states=(SessionState.OPEN, SessionState.INTERRUPTED)):
            events = await every_event(self._events, session.key)
            if not await self._settled(session, events):
                continue
            if session.state is SessionState.INTERRUPTED:
                await self._sessions.save(replace(session, interrupted_at=self._clock()))
            elif any(event.kind == CONNECTED for event in events):  # others were only made, over HTTP
                await self._end_session.interrupt(session.key)
            elif (await self._journal.state(session.key)).audio_s > 0 and any(
                event.kind == IMPORTING and event.payload["ends"] for event in events
            ):
                await self._end_session.end(session.key)
        await self.resubmit()

    async def watch(self) -> None:
        """Finish what is due, for as long as the server runs."""
        resubmitted_at = time.monotonic()
        while True:
            await asyncio.sleep(min(self._check_interval_s, max(self._window_s / 4, 0.01)))
            try:
                await self.finish_due()
                if time.monotonic() - resubmitted_at >= self._resubmit_interval_s:
                    resubmitted_at = time.monotonic()
                    await self.resubmit()
            except Exception as exc:  # whatever it was, sessions must be looked after tomorrow too
                log.warning("looking after interrupted sessions failed", extra=error_fields(exc))

    async def finish_due(self) -> None:
        """End every session whose window is over; the window of one that was cut off begins once that can be stored."""
        for key in self._end_session.cut_off:
            with contextlib.suppress(Conflict, NotFound), self._live.claim(key):  # unless it was resumed or erased
                await self._end_session.interrupt(key)
        async for session in every_session(self._sessions, states=(SessionState.INTERRUPTED,)):
            if self._clock() - (session.interrupted_at or 0.0) >= self._window_s:
                await self._finish(session)

    async def resubmit(self) -> None:
        """Ask for the work of every session that has ended without a result; what is under way is not disturbed."""
        async for session in every_session(self._sessions, states=(SessionState.PROCESSING,)):
            await self._jobs.submit(session.key, FINISH_JOB)

    async def _settled(self, session: Session, events: Sequence[SessionEvent]) -> bool:
        """Take back, or else note, a recording over which the last process died; False if nothing is left of the session."""
        audio = [event for event in events if event.kind in (IMPORTING, IMPORTED, CONNECTED)]
        if not audio or audio[-1].kind != IMPORTING:
            return True
        cut = audio[-1].payload
        if cut["made"]:
            await self._erase(session.key)  # so that it can be sent again
            return False
        if cut["first"]:
            await self._journal.delete(session.key)
        await self._events.append(session.key, IMPORTED, {"whole": cut["first"]})
        return True

    async def _finish(self, session: Session) -> None:
        context = {"session_id": session.key.session_id}
        try:
            with self._live.claim(session.key):  # nobody can resume it from here on
                if (await self._sessions.get(session.key)).state is SessionState.INTERRUPTED:
                    log.info("nobody resumed the session", extra=context)
                    await self._end_session.end(session.key)
        except (Conflict, NotFound):
            log.info("the session was resumed or erased at the last moment", extra=context)
