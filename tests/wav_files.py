"""Recordings for tests: mono WAV files of 16 kHz."""

import io
import wave
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from app.domain.audio.models import SAMPLE_RATE_HZ, Waveform
from app.domain.audio.pcm import to_pcm16
from app.infrastructure.transcription.dummy import tones


def write_wav(path: Path, audio: Waveform | bytes) -> Path:
    """Samples, as float32 or as little-endian 16 bit, in a file."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes(audio if isinstance(audio, bytes) else to_pcm16(audio))
    return path


def write_words(path: Path, numbers: Iterable[int]) -> Path:
    """The tones that the dummy recogniser takes for ``w1 w2 …``, and a second of silence."""
    return write_wav(path, np.concatenate([tones(numbers), np.zeros(SAMPLE_RATE_HZ, np.float32)]))


def wav(*numbers: int, pause_s: float = 0.2) -> bytes:
    """Words that the dummy recogniser understands, as a WAV file."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes(to_pcm16(tones(numbers, pause_s=pause_s)))
    return buffer.getvalue()
