"""What every audio codec must do."""

import numpy as np
import pytest

from app.domain.audio.gateway import AudioCodec
from app.domain.audio.models import AudioChunk, AudioFormat, Encoding, Waveform
from app.domain.audio.pcm import to_pcm16
from app.domain.errors import InvalidInput

OPUS = AudioFormat(Encoding.OPUS)


def tone(duration_s: float, rate_hz: int = 16_000, frequency_hz: float = 440.0) -> Waveform:
    time = np.arange(round(duration_s * rate_hz)) / rate_hz
    return (0.3 * np.sin(2 * np.pi * frequency_hz * time)).astype(np.float32)


def noise(duration_s: float, rate_hz: int = 16_000) -> Waveform:
    generator = np.random.default_rng(1)
    return (0.1 * generator.standard_normal(round(duration_s * rate_hz))).astype(np.float32)


def stereo(left: Waveform, right: Waveform) -> Waveform:
    return np.stack([left, right], axis=1).reshape(-1)


def pcm_chunks(audio: Waveform, audio_format: AudioFormat, samples_each: int) -> list[AudioChunk]:
    """Interleaved audio as messages of ``samples_each`` frames."""
    step = samples_each * audio_format.channels
    return [
        AudioChunk(
            number,
            audio_format,
            to_pcm16(audio[first : first + step]),
            len(audio[first : first + step]) / audio_format.channels / audio_format.sample_rate_hz,
        )
        for number, first in enumerate(range(0, len(audio), step), 1)
    ]


class AudioCodecContract:
    @pytest.fixture
    def codec(self) -> AudioCodec:
        raise AssertionError("each adapter gives its own")

    def decode_all(self, codec: AudioCodec, chunks: list[AudioChunk]) -> Waveform:
        decoder = codec.open_chunks(chunks[0].format)
        return np.concatenate([*(decoder.decode(chunk) for chunk in chunks), decoder.flush()])

    def test_duration(self, codec: AudioCodec) -> None:
        assert codec.duration_s(bytes(640), AudioFormat()) == 0.02
        assert codec.duration_s(bytes(4 * 480), AudioFormat(Encoding.PCM16, 48_000, 2)) == 0.01
        assert codec.duration_s(b"\x48abc", OPUS) == 0.02
        assert codec.duration_s(b"", AudioFormat()) == codec.duration_s(b"", OPUS) == 0.0

    @pytest.mark.parametrize(
        ("payload", "audio_format"),
        [
            (b"abc", AudioFormat()),
            (bytes(6), AudioFormat(channels=2)),
            (b"\xff", OPUS),
            (b"\x03\x00", OPUS),
        ],
    )
    def test_malformed_messages(self, codec: AudioCodec, payload: bytes, audio_format: AudioFormat) -> None:
        with pytest.raises(InvalidInput):
            codec.duration_s(payload, audio_format)

    def test_canonical_audio_passes_untouched(self, codec: AudioCodec) -> None:
        audio = tone(0.5)
        decoded = self.decode_all(codec, pcm_chunks(audio, AudioFormat(), 320))
        assert to_pcm16(decoded) == to_pcm16(audio)
        assert decoded.dtype == np.float32

    @pytest.mark.parametrize("rate_hz", [8_000, 11_025, 22_050, 44_100, 48_000])
    @pytest.mark.parametrize("channels", [1, 2])
    def test_resampling_keeps_length_place_and_pitch(self, codec: AudioCodec, rate_hz: int, channels: int) -> None:
        audio = tone(1.0, rate_hz)
        sent = audio if channels == 1 else stereo(audio, audio)
        decoded = self.decode_all(codec, pcm_chunks(sent, AudioFormat(Encoding.PCM16, rate_hz, channels), 441))
        assert abs(decoded.size - 16_000) <= 1
        middle = slice(1000, 15_000)
        assert np.abs(decoded[:16_000] - tone(1.0)[: decoded.size])[middle].max() < 0.01

    def test_channels_become_their_mean(self, codec: AudioCodec) -> None:
        audio = noise(0.2)
        sent = stereo(audio, np.zeros_like(audio))
        decoded = self.decode_all(codec, pcm_chunks(sent, AudioFormat(channels=2), 320))
        assert np.abs(decoded - audio / 2).max() < 1e-4
