"""One session's journal: the record log, its time index, and the audio that filled gaps later. Blocking."""

import bisect
import contextlib
import math
import threading
from array import array
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.domain.audio.models import SAMPLE_RATE_HZ, AudioChunk, AudioFormat, JournalState, Waveform
from app.domain.audio.pcm import to_pcm16
from app.domain.errors import Conflict
from app.infrastructure.journal.record_log import RecordLog
from app.infrastructure.journal.records import Record

JOURNAL_NAME = "audio.journal"
FILL_NAME = "audio.fill"

_INDEX_INTERVAL_S = 10.0
"""Distance of index entries: 3 hours are 1,080 entries of 16 bytes, and a read skips at most 10 s of records."""
_FILL_SAMPLES = SAMPLE_RATE_HZ
"""Late audio is stored in records of one second, so that reading it needs no more memory than reading live audio."""
_SAMPLE_S = 1 / SAMPLE_RATE_HZ
_ROUNDING_S = 1e-6
_CANONICAL = AudioFormat()


@dataclass(frozen=True)
class JournalChunk:
    """A chunk with its place on the session's clock."""

    chunk: AudioChunk
    start_s: float

    @property
    def end_s(self) -> float:
        """Where it ends on the session's clock."""
        return self.start_s + self.chunk.duration_s


