"""Which sessions are live right now: one connection each, and not too many."""

import contextlib
from collections.abc import Iterator

from app.domain.errors import Conflict, Overloaded
from app.domain.session.models import SessionKey

RETRY_AFTER_S = 10.0
"""When a client that was turned away should try again; places become free at the pace at which people stop recording."""


class LiveSessions:
    """Hands out the places for live sessions."""

    def __init__(self, max_live: int) -> None:
        self._max_live = max_live
        self._places = 0
        self._live: set[SessionKey] = set()

    @property
    def count(self) -> int:
        """Places taken."""
        return self._places

    def is_live(self, key: SessionKey) -> bool:
        """Whether a connection is recording into the session."""
        return key in self._live

    @contextlib.contextmanager
    def place(self) -> Iterator[None]:
        """Take one of the places for as long as the block runs.

        Raises:
            Overloaded: all are taken.
        """
        if self._places >= self._max_live:
            raise Overloaded(
                f"{self._max_live} sessions are live, the most this server takes; retry in {RETRY_AFTER_S:g} s",
                code="too_many_sessions",
                retry_after_s=RETRY_AFTER_S,
            )
        self._places += 1
        try:
            yield
        finally:
            self._places -= 1

    @contextlib.contextmanager
    def claim(self, key: SessionKey) -> Iterator[None]:
        """Be the only one that adds audio to the session for as long as the block runs.

        Raises:
            Conflict: someone else is.
        """
        if key in self._live:
            raise Conflict("the session is live on another connection", code="session_live")
        self._live.add(key)
        try:
            yield
        finally:
            self._live.discard(key)
