"""PCM conversions and the WAV header."""

import io
import wave

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.audio.pcm import WAV_HEADER_BYTES, from_pcm16, to_pcm16, wav_header

pytestmark = pytest.mark.unit


@given(st.binary(max_size=200).map(lambda data: data[: len(data) // 2 * 2]))
def test_pcm_survives_the_round_trip(data: bytes) -> None:
    assert to_pcm16(from_pcm16(data)) == data


def test_clipping() -> None:
    assert to_pcm16(np.array([2.0, -2.0, 1.0], np.float32)) == np.array([32_767, -32_768, 32_767], "<i2").tobytes()


def test_header_is_what_readers_expect() -> None:
    header = wav_header(3, sample_rate_hz=8000, channels=2)
    assert len(header) == WAV_HEADER_BYTES
    with wave.open(io.BytesIO(header + bytes(12))) as reader:
        assert reader.getparams()[:4] == (2, 2, 8000, 3)


def test_a_length_beyond_the_format_is_unknown() -> None:
    assert wav_header(2**33)[4:8] == b"\xff\xff\xff\xff"
