"""Many people."""

from collections.abc import Iterator

from app.domain.vision.models import Severity
from app.domain.vision.risks.finding import Finding
from app.domain.vision.view import Sighting, View

_MANY = 8
"""From here on, detectors merge and miss people: eight found means more."""
_DENSE = 5
_COVERAGE = 0.7
"""Share of the photo's width that people cover, from which there is hardly a gap to pass through."""
_BLOCKING = 3
_SEATED = frozenset({"laptop", "keyboard", "diningtable"})


def crowds(view: View) -> Iterator[Finding]:
    """Many people, or fewer that leave no gap; not people who sit around a table with the wearer."""
    people = view.of({"person"})
    dense = len(people) >= _DENSE and _coverage(people) >= _COVERAGE
    if not (dense or len(people) >= _MANY) or view.at_table or view.of(_SEATED):
        return
    blocking = [each for each in people if each.depth == "near"]
    crowded = len(people) >= _MANY and len(blocking) >= _BLOCKING and _coverage(people) >= _COVERAGE
    yield Finding("crowd", Severity.WARNING if crowded else Severity.INFO, tuple(people))


def _coverage(people: list[Sighting]) -> float:
    """Share of the photo's width that they cover together."""
    covered, reached = 0.0, 0.0
    for left, right in sorted((each.box.left, each.box.right) for each in people):
        covered += max(0.0, right - max(left, reached))
        reached = max(reached, right)
    return covered
