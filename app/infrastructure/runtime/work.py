"""A piece of work on a model: how urgent it is, how it is told to stop, and how its result is delivered."""

import asyncio
import contextvars
import logging
import threading
import time
from collections.abc import Callable
from enum import IntEnum
from typing import Any

from app.infrastructure.runtime.turnstile import Turn

log = logging.getLogger(__name__)


class Priority(IntEnum):
    """Who goes first when work waits; lower goes first."""

    SPOKEN_TURN = 0
    PHOTO = 1
    LIVE_FINAL = 2
    LIVE_PARTIAL = 3
    POST_SESSION = 4


class WorkCancelled(Exception):
    """Raised inside a worker by ``CancelToken.check`` to unwind; never leaves ``ModelWorker``."""


class WorkDisplaced(WorkCancelled):
    """Raised inside a worker by ``CancelToken.check``: a more urgent model needs the memory, the work begins anew later."""


class CancelToken:
    """Tells running work to stop, or to pause for more urgent work. Work checks it between steps (a token, a window, a segment)."""

    def __init__(self) -> None:
        self._cancelled = threading.Event()
        self._displaced = threading.Event()
        self.turn: Turn | None = None
        """Where the work stands among that of all models; None if it runs alone."""

    @property
    def cancelled(self) -> bool:
        """True once nobody waits for the result."""
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """Ask the work to stop."""
        self._cancelled.set()
        self._wake()

    def displace(self) -> None:
        """Ask the work to stop and begin anew later."""
        self._displaced.set()
        self._wake()

    def begin_anew(self) -> None:
        """The work has stopped for others."""
        self._displaced.clear()

    def check(self) -> None:
        """Pause while more urgent work needs the cores, at most as long as ``Turnstile`` says.

        Raises:
            WorkCancelled: the work should stop.
        """
        self._see()
        turn = self.turn
        if turn is not None and turn.give_way(self._is_asked):
            self._see()

    def _is_asked(self) -> bool:
        return self._cancelled.is_set() or self._displaced.is_set()

    def _see(self) -> None:
        if self._cancelled.is_set():
            raise WorkCancelled
        if self._displaced.is_set():
            raise WorkDisplaced

    def _wake(self) -> None:
        turn = self.turn
        if turn is not None:
            turn.wake()


class Job:
    """Work that waits or runs, and where its result goes."""

    def __init__(
        self,
        work: Callable[[Any, CancelToken], Any],
        loop: asyncio.AbstractEventLoop,
        priority: Priority,
        deadline_s: float,
        *,
        repeatable: bool = True,
    ) -> None:
        self.work = work
        self.repeatable = repeatable
        """Whether it may be stopped and begun anew: nothing of it has been given away."""
        self.loop = loop
        self.priority = priority
        self.deadline_s = deadline_s
        self.since = time.monotonic()
        self.context = contextvars.copy_context()  # log lines of the work carry the caller's session id
        self.token = CancelToken()
        self.future: asyncio.Future[Any] = loop.create_future()

    @property
    def background(self) -> bool:
        """Whether nobody waits for it just now."""
        return self.priority >= Priority.POST_SESSION

    @property
    def stop(self) -> Callable[[], None] | None:
        """Makes room for a more urgent model; None if it must not be stopped."""
        return self.token.displace if self.background and self.repeatable else None

    def finish(self, result: Any, error: BaseException | None) -> None:
        """Deliver from the worker thread; a loop that is gone takes nothing."""
        try:
            self.loop.call_soon_threadsafe(self._deliver, result, error)
        except RuntimeError:
            log.debug("result dropped: the event loop is closed")

    def _deliver(self, result: Any, error: BaseException | None) -> None:
        if self.future.done():
            return
        if error is None:
            self.future.set_result(result)
        else:
            self.future.set_exception(error)
