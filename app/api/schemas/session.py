"""Wire models of the ``/session`` routes and of search."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.api.schemas.analysis import LineJson
from app.api.schemas.fields import SessionFields, SessionId
from app.domain.session.models import SearchHit, Session, SessionKind


class CreateSession(SessionFields):
    """What a new session should be."""

    model_config = ConfigDict(strict=True, extra="ignore")

    session_id: SessionId | None = Field(None, description="Made by the server if absent.")
    kind: SessionKind | None = Field(None, strict=False, description="Absent = recording.")


class CreatedSession(BaseModel):
    """A new session and the token that resumes it."""

    session_id: str
    resume_token: str = Field(description="Shown once; only its hash is stored.")


class SessionJson(BaseModel):
    """A session as clients read it."""

    session_id: str
    kind: SessionKind
    state: Literal["open", "interrupted", "processing", "finished"]
    created_at: float
    started_at: float
    ended_at: float | None
    interrupted_at: float | None
    language: str | None = Field(description="Configured or detected; null until known.")
    duration_s: float
    heard_s: float = Field(description="Recognition is final up to here.")
    diarize: bool


class SessionDetailJson(SessionJson):
    """A session with its speakers."""

    speakers: dict[str, str | None] = Field(description="Names by label; null for those without a name.")


class SessionPage(BaseModel):
    """Sessions, newest first."""

    sessions: list[SessionJson]
    next_before: str | None = Field(description="Pass it as ``before`` to get the next page; null on the last.")


class StatusJson(BaseModel):
    """Where a session stands while its analysis is not there."""

    session_id: str
    status: Literal["open", "interrupted", "processing", "finished"]
    stage: str | None = Field(None, description="transcribing, diarizing or analyzing, while processing.")
    progress: float = Field(0.0, description="Of that stage, 0 to 1.")


class UploadedJson(StatusJson):
    """What became of an uploaded recording."""

    duration_s: float
    added_s: float
    filled_s: float = Field(description="How much of it filled gaps.")
    whole: bool = Field(
        description="False if the recording is damaged or cut off; then what could be decoded was taken."
    )


class TranscriptJson(BaseModel):
    """A transcript with speakers."""

    session_id: str
    language: str | None
    duration_s: float
    segments: list[LineJson]


class SearchResultJson(BaseModel):
    """One place where a search matched."""

    session_id: str
    kind: Literal["segment", "summary", "photo"]
    reference: str = Field(description="Segment id, analysis version or frame id.")
    snippet: str = Field(description="Matches are marked with [ and ].")
    start: float | None

    @classmethod
    def of(cls, hit: SearchHit) -> "SearchResultJson":
        """From the index's answer."""
        return cls.model_validate(hit, from_attributes=True)


class SearchJson(BaseModel):
    """Best matches first."""

    query: str
    results: list[SearchResultJson]


SpeakerNames = dict[
    Annotated[str, StringConstraints(max_length=64)], Annotated[str, StringConstraints(max_length=400)] | None
]


def session_json(session: Session) -> SessionJson:
    """A session as clients read it."""
    return SessionJson(
        session_id=session.key.session_id,
        kind=session.kind,
        state=session.state.value,
        created_at=session.created_at,
        started_at=session.started_at,
        ended_at=session.ended_at,
        interrupted_at=session.interrupted_at,
        language=session.language or session.config.language,
        duration_s=round(session.audio_s, 3),
        heard_s=round(session.heard_s, 3),
        diarize=session.config.diarize,
    )
