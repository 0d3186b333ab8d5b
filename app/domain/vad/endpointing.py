"""From speech probabilities to utterances: a state machine without a clock, fed frame by frame."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain.audio.models import SAMPLE_RATE_HZ
from app.domain.vad.gateway import VAD_FRAME_SAMPLES

FRAME_S = VAD_FRAME_SAMPLES / SAMPLE_RATE_HZ
SMOOTHING_FRAMES = 5
"""A quiet place lasts about 160 ms: the closure of a plosive (up to 100 ms) is not one."""


@dataclass(frozen=True)
class EndpointingOptions:
    """When an utterance begins and ends.

    Attributes:
        threshold: speech probability at which it begins.
        hysteresis: how far below the threshold it may fall while it lasts (Silero's own value).
        silence_s: pause that ends it …
        long_s: … unless it lasts this long: then a shorter one does,
        long_silence_s: namely this. Long utterances make partial results late and dear: they are recognised whole each time.
        shortest_s: what is shorter was a click; a spoken "sí" has 0.15 s and more.
        pad_s: kept on both sides, since soft consonants score low (as faster-whisper's default).
        longest_s: an utterance that lasts longer is cut at its quietest place, but not before ``earliest_cut_s``.
        earliest_cut_s: see ``longest_s``.
    """

    threshold: float = 0.5
    hysteresis: float = 0.15
    silence_s: float = 0.6
    long_s: float = 2.0
    long_silence_s: float = 0.35
    shortest_s: float = 0.1
    pad_s: float = 0.4
    longest_s: float = 8.0
    earliest_cut_s: float = 3.0


@dataclass(frozen=True)
class Utterance:
    """A stretch of speech; positions in samples on the session's clock.

    Attributes:
        start: where its audio begins, padding included.
        end: where its audio ends, padding included.
        speech_start: where voice activity begins.
        speech_end: where it ends.
        pause: whether silence ended it; False if it was cut and the next one follows without a break.
    """

    start: int
    end: int
    speech_start: int
    speech_end: int
    pause: bool

    @property
    def duration_s(self) -> float:
        """Length of its audio in seconds."""
        return (self.end - self.start) / SAMPLE_RATE_HZ


class Endpointer:
    """Finds utterances in one session.

    ``speech_start`` is where the open utterance's voice activity began, or None; ``speech_end`` is where its last
    active frame so far ended; ``open_start`` is where its audio begins.
    """

    def __init__(self, options: EndpointingOptions, start: int = 0) -> None:
        """Begin at position ``start`` (in samples); nothing before it is ever part of an utterance."""
        self.options = options
        self.speech_start: int | None = None
        self.speech_end = start
        self.position = start
        self._floor = start
        self._cut_at = start or None  # speech that begins here goes on from before; 0 is where the session begins
        self._probabilities: list[float] = []  # of the open utterance's frames
        self._levels: list[float] = []

    @property
    def open_start(self) -> int:
        """Where the audio of the open utterance (or of one that would begin now) starts."""
        begin = self.position if self.speech_start is None else self.speech_start
        return max(self._floor, begin - self._samples(self.options.pad_s))

    def feed(self, probabilities: Sequence[float], levels: Sequence[float]) -> list[Utterance]:
        """Take the next frames.

        Args:
            probabilities: of speech, one a frame.
            levels: loudness of each frame in decibels.

        Returns:
            Utterances that ended, in order.
        """
        ended = []
        for probability, level in zip(probabilities, levels, strict=True):
            utterance = self._frame(float(probability), float(level))
            if utterance is not None:
                ended.append(utterance)
        return ended

    def finish(self) -> list[Utterance]:
        """End the open utterance here: the stream ends, or a gap begins."""
        utterance = self._end() if self.speech_start is not None else None
        return [utterance] if utterance is not None else []

    def jump(self, position: int) -> None:
        """Go on at ``position`` (in samples) after a gap; call ``finish`` before."""
        self.position = self._floor = position
        self._cut_at = None

    def _frame(self, probability: float, level: float) -> Utterance | None:
        options = self.options
        begin, self.position = self.position, self.position + VAD_FRAME_SAMPLES
        if self.speech_start is None:
            if probability < options.threshold:
                return None
            self.speech_start = begin
        self._probabilities.append(probability)
        self._levels.append(level)
        if probability < options.threshold - options.hysteresis:
            return self._end() if self.position - self.speech_end >= self._samples(self._pause_s()) else None
        self.speech_end = self.position
        return self._cut() if self.position - self.speech_start >= self._samples(options.longest_s) else None

    def _pause_s(self) -> float:
        assert self.speech_start is not None  # noqa: S101 - callers know
        long = self.speech_end - self.speech_start >= self._samples(self.options.long_s)
        return min(self.options.silence_s, self.options.long_silence_s) if long else self.options.silence_s

    def _end(self) -> Utterance | None:
        assert self.speech_start is not None  # noqa: S101 - callers know
        start = self.open_start
        end = min(self.position, self.speech_end + self._samples(self.options.pad_s))
        found = Utterance(start, end, self.speech_start, self.speech_end, pause=True)
        long_enough = self.speech_end - self.speech_start >= self._samples(self.options.shortest_s)
        continued = self.speech_start == self._cut_at  # the rest of a cut utterance is never a click
        self.speech_start = None
        self._probabilities, self._levels = [], []
        if not long_enough and not continued:
            return None
        self._floor = end
        return found

    def _cut(self) -> Utterance:
        assert self.speech_start is not None  # noqa: S101 - callers know
        frames = quietest(self._probabilities, self._levels, earliest=round(self.options.earliest_cut_s / FRAME_S))
        at = self.speech_start + frames * VAD_FRAME_SAMPLES
        found = Utterance(self.open_start, at, self.speech_start, at, pause=False)
        self._probabilities, self._levels = self._probabilities[frames:], self._levels[frames:]
        self.speech_start = self._floor = self._cut_at = at
        return found

    @staticmethod
    def _samples(seconds: float) -> int:
        return int(seconds * SAMPLE_RATE_HZ)


def quietest(probabilities: Sequence[float], levels: Sequence[float], *, earliest: int) -> int:
    """Frame at whose middle speech is best cut: low speech probability and low level over some frames.

    Args:
        probabilities: of speech.
        levels: in decibels.
        earliest: first frame that may be chosen.
    """
    level = np.asarray(levels)
    spread = max(float(np.ptp(level)), 1.0)
    loudness = _smooth(np.asarray(probabilities)) + _smooth((level - level.min()) / spread)
    last = len(loudness) - SMOOTHING_FRAMES
    first = min(earliest, max(last - 1, 0))
    return first + int(np.argmin(loudness[first : max(last, first + 1)]))


def _smooth(values: NDArray[np.float64]) -> NDArray[np.float64]:
    padded = np.pad(values, SMOOTHING_FRAMES // 2, mode="edge")
    return np.convolve(padded, np.full(SMOOTHING_FRAMES, 1 / SMOOTHING_FRAMES), mode="valid")
