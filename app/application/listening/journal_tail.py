"""Reads a session's journal as it grows: decoded audio on the session's clock."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import anyio
import numpy as np

from app.domain.audio.gateway import AudioCodec, AudioJournal, ChunkDecoder, StoredChunk
from app.domain.audio.models import SAMPLE_RATE_HZ, AudioFormat, Waveform
from app.domain.session.models import SessionKey

PIECE_S = 4.0
"""Audio given at once while catching up: enough to batch the frames of voice activity, little in memory."""
LARGEST_DRIFT_S = 0.25
"""Decoded audio may lag behind the chunks' clock by what the resampler holds back; more means damaged chunks."""


@dataclass(frozen=True)
class HeardAudio:
    """Audio that follows, and where it begins on the session's clock, in samples."""

    start: int
    samples: Waveform


class JournalTail:
    """Keeps its decoder from one read to the next, so that audio which arrives in pieces sounds as if read at once.

    What lies between two pieces is a gap.
    """

    def __init__(self, journal: AudioJournal, codec: AudioCodec, key: SessionKey, start_s: float) -> None:
        self._journal = journal
        self._codec = codec
        self._key = key
        self._next_s = start_s  # of the first chunk not read yet
        self._start = round(start_s * SAMPLE_RATE_HZ)  # nothing before it is given
        self._clock = self._start
        self._decoder: ChunkDecoder | None = None
        self._format: AudioFormat | None = None
        self._parts: list[Waveform] = []

    @property
    def next_s(self) -> float:
        """Chunks are read up to here, in seconds on the session's clock."""
        return self._next_s

    async def read(self) -> AsyncIterator[HeardAudio]:
        """What was stored since the last read, in pieces of some seconds."""
        async for chunks in self._journal.read(self._key, start_s=self._next_s):
            wanted = [chunk for chunk in chunks if chunk.start_s + chunk.chunk.duration_s > self._next_s]
            for piece in await anyio.to_thread.run_sync(self._decode, wanted):
                yield piece

    async def finish(self) -> AsyncIterator[HeardAudio]:
        """The milliseconds that the resampler held back; call it once, when no more audio follows."""
        for piece in await anyio.to_thread.run_sync(self._end_stretch):
            yield piece

    def _decode(self, chunks: list[StoredChunk]) -> list[HeardAudio]:
        pieces = []
        for stored in chunks:
            if stored.chunk.gap:
                pieces.extend(self._end_stretch())
            else:
                pieces.extend(self._decode_chunk(stored))
            self._next_s = stored.start_s + stored.chunk.duration_s
        return pieces + self._take()

    def _decode_chunk(self, stored: StoredChunk) -> list[HeardAudio]:
        pieces = []
        place = round(stored.start_s * SAMPLE_RATE_HZ)
        held = sum(part.size for part in self._parts)
        drifted = abs(place - self._clock - held) > LARGEST_DRIFT_S * SAMPLE_RATE_HZ
        if self._decoder is None or self._format != stored.chunk.format or drifted:
            pieces = self._end_stretch()
            self._decoder, self._format = self._codec.open_chunks(stored.chunk.format), stored.chunk.format
            self._clock = place
        self._parts.append(self._decoder.decode(stored.chunk))
        if sum(part.size for part in self._parts) >= PIECE_S * SAMPLE_RATE_HZ:
            pieces.extend(self._take())
        return pieces

    def _end_stretch(self) -> list[HeardAudio]:
        if self._decoder is None:
            return []
        self._parts.append(self._decoder.flush())
        self._decoder = None
        return self._take()

    def _take(self) -> list[HeardAudio]:
        samples = np.concatenate(self._parts) if self._parts else np.zeros(0, np.float32)
        self._parts = []
        begin, self._clock = self._clock, self._clock + samples.size
        skipped = max(0, self._start - begin)
        return [HeardAudio(begin + skipped, samples[skipped:])] if samples.size > skipped else []
