"""Stored audio on the session's clock: whatever came in, samples are where they belong."""

import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from app.application.listening.audio_reader import AudioPiece, read_audio, read_pcm, render_pcm
from app.domain.audio.gateway import AudioJournal
from app.domain.audio.models import AudioChunk, AudioFormat, Encoding, Waveform
from app.domain.audio.pcm import from_pcm16, to_pcm16
from app.domain.session.models import SessionKey
from app.infrastructure.audio.av_codec import AvAudioCodec
from app.infrastructure.audio.pcm_file import PcmFile
from app.infrastructure.journal.file_journal import FileAudioJournal
from app.infrastructure.runtime.session_files import SessionFiles
from tests.opus import encode_opus

pytestmark = pytest.mark.unit
KEY = SessionKey("ana", "first")
CODEC = AvAudioCodec()
OPUS = AudioFormat(Encoding.OPUS)
WIDE = AudioFormat(Encoding.PCM16, 44_100, 2)


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[FileAudioJournal]:
    journal = FileAudioJournal(SessionFiles(tmp_path))
    yield journal
    await journal.close()


def ramp(duration_s: float, rate_hz: int = 16_000) -> Waveform:
    """A slow sweep: each sample says where it belongs."""
    time = np.arange(round(duration_s * rate_hz)) / rate_hz
    return (0.4 * np.sin(2 * np.pi * (100 * time + 20 * time**2))).astype(np.float32)


async def append_pcm(
    journal: AudioJournal, audio: Waveform, audio_format: AudioFormat, samples_each: int = 1600
) -> None:
    first_id = (await journal.state(KEY)).next_chunk_id
    chunks = []
    for number, first in enumerate(range(0, len(audio), samples_each)):
        part = audio[first : first + samples_each]
        payload = to_pcm16(np.repeat(part, audio_format.channels))
        chunks.append(AudioChunk(first_id + number, audio_format, payload, len(part) / audio_format.sample_rate_hz))
    await journal.append(KEY, chunks)


async def append_opus(journal: AudioJournal, audio: Waveform) -> None:
    first_id = (await journal.state(KEY)).next_chunk_id
    await journal.append(
        KEY, [AudioChunk(number, OPUS, packet, 0.02) for number, packet in enumerate(encode_opus(audio), first_id)]
    )


async def append_gap(journal: AudioJournal, duration_s: float) -> None:
    next_id = (await journal.state(KEY)).next_chunk_id
    await journal.append(KEY, [AudioChunk(next_id, AudioFormat(), b"", duration_s, gap=True)])


async def pieces_of(journal: AudioJournal, start_s: float = 0.0, end_s: float | None = None) -> list[AudioPiece]:
    pieces = [piece async for piece in read_audio(journal, CODEC, KEY, start_s=start_s, end_s=end_s)]
    for piece, following in itertools.pairwise(pieces):
        assert piece.start + piece.samples == following.start
    assert all(piece.audio is None or piece.audio.size == piece.samples > 0 for piece in pieces)
    return pieces


def joined(pieces: list[AudioPiece]) -> Waveform:
    return np.concatenate(
        [np.zeros(piece.samples, np.float32) if piece.audio is None else piece.audio for piece in pieces]
    )


@pytest.mark.parametrize("audio_format", [AudioFormat(), OPUS, WIDE])
async def test_messages_without_audio_change_nothing(journal: FileAudioJournal, audio_format: AudioFormat) -> None:
    async def append_empty() -> None:
        next_id = (await journal.state(KEY)).next_chunk_id
        await journal.append(KEY, [AudioChunk(next_id, audio_format, b"", 0.0)])

    async def append(audio: Waveform) -> None:
        await (append_opus(journal, audio) if audio_format == OPUS else append_pcm(journal, audio, audio_format))

    audio = ramp(0.8, audio_format.sample_rate_hz)
    half = audio.size // 2
    await append(audio[:half])
    await append_gap(journal, 0.5)
    await append(audio[half:])
    expected = joined(await pieces_of(journal))
    await journal.delete(KEY)
    await append_empty()
    assert await pieces_of(journal) == []
    await append(audio[:half])
    for _ in range(3):
        await append_empty()
    await append_gap(journal, 0.5)
    await append_empty()
    await append(audio[half:])
    await append_empty()
    np.testing.assert_array_equal(joined(await pieces_of(journal)), expected)


async def test_nothing(journal: FileAudioJournal) -> None:
    assert await pieces_of(journal) == []


async def test_canonical_audio_is_exact_at_any_cut(journal: FileAudioJournal) -> None:
    audio = ramp(3.0)
    await append_pcm(journal, audio, AudioFormat())
    stored = from_pcm16(to_pcm16(audio))
    for start_s, end_s in ((0.0, 3.0), (0.5, 1.7), (1.23456, 1.23463), (2.9, 99.0)):
        pieces = await pieces_of(journal, start_s, end_s)
        first, last = round(start_s * 16_000), min(round(end_s * 16_000), 48_000)
        assert pieces[0].start == first
        assert np.array_equal(joined(pieces), stored[first:last])


