"""Reads stored audio of a session as samples on its clock, whatever formats it came in."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol, TypeVar

import numpy as np

from app.domain.audio.gateway import AudioCodec, AudioJournal, ChunkDecoder, StoredChunk
from app.domain.audio.models import SAMPLE_RATE_HZ, AudioFormat, Waveform
from app.domain.audio.pcm import to_pcm16
from app.domain.session.models import SessionKey

PRE_ROLL_S = 0.08
"""Decoded before what is wanted: an Opus decoder needs 80 ms to converge (RFC 7845, section 4.6)."""
POST_ROLL_S = 0.02
"""Decoded behind it, so that the resampler's filter does not run into silence at the edge."""
_SILENCE_BYTES = 256 * 1024


class _Closable(Protocol):
    def close(self) -> None: ...


Closable = TypeVar("Closable", bound=_Closable)


@dataclass(frozen=True)
class AudioPiece:
    """A stretch of a session; pieces follow one another without holes.

    Attributes:
        start: first sample, on the session's clock at 16 kHz.
        samples: length, at least 1.
        audio: the samples; None for a gap, which may be hours long.
    """

    start: int
    samples: int
    audio: Waveform | None


async def read_audio(
    journal: AudioJournal, codec: AudioCodec, key: SessionKey, *, start_s: float = 0.0, end_s: float | None = None
) -> AsyncIterator[AudioPiece]:
    """Exactly the samples from ``start_s`` to ``end_s`` (or to the end of what is stored), in bounded memory.

    Decoding runs in a thread, a journal batch (some seconds) at a time.
    """
    audio_s = (await journal.state(key)).audio_s
    last = round((audio_s if end_s is None else min(end_s, audio_s)) * SAMPLE_RATE_HZ)
    rendering = _Rendering(codec, round(start_s * SAMPLE_RATE_HZ), last)
    begin_s = max(0.0, start_s - PRE_ROLL_S)
    async for batch in journal.read(key, start_s=begin_s, end_s=last / SAMPLE_RATE_HZ + POST_ROLL_S):
        for piece in await asyncio.to_thread(rendering.feed, batch):
            yield piece
    for piece in await asyncio.to_thread(rendering.finish):
        yield piece


async def read_pcm(
    journal: AudioJournal, codec: AudioCodec, key: SessionKey, *, start_s: float = 0.0
) -> AsyncIterator[bytes]:
    """The session from ``start_s`` as pcm16 at 16 kHz, gaps as silence, in blocks of bounded size.

    All of it are ``round(audio_s * 16000)`` samples.
    """
    async for piece in read_audio(journal, codec, key, start_s=start_s):
        if piece.audio is not None:
            yield await asyncio.to_thread(to_pcm16, piece.audio)
            continue
        left = piece.samples * 2
        while left:
            block = min(left, _SILENCE_BYTES)
            yield bytes(block)
            left -= block


async def render_pcm(journal: AudioJournal, codec: AudioCodec, key: SessionKey, path: Path) -> int:
    """Write the whole session to ``path`` as raw pcm16 at 16 kHz, gaps as silence, and return its length in samples.

    Gaps take no room on file systems that know sparse files.
    """
    samples = 0
    with await open_in_thread(lambda: path.open("wb")) as file:
        async for piece in read_audio(journal, codec, key):
            await asyncio.to_thread(_write, file, piece)
            samples += piece.samples
        await asyncio.to_thread(file.truncate, samples * 2)
    return samples


async def open_in_thread(open_it: Callable[[], Closable]) -> Closable:
    """What ``open_it`` opens, in a thread; closed again if the caller is cancelled meanwhile, which the thread is not."""
    opening = asyncio.create_task(asyncio.to_thread(open_it))
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        with contextlib.suppress(OSError):
            (await opening).close()
        raise


def _write(file: BinaryIO, piece: AudioPiece) -> None:
    file.seek(piece.start * 2)
    if piece.audio is not None:
        file.write(to_pcm16(piece.audio))


class _Rendering:
    """Decodes runs of chunks without a gap between them, and puts each run where its first chunk begins."""

    def __init__(self, codec: AudioCodec, first: int, last: int) -> None:
        self._codec = codec
        self._position = first  # of the next sample to give
        self._last = last
        self._decoder: ChunkDecoder | None = None
        self._format: AudioFormat | None = None
        self._run_end_s = 0.0
        self._clock = 0  # of the next sample that the decoder gives
        self._parts: list[Waveform] = []

    def feed(self, chunks: Sequence[StoredChunk]) -> list[AudioPiece]:
        """What can be given after these chunks."""
        pieces: list[AudioPiece] = []
        for stored in chunks:
            jumped = abs(stored.start_s - self._run_end_s) * SAMPLE_RATE_HZ > 0.5
            if stored.chunk.gap or stored.chunk.format != self._format or jumped:
                pieces += self._end_run()
            if stored.chunk.gap:
                continue
            if self._decoder is None:
                self._decoder, self._format = self._codec.open_chunks(stored.chunk.format), stored.chunk.format
                self._clock = round(stored.start_s * SAMPLE_RATE_HZ)
            self._parts.append(self._decoder.decode(stored.chunk))
            self._run_end_s = stored.start_s + stored.chunk.duration_s
        return pieces + self._take()

    def finish(self) -> list[AudioPiece]:
        """What is left, up to the last sample asked for."""
        pieces = self._end_run()
        if self._position < self._last:
            pieces.append(AudioPiece(self._position, self._last - self._position, None))
        return pieces

    def _end_run(self) -> list[AudioPiece]:
        """Empty the decoder; the run is made to end where its last chunk ends, which rounding may miss by a sample."""
        if self._decoder is None:
            return []
        pieces = self._take()
        rest = self._decoder.flush()
        missing = max(0, round(self._run_end_s * SAMPLE_RATE_HZ) - self._clock)
        self._parts.append(np.pad(rest[:missing], (0, max(0, missing - rest.size))))
        self._decoder, self._format = None, None
        return pieces + self._take()

    def _take(self) -> list[AudioPiece]:
        """Give what was decoded, cut to what was asked for, after the gap that lies before it."""
        if not self._parts:
            return []
        audio = np.concatenate(self._parts)
        self._parts = []
        start, self._clock = self._clock, self._clock + audio.size
        begin, end = max(start, self._position), min(self._clock, self._last)
        if end <= begin:
            return []
        pieces = [AudioPiece(self._position, begin - self._position, None)] if begin > self._position else []
        pieces.append(AudioPiece(begin, end - begin, audio[begin - start : end - start]))
        self._position = end
        return pieces
