"""Photos wait here for the describer. Old ones give way to fresh ones: what was ahead a minute ago helps nobody."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from app.domain.errors import Overloaded
from app.domain.session.models import SessionKey
from app.domain.vision.gateway import SceneDescriber
from app.domain.vision.models import DescribeOptions, Photo, Scene

FIRST_GUESS_S = 1.0
"""How long a description takes, before any was made."""
_SMOOTHING = 0.3
"""Weight of the newest duration in the average: follows load within three photos."""


@dataclass(eq=False)
class _Waiting:
    key: SessionKey | None
    turn: "asyncio.Future[None]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class PhotoQueue:
    """One line of photos for one describer.

    Of each session one photo waits, its newest; of all sessions ``max_waiting`` do. Whoever has to go hears ``Overloaded``
    with the time after which the next photo has a chance.
    """

    def __init__(
        self, describer: SceneDescriber, *, max_waiting: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._describer = describer
        self._max_waiting = max_waiting
        self._clock = clock
        self._line: list[_Waiting] = []
        self._running = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self.usual_s = FIRST_GUESS_S
        """How long a description took lately, in seconds."""

    async def until_idle(self) -> None:
        """Return when no photo waits or is described."""
        await self._idle.wait()

    @property
    def wait_s(self) -> float:
        """How long a new photo would wait for its description to begin, about."""
        at_once = self._describer.capabilities.photos_at_once
        return self.usual_s * (len(self._line) + self._running) / at_once

    async def describe(self, key: SessionKey | None, photo: Photo, options: DescribeOptions) -> Scene:
        """Describe a photo when its turn comes.

        Args:
            key: its session; photos without one give way only when the line is full.
            photo: decoded.
            options: as for the describer.

        Raises:
            Overloaded: a fresher photo took its place (``photo_superseded``).
            GatewayError: the describer failed.
        """
        await self._turn(key)
        began = self._clock()
        try:
            scene = await self._describer.describe(photo, options)
            self.usual_s += _SMOOTHING * (self._clock() - began - self.usual_s)
            return scene
        finally:
            self._leave()

    async def _turn(self, key: SessionKey | None) -> None:
        if self._running < self._describer.capabilities.photos_at_once and not self._line:
            self._running += 1
            self._idle.clear()
            return
        self._make_room(key)
        waiting = _Waiting(key)
        self._line.append(waiting)
        try:
            await waiting.turn
        except asyncio.CancelledError:
            if waiting in self._line:
                self._line.remove(waiting)
            elif waiting.turn.done() and not waiting.turn.cancelled() and waiting.turn.exception() is None:
                self._leave()  # its turn had just come
            raise

    def _make_room(self, key: SessionKey | None) -> None:
        same = next((waiting for waiting in self._line if key is not None and waiting.key == key), None)
        stale = same or (self._line[0] if len(self._line) >= self._max_waiting else None)
        if stale is not None:
            self._line.remove(stale)
            if not stale.turn.done():
                stale.turn.set_exception(
                    Overloaded(
                        "a fresher photo took this one's place; send the next one a little later",
                        code="photo_superseded",
                        retry_after_s=max(1.0, self.wait_s),
                    )
                )

    def _leave(self) -> None:
        while self._line:
            waiting = self._line.pop(0)
            if not waiting.turn.done():
                waiting.turn.set_result(None)
                return
        self._running -= 1
        if not self._running:
            self._idle.set()
