"""Random access to a session's audio that was rendered to a file."""

from pathlib import Path
from types import TracebackType

import numpy as np

from app.domain.audio.gateway import SampleSource
from app.domain.audio.models import Waveform
from app.domain.audio.pcm import from_pcm16


class PcmFile(SampleSource):
    """A file of raw pcm16, 16 kHz mono, such as ``render_pcm`` writes. A context manager; safe for one thread at a time."""

    def __init__(self, path: Path) -> None:
        """Open the file. Blocking."""
        self._file = path.open("rb", buffering=0)
        self._samples = path.stat().st_size // np.dtype("<i2").itemsize

    @property
    def samples(self) -> int:
        """See ``SampleSource.samples``."""
        return self._samples

    def read(self, start: int, count: int) -> Waveform:
        """See ``SampleSource.read``."""
        first = min(max(start, 0), self._samples)
        last = min(max(start + count, first), self._samples)
        self._file.seek(first * 2)
        data = self._file.read((last - first) * 2)
        return from_pcm16(data[: len(data) // 2 * 2])

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> "PcmFile":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
