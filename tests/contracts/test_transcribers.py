import asyncio
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from app.commands.bench.references import word_errors
from app.domain.audio.models import SAMPLE_RATE_HZ, Waveform
from app.domain.errors import ConfigurationError
from app.domain.transcription.models import TranscribeOptions
from app.infrastructure.catalog.catalog import Catalog
from app.infrastructure.transcription.dummy import DummyTranscriber, tones
from app.infrastructure.transcription.whisper import FasterWhisperTranscriber
from app.settings import Settings
from tests.contracts.transcriber import TranscriberContract
from tests.demo_speech import demo_audio, demo_line


@pytest.mark.unit
class TestDummyTranscriber(TranscriberContract):
    @pytest.fixture
    def transcriber(self) -> DummyTranscriber:
        return DummyTranscriber()

    @pytest.fixture
    def speech(self) -> Waveform:
        return tones(range(10))

    async def test_hears_each_number_once(self, transcriber: DummyTranscriber) -> None:
        numbers = [0, 7, 7, 699, 42, 123, 500]
        found = await transcriber.transcribe(tones(numbers), TranscribeOptions())
        assert " ".join(segment.text for segment in found.segments).split() == [f"w{number}" for number in numbers]

    async def test_hears_nothing_in_silence(self, transcriber: DummyTranscriber) -> None:
        silence = np.zeros(2 * SAMPLE_RATE_HZ, np.float32)
        assert (await transcriber.transcribe(silence, TranscribeOptions())).segments == ()


@pytest.fixture(scope="module")
def whisper() -> Iterator[FasterWhisperTranscriber]:
    settings = Settings()
    transcriber = FasterWhisperTranscriber(
        Catalog.from_settings(settings).locate, settings.models.transcriber_model, threads=2
    )
    yield transcriber
    transcriber.close()


@pytest.mark.integration
class TestFasterWhisperTranscriber(TranscriberContract):
    @pytest.fixture
    def transcriber(self, whisper: FasterWhisperTranscriber) -> FasterWhisperTranscriber:
        return whisper

    @pytest.fixture
    def speech(self) -> Waveform:
        return demo_audio("en")[: 6 * SAMPLE_RATE_HZ]

    @pytest.mark.parametrize("language", ["en", "es"])
    async def test_finds_language_and_words(self, transcriber: FasterWhisperTranscriber, language: str) -> None:
        speech, text = demo_line(language, 2)
        found = await transcriber.transcribe(speech, TranscribeOptions())
        assert found.language == language
        assert found.language_probability > 0.6
        errors, words = word_errors(text, " ".join(segment.text for segment in found.segments))
        assert errors <= 0.25 * words

    async def test_times_of_words_are_where_they_are_said(self, transcriber: FasterWhisperTranscriber) -> None:
        speech, _ = demo_line("en", 2)
        late = np.concatenate([np.zeros(3 * SAMPLE_RATE_HZ, np.float32), speech])
        first = (await transcriber.transcribe(speech, TranscribeOptions(language="en"))).segments[0].words[0]
        second = (await transcriber.transcribe(late, TranscribeOptions(language="en"))).segments[0].words[0]
        assert second.end - first.end == pytest.approx(3.0, abs=0.4)

    @pytest.mark.parametrize("pause_s", [0.9, 4.0])
    async def test_pauses_swallow_no_words_and_silence_at_the_end_adds_none(
        self, transcriber: FasterWhisperTranscriber, pause_s: float
    ) -> None:
        (one, first), (other, second) = demo_line("en", 2), demo_line("en", 3)
        silence = np.zeros(round(pause_s * SAMPLE_RATE_HZ), np.float32)
        speech = np.concatenate([one, silence, other, silence[: round(0.9 * SAMPLE_RATE_HZ)]])
        found = await transcriber.transcribe(speech, TranscribeOptions(language="en"))
        errors, words = word_errors(f"{first} {second}", " ".join(segment.text for segment in found.segments))
        assert errors <= 0.15 * words
        assert found.segments[-1].end <= speech.size / SAMPLE_RATE_HZ

    async def test_control_tokens_in_the_vocabulary_are_only_text(
        self, transcriber: FasterWhisperTranscriber, speech: Waveform
    ) -> None:
        options = TranscribeOptions(language="en", vocabulary=("<|endoftext|>", "<|nospeech|>", "Adam"))
        found = await transcriber.transcribe(speech, options)
        assert "Adam" in found.segments[0].text

    async def test_a_cancelled_caller_frees_the_worker(self, transcriber: FasterWhisperTranscriber) -> None:
        speech = demo_audio("en")[: 28 * SAMPLE_RATE_HZ]
        tasks = [asyncio.create_task(transcriber.transcribe(speech, TranscribeOptions())) for _ in range(20)]
        await asyncio.sleep(0.05)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert transcriber.worker.load_factor <= 1

    async def test_an_incomplete_folder_is_refused(self, tmp_path: Path, speech: Waveform) -> None:
        transcriber = FasterWhisperTranscriber(lambda name: tmp_path, "somewhere")
        with pytest.raises(ConfigurationError, match="is missing"):
            await transcriber.transcribe(speech, TranscribeOptions())
        transcriber.close()
