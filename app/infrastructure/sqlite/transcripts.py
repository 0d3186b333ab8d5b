"""Segments, speaker turns and speaker names in SQLite."""

import sqlite3
from collections.abc import Mapping, Sequence

from app.domain.diarization.models import SpeakerTurn
from app.domain.session.gateway import TranscriptStore
from app.domain.session.models import Segment, SessionKey
from app.infrastructure.sqlite.database import SqliteDatabase
from app.infrastructure.sqlite.serialization import words_from_json, words_to_json
from app.infrastructure.sqlite.sessions import not_found, require_session


class SqliteTranscriptStore(TranscriptStore):
    """Rows of ``segment``, ``speaker_turn`` and ``speaker_name``."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    async def add_segments(
        self, key: SessionKey, segments: Sequence[Segment], *, heard_s: float, language: str | None
    ) -> None:
        """See ``TranscriptStore.add_segments``."""

        def add(connection: sqlite3.Connection) -> None:
            moved = connection.execute(
                "UPDATE session SET heard_s = MAX(heard_s, ?), language = COALESCE(?, language)"
                " WHERE owner = ? AND session_id = ?",
                (heard_s, language, key.owner, key.session_id),
            )
            if moved.rowcount == 0:
                raise not_found(key)
            for segment in segments:
                _add_segment(connection, key, segment)

        await self._database.write(add)

    async def segments(self, key: SessionKey) -> Sequence[Segment]:
        """See ``TranscriptStore.segments``."""

        def select(connection: sqlite3.Connection) -> list[Segment]:
            rows = connection.execute(
                "SELECT segment_id, start_s, end_s, text, words FROM segment WHERE owner = ? AND session_id = ?"
                " ORDER BY start_s, end_s, length(segment_id), segment_id",
                (key.owner, key.session_id),
            )
            return [
                Segment(segment_id, start, end, text, words_from_json(words))
                for segment_id, start, end, text, words in rows
            ]

        return await self._database.read(select)

    async def set_turns(self, key: SessionKey, turns: Sequence[SpeakerTurn]) -> None:
        """See ``TranscriptStore.set_turns``."""

        def replace(connection: sqlite3.Connection) -> None:
            require_session(connection, key)
            connection.execute(
                "DELETE FROM speaker_turn WHERE owner = ? AND session_id = ?", (key.owner, key.session_id)
            )
            connection.executemany(
                "INSERT INTO speaker_turn VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (key.owner, key.session_id, position, turn.start, turn.end, turn.speaker)
                    for position, turn in enumerate(turns)
                ],
            )

        await self._database.write(replace)

    async def turns(self, key: SessionKey) -> Sequence[SpeakerTurn]:
        """See ``TranscriptStore.turns``."""

        def select(connection: sqlite3.Connection) -> list[SpeakerTurn]:
            rows = connection.execute(
                "SELECT start_s, end_s, speaker FROM speaker_turn WHERE owner = ? AND session_id = ?"
                " ORDER BY start_s, position",
                (key.owner, key.session_id),
            )
            return [SpeakerTurn(*row) for row in rows]

        return await self._database.read(select)

    async def set_names(self, key: SessionKey, names: Mapping[str, str]) -> None:
        """See ``TranscriptStore.set_names``."""

        def update(connection: sqlite3.Connection) -> None:
            require_session(connection, key)
            for speaker, name in names.items():
                connection.execute(
                    "DELETE FROM speaker_name WHERE owner = ? AND session_id = ? AND speaker = ?",
                    (key.owner, key.session_id, speaker),
                )
                if name:
                    connection.execute(
                        "INSERT INTO speaker_name VALUES (?, ?, ?, ?)", (key.owner, key.session_id, speaker, name)
                    )

        await self._database.write(update)

    async def names(self, key: SessionKey) -> Mapping[str, str]:
        """See ``TranscriptStore.names``."""

        def select(connection: sqlite3.Connection) -> dict[str, str]:
            rows = connection.execute(
                "SELECT speaker, name FROM speaker_name WHERE owner = ? AND session_id = ?", (key.owner, key.session_id)
            )
            return dict(rows.fetchall())

        return await self._database.read(select)


def _add_segment(connection: sqlite3.Connection, key: SessionKey, segment: Segment) -> None:
    added = connection.execute(
        "INSERT INTO segment VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (
            key.owner,
            key.session_id,
            segment.segment_id,
            segment.start,
            segment.end,
            segment.text,
            words_to_json(segment.words),
        ),
    )
    if added.rowcount:
        connection.execute(
            "INSERT INTO search_entry (owner, session_id, kind, reference, start_s, text)"
            " VALUES (?, ?, 'segment', ?, ?, ?)",
            (key.owner, key.session_id, segment.segment_id, segment.start, segment.text),
        )
