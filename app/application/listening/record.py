"""A live recording: numbers what comes, makes it durable, and only then says so."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from app.application.sessions.quota import AudioQuota
from app.domain.audio.gateway import AudioCodec, AudioJournal
from app.domain.audio.models import AudioChunk, AudioFormat, JournalState
from app.domain.errors import InvalidInput, TooLarge
from app.domain.session.models import SessionKey

MAX_PENDING_BYTES = 256 * 1024
"""Audio gathered for one write at most: 8 s of 16 kHz pcm16, so a fast sender does not wait for the interval."""
MAX_PENDING_CHUNKS = 4096
"""Messages gathered for one write at most: they may be empty."""
INGEST_BURST_S = 10.0
"""Audio beyond the allowed pace that a client may send at once: what it saved up during a short loss of network."""


class Listener(Protocol):
    """What a recording tells recognition; ``LiveListening`` is it."""

    def audio_arrived(self, key: SessionKey, audio_s: float) -> None:
        """The journal reaches ``audio_s`` now."""
        ...

    async def wait_below(self, key: SessionKey, backlog_s: float) -> None:
        """Return when less than ``backlog_s`` is left to hear."""
        ...


@dataclass(frozen=True)
class RecordingLimits:
    """Bounds of a recording.

    Attributes:
        commit_interval_s: how long audio is gathered before one durable write.
        max_session_s: longest session.
        max_gap_s: longest single gap.
        max_backlog_s: audio that recognition may lag behind before the sender is slowed.
        max_ingest_factor: fastest pace, times real time; 0 = unlimited.
    """

    commit_interval_s: float = 0.1
    max_session_s: float = 4 * 3600
    max_gap_s: float = 3600
    max_backlog_s: float = 20.0
    max_ingest_factor: float = 0.0


class Recorder:
    """Records one session from one connection.

    Awaiting ``audio`` or ``gap`` slows a sender that is faster than the disk, recognition or the allowed pace. ``commit_forever``
    must run beside them; ``close`` writes what is left.
    """

    def __init__(
        self,
        key: SessionKey,
        audio_format: AudioFormat,
        state: JournalState,
        *,
        journal: AudioJournal,
        codec: AudioCodec,
        listener: Listener,
        quota: AudioQuota,
        limits: RecordingLimits,
        on_stored: Callable[[JournalState], None],
    ) -> None:
        """Prepare a recording that goes on at ``state``; ``on_stored`` hears of every durable write."""
        self._key = key
        self._format = audio_format
        self._state = state
        self._journal = journal
        self._codec = codec
        self._listener = listener
        self._quota = quota
        quota.begin(key, state.stored_bytes)
        self._limits = limits
        self._on_stored = on_stored
        self._pending: list[AudioChunk] = []
        self._pending_bytes = 0
        self._pending_s = 0.0
        self._wake = asyncio.Event()
        self._writing = asyncio.Lock()
        self._unchecked_backlog = False
        self._began = time.monotonic()
        self._began_audio_s = state.audio_s

    @property
    def state(self) -> JournalState:
        """What is durable."""
        return self._state

    @property
    def audio_s(self) -> float:
        """How far the session's clock has come, including what is not written yet."""
        return self._state.audio_s + self._pending_s

    async def audio(self, payload: bytes, chunk_id: int | None = None) -> None:
        """Take one audio message.

        Args:
            payload: bytes in the recording's format.
            chunk_id: its number if the client gave one; a number that is stored already is ignored, but acknowledged again.

        Raises:
            InvalidInput: not whole samples, a malformed packet, or a number that skips ahead.
            TooLarge: the session would become longer than allowed (``session_too_long``).
            Overloaded: the owner's quota is used up.
            StorageError: the disk refused.
        """
        if chunk_id is not None and not self._is_next(chunk_id):
            return
        await self._add(payload, self._codec.duration_s(payload, self._format), gap=False)

    async def gap(self, duration_s: float) -> None:
        """Take note of audio that the client lost.

        Raises:
            InvalidInput: longer than a gap may be.
            TooLarge: the session would become longer than allowed.
            Overloaded: the owner's quota is used up.
            StorageError: the disk refused.
        """
        if duration_s > self._limits.max_gap_s:
            raise InvalidInput(
                f"a gap may last {self._limits.max_gap_s:g} s at most", code="gap_too_long", param="duration_ms"
            )
        await self._add(b"", duration_s, gap=True)

    async def commit_forever(self) -> None:
        """Write what has been gathered, an interval after its first message; ends only by an error or cancellation."""
        while True:
            await self._wake.wait()
            await asyncio.sleep(self._limits.commit_interval_s)
            await self._commit()

    async def close(self) -> JournalState:
        """Write what is left and return how far the journal reaches.

        Raises:
            StorageError: the disk refused.
            Overloaded: it is written, and the owner's quota is used up.
        """
        try:
            await self._commit()
        finally:
            self._quota.forget(self._key)
        return self._state

    def _is_next(self, chunk_id: int) -> bool:
        expected = self._state.next_chunk_id + len(self._pending)
        if chunk_id > expected:
            raise InvalidInput(
                f"chunk_id {chunk_id} skips ahead: the next one is {expected}",
                code="chunk_id_skipped",
                param="chunk_id",
            )
        if chunk_id < self._state.next_chunk_id:
            self._on_stored(self._state)
        return chunk_id == expected

    async def _add(self, payload: bytes, duration_s: float, *, gap: bool) -> None:
        if self.audio_s + duration_s > self._limits.max_session_s:
            raise TooLarge(f"a session may last {self._limits.max_session_s:g} s at most", code="session_too_long")
        chunk_id = self._state.next_chunk_id + len(self._pending)
        self._pending.append(AudioChunk(chunk_id, self._format, payload, duration_s, gap))
        self._pending_bytes += len(payload)
        self._pending_s += duration_s
        self._wake.set()
        if self._pending_bytes >= MAX_PENDING_BYTES or len(self._pending) >= MAX_PENDING_CHUNKS:
            await self._commit()
        await self._slow_down()

    async def _slow_down(self) -> None:
        if self._unchecked_backlog:
            self._unchecked_backlog = False
            await self._listener.wait_below(self._key, self._limits.max_backlog_s)
        factor = self._limits.max_ingest_factor
        if factor:
            came_s = self.audio_s - self._began_audio_s - INGEST_BURST_S
            early_s = came_s / factor - (time.monotonic() - self._began)
            if early_s > 0:
                await asyncio.sleep(early_s)

    async def _commit(self) -> None:
        # A write that began must be accounted for even if whoever waits is cancelled: its chunks may be on disk.
        await asyncio.shield(self._write())

    async def _write(self) -> None:
        async with self._writing:
            self._wake.clear()
            chunks = tuple(self._pending)
            if not chunks:
                return
            self._state = await self._journal.append(self._key, chunks)
            # Messages that came during the write stay for the next one.
            del self._pending[: len(chunks)]
            self._pending_bytes = sum(len(chunk.payload) for chunk in self._pending)
            self._pending_s = sum(chunk.duration_s for chunk in self._pending)
            if self._pending:
                self._wake.set()
        self._unchecked_backlog = True
        self._listener.audio_arrived(self._key, self._state.audio_s)
        self._on_stored(self._state)
        self._quota.stored(self._key, self._state.stored_bytes)
