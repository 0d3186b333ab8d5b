"""Voice activity by loudness: for tests and the dummy profile."""

import numpy as np
from numpy.typing import NDArray

from app.domain.audio.models import Waveform
from app.domain.errors import InvalidInput
from app.domain.vad.gateway import VAD_FRAME_SAMPLES, VadState, VoiceActivityDetector

LOUD = 0.01
"""Root mean square above which a frame counts as speech (-40 dBFS)."""


class DummyVad(VoiceActivityDetector):
    """Deterministic and stateless; the state is the number of frames heard."""

    async def probabilities(self, audio: Waveform, state: VadState | None) -> tuple[NDArray[np.float32], VadState]:
        """See the port."""
        if audio.ndim != 1 or audio.size % VAD_FRAME_SAMPLES:
            raise InvalidInput(f"Audio must be a whole number of frames of {VAD_FRAME_SAMPLES} samples")
        frames = audio.reshape(-1, VAD_FRAME_SAMPLES)
        loudness = np.sqrt(np.mean(np.square(frames), axis=1))
        heard = np.float32(len(frames)) + (np.float32(0) if state is None else state[0])
        return np.where(loudness > LOUD, 0.95, 0.02).astype(np.float32), np.array([heard], np.float32)
