"""A photo comes in: decoded, kept with its session, described, and its dangers told at once."""

import asyncio
import contextlib
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from app.application.sessions.open_session import OpenSession
from app.application.sessions.quota import AudioQuota
from app.application.vision.frame_scenes import FrameScenes
from app.application.vision.look_at_frames import LookAtFrames
from app.application.vision.photo_messages import PhotoAnswer, PhotoRequest
from app.application.vision.photo_pace import PhotoPace
from app.application.vision.photo_queue import PhotoQueue
from app.domain.errors import Conflict, GatewayBusy, InvalidInput, NotFound, Overloaded, VigiaError
from app.domain.session.gateway import SessionStore
from app.domain.session.models import Session, SessionConfig, SessionKey
from app.domain.vision.fingerprint import fingerprint, is_near_duplicate
from app.domain.vision.frames import Frame, FrameScene, FrameState, NewFrame
from app.domain.vision.gateway import FrameStore, PhotoDecoder, PhotoFiles
from app.domain.vision.models import DescribeOptions, Photo

MAX_AT_ONCE = 32
"""Requests with photos that are taken at once: each may hold 20 MB of file and 12 MB of pixels; a burst as glasses send it, of
small files, is taken whole."""
MAX_PHOTOS = 10_000
"""Photos of one session: one every four seconds for half a day."""

DUPLICATE_AGE_S = 600.0
"""After ten minutes even a photo that seems to show the same is described anew: what is small may have changed, such as a light."""


