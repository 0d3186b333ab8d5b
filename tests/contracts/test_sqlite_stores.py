"""The stores' contracts on SQLite."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.infrastructure.sqlite.analyses import SqliteAnalysisStore
from app.infrastructure.sqlite.database import SqliteDatabase
from app.infrastructure.sqlite.events import SqliteEventLog
from app.infrastructure.sqlite.frames import SqliteFrameStore
from app.infrastructure.sqlite.search import SqliteSearchIndex
from app.infrastructure.sqlite.sessions import SqliteSessionStore
from app.infrastructure.sqlite.transcripts import SqliteTranscriptStore
from tests.contracts.frame_store import FrameStoreContract, PhotoStores
from tests.contracts.stores import (
    AnalysisStoreContract,
    EventLogContract,
    SearchIndexContract,
    SessionStoreContract,
    Stores,
    TranscriptStoreContract,
)

pytestmark = pytest.mark.unit


@pytest.fixture
async def stores(tmp_path: Path) -> AsyncIterator[Stores]:
    database = await SqliteDatabase.open(tmp_path / "sessions.db")
    yield Stores(
        SqliteSessionStore(database),
        SqliteTranscriptStore(database),
        SqliteAnalysisStore(database),
        SqliteEventLog(database),
        SqliteSearchIndex(database),
    )
    await database.close()


class TestSqliteSessionStore(SessionStoreContract):
    """Rows of ``session``."""


class TestSqliteTranscriptStore(TranscriptStoreContract):
    """Rows of ``segment`` and the like."""


class TestSqliteAnalysisStore(AnalysisStoreContract):
    """Rows of ``analysis``."""


class TestSqliteEventLog(EventLogContract):
    """Rows of ``session_event``."""


class TestSqliteSearchIndex(SearchIndexContract):
    """FTS5."""


class TestSqliteFrameStore(FrameStoreContract):
    """Rows of ``frame`` and ``scene``."""

    @pytest.fixture
    async def stores(self, tmp_path: Path) -> AsyncIterator[PhotoStores]:
        database = await SqliteDatabase.open(tmp_path / "sessions.db")
        yield PhotoStores(SqliteFrameStore(database), SqliteSessionStore(database), SqliteSearchIndex(database))
        await database.close()
