"""Diarization error rate with pyannote.metrics; overlapped speech is counted."""

import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from app.domain.diarization.models import SpeakerTurn
from app.domain.errors import ConfigurationError

COLLARS_S = (0.0, 0.25)
"""Forgiven on each side of a reference border: nothing, and NIST's usual quarter of a second (RT-03)."""


def read_rttm(path: Path) -> list[SpeakerTurn]:
    """The turns of a reference file (NIST RTTM: ``SPEAKER file channel start duration <NA> <NA> name …``).

    Raises:
        ConfigurationError: a line is not RTTM.
    """
    turns = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        fields = line.split()
        if not fields or fields[0] != "SPEAKER":
            continue
        try:
            start, duration = float(fields[3]), float(fields[4])
            turns.append(SpeakerTurn(start, start + duration, fields[7]))
        except (IndexError, ValueError) as error:
            raise ConfigurationError(f"{path}, line {number}: not RTTM") from error
    return turns


class ErrorRates:
    """Collects error rates of recordings, for each collar."""

    def __init__(self) -> None:
        """Start without recordings; loads the metrics library."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                from pyannote.metrics.diarization import DiarizationErrorRate
        except ImportError as error:
            raise ConfigurationError(
                "pyannote.metrics is not installed; install it with: pip install -r requirements-dev.txt"
            ) from error
        # pyannote.metrics means the whole width of a collar, NIST one side of it
        self._metrics = {collar: DiarizationErrorRate(collar=2 * collar) for collar in COLLARS_S}
        self._counted = 0

    def add(self, reference: Sequence[SpeakerTurn], found: Sequence[SpeakerTurn], audio_s: float) -> dict[str, float]:
        """Rates of one recording by collar; the whole recording counts."""
        from pyannote.core import Segment, Timeline

        whole = Timeline([Segment(0, audio_s)])
        expected, hypothesis = _annotation(reference), _annotation(found)
        self._counted += 1
        return {
            f"{collar:g}": round(float(metric(expected, hypothesis, uem=whole)), 4)
            for collar, metric in self._metrics.items()
        }

    def total(self) -> dict[str, float] | None:
        """Rates of all recordings together, weighted by speech; None if there was none."""
        if not self._counted:
            return None
        return {f"{collar:g}": round(float(abs(metric)), 4) for collar, metric in self._metrics.items()}


def _annotation(turns: Iterable[SpeakerTurn]) -> Any:
    from pyannote.core import Annotation, Segment

    annotation = Annotation()
    for number, turn in enumerate(turns):
        annotation[Segment(turn.start, turn.end), number] = turn.speaker
    return annotation
