"""Messages of ``/ws/audio``, exactly as protocol.md names them. Unknown fields are ignored."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from app.api.schemas.fields import Language, SessionId, TimeZone, UnixSeconds, Vocabulary
from app.domain.audio.models import AudioFormat, Encoding
from app.domain.session.models import SessionConfig


class _ClientMessage(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")


class ConfigMessage(_ClientMessage):
    """The first message of a socket. Fields that are absent or null take their defaults."""

    type: Literal["config"]
    session_id: SessionId | None = None
    sample_rate: int | None = Field(None, ge=8_000, le=48_000)
    encoding: Literal["pcm16", "opus"] | None = None
    channels: int | None = Field(None, ge=1, le=2)
    language: Language | None = None
    summary_language: Language | None = None
    vocabulary: Vocabulary | None = Field(None, strict=False)
    timezone: TimeZone | None = None
    started_at: UnixSeconds | None = None
    diarize: bool | None = None
    speakers: int | None = Field(None, ge=1, le=20)
    resume_token: str | None = Field(None, min_length=1, max_length=200)

    def audio_format(self, default_rate_hz: int) -> AudioFormat:
        """The format of this socket's audio messages."""
        return AudioFormat(
            encoding=Encoding(self.encoding or "pcm16"),
            sample_rate_hz=self.sample_rate or default_rate_hz,
            channels=self.channels or 1,
        )

    def session_config(self) -> SessionConfig:
        """What the client asked for."""
        return SessionConfig(
            language=self.language,
            summary_language=self.summary_language,
            vocabulary=self.vocabulary or (),
            timezone=self.timezone,
            started_at=self.started_at,
            diarize=self.diarize is not False,
            speakers=self.speakers,
        )


class AudioChunkMessage(_ClientMessage):
    """Audio of clients that cannot send binary messages."""

    type: Literal["audio_chunk"]
    chunk_id: int = Field(ge=1, le=2**53)
    data_b64: str


class GapMessage(_ClientMessage):
    """Audio that the client knows it lost."""

    type: Literal["gap"]
    duration_ms: float = Field(gt=0, allow_inf_nan=False)


class EndOfStreamMessage(_ClientMessage):
    """The recording is complete."""

    type: Literal["end_of_stream"]
