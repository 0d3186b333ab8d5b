"""Progress of a stage, told to whoever waits for the session."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from app.application.sessions.feed import Progress, SessionFeed, Stage
from app.domain.session.models import SessionKey

REPEAT_INTERVAL_S = 1.0
"""How often progress is told, changed or not; clients are promised 5 s."""


@contextlib.asynccontextmanager
async def told_progress(
    feed: SessionFeed, key: SessionKey, stage: Stage, *, end: float = 1.0, interval_s: float = REPEAT_INTERVAL_S
) -> AsyncIterator[Callable[[float], None]]:
    """Tell a stage's progress while the block runs: 0 at once, ``end`` if it succeeds.

    Yields:
        Takes the fraction done, from any thread; it never goes back.
    """
    fraction = 0.0

    def update(done: float) -> None:
        nonlocal fraction
        fraction = max(fraction, end * min(1.0, done))

    async def repeat() -> None:
        while True:
            await asyncio.sleep(interval_s)
            feed.publish(key, Progress(stage, fraction))

    feed.publish(key, Progress(stage, fraction))
    task = asyncio.create_task(repeat())
    try:
        yield update
        feed.publish(key, Progress(stage, end))
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
