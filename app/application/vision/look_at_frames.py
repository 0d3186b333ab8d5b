"""A stored photo is described: one photo at a time is worked on by one alone."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterator
from functools import partial

from app.domain.errors import GatewayBusy, GatewayError, InvalidInput, NotFound, Overloaded, VigiaError
from app.domain.session.models import SessionKey
from app.domain.vision.frames import Frame, FrameScene, FrameState
from app.domain.vision.gateway import FrameStore, PhotoDecoder, PhotoFiles, SceneDescriber
from app.domain.vision.models import DescribeOptions

log = logging.getLogger(__name__)


class LookAtFrames:
    """Describes stored photos, without anybody waiting for it."""

    def __init__(self, frames: FrameStore, files: PhotoFiles, decoder: PhotoDecoder, describer: SceneDescriber) -> None:
        self._frames = frames
        self._files = files
        self._decoder = decoder
        self._describer = describer
        self._working: dict[tuple[SessionKey, str], asyncio.Event] = {}

    @property
    def model_id(self) -> str:
        """The describer's name as it appears in results."""
        return self._describer.model_id

    @contextlib.contextmanager
    def working_on(self, key: SessionKey, frame_id: str) -> Iterator[None]:
        """Somebody describes this photo while the block runs; nobody else does."""
        ended = self._working[key, frame_id] = asyncio.Event()
        try:
            yield
        finally:
            del self._working[key, frame_id]
            ended.set()

    def is_worked_on(self, key: SessionKey, frame_id: str) -> bool:
        """Whether somebody describes this photo right now."""
        return (key, frame_id) in self._working

    async def worked_on(self, key: SessionKey, frame_id: str) -> None:
        """Return when nobody describes this photo any more."""
        while (key, frame_id) in self._working:
            await self._working[key, frame_id].wait()

    async def describe(
        self, key: SessionKey, frame: Frame, language: str, keep: Callable[[FrameScene], Awaitable[None]]
    ) -> bool:
        """Describe one stored photo; False if that failed, which is noted with the photo.

        Args:
            key: its session.
            frame: as stored.
            language: of the description.
            keep: takes the scene.

        Raises:
            GatewayBusy, Overloaded: no room for more work now.
        """
        with self.working_on(key, frame.frame_id):
            try:
                photo = await self._decoder.decode(await self._files.read(key, frame.frame_id))
                options = DescribeOptions(language, frame.photo.prompt, urgent=False)
                scene = await self._describer.describe(photo, options)
                await keep(FrameScene(frame.frame_id, scene, self.model_id))
            except (GatewayBusy, Overloaded):
                raise
            except (GatewayError, InvalidInput, NotFound) as error:
                await self._failed(key, frame, error)
                return False
            return True

    async def describe_all(self, key: SessionKey, language: str, on_progress: Callable[[float], None]) -> int:
        """Describe each photo of a session that is not yet, or not in this language; returns how many there are.

        Args:
            key: the session.
            language: ISO 639-1 of the analysis; one that the describer does not write becomes English.
            on_progress: hears the fraction done.

        Raises:
            GatewayBusy, Overloaded: no room for more work; call it again.
            GatewayError: some photos could not be described; the others are.
        """
        language = language if language in self._describer.capabilities.languages else "en"
        frames = [frame for frame in await self._frames.frames(key) if frame.photo.duplicate_of is None]
        failed = 0
        for done, frame in enumerate(frames):
            on_progress(done / len(frames))
            await self.worked_on(key, frame.frame_id)
            known = {told.scene.language for told in await self._frames.scenes(key, frame.frame_id)}
            if language not in known:
                failed += not await self.describe(key, frame, language, partial(self._frames.add_scene, key))
        on_progress(1.0)
        if failed:
            raise GatewayError(f"{failed} of {len(frames)} photos could not be described", code="photos_not_described")
        return len(frames)

    async def _failed(self, key: SessionKey, frame: Frame, error: VigiaError) -> None:
        log.warning("photo not described", extra={"error": error.code})
        if frame.state is FrameState.WAITING:
            with contextlib.suppress(NotFound):  # erased meanwhile
                await self._frames.set_state(key, frame.frame_id, FrameState.FAILED, error.code)
