"""What every ``VoiceActivityDetector`` must do."""

import numpy as np
import pytest

from app.domain.audio.models import Waveform
from app.domain.errors import InvalidInput
from app.domain.vad.gateway import VAD_FRAME_SAMPLES, VoiceActivityDetector


class VoiceActivityDetectorContract:
    """Subclasses give a ``vad`` and some ``speech`` of at least three seconds."""

    @pytest.fixture
    def speech(self) -> Waveform:
        raise AssertionError("give a recording")

    async def test_one_probability_a_frame(self, vad: VoiceActivityDetector, speech: Waveform) -> None:
        probabilities, _ = await vad.probabilities(speech[: 50 * VAD_FRAME_SAMPLES], None)
        assert probabilities.shape == (50,)
        assert probabilities.dtype == np.float32
        assert 0 <= probabilities.min() <= probabilities.max() <= 1

    async def test_tells_speech_from_silence(self, vad: VoiceActivityDetector, speech: Waveform) -> None:
        spoken, _ = await vad.probabilities(speech[: speech.size // VAD_FRAME_SAMPLES * VAD_FRAME_SAMPLES], None)
        silent, _ = await vad.probabilities(np.zeros(100 * VAD_FRAME_SAMPLES, np.float32), None)
        assert np.percentile(spoken, 90) > 0.8
        assert silent.max() < 0.3

    async def test_pieces_give_what_the_whole_gives(self, vad: VoiceActivityDetector, speech: Waveform) -> None:
        audio = speech[: 60 * VAD_FRAME_SAMPLES]
        whole, _ = await vad.probabilities(audio, None)
        state, pieces = None, []
        for first, last in ((0, 1), (1, 7), (7, 7), (7, 40), (40, 60)):
            some, state = await vad.probabilities(audio[first * VAD_FRAME_SAMPLES : last * VAD_FRAME_SAMPLES], state)
            pieces.append(some)
        np.testing.assert_allclose(np.concatenate(pieces), whole, atol=1e-4)

    async def test_half_a_frame_is_refused(self, vad: VoiceActivityDetector) -> None:
        with pytest.raises(InvalidInput):
            await vad.probabilities(np.zeros(VAD_FRAME_SAMPLES // 2, np.float32), None)
