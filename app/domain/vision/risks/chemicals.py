"""Bottles whose content nobody sees."""

from collections.abc import Iterator

from app.domain.vision.models import Severity
from app.domain.vision.risks.finding import Finding
from app.domain.vision.view import View

_WET_ROOMS = frozenset({"sink", "toilet"})
_KITCHEN = frozenset({"refrigerator", "oven", "microwave"})
_WITHIN_REACH_M = 2.5
"""Bottles on the far side of a counter; further ones are not reached for by mistake."""


def bottles(view: View) -> Iterator[Finding]:
    """Bottles beside a sink or toilet, or several in a kitchen: soap and cleaners stand there among drinks. Not at a table with glasses."""
    labels = {each.label for each in view.sightings}
    found = [each for each in view.of({"bottle"}) if each.distance_m <= _WITHIN_REACH_M]
    enough = labels & _WET_ROOMS or (labels & _KITCHEN and len(found) >= 2)
    if found and enough and not labels & {"wine glass", "diningtable"}:
        yield Finding("bottles", Severity.INFO, tuple(found))
