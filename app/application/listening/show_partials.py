"""Partial results: what is being said, shown until it is final. The first thing to give way when the machine is busy."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass

import anyio

from app.application.listening.commit_finals import FinalsInOrder
from app.application.listening.cut_blocks import BlockCutter
from app.application.listening.recognize_block import long_enough
from app.application.sessions.feed import PartialText, SessionFeed
from app.domain.audio.models import SAMPLE_RATE_HZ, TimeSpan, Waveform
from app.domain.errors import GatewayError
from app.domain.session.models import Segment, Session, TranscriptLine
from app.domain.transcription.blocks import Block
from app.domain.transcription.gate import believable
from app.domain.transcription.gateway import Transcriber
from app.domain.transcription.models import Purpose, TranscribeOptions, Transcription
from app.domain.transcription.partials import joined, presentable

log = logging.getLogger(__name__)
SHORTEST_SPEECH_S = 0.4
"""Less speech than this is recognised as anything."""
COST_FACTOR = 2.0
"""Partial results take at most half of a session's time: one that took 1 s is followed by the next after 2 s."""
STALE_S = 4.0
"""A partial result that waits longer than this is given up."""


@dataclass
class _Said:
    """Recognised so far of one utterance, whose audio was taken up to ``upto`` (in samples)."""

    text: str = ""
    upto: int = -1


@dataclass(frozen=True)
class _Snapshot:
    utterance: int  # where its speech starts: names it
    audio: Waveform
    upto: int
    unfinished: bool
    ended: bool  # its utterance is complete


class ShownText:
    """What clients see of one session beyond its final segments: one line that carries the next segment's id."""

    def __init__(
        self,
        transcriber: Transcriber,
        feed: SessionFeed,
        session: Session,
        finals: FinalsInOrder,
        interval_s: float,
    ) -> None:
        """Show the session on ``feed``; an ``interval_s`` of 0 means finals only."""
        self._transcriber = transcriber
        self._feed = feed
        self._key = session.key
        self._config = session.config
        self._finals = finals
        self._interval_s = interval_s
        self._said: dict[int, _Said] = {}
        self._submitted: set[int] = set()
        self._shown = ""
        self._shown_upto = 0
        self._heard_s = 0.0
        self._due = 0.0
        self._task: asyncio.Task[None] | None = None

    def submitted(self, block: Block) -> None:
        """The block is being recognised for good: its partial text stays until then."""
        self._submitted.update(utterance.speech_start for utterance in block.utterances)

    def final(self, block: Block, segments: Sequence[Segment]) -> None:
        """The block's segments are stored: show them in place of its partial text."""
        for utterance in block.utterances:
            self._submitted.discard(utterance.speech_start)
            self._said.pop(utterance.speech_start, None)
        self._heard_s = max(self._heard_s, block.end / SAMPLE_RATE_HZ)
        self._publish(segments)

    def update(self, cutter: BlockCutter) -> None:
        """Start the next partial recognition if one is due; never waits."""
        self._heard_s = cutter.position / SAMPLE_RATE_HZ
        if not self._interval_s:
            return
        self._drop_what_was_no_speech(cutter)
        if (self._task is None or self._task.done()) and time.monotonic() >= self._due:
            snapshot = self._next(cutter)
            if snapshot is not None:
                self._task = asyncio.create_task(self._recognize(snapshot))

    def stop(self) -> None:
        """Give up what is being recognised."""
        if self._task is not None:
            self._task.cancel()

    def _drop_what_was_no_speech(self, cutter: BlockCutter) -> None:
        alive = {utterance.speech_start for utterance in cutter.builder.pending} | self._submitted
        alive.add(-1 if cutter.endpointer.speech_start is None else cutter.endpointer.speech_start)
        dropped = [start for start in self._said if start not in alive]
        for start in dropped:
            del self._said[start]
        if dropped:
            self._publish()

    def _next(self, cutter: BlockCutter) -> _Snapshot | None:
        for utterance in cutter.builder.pending:
            upto = self._said.get(utterance.speech_start, _Said()).upto
            if upto < utterance.speech_end or (not utterance.pause and upto != utterance.end):
                audio = cutter.slice(utterance.start, utterance.end)
                return _Snapshot(utterance.speech_start, audio, utterance.end, not utterance.pause, ended=True)
        endpointer = cutter.endpointer
        begin = endpointer.speech_start
        if begin is None or endpointer.speech_end - begin < SHORTEST_SPEECH_S * SAMPLE_RATE_HZ:
            return None
        if endpointer.speech_end <= self._said.get(begin, _Said()).upto:
            return None
        return _Snapshot(
            begin, cutter.slice(endpointer.open_start, cutter.position), cutter.position, True, ended=False
        )

    async def _recognize(self, snapshot: _Snapshot) -> None:
        began = time.monotonic()
        said = self._said.setdefault(snapshot.utterance, _Said())
        options = TranscribeOptions(
            language=self._finals.language,
            vocabulary=self._config.vocabulary,
            purpose=Purpose.PARTIAL,
            word_times=False,
        )
        found: Transcription | None = None
        try:
            with contextlib.suppress(GatewayError), anyio.move_on_after(STALE_S):
                found = await self._transcriber.transcribe(long_enough(snapshot.audio), options)
            if found is None:
                log.debug("partial result given up")
            else:
                self._take(snapshot, said, found)
        finally:
            ended = time.monotonic()
            pause_s = 0.0 if snapshot.ended else self._interval_s  # what is said meanwhile waits for this one already
            self._due = began + max(pause_s, COST_FACTOR * (ended - began))

    def _take(self, snapshot: _Snapshot, said: _Said, found: Transcription) -> None:
        whole = (TimeSpan(0.0, snapshot.audio.size / SAMPLE_RATE_HZ),)
        text = " ".join(segment.text for segment in found.segments if believable(segment, whole))
        said.upto = snapshot.upto
        said.text = presentable(text, unfinished=snapshot.unfinished) or said.text
        # What was shown already goes on until the rest of a cut utterance is recognised too: nothing is taken back.
        if snapshot.upto >= self._shown_upto:
            self._shown_upto = snapshot.upto
            self._publish(audio_s=snapshot.upto / SAMPLE_RATE_HZ)

    def _publish(self, segments: Sequence[Segment] = (), *, audio_s: float | None = None) -> None:
        text = joined([self._said[start].text for start in sorted(self._said)])
        if text == self._shown and not segments:
            return
        lines = [TranscriptLine(each.segment_id, None, each.start, each.end, each.text) for each in segments]
        if text or (self._shown and not segments):  # an empty line takes back what turned out to be nothing
            start_s = min(self._said, default=round(self._heard_s * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
            lines.append(TranscriptLine(self._finals.next_id, None, start_s, max(start_s, self._heard_s), text))
        self._shown = text
        final = frozenset(each.segment_id for each in segments)
        self._feed.publish(self._key, PartialText(text, tuple(lines), final, audio_s or self._heard_s))
