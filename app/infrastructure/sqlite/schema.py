"""Brings a database file to the schema that this version of the code expects."""

import sqlite3
import time
from importlib import resources

from app.domain.errors import ConfigurationError

_BOOKKEEPING = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    version    INTEGER PRIMARY KEY,
    name       TEXT NOT NULL,
    applied_at REAL NOT NULL
)
"""


def migrations() -> list[tuple[int, str, str]]:
    """The numbered scripts in ``migrations/``: version, file name, SQL; in order."""
    folder = resources.files(f"{__package__}.migrations")
    scripts = [entry for entry in folder.iterdir() if entry.name.endswith(".sql")]
    return sorted((int(entry.name.split("_")[0]), entry.name, entry.read_text(encoding="utf-8")) for entry in scripts)


def migrate(connection: sqlite3.Connection) -> int:
    """Apply the scripts that the database lacks, each in one transaction, and return its version.

    Args:
        connection: in autocommit mode (``isolation_level=None``).

    Raises:
        ConfigurationError: the database was written by a newer version of the code.
    """
    connection.execute(_BOOKKEEPING)
    known = migrations()
    newest = known[-1][0]
    current = _current(connection)
    if current > newest:
        raise ConfigurationError(
            f"the session database has schema {current}, this version knows {newest}: upgrade, or use another data folder",
            code="database_too_new",
            param="sessions.db_path",
        )
    for version, name, script in known:
        if version > current:
            _apply(connection, version, name, script)
    return newest


def _current(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("SELECT COALESCE(MAX(version), 0) FROM schema_migrations").fetchone()
    return int(version)


def _apply(connection: sqlite3.Connection, version: int, name: str, script: str) -> None:
    try:
        # executescript would commit a transaction begun before it, so the script begins its own.
        connection.executescript(f"BEGIN IMMEDIATE;\n{script}")
        if _current(connection) < version:
            connection.execute("INSERT INTO schema_migrations VALUES (?, ?, ?)", (version, name, time.time()))
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
