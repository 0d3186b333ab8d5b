import numpy as np
import pytest

from app.domain.audio.models import SAMPLE_RATE_HZ, Waveform
from app.domain.transcription.models import TranscribeOptions
from app.infrastructure.transcription.dummy import DummyTranscriber, tones
from tests.contracts.transcriber import TranscriberContract


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
