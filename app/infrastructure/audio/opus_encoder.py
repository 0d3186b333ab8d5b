"""Waveforms to raw Opus packets, as a phone or a wearable sends them."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from app.domain.audio.models import SAMPLE_RATE_HZ, Waveform
from app.domain.audio.pcm import PCM16_SCALE

if TYPE_CHECKING:
    from av import AudioFrame

FRAME_MS = 20
BIT_RATE = 32_000
"""What wearables commonly use."""
_FRAME_SAMPLES = SAMPLE_RATE_HZ * FRAME_MS // 1000


class OpusEncoder:
    """Encodes 16 kHz mono into packets of 20 ms (libopus, tuned for speech). Not safe for use by two threads at once."""

    def __init__(self) -> None:
        from av import AudioCodecContext

        self._codec = AudioCodecContext.create("libopus", "w")
        self._codec.sample_rate = SAMPLE_RATE_HZ
        self._codec.layout = "mono"
        self._codec.format = "s16"
        self._codec.bit_rate = BIT_RATE
        self._codec.options = {"application": "voip", "frame_duration": str(FRAME_MS)}
        self._rest = np.zeros(0, np.float32)
        self._position = 0

    def encode(self, audio: Waveform) -> list[bytes]:
        """Packets of all whole frames so far."""
        joined = np.concatenate([self._rest, audio])
        whole = len(joined) // _FRAME_SAMPLES * _FRAME_SAMPLES
        self._rest = joined[whole:]
        return list(self._packets(joined[:whole]))

    def flush(self) -> list[bytes]:
        """The packets that the encoder still holds, the last frame filled up with silence. The encoder is done then."""
        missing = -len(self._rest) % _FRAME_SAMPLES
        packets = list(self._packets(np.pad(self._rest, (0, missing))))
        self._rest = np.zeros(0, np.float32)
        return packets + [bytes(packet) for packet in self._codec.encode(None)]

    def _packets(self, audio: Waveform) -> Iterator[bytes]:
        for start in range(0, len(audio), _FRAME_SAMPLES):
            for packet in self._codec.encode(self._frame(audio[start : start + _FRAME_SAMPLES])):
                yield bytes(packet)

    def _frame(self, audio: Waveform) -> "AudioFrame":
        from av import AudioFrame

        samples = np.clip(np.rint(audio * PCM16_SCALE), -PCM16_SCALE, PCM16_SCALE - 1).astype(np.int16)
        frame = AudioFrame.from_ndarray(samples[np.newaxis], format="s16", layout="mono")
        frame.sample_rate = SAMPLE_RATE_HZ
        frame.pts = self._position
        self._position += len(audio)
        return frame
