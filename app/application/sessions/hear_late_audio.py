"""Recognises audio that filled gaps of what had been heard already."""

import asyncio
import contextlib
import weakref
from collections.abc import AsyncIterator, Sequence

from app.application.listening.audio_reader import read_audio
from app.application.listening.commit_finals import FinalsInOrder
from app.application.listening.cut_blocks import BlockCutter, SpokenBlock
from app.application.listening.hearing_ports import HearingPorts
from app.application.listening.listen import LiveListening
from app.application.listening.listening_options import ListeningOptions
from app.domain.audio.models import SAMPLE_RATE_HZ, TimeSpan
from app.domain.session.models import SessionKey
from app.domain.transcription.models import Purpose


class HearLateAudio:
    """Adds segments with new ids in their place; segments that are there stay as they are.

    Whoever finishes sessions must do it here, because two cannot number one session's segments at the same time.
    """

    def __init__(self, listening: LiveListening, ports: HearingPorts, options: ListeningOptions) -> None:
        self._listening = listening
        self._ports = ports
        self._options = options
        self._locks: weakref.WeakValueDictionary[SessionKey, asyncio.Lock] = weakref.WeakValueDictionary()
        self._finishing: dict[SessionKey, asyncio.Task[None]] = {}

    async def finish(self, key: SessionKey) -> None:
        """Recognise everything to the journal's end; begins anew where it was when late audio interrupts it.

        Raises:
            NotFound: there is no such session.
            GatewayError: recognition failed, and went on failing; what was heard before is stored.
        """
        while True:
            async with self._lock(key):
                task = self._finishing[key] = asyncio.create_task(self._listening.finish(key))
            try:
                await asyncio.wait([task])
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                if self._finishing.get(key) is task:
                    del self._finishing[key]
            if not task.cancelled():
                return task.result()

    @contextlib.asynccontextmanager
    async def paused(self, key: SessionKey) -> AsyncIterator[None]:
        """Nobody listens to the session while the block runs: what is heard of a gap is decided when it is filled."""
        async with self._lock(key):
            finishing = self._finishing.get(key)
            if finishing is not None:
                finishing.cancel()
                await asyncio.gather(finishing, return_exceptions=True)
            await self._listening.stop(key)
            yield

    async def __call__(self, key: SessionKey, spans: Sequence[TimeSpan]) -> None:
        """Recognise these stretches of the session's clock, which were gaps; call it inside ``paused``.

        Raises:
            NotFound: there is no such session.
            GatewayError: recognition failed; segments found before are stored.
        """
        session = await self._ports.sessions.get(key)
        # What recognition has not reached yet it hears anyway.
        spans = [span for span in spans if span.start < session.heard_s]
        if not spans:
            return
        count = len(await self._ports.transcripts.segments(key))
        finals = FinalsInOrder(
            self._ports,
            self._options.retry,
            session,
            count,
            purpose=Purpose.BACKGROUND,
            on_final=lambda block, segments: None,
            on_failure=lambda: None,
        )
        try:
            for span in spans:
                async for spoken in self._blocks(key, span):
                    await finals.submit(spoken)
            await finals.finish(max(span.end for span in spans))
        finally:
            await finals.stop()

    def _lock(self, key: SessionKey) -> asyncio.Lock:
        return self._locks.setdefault(key, asyncio.Lock())

    async def _blocks(self, key: SessionKey, span: TimeSpan) -> AsyncIterator[SpokenBlock]:
        cutter = BlockCutter(
            self._ports.vad,
            self._options.endpointing,
            self._options.blocks,
            start=round(span.start * SAMPLE_RATE_HZ),
        )
        audio = read_audio(self._ports.journal, self._ports.codec, key, start_s=span.start, end_s=span.end)
        async for piece in audio:
            if piece.audio is not None:
                for block in await cutter.hear(piece.audio, piece.start):
                    yield block
        for block in await cutter.finish():
            yield block
