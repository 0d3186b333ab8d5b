"""Results of deterministic calls, kept for a while: bounded in entries, bytes and age."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

Result = TypeVar("Result")


@dataclass(frozen=True)
class CacheLimits:
    """How much is kept.

    Attributes:
        entries: at most.
        bytes: of all results together, by ``size_of``.
        age_s: older results are not given any more; results may hold what a wearer saw or said.
    """

    entries: int = 256
    bytes: int = 4_000_000
    age_s: float = 600.0


@dataclass(frozen=True)
class _Kept(Generic[Result]):
    result: Result
    bytes: int
    since: float


class _Flight(Generic[Result]):
    """A computation that goes on, and how many wait for it."""

    def __init__(self, task: "asyncio.Task[Result]") -> None:
        self.task = task
        self.waiting = 0


class ResultCache(Generic[Result]):
    """Gives a result again to who asks for the same. For one event loop.

    Those who ask while it is being computed wait for that one computation, which is cancelled when all of them were.
    Failures are told to all who wait, and not kept.
    """

    def __init__(
        self,
        limits: CacheLimits,
        size_of: Callable[[Result], int],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing is kept yet.

        Args:
            limits: how much is kept.
            size_of: bytes of a result, about.
            clock: seconds that only grow.
        """
        self._limits = limits
        self._size_of = size_of
        self._clock = clock
        self._kept: OrderedDict[Hashable, _Kept[Result]] = OrderedDict()
        self._flights: dict[Hashable, _Flight[Result]] = {}
        self._bytes = 0

    @property
    def entries(self) -> int:
        """How many results are kept."""
        return len(self._kept)

    @property
    def bytes(self) -> int:
        """Of all results that are kept."""
        return self._bytes

    def find(self, key: Hashable) -> Result | None:
        """A kept result; None if there is none, or it is too old."""
        self._drop_old()
        kept = self._kept.get(key)
        if kept is None:
            return None
        self._kept.move_to_end(key)
        return kept.result

    async def compute(
        self, key: Hashable, compute: Callable[[], Awaitable[Result]], *, manner: Hashable = None
    ) -> Result:
        """Compute a result that is not kept, and keep it.

        Args:
            key: names all that the result depends on.
            compute: makes it.
            manner: what does not change the result but how soon it comes; only calls of the same manner wait for each other.
        """
        flight = self._flights.get((key, manner))
        if flight is None:
            flight = self._start(key, compute, manner)
        flight.waiting += 1
        try:
            # A cancelled caller must not stop the others' computation.
            return await asyncio.shield(flight.task)
        finally:
            flight.waiting -= 1
            if not flight.waiting and not flight.task.done():
                self._land((key, manner), flight)
                flight.task.cancel()

    def forget(self) -> None:
        """Drop everything, and keep nothing of what is being computed."""
        self._kept.clear()
        self._flights.clear()
        self._bytes = 0

    def _start(self, key: Hashable, compute: Callable[[], Awaitable[Result]], manner: Hashable) -> _Flight[Result]:
        async def run() -> Result:
            return await compute()

        flight = self._flights[key, manner] = _Flight(asyncio.create_task(run()))

        def done(task: "asyncio.Task[Result]") -> None:
            wanted = self._land((key, manner), flight)
            if not task.cancelled() and task.exception() is None and wanted:
                self._keep(key, task.result())

        flight.task.add_done_callback(done)
        return flight

    def _land(self, name: Hashable, flight: _Flight[Result]) -> bool:
        """Nobody joins it any more; returns whether it was still wanted."""
        wanted = self._flights.get(name) is flight
        if wanted:
            del self._flights[name]
        return wanted

    def _keep(self, key: Hashable, result: Result) -> None:
        size = self._size_of(result)
        if size > self._limits.bytes:
            return
        self._drop(key)
        self._kept[key] = _Kept(result, size, self._clock())
        self._bytes += size
        while len(self._kept) > self._limits.entries or self._bytes > self._limits.bytes:
            self._drop(next(iter(self._kept)))

    def _drop_old(self) -> None:
        oldest = self._clock() - self._limits.age_s
        for key in [key for key, kept in self._kept.items() if kept.since < oldest]:
            self._drop(key)

    def _drop(self, key: Hashable) -> None:
        kept = self._kept.pop(key, None)
        if kept is not None:
            self._bytes -= kept.bytes
