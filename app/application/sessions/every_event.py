"""A session's whole event log, and the kinds of events that somebody reads in it."""

from app.domain.session.gateway import EventLog
from app.domain.session.models import SessionEvent, SessionKey

CONNECTED = "connected"
"""A socket attached to the session."""
INTERRUPTED = "interrupted"
"""The socket was lost."""
SEGMENTS = "segments"
"""Segments became final; their ``ids``."""
IMPORTED = "imported"
"""A recording was uploaded; ``whole``: whether all of it could be decoded."""
IMPORTING = "importing"
"""A recording is being read in; ``made``: the session was made for it, ``first``: it held no audio before; ``ends``: it
ends with the recording."""
LATE_AUDIO = "late_audio"
"""These ``gaps`` (starts and ends in seconds) are about to be filled, at least in part, and must then be heard."""
LATE_AUDIO_HEARD = "late_audio_heard"
"""Whatever had filled gaps was heard."""
PHOTO_DESCRIBED = "photo_described"
"""The scene of the photo ``frame_id`` can be read."""
FINAL_RESULT = "final_result"
"""A ``version`` of the analysis was published."""


async def every_event(log: EventLog, key: SessionKey) -> list[SessionEvent]:
    """All events in order: a few hundred for hours of speech."""
    found: list[SessionEvent] = []
    while events := await log.read(key, after=found[-1].sequence if found else 0):
        found += events
    return found
