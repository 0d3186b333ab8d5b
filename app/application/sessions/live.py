"""Which sessions are live right now: one connection each, and not too many."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine, Iterator
from typing import Any, TypeVar

import anyio

from app.domain.errors import Conflict, NotFound, Overloaded
from app.domain.session.models import SessionKey

Result = TypeVar("Result")

RETRY_AFTER_S = 10.0
"""When a client that was turned away should try again: places and sessions become free as people stop recording."""
RECONNECT_GRACE_S = 1.0
"""A client that comes back at once may be faster than the end of its broken connection."""
RELEASE_TIMEOUT_S = 10.0
"""A connection that was told to stop writes its last audio and is gone; a stuck disk must not block the asker for ever."""


class LiveSessions:
    """Hands out the places for live sessions."""

    def __init__(self, max_live: int, reconnect_grace_s: float = RECONNECT_GRACE_S) -> None:
        """Take no more than ``max_live`` at once.

        Args:
            max_live: the places there are.
            reconnect_grace_s: how long ``wait_left`` waits at most.
        """
        self._max_live = max_live
        self._reconnect_grace_s = reconnect_grace_s
        self._places = 0
        self._live: dict[SessionKey, _Claim] = {}

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
                f"{self._max_live} sessions are live, the most this server takes",
                code="too_many_sessions",
                retry_after_s=RETRY_AFTER_S,
            )
        self._places += 1
        try:
            yield
        finally:
            self._places -= 1

    async def wait_left(self, key: SessionKey) -> None:
        """Return when nobody records into the session, or after a moment: a connection that broke is still tidying up."""
        await self._wait_released(key, self._reconnect_grace_s)

    async def _wait_released(self, key: SessionKey, timeout_s: float) -> None:
        if key in self._live:
            with anyio.move_on_after(timeout_s):
                await self._live[key].released.wait()

    @contextlib.contextmanager
    def claim(self, key: SessionKey) -> Iterator[asyncio.Event]:
        """Be the only one that adds audio to the session for as long as the block runs.

        Yields:
            An event that is set when ``take_over`` wants the session: stop then.

        Raises:
            Conflict: someone else is.
        """
        if key in self._live:
            raise Conflict(
                "the session is live on another connection", code="session_live", retry_after_s=RETRY_AFTER_S
            )
        claim = self._live[key] = _Claim()
        try:
            yield claim.wanted
        finally:
            del self._live[key]
            claim.released.set()

    @contextlib.asynccontextmanager
    async def take_over(self, key: SessionKey) -> AsyncIterator[None]:
        """Claim the session, from a live connection if need be, which is told to stop.

        Raises:
            Conflict: that connection did not stop.
        """
        if key in self._live:
            self._live[key].wanted.set()
            await self._wait_released(key, RELEASE_TIMEOUT_S)
        with self.claim(key):
            yield


async def unless_wanted(wanted: asyncio.Event, work: Coroutine[Any, Any, Result]) -> Result:
    """Do ``work`` in a claimed session, and stop it when the session is ``wanted`` back.

    Raises:
        NotFound: it was, by whoever erases it.
    """
    working, waiting = asyncio.ensure_future(work), asyncio.ensure_future(wanted.wait())
    try:
        await asyncio.wait((working, waiting), return_when=asyncio.FIRST_COMPLETED)
        if wanted.is_set():
            raise NotFound("the session was erased", code="session_erased")
        return working.result()
    finally:
        working.cancel()
        waiting.cancel()
        await asyncio.gather(working, waiting, return_exceptions=True)


class _Claim:
    """Asked back through ``wanted``; gone once ``released`` is set."""

    def __init__(self) -> None:
        self.wanted = asyncio.Event()
        self.released = asyncio.Event()
