"""The event log in SQLite."""

import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from app.domain.session.gateway import EventLog
from app.domain.session.models import SessionEvent, SessionKey
from app.infrastructure.sqlite.database import SqliteDatabase
from app.infrastructure.sqlite.serialization import from_json, to_json
from app.infrastructure.sqlite.sessions import require_session


class SqliteEventLog(EventLog):
    """Rows of ``session_event``. Numbers have no holes because only one thread writes, in one transaction each."""

    def __init__(self, database: SqliteDatabase, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def append(self, key: SessionKey, kind: str, payload: Mapping[str, Any]) -> SessionEvent:
        """See ``EventLog.append``."""

        def insert(connection: sqlite3.Connection) -> SessionEvent:
            require_session(connection, key)
            (sequence,) = connection.execute(
                "SELECT COALESCE(MAX(sequence), 0) + 1 FROM session_event WHERE owner = ? AND session_id = ?",
                (key.owner, key.session_id),
            ).fetchone()
            event = SessionEvent(int(sequence), kind, dict(payload), self._clock())
            connection.execute(
                "INSERT INTO session_event VALUES (?, ?, ?, ?, ?, ?)",
                (key.owner, key.session_id, event.sequence, kind, to_json(event.payload), event.created_at),
            )
            return event

        return await self._database.write(insert)

    async def read(self, key: SessionKey, *, after: int = 0, limit: int = 1000) -> Sequence[SessionEvent]:
        """See ``EventLog.read``."""

        def select(connection: sqlite3.Connection) -> list[SessionEvent]:
            rows = connection.execute(
                "SELECT sequence, kind, payload, created_at FROM session_event"
                " WHERE owner = ? AND session_id = ? AND sequence > ? ORDER BY sequence LIMIT ?",
                (key.owner, key.session_id, after, limit),
            )
            return [
                SessionEvent(sequence, kind, from_json(payload), created_at)
                for sequence, kind, payload, created_at in rows
            ]

        return await self._database.read(select)
