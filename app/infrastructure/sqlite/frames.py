"""Photos and scenes in SQLite."""

import re
import sqlite3
import time
from collections.abc import Callable, Sequence
from typing import Any

from app.domain.errors import Conflict, NotFound
from app.domain.session.models import SessionKey
from app.domain.vision.frames import Frame, FrameScene, FrameState, NewFrame
from app.domain.vision.gateway import FrameStore
from app.infrastructure.sqlite.database import SqliteDatabase
from app.infrastructure.sqlite.serialization import scene_from_json, to_json
from app.infrastructure.sqlite.sessions import require_session

_FRAME_ID = re.compile(r"f([1-9][0-9]{0,8})")
_COLUMNS = (
    "position, received_at, captured_at, fingerprint, width, height, language, prompt, duplicate_of, state, error"
)
_FRAME = "owner = ? AND session_id = ? AND position = ?"


class SqliteFrameStore(FrameStore):
    """Rows of ``frame`` and ``scene``."""

    def __init__(self, database: SqliteDatabase, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def add(self, key: SessionKey, photo: NewFrame, *, limit: int) -> Frame:
        """See ``FrameStore.add``."""
        state = FrameState.WAITING if photo.duplicate_of is None else FrameState.DESCRIBED

        def insert(connection: sqlite3.Connection) -> Frame:
            require_session(connection, key)
            count, last = connection.execute(
                "SELECT COUNT(*), COALESCE(MAX(position), 0) FROM frame WHERE owner = ? AND session_id = ?",
                (key.owner, key.session_id),
            ).fetchone()
            if count >= limit:
                raise Conflict(f"the session has {limit} photos, the most it may have", code="too_many_photos")
            connection.execute(
                f"INSERT INTO frame (owner, session_id, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",  # noqa: S608 constants only
                (
                    key.owner,
                    key.session_id,
                    last + 1,
                    photo.received_at,
                    photo.captured_at,
                    f"{photo.fingerprint:016x}",
                    photo.width,
                    photo.height,
                    photo.language,
                    photo.prompt,
                    photo.duplicate_of,
                    state,
                ),
            )
            return Frame(f"f{last + 1}", photo, state)

        return await self._database.write(insert)

    async def get(self, key: SessionKey, frame_id: str) -> Frame:
        """See ``FrameStore.get``."""
        place = _place(key, frame_id)

        def select(connection: sqlite3.Connection) -> Frame:
            row = connection.execute(f"SELECT {_COLUMNS} FROM frame WHERE {_FRAME}", place).fetchone()  # noqa: S608
            if row is None:
                raise _not_found(frame_id)
            return _frame(row)

        return await self._database.read(select)

    async def frames(self, key: SessionKey) -> Sequence[Frame]:
        """See ``FrameStore.frames``."""
        where, values = "owner = ? AND session_id = ? ORDER BY position", (key.owner, key.session_id)
        return await self._database.read(
            lambda connection: [
                _frame(row)
                for row in connection.execute(f"SELECT {_COLUMNS} FROM frame WHERE {where}", values)  # noqa: S608
            ]
        )

    async def latest(self, key: SessionKey) -> Frame | None:
        """See ``FrameStore.latest``."""

        def select(connection: sqlite3.Connection) -> Frame | None:
            row = connection.execute(
                f"SELECT {_COLUMNS} FROM frame WHERE owner = ? AND session_id = ? AND duplicate_of IS NULL"  # noqa: S608
                " ORDER BY position DESC LIMIT 1",
                (key.owner, key.session_id),
            ).fetchone()
            return None if row is None else _frame(row)

        return await self._database.read(select)

    async def waiting(self, *, limit: int) -> Sequence[tuple[SessionKey, Frame]]:
        """See ``FrameStore.waiting``."""

        def select(connection: sqlite3.Connection) -> list[tuple[SessionKey, Frame]]:
            rows = connection.execute(
                f"SELECT owner, session_id, {_COLUMNS} FROM frame WHERE state = ? ORDER BY received_at LIMIT ?",  # noqa: S608
                (FrameState.WAITING, limit),
            )
            return [(SessionKey(owner, session_id), _frame(row)) for owner, session_id, *row in rows]

        return await self._database.read(select)

    async def remove(self, key: SessionKey, frame_id: str) -> None:
        """See ``FrameStore.remove``."""
        place = _place(key, frame_id)
        await self._database.write(lambda connection: connection.execute(f"DELETE FROM frame WHERE {_FRAME}", place))  # noqa: S608

    async def set_state(self, key: SessionKey, frame_id: str, state: FrameState, error: str | None = None) -> None:
        """See ``FrameStore.set_state``."""
        await self._database.write(lambda connection: _set_state(connection, key, frame_id, state, error))

    async def add_scene(self, key: SessionKey, frame_scene: FrameScene) -> None:
        """See ``FrameStore.add_scene``."""
        scene, frame_id = frame_scene.scene, frame_scene.frame_id

        def insert(connection: sqlite3.Connection) -> None:
            _set_state(connection, key, frame_id, FrameState.DESCRIBED, None)
            connection.execute(
                "INSERT OR REPLACE INTO scene VALUES (?, ?, ?, ?, ?, ?, ?)",
                (*_place(key, frame_id), scene.language, frame_scene.model_id, self._clock(), to_json(scene)),
            )
            connection.execute(
                "DELETE FROM search_entry WHERE owner = ? AND session_id = ? AND kind = 'photo' AND reference = ?",
                (key.owner, key.session_id, frame_id),
            )
            connection.execute(
                "INSERT INTO search_entry (owner, session_id, kind, reference, text) VALUES (?, ?, 'photo', ?, ?)",
                (key.owner, key.session_id, frame_id, "\n".join([scene.description, *scene.text])),
            )

        await self._database.write(insert)

    async def scenes(self, key: SessionKey, frame_id: str | None = None) -> Sequence[FrameScene]:
        """See ``FrameStore.scenes``."""
        place = (key.owner, key.session_id) if frame_id is None else _place(key, frame_id)
        where = "owner = ? AND session_id = ?" if frame_id is None else _FRAME

        def select(connection: sqlite3.Connection) -> list[FrameScene]:
            rows = connection.execute(
                f"SELECT position, body, model_id FROM scene WHERE {where} ORDER BY position, created_at",  # noqa: S608
                place,
            )
            return [FrameScene(f"f{position}", scene_from_json(body), model_id) for position, body, model_id in rows]

        return await self._database.read(select)


def _set_state(
    connection: sqlite3.Connection, key: SessionKey, frame_id: str, state: FrameState, error: str | None
) -> None:
    changed = connection.execute(
        f"UPDATE frame SET state = ?, error = ? WHERE {_FRAME}",  # noqa: S608
        (state, error, *_place(key, frame_id)),
    )
    if changed.rowcount == 0:
        raise _not_found(frame_id)


def _place(key: SessionKey, frame_id: str) -> tuple[str, str, int]:
    found = _FRAME_ID.fullmatch(frame_id)
    if found is None:
        raise _not_found(frame_id)
    return key.owner, key.session_id, int(found[1])


def _not_found(frame_id: str) -> NotFound:
    return NotFound(f"there is no photo {frame_id[:12]} in the session", code="frame_not_found")


def _frame(row: Sequence[Any]) -> Frame:
    position, received_at, captured_at, fingerprint, width, height, language, prompt, duplicate_of, state, error = row
    photo = NewFrame(
        received_at, captured_at, int(fingerprint, 16), width, height, language, prompt, duplicate_of=duplicate_of
    )
    return Frame(f"f{position}", photo, FrameState(state), error)
