"""What was told of a session's photos: stored, announced, and taken into the analysis."""

from app.application.sessions.analyze_again import AnalyzeAgain
from app.application.sessions.end_session import ANALYZE_JOB
from app.application.sessions.every_event import PHOTO_DESCRIBED
from app.application.vision.tell_alerts import TellAlerts
from app.domain.session.gateway import EventLog, SessionStore
from app.domain.session.models import SessionKey, SessionState
from app.domain.vision.frames import FrameScene
from app.domain.vision.gateway import FrameStore


class FrameScenes:
    """Keeps scenes, and does what follows from a new one."""

    def __init__(
        self,
        frames: FrameStore,
        sessions: SessionStore,
        events: EventLog,
        alerts: TellAlerts,
        analyze_again: AnalyzeAgain,
    ) -> None:
        self._frames = frames
        self._sessions = sessions
        self._events = events
        self._alerts = alerts
        self._analyze_again = analyze_again

    async def of(self, key: SessionKey, frame_id: str) -> FrameScene | None:
        """What was told of a photo last; None if nothing was."""
        scenes = await self._frames.scenes(key, frame_id)
        return scenes[-1] if scenes else None

    async def add(self, key: SessionKey, told: FrameScene) -> None:
        """Keep a scene, warn of its dangers, and have an ended session analysed again.

        Raises:
            NotFound: the session was erased.
        """
        session = await self._sessions.get(key)
        self._alerts.of_photo(session, told.frame_id, told.scene)  # first: a danger does not wait for the disk
        await self._frames.add_scene(key, told)
        await self._events.append(key, PHOTO_DESCRIBED, {"frame_id": told.frame_id})
        await self.joined(key)

    async def joined(self, key: SessionKey) -> None:
        """A session has one more photo that can be told of: if it has ended, it is analysed again.

        Raises:
            NotFound: the session was erased.
        """
        session = await self._sessions.get(key)
        if session.state in (SessionState.PROCESSING, SessionState.FINISHED):
            await self._analyze_again(key, ANALYZE_JOB)
