"""Port for voice activity detection."""

from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from app.domain.audio.models import Waveform

VAD_FRAME_SAMPLES = 512
"""Samples a frame (32 ms at 16 kHz): the only frame length that Silero VAD v5 and later take."""

VadState: TypeAlias = NDArray[np.float32]
"""What the model carries from one call to the next; opaque to callers. Shape and meaning are the adapter's."""


class VoiceActivityDetector(Protocol):
    """Says for each frame how likely it holds speech."""

    async def probabilities(self, audio: Waveform, state: VadState | None) -> tuple[NDArray[np.float32], VadState]:
        """Speech probability of each frame.

        Args:
            audio: a whole number of frames of ``VAD_FRAME_SAMPLES``, following on from the previous call.
            state: what the previous call returned; None at the start or after a gap.

        Returns:
            Probabilities in [0, 1], shape ``(frames,)``, and the state for the next call.

        Raises:
            InvalidInput: not a whole number of frames.
            GatewayBusy: the worker's queue is full.
        """
        ...
