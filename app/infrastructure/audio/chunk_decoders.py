"""A session's messages to waveforms: pcm16 and raw Opus packets."""

import logging
from typing import TYPE_CHECKING

import numpy as np

from app.domain.audio.gateway import ChunkDecoder
from app.domain.audio.models import AudioChunk, AudioFormat, Waveform
from app.domain.audio.opus import OPUS_RATE_HZ, parse_packet
from app.domain.audio.pcm import PCM16_SCALE, from_pcm16
from app.domain.errors import InvalidInput
from app.infrastructure.audio.resampler import StreamResampler

if TYPE_CHECKING:
    from av import AudioCodecContext

log = logging.getLogger(__name__)


class Pcm16ChunkDecoder(ChunkDecoder):
    """Little-endian samples; two channels become their mean."""

    def __init__(self, audio_format: AudioFormat) -> None:
        self._channels = audio_format.channels
        self._resampler = StreamResampler(audio_format.sample_rate_hz)

    def decode(self, chunk: AudioChunk) -> Waveform:
        """See ``ChunkDecoder.decode``."""
        return self._resampler.feed(from_pcm16(chunk.payload, self._channels))

    def flush(self) -> Waveform:
        """See ``ChunkDecoder.flush``."""
        return self._resampler.flush()


class OpusChunkDecoder(ChunkDecoder):
    """libopus through PyAV. It decodes to mono itself, whatever the packet codes (RFC 6716, section 2.1.2)."""

    def __init__(self) -> None:
        self._codec = _open_opus()
        self._resampler = StreamResampler(OPUS_RATE_HZ)

    def decode(self, chunk: AudioChunk) -> Waveform:
        """See ``ChunkDecoder.decode``."""
        samples = round(chunk.duration_s * OPUS_RATE_HZ)
        return self._resampler.feed(_fitted(self._decode_packet(chunk.payload), samples))

    def flush(self) -> Waveform:
        """See ``ChunkDecoder.flush``."""
        rest = self._resampler.flush()
        self._codec = _open_opus()
        return rest

    def _decode_packet(self, packet: bytes) -> Waveform:
        """Samples at 48 kHz; none if the packet cannot be decoded."""
        from av import Packet
        from av.error import FFmpegError

        try:
            parse_packet(packet)
            frames = self._codec.decode(Packet(packet))
        except (InvalidInput, FFmpegError) as error:
            log.debug("Opus packet became silence", extra={"error": type(error).__name__})
            if not isinstance(error, InvalidInput):
                self._codec = _open_opus()  # after an error FFmpeg's decoder may refuse all that follows
            return np.zeros(0, np.float32)
        return np.concatenate([np.zeros(0, np.float32), *(_mono(frame.to_ndarray()) for frame in frames)])


def _open_opus() -> "AudioCodecContext":
    from av import AudioCodecContext

    codec = AudioCodecContext.create("libopus", "r")
    codec.sample_rate = OPUS_RATE_HZ
    codec.layout = "mono"
    return codec


def _mono(samples: "np.ndarray[tuple[int, ...], np.dtype[np.generic]]") -> Waveform:
    mono = samples.reshape(-1).astype(np.float32)
    return mono / np.float32(PCM16_SCALE) if samples.dtype == np.int16 else mono


def _fitted(audio: Waveform, samples: int) -> Waveform:
    """Exactly ``samples`` samples: the clock is the packets', and a decoder never adds to it."""
    if len(audio) >= samples:
        return audio[:samples]
    return np.pad(audio, (0, samples - len(audio)))
