"""Recordings as the audio messages that a phone sends."""

from pathlib import Path
from typing import Literal

import numpy as np

from app.composition.recordings import build_codec, opus_packets
from app.domain.audio.models import SAMPLE_RATE_HZ
from app.domain.audio.pcm import to_pcm16


def prepare_audio(
    path: Path, *, encoding: Literal["pcm16", "opus"], sample_rate: int, channels: int, chunk_ms: int
) -> tuple[list[bytes], float]:
    """Turn a recording into audio messages.

    Returns:
        The messages, and how much audio each holds, in seconds (Opus packets always hold 20 ms).

    Raises:
        InvalidInput: not a recording that can be read.
    """
    audio = np.concatenate([*build_codec().read_recording(path, max_duration_s=24 * 3600.0), np.zeros(0, np.float32)])
    if encoding == "opus":
        return opus_packets(audio)
    if sample_rate != SAMPLE_RATE_HZ:
        import soxr

        audio = soxr.resample(audio, SAMPLE_RATE_HZ, sample_rate)
    samples = np.frombuffer(to_pcm16(audio), "<i2")
    raw = np.repeat(samples, channels).tobytes()
    size = sample_rate * chunk_ms // 1000 * 2 * channels
    return [raw[start : start + size] for start in range(0, len(raw), size)], chunk_ms / 1000
