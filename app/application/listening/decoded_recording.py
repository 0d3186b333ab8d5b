"""A recording's audio, decoded beside the event loop."""

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Generator
from contextlib import asynccontextmanager
from pathlib import Path

from app.domain.audio.gateway import AudioCodec
from app.domain.audio.models import Waveform


class DecodedRecording:
    """Blocks of a recording, to be read once; ``whole`` says afterwards whether nothing of it was damaged or missing."""

    def __init__(self, blocks: Generator[Waveform, None, bool]) -> None:
        self.whole = True
        self._blocks = blocks
        self._decoding = threading.Lock()  # a thread goes on decoding when whoever waits for its block is cancelled

    async def __aiter__(self) -> AsyncIterator[Waveform]:
        """Blocks as they are asked for."""
        while (block := await asyncio.to_thread(self._next)) is not None:
            yield block

    def close(self) -> None:
        """End whatever decodes. Blocking."""
        with self._decoding:
            self._blocks.close()

    def _next(self) -> Waveform | None:
        with self._decoding:
            try:
                return next(self._blocks)
            except StopIteration as end:
                self.whole = bool(end.value)
                return None


@asynccontextmanager
async def decoded_recording(
    codec: AudioCodec, path: Path, *, max_duration_s: float
) -> AsyncGenerator[DecodedRecording, None]:
    """A recording, decoded as its blocks are asked for; whatever decodes them ends with the context.

    Raises:
        InvalidInput, TooLarge, Overloaded: as ``AudioCodec.read_recording``, while blocks are asked for.
    """
    recording = DecodedRecording(codec.read_recording(path, max_duration_s=max_duration_s))
    try:
        yield recording
    finally:
        await asyncio.shield(asyncio.to_thread(recording.close))
