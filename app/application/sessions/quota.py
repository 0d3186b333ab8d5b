"""How much audio an owner may keep on disk."""

import asyncio
from collections.abc import AsyncIterator

from app.domain.audio.gateway import AudioJournal
from app.domain.errors import Overloaded
from app.domain.session.gateway import SessionStore
from app.domain.session.models import Session, SessionKey

PAGE = 500
MEBIBYTE = 1024 * 1024


class AudioQuota:
    """Counts stored bytes by owner: from the journals at first, then along with what is added and erased."""

    def __init__(self, quota_bytes: int, sessions: SessionStore, journal: AudioJournal) -> None:
        """Prepare; ``quota_bytes`` 0 means unlimited."""
        self._quota_bytes = quota_bytes
        self._sessions = sessions
        self._journal = journal
        self._stored: dict[SessionKey, int] = {}
        self._counted: set[str] = set()
        self._lock = asyncio.Lock()

    async def check(self, owner: str) -> None:
        """Refuse a new recording of an owner whose quota is used up.

        Raises:
            Overloaded: it is.
        """
        if self._quota_bytes:
            await self._count(owner)
            self._refuse_above(owner, 0)

    def stored(self, key: SessionKey, stored_bytes: int) -> None:
        """Remember what the session's journal takes now.

        Raises:
            Overloaded: with it the owner's quota is used up.
        """
        self._stored[key] = stored_bytes
        if self._quota_bytes and key.owner in self._counted:
            self._refuse_above(key.owner, 1)

    def erased(self, key: SessionKey) -> None:
        """Forget the session."""
        self._stored.pop(key, None)

    def _refuse_above(self, owner: str, slack_bytes: int) -> None:
        used = sum(size for key, size in self._stored.items() if key.owner == owner)
        if used >= self._quota_bytes + slack_bytes:
            raise Overloaded(
                f"the audio kept has reached its quota of {self._quota_bytes // MEBIBYTE} MiB; "
                "erase sessions or raise sessions.quota_bytes, then retry in 60 s",
                code="quota_exceeded",
                retry_after_s=60.0,
            )

    async def _count(self, owner: str) -> None:
        async with self._lock:
            if owner in self._counted:
                return
            async for session in _all_sessions(self._sessions, owner):
                if session.key not in self._stored:
                    self._stored[session.key] = (await self._journal.state(session.key)).stored_bytes
            self._counted.add(owner)


async def _all_sessions(sessions: SessionStore, owner: str) -> AsyncIterator[Session]:
    before: float | None = None
    while True:
        page = await sessions.list(owner, before=before, limit=PAGE)
        for session in page:
            yield session
        if len(page) < PAGE:
            return
        before = page[-1].created_at
