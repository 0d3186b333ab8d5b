"""Recordings outside sessions: decoding them, and making the packets that a phone would send."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.domain.audio.gateway import AudioCodec, SampleSource
from app.domain.audio.models import Waveform
from app.domain.audio.pcm import to_pcm16
from app.infrastructure.audio.av_codec import AvAudioCodec
from app.infrastructure.audio.opus_encoder import FRAME_MS, OpusEncoder
from app.infrastructure.audio.pcm_file import PcmFile


def build_codec() -> AudioCodec:
    """What reads recordings."""
    return AvAudioCodec()


def opus_packets(audio: Waveform) -> tuple[list[bytes], float]:
    """A waveform as Opus packets, and how much audio each holds, in seconds."""
    encoder = OpusEncoder()
    return encoder.encode(audio) + encoder.flush(), FRAME_MS / 1000


@contextmanager
def decoded(recording: Path, *, max_duration_s: float) -> Iterator[SampleSource]:
    """A recording's samples, in a temporary file while the block runs. Blocking.

    Raises:
        InvalidInput, TooLarge, Overloaded: as for ``AudioCodec.read_recording``.
    """
    with tempfile.TemporaryDirectory(prefix="vigia-") as folder:
        path = Path(folder, "samples.pcm")
        with path.open("wb") as file:
            for block in build_codec().read_recording(recording, max_duration_s=max_duration_s):
                file.write(to_pcm16(block))
        with PcmFile(path) as source:
            yield source
