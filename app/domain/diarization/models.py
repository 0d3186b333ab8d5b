"""Who spoke when."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SpeakerTurn:
    """One speaker's stretch of speech, in seconds; turns of different speakers may overlap.

    ``speaker`` is ``S1``, ``S2``, … in the order in which the voices are first heard.
    """

    start: float
    end: float
    speaker: str
