"""Crossings and roads."""

from collections.abc import Iterator

from app.domain.vision.models import Severity
from app.domain.vision.placing import overlap
from app.domain.vision.risks.finding import Finding
from app.domain.vision.risks.vehicles import on_road, real_vehicles
from app.domain.vision.view import Sighting, View

_SAME_CROSSING_M = 30.0
"""Lights and signs further off belong to the next crossing."""
_MOVING_M = 20.0
_STREET_M = 60.0
"""Vehicles further away than this are specks of a few pixels, and their street is another one."""


def crossings(view: View) -> Iterator[Finding]:
    """A traffic light or a stop sign near enough to be at the crossing that the wearer comes to."""
    marks = [each for each in view.of({"traffic light", "stop sign"}) if _stands_outside(view, each)]
    for mark in marks[:1]:
        busy = any(each.distance_m <= _MOVING_M for each in real_vehicles(view))
        severity = Severity.WARNING if busy and on_road(view) else Severity.INFO
        case = "light" if mark.label == "traffic light" else "stop"
        yield Finding("crossing", severity, (mark,), case, sure=mark.sure)


def roads(view: View) -> Iterator[Finding]:
    """A road: seen as ground, or told by several vehicles. An empty one is worth knowing, and no more."""
    if on_road(view):
        yield Finding("road", Severity.INFO, case="ground")
        return
    driving = [each for each in real_vehicles(view) if each.distance_m <= _STREET_M]
    if len(driving) >= 2 and any(each.sure for each in driving):
        yield Finding("road", Severity.INFO, tuple(driving), "vehicles")


def _stands_outside(view: View, mark: Sighting) -> bool:
    """Not in a room, and not printed on somebody's clothes."""
    worn = any(overlap(mark.box, person.box) > 0.7 for person in view.of({"person"}))
    return not view.indoors and not worn and mark.distance_m <= _SAME_CROSSING_M
