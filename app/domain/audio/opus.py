"""Opus packets without a codec: how long one is, and whether it is well formed (RFC 6716, section 3)."""

from dataclasses import dataclass

from app.domain.errors import InvalidInput

OPUS_RATE_HZ = 48_000
"""The rate at which durations of Opus are counted, whatever the encoder was fed (RFC 6716, section 2.1.1)."""
MAX_PACKET_SAMPLES = OPUS_RATE_HZ * 120 // 1000
"""120 ms, the longest packet [R5]."""
MAX_FRAME_BYTES = 1275
"""The longest frame [R2]."""

_SILK_SAMPLES = (480, 960, 1920, 2880)  # 10, 20, 40, 60 ms
_HYBRID_SAMPLES = (480, 960)
_CELT_SAMPLES = (120, 240, 480, 960)  # 2.5, 5, 10, 20 ms
_TWO_BYTE_LENGTH = 252  # first byte of a length that needs two (section 3.2.1)


@dataclass(frozen=True)
class OpusPacket:
    """What a packet's table of contents says.

    Attributes:
        frames: 1 to 48.
        frame_samples: of each frame, at 48 kHz.
        stereo: whether it codes two channels.
    """

    frames: int
    frame_samples: int
    stereo: bool

    @property
    def samples(self) -> int:
        """Length at 48 kHz."""
        return self.frames * self.frame_samples

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.samples / OPUS_RATE_HZ


def parse_packet(packet: bytes) -> OpusPacket:
    """Read the table of contents and check all lengths, without decoding.

    Raises:
        InvalidInput: malformed: one of the requirements [R1] to [R7] of RFC 6716, section 3.4, is not met.
    """
    if not packet:
        raise _malformed("it is empty")
    toc = packet[0]
    code = toc & 3
    if code == 0:
        frames = _one_frame(packet)
    elif code == 1:
        frames = _two_equal_frames(packet)
    elif code == 2:
        frames = _two_frames(packet)
    else:
        frames = _many_frames(packet)
    parsed = OpusPacket(frames, _frame_samples(toc >> 3), bool(toc & 4))
    if parsed.samples > MAX_PACKET_SAMPLES:
        raise _malformed("it is longer than 120 ms")
    return parsed


def _frame_samples(configuration: int) -> int:
    """Table 2 of section 3.1."""
    if configuration < 12:
        return _SILK_SAMPLES[configuration % 4]
    if configuration < 16:
        return _HYBRID_SAMPLES[configuration % 2]
    return _CELT_SAMPLES[configuration % 4]


def _one_frame(packet: bytes) -> int:
    _check_frame(len(packet) - 1)
    return 1


def _two_equal_frames(packet: bytes) -> int:
    size = len(packet) - 1
    if size % 2:
        raise _malformed("its two frames cannot be of equal length")
    _check_frame(size // 2)
    return 2


def _two_frames(packet: bytes) -> int:
    first, position = _length(packet, 1)
    _check_frame(first)
    _check_frame(len(packet) - position - first)
    return 2


def _many_frames(packet: bytes) -> int:
    if len(packet) < 2:
        raise _malformed("it has no frame count")
    count = packet[1] & 0x3F
    if not count:
        raise _malformed("it has no frames")
    position, padding = 2, 0
    if packet[1] & 0x40:
        padding, position = _padding(packet, position)
    if packet[1] & 0x80:
        used = 0
        for _ in range(count - 1):
            size, position = _length(packet, position)
            _check_frame(size)
            used += size
        _check_frame(len(packet) - position - padding - used)
        return count
    rest = len(packet) - position - padding
    if rest < 0 or rest % count:
        raise _malformed("its frames cannot be of equal length")
    _check_frame(rest // count)
    return count


def _padding(packet: bytes, position: int) -> tuple[int, int]:
    """Padding length (without the bytes that say so), and the position behind those bytes."""
    total = 0
    while True:
        if position >= len(packet):
            raise _malformed("its padding is longer than the packet")
        value = packet[position]
        position += 1
        total += min(value, 254)
        if value < 255:
            return total, position


def _length(packet: bytes, position: int) -> tuple[int, int]:
    """A frame length of one or two bytes, and the position behind it."""
    if position >= len(packet):
        raise _malformed("a frame length is missing")
    first = packet[position]
    if first < _TWO_BYTE_LENGTH:
        return first, position + 1
    if position + 1 >= len(packet):
        raise _malformed("a frame length is cut off")
    return packet[position + 1] * 4 + first, position + 2


def _check_frame(size: int) -> None:
    if not 0 <= size <= MAX_FRAME_BYTES:
        raise _malformed("a frame is longer than the packet" if size < 0 else "a frame is longer than 1275 bytes")


def _malformed(why: str) -> InvalidInput:
    return InvalidInput(f"malformed Opus packet: {why}; send one raw packet a message", code="invalid_audio")
