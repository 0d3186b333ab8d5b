"""A session's photos on its clock, with what was told of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.session.models import Session, SessionKey
from app.domain.vision.clock import PhotoTime, SessionClock, place_photos
from app.domain.vision.frames import Frame, FrameScene
from app.domain.vision.gateway import FrameStore
from app.domain.vision.models import SeenPhoto


@dataclass(frozen=True)
class TimedPhoto:
    """A photo of a session.

    Attributes:
        frame: as stored.
        offset_s: when it was taken, in seconds on the session's clock; negative before its start.
        told: what was told of it, or of the photo that it repeats; None if nothing was yet.
    """

    frame: Frame
    offset_s: float
    told: FrameScene | None

    def seen(self) -> SeenPhoto:
        """As the analysis and the timeline take it."""
        return SeenPhoto(
            frame_id=self.frame.frame_id,
            captured_at=self.frame.captured_at,
            offset_s=self.offset_s,
            scene=self.told.scene if self.told else None,
            duplicate_of=self.frame.photo.duplicate_of,
        )


@dataclass(frozen=True)
class PlacedPhotos:
    """All photos of a session in the order in which they were taken, and how far the client's clock is ahead."""

    photos: tuple[TimedPhoto, ...]
    clock_skew_s: float


class SessionPhotos:
    """Reads the photos of a session."""

    def __init__(self, frames: FrameStore) -> None:
        self._frames = frames

    async def frames(self, key: SessionKey) -> Sequence[Frame]:
        """As they are stored, in the order of arrival."""
        return await self._frames.frames(key)

    async def __call__(self, session: Session, language: str | None = None) -> PlacedPhotos:
        """All photos on the session's clock.

        Args:
            session: theirs.
            language: ISO 639-1 that is preferred for what was told; None = whatever was told last.
        """
        frames = await self._frames.frames(session.key)
        told: dict[str, FrameScene] = {}
        for each in await self._frames.scenes(session.key):
            if each.frame_id not in told or language in (None, each.scene.language):
                told[each.frame_id] = each
        times = [PhotoTime(frame.frame_id, frame.photo.received_at, frame.photo.captured_at) for frame in frames]
        placed = place_photos(SessionClock(session.created_at, session.config.started_at), times)
        timed = [
            TimedPhoto(frame, placed.offsets_s[frame.frame_id], told.get(frame.photo.duplicate_of or frame.frame_id))
            for frame in frames
        ]
        return PlacedPhotos(tuple(sorted(timed, key=lambda photo: photo.offset_s)), placed.clock_skew_s)
