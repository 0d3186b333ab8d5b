"""What was said, seen and missed in a session, on one clock."""

from dataclasses import dataclass

from app.application.sessions.read_session import ReadSession
from app.application.vision.session_photos import SessionPhotos, TimedPhoto
from app.domain.analysis.models import Claim
from app.domain.audio.models import TimeSpan
from app.domain.errors import NotFound
from app.domain.session.models import Session, SessionKey, TranscriptLine
from app.domain.vision.timeline import TimelineEntry, merge_timeline


@dataclass(frozen=True)
class Timeline:
    """A session's parts, and all of them as one list.

    Attributes:
        clock_skew_s: how far the client's clock is taken to be ahead of the server's, in seconds.
        entries: everything, by time.
    """

    session: Session
    lines: tuple[TranscriptLine, ...]
    gaps: tuple[TimeSpan, ...]
    photos: tuple[TimedPhoto, ...]
    clock_skew_s: float
    entries: tuple[TimelineEntry, ...]


class ReadTimeline:
    """Joins the transcript, the photos, and the risks of the newest analysis."""

    def __init__(self, read_session: ReadSession, photos: SessionPhotos) -> None:
        self._read_session = read_session
        self._photos = photos

    async def __call__(self, key: SessionKey) -> Timeline:
        """The timeline as it is now.

        Raises:
            NotFound: there is no such session.
        """
        transcript = await self._read_session.transcript(key)
        gaps = await self._read_session.gaps(key)
        placed = await self._photos(transcript.session)
        seen = [photo.seen() for photo in placed.photos]
        entries = merge_timeline(transcript.lines, seen, gaps, await self._risks(key))
        return Timeline(transcript.session, transcript.lines, gaps, placed.photos, placed.clock_skew_s, entries)

    async def _risks(self, key: SessionKey) -> tuple[Claim, ...]:
        try:
            return (await self._read_session.report(key)).analysis.findings.risks
        except NotFound:  # not analysed yet
            return ()
