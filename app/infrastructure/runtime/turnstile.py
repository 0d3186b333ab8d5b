"""Whose turn it is on the cores that all models share: work of one model pauses for more urgent work of another."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LONGEST_PAUSE_S = 2.0
"""A photo or a recognised sentence takes about as long on two cores."""
PAUSE_EARNED = 4.0
"""Seconds of pause for each second of work: at least a fifth of the time is left to the least urgent work, so nothing starves."""
_NOBODY = 1_000


class Turnstile:
    """Tells running work to pause while more urgent work needs the cores. Safe to share between threads.

    Work that is more urgent makes other work pause only if both do not fit on the cores together.
    """

    def __init__(
        self, cores: int, *, longest_pause_s: float = LONGEST_PAUSE_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Nobody runs yet.

        Args:
            cores: that the process may use.
            longest_pause_s: before work goes on beside more urgent work.
            clock: seconds that only grow.
        """
        self._cores = cores
        self._longest_pause_s = longest_pause_s
        self._clock = clock
        self._changed = threading.Condition()
        self._running: set[Turn] = set()
        self._most_urgent = _NOBODY

    def gait(self, threads: int) -> "Gait":
        """For a model of which one call keeps that many threads busy."""
        return Gait(threads, self._longest_pause_s)

    def begin(self, gait: "Gait", urgency: int) -> "Turn":
        """Work begins to run; ``Turn.end`` must follow."""
        turn = Turn(self, gait, urgency)
        with self._changed:
            self._come(turn)
        return turn

    def end(self, turn: "Turn") -> None:
        """The work has ended, or waits for something else than cores."""
        with self._changed:
            self._leave(turn)

    def come_back(self, turn: "Turn") -> None:
        """After ``end``: it runs again."""
        with self._changed:
            self._come(turn)

    def hurry(self, turn: "Turn", urgency: int) -> None:
        """Work has become as urgent as what waits behind it, or is no longer."""
        with self._changed:
            turn.urgency = urgency
            self._count()
            self._changed.notify_all()

    def wake(self) -> None:
        """Have paused work look whether it was cancelled."""
        with self._changed:
            self._changed.notify_all()

    def give_way(self, turn: "Turn", cancelled: Callable[[], bool]) -> bool:
        """Pause while more urgent work needs the cores; returns whether there was a pause."""
        if turn.urgency <= self._most_urgent:
            return False
        with self._changed:
            allowed_s = turn.gait.allowed_pause_s(self._clock())
            if allowed_s <= 0 or not self._must_wait(turn):
                return False
            self._leave(turn)
            self._pause(turn, allowed_s, cancelled)
            self._come(turn)
        return True

    def _pause(self, turn: "Turn", allowed_s: float, cancelled: Callable[[], bool]) -> None:
        began = now = self._clock()
        while now < began + allowed_s and self._must_wait(turn) and not cancelled():
            self._changed.wait(began + allowed_s - now)
            now = self._clock()
        turn.gait.paused(began, now)

    def _must_wait(self, turn: "Turn") -> bool:
        first = [other.gait.threads for other in self._running if other.urgency < turn.urgency]
        return bool(first) and sum(first) + turn.gait.threads > self._cores

    def _come(self, turn: "Turn") -> None:
        self._running.add(turn)
        self._count()

    def _leave(self, turn: "Turn") -> None:
        self._running.discard(turn)
        self._count()
        self._changed.notify_all()

    def _count(self) -> None:
        self._most_urgent = min((turn.urgency for turn in self._running), default=_NOBODY)


class Gait:
    """How one model's work uses the cores, and how long it may still pause.

    Attributes:
        threads: that one call of the model keeps busy.
    """

    def __init__(self, threads: int, longest_pause_s: float) -> None:
        self.threads = threads
        self._longest_pause_s = self._left_s = longest_pause_s
        self._since = 0.0

    def allowed_pause_s(self, now: float) -> float:
        """What is left of the longest pause, with what work has earned since."""
        return min(self._longest_pause_s, self._left_s + PAUSE_EARNED * (now - self._since))

    def paused(self, began: float, ended: float) -> None:
        """Count a pause."""
        self._left_s = self.allowed_pause_s(began) - (ended - began)
        self._since = ended


class Turn:
    """One piece of running work."""

    def __init__(self, turnstile: Turnstile, gait: Gait, urgency: int) -> None:
        self.gait = gait
        self.urgency = urgency
        """A ``Priority``, or what it has inherited from work that waits behind it."""
        self._turnstile = turnstile

    def give_way(self, cancelled: Callable[[], bool]) -> bool:
        """See ``Turnstile.give_way``."""
        return self._turnstile.give_way(self, cancelled)

    def hurry(self, urgency: int) -> None:
        """See ``Turnstile.hurry``."""
        if urgency != self.urgency:
            self._turnstile.hurry(self, urgency)

    def wake(self) -> None:
        """See ``Turnstile.wake``."""
        self._turnstile.wake()

    def end(self) -> None:
        """The work has ended."""
        self._turnstile.end(self)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """While the block runs, the work waits for something else than cores, and nobody pauses for it."""
        self._turnstile.end(self)
        try:
            yield
        finally:
            self._turnstile.come_back(self)