async def test_resampled_stretches_equal_the_whole(journal: FileAudioJournal) -> None:
    await append_pcm(journal, ramp(3.0, 44_100), WIDE, 1001)
    whole = joined(await pieces_of(journal))
    assert whole.size == 48_000
    assert np.abs(whole - ramp(3.0))[200:-200].max() < 0.01
    for start_s, end_s in ((0.7, 1.9), (1.9, 2.3)):
        part = joined(await pieces_of(journal, start_s, end_s))
        # Chunks of 44.1 kHz begin between two samples at 16 kHz: half a sample of this sweep is 0.02.
        assert np.abs(part - whole[round(start_s * 16_000) : round(end_s * 16_000)]).max() < 0.02


async def test_opus_from_the_middle_sounds_like_the_whole(journal: FileAudioJournal) -> None:
    await append_opus(journal, ramp(3.0))
    whole = joined(await pieces_of(journal))
    part = joined(await pieces_of(journal, 1.5, 2.5))
    assert part.size == 16_000
    difference = part - whole[24_000:40_000]
    assert np.sqrt(np.mean(difference**2)) < 0.05 * np.sqrt(np.mean(part**2))


async def test_gaps_and_formats_keep_every_sample_in_its_place(journal: FileAudioJournal) -> None:
    audio = ramp(6.0)
    await append_pcm(journal, audio[:16_000], AudioFormat())
    await append_gap(journal, 0.75)
    await append_pcm(journal, ramp(6.0, 44_100)[77_175:132_300], WIDE, 999)
    await append_pcm(journal, audio[48_000:64_000], AudioFormat())
    await append_gap(journal, 2.0)
    pieces = await pieces_of(journal)
    assert [(piece.start, piece.samples) for piece in pieces if piece.audio is None] == [
        (16_000, 12_000),
        (64_000, 32_000),
    ]
    heard = joined(pieces)
    assert heard.size == 96_000
    for first, last in ((0, 16_000), (28_200, 47_800), (48_000, 64_000)):
        assert np.abs(heard[first:last] - audio[first:last]).max() < 0.01


async def test_hours_of_gap_take_no_memory(journal: FileAudioJournal) -> None:
    await append_gap(journal, 3600.0)
    await append_pcm(journal, ramp(0.1), AudioFormat())
    pieces = await pieces_of(journal)
    assert [(piece.samples, piece.audio is None) for piece in pieces] == [(57_600_000, True), (1600, False)]


async def test_no_drift_over_many_odd_chunks(journal: FileAudioJournal) -> None:
    odd = AudioFormat(Encoding.PCM16, 11_025)
    await append_pcm(journal, ramp(30.0, 11_025), odd, 101)
    whole = joined(await pieces_of(journal))
    assert whole.size == 480_000
    assert np.abs(whole - ramp(30.0))[-20_000:-200].max() < 0.02


async def test_late_audio_is_read_in_place(journal: FileAudioJournal) -> None:
    audio = ramp(3.0)
    await append_pcm(journal, audio[:16_000], AudioFormat())
    await append_gap(journal, 1.0)
    await append_pcm(journal, audio[32_000:], AudioFormat())
    await journal.fill(KEY, start_s=1.0, audio=audio[16_000:32_000])
    assert np.array_equal(joined(await pieces_of(journal)), from_pcm16(to_pcm16(audio)))


async def test_rendered_file_holds_the_session(journal: FileAudioJournal, tmp_path: Path) -> None:
    audio = ramp(2.0)
    await append_pcm(journal, audio, AudioFormat())
    await append_gap(journal, 20.0)
    await append_opus(journal, audio)
    await append_gap(journal, 1.5)
    path = tmp_path / "session.pcm"
    samples = await render_pcm(journal, CODEC, KEY, path)
    expected = joined(await pieces_of(journal))
    assert samples == expected.size
    streamed = b"".join([block async for block in read_pcm(journal, CODEC, KEY)])
    with PcmFile(path) as source:
        assert source.samples == samples
        assert to_pcm16(source.read(0, samples)) == to_pcm16(expected) == streamed
        assert np.array_equal(source.read(100, 50), from_pcm16(to_pcm16(audio))[100:150])
        assert source.read(samples - 10, 50).size == 10
        assert source.read(samples + 5, 50).size == 0


async def test_an_empty_session_renders_to_an_empty_file(journal: FileAudioJournal, tmp_path: Path) -> None:
    assert await render_pcm(journal, CODEC, KEY, tmp_path / "session.pcm") == 0
    with PcmFile(tmp_path / "session.pcm") as source:
        assert source.read(0, 10).size == 0
