"""The audio journal in files, one folder a session."""

import asyncio
import contextlib
import threading
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from app.domain.audio.gateway import AudioJournal, StoredChunk
from app.domain.audio.models import AudioChunk, JournalState, Waveform
from app.domain.session.models import SessionKey
from app.infrastructure.journal.session_journal import JournalChunk, SessionJournal
from app.infrastructure.runtime.session_files import SessionFiles

Result = TypeVar("Result")

_THREADS = 4
"""Enough to overlap the syncs of several live sessions; its own pool, so that decoding never delays an ack."""
_BATCH_BYTES = 256 * 1024
_BATCH_CHUNKS = 2048
"""A batch is 8 s of 16 kHz pcm16, or 40 s of 20 ms Opus packets."""


class FileAudioJournal(AudioJournal):
    """``<session folder>/audio.journal`` and ``audio.fill``. No file stays open between calls, except while reading."""

    def __init__(self, files: SessionFiles, *, kept_sessions: int = 256) -> None:
        """Store under ``files``; the index of ``kept_sessions`` stays in memory, others are scanned again when used.

        An index is a few KB, with much late audio some 100 KB.
        """
        self._files = files
        self._kept_sessions = kept_sessions
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="journal")
        self._sessions: OrderedDict[SessionKey, SessionJournal] = OrderedDict()
        self._sessions_lock = threading.Lock()

    async def append(self, key: SessionKey, chunks: Sequence[AudioChunk]) -> JournalState:
        """See ``AudioJournal.append``."""
        return await self._call(key, lambda session: session.append(chunks))

    async def state(self, key: SessionKey) -> JournalState:
        """See ``AudioJournal.state``."""
        return await self._call(key, lambda session: session.state())

    async def read(
        self, key: SessionKey, *, start_s: float = 0.0, end_s: float | None = None
    ) -> AsyncIterator[Sequence[StoredChunk]]:
        """See ``AudioJournal.read``."""
        loop = asyncio.get_running_loop()
        with self._using(key) as session:
            chunks = session.read(start_s, end_s)
            try:
                while batch := await loop.run_in_executor(self._pool, _batch, chunks):
                    yield batch
            finally:
                await loop.run_in_executor(self._pool, _close, chunks)

    async def fill(self, key: SessionKey, *, start_s: float, audio: Waveform) -> None:
        """See ``AudioJournal.fill``."""
        await self._call(key, lambda session: session.fill(start_s, audio))

    async def delete(self, key: SessionKey) -> None:
        """See ``AudioJournal.delete``."""
        await self._call(key, self._delete(key))

    async def stored_bytes(self, owner: str) -> int:
        """See ``AudioJournal.stored_bytes``."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._files.stored_bytes, owner)

    async def close(self) -> None:
        """Finish what was asked for and stop the threads."""
        await asyncio.to_thread(self._pool.shutdown)

    def _delete(self, key: SessionKey) -> Callable[[SessionJournal], None]:
        def erase(session: SessionJournal) -> None:
            session.delete()
            folder = self._files.folder(key)
            for copy in folder.glob("*.pcm"):  # rendered for a model, and left behind by a crash
                copy.unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # not there, or other files of the session are
                folder.rmdir()

        return erase

    async def _call(self, key: SessionKey, work: Callable[[SessionJournal], Result]) -> Result:
        def run() -> Result:
            with self._using(key) as session:
                return work(session)

        return await asyncio.get_running_loop().run_in_executor(self._pool, run)

    @contextlib.contextmanager
    def _using(self, key: SessionKey) -> Iterator[SessionJournal]:
        """The session's journal; it is not forgotten while in use, so that there is never a second one of a session."""
        with self._sessions_lock:
            session = self._sessions.get(key)
            if session is None:
                session = self._sessions[key] = SessionJournal(self._files.folder(key))
            self._sessions.move_to_end(key)
            session.users += 1
        try:
            yield session
        finally:
            with self._sessions_lock:
                session.users -= 1
                self._forget_some()

    def _forget_some(self) -> None:
        excess = len(self._sessions) - self._kept_sessions
        if excess > 0:
            idle = [key for key, session in self._sessions.items() if not session.users]
            for key in idle[:excess]:
                del self._sessions[key]


def _batch(chunks: Iterator[JournalChunk]) -> list[JournalChunk]:
    batch: list[JournalChunk] = []
    size = 0
    for stored in chunks:
        batch.append(stored)
        size += len(stored.chunk.payload)
        if size >= _BATCH_BYTES or len(batch) >= _BATCH_CHUNKS:
            break
    return batch


def _close(chunks: Generator[JournalChunk, None, None]) -> None:
    """Close the file that a reading generator holds."""
    with contextlib.suppress(
        ValueError
    ):  # still running in a thread, for a reader that was cancelled: it closes itself
        chunks.close()
