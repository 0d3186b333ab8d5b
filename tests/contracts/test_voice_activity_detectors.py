from collections.abc import Iterator

import numpy as np
import pytest

from app.domain.audio.models import SAMPLE_RATE_HZ, Waveform
from app.domain.vad.gateway import VAD_FRAME_SAMPLES
from app.infrastructure.transcription.dummy import tones
from app.infrastructure.vad.dummy import DummyVad
from app.infrastructure.vad.silero import SileroVad
from tests.contracts.voice_activity import VoiceActivityDetectorContract
from tests.demo_speech import demo_audio


@pytest.mark.unit
class TestDummyVad(VoiceActivityDetectorContract):
    @pytest.fixture
    def vad(self) -> DummyVad:
        return DummyVad()

    @pytest.fixture
    def speech(self) -> Waveform:
        return tones(range(10))


@pytest.mark.integration
class TestSileroVad(VoiceActivityDetectorContract):
    @pytest.fixture
    def vad(self) -> Iterator[SileroVad]:
        vad = SileroVad()
        yield vad
        vad.close()

    @pytest.fixture
    def speech(self) -> Waveform:
        return demo_audio("en")[: 10 * SAMPLE_RATE_HZ]

    async def test_noise_is_no_speech(self, vad: SileroVad) -> None:
        noise = np.random.default_rng(1).normal(0, 0.1, 100 * VAD_FRAME_SAMPLES).astype(np.float32)
        probabilities, _ = await vad.probabilities(noise, None)
        assert probabilities.max() < 0.4
