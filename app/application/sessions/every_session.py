"""All sessions of the store, page by page."""

from collections.abc import AsyncIterator, Sequence

from app.domain.session.gateway import SessionStore
from app.domain.session.models import Session, SessionKey, SessionState

PAGE = 200


async def every_session(
    sessions: SessionStore, *, states: Sequence[SessionState] = (), before: float | None = None, page: int = PAGE
) -> AsyncIterator[Session]:
    """Sessions of all owners, newest first; they may be changed or erased while they are visited.

    Args:
        sessions: the store.
        states: only these; none means all.
        before: only those created before, in unix seconds.
        page: how many are read at once.
    """
    last: SessionKey | None = None
    while True:
        found = await sessions.list(None, states=states, before=before, before_key=last, limit=page)
        for session in found:
            yield session
        if len(found) < page:
            return
        before, last = found[-1].created_at, found[-1].key
