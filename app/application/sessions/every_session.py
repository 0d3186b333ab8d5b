"""All sessions of the store, page by page."""

import math
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
    seen: set[SessionKey] = set()
    while True:
        found = await sessions.list(None, states=states, before=before, limit=page)
        new = [session for session in found if session.key not in seen]
        for session in new:
            yield session
        if len(found) < page or not new:
            return
        seen = {session.key for session in found}
        # The next page begins with the last creation time again: two sessions may have been created at the same moment.
        before = math.nextafter(found[-1].created_at, math.inf)
