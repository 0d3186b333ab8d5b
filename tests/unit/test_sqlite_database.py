"""The database file: schema versions, durability settings, failures."""

import os
import sqlite3
from pathlib import Path

import pytest

from app.domain.errors import ConfigurationError, StorageError
from app.domain.session.models import Segment, Session, SessionConfig, SessionKey, SessionKind, SessionState
from app.infrastructure.sqlite import schema
from app.infrastructure.sqlite.database import SqliteDatabase
from app.infrastructure.sqlite.sessions import SqliteSessionStore
from app.infrastructure.sqlite.transcripts import SqliteTranscriptStore

pytestmark = pytest.mark.unit
KEY = SessionKey("ana", "first")


def new_session(key: SessionKey = KEY) -> Session:
    return Session(key, SessionKind.RECORDING, SessionState.OPEN, SessionConfig(), "", 1.0)


def modes(folder: Path) -> set[int]:
    """What others than the owner may do with the files."""
    return {path.stat().st_mode & 0o077 for path in folder.iterdir()}


def contents(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir())


@pytest.mark.skipif(os.name != "posix", reason="other systems have no modes")
async def test_only_the_user_may_read_what_was_said(tmp_path: Path) -> None:
    database = await SqliteDatabase.open(tmp_path / "sessions.db")
    await SqliteSessionStore(database).create(new_session())
    assert modes(tmp_path) == {0}
    await database.close()


async def test_reopening_keeps_what_was_stored(tmp_path: Path) -> None:
    for _ in range(2):
        database = await SqliteDatabase.open(tmp_path / "deep" / "sessions.db")
        store = SqliteSessionStore(database)
        if not await store.list("ana"):
            await store.create(new_session())
        await database.close()
        await database.close()
    with sqlite3.connect(tmp_path / "deep" / "sessions.db") as connection:
        applied = connection.execute("SELECT version FROM schema_migrations").fetchall()
        kept = connection.execute("SELECT owner, session_id FROM session").fetchall()
    connection.close()
    assert applied == [(version,) for version, _, _ in schema.migrations()]
    assert kept == [("ana", "first")]


async def test_a_newer_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sessions.db"
    await (await SqliteDatabase.open(path)).close()
    connection = sqlite3.connect(path)
    connection.execute("INSERT INTO schema_migrations VALUES (9999, 'future', 0)")
    connection.commit()
    connection.close()
    with pytest.raises(ConfigurationError, match="upgrade") as refusal:
        await SqliteDatabase.open(path)
    assert refusal.value.code == "database_too_new"


async def test_a_foreign_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sessions.db"
    path.write_bytes(b"not a database" * 1000)
    with pytest.raises(ConfigurationError, match="cannot be opened"):
        await SqliteDatabase.open(path)


def test_a_migration_is_all_or_nothing() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    schema.migrate(connection)
    with pytest.raises(sqlite3.OperationalError):
        schema._apply(connection, 7777, "broken.sql", "CREATE TABLE half (x); SELECT nonsense;")
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    assert "half" not in tables
    assert schema._current(connection) < 7777
    connection.close()


async def test_durability_and_integrity_settings(tmp_path: Path) -> None:
    database = await SqliteDatabase.open(tmp_path / "sessions.db")

    def settings(connection: sqlite3.Connection) -> list[object]:
        names = ("journal_mode", "synchronous", "foreign_keys")
        return [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names]

    assert await database.write(settings) == ["wal", 2, 1]
    assert await database.read(settings) == ["wal", 2, 1]
    await database.close()


async def test_readers_cannot_write_and_failed_writes_roll_back(tmp_path: Path) -> None:
    database = await SqliteDatabase.open(tmp_path / "sessions.db")
    with pytest.raises(StorageError):
        await database.read(lambda connection: connection.execute("DELETE FROM session"))

    def insert_then_fail(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO speaker_name VALUES ('a', 'b', 'S1', 'x')")

    with pytest.raises(StorageError):
        await database.write(insert_then_fail)
    assert await database.read(lambda c: c.execute("SELECT COUNT(*) FROM speaker_name").fetchone()[0]) == 0
    await database.close()


async def test_erased_text_is_not_left_in_the_files(tmp_path: Path) -> None:
    database = await SqliteDatabase.open(tmp_path / "sessions.db")
    sessions, transcripts = SqliteSessionStore(database), SqliteTranscriptStore(database)
    for key in (KEY, SessionKey("ana", "second")):
        await sessions.create(new_session(key))
        spoken = Segment("s1", 0, 1, f"xylophone{key.session_id}")
        await transcripts.add_segments(key, [spoken], heard_s=1, language="en")
    await sessions.delete(KEY)
    left = contents(tmp_path)
    assert b"xylophonesecond" in left
    assert b"xylophonefirst" not in left
    await database.close()


async def test_adding_is_independent_of_what_is_stored(tmp_path: Path) -> None:
    """Three hours are about 3,000 segments: the plan of an insert must not scan them."""
    database = await SqliteDatabase.open(tmp_path / "sessions.db")

    def plan(connection: sqlite3.Connection) -> str:
        query = "SELECT COALESCE(MAX(sequence), 0) + 1 FROM session_event WHERE owner = 'a' AND session_id = 'b'"
        return " ".join(str(row) for row in connection.execute(f"EXPLAIN QUERY PLAN {query}"))

    assert "SCAN" not in await database.read(plan)
    await database.close()
