r"""The journal's file format, version 1: a file header, then records that each say what, where on the clock, and how long.

All numbers are little-endian. A record is a header of 44 bytes and the payload::

    0  marker   4s  b"\xf5VJR"      16  payload length  u32
    4  kind     u8  1 audio 2 gap  20  payload crc32   u32
    5  encoding u8  0 pcm16 1 opus 24  start_s         f64
    6  channels u8                 32  duration_s      f64
    7  flags    u8  1 = last of an append
    8  sample rate u32             40  crc32 of bytes 0 to 39
    12 chunk_id u32

The header has its own checksum, so that damage in a payload costs only that record, and its place on the clock, so that
a damaged header costs only the records up to the next intact one.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from app.domain.audio.models import AudioFormat, Encoding
from app.domain.errors import ConfigurationError

FILE_HEADER = struct.Struct("<8sII")
MAGIC = b"VIGIA-J\n"
VERSION = 1
FILE_START = MAGIC + struct.pack("<II", VERSION, zlib.crc32(MAGIC + struct.pack("<I", VERSION)))

MARKER = b"\xf5VJR"
_FIELDS = struct.Struct("<4sBBBBIIIIdd")
_CHECKSUM = struct.Struct("<I")
HEADER_BYTES = _FIELDS.size + _CHECKSUM.size
_AUDIO, _GAP = 1, 2
_LAST_OF_APPEND = 1
_ENCODINGS = (Encoding.PCM16, Encoding.OPUS)
MAX_PAYLOAD_BYTES = 16 * 1024 * 1024
"""Far above any message; a larger length in a header is taken for damage."""
_MAX_CLOCK_S = 1e8
"""Three years; likewise for times."""
_RESYNC_BLOCK = 64 * 1024


@dataclass(frozen=True)
class Record:
    """One record; ``payload`` is empty for a gap and when only headers are read, ``intact`` False if its checksum is wrong."""

    chunk_id: int
    format: AudioFormat
    start_s: float
    duration_s: float
    payload: bytes = b""
    gap: bool = False
    last_of_append: bool = False
    length: int = 0
    crc: int = 0
    intact: bool = True

    @property
    def end_s(self) -> float:
        """Where it ends on the session's clock."""
        return self.start_s + self.duration_s

    @property
    def stored_bytes(self) -> int:
        """Bytes that a record read from a file takes there."""
        return HEADER_BYTES + self.length

    def pack(self) -> bytes:
        """Header and payload as stored."""
        fields = _FIELDS.pack(
            MARKER,
            _GAP if self.gap else _AUDIO,
            _ENCODINGS.index(self.format.encoding),
            self.format.channels,
            _LAST_OF_APPEND if self.last_of_append else 0,
            self.format.sample_rate_hz,
            self.chunk_id,
            len(self.payload),
            zlib.crc32(self.payload),
            self.start_s,
            self.duration_s,
        )
        return fields + _CHECKSUM.pack(zlib.crc32(fields)) + self.payload


def parse_header(raw: bytes) -> Record | None:
    """A record without its payload; None if ``raw`` is not an intact header."""
    if len(raw) != HEADER_BYTES or not raw.startswith(MARKER):
        return None
    if zlib.crc32(raw[:-4]) != _CHECKSUM.unpack_from(raw, _FIELDS.size)[0]:
        return None
    _, kind, encoding, channels, flags, rate, chunk_id, length, crc, start_s, duration_s = _FIELDS.unpack_from(raw)
    if kind not in (_AUDIO, _GAP) or encoding >= len(_ENCODINGS) or length > MAX_PAYLOAD_BYTES:
        return None
    if not (channels and rate and 0 <= start_s < _MAX_CLOCK_S and 0 <= duration_s < _MAX_CLOCK_S):  # refuses NaN, too
        return None
    return Record(
        chunk_id,
        AudioFormat(_ENCODINGS[encoding], rate, channels),
        start_s,
        duration_s,
        gap=kind == _GAP,
        last_of_append=bool(flags & _LAST_OF_APPEND),
        length=length,
        crc=crc,
    )


def check_file_header(raw: bytes) -> None:
    """Accept this version's header, and a damaged one (records are found by their markers).

    Raises:
        ConfigurationError: an intact header of another version.
    """
    if len(raw) < FILE_HEADER.size:
        return
    magic, version, crc = FILE_HEADER.unpack(raw)
    if magic == MAGIC and version != VERSION and zlib.crc32(raw[:12]) == crc:
        raise ConfigurationError(
            f"a session's audio was written in format {version}, this version knows {VERSION}: upgrade",
            code="journal_too_new",
        )


def read_records(file: BinaryIO, offset: int, end: int, *, payloads: bool) -> Iterator[tuple[int, Record]]:
    """Whole records from ``offset`` up to ``end``, with their offsets; damaged stretches are skipped.

    Args:
        file: open for reading, seekable.
        offset: of a record.
        end: nothing from here on is read.
        payloads: whether payloads are read and checked.
    """
    while offset + HEADER_BYTES <= end:
        file.seek(offset)
        record = parse_header(file.read(HEADER_BYTES))
        if record is None or offset + HEADER_BYTES + record.length > end:
            found = _resync(file, offset + 1, end)
            if found is None:
                return
            offset = found
            continue
        yield offset, _with_payload(record, file) if payloads else record
        offset += HEADER_BYTES + record.length


def _with_payload(header: Record, file: BinaryIO) -> Record:
    payload = file.read(header.length)
    intact = len(payload) == header.length and zlib.crc32(payload) == header.crc
    return Record(
        header.chunk_id,
        header.format,
        header.start_s,
        header.duration_s,
        payload if intact else b"",
        header.gap,
        header.last_of_append,
        header.length,
        header.crc,
        intact,
    )


def _resync(file: BinaryIO, offset: int, end: int) -> int | None:
    """Offset of the next intact header."""
    while offset + HEADER_BYTES <= end:
        file.seek(offset)
        block = file.read(min(_RESYNC_BLOCK, end - offset))
        position = block.find(MARKER)
        while position >= 0:
            file.seek(offset + position)
            if parse_header(file.read(HEADER_BYTES)) is not None:
                return offset + position
            position = block.find(MARKER, position + 1)
        if len(block) < _RESYNC_BLOCK:
            return None
        offset += len(block) - len(MARKER) + 1
    return None
