"""Recordings (WAV, FLAC, Ogg, MP3) to waveforms, block by block, from files that nobody vouches for."""

from collections.abc import Generator
from contextlib import closing
from pathlib import Path

from app.domain.audio.models import SAMPLE_RATE_HZ, Waveform
from app.domain.errors import TooLarge
from app.infrastructure.audio.containers import SNIFF_BYTES, sniff
from app.infrastructure.audio.file_decoder import decode_file
from app.infrastructure.audio.limited_decoder import decode_apart


def read_recording(path: Path, *, max_duration_s: float) -> Generator[Waveform, None, bool]:
    """See ``AudioCodec.read_recording``. Simple formats are decoded here, the others in a process of their own."""
    left = int(max_duration_s * SAMPLE_RATE_HZ)
    with path.open("rb") as file:
        apart = sniff(file.read(SNIFF_BYTES)).apart
        file.seek(0)
        with closing(decode_apart(file, max_duration_s=max_duration_s) if apart else decode_file(file)) as blocks:
            while True:
                try:
                    block = next(blocks)
                except StopIteration as end:
                    return bool(end.value)
                left -= len(block)
                if left < 0:
                    raise TooLarge(f"the recording is longer than {max_duration_s:g} s", code="recording_too_long")
                yield block
