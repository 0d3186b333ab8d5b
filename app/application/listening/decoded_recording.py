"""A recording's audio, decoded beside the event loop."""

import asyncio
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from app.domain.audio.gateway import AudioCodec
from app.domain.audio.models import Waveform


@asynccontextmanager
async def decoded_recording(
    codec: AudioCodec, path: Path, *, max_duration_s: float
) -> AsyncGenerator[AsyncGenerator[Waveform, None], None]:
    """Blocks of a recording, decoded as they are asked for; whatever decodes them ends with the context.

    Raises:
        InvalidInput, TooLarge, Overloaded: as ``AudioCodec.read_recording``, while blocks are asked for.
    """
    blocks = codec.read_recording(path, max_duration_s=max_duration_s)
    decoding = threading.Lock()  # a thread goes on decoding when whoever waits for its block is cancelled

    def following() -> Waveform | None:
        with decoding:
            return next(blocks, None)

    def close() -> None:
        with decoding:
            blocks.close()

    async def decoded() -> AsyncGenerator[Waveform, None]:
        while (block := await asyncio.to_thread(following)) is not None:
            yield block

    try:
        yield decoded()
    finally:
        await asyncio.shield(asyncio.to_thread(close))
