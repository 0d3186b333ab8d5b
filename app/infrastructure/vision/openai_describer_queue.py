"""Few requests at once, the most urgent next, and none more than the queue holds: for servers, as ModelWorker is for models."""

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.domain.errors import GatewayBusy
from app.infrastructure.runtime.worker import Priority


class RequestQueue:
    """Grants turns. For one event loop."""

    def __init__(self, name: str, *, lanes: int, queue_size: int) -> None:
        """Prepare.

        Args:
            name: of the server, for messages.
            lanes: turns at once.
            queue_size: how many may wait.
        """
        self._name = name
        self._free = lanes
        self._queue_size = queue_size
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    @property
    def waiting(self) -> int:
        """Requests that wait for a turn."""
        return sum(1 for _, _, granted in self._waiting if not granted.done())

    @asynccontextmanager
    async def turn(self, priority: Priority) -> AsyncIterator[None]:
        """Wait for a turn and hold it while the block runs.

        Raises:
            GatewayBusy: too many wait already.
        """
        if self._free:
            self._free -= 1
        else:
            await self._wait(priority)
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self, priority: Priority) -> None:
        if self.waiting >= self._queue_size:
            raise GatewayBusy(f"{self._name} is busy ({self._queue_size} requests wait)", retry_after_s=1.0)
        granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (priority, next(self._order), granted))
        try:
            await granted
        except asyncio.CancelledError:
            if granted.done() and not granted.cancelled():  # the turn came together with the cancellation
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        while self._waiting:
            _, _, granted = heapq.heappop(self._waiting)
            if not granted.done():
                granted.set_result(None)
                return
        self._free += 1
