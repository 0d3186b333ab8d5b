"""What a client that comes back may not have seen, by the event log."""

from collections.abc import Sequence

from app.application.sessions.every_event import CONNECTED, INTERRUPTED, SEGMENTS, every_event
from app.application.sessions.read_session import ReadSession
from app.domain.session.gateway import EventLog
from app.domain.session.models import SessionEvent, SessionKey, TranscriptLine

MOST = 2_000
"""Lines told at most, hours of speech; a client that was away longer reads the transcript."""


class MissedFinals:
    """Finds the lines that became final since the client was certainly there: rather twice than never, ids tell them apart."""

    def __init__(self, events: EventLog, read_session: ReadSession, unsure_s: float) -> None:
        """Prepare; what a connection told in its last ``unsure_s`` may be lost: that long may nobody notice that it broke."""
        self._events = events
        self._read_session = read_session
        self._unsure_s = unsure_s

    async def __call__(self, key: SessionKey) -> tuple[TranscriptLine, ...]:
        """By start time, at most the last ``MOST``; to be called once the client is connected.

        Raises:
            NotFound: there is no such session.
        """
        ids = missed(await every_event(self._events, key), self._unsure_s)
        if not ids:
            return ()
        lines = (await self._read_session.transcript(key)).lines
        return tuple(line for line in lines if line.segment_id in ids)[-MOST:]


def missed(events: Sequence[SessionEvent], unsure_s: float) -> set[str]:
    """Ids of segments that became final after the last thing that the client certainly read.

    What a connection told in its last ``unsure_s`` may never have arrived, and if it was shorter, so may what it told again.
    """
    reached_at = told_at = 0.0
    connected_at, connected = float("inf"), False
    for event in events:
        if event.kind == CONNECTED:
            if told_at - connected_at > unsure_s:
                reached_at = told_at - unsure_s
            connected_at, connected = event.created_at, True
        elif event.kind == INTERRUPTED:
            connected = False
        elif event.kind == SEGMENTS and connected:
            told_at = event.created_at
    return {
        segment_id
        for event in events
        if event.kind == SEGMENTS and event.created_at > reached_at
        for segment_id in event.payload["ids"]
    }
