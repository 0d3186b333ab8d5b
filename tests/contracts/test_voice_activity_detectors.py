import pytest

from app.domain.audio.models import Waveform
from app.infrastructure.transcription.dummy import tones
from app.infrastructure.vad.dummy import DummyVad
from tests.contracts.voice_activity import VoiceActivityDetectorContract


@pytest.mark.unit
class TestDummyVad(VoiceActivityDetectorContract):
    @pytest.fixture
    def vad(self) -> DummyVad:
        return DummyVad()

    @pytest.fixture
    def speech(self) -> Waveform:
        return tones(range(10))
