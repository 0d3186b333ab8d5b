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

    async def test_partials_are_one_segment_that_goes_on_after_the_prefix(
        self, transcriber: Transcriber, speech: Waveform
    ) -> None:
        first = await transcriber.transcribe(speech, TranscribeOptions(language="en", purpose=Purpose.PARTIAL))
        assert len(first.segments) == 1
        prefix = " ".join(first.segments[0].text.split()[:2])
        options = TranscribeOptions(language="en", purpose=Purpose.PARTIAL, prefix=prefix)
        second = await transcriber.transcribe(speech, options)
        assert second.segments[0].text.startswith(prefix)
        assert len(second.segments[0].text) > len(prefix)

    @pytest.mark.parametrize("duration_s", [0.0, 0.05, 31.0])
    async def test_other_lengths_are_refused(self, transcriber: Transcriber, duration_s: float) -> None:
        with pytest.raises(InvalidInput):
            await transcriber.transcribe(np.zeros(int(duration_s * SAMPLE_RATE_HZ), np.float32), TranscribeOptions())
