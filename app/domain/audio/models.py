"""Audio as values: formats, chunks as a client sends them, and waveforms as models hear them."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE_HZ = 16_000
"""The rate of every waveform inside the application: what Whisper, Silero and pyannote take."""

Waveform: TypeAlias = NDArray[np.float32]
"""Mono samples in [-1, 1] at ``SAMPLE_RATE_HZ``, shape ``(samples,)``."""


class Encoding(StrEnum):
    """How a client packs audio into messages."""

    PCM16 = "pcm16"
    OPUS = "opus"


@dataclass(frozen=True)
class AudioFormat:
    """The format of a session's audio messages.

    Attributes:
        encoding: ``pcm16`` (little-endian, interleaved) or ``opus`` (one raw packet a message).
        sample_rate_hz: 8000 to 48000; for Opus what the encoder was fed (packets always decode at 48 kHz).
        channels: 1 or 2.
    """

    encoding: Encoding = Encoding.PCM16
    sample_rate_hz: int = SAMPLE_RATE_HZ
    channels: int = 1


@dataclass(frozen=True)
class AudioChunk:
    """One audio message of a session, exactly as it came.

    Attributes:
        chunk_id: its number, counted from 1 without holes.
        format: the format of ``payload``.
        payload: the bytes as sent; empty for a gap, and for a message without audio.
        duration_s: how much of the session's clock it covers, in seconds; 0 for a message without audio.
        gap: True if the client says that this stretch of audio was lost.
    """

    chunk_id: int
    format: AudioFormat
    payload: bytes
    duration_s: float
    gap: bool = False


@dataclass(frozen=True)
class TimeSpan:
    """A stretch of a session's clock, in seconds from its start."""

    start: float
    end: float


@dataclass(frozen=True)
class JournalState:
    """How far a session's journal reaches.

    Attributes:
        next_chunk_id: the number that the next chunk must have.
        audio_s: length of the session's clock so far, in seconds, gaps included.
        stored_bytes: what the journal takes on disk.
    """

    next_chunk_id: int = 1
    audio_s: float = 0.0
    stored_bytes: int = 0
