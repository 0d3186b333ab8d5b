"""Which kinds of recordings are accepted, told by their first bytes, and which of them may be decoded in this process."""

import os
from dataclasses import dataclass
from typing import BinaryIO

from app.domain.errors import InvalidInput

SNIFF_BYTES = 512
"""Enough for the first page of an Ogg/Opus file (47 bytes, RFC 7845, section 5.1) and the header of the second."""

_OGG_PAGE_BYTES = 27
"""The header of a page without its segment table (RFC 3533, section 6)."""
_OGG_FLAGS_AT = 5
_OGG_FIRST_PAGE, _OGG_LAST_PAGE = 0x02, 0x04
_OGG_LONGEST_PAGE_BYTES = 65_307
_WAV_UNKNOWN_BYTES = 0x7FFF_0000
"""Programs that write WAV into a pipe announce about this size, twice it, or none."""


@dataclass(frozen=True)
class Container:
    """A file format that is accepted, and the only codecs that FFmpeg may open in it.

    Attributes:
        demuxer: FFmpeg's name of the format.
        codecs: FFmpeg's names, separated by commas.
        apart: whether it is decoded in a process of its own, because its decoders have had holes.
        counted: whether FFmpeg knows exactly how long it should be.
    """

    demuxer: str
    codecs: str
    apart: bool = False
    counted: bool = False

    def cut_off(self, file: BinaryIO) -> bool:
        """Whether the file is shorter than a WAV's header says, or lacks the last page of an Ogg; MP3 does not tell."""
        size = file.seek(0, os.SEEK_END)
        if self.demuxer == "wav":
            file.seek(4)
            announced = int.from_bytes(file.read(4), "little")
            return size < announced + 8 < _WAV_UNKNOWN_BYTES
        if self.demuxer == "ogg":
            file.seek(max(0, size - _OGG_LONGEST_PAGE_BYTES))
            end = file.read(_OGG_LONGEST_PAGE_BYTES)
            flags = end[end.rfind(b"OggS") + _OGG_FLAGS_AT :][:1]
            return not flags or not flags[0] & _OGG_LAST_PAGE
        return False


_WAV = Container("wav", "pcm_u8,pcm_s16le,pcm_s24le,pcm_s32le,pcm_f32le,pcm_f64le,pcm_alaw,pcm_mulaw")
_FLAC = Container("flac", "flac", counted=True)
_OGG_OPUS = Container("ogg", "libopus,opus")
_OGG = Container("ogg", "libopus,opus,vorbis,libvorbis,flac", apart=True)
_MP3 = Container("mp3", "mp3float,mp3", apart=True)


def sniff(start: bytes) -> Container:
    """Which container a file is, by its first ``SNIFF_BYTES``.

    FFmpeg is never left to guess among its hundreds of demuxers: those are where the holes are found.

    Raises:
        InvalidInput: none of those accepted.
    """
    if start[:4] in {b"RIFF", b"RF64"} and start[8:12] == b"WAVE":
        return _WAV
    if start[:4] == b"fLaC":
        return _FLAC
    if start[:4] == b"OggS":
        return _OGG_OPUS if _holds_only_opus(start) else _OGG
    # ID3v2 tag, or the 11 sync bits of an MPEG frame with layer III (ISO/IEC 11172-3, section 2.4.1.3).
    if start[:3] == b"ID3" or (len(start) > 1 and start[0] == 0xFF and start[1] & 0xE6 == 0xE2):
        return _MP3
    raise unusable("it is not WAV, FLAC, Ogg (Opus or Vorbis) or MP3; convert it to one of them")


def unusable(why: str) -> InvalidInput:
    """The error for a recording that cannot be read."""
    return InvalidInput(f"the recording cannot be used: {why}", param="file", code="invalid_recording")


def _holds_only_opus(start: bytes) -> bool:
    """Whether the first stream is Opus and the second page begins no other (all first pages come first, RFC 3533, section 4)."""
    if len(start) < _OGG_PAGE_BYTES:
        return False
    segments = start[_OGG_PAGE_BYTES - 1]
    packet = _OGG_PAGE_BYTES + segments
    second = packet + sum(start[_OGG_PAGE_BYTES:packet])
    flags = start[second + _OGG_FLAGS_AT : second + _OGG_FLAGS_AT + 1]
    return start[packet : packet + 8] == b"OpusHead" and bool(flags) and not flags[0] & _OGG_FIRST_PAGE
