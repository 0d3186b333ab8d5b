"""Groups utterances into the blocks that are recognised at once, and maps times in a block to the session's clock.

Whisper is at its best, and cheapest by the second of speech, with a well-filled window.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.domain.audio.models import SAMPLE_RATE_HZ, TimeSpan
from app.domain.transcription.models import RecognizedSegment
from app.domain.vad.endpointing import Utterance


@dataclass(frozen=True)
class BlockOptions:
    """When a block is complete.

    Blocks of 15 to 28 s have the word error rate of whole files; 12 to 18 s in a 20 s window cost a point
    in Spanish (whisper-base; docs/audio.md has the alternatives).

    Attributes:
        enough_s: audio after which the next pause ends it.
        most_s: audio that it never exceeds.
        long_pause_s: pause that ends it however short it is.
    """

    enough_s: float = 15.0
    most_s: float = 28.0
    long_pause_s: float = 2.0


@dataclass(frozen=True)
class Block:
    """Utterances whose audio is joined; the silence between them, beyond their padding, is left out."""

    utterances: tuple[Utterance, ...]

    @property
    def end(self) -> int:
        """Where it ends on the session's clock, in samples."""
        return self.utterances[-1].end

    def speech(self) -> tuple[TimeSpan, ...]:
        """Voice activity in seconds on the block's own clock."""
        spans, at = [], 0
        for utterance in self.utterances:
            shift = at - utterance.start
            spans.append(
                TimeSpan(
                    (utterance.speech_start + shift) / SAMPLE_RATE_HZ, (utterance.speech_end + shift) / SAMPLE_RATE_HZ
                )
            )
            at += utterance.end - utterance.start
        return tuple(spans)

    def on_session_clock(self, segment: RecognizedSegment) -> RecognizedSegment:
        """The segment with its times moved from the block's clock to the session's."""
        words = tuple(
            replace(word, start=self._session_s(word.start), end=self._session_s(word.end, ending=True))
            for word in segment.words
        )
        return replace(
            segment,
            start=self._session_s(segment.start),
            end=self._session_s(segment.end, ending=True),
            words=words,
        )

    def _session_s(self, block_s: float, *, ending: bool = False) -> float:
        at = round(block_s * SAMPLE_RATE_HZ)
        for utterance in self.utterances:
            length = utterance.end - utterance.start
            if at < length or (ending and at == length):
                return round((utterance.start + max(at, 0)) / SAMPLE_RATE_HZ, 3)
            at -= length
        return round(self.end / SAMPLE_RATE_HZ, 3)


class BlockBuilder:
    """Collects utterances of one session and gives blocks, in order. Decides by the audio alone, never by the time of day."""

    def __init__(self, options: BlockOptions) -> None:
        self.options = options
        self.pending: list[Utterance] = []

    def add(self, utterance: Utterance) -> list[Block]:
        """Take the next utterance; returns the blocks that are complete."""
        blocks = []
        if self.pending and _duration_s([*self.pending, utterance]) > self.options.most_s:
            blocks.append(self._take(self._best_end()))
        self.pending.append(utterance)
        if utterance.pause and _duration_s(self.pending) >= self.options.enough_s:
            blocks.append(self._take(len(self.pending)))
        return blocks

    def silent_until(self, position: int) -> list[Block]:
        """Nothing was said from the last utterance to ``position`` (in samples)."""
        if self.pending and position - self.pending[-1].speech_end >= self.options.long_pause_s * SAMPLE_RATE_HZ:
            return self.finish()
        return []

    def finish(self) -> list[Block]:
        """What is left."""
        return [self._take(len(self.pending))] if self.pending else []

    def _take(self, count: int) -> Block:
        taken, self.pending = self.pending[:count], self.pending[count:]
        return Block(tuple(taken))

    def _best_end(self) -> int:
        """After how many utterances to end: at a pause if there is one in the later half, else as late as possible."""
        pauses = [
            count
            for count, utterance in enumerate(self.pending, start=1)
            if utterance.pause and _duration_s(self.pending[:count]) >= self.options.enough_s / 2
        ]
        return pauses[-1] if pauses else len(self.pending)


def _duration_s(utterances: Sequence[Utterance]) -> float:
    return sum(utterance.duration_s for utterance in utterances)
