"""Old sessions are erased."""

import asyncio
import logging
import time
from collections.abc import Callable

from app.application.sessions.erase_session import EraseSession
from app.application.sessions.every_session import every_session
from app.application.sessions.live import LiveSessions
from app.domain.error_fields import error_fields
from app.domain.errors import NotFound
from app.domain.session.gateway import SessionStore
from app.domain.session.models import Session

INTERVAL_S = 3600.0
"""How late a session may be erased; retention is counted in days."""

log = logging.getLogger(__name__)


class Retention:
    """Erases sessions some time after they were last recorded into."""

    def __init__(
        self,
        sessions: SessionStore,
        live: LiveSessions,
        erase: EraseSession,
        *,
        ttl_s: float,
        interval_s: float = INTERVAL_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Prepare; ``ttl_s`` 0 means that nothing is ever erased."""
        self._sessions = sessions
        self._live = live
        self._erase = erase
        self._ttl_s = ttl_s
        self._interval_s = interval_s
        self._clock = clock

    async def watch(self) -> None:
        """Erase what is too old, now and from time to time, for as long as the server runs."""
        while self._ttl_s:
            try:
                await self.erase_expired()
            except Exception as exc:  # whatever it was, sessions must be erased tomorrow too
                log.warning("erasing old sessions failed", extra=error_fields(exc))
            await asyncio.sleep(self._interval_s)

    async def erase_expired(self) -> int:
        """Erase what is too old and return how many sessions that were."""
        if not self._ttl_s:
            return 0
        limit = self._clock() - self._ttl_s
        erased = 0
        async for session in every_session(self._sessions, before=limit):
            if _last_used(session) < limit and not self._live.is_live(session.key):
                erased += await self._try_erase(session)
        return erased

    async def _try_erase(self, session: Session) -> bool:
        context = {"session_id": session.key.session_id}
        try:
            await self._erase(session.key)
        except NotFound:
            return False
        except Exception as exc:  # whatever it was, the other sessions' turn comes
            log.warning("the session could not be erased", extra={**error_fields(exc), **context})
            return False
        log.info("the session was erased because of its age", extra=context)
        return True


def _last_used(session: Session) -> float:
    return max(session.created_at, session.ended_at or 0.0, session.interrupted_at or 0.0)
