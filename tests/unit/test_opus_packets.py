"""The Opus packet parser against RFC 6716, section 3."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.domain.audio.opus import MAX_PACKET_SAMPLES, OpusPacket, parse_packet
from app.domain.errors import InvalidInput

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("packet", "frames", "duration_ms"),
    [
        (bytes([0x00]), 1, 10),  # SILK 10 ms, empty frame (DTX)
        (bytes([0x18, 1, 2]), 1, 60),
        (bytes([0x48, 1]), 1, 20),  # SILK wide band 20 ms
        (bytes([12 << 3, 1]), 1, 10),  # hybrid
        (bytes([31 << 3, 1]), 1, 20),  # CELT full band
        (bytes([28 << 3, 1]), 1, 2.5),
        (bytes([0x49, 1, 2, 3, 4]), 2, 40),
        (bytes([0x4A, 1, 9, 9, 9]), 2, 40),
        (bytes([0x4A, 252, 0]) + bytes(260), 2, 40),
        (bytes([0x4B, 3]) + bytes(6), 3, 60),
        (bytes([0x4B, 0x83, 1, 2]) + bytes(9), 3, 60),
        (bytes([0x4B, 0x43, 2]) + bytes(6 + 2), 3, 60),
        (bytes([0x4B, 0x41, 255, 1]) + bytes(5 + 254 + 1), 1, 20),
        (bytes([0x1B, 2]) + bytes(4), 2, 120),
        (bytes([(28 << 3) | 3, 48]) + bytes(48), 48, 120),
    ],
)
def test_well_formed(packet: bytes, frames: int, duration_ms: float) -> None:
    parsed = parse_packet(packet)
    assert parsed.frames == frames
    assert parsed.duration_s * 1000 == pytest.approx(duration_ms)


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        bytes([0x48]) + bytes(1276),
        bytes([0x49, 1, 2, 3]),
        bytes([0x49]) + bytes(2 * 1276),
        bytes([0x4A]),
        bytes([0x4A, 5, 1]),
        bytes([0x4A, 253]),
        bytes([0x4B]),
        bytes([0x4B, 0]),
        bytes([0x4B, 3, 1]),
        bytes([0x4B, 7]) + bytes(7),  # 140 ms
        bytes([0x1B, 3]) + bytes(3),  # 180 ms
        bytes([0x4B, 0x41]),
        bytes([0x4B, 0x41, 255]),
        bytes([0x4B, 0x41, 3, 1]),
        bytes([0x4B, 0x82]),
        bytes([0x4B, 0x82, 9, 1]),
    ],
)
def test_malformed(packet: bytes) -> None:
    with pytest.raises(InvalidInput, match="Opus"):
        parse_packet(packet)


def test_stereo_flag() -> None:
    assert parse_packet(bytes([0x4C, 1])) == OpusPacket(1, 960, True)


@given(st.binary(max_size=3000))
@example(bytes([0x4B, 0x70]) + b"\xff" * 1500)
def test_any_bytes_are_a_packet_or_refused(packet: bytes) -> None:
    try:
        parsed = parse_packet(packet)
    except InvalidInput:
        return
    assert 1 <= parsed.frames <= 48
    assert 120 <= parsed.samples <= MAX_PACKET_SAMPLES


@given(
    configuration=st.integers(0, 31),
    frames=st.lists(st.binary(max_size=400), min_size=1, max_size=48),
    padding=st.integers(0, 600),
)
def test_what_is_packed_is_parsed(configuration: int, frames: list[bytes], padding: int) -> None:
    """Code 3 with variable frame lengths, as section 3.2.5 lays it out."""
    packet = bytearray([configuration << 3 | 3, 0x80 | 0x40 | len(frames)])
    packet += b"\xff" * (padding // 254) + bytes([padding % 254])
    for frame in frames[:-1]:
        size = len(frame)
        packet += bytes([size]) if size < 252 else bytes([252 + size % 4, (size - 252 - size % 4) // 4])
    packet += b"".join(frames) + bytes(padding)
    one = parse_packet(bytes([configuration << 3]))
    if one.samples * len(frames) > MAX_PACKET_SAMPLES:
        with pytest.raises(InvalidInput, match="120 ms"):
            parse_packet(bytes(packet))
    else:
        assert parse_packet(bytes(packet)) == OpusPacket(len(frames), one.samples, False)
