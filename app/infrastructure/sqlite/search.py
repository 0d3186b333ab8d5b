"""Full-text search in SQLite (FTS5)."""

import re
import sqlite3
from collections.abc import Sequence

from app.domain.session.gateway import SearchIndex
from app.domain.session.models import SearchHit
from app.infrastructure.sqlite.database import SqliteDatabase

MAX_TERMS = 32
"""More words than anybody types; bounds the work of one query."""
_TERM = re.compile(r'"([^"]*)"|([^\s"]+)')
_SNIPPET_TOKENS = 16


def match_expression(query: str) -> str:
    """The FTS5 expression for what a user typed; empty if it holds no word.

    Every word and phrase is quoted, so that no character of it is FTS5 syntax (sqlite.org/fts5.html, section 3.1);
    all must match; a last word outside quotes also matches as the beginning of a longer one.
    """
    readable = query.replace("\0", " ").encode("utf-8", "ignore").decode()
    terms = [
        (phrase or word, bool(word))
        for phrase, word in _TERM.findall(readable)
        if any(character.isalnum() for character in phrase or word)
    ][:MAX_TERMS]
    quoted = [f'"{text}"' for text, _ in terms]
    if terms and terms[-1][1]:
        quoted[-1] += "*"
    return " ".join(quoted)


class SqliteSearchIndex(SearchIndex):
    """Reads ``search_entry``; the stores of what is indexed write it."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    async def search(self, owner: str, query: str, *, limit: int = 50) -> Sequence[SearchHit]:
        """See ``SearchIndex.search``."""
        expression = match_expression(query)
        if not expression:
            return []

        def select(connection: sqlite3.Connection) -> list[SearchHit]:
            rows = connection.execute(
                "SELECT entry.session_id, entry.kind, entry.reference,"
                " snippet(search_words, 0, '[', ']', '…', ?), entry.start_s"
                " FROM search_words JOIN search_entry AS entry ON entry.entry_id = search_words.rowid"
                " WHERE search_words MATCH ? AND entry.owner = ? ORDER BY search_words.rank, entry.entry_id LIMIT ?",
                (_SNIPPET_TOKENS, expression, owner, limit),
            )
            return [SearchHit(*row) for row in rows]

        return await self._database.read(select)
