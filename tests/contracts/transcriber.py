"""What every ``Transcriber`` must do."""

import numpy as np
import pytest

from app.domain.audio.models import SAMPLE_RATE_HZ, Waveform
from app.domain.errors import InvalidInput
from app.domain.transcription.gateway import Transcriber
from app.domain.transcription.models import Purpose, TranscribeOptions


class TranscriberContract:
    """Subclasses give a ``transcriber`` and some ``speech`` of 3 to 20 seconds."""

    @pytest.fixture
    def speech(self) -> Waveform:
        raise AssertionError("give a recording")

    async def test_segments_and_words_lie_in_the_speech(self, transcriber: Transcriber, speech: Waveform) -> None:
        found = await transcriber.transcribe(speech, TranscribeOptions())
        duration_s = speech.size / SAMPLE_RATE_HZ
        assert found.segments
        starts = [segment.start for segment in found.segments]
        assert starts == sorted(starts)
        for segment in found.segments:
            assert 0 <= segment.start <= segment.end <= duration_s + 0.5
            assert "".join(word.text for word in segment.words).split() == segment.text.split()
            assert all(word.start <= word.end and 0 <= word.probability <= 1 for word in segment.words)

    async def test_is_repeatable(self, transcriber: Transcriber, speech: Waveform) -> None:
        options = TranscribeOptions(language="en")
        assert await transcriber.transcribe(speech, options) == await transcriber.transcribe(speech, options)

    async def test_the_language_asked_for_is_used(self, transcriber: Transcriber, speech: Waveform) -> None:
        assert (await transcriber.transcribe(speech, TranscribeOptions(language="es"))).language == "es"

    async def test_a_partial_is_one_segment(self, transcriber: Transcriber, speech: Waveform) -> None:
        found = await transcriber.transcribe(speech, TranscribeOptions(language="en", purpose=Purpose.PARTIAL))
        assert len(found.segments) == 1
        assert found.segments[0].text

    async def test_the_prior_language_is_kept_in_short_answers(
        self, transcriber: Transcriber, speech: Waveform
    ) -> None:
        found = await transcriber.transcribe(speech[: 2 * SAMPLE_RATE_HZ], TranscribeOptions(prior_language="es"))
        assert found.language == "es"

    @pytest.mark.parametrize("duration_s", [0.0, 0.05, 31.0])
    async def test_other_lengths_are_refused(self, transcriber: Transcriber, duration_s: float) -> None:
        with pytest.raises(InvalidInput):
            await transcriber.transcribe(np.zeros(int(duration_s * SAMPLE_RATE_HZ), np.float32), TranscribeOptions())
