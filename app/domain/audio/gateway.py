"""Ports for storing and decoding audio."""

from collections.abc import AsyncIterator, Generator, Sequence
from pathlib import Path
from typing import Protocol

from app.domain.audio.models import AudioChunk, AudioFormat, JournalState, Waveform
from app.domain.session.models import SessionKey


class AudioJournal(Protocol):
    """An append-only log of a session's audio messages, exactly as they came."""

    async def append(self, key: SessionKey, chunks: Sequence[AudioChunk]) -> JournalState:
        """Store chunks durably; when this returns they survive a crash of the process or the machine.

        Args:
            key: the session.
            chunks: in order, the first with ``chunk_id == state.next_chunk_id``.

        Returns:
            The journal's state after the append.

        Raises:
            Conflict: the first chunk_id is not the next one.
            StorageError: the disk refused; nothing of ``chunks`` is stored.
        """
        ...

    async def state(self, key: SessionKey) -> JournalState:
        """How far the journal reaches; an empty state for a session without audio.

        A torn tail (power loss in mid-write) is cut at the first call after a start.
        """
        ...

    def read(
        self, key: SessionKey, *, start_s: float = 0.0, end_s: float | None = None
    ) -> AsyncIterator[Sequence["StoredChunk"]]:
        """Read what is stored, in batches, in order, starting with the chunk that covers ``start_s``.

        Memory stays bounded whatever the journal's size. Audio that filled a gap later (see ``fill``) comes in the gap's place.
        """
        ...

    async def fill(self, key: SessionKey, *, start_s: float, audio: Waveform) -> None:
        """Store late audio for a stretch that the journal holds as gap; parts outside gaps are ignored.

        Raises:
            StorageError: the disk refused.
        """
        ...

    async def delete(self, key: SessionKey) -> None:
        """Erase the session's audio; no error if there is none."""
        ...

    async def stored_bytes(self, owner: str) -> int:
        """What the audio of all of an owner's sessions takes on disk, for the quota."""
        ...


class StoredChunk(Protocol):
    """A chunk with its place on the session's clock."""

    @property
    def chunk(self) -> AudioChunk:
        """The chunk as it came."""
        ...

    @property
    def start_s(self) -> float:
        """Where it begins on the session's clock, in seconds."""
        ...


class ChunkDecoder(Protocol):
    """Turns one session's chunks, in order, into a waveform; holds codec and resampler state."""

    def decode(self, chunk: AudioChunk) -> Waveform:
        """Decode one chunk that is not a gap.

        Returns:
            Mono float32 at 16 kHz; the resampler may hold back a few milliseconds until the next call.
            An Opus packet that cannot be decoded becomes silence of its own duration.
        """
        ...

    def flush(self) -> Waveform:
        """What the resampler still holds; resets the decoder. Called at the end and before a gap."""
        ...


class AudioCodec(Protocol):
    """Everything that needs a codec library."""

    def duration_s(self, payload: bytes, audio_format: AudioFormat) -> float:
        """Length of one message's audio in seconds, without decoding it; an empty message holds none.

        Raises:
            InvalidInput: not a whole number of samples, or a malformed Opus packet (RFC 6716, section 3).
        """
        ...

    def open_chunks(self, audio_format: AudioFormat) -> ChunkDecoder:
        """A fresh decoder for messages of ``audio_format``."""
        ...

    def read_recording(self, path: Path, *, max_duration_s: float) -> Generator[Waveform, None, bool]:
        """Decode a recording (WAV, FLAC, Ogg/Opus, MP3) block by block, in bounded memory. Blocking: call it in a thread.

        Close the generator if it is not read to its end: it holds the file, and may hold a process. It returns whether all
        of the recording was decoded: False if parts were damaged, or missing as far as the file tells.

        Raises:
            InvalidInput: not a recording of these kinds, or nothing of it can be decoded.
            TooLarge: longer than ``max_duration_s``.
            Overloaded: too many recordings are being decoded already.
        """
        ...


class SampleSource(Protocol):
    """Random access to a whole session's audio in bounded memory; blocking, for use inside workers."""

    @property
    def samples(self) -> int:
        """Length in samples at 16 kHz."""
        ...

    def read(self, start: int, count: int) -> Waveform:
        """Samples ``start`` to ``start + count`` as float32; shorter at the end of the source."""
        ...
