"""An ended session is worked on once more."""

from app.application.sessions.feed import Progress, SessionFeed
from app.domain.errors import Conflict
from app.domain.session.gateway import JobRunner, SessionStore
from app.domain.session.models import Session, SessionKey, SessionState


class AnalyzeAgain:
    """Has a new version of the analysis made; the session stays finished, and its older versions readable."""

    def __init__(self, sessions: SessionStore, jobs: JobRunner, feed: SessionFeed) -> None:
        self._sessions = sessions
        self._jobs = jobs
        self._feed = feed

    async def __call__(self, key: SessionKey, job: str) -> Session:
        """Start the work.

        Args:
            key: the session.
            job: name of the work: all of it after the audio changed, else the analysis only.

        Raises:
            NotFound: there is no such session.
            Conflict: it has not ended.
        """
        session = await self._sessions.get(key)
        if session.state not in (SessionState.PROCESSING, SessionState.FINISHED):
            raise Conflict("the session has not ended yet", code="session_not_ended")
        await self._jobs.submit(key, job, again=True)
        if self._feed.latest(key) is None:
            self._feed.publish(key, Progress("analyzing", 0.0))
        return session
