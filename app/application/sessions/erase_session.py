"""Everything of one session is erased."""

import contextlib
from collections.abc import Sequence
from typing import Protocol

from app.application.listening.listen import LiveListening
from app.application.sessions.live import LiveSessions
from app.domain.audio.gateway import AudioJournal
from app.domain.errors import NotFound
from app.domain.session.gateway import JobRunner, SessionStore
from app.domain.session.models import SessionKey
from app.domain.vision.gateway import PhotoFiles


class Memory(Protocol):
    """Keeps something about sessions in memory."""

    def forget(self, key: SessionKey) -> None:
        """Keep nothing about this one any more."""
        ...


class EraseSession:
    """Stops what is going on in a session, then deletes its files and its rows."""

    def __init__(
        self,
        sessions: SessionStore,
        journal: AudioJournal,
        jobs: JobRunner,
        listening: LiveListening,
        live: LiveSessions,
        photo_files: PhotoFiles,
        memories: Sequence[Memory] = (),
    ) -> None:
        """Prepare; ``memories`` are what keeps something about sessions while the server runs."""
        self._sessions = sessions
        self._journal = journal
        self._jobs = jobs
        self._listening = listening
        self._live = live
        self._photo_files = photo_files
        self._memories = tuple(memories)

    async def __call__(self, key: SessionKey) -> None:
        """Erase it.

        The rows go last: if the process dies in between, the session can still be found and erased again.

        Raises:
            NotFound: there is no such session.
        """
        await self._sessions.get(key)
        async with self._live.take_over(key):
            await self._jobs.forget(key)  # first, because a job may begin to listen
            await self._listening.stop(key)
            await self._journal.delete(key)
            await self._photo_files.delete_all(key)
            with contextlib.suppress(NotFound):  # an import that was stopped erases the session it had made
                await self._sessions.delete(key)
            for memory in self._memories:
                memory.forget(key)
