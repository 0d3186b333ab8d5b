"""Sessions begin here: made over HTTP, or made, attached to or resumed by a socket."""

import hashlib
import hmac
import secrets
import time
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from app.application.sessions.every_event import CONNECTED
from app.domain.audio.gateway import AudioJournal
from app.domain.audio.models import JournalState
from app.domain.errors import Conflict, Forbidden, NotFound
from app.domain.session.gateway import EventLog, SessionStore
from app.domain.session.models import Session, SessionConfig, SessionKey, SessionKind, SessionState

TOKEN_BYTES = 32


def hash_token(token: str) -> str:
    """What the store keeps of a resume token. It is random, so a plain hash is enough (OWASP ASVS 5.0, 11.4.1)."""
    return hashlib.sha256(token.encode()).hexdigest()


@dataclass(frozen=True)
class OpenedSession:
    """A session that audio can be added to.

    Attributes:
        session: as stored now.
        resume_token: what the client must show to resume it.
        journal: how far its audio reaches.
        resumed: True if a connection recorded into it before, or it has audio.
    """

    session: Session
    resume_token: str
    journal: JournalState
    resumed: bool


class OpenSession:
    """Creates sessions and lets clients back into theirs."""

    def __init__(self, sessions: SessionStore, journal: AudioJournal, events: EventLog) -> None:
        self._sessions = sessions
        self._journal = journal
        self._events = events

    async def create(
        self,
        owner: str,
        session_id: str | None,
        config: SessionConfig,
        kind: SessionKind = SessionKind.RECORDING,
    ) -> OpenedSession:
        """Make a new session; an absent id is made up.

        Raises:
            Conflict: the owner has a session of that id.
        """
        token = secrets.token_urlsafe(TOKEN_BYTES)
        session = Session(
            key=SessionKey(owner, session_id or str(uuid.uuid4())),
            kind=kind,
            state=SessionState.OPEN,
            config=config,
            token_hash=hash_token(token),
            created_at=time.time(),
        )
        await self._sessions.create(session)
        await self._events.append(session.key, "created", {"kind": kind.value})
        return OpenedSession(session, token, JournalState(), resumed=False)

    async def attach(
        self,
        owner: str,
        session_id: str | None,
        token: str | None,
        config: SessionConfig,
        given: Collection[str],
    ) -> OpenedSession:
        """Open the session that a socket's config names: a new one, one made over HTTP, or one to resume.

        Without a token, a session that has no audio yet may be attached to as well (it is the same owner's); it gets a new token.
        Until there is audio, those fields of ``config`` that are named in ``given`` replace what the session was made with.

        Raises:
            NotFound: a token for a session that is not there.
            Forbidden: the token is wrong, or missing for a session with audio.
            Conflict: the session has ended.
        """
        existing = await self._find(owner, session_id)
        if existing is None:
            if token is not None:
                raise NotFound("there is no such session to resume", code="session_not_found", param="session_id")
            opened = await self.create(owner, session_id, config)
            await self._connected(opened)
            return opened
        if token is not None and not hmac.compare_digest(hash_token(token), existing.token_hash):
            raise Forbidden("this is not the session's resume_token", code="wrong_resume_token", param="resume_token")
        if existing.state not in (SessionState.OPEN, SessionState.INTERRUPTED):
            raise Conflict("the session has ended", code="session_ended", param="session_id")
        opened = await self._reopen(existing, token, {name: getattr(config, name) for name in given})
        await self._connected(opened)
        return opened

    async def _find(self, owner: str, session_id: str | None) -> Session | None:
        if session_id is None:
            return None
        try:
            return await self._sessions.get(SessionKey(owner, session_id))
        except NotFound:
            return None

    async def _reopen(self, session: Session, token: str | None, wishes: Mapping[str, Any]) -> OpenedSession:
        journal = await self._journal.state(session.key)
        has_audio = journal.next_chunk_id > 1
        resumed = has_audio or session.state is SessionState.INTERRUPTED
        if token is None:
            if has_audio:
                raise Forbidden(
                    "the session has audio: resume it with its resume_token",
                    code="resume_token_required",
                    param="resume_token",
                )
            token = secrets.token_urlsafe(TOKEN_BYTES)
        session = replace(
            session,
            state=SessionState.OPEN,
            interrupted_at=None,
            token_hash=hash_token(token),
            config=session.config if has_audio else replace(session.config, **wishes),
        )
        await self._sessions.save(session)
        return OpenedSession(session, token, journal, resumed=resumed)

    async def _connected(self, opened: OpenedSession) -> None:
        payload = {"resumed": opened.resumed, "audio_ms": round(opened.journal.audio_s * 1000)}
        await self._events.append(opened.session.key, CONNECTED, payload)
