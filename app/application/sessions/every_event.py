"""A session's whole event log, and the kinds of events that somebody reads in it."""

from app.domain.session.gateway import EventLog
from app.domain.session.models import SessionEvent, SessionKey

CONNECTED = "connected"
"""A socket attached to the session."""
INTERRUPTED = "interrupted"
"""The socket was lost; ``reached_at``: until when messages reached the client."""
SEGMENTS = "segments"
"""Segments became final; their ``ids``."""
IMPORTED = "imported"
"""A recording was uploaded; ``whole``: whether all of it could be decoded."""
FINAL_RESULT = "final_result"
"""A ``version`` of the analysis was published."""


async def every_event(log: EventLog, key: SessionKey) -> list[SessionEvent]:
    """All events in order: a few hundred for hours of speech."""
    found: list[SessionEvent] = []
    while events := await log.read(key, after=found[-1].sequence if found else 0):
        found += events
    return found
