"""Results that come one by one, from a worker's thread to the event loop, through a small buffer."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterator
from typing import Generic, TypeVar

from app.infrastructure.runtime.work import CancelToken, WorkCancelled

Item = TypeVar("Item")
_LOOK_AGAIN_S = 0.05
"""How soon work that waits for a slow reader notices that it was cancelled."""


class Relay(Generic[Item]):
    """At most ``buffer`` items wait: whoever reads slowly slows the work down."""

    def __init__(self, buffer: int) -> None:
        self._room = threading.Semaphore(buffer)
        self._items: asyncio.Queue[tuple[Item, ...]] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()

    def send_all(self, items: Iterator[Item], token: CancelToken) -> None:
        """Send items as they are made; in the worker's thread. Raises ``WorkCancelled`` as the token does."""
        with contextlib.ExitStack() as stack:
            if isinstance(items, Generator):  # what it holds is let go of here, not when the error has been seen
                stack.callback(items.close)
            for item in items:
                token.check()
                if not self._room.acquire(blocking=False):
                    self._wait_for_room(token)
                self._loop.call_soon_threadsafe(self._items.put_nowait, (item,))

    async def receive(self, run: Callable[[], Awaitable[None]]) -> AsyncGenerator[Item, None]:
        """What ``run``, which sends, sends; then its error, if it failed. Leaving early cancels it."""
        task = asyncio.ensure_future(run())
        task.add_done_callback(lambda done: self._items.put_nowait(()))
        try:
            while received := await self._items.get():
                self._room.release()
                yield received[0]
            await task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def _wait_for_room(self, token: CancelToken) -> None:
        with contextlib.ExitStack() as stack:
            if token.turn is not None:
                stack.enter_context(token.turn.aside())
            while not self._room.acquire(timeout=_LOOK_AGAIN_S):
                if token.cancelled:
                    raise WorkCancelled
