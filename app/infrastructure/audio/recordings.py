"""Recordings (WAV, FLAC, Ogg, MP3) to waveforms, block by block, from files that nobody vouches for."""

import logging
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from app.domain.audio.models import SAMPLE_RATE_HZ, Waveform
from app.domain.errors import InvalidInput, TooLarge
from app.infrastructure.audio.resampler import StreamResampler

if TYPE_CHECKING:
    from av import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer

log = logging.getLogger(__name__)

_MIN_RATE_HZ, _MAX_RATE_HZ = 4_000, 384_000
"""Below, telephone audio's half; above, the fastest converters sold. Bounds what one sample can become."""
_MAX_CHANNELS = 8
_BLOCK_SAMPLES = SAMPLE_RATE_HZ
"""Blocks of a second: small decoders' frames are joined, so that what follows is not called 50 times a second."""


@dataclass(frozen=True)
class Container:
    """A file format that is accepted, and the only codecs that FFmpeg may open in it."""

    demuxer: str
    codecs: str


_WAV = Container("wav", "pcm_u8,pcm_s16le,pcm_s24le,pcm_s32le,pcm_f32le,pcm_f64le,pcm_alaw,pcm_mulaw")
_FLAC = Container("flac", "flac")
_OGG = Container("ogg", "libopus,opus,vorbis,libvorbis,flac")
_MP3 = Container("mp3", "mp3float,mp3")


def sniff(start: bytes) -> Container:
    """Which container a file is, by its first 12 bytes.

    FFmpeg is never left to guess among its hundreds of demuxers: those are where the holes are found.

    Raises:
        InvalidInput: none of those accepted.
    """
    if start[:4] in {b"RIFF", b"RF64"} and start[8:12] == b"WAVE":
        return _WAV
    if start[:4] == b"fLaC":
        return _FLAC
    if start[:4] == b"OggS":
        return _OGG
    # ID3v2 tag, or the 11 sync bits of an MPEG frame with layer III (ISO/IEC 11172-3, section 2.4.1.3).
    if start[:3] == b"ID3" or (len(start) > 1 and start[0] == 0xFF and start[1] & 0xE6 == 0xE2):
        return _MP3
    raise _unusable("it is not WAV, FLAC, Ogg (Opus or Vorbis) or MP3; convert it to one of them")


def read_recording(path: Path, *, max_duration_s: float) -> Iterator[Waveform]:
    """See ``AudioCodec.read_recording``."""
    left = int(max_duration_s * SAMPLE_RATE_HZ)
    found = False
    with path.open("rb") as file:
        for block in _joined(_decode(file)):
            found = True
            left -= len(block)
            if left < 0:
                raise TooLarge(f"the recording is longer than {max_duration_s:g} s", code="recording_too_long")
            yield block
    if not found:
        raise _unusable("it holds no audio that can be decoded; it may be damaged or cut off")


def _decode(file: BinaryIO) -> Iterator[Waveform]:
    """Mono 16 kHz, in blocks as the decoder makes them."""
    import av
    from av.error import FFmpegError

    container = sniff(file.read(12))
    file.seek(0)
    options = {"codec_whitelist": container.codecs, "format_whitelist": container.demuxer, "protocol_whitelist": ""}
    try:
        opened = av.open(file, mode="r", format=container.demuxer, options=options)
    except (FFmpegError, ValueError, OSError) as error:
        raise _unusable(f"its {container.demuxer} header is damaged or cut off") from error
    with closing(opened):
        if not opened.streams.audio:
            raise _unusable("it holds no audio")
        yield from _decode_stream(opened, opened.streams.audio[0], container)


def _decode_stream(opened: "InputContainer", stream: "AudioStream", container: Container) -> Iterator[Waveform]:
    if stream.codec_context.name not in container.codecs.split(","):
        raise _unusable("its codec is not supported; use PCM, FLAC, Opus, Vorbis or MP3")
    resampler, rate_hz = None, 0
    for frame in _frames(opened, stream):
        if resampler is None or frame.sample_rate != rate_hz:
            if resampler is not None:
                yield resampler.flush()
            rate_hz = _checked_rate(frame.sample_rate)
            resampler = StreamResampler(rate_hz)
        yield resampler.feed(_mono(frame))
    if resampler is not None:
        yield resampler.flush()


def _frames(opened: "InputContainer", stream: "AudioStream") -> Iterator["AudioFrame"]:
    """Frames up to the end or to where the container breaks; a packet that cannot be decoded is left out."""
    from av.error import FFmpegError

    packets = opened.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except FFmpegError as error:
            log.info("recording ends early", extra={"error": type(error).__name__})
            return
        if packet is None:
            return
        try:
            yield from packet.decode()
        except FFmpegError as error:
            log.info("recording has a damaged packet", extra={"error": type(error).__name__})


def _mono(frame: "AudioFrame") -> Waveform:
    channels = frame.layout.nb_channels
    if not 1 <= channels <= _MAX_CHANNELS:
        raise _unusable(f"it has {channels} channels; at most {_MAX_CHANNELS} are supported")
    samples: Any = frame.to_ndarray()
    planes = samples if frame.format.is_planar else samples.reshape(-1, channels).T
    mono: Waveform = _as_float(planes).mean(axis=0, dtype=np.float32)
    return mono


def _as_float(samples: Any) -> Any:
    if samples.dtype == np.uint8:
        return (samples.astype(np.float32) - 128) / 128
    if np.issubdtype(samples.dtype, np.integer):
        return samples.astype(np.float32) / -float(np.iinfo(samples.dtype).min)
    # Float files may hold anything; models must not see what is not a number.
    return np.clip(np.nan_to_num(samples.astype(np.float32), posinf=0.0, neginf=0.0), -1, 1)


def _checked_rate(rate_hz: int) -> int:
    if not _MIN_RATE_HZ <= rate_hz <= _MAX_RATE_HZ:
        raise _unusable(f"its sample rate is {rate_hz} Hz; {_MIN_RATE_HZ} to {_MAX_RATE_HZ} are supported")
    return rate_hz


def _joined(blocks: Iterator[Waveform]) -> Iterator[Waveform]:
    waiting: list[Waveform] = []
    samples = 0
    for block in blocks:
        waiting.append(block)
        samples += len(block)
        if samples >= _BLOCK_SAMPLES:
            yield np.concatenate(waiting)
            waiting, samples = [], 0
    if samples:
        yield np.concatenate(waiting)


def _unusable(why: str) -> InvalidInput:
    return InvalidInput(f"the recording cannot be used: {why}", param="file", code="invalid_recording")
