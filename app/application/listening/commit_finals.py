"""Recognises a session's blocks, two at a time, and stores them in order, each exactly once."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence

from app.application.listening.cut_blocks import SpokenBlock
from app.application.listening.hearing_ports import HearingPorts
from app.application.listening.recognize_block import RetryOptions, recognize_block
from app.application.sessions.every_event import SEGMENTS
from app.domain.audio.models import SAMPLE_RATE_HZ
from app.domain.session.models import Segment, Session
from app.domain.transcription.blocks import Block
from app.domain.transcription.language import SpokenLanguage
from app.domain.transcription.models import Purpose, TranscribeOptions, Transcription

AT_ONCE = 2
"""Blocks of one session recognised at once: bounds memory, and uses both lanes while catching up."""


class FinalsInOrder:
    """One session's final recognition."""

    def __init__(
        self,
        ports: HearingPorts,
        retry: RetryOptions,
        session: Session,
        stored_segments: int,
        *,
        purpose: Purpose,
        on_final: Callable[[Block, Sequence[Segment]], None],
        on_failure: Callable[[], None],
    ) -> None:
        """Go on after ``stored_segments`` segments.

        Args:
            ports: where to recognise and store.
            retry: of failed recognitions.
            session: as stored.
            stored_segments: how many are there already.
            purpose: final or background.
            on_final: called when a block's segments are stored.
            on_failure: called when recognition has failed for good.
        """
        self.heard_s = session.heard_s
        self._ports = ports
        self._retry = retry
        self._key = session.key
        self._config = session.config
        self._spoken_language = SpokenLanguage(session.config.language or session.language)
        self._count = stored_segments
        self._purpose = purpose
        self._on_final = on_final
        self._on_failure = on_failure
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._tasks: list[asyncio.Task[None]] = []
        self._failure: Exception | None = None

    @property
    def next_id(self) -> str:
        """The id that the next final segment will get."""
        return f"s{self._count + 1}"

    @property
    def language(self) -> str | None:
        """Configured, or found and kept; None until known."""
        return self._spoken_language.kept

    @property
    def idle(self) -> bool:
        """Whether nothing is being recognised."""
        return not self._tasks

    async def submit(self, spoken: SpokenBlock) -> None:
        """Recognise the next block; waits while two others are being recognised. Raises what made an earlier one fail for good."""
        await self._slots.acquire()
        if self._failure is not None:
            self._slots.release()
            raise self._failure
        before = self._tasks[-1] if self._tasks else None
        task = asyncio.create_task(self._recognize(spoken, before))
        self._tasks.append(task)
        task.add_done_callback(self._tasks.remove)

    async def store(self, segments: Sequence[Segment], heard_s: float) -> None:
        """Store segments and how far the session is heard, in one transaction."""
        language = self._spoken_language.kept
        heard_s = max(heard_s, self.heard_s)  # late audio, recognised in a gap's place, takes nothing back
        await self._ports.transcripts.add_segments(self._key, segments, heard_s=heard_s, language=language)
        self._count += len(segments)
        self.heard_s = heard_s

    async def finish(self, heard_s: float) -> None:
        """Wait for all blocks, then note that everything is heard."""
        if self._tasks:
            await asyncio.wait(list(self._tasks))
        self.raise_failure()
        self._spoken_language.settle()
        await self.store([], heard_s)

    def raise_failure(self) -> None:
        """Raise what made recognition fail, if it did."""
        if self._failure is not None:
            raise self._failure

    async def stop(self) -> None:
        """Cancel what runs and wait for its end."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _recognize(self, spoken: SpokenBlock, before: "asyncio.Task[None] | None") -> None:
        try:
            if before is not None and self._spoken_language.kept is None:
                await asyncio.wait([before])  # the language of this block depends on that of the one before
            found = await recognize_block(self._ports.transcriber, spoken, self._options(), self._retry)
            if before is not None:
                await asyncio.wait([before])
            if self._failure is None:
                await self._commit(spoken.block, found)
        except Exception as error:  # kept for whoever finishes the session; later blocks must not be stored
            self._failure = self._failure or error
            self._on_failure()
        finally:
            self._slots.release()

    def _options(self) -> TranscribeOptions:
        return TranscribeOptions(
            language=self._config.language,
            prior_language=self._spoken_language.kept,
            vocabulary=self._config.vocabulary,
            purpose=self._purpose,
        )

    async def _commit(self, block: Block, found: Transcription) -> None:
        self._spoken_language.heard(found)
        segments = [
            Segment(f"s{number}", segment.start, segment.end, segment.text, segment.words)
            for number, segment in enumerate(found.segments, self._count + 1)
        ]
        await self.store(segments, block.end / SAMPLE_RATE_HZ)
        self._on_final(block, segments)  # at once: a partial result in between would carry the next id too early
        if segments:
            payload = {"ids": [segment.segment_id for segment in segments], "heard_s": round(self.heard_s, 3)}
            await self._ports.events.append(self._key, SEGMENTS, payload)
