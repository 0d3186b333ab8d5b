"""What every diarizer must do, whatever it is made of."""

from itertools import pairwise

import numpy as np
import pytest

from app.domain.audio.models import SAMPLE_RATE_HZ, Waveform
from app.domain.diarization.gateway import Diarizer


class ArraySource:
    """A session's audio in memory; remembers the largest read."""

    def __init__(self, samples: Waveform) -> None:
        self._samples = samples
        self.largest_read = 0

    @property
    def samples(self) -> int:
        return len(self._samples)

    def read(self, start: int, count: int) -> Waveform:
        self.largest_read = max(self.largest_read, count)
        return self._samples[start : start + count]


def voice(pitch_hz: float, duration_s: float, *, formants: tuple[float, float] = (700.0, 1200.0)) -> Waveform:
    """A buzz with formants and syllables, so that energy and models have something to hear."""
    time_s = np.arange(int(duration_s * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    phase = 2 * np.pi * pitch_hz * (time_s + 0.002 * np.sin(2 * np.pi * 1.5 * time_s))
    harmonics = np.arange(1, int(4000 / pitch_hz))
    gains = sum(np.exp(-(((harmonics * pitch_hz - formant) / 200.0) ** 2)) for formant in formants) + 0.05 / harmonics
    buzz = np.sum(gains[:, None] * np.sin(harmonics[:, None] * phase), axis=0)
    syllables = 0.6 + 0.4 * np.sin(2 * np.pi * 4.0 * time_s)
    sound = buzz * syllables
    return np.asarray(0.3 * sound / np.abs(sound).max(), np.float32)


def silence(duration_s: float) -> Waveform:
    return np.zeros(int(duration_s * SAMPLE_RATE_HZ), np.float32)


def noise(duration_s: float) -> Waveform:
    samples = np.random.default_rng(1).normal(0, 0.05, int(duration_s * SAMPLE_RATE_HZ))
    return samples.astype(np.float32)


TALK = np.concatenate([voice(110, 4), silence(1), voice(210, 4, formants=(500.0, 2100.0)), silence(1), voice(110, 4)])
CASES = {
    "empty": silence(0),
    "one sample": silence(1 / SAMPLE_RATE_HZ),
    "0.3 s": voice(120, 0.3),
    "1 s": voice(120, 1),
    "silence": silence(15),
    "noise": noise(15),
    "talk": TALK,
    "clipped": np.sign(TALK).astype(np.float32),
}


class DiarizerContract:
    """Subclass it for each adapter with a ``diarizer`` fixture."""

    @pytest.fixture
    def diarizer(self) -> Diarizer:
        """The adapter under test."""
        raise AssertionError("each subclass gives its own")

    @pytest.mark.parametrize("case", list(CASES))
    async def test_turns_are_sane_for_any_audio(self, diarizer: Diarizer, case: str) -> None:
        audio = CASES[case]
        turns = await diarizer.diarize(ArraySource(audio))
        assert all(0 <= turn.start < turn.end <= len(audio) / SAMPLE_RATE_HZ + 0.001 for turn in turns)
        assert all(first.start <= second.start for first, second in pairwise(turns))
        first_heard = list(dict.fromkeys(turn.speaker for turn in turns))
        assert first_heard == [f"S{number}" for number in range(1, len(first_heard) + 1)]

    async def test_nobody_speaks_in_silence(self, diarizer: Diarizer) -> None:
        assert list(await diarizer.diarize(ArraySource(silence(12)))) == []
        assert list(await diarizer.diarize(ArraySource(silence(0)))) == []

    async def test_two_voices_in_turn_are_two_speakers(self, diarizer: Diarizer) -> None:
        turns = await diarizer.diarize(ArraySource(TALK))
        assert [turn.speaker for turn in turns] == ["S1", "S2", "S1"]
        starts_and_ends = [time_s for turn in turns for time_s in (turn.start, turn.end)]
        assert np.allclose(starts_and_ends, [0, 4, 5, 9, 10, 14], atol=0.5)

    async def test_the_same_audio_gives_the_same_turns(self, diarizer: Diarizer) -> None:
        assert list(await diarizer.diarize(ArraySource(TALK))) == list(await diarizer.diarize(ArraySource(TALK)))

    @pytest.mark.parametrize("speakers", [1, 2, 5])
    async def test_never_more_speakers_than_given(self, diarizer: Diarizer, speakers: int) -> None:
        turns = await diarizer.diarize(ArraySource(TALK), speakers=speakers)
        assert len({turn.speaker for turn in turns}) <= speakers

    async def test_progress_rises_to_one(self, diarizer: Diarizer) -> None:
        seen: list[float] = []
        await diarizer.diarize(ArraySource(np.tile(TALK, 3)), on_progress=seen.append)
        assert seen == sorted(seen)
        assert seen[-1] == 1.0
        assert seen[0] >= 0

    async def test_audio_is_read_piece_by_piece(self, diarizer: Diarizer) -> None:
        source = ArraySource(np.tile(TALK, 6))
        await diarizer.diarize(source)
        assert source.largest_read <= 60 * SAMPLE_RATE_HZ

    def test_says_what_it_is(self, diarizer: Diarizer) -> None:
        assert diarizer.model_id
