"""What happens in a session right now, for whoever is connected. Nothing here is kept: the event log is for that."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from app.domain.session.models import SessionKey, TranscriptLine
from app.domain.vision.alerts import Alert

Stage: TypeAlias = Literal["transcribing", "diarizing", "analyzing"]


@dataclass(frozen=True)
class PartialText:
    """New or changed recognition results.

    Attributes:
        text: the words since the last final segment; empty once they became final.
        lines: new or changed segments; a line whose id came before replaces it.
        final: ids of ``lines`` that will not change any more.
        audio_s: how much audio had been received when this was recognised.
    """

    text: str
    lines: tuple[TranscriptLine, ...]
    final: frozenset[str]
    audio_s: float


@dataclass(frozen=True)
class Progress:
    """How far a stage is, 0 to 1."""

    stage: Stage
    fraction: float


@dataclass(frozen=True)
class PhotoInterval:
    """How many seconds a client should leave between photos from now on."""

    interval_s: float


@dataclass(frozen=True)
class Finished:
    """The analysis of this version can be read."""

    version: int


@dataclass(frozen=True)
class Failed:
    """The session's work ended without an analysis; ``message`` tells the user what to do."""

    message: str


FeedMessage: TypeAlias = PartialText | Progress | Alert | PhotoInterval | Finished | Failed


class SessionFeed:
    """In-process publish and subscribe, a bounded queue a subscriber.

    A subscriber too slow for its queue loses the oldest partial results, never the end of the session.
    """

    def __init__(self, queue_size: int = 256) -> None:
        self._queue_size = queue_size
        self._subscribers: defaultdict[SessionKey, set[asyncio.Queue[FeedMessage]]] = defaultdict(set)
        self._progress: dict[SessionKey, Progress] = {}

    def latest(self, key: SessionKey) -> Progress | None:
        """How far the session's post-session work is; None before it began and after it ended."""
        return self._progress.get(key)

    def publish(self, key: SessionKey, message: FeedMessage) -> None:
        """Give ``message`` to every subscriber of the session; never blocks. Call on the event loop."""
        if isinstance(message, Progress):
            self._progress[key] = message
        elif isinstance(message, Finished | Failed):
            self._progress.pop(key, None)
        for queue in self._subscribers.get(key, ()):
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(message)

    def forget(self, key: SessionKey) -> None:
        """The session was erased: keep nothing about it."""
        self._progress.pop(key, None)

    @contextlib.contextmanager
    def subscribe(self, key: SessionKey) -> Iterator[asyncio.Queue[FeedMessage]]:
        """A queue of what is published from now on."""
        queue: asyncio.Queue[FeedMessage] = asyncio.Queue(self._queue_size)
        self._subscribers[key].add(queue)
        try:
            yield queue
        finally:
            self._subscribers[key].discard(queue)
            if not self._subscribers[key]:
                del self._subscribers[key]
