"""Ports for storing sessions and for running their work."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from app.domain.analysis.models import Analysis
from app.domain.diarization.models import SpeakerTurn
from app.domain.session.models import (
    SearchHit,
    Segment,
    Session,
    SessionEvent,
    SessionKey,
    SessionState,
    StageResult,
)


class SessionStore(Protocol):
    """Sessions themselves. Every method is one transaction."""

    async def create(self, session: Session) -> None:
        """Store a new session.

        Raises:
            Conflict: the owner has a session of that id.
        """
        ...

    async def get(self, key: SessionKey) -> Session:
        """Read one.

        Raises:
            NotFound: there is none.
        """
        ...

    async def save(self, session: Session) -> None:
        """Replace a session's row.

        Except that ``audio_s`` and ``heard_s`` never go back and a known ``language`` is never unset: recognition
        moves them (``TranscriptStore.add_segments``) while others save what they read before.

        Raises:
            NotFound: it was deleted.
        """
        ...

    async def list(
        self,
        owner: str | None,
        *,
        states: Sequence[SessionState] = (),
        before: float | None = None,
        before_key: SessionKey | None = None,
        limit: int = 50,
    ) -> Sequence[Session]:
        """Read a page of sessions, newest first; those created at the same moment by owner and id.

        Args:
            owner: whose; None means every owner's (start-up only).
            states: only these; none means all.
            before: only those created before, in unix seconds; the ``created_at`` of the last session of the page before.
            before_key: the key of that session; without it, others created at the same moment are left out.
            limit: how many at most.
        """
        ...

    async def delete(self, key: SessionKey) -> None:
        """Erase the session and everything that refers to it, search entries included.

        Raises:
            NotFound: there is none.
        """
        ...


class TranscriptStore(Protocol):
    """What was said, and by whom."""

    async def add_segments(
        self, key: SessionKey, segments: Sequence[Segment], *, heard_s: float, language: str | None
    ) -> None:
        """Append segments and move the session's ``heard_s`` in one transaction, so that none is ever repeated or lost.

        Segments whose id is stored already are ignored; ``heard_s`` never goes back; language None leaves the session's.

        Raises:
            NotFound: the session was deleted.
        """
        ...

    async def segments(self, key: SessionKey) -> Sequence[Segment]:
        """All segments by start time."""
        ...

    async def set_turns(self, key: SessionKey, turns: Sequence[SpeakerTurn]) -> None:
        """Replace the session's speaker turns."""
        ...

    async def turns(self, key: SessionKey) -> Sequence[SpeakerTurn]:
        """The session's speaker turns by start time; empty before diarization."""
        ...

    async def set_names(self, key: SessionKey, names: Mapping[str, str]) -> None:
        """Name speakers (``{"S1": "Marta"}``); others keep theirs; an empty name removes it."""
        ...

    async def names(self, key: SessionKey) -> Mapping[str, str]:
        """Names given so far."""
        ...


class AnalysisStore(Protocol):
    """Versioned analyses."""

    async def add(self, key: SessionKey, analysis: Analysis) -> int:
        """Store a new version and return its number, from 1; indexes the summary for search."""
        ...

    async def get(self, key: SessionKey, version: int | None = None) -> Analysis:
        """The newest, or the given, version.

        Raises:
            NotFound: none, or no such version.
        """
        ...

    async def set_stage(self, key: SessionKey, result: StageResult) -> None:
        """Remember how a stage went."""
        ...

    async def stages(self, key: SessionKey) -> Mapping[str, StageResult]:
        """Results by stage name."""
        ...


class EventLog(Protocol):
    """The append-only log of each session."""

    async def append(self, key: SessionKey, kind: str, payload: Mapping[str, Any]) -> SessionEvent:
        """Append one event with the next sequence number."""
        ...

    async def read(self, key: SessionKey, *, after: int = 0, limit: int = 1000) -> Sequence[SessionEvent]:
        """Events with ``sequence > after``, in order."""
        ...


class SearchIndex(Protocol):
    """Full-text search over everything an owner has."""

    async def search(self, owner: str, query: str, *, limit: int = 50) -> Sequence[SearchHit]:
        """Best matches first. ``query`` is words and "phrases"; everything else in it is ignored, never an error."""
        ...


class JobRunner(Protocol):
    """Runs a session's post-session work: step by step, the jobs of one session one after the other."""

    async def submit(self, key: SessionKey, job: str, *, again: bool = False) -> None:
        """Start the job unless it already runs or is queued for this session.

        Args:
            key: the session.
            job: a name that the composition root registered, such as ``finish_session``.
            again: if it runs, run it once more when it ends: what it works on has changed.

        Raises:
            InvalidInput: there is no such job.
            StorageError: the job could not be recorded.
        """
        ...

    async def forget(self, key: SessionKey) -> None:
        """Stop the session's jobs and erase what is recorded about them; call it before a session is deleted."""
        ...
