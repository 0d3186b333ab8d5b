"""The codec's contract on PyAV, and what only it does: Opus and recordings."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.domain.audio.gateway import AudioCodec
from app.domain.audio.models import AudioChunk, Waveform
from app.domain.audio.pcm import PCM16_SCALE, to_pcm16, wav_header
from app.domain.errors import InvalidInput, TooLarge
from app.infrastructure.audio.av_codec import AvAudioCodec
from app.infrastructure.audio.file_decoder import decode_file
from tests.contracts.audio_codec import OPUS, AudioCodecContract, noise, stereo, tone
from tests.opus import encode_opus

pytestmark = pytest.mark.unit


def opus_chunks(audio: Waveform) -> list[AudioChunk]:
    return [AudioChunk(number, OPUS, packet, 0.02) for number, packet in enumerate(encode_opus(audio), 1)]


def frequency_hz(audio: Waveform) -> float:
    spectrum = np.abs(np.fft.rfft(audio * np.hanning(audio.size)))
    return float(spectrum.argmax()) * 16_000 / audio.size


class TestAvAudioCodec(AudioCodecContract):
    @pytest.fixture
    def codec(self) -> AudioCodec:
        return AvAudioCodec()

    def test_opus_round_trip(self, codec: AudioCodec) -> None:
        chunks = opus_chunks(tone(1.0))
        decoded = self.decode_all(codec, chunks)
        assert decoded.size == len(chunks) * 320
        assert frequency_hz(decoded[4000:12_000]) == pytest.approx(440, abs=4)
        assert 0.2 < np.abs(decoded[4000:12_000]).max() < 0.4

    def test_blocks_of_any_size_give_the_same_packets(self) -> None:
        audio = noise(0.5)
        assert encode_opus(audio[:7], audio[7:5000], audio[5000:]) == encode_opus(audio)

    def test_an_undecodable_packet_is_silence_of_its_length(self, codec: AudioCodec) -> None:
        chunks = opus_chunks(tone(1.0))
        chunks[20] = AudioChunk(21, OPUS, b"\xff\xff\xff", 0.02)
        chunks[21] = AudioChunk(22, OPUS, b"", 0.02)
        decoded = self.decode_all(codec, chunks)
        assert decoded.size == len(chunks) * 320
        assert np.abs(decoded[20 * 320 + 100 : 22 * 320 - 100]).max() < 0.01
        assert np.abs(decoded[26 * 320 : 30 * 320]).max() > 0.2

    def test_any_bytes_decode_to_their_length(self, codec: AudioCodec) -> None:
        generator = np.random.default_rng(2)
        chunks = [
            AudioChunk(number, OPUS, bytes([0x48]) + generator.bytes(size), 0.02)
            for number, size in enumerate(range(60))
        ]
        decoded = self.decode_all(codec, chunks)
        assert decoded.size == len(chunks) * 320
        assert np.isfinite(decoded).all()


def encoded(audio: Waveform, container: str, codec: str, rate_hz: int = 16_000, layout: str = "mono") -> bytes:
    """A recording of ``audio`` (mono) as another program might write it."""
    import av

    target = io.BytesIO()
    with av.open(target, "w", format=container) as output:
        stream: Any = output.add_stream(codec, rate=rate_hz)
        stream.layout = layout
        stream.codec_context.options = {"strict": "experimental"}  # FFmpeg's own Vorbis encoder counts as that
        samples = np.rint(audio * (PCM16_SCALE - 1)).astype(np.int16)[np.newaxis]
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate = rate_hz
        resampler = av.AudioResampler(format=stream.format.name, layout=layout, rate=rate_hz)
        fifo = av.AudioFifo()
        for converted in resampler.resample(frame):
            fifo.write(converted)
        for piece in (
            fifo.read_many(1024, partial=True) if not stream.frame_size else fifo.read_many(stream.frame_size, True)
        ):
            output.mux(stream.encode(piece))
        output.mux(stream.encode(None))
    return target.getvalue()


def wav(audio: Waveform) -> bytes:
    return wav_header(audio.size) + to_pcm16(audio)


def read(path: Path, data: bytes, max_duration_s: float = 60.0) -> Waveform:
    path.write_bytes(data)
    return np.concatenate(list(AvAudioCodec().read_recording(path, max_duration_s=max_duration_s)))


def is_whole(path: Path, data: bytes) -> bool:
    path.write_bytes(data)
    blocks = AvAudioCodec().read_recording(path, max_duration_s=60.0)
    found: list[bool] = []

    def watched() -> Iterator[Waveform]:
        found.append((yield from blocks))

    assert list(watched())
    return found[0]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "recording"


MAKERS: dict[str, Callable[[], bytes]] = {
    "wav": lambda: wav(tone(3.0)),
    "wav 24 bit 44.1 kHz": lambda: encoded(tone(3.0, 44_100), "wav", "pcm_s24le", 44_100),
    "wav float 8 kHz": lambda: encoded(tone(3.0, 8_000), "wav", "pcm_f32le", 8_000),
    "wav mu-law": lambda: encoded(tone(3.0, 8_000), "wav", "pcm_mulaw", 8_000),
    "flac": lambda: encoded(tone(3.0), "flac", "flac"),
    "ogg opus": lambda: encoded(tone(3.0, 48_000), "ogg", "libopus", 48_000),
    "ogg vorbis": lambda: encoded(tone(3.0, 44_100), "ogg", "vorbis", 44_100, "stereo"),
    "mp3": lambda: encoded(tone(3.0, 44_100), "mp3", "libmp3lame", 44_100),
}


@pytest.mark.parametrize("kind", MAKERS)
class TestRecordings:
    def test_is_read(self, path: Path, kind: str) -> None:
        audio = read(path, MAKERS[kind]())
        assert audio.size == pytest.approx(48_000, abs=1500)
        assert frequency_hz(audio[8000:40_000]) == pytest.approx(440, abs=2)
        assert 0.2 < np.abs(audio[8000:40_000]).max() < 0.35

    def test_what_precedes_a_cut_is_read(self, path: Path, kind: str) -> None:
        data = MAKERS[kind]()
        audio = read(path, data[: len(data) * 2 // 3])
        assert 15_000 < audio.size < 40_000  # an Ogg page holds up to a second
        assert frequency_hz(audio[4000:12_000]) == pytest.approx(440, abs=4)

    def test_a_cut_is_told(self, path: Path, kind: str) -> None:
        data = MAKERS[kind]()
        assert is_whole(path, data)
        assert is_whole(path, data[: len(data) * 2 // 3]) is (kind == "mp3")  # which does not tell

    def test_a_file_without_audio_is_refused(self, path: Path, kind: str) -> None:
        with pytest.raises(InvalidInput):
            read(path, MAKERS[kind]()[:16])

    def test_damage_is_refused_or_survived(self, kind: str) -> None:
        """Whatever a file holds, it ends in audio of a sane length or in one kind of error."""
        data = MAKERS[kind]()
        generator = np.random.default_rng(3)
        for _ in range(8):
            broken = bytearray(data)
            for position in generator.integers(4, len(data), 40):
                broken[int(position)] = int(generator.integers(256))
            try:
                audio = np.concatenate(list(decode_file(io.BytesIO(broken))))
            except InvalidInput:
                continue
            assert np.isfinite(audio).all()
            assert audio.size < 16_000 * 600

    def test_too_long(self, path: Path, kind: str) -> None:
        with pytest.raises(TooLarge):
            read(path, MAKERS[kind](), 2.0)


@pytest.mark.parametrize(("container", "codec", "rate_hz"), [("flac", "flac", 16_000), ("ogg", "libopus", 48_000)])
def test_a_damaged_packet_does_not_move_what_follows(path: Path, container: str, codec: str, rate_hz: int) -> None:
    """The tone rises at 6 s; 2 s before, something is lost, and the rise must stay where it was."""
    audio = np.concatenate([noise(4.0, rate_hz), tone(2.0, rate_hz), tone(2.0, rate_hz, 1760.0)])
    data = bytearray(encoded(audio, container, codec, rate_hz))
    middle = len(data) // 4
    data[middle : middle + 400] = bytes(400)
    assert not is_whole(path, bytes(data))
    decoded = read(path, bytes(data))
    assert decoded.size == pytest.approx(8 * 16_000, abs=1000)
    assert frequency_hz(decoded[int(5.0 * 16_000) : int(5.9 * 16_000)]) == pytest.approx(440, abs=4)
    assert frequency_hz(decoded[int(6.1 * 16_000) : int(7.0 * 16_000)]) == pytest.approx(1760, abs=4)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"RIFF",
        b"hello, this is a text",
        b"\0" * 5000,
        b"\x00\x00\x00\x20ftypM4A ",
        b"\x1aE\xdf\xa3matroska",
        b"OggS" * 99,
    ],
)
def test_foreign_files_are_refused(path: Path, data: bytes) -> None:
    with pytest.raises(InvalidInput, match="recording cannot be used"):
        read(path, data)


def test_stereo_becomes_the_mean(path: Path) -> None:
    audio = noise(0.5)
    data = wav_header(audio.size, channels=2) + to_pcm16(stereo(audio, np.zeros_like(audio)))
    assert np.abs(read(path, data) - audio / 2).max() < 1e-3


def test_absurd_sample_rates_are_refused(path: Path) -> None:
    with pytest.raises(InvalidInput, match="sample rate"):
        read(path, wav_header(1000, sample_rate_hz=1) + bytes(2000))


def test_unknown_codecs_are_refused(path: Path) -> None:
    data = wav(tone(0.1))
    with pytest.raises(InvalidInput, match="codec is not supported"):
        read(path, data[:20] + b"\xff\xfe" + data[22:])  # the format tag


def test_reading_is_lazy(path: Path) -> None:
    path.write_bytes(wav(np.zeros(16_000 * 60, np.float32)))
    blocks = AvAudioCodec().read_recording(path, max_duration_s=600)
    assert len(next(blocks)) < 16_000 * 3
    blocks.close()
