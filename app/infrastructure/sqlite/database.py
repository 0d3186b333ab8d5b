"""One SQLite file, one writer thread, a few reader threads; nothing here blocks the event loop."""

import asyncio
import contextlib
import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from app.domain.error_fields import error_fields
from app.domain.errors import ConfigurationError, StorageError
from app.infrastructure.sqlite.schema import migrate

Result = TypeVar("Result")
log = logging.getLogger(__name__)

BUSY_TIMEOUT_MS = 10_000
"""How long a connection waits for another process (a backup, a second server) before it gives up."""
READERS = 2
"""Reader threads: reads take microseconds; two keep a long search from delaying the rest."""

INDEX_ERASES = sqlite3.sqlite_version_info >= (3, 42)
"""Whether FTS5 can erase words at once (``secure-delete``); else they stay in the index until it is merged as a whole."""


class SqliteDatabase:
    """Runs functions on connections: ``write`` in one transaction on the single writer, ``read`` on a reader.

    Commits are synchronous=FULL: what a client was told (a resume token, a segment, an analysis) survives power loss,
    at 0.14 ms a commit instead of 0.01. There are about two commits a second and session, so it costs nothing that counts.
    """

    def __init__(self, path: Path) -> None:
        """Prepare the threads; ``open`` is the way to get one that is ready."""
        self._path = path
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._connections_lock = threading.Lock()
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="sqlite-writer")
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="sqlite-reader")

    @classmethod
    async def open(cls, path: Path) -> "SqliteDatabase":
        """Open or create the database and bring its schema up to date.

        Raises:
            ConfigurationError: the file is from a newer version, no database, or its folder cannot be written.
        """
        database = cls(path)
        try:
            await asyncio.get_running_loop().run_in_executor(database._writer, database._prepare)
        except (OSError, sqlite3.Error) as error:
            await database.close()
            raise ConfigurationError(
                f"the session database cannot be opened: {error}", param="sessions.db_path"
            ) from error
        except BaseException:
            await database.close()
            raise
        return database

    async def write(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """Run ``work`` in a transaction of its own, after all writes asked for before; an exception rolls it back.

        Raises:
            StorageError: the disk refused, or the file is damaged.
        """
        return await self._submit(self._writer, self._in_transaction, work)

    async def read(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """Run ``work`` on a read-only connection; it sees everything committed before.

        Raises:
            StorageError: the disk refused, or the file is damaged.
        """
        return await self._submit(self._readers, self._reading, work)

    async def erase_traces(self) -> None:
        """Overwrite what deletions left in the search index and the write-ahead log. A busy reader may delay the latter."""
        await self._submit(self._writer, lambda _: self._checkpoint(), None)

    async def close(self) -> None:
        """Finish what was asked for and close the file. Safe to call twice."""
        await asyncio.to_thread(self._close)

    async def _submit(
        self, pool: ThreadPoolExecutor, run: Callable[[Callable[[sqlite3.Connection], Result]], Result], work: object
    ) -> Result:
        try:
            return await asyncio.get_running_loop().run_in_executor(pool, run, work)  # type: ignore[arg-type]
        except sqlite3.Error as error:
            log.error("database failed", extra=error_fields(error))
            raise StorageError(f"the session database failed: {error}; check the disk") from error

    def _prepare(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.touch(mode=0o600)  # its journals get the same mode from SQLite
        connection = self._connection()
        migrate(connection)
        if INDEX_ERASES:
            connection.execute("INSERT INTO search_words (search_words, rank) VALUES ('secure-delete', 1)")

    def _in_transaction(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        with self._transaction("IMMEDIATE") as connection:
            return work(connection)

    def _reading(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        with self._transaction("DEFERRED") as connection:
            connection.execute("PRAGMA query_only = ON")
            return work(connection)

    @contextlib.contextmanager
    def _transaction(self, mode: str) -> Iterator[sqlite3.Connection]:
        connection = self._connection()
        connection.execute(f"BEGIN {mode}")
        try:
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def _checkpoint(self) -> None:
        connection = self._connection()
        if not INDEX_ERASES:
            connection.execute("INSERT INTO search_words (search_words) VALUES ('optimize')")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            # Only its own thread uses it; the check is off so that close() may close it from another.
            connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
            with self._connections_lock:
                self._connections.append(connection)
            connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA secure_delete = ON")
            self._local.connection = connection
        return connection

    def _close(self) -> None:
        self._readers.shutdown()
        self._writer.shutdown()
        with self._connections_lock:
            connections, self._connections = self._connections, []
        for connection in connections:
            connection.close()
