"""Sessions in SQLite."""

import sqlite3
from collections.abc import Sequence

from app.domain.errors import Conflict, NotFound
from app.domain.session.gateway import SessionStore
from app.domain.session.models import Session, SessionKey, SessionKind, SessionState
from app.infrastructure.sqlite.database import SqliteDatabase
from app.infrastructure.sqlite.serialization import config_from_json, to_json

_COLUMNS = "owner, session_id, kind, state, config, token_hash, created_at, language, audio_s, heard_s, interrupted_at, ended_at"


def not_found(key: SessionKey) -> NotFound:
    """The error for a session that is not there, or is another owner's."""
    return NotFound(f"there is no session {key.session_id}", param="session_id", code="session_not_found")


def require_session(connection: sqlite3.Connection, key: SessionKey) -> None:
    """Raise NotFound unless the session exists; called inside the transaction that will refer to it."""
    found = connection.execute(
        "SELECT 1 FROM session WHERE owner = ? AND session_id = ?", (key.owner, key.session_id)
    ).fetchone()
    if found is None:
        raise not_found(key)


class SqliteSessionStore(SessionStore):
    """Rows of ``session``; deleting one deletes by foreign key what refers to it."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    async def create(self, session: Session) -> None:
        """See ``SessionStore.create``."""

        def insert(connection: sqlite3.Connection) -> None:
            marks = ", ".join("?" * 12)
            inserted = connection.execute(
                f"INSERT INTO session ({_COLUMNS}) VALUES ({marks}) ON CONFLICT DO NOTHING",  # noqa: S608 constants
                _values(session),
            )
            if inserted.rowcount == 0:
                raise Conflict(f"session {session.key.session_id} exists already", param="session_id")

        await self._database.write(insert)

    async def get(self, key: SessionKey) -> Session:
        """See ``SessionStore.get``."""

        def select(connection: sqlite3.Connection) -> Session:
            row = connection.execute(
                f"SELECT {_COLUMNS} FROM session WHERE owner = ? AND session_id = ?",  # noqa: S608 constants
                (key.owner, key.session_id),
            ).fetchone()
            if row is None:
                raise not_found(key)
            return _session(row)

        return await self._database.read(select)

    async def save(self, session: Session) -> None:
        """See ``SessionStore.save``."""

        def update(connection: sqlite3.Connection) -> None:
            owner, session_id, *values = _values(session)
            updated = connection.execute(
                "UPDATE session SET kind = ?, state = ?, config = ?, token_hash = ?, created_at = ?,"
                " language = COALESCE(?, language), audio_s = MAX(?, audio_s), heard_s = MAX(?, heard_s),"
                " interrupted_at = ?, ended_at = ? WHERE owner = ? AND session_id = ?",
                (*values, owner, session_id),
            )
            if updated.rowcount == 0:
                raise not_found(session.key)

        await self._database.write(update)

    async def list(
        self,
        owner: str | None,
        *,
        states: Sequence[SessionState] = (),
        before: float | None = None,
        before_key: SessionKey | None = None,
        limit: int = 50,
    ) -> Sequence[Session]:
        """See ``SessionStore.list``."""
        conditions = ["TRUE"]
        parameters: list[str | float | int] = []
        if owner is not None:
            conditions.append("owner = ?")
            parameters.append(owner)
        if states:
            conditions.append(f"state IN ({', '.join('?' * len(states))})")
            parameters.extend(state.value for state in states)
        if before is not None and before_key is not None:
            conditions.append("(created_at < ? OR created_at = ? AND (owner, session_id) > (?, ?))")
            parameters.extend((before, before, before_key.owner, before_key.session_id))
        elif before is not None:
            conditions.append("created_at < ?")
            parameters.append(before)
        query = (
            f"SELECT {_COLUMNS} FROM session WHERE {' AND '.join(conditions)}"  # noqa: S608 constants and marks only
            " ORDER BY created_at DESC, owner, session_id LIMIT ?"
        )
        parameters.append(limit)
        return await self._database.read(
            lambda connection: [_session(row) for row in connection.execute(query, parameters)]
        )

    async def delete(self, key: SessionKey) -> None:
        """See ``SessionStore.delete``."""

        def remove(connection: sqlite3.Connection) -> None:
            deleted = connection.execute(
                "DELETE FROM session WHERE owner = ? AND session_id = ?", (key.owner, key.session_id)
            )
            if deleted.rowcount == 0:
                raise not_found(key)

        await self._database.write(remove)
        await self._database.erase_traces()


def _values(session: Session) -> tuple[str | float | None, ...]:
    return (
        session.key.owner,
        session.key.session_id,
        session.kind.value,
        session.state.value,
        to_json(session.config),
        session.token_hash,
        session.created_at,
        session.language,
        session.audio_s,
        session.heard_s,
        session.interrupted_at,
        session.ended_at,
    )


def _session(row: Sequence[object]) -> Session:
    owner, session_id, kind, state, config, *rest = row
    return Session(
        SessionKey(str(owner), str(session_id)),
        SessionKind(str(kind)),
        SessionState(str(state)),
        config_from_json(str(config)),
        *rest,  # type: ignore[arg-type]  # the columns follow the fields' order
    )