class SessionJournal:
    """Loaded when first used. Appends and fills take ``lock``; reads need none, they end where an append had ended."""

    def __init__(self, folder: Path) -> None:
        self.users = 0
        """How many calls use it now; guarded by the journal's own lock."""
        self._folder = folder
        self._lock = threading.Lock()
        self._fill_lock = threading.Lock()
        self._loaded = False
        self._reset()

    def state(self) -> JournalState:
        """See ``AudioJournal.state``."""
        with self._lock:
            self._load()
            return self._state()

    def append(self, chunks: Sequence[AudioChunk]) -> JournalState:
        """See ``AudioJournal.append``."""
        with self._lock:
            self._load()
            records, clock = [], self._audio_s
            for expected, chunk in enumerate(chunks, self._next_chunk_id):
                if chunk.chunk_id != expected:
                    raise Conflict(f"chunk {chunk.chunk_id} came where {expected} is next", param="chunk_id")
                records.append(
                    Record(chunk.chunk_id, chunk.format, clock, chunk.duration_s, chunk.payload, gap=chunk.gap)
                )
                clock += chunk.duration_s
            if records:
                for offset, record in zip(self._log.append(records), records, strict=True):
                    self._visit(offset, record)
            return self._state()

    def read(self, start_s: float, end_s: float | None) -> Generator[JournalChunk, None, None]:
        """Chunks in order, gaps replaced by what filled them."""
        with self._lock:
            self._load()
            end, audio_s = self._log.end, self._audio_s
            nearest = bisect.bisect_right(self._index_starts, start_s) - 1
            offset = self._index_offsets[nearest] if nearest >= 0 else 0
            expected = self._index_starts[nearest] if nearest >= 0 else 0.0
        if not end:
            return
        limit = audio_s if end_s is None else min(end_s, audio_s)
        for stored in self._chunks(offset, end, expected, audio_s):
            if stored.start_s >= limit:
                return
            if stored.end_s <= start_s:
                continue
            for piece in self._filled(stored, start_s, limit) if stored.chunk.gap else (stored,):
                if piece.end_s > start_s and piece.start_s < limit:
                    yield piece

    def fill(self, start_s: float, audio: Waveform) -> None:
        """See ``AudioJournal.fill``."""
        with self._fill_lock:
            self._fill(round(start_s * SAMPLE_RATE_HZ), audio)

    def delete(self) -> None:
        """See ``AudioJournal.delete``."""
        with self._lock:
            self._log.delete()
            self._fills.delete()
            self._reset()
            self._loaded = False

    def _reset(self) -> None:
        self._log = RecordLog(self._folder / JOURNAL_NAME)
        self._fills = RecordLog(self._folder / FILL_NAME)
        self._next_chunk_id, self._audio_s = 1, 0.0
        self._index_starts, self._index_offsets = array("d"), array("Q")
        self._fill_places: list[tuple[float, int]] = []  # start_s and offset, sorted

    def _load(self) -> None:
        if not self._loaded:
            self._reset()
            self._log.load(self._visit)
            self._fills.load(self._visit_fill)
            self._loaded = True

    def _state(self) -> JournalState:
        return JournalState(self._next_chunk_id, self._audio_s, self._log.end + self._fills.end)

    def _visit(self, offset: int, record: Record) -> None:
        if not self._index_starts or record.start_s >= self._index_starts[-1] + _INDEX_INTERVAL_S:
            self._index_starts.append(record.start_s)
            self._index_offsets.append(offset)
        self._next_chunk_id, self._audio_s = record.chunk_id + 1, record.end_s

    def _visit_fill(self, offset: int, record: Record) -> None:
        bisect.insort(self._fill_places, (record.start_s, offset))

    def _fill(self, first: int, audio: Waveform) -> None:
        end_of_audio = first + len(audio)
        for gap in [stored for stored in self.read(first * _SAMPLE_S, end_of_audio * _SAMPLE_S) if stored.chunk.gap]:
            begin = max(math.ceil(gap.start_s * SAMPLE_RATE_HZ - 1e-3), first)
            end = min(math.floor(gap.end_s * SAMPLE_RATE_HZ + 1e-3), end_of_audio)
            records = [
                _fill_record(gap, begin_one, audio[begin_one - first : min(begin_one + _FILL_SAMPLES, end) - first])
                for begin_one in range(begin, end, _FILL_SAMPLES)
            ]
            if records:
                with self._lock:
                    for offset, record in zip(self._fills.append(records), records, strict=True):
                        self._visit_fill(offset, record)

    def _chunks(self, offset: int, end: int, expected_s: float, audio_s: float) -> Iterator[JournalChunk]:
        """Stored chunks; what is damaged becomes a gap of the same length."""
        chunk_id = 1
        for _, record in self._log.read(offset, end):
            if record.start_s - expected_s > _SAMPLE_S:
                lost = AudioChunk(record.chunk_id - 1, record.format, b"", record.start_s - expected_s, gap=True)
                yield JournalChunk(lost, expected_s)
            gap = record.gap or not record.intact
            chunk = AudioChunk(record.chunk_id, record.format, record.payload, record.duration_s, gap)
            yield JournalChunk(chunk, record.start_s)
            expected_s, chunk_id = record.end_s, record.chunk_id + 1
        if audio_s - expected_s > _SAMPLE_S:
            yield JournalChunk(AudioChunk(chunk_id, _CANONICAL, b"", audio_s - expected_s, gap=True), expected_s)

    def _filled(self, gap: JournalChunk, start_s: float, end_s: float) -> Iterator[JournalChunk]:
        """The part of a gap that lies between two times, as what filled it and what is still missing."""
        clock = max(gap.start_s, start_s - _FILL_SAMPLES * _SAMPLE_S)  # what began before it ended before ``start_s``
        with self._lock:
            first = bisect.bisect_left(self._fill_places, (clock - _ROUNDING_S, 0))
            last = bisect.bisect_left(self._fill_places, (min(gap.end_s, end_s) - _SAMPLE_S / 2, 0))
            places, end = self._fill_places[first:last], self._fills.end
            following_s = min([gap.end_s, *(place for place, _ in self._fill_places[last : last + 1])])
        for _, offset in places:
            with contextlib.closing(self._fills.read(offset, end)) as records:
                found, record = next(records, (0, None))
            if record is None or found != offset or not record.intact:
                continue
            yield from _missing(gap, clock, record.start_s)
            chunk = AudioChunk(gap.chunk.chunk_id, record.format, record.payload, record.duration_s)
            yield JournalChunk(chunk, record.start_s)
            clock = record.end_s
        yield from _missing(gap, clock, following_s)


def _missing(gap: JournalChunk, start_s: float, end_s: float) -> Iterator[JournalChunk]:
    """The part of a gap between two times, unless it is shorter than a sample."""
    if start_s == gap.start_s and end_s == gap.end_s:
        yield gap
    elif end_s - start_s > _SAMPLE_S:
        chunk = AudioChunk(gap.chunk.chunk_id, gap.chunk.format, b"", end_s - start_s, gap=True)
        yield JournalChunk(chunk, start_s)


def _fill_record(gap: JournalChunk, first: int, audio: Waveform) -> Record:
    """Late audio that begins at sample ``first`` of the session, as stored."""
    duration_s = len(audio) * _SAMPLE_S
    return Record(gap.chunk.chunk_id, _CANONICAL, first * _SAMPLE_S, duration_s, to_pcm16(audio))
