"""Recognises audio that filled gaps of what had been heard already."""

import asyncio
import contextlib
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from app.application.listening.audio_reader import read_audio
from app.application.listening.commit_finals import FinalsInOrder
from app.application.listening.cut_blocks import BlockCutter, SpokenBlock
from app.application.listening.hearing_ports import HearingPorts
from app.application.listening.listen import LiveListening
from app.application.listening.listening_options import ListeningOptions
from app.application.sessions.every_event import LATE_AUDIO, LATE_AUDIO_HEARD, every_event
from app.domain.audio.models import SAMPLE_RATE_HZ, TimeSpan
from app.domain.audio.spans import without
from app.domain.session.models import Segment, SessionKey
from app.domain.transcription.models import Purpose

ROUNDING_S = 0.01
"""Far above what is rounded in times, and below a word's length."""


class HearLateAudio:
    """Adds segments with new ids in their place; segments that are there stay as they are.

    Whoever finishes sessions must do it here, because two cannot number one session's segments at the same time.
    """

    def __init__(
        self,
        listening: LiveListening,
        ports: HearingPorts,
        options: ListeningOptions,
        gaps: Callable[[SessionKey], Awaitable[Sequence[TimeSpan]]],
    ) -> None:
        """Prepare; ``gaps`` tells a session's gaps as they are now."""
        self._listening = listening
        self._ports = ports
        self._gaps = gaps
        self._options = options
        self._locks: weakref.WeakValueDictionary[SessionKey, asyncio.Lock] = weakref.WeakValueDictionary()
        self._finishing: dict[SessionKey, asyncio.Task[None]] = {}

    async def finish(self, key: SessionKey) -> None:
        """Recognise everything to the journal's end, and late audio; begins anew where it was when more of that interrupts it.

        Raises:
            NotFound: there is no such session.
            GatewayError: recognition failed, and went on failing; what was heard before is stored.
        """
        while True:
            async with self._lock(key):
                task = self._finishing[key] = asyncio.create_task(self._finish(key))
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

    async def announce(self, key: SessionKey, gaps: Sequence[TimeSpan]) -> None:
        """Note that these gaps are about to be filled: what fills them is heard even if the server dies meanwhile.

        Call it inside ``paused``.

        Raises:
            NotFound: there is no such session.
        """
        heard_s = (await self._ports.sessions.get(key)).heard_s
        late = [[gap.start, gap.end] for gap in gaps if gap.start < heard_s]  # the rest is heard in its turn
        if late:
            await self._ports.events.append(key, LATE_AUDIO, {"gaps": late})

    async def __call__(self, key: SessionKey) -> None:
        """Recognise what has filled gaps and was not heard; call it inside ``paused``.

        Raises:
            NotFound: there is no such session.
            GatewayError: recognition failed; segments found before are stored.
        """
        spans = await self._unheard(key)
        if spans is None:
            return
        session = await self._ports.sessions.get(key)
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
            await finals.finish(session.heard_s)
        finally:
            await finals.stop()
        await self._ports.events.append(key, LATE_AUDIO_HEARD, {})

    async def _unheard(self, key: SessionKey) -> Sequence[TimeSpan] | None:
        """What has filled announced gaps, from the last segment on that was found in it; None if nothing was announced."""
        announced: list[TimeSpan] = []
        for event in await every_event(self._ports.events, key):
            if event.kind == LATE_AUDIO:
                announced += [TimeSpan(start, end) for start, end in event.payload["gaps"]]
            elif event.kind == LATE_AUDIO_HEARD:
                announced = []
        if not announced:
            return None
        segments = await self._ports.transcripts.segments(key)
        filled = without(announced, await self._gaps(key))
        return [TimeSpan(_heard_until(span, segments), span.end) for span in filled]

    async def _finish(self, key: SessionKey) -> None:
        await self._listening.finish(key)
        await self(key)

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


def _heard_until(span: TimeSpan, segments: Sequence[Segment]) -> float:
    ends = (segment.end for segment in segments if span.start - ROUNDING_S <= segment.start < span.end - ROUNDING_S)
    return min(span.end, max(ends, default=span.start))
