"""PCM samples as bytes and as waveforms, and the WAV header that goes before them."""

import struct

import numpy as np

from app.domain.audio.models import SAMPLE_RATE_HZ, Waveform

PCM16_SCALE = 32_768.0
"""Full scale of a 16-bit sample; the same both ways, so that pcm16 → waveform → pcm16 changes nothing."""
WAV_HEADER_BYTES = 44
_RIFF_LIMIT = 0xFFFF_FFFF


def from_pcm16(data: bytes, channels: int = 1) -> Waveform:
    """Little-endian 16-bit samples as float32; several interleaved channels become their mean.

    Args:
        data: whole frames, ``2 * channels`` bytes each.
        channels: at least 1.
    """
    samples = np.frombuffer(data, dtype="<i2").astype(np.float32)
    samples /= PCM16_SCALE
    return samples if channels == 1 else samples.reshape(-1, channels).mean(axis=1, dtype=np.float32)


def to_pcm16(audio: Waveform) -> bytes:
    """Samples as little-endian 16 bit, rounded; values beyond full scale are clipped."""
    scaled = np.rint(audio * np.float32(PCM16_SCALE))
    clipped = np.clip(scaled, -PCM16_SCALE, PCM16_SCALE - 1)
    return bytes(clipped.astype("<i2").tobytes())


def wav_header(samples: int, *, sample_rate_hz: int = SAMPLE_RATE_HZ, channels: int = 1) -> bytes:
    """The 44 bytes before ``samples`` frames of pcm16 (RIFF WAVE, format 1), for a file or a stream of known length.

    A length beyond 4 GiB (37 hours) is written as unknown, as streaming writers do.
    """
    frame_bytes = 2 * channels
    data_bytes = samples * frame_bytes
    if data_bytes + 36 > _RIFF_LIMIT:
        data_bytes = _RIFF_LIMIT - 36
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        data_bytes + 36,
        b"WAVE",
        b"fmt ",
        16,
        1,
        channels,
        sample_rate_hz,
        sample_rate_hz * frame_bytes,
        frame_bytes,
        16,
        b"data",
        data_bytes,
    )
