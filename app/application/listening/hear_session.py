"""Hears one session from its journal: finals in order and exactly once, partial results in between."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Sequence

from app.application.listening.commit_finals import FinalsInOrder
from app.application.listening.cut_blocks import BlockCutter, SpokenBlock
from app.application.listening.hearing_ports import HearingPorts
from app.application.listening.journal_tail import HeardAudio, JournalTail
from app.application.listening.listening_options import ListeningOptions
from app.application.listening.show_partials import ShownText
from app.application.sessions.feed import Progress
from app.domain.audio.models import SAMPLE_RATE_HZ
from app.domain.errors import GatewayUnavailable
from app.domain.session.models import Segment, Session
from app.domain.transcription.blocks import Block
from app.domain.transcription.models import Purpose

log = logging.getLogger(__name__)
SILENCE_STORED_S = 15.0
"""``heard_s`` is moved through silence in steps of this length, so that a restart does not hear it all again."""
LARGEST_BACKLOG_FOR_PARTIALS_S = 6.0
"""With more left to hear than this, finals come as fast as partial results could."""


class SessionEar:
    """One session being heard, by one task."""

    def __init__(
        self, ports: HearingPorts, options: ListeningOptions, session: Session, *, stored_segments: int, live: bool
    ) -> None:
        """Start the task; ``stored_segments`` are there already. What is not ``live`` lets live sessions go first."""
        start = round(session.heard_s * SAMPLE_RATE_HZ)
        self._key = session.key
        self._feed = ports.feed
        self._options = options
        self._tail = JournalTail(ports.journal, ports.codec, session.key, session.heard_s)
        self._cutter = BlockCutter(ports.vad, options.endpointing, options.blocks, start=start)
        self._finals = FinalsInOrder(
            ports,
            options.retry,
            session,
            stored_segments,
            purpose=Purpose.FINAL if live else Purpose.BACKGROUND,
            on_final=self._on_final,
            on_failure=self._on_failure,
        )
        self._shown = ShownText(ports.transcriber, ports.feed, session, self._finals, options.partial_interval_s)
        self._target_s = session.heard_s
        self._started_at_s = session.heard_s
        self._ending = False
        self._wake = asyncio.Event()
        self._moved = asyncio.Event()
        self._failed_at: float | None = None
        self._task = asyncio.create_task(self._hear())
        self._task.add_done_callback(self._ended)

    @property
    def done(self) -> bool:
        """Whether the task has ended, well or not."""
        return self._task.done()

    @property
    def failed(self) -> bool:
        """Whether the task ended with an error."""
        return self.done and (self._task.cancelled() or self._task.exception() is not None)

    @property
    def failed_for_s(self) -> float:
        """Seconds since the task ended with an error; 0 while it has not."""
        return time.monotonic() - self._failed_at if self._failed_at is not None else 0.0

    @property
    def _heard_s(self) -> float:
        return max(self._cutter.position / SAMPLE_RATE_HZ, self._tail.next_s)

    def audio_arrived(self, audio_s: float) -> None:
        """The journal reaches ``audio_s``."""
        self._target_s = max(self._target_s, audio_s)
        if self._target_s - self._tail.next_s >= self._options.hear_interval_s:
            self._wake.set()

    async def wait_below(self, backlog_s: float) -> None:
        """Return when less than ``backlog_s`` is left to hear, or the task has ended."""
        while not self.done and self._target_s - self._heard_s >= backlog_s:
            await self._moved.wait()

    async def finish(self, audio_s: float) -> None:
        """Hear everything up to the journal's end, then end the task.

        Raises:
            GatewayUnavailable: somebody stopped it.
            GatewayError: recognition failed for good.
        """
        self._target_s = max(self._target_s, audio_s)
        self._ending = True
        self._wake.set()
        await asyncio.wait([self._task])
        if self._task.cancelled():  # not to be taken for the cancellation of whoever waits
            raise GatewayUnavailable("listening was stopped before the end of the audio", code="listening_stopped")
        self._task.result()

    async def stop(self) -> None:
        """Cancel the task and wait for its end."""
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await self._task

    async def _hear(self) -> None:
        try:
            while not (self._ending and self._tail.next_s >= self._target_s - 1 / SAMPLE_RATE_HZ):
                before = self._tail.next_s
                await self._take(self._tail.read())
                if self._ending and self._tail.next_s == before:
                    break  # the journal holds less than was announced: take what there is
                await self._next_audio()
            await self._take(self._tail.finish())
            await self._submit(await self._cutter.finish())
            self._publish_progress()
            await self._finals.finish(self._target_s)
            self._publish_progress(done=True)
        finally:
            self._shown.stop()
            await self._finals.stop()

    async def _next_audio(self) -> None:
        self._finals.raise_failure()
        if not self._ending and self._target_s - self._tail.next_s < self._options.hear_interval_s:
            self._wake.clear()
            await self._wake.wait()
            self._finals.raise_failure()

    async def _take(self, pieces: AsyncIterator[HeardAudio]) -> None:
        async for piece in pieces:
            await self._submit(await self._cutter.hear(piece.samples, piece.start))
            await self._store_silence()
            self._notify()
            if self._ending:
                self._publish_progress()
            elif self._target_s - self._heard_s < LARGEST_BACKLOG_FOR_PARTIALS_S:
                self._shown.update(self._cutter)

    async def _submit(self, blocks: list[SpokenBlock]) -> None:
        for block in blocks:
            self._shown.submitted(block.block)
            await self._finals.submit(block)

    def _on_final(self, block: Block, segments: Sequence[Segment]) -> None:
        self._shown.final(block, segments)
        if self._ending:
            self._publish_progress()

    def _on_failure(self) -> None:
        self._wake.set()

    async def _store_silence(self) -> None:
        quiet = self._cutter.quiet_until
        if quiet is not None and self._finals.idle:
            quiet_s = quiet / SAMPLE_RATE_HZ
            if quiet_s - self._finals.heard_s >= SILENCE_STORED_S:
                await self._finals.store([], quiet_s)

    def _notify(self) -> None:
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    def _publish_progress(self, *, done: bool = False) -> None:
        whole = max(self._target_s - self._started_at_s, 1e-3)
        fraction = 1.0 if done else min(0.99, max(0.0, (self._finals.heard_s - self._started_at_s) / whole))
        self._feed.publish(self._key, Progress("transcribing", fraction))

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._notify()
        if not task.cancelled() and task.exception() is not None:
            self._failed_at = time.monotonic()
            log.error("listening failed", extra={"error": type(task.exception()).__name__})
