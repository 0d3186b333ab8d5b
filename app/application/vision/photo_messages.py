"""What a client sends with a photo, and what it is told."""

from dataclasses import dataclass

from app.domain.vision.models import Scene


@dataclass(frozen=True)
class PhotoRequest:
    """What a client sends with a photo; see docs/protocol.md.

    Attributes:
        data: the file.
        session_id: of the session that it joins, which is made if it is not there; None for a photo that nothing is kept of.
        captured_at: unix seconds, by the client's clock.
        prompt: a question about it.
        language: ISO 639-1 of the description; None = the session's, or the default.
        defer: answer before it is described.
    """

    data: bytes
    session_id: str | None = None
    captured_at: float | None = None
    prompt: str | None = None
    language: str | None = None
    defer: bool = False


@dataclass(frozen=True)
class PhotoAnswer:
    """What became of a photo.

    Attributes:
        frame_id: its id; of a photo without a session a random one.
        captured_at: unix seconds.
        size: of the upright photo: width and height in pixels.
        scene: None if it will be described later.
        model_id: the describer's.
        duplicate_of: the photo that it repeats, whose scene this is.
        timings_ms: by stage, with ``total``.
    """

    frame_id: str
    captured_at: float
    size: tuple[int, int]
    scene: Scene | None
    model_id: str
    duplicate_of: str | None
    timings_ms: dict[str, int]
