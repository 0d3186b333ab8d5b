"""The audio codec on PyAV (FFmpeg, libopus) and soxr."""

from collections.abc import Generator
from pathlib import Path

from app.domain.audio.gateway import AudioCodec, ChunkDecoder
from app.domain.audio.models import AudioFormat, Encoding, Waveform
from app.domain.audio.opus import parse_packet
from app.domain.errors import InvalidInput
from app.infrastructure.audio.chunk_decoders import OpusChunkDecoder, Pcm16ChunkDecoder
from app.infrastructure.audio.recordings import read_recording


class AvAudioCodec(AudioCodec):
    """Holds nothing; decoders and readers are made for each use."""

    def duration_s(self, payload: bytes, audio_format: AudioFormat) -> float:
        """See ``AudioCodec.duration_s``."""
        if not payload:
            return 0.0
        if audio_format.encoding is Encoding.OPUS:
            return parse_packet(payload).duration_s
        frame_bytes = 2 * audio_format.channels
        if len(payload) % frame_bytes:
            raise InvalidInput(
                f"a pcm16 message must hold a whole number of {frame_bytes}-byte frames, not {len(payload)} bytes",
                code="invalid_audio",
            )
        return len(payload) / frame_bytes / audio_format.sample_rate_hz

    def open_chunks(self, audio_format: AudioFormat) -> ChunkDecoder:
        """See ``AudioCodec.open_chunks``."""
        return OpusChunkDecoder() if audio_format.encoding is Encoding.OPUS else Pcm16ChunkDecoder(audio_format)

    def read_recording(self, path: Path, *, max_duration_s: float) -> Generator[Waveform, None, bool]:
        """See ``AudioCodec.read_recording``."""
        return read_recording(path, max_duration_s=max_duration_s)
