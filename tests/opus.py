"""Opus packets of whole waveforms."""

from app.domain.audio.models import Waveform
from app.infrastructure.audio.opus_encoder import OpusEncoder


def encode_opus(*blocks: Waveform) -> list[bytes]:
    """All packets of a waveform that comes in blocks."""
    encoder = OpusEncoder()
    return [packet for block in blocks for packet in encoder.encode(block)] + encoder.flush()
