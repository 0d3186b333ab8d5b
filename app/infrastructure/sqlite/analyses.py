"""Versioned analyses and stage results in SQLite."""

import sqlite3
import time
from collections.abc import Callable, Mapping

from app.domain.analysis.models import Analysis
from app.domain.errors import NotFound
from app.domain.session.gateway import AnalysisStore
from app.domain.session.models import SessionKey, StageResult
from app.infrastructure.sqlite.database import SqliteDatabase
from app.infrastructure.sqlite.serialization import analysis_from_json, from_json, to_json
from app.infrastructure.sqlite.sessions import require_session


class SqliteAnalysisStore(AnalysisStore):
    """Rows of ``analysis`` and ``stage_result``. Only the newest version's summary can be found by search."""

    def __init__(self, database: SqliteDatabase, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def add(self, key: SessionKey, analysis: Analysis) -> int:
        """See ``AnalysisStore.add``."""

        def insert(connection: sqlite3.Connection) -> int:
            require_session(connection, key)
            (version,) = connection.execute(
                "SELECT COALESCE(MAX(version), 0) + 1 FROM analysis WHERE owner = ? AND session_id = ?",
                (key.owner, key.session_id),
            ).fetchone()
            connection.execute(
                "INSERT INTO analysis VALUES (?, ?, ?, ?, ?)",
                (key.owner, key.session_id, version, self._clock(), to_json(analysis)),
            )
            connection.execute(
                "DELETE FROM search_entry WHERE owner = ? AND session_id = ? AND kind = 'summary'",
                (key.owner, key.session_id),
            )
            connection.execute(
                "INSERT INTO search_entry (owner, session_id, kind, reference, text) VALUES (?, ?, 'summary', ?, ?)",
                (key.owner, key.session_id, str(version), analysis.findings.summary),
            )
            return int(version)

        return await self._database.write(insert)

    async def get(self, key: SessionKey, version: int | None = None) -> Analysis:
        """See ``AnalysisStore.get``."""

        def select(connection: sqlite3.Connection) -> Analysis:
            row = connection.execute(
                "SELECT body, version FROM analysis WHERE owner = ? AND session_id = ? AND version = COALESCE(?, version)"
                " ORDER BY version DESC LIMIT 1",
                (key.owner, key.session_id, version),
            ).fetchone()
            if row is None:
                which = "no analysis" if version is None else f"no version {version} of the analysis"
                raise NotFound(f"there is {which} of session {key.session_id}", code="analysis_not_found")
            return analysis_from_json(*row)

        return await self._database.read(select)

    async def set_stage(self, key: SessionKey, result: StageResult) -> None:
        """See ``AnalysisStore.set_stage``."""

        def replace(connection: sqlite3.Connection) -> None:
            require_session(connection, key)
            connection.execute(
                "INSERT OR REPLACE INTO stage_result VALUES (?, ?, ?, ?, ?, ?)",
                (
                    key.owner,
                    key.session_id,
                    result.stage,
                    result.duration_ms,
                    result.error,
                    to_json(dict(result.details)),
                ),
            )

        await self._database.write(replace)

    async def stages(self, key: SessionKey) -> Mapping[str, StageResult]:
        """See ``AnalysisStore.stages``."""

        def select(connection: sqlite3.Connection) -> dict[str, StageResult]:
            rows = connection.execute(
                "SELECT stage, duration_ms, error, details FROM stage_result WHERE owner = ? AND session_id = ?",
                (key.owner, key.session_id),
            )
            return {
                stage: StageResult(stage, duration_ms, error, from_json(details))
                for stage, duration_ms, error, details in rows
            }

        return await self._database.read(select)
