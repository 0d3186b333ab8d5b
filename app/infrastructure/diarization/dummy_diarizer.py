"""A diarizer without a model: pauses divide turns, and speakers take them in rotation."""

import asyncio
from collections.abc import Callable, Sequence

import numpy as np

from app.domain.audio.gateway import SampleSource
from app.domain.audio.models import SAMPLE_RATE_HZ
from app.domain.diarization.gateway import Diarizer
from app.domain.diarization.models import SpeakerTurn

FRAME = SAMPLE_RATE_HZ // 50
"""20 ms, the usual frame of energy-based speech detection."""

BLOCK = 50 * 60 * FRAME
"""A minute: what is read at once."""

SPEECH_RMS = 0.01
"""-40 dBFS: above the noise of a quiet room, below quiet speech."""

PAUSE_FRAMES = 25
"""Half a second without speech ends a turn."""


class DummyDiarizer(Diarizer):
    """Deterministic: turns between pauses go to S1, S2, … in rotation (two speakers unless told otherwise)."""

    @property
    def model_id(self) -> str:
        """Always ``dummy``."""
        return "dummy"

    async def diarize(
        self,
        audio: SampleSource,
        *,
        speakers: int | None = None,
        on_progress: Callable[[float], None] | None = None,
    ) -> Sequence[SpeakerTurn]:
        """See the port."""
        return await asyncio.to_thread(_rotate, audio, max(1, speakers or 2), on_progress)


def _rotate(audio: SampleSource, speakers: int, on_progress: Callable[[float], None] | None) -> list[SpeakerTurn]:
    loud: list[bool] = []
    for start in range(0, audio.samples, BLOCK):
        block = audio.read(start, BLOCK)
        whole = block[: len(block) // FRAME * FRAME].reshape(-1, FRAME)
        loud.extend(bool(level > SPEECH_RMS) for level in np.sqrt(np.mean(np.square(whole), axis=1)))
        if on_progress is not None:
            on_progress(start / audio.samples)
    spans: list[list[int]] = []
    for at, speech in enumerate(loud):
        if speech and spans and at - spans[-1][1] < PAUSE_FRAMES:
            spans[-1][1] = at + 1
        elif speech:
            spans.append([at, at + 1])
    if on_progress is not None:
        on_progress(1.0)
    frame_s = FRAME / SAMPLE_RATE_HZ
    return [
        SpeakerTurn(round(first * frame_s, 3), round(beyond * frame_s, 3), f"S{number % speakers + 1}")
        for number, (first, beyond) in enumerate(spans)
    ]