class DescribeFrame:
    """Takes photos in."""

    def __init__(
        self,
        decoder: PhotoDecoder,
        files: PhotoFiles,
        frames: FrameStore,
        sessions: SessionStore,
        open_session: OpenSession,
        queue: PhotoQueue,
        scenes: FrameScenes,
        look: LookAtFrames,
        describe_later: Callable[[], None],
        pace: PhotoPace,
        quota: AudioQuota,
        *,
        default_language: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._decoder = decoder
        self._files = files
        self._frames = frames
        self._sessions = sessions
        self._open_session = open_session
        self._queue = queue
        self._scenes = scenes
        self._look = look
        self._describe_later = describe_later
        self._pace = pace
        self._quota = quota
        self._default_language = default_language
        self._clock = clock
        self._places = MAX_AT_ONCE

    @contextlib.contextmanager
    def place(self) -> Iterator[None]:
        """Take a place before a photo's bytes are read.

        Raises:
            Overloaded: all are taken.
        """
        if not self._places:
            raise Overloaded(
                f"{MAX_AT_ONCE} photos are being taken in; send this one again in a moment",
                code="too_many_photos_at_once",
                retry_after_s=max(1.0, self._queue.wait_s),
            )
        self._places -= 1
        try:
            yield
        finally:
            self._places += 1

    async def __call__(self, owner: str, request: PhotoRequest) -> PhotoAnswer:
        """Take a photo in and describe it.

        Raises:
            InvalidInput, TooLarge: it cannot be decoded; or ``defer`` without a session.
            Overloaded: too many photos at once, the quota is used up, or a fresher photo took its place; in that case it is kept
                and described later, if it has a session.
            Conflict: the session has too many photos.
            StorageError: it could not be stored.
            GatewayError: the describer failed; the photo is kept.
        """
        received_at, began = self._clock(), time.monotonic()
        if request.defer and request.session_id is None:
            raise InvalidInput(
                "defer needs a session_id, to find the photo later", code="session_required", param="defer"
            )
        photo = await self._decoder.decode(request.data)
        timings_ms = {"decode": _ms_since(began)}
        if request.session_id is None:
            options = DescribeOptions(request.language or self._default_language, request.prompt)
            scene = await self._queue.describe(None, photo, options)
            captured_at = received_at if request.captured_at is None else request.captured_at
            frame_id = f"f-{secrets.token_hex(8)}"
            size = (photo.width, photo.height)
            answer = PhotoAnswer(frame_id, captured_at, size, scene, self._look.model_id, None, timings_ms)
        else:
            session = await self._session(SessionKey(owner, request.session_id), request)
            answer = await self._keep(session, photo, request, received_at, timings_ms)
        timings_ms |= dict(answer.scene.timings_ms) if answer.scene and not answer.duplicate_of else {}
        timings_ms["total"] = _ms_since(began)
        return answer

    async def _session(self, key: SessionKey, request: PhotoRequest) -> Session:
        try:
            return await self._sessions.get(key)
        except NotFound:
            config = SessionConfig(started_at=request.captured_at)  # the session's clock begins with its first photo
        try:
            return (await self._open_session.create(key.owner, key.session_id, config)).session
        except Conflict:  # made by another photo meanwhile
            return await self._sessions.get(key)

    async def _keep(
        self, session: Session, photo: Photo, request: PhotoRequest, received_at: float, timings_ms: dict[str, int]
    ) -> PhotoAnswer:
        key = session.key
        new = NewFrame(
            received_at=max(received_at, session.created_at),  # it may have been made for this photo
            captured_at=request.captured_at,
            fingerprint=await asyncio.to_thread(fingerprint, photo.pixels),
            width=photo.width,
            height=photo.height,
            language=request.language or session.config.language or session.language or self._default_language,
            prompt=request.prompt,
        )
        await self._quota.take(key.owner, len(photo.jpeg))
        repeated = await self._repeated(key, new)
        if repeated is not None:
            new = replace(new, duplicate_of=repeated.frame_id)
        frame = await self._frames.add(key, new, limit=MAX_PHOTOS)
        self._pace.seen(key, changed=repeated is None)
        try:
            told = await self._take_in(key, frame, photo, repeated, defer=request.defer)
        finally:
            self._describe_later()  # if it was not described now: there may be time at once
        return PhotoAnswer(
            frame_id=frame.frame_id,
            captured_at=frame.captured_at,
            size=(photo.width, photo.height),
            scene=told.scene if told else None,
            model_id=told.model_id if told else self._look.model_id,
            duplicate_of=frame.photo.duplicate_of,
            timings_ms=timings_ms,
        )

    async def _take_in(
        self, key: SessionKey, frame: Frame, photo: Photo, repeated: FrameScene | None, *, defer: bool
    ) -> FrameScene | None:
        """Store a photo and, meanwhile, describe it, unless what it repeats tells the same."""
        with self._look.working_on(key, frame.frame_id):
            storing = asyncio.ensure_future(self._store_file(key, frame, photo))
            try:
                told = None if defer or repeated else await self._described(key, frame, photo)
            finally:
                await storing
            if told is not None:
                await self._scenes.add(key, told)
            elif repeated is not None:
                await self._scenes.joined(key)
            return told or repeated

    async def _described(self, key: SessionKey, frame: Frame, photo: Photo) -> FrameScene:
        options = DescribeOptions(frame.photo.language, frame.photo.prompt)
        try:
            scene = await self._queue.describe(key, photo, options)
        except (Overloaded, GatewayBusy) as busy:
            raise Overloaded(
                f"the photo is kept as {frame.frame_id} and described when there is time; the next one has a chance later",
                code="photo_superseded" if isinstance(busy, Overloaded) else busy.code,
                retry_after_s=busy.retry_after_s or 1.0,
            ) from busy
        except VigiaError as error:
            await self._frames.set_state(key, frame.frame_id, FrameState.FAILED, error.code)
            raise
        return FrameScene(frame.frame_id, scene, self._look.model_id)

    async def _repeated(self, key: SessionKey, new: NewFrame) -> FrameScene | None:
        """What was told of the session's last photo, if this one shows the same and asks the same."""
        last = await self._frames.latest(key)
        if (
            last is None
            or (last.photo.language, last.photo.prompt) != (new.language, new.prompt)
            or new.received_at - last.photo.received_at > DUPLICATE_AGE_S
            or not is_near_duplicate(last.photo.fingerprint, new.fingerprint)
        ):
            return None
        await self._look.worked_on(key, last.frame_id)
        return await self._scenes.of(key, last.frame_id)

    async def _store_file(self, key: SessionKey, frame: Frame, photo: Photo) -> None:
        try:
            await self._files.write(key, frame.frame_id, photo.jpeg)
            await self._frames.get(key, frame.frame_id)
        except NotFound:
            await self._files.delete_all(key)
            raise NotFound("the session was erased", code="session_erased") from None
        except BaseException:
            await self._frames.remove(key, frame.frame_id)
            raise


def _ms_since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
