"""Messages of ``/ws/audio``, exactly as protocol.md names them. Unknown fields are ignored."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.api.schemas.fields import SessionFields, SessionId, Whole
from app.domain.audio.models import AudioFormat, Encoding

_STRICT = ConfigDict(strict=True, frozen=True, extra="ignore")


class _ClientMessage(BaseModel):
    model_config = _STRICT


class ConfigMessage(SessionFields):
    """The first message of a socket. Fields that are absent or null take their defaults."""

    model_config = _STRICT

    type: Literal["config"]
    session_id: SessionId | None = None
    sample_rate: Annotated[int, Whole] | None = Field(None, ge=8_000, le=48_000)
    encoding: Literal["pcm16", "opus"] | None = None
    channels: Annotated[int, Whole] | None = Field(None, ge=1, le=2)
    resume_token: str | None = Field(None, min_length=1, max_length=200)

    def audio_format(self, default_rate_hz: int) -> AudioFormat:
        """The format of this socket's audio messages."""
        return AudioFormat(
            encoding=Encoding(self.encoding or "pcm16"),
            sample_rate_hz=self.sample_rate or default_rate_hz,
            channels=self.channels or 1,
        )


class AudioChunkMessage(_ClientMessage):
    """Audio of clients that cannot send binary messages."""

    type: Literal["audio_chunk"]
    chunk_id: Annotated[int, Whole] = Field(ge=1, le=2**53)
    data_b64: str


class GapMessage(_ClientMessage):
    """Audio that the client knows it lost."""

    type: Literal["gap"]
    duration_ms: float = Field(gt=0, allow_inf_nan=False)


class EndOfStreamMessage(_ClientMessage):
    """The recording is complete."""

    type: Literal["end_of_stream"]
