"""Photos of a session, as they are kept."""

from dataclasses import dataclass
from enum import StrEnum

from app.domain.vision.models import Scene


class FrameState(StrEnum):
    """Where a photo stands."""

    WAITING = "waiting"
    """Stored, and to be described: soon, or at the end of its session."""
    DESCRIBED = "described"
    """Its scene can be read; a near-duplicate's is that of the photo it repeats."""
    FAILED = "failed"
    """The describer failed on it; making the analysis again tries again."""


@dataclass(frozen=True)
class NewFrame:
    """A photo that is about to be stored.

    Attributes:
        received_at: unix seconds, of the server's clock.
        captured_at: unix seconds, of the client's clock; None if the client told none.
        fingerprint: what is compared with other photos' (``fingerprint.py``).
        width: of the upright photo as sent, in pixels.
        height: the same.
        language: ISO 639-1 that it is to be described in.
        prompt: what the wearer asked about it.
        duplicate_of: id of the photo that it repeats.
    """

    received_at: float
    captured_at: float | None
    fingerprint: int
    width: int
    height: int
    language: str
    prompt: str | None = None
    duplicate_of: str | None = None


@dataclass(frozen=True)
class Frame:
    """A photo of a session.

    Attributes:
        frame_id: ``f1``, ``f2``, … in the order of arrival.
        photo: what was known when it came.
        state: where it stands.
        error: why it failed: a code, never content.
    """

    frame_id: str
    photo: NewFrame
    state: FrameState = FrameState.WAITING
    error: str | None = None

    @property
    def number(self) -> int:
        """That of its id."""
        return int(self.frame_id[1:])

    @property
    def captured_at(self) -> float:
        """Unix seconds: the client's, or else when it arrived."""
        return self.photo.received_at if self.photo.captured_at is None else self.photo.captured_at


@dataclass(frozen=True)
class FrameScene:
    """What a describer told of a photo."""

    frame_id: str
    scene: Scene
    model_id: str
