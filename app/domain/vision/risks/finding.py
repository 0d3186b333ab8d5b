"""What a rule finds: a hazard, and what it was judged on; the words for it are made later, in the wearer's language."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from app.domain.vision.models import Severity
from app.domain.vision.view import Sighting, View


@dataclass(frozen=True)
class Finding:
    """A hazard in a photo.

    Attributes:
        kind: ``Risk.kind``.
        severity: how much it matters if it is true.
        things: what it was judged on, the most important first; empty if it was judged on text or on the whole photo.
        case: which of the kind's wordings fits; empty for its only one.
        words: what a sign says; data.
        sure: whether it may be told as seen. What is not sure is told as "may be", and one step less severe.
    """

    kind: str
    severity: Severity
    things: tuple[Sighting, ...] = ()
    case: str = ""
    words: str = ""
    sure: bool = True


Rule: TypeAlias = Callable[[View], Iterable[Finding]]
"""Judges one kind of hazard. Pure: the same view gives the same findings."""
