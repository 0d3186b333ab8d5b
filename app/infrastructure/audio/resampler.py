"""Streaming conversion to 16 kHz."""

import numpy as np

from app.domain.audio.models import SAMPLE_RATE_HZ, Waveform

EMPTY: Waveform = np.zeros(0, np.float32)


class StreamResampler:
    """Mono audio of any rate to 16 kHz, block by block (soxr, high quality); audio at 16 kHz passes untouched.

    soxr takes its filter's delay out, so what comes out is aligned with what goes in; the last few milliseconds come with ``flush``.
    """

    def __init__(self, sample_rate_hz: int) -> None:
        self._rate_hz = sample_rate_hz
        self._reset()

    def feed(self, audio: Waveform) -> Waveform:
        """Convert one block."""
        if self._stream is None:
            return audio
        converted: Waveform = self._stream.resample_chunk(audio)
        return converted

    def flush(self) -> Waveform:
        """What was held back; the next block begins a new stream."""
        if self._stream is None:
            return EMPTY
        rest: Waveform = self._stream.resample_chunk(EMPTY, last=True)
        self._reset()
        return rest

    def _reset(self) -> None:
        import soxr

        self._stream = (
            None
            if self._rate_hz == SAMPLE_RATE_HZ
            else soxr.ResampleStream(self._rate_hz, SAMPLE_RATE_HZ, 1, dtype="float32")
        )
