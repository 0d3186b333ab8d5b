"""What a client that comes back has not seen: the event log knows what became final while nobody was connected."""

from app.application.sessions.every_event import INTERRUPTED, SEGMENTS, every_event
from app.application.sessions.read_session import ReadSession
from app.domain.session.gateway import EventLog
from app.domain.session.models import SessionEvent, SessionKey, TranscriptLine

MOST = 2_000
"""Lines told at most, hours of speech; a client that was away longer reads the transcript."""


class MissedFinals:
    """Finds the lines that became final since the client's connection was lost."""

    def __init__(self, events: EventLog, read_session: ReadSession) -> None:
        self._events = events
        self._read_session = read_session

    async def __call__(self, key: SessionKey) -> tuple[TranscriptLine, ...]:
        """By start time, at most the last ``MOST``; empty if the session was never interrupted.

        Raises:
            NotFound: there is no such session.
        """
        missed = _missed(await every_event(self._events, key))
        if not missed:
            return ()
        lines = (await self._read_session.transcript(key)).lines
        return tuple(line for line in lines if line.segment_id in missed)[-MOST:]


def _missed(events: list[SessionEvent]) -> set[str]:
    """Ids of segments that became final after the last thing that the client can have read."""
    interrupted = [event for event in events if event.kind == INTERRUPTED]
    if not interrupted:
        return set()
    reached = float(interrupted[-1].payload.get("reached_at", interrupted[-1].created_at))
    finals = (event for event in events if event.kind == SEGMENTS and event.created_at > reached)
    return {segment_id for event in finals for segment_id in event.payload["ids"]}
