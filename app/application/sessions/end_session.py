"""A recording ends, or is cut off."""

import time
from dataclasses import replace

from app.application.sessions.every_event import INTERRUPTED
from app.domain.audio.gateway import AudioJournal
from app.domain.errors import NotFound
from app.domain.session.gateway import EventLog, JobRunner, SessionStore
from app.domain.session.models import Session, SessionKey, SessionState

FINISH_JOB = "finish_session"
"""Name of the post-session work."""

ANALYZE_JOB = "analyze_session"
"""Name of the work that makes one more version of the analysis; stages that failed before are tried again."""


class EndSession:
    """Closes a session to further audio and has its post-session work done."""

    def __init__(self, sessions: SessionStore, journal: AudioJournal, events: EventLog, jobs: JobRunner) -> None:
        self._sessions = sessions
        self._journal = journal
        self._events = events
        self._jobs = jobs
        self._cut_off: set[SessionKey] = set()

    @property
    def cut_off(self) -> tuple[SessionKey, ...]:
        """Sessions whose interruption could not be stored yet, such as while the disk was full."""
        return tuple(self._cut_off)

    async def end(self, key: SessionKey) -> Session:
        """End it; a session that has ended already stays as it is.

        Raises:
            NotFound: there is no such session.
        """
        session = await self._sessions.get(key)
        if session.state is SessionState.FINISHED:
            return session
        if session.state is not SessionState.PROCESSING:
            audio_s = (await self._journal.state(key)).audio_s
            session = replace(
                session, state=SessionState.PROCESSING, audio_s=audio_s, ended_at=time.time(), interrupted_at=None
            )
            await self._sessions.save(session)
            await self._events.append(key, "ended", {"audio_ms": round(audio_s * 1000)})
        await self._jobs.submit(key, FINISH_JOB)
        return session

    async def interrupt(self, key: SessionKey) -> None:
        """The connection was lost: wait for the client to come back. A session that has ended stays as it is.

        Raises:
            NotFound: the session was erased meanwhile.
            StorageError: it could not be stored; the session is among ``cut_off`` until it is.
        """
        self._cut_off.add(key)
        try:
            await self._store_interruption(key)
        except NotFound:
            self._cut_off.discard(key)
            raise
        self._cut_off.discard(key)

    async def _store_interruption(self, key: SessionKey) -> None:
        session = await self._sessions.get(key)
        if session.state is not SessionState.OPEN:
            return
        audio_s = (await self._journal.state(key)).audio_s
        await self._sessions.save(
            replace(session, state=SessionState.INTERRUPTED, audio_s=audio_s, interrupted_at=time.time())
        )
        await self._events.append(key, INTERRUPTED, {"audio_ms": round(audio_s * 1000)})
