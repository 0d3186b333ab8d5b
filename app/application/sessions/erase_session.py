"""Everything of one session is erased."""

from app.application.listening.listen import LiveListening
from app.application.sessions.live import LiveSessions
from app.domain.audio.gateway import AudioJournal
from app.domain.session.gateway import JobRunner, SessionStore
from app.domain.session.models import SessionKey


class EraseSession:
    """Stops what is going on in a session, then deletes its audio and its rows."""

    def __init__(
        self,
        sessions: SessionStore,
        journal: AudioJournal,
        jobs: JobRunner,
        listening: LiveListening,
        live: LiveSessions,
    ) -> None:
        self._sessions = sessions
        self._journal = journal
        self._jobs = jobs
        self._listening = listening
        self._live = live

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
            await self._sessions.delete(key)
