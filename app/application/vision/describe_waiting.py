"""Photos that were not described at once are described when there is time."""

import asyncio
import contextlib
import logging
from functools import partial

import anyio

from app.application.vision.frame_scenes import FrameScenes
from app.application.vision.look_at_frames import LookAtFrames
from app.application.vision.photo_queue import PhotoQueue
from app.domain.error_fields import error_fields
from app.domain.errors import GatewayBusy, NotFound, Overloaded
from app.domain.session.gateway import SessionStore
from app.domain.session.models import SessionKey, SessionState
from app.domain.vision.frames import Frame
from app.domain.vision.gateway import FrameStore

BATCH = 20
BUSY_PAUSE_S = 5.0
"""After the describer refused: its queue is full of what is more urgent."""
LOOK_AGAIN_S = 30.0
"""How late a photo may be that came when its session was just being finished: nobody tells when that is over."""

log = logging.getLogger(__name__)


class DescribeWaiting:
    """Describes what waits, one photo after another, giving way to photos that somebody waits for."""

    def __init__(
        self,
        frames: FrameStore,
        sessions: SessionStore,
        look: LookAtFrames,
        queue: PhotoQueue,
        scenes: FrameScenes,
        *,
        busy_pause_s: float = BUSY_PAUSE_S,
        look_again_s: float = LOOK_AGAIN_S,
    ) -> None:
        self._frames = frames
        self._sessions = sessions
        self._look = look
        self._queue = queue
        self._scenes = scenes
        self._busy_pause_s = busy_pause_s
        self._look_again_s = look_again_s
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """A photo waits."""
        self._wake.set()

    async def run(self) -> None:
        """Describe what waits until cancelled; what the last process left comes first."""
        self._wake.set()
        while True:
            with anyio.move_on_after(self._look_again_s):
                await self._wake.wait()
            self._wake.clear()
            try:
                while waiting := await self._to_do():
                    for key, frame in waiting:
                        await self._describe(key, frame)
            except Exception as error:  # whatever it was, the next photo must find somebody at work
                log.warning("describing photos later failed", extra=error_fields(error))
                await asyncio.sleep(self._busy_pause_s)
                self._wake.set()

    async def _to_do(self) -> list[tuple[SessionKey, Frame]]:
        """What nobody works on; the end of a session describes its photos itself."""
        found: list[tuple[SessionKey, Frame]] = []
        for key, frame in await self._frames.waiting(limit=BATCH):
            with contextlib.suppress(NotFound):
                session = await self._sessions.get(key)
                if session.state is not SessionState.PROCESSING and not self._look.is_worked_on(key, frame.frame_id):
                    found.append((key, frame))
        return found

    async def _describe(self, key: SessionKey, frame: Frame) -> None:
        await self._queue.until_idle()
        try:
            await self._look.describe(key, frame, frame.photo.language, partial(self._scenes.add, key))
        except (GatewayBusy, Overloaded):
            await asyncio.sleep(self._busy_pause_s)
