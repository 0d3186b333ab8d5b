"""Knives and scissors."""

from collections.abc import Iterator

from app.domain.vision.models import Severity
from app.domain.vision.risks.finding import Finding
from app.domain.vision.things import FOOD, TABLEWARE
from app.domain.vision.view import View

_ARM_M = 0.8
"""An arm's length: what a searching hand may touch."""
_TABLE_M = 2.0
_STREET_M = 5.0


def sharp_things(view: View) -> Iterator[Finding]:
    """What a hand may touch unseen; a knife at a laid table lies where everybody expects it; one in the street is unusual."""
    for thing in view.of({"knife", "scissors"})[:1]:
        if view.outdoors and thing.distance_m <= _STREET_M:
            yield Finding("sharp", Severity.WARNING, (thing,), "street", sure=thing.sure)
        elif thing.distance_m <= _ARM_M:
            severity = Severity.INFO if _laid_table(view) else Severity.WARNING
            yield Finding("sharp", severity, (thing,), sure=thing.sure)
        elif thing.distance_m <= _TABLE_M and not _laid_table(view):
            yield Finding("sharp", Severity.INFO, (thing,), "reach", sure=thing.sure)


def _laid_table(view: View) -> bool:
    """Cutlery beside it, or several kinds of what people eat and drink from, on a table."""
    labels = {each.label for each in view.sightings}
    return bool(labels & {"fork", "spoon"}) or ("diningtable" in labels and len(labels & (TABLEWARE | FOOD)) >= 2)
