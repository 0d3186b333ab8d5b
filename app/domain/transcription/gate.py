"""Which recognised segments are believed: by the model's own scores and by voice activity, never by what they say."""

import zlib
from collections.abc import Sequence

from app.domain.audio.models import TimeSpan
from app.domain.transcription.models import RecognizedSegment

LOOP_COMPRESSION = 2.4
LOWEST_LOG_PROBABILITY = -1.0
NO_SPEECH_PROBABILITY = 0.6
"""Whisper's own thresholds for a failed decode (arXiv:2212.04356, section 4.5)."""
SURE_LOG_PROBABILITY = -0.5
"""What the model itself takes for no speech is believed from here on: it says -0.56 to -0.95 of noise, hum and silence,
-0.26 to -0.47 of short sentences, which have a no-speech probability below 0.4 (whisper-base)."""
DOUBTFUL_LOG_PROBABILITY = -0.7
"""Below this a segment needs voice activity under most of it."""
SPEECH_SHARE, DOUBTFUL_SPEECH_SHARE = 0.1, 0.5
"""Share of a segment's time that must be voice activity; word times are loose by some tenths of a second."""
SLACK_S = 0.3


def compression_ratio(text: str) -> float:
    """How well the text compresses: loops do by more than 2.4."""
    raw = text.encode()
    return len(raw) / len(zlib.compress(raw)) if raw else 0.0


def believable(segment: RecognizedSegment, speech: Sequence[TimeSpan]) -> bool:
    """Whether a segment is kept.

    Args:
        segment: as recognised.
        speech: voice activity on the same clock.
    """
    if not any(character.isalnum() for character in segment.text):
        return False
    if compression_ratio(segment.text) > LOOP_COMPRESSION:
        return False
    score = segment.average_log_probability
    if score < LOWEST_LOG_PROBABILITY:
        return False
    if segment.no_speech_probability > NO_SPEECH_PROBABILITY and score < SURE_LOG_PROBABILITY:
        return False
    needed = SPEECH_SHARE if score >= DOUBTFUL_LOG_PROBABILITY else DOUBTFUL_SPEECH_SHARE
    return speech_share(segment.start, segment.end, speech) >= needed


def speech_share(start: float, end: float, speech: Sequence[TimeSpan]) -> float:
    """Share of ``start`` to ``end`` that is voice activity, with some slack at its edges."""
    covered = sum(max(0.0, min(end, span.end + SLACK_S) - max(start, span.start - SLACK_S)) for span in speech)
    return min(1.0, covered / max(end - start, 1e-3))
