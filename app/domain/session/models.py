"""A session and what belongs to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from app.domain.transcription.models import Word


@dataclass(frozen=True)
class SessionKey:
    """Names one session of one owner; part of every row and every path."""

    owner: str
    session_id: str


class SessionKind(StrEnum):
    """What a session is made of."""

    RECORDING = "recording"
    VOICE = "voice"


class SessionState(StrEnum):
    """Where a session stands in its life."""

    OPEN = "open"  # created, or live on a socket
    INTERRUPTED = "interrupted"  # the socket dropped; may be resumed within the window
    PROCESSING = "processing"  # ended; the post-session work runs
    FINISHED = "finished"  # the analysis can be had (complete or not)


@dataclass(frozen=True)
class SessionConfig:
    """What the client asked for; unset languages are detected.

    Attributes:
        language: ISO 639-1 of the speech, None = detect once and keep.
        summary_language: ISO 639-1 of the analysis, None = the transcript's.
        vocabulary: names and jargon.
        timezone: IANA name, for dates in the analysis; None = UTC.
        started_at: unix seconds of the session's clock zero; None = when it was created.
        diarize: whether speakers are told apart.
        speakers: how many, if known.
    """

    language: str | None = None
    summary_language: str | None = None
    vocabulary: tuple[str, ...] = ()
    timezone: str | None = None
    started_at: float | None = None
    diarize: bool = True
    speakers: int | None = None


@dataclass(frozen=True)
class Session:
    """One session as the store keeps it.

    Attributes:
        key: owner and id.
        kind: recording or voice.
        state: where it stands.
        config: what the client asked for.
        token_hash: SHA-256 (hex) of the resume token; the token itself is never stored.
        created_at: unix seconds.
        language: the language found or configured; None until known.
        audio_s: length of the stored audio in seconds.
        heard_s: recognition is final up to here, in seconds.
        interrupted_at: unix seconds when the socket was lost; None while connected or done.
        ended_at: unix seconds when the stream ended.
    """

    key: SessionKey
    kind: SessionKind
    state: SessionState
    config: SessionConfig
    token_hash: str
    created_at: float
    language: str | None = None
    audio_s: float = 0.0
    heard_s: float = 0.0
    interrupted_at: float | None = None
    ended_at: float | None = None

    @property
    def started_at(self) -> float:
        """Unix seconds of its clock zero."""
        return self.created_at if self.config.started_at is None else self.config.started_at


@dataclass(frozen=True)
class Segment:
    """One recognised segment, final: late audio adds segments and changes none.

    Times in seconds on the session's clock. ``segment_id`` (``s1``, ``s2``, …) is given once and survives relabelling.
    Speakers are not stored here: they are aligned on reading (``domain/diarization/alignment.py``).
    """

    segment_id: str
    start: float
    end: float
    text: str
    words: tuple[Word, ...] = ()


@dataclass(frozen=True)
class TranscriptLine:
    """A segment, or part of one, with its speaker: what clients read."""

    segment_id: str
    speaker: str | None
    start: float
    end: float
    text: str


@dataclass(frozen=True)
class SessionEvent:
    """One entry of a session's append-only log: what sockets, streams and webhooks replay.

    Attributes:
        sequence: counted from 1 without holes in a session.
        kind: the message type that clients see, such as ``segments`` or ``progress``.
        payload: ids and numbers; never content.
        created_at: unix seconds.
    """

    sequence: int
    kind: str
    payload: Mapping[str, Any]
    created_at: float


@dataclass(frozen=True)
class SearchHit:
    """One place where a search matched. ``snippet`` marks matches with ``[`` and ``]``."""

    session_id: str
    kind: str  # segment, summary or photo
    reference: str  # segment id, analysis version or frame id
    snippet: str
    start: float | None = None


@dataclass(frozen=True)
class StageResult:
    """How one stage of the post-session work went; kept with the session so that a restart does not repeat it."""

    stage: str
    duration_ms: int
    error: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
