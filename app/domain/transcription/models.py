"""What a recogniser is asked and what it answers."""

from dataclasses import dataclass, field
from enum import StrEnum


class Purpose(StrEnum):
    """Why speech is recognised: decides priority, accuracy and cost."""

    PARTIAL = "partial"  # shown while the words are spoken; replaced later
    FINAL = "final"  # kept
    BACKGROUND = "background"  # kept, of a recording that nobody is speaking into: live sessions go first


@dataclass(frozen=True)
class Word:
    """One word, with times in seconds and the model's probability in [0, 1]. ``text`` keeps its leading space."""

    start: float
    end: float
    text: str
    probability: float


@dataclass(frozen=True)
class TranscribeOptions:
    """How to recognise.

    Attributes:
        language: ISO 639-1; None lets the model detect it.
        prior_language: used when ``language`` is None: what was spoken before; the model
            leaves it only when it is sure of another language.
        vocabulary: names and jargon that may occur.
        purpose: what the result is for; decides who goes first, and how carefully it is done.
        word_times: whether ``words`` is needed.
    """

    language: str | None = None
    prior_language: str | None = None
    vocabulary: tuple[str, ...] = ()
    purpose: Purpose = Purpose.FINAL
    word_times: bool = True


@dataclass(frozen=True)
class RecognizedSegment:
    """A stretch of recognised speech; times in seconds from the start of what was recognised."""

    start: float
    end: float
    text: str
    words: tuple[Word, ...] = ()
    average_log_probability: float = 0.0
    no_speech_probability: float = 0.0


@dataclass(frozen=True)
class Transcription:
    """The answer of a recogniser; ``segments`` is empty when nothing was said."""

    language: str
    language_probability: float
    segments: tuple[RecognizedSegment, ...] = field(default=())
