"""A recording's bytes to waveforms through FFmpeg, block by block, in this process."""

import logging
from collections.abc import Generator, Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from app.domain.audio.models import SAMPLE_RATE_HZ, Waveform
from app.infrastructure.audio.containers import SNIFF_BYTES, Container, sniff, unusable
from app.infrastructure.audio.recording_clock import RecordingClock
from app.infrastructure.audio.resampler import StreamResampler

if TYPE_CHECKING:
    from av import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer

log = logging.getLogger(__name__)

_MIN_RATE_HZ, _MAX_RATE_HZ = 4_000, 384_000
"""Below, telephone audio's half; above, the fastest converters sold. Bounds what one sample can become."""
_MAX_CHANNELS = 8
_MISSING_S = 0.1
"""Less than announced by this is missing; encoders round by less."""
_BLOCK_SAMPLES = SAMPLE_RATE_HZ
"""Blocks of a second: small decoders' frames are joined, so that what follows is not called 50 times a second."""


def decode_file(file: BinaryIO) -> Generator[Waveform, None, bool]:
    """Mono 16 kHz in blocks of about a second. What is lost inside the recording becomes silence of its length.

    Args:
        file: open for reading at its start, seekable.

    Returns:
        Whether nothing was damaged or, as far as the file tells, missing.

    Raises:
        InvalidInput: not a recording of the accepted kinds, or none of it can be decoded.
    """
    found, clock = False, RecordingClock()
    for block in _joined(_decode(file, clock)):
        found = True
        yield block
    if not found:
        raise unusable("it holds no audio that can be decoded; it may be damaged or cut off")
    return clock.whole


def _decode(file: BinaryIO, clock: RecordingClock) -> Iterator[Waveform]:
    """Blocks as the decoder makes them."""
    import av
    from av.error import FFmpegError

    container = sniff(file.read(SNIFF_BYTES))
    clock.whole = not container.cut_off(file)
    file.seek(0)
    options = {"codec_whitelist": container.codecs, "format_whitelist": container.demuxer, "protocol_whitelist": ""}
    try:
        opened = av.open(file, mode="r", format=container.demuxer, options=options)
    except (FFmpegError, ValueError, OSError) as error:
        raise unusable(f"its {container.demuxer} header is damaged or cut off") from error
    with closing(opened):
        if not opened.streams.audio:
            raise unusable("it holds no audio")
        yield from _decode_stream(opened, opened.streams.audio[0], container, clock)


def _decode_stream(
    opened: "InputContainer", stream: "AudioStream", container: Container, clock: RecordingClock
) -> Iterator[Waveform]:
    codec: Any = stream.codec_context  # None for a codec that FFmpeg does not know, whatever the annotation says
    if codec is None or codec.name not in container.codecs.split(","):
        raise unusable("its codec is not supported; use PCM, FLAC, Opus, Vorbis or MP3")
    resampler, rate_hz, decoded_s = None, 0, 0.0
    for frame in _frames(opened, stream, clock):
        if resampler is None or frame.sample_rate != rate_hz:
            if resampler is not None:
                yield resampler.flush()
            rate_hz = _checked_rate(frame.sample_rate)
            resampler = StreamResampler(rate_hz)
        for samples in clock.missing_before(frame):
            yield resampler.feed(np.zeros(samples, np.float32))
        decoded_s += frame.samples / frame.sample_rate
        yield resampler.feed(_mono(frame))
    if resampler is not None:
        yield resampler.flush()
    if container.counted and stream.duration is not None and stream.time_base is not None:
        clock.whole = clock.whole and float(stream.duration * stream.time_base) - decoded_s < _MISSING_S


def _frames(opened: "InputContainer", stream: "AudioStream", clock: RecordingClock) -> Iterator["AudioFrame"]:
    """Frames up to the end or to where the container breaks, without those of packets that cannot be decoded."""
    from av.error import FFmpegError

    packets = opened.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except FFmpegError as error:
            log.info("recording ends early", extra={"error": type(error).__name__})
            clock.whole = False
            return
        if packet is None:
            return
        try:
            yield from packet.decode()
        except FFmpegError as error:
            log.info("recording has a damaged packet", extra={"error": type(error).__name__})
            clock.lost(packet)


def _mono(frame: "AudioFrame") -> Waveform:
    channels = frame.layout.nb_channels
    if not 1 <= channels <= _MAX_CHANNELS:
        raise unusable(f"it has {channels} channels; at most {_MAX_CHANNELS} are supported")
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
        raise unusable(f"its sample rate is {rate_hz} Hz; {_MIN_RATE_HZ} to {_MAX_RATE_HZ} are supported")
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
