"""Vehicles close by."""

from collections.abc import Iterator, Sequence

from app.domain.vision.models import Severity
from app.domain.vision.placing import overlap
from app.domain.vision.risks.finding import Finding
from app.domain.vision.things import MOTOR_VEHICLES
from app.domain.vision.view import ROAD_SHARE, Sighting, View

_CLOSE_M = 5.0
_NEAR_M = 12.0
"""A vehicle in a town (30 km/h, 8 m/s) is here within a second, or within the second and a half that people take to step back."""
_BESIDE_M = 10.0
_ARM_AND_STEP_M = 4.0
_PLATFORM_M = 15.0
_ON_GROUND = 0.5
_RIDDEN = 0.3
_INSIDE = 0.85
_VAGUE = 0.35
"""Detectors split their confidence between car, van, truck and bus: that something of them is there is surer than which one."""


def vehicles(view: View) -> Iterator[Finding]:
    """The motor vehicle that matters most: in the way and near, or else beside. Far ones are no hazard."""
    real = real_vehicles(view)
    ahead = [each for each in real if each.in_the_way and each.box.bottom > _ON_GROUND]
    beside = [each for each in real if each not in ahead]
    if ahead and ahead[0].distance_m <= _NEAR_M:
        yield _in_the_way(view, _whole_of(ahead[0], ahead))
    elif beside and beside[0].distance_m <= _BESIDE_M:
        nearest = beside[0]
        at_hand = nearest.distance_m <= _ARM_AND_STEP_M and on_road(view)
        severity, case = (Severity.WARNING, "road") if at_hand else (Severity.INFO, "")
        yield Finding("vehicle_beside", severity, (nearest,), case, sure=nearest.sure)


def trains(view: View) -> Iterator[Finding]:
    """A train, since where trains are, there are edges of platforms or tracks."""
    for train in view.of({"train"})[:1]:
        if not view.indoors and train.distance_m <= 2 * _PLATFORM_M:
            near = train.distance_m <= _PLATFORM_M
            yield Finding("train_near", Severity.WARNING if near else Severity.INFO, (train,), sure=train.sure)


def bicycles(view: View) -> Iterator[Finding]:
    """A bicycle that is ridden and comes or goes in the wearer's way."""
    people = view.of({"person"})
    for bicycle in view.of({"bicycle"}):
        ridden = any(_sits_on(person, bicycle) for person in people)
        if ridden and bicycle.in_the_way and bicycle.distance_m <= _NEAR_M / 2 and not view.indoors:
            yield Finding("bicycle_near", Severity.WARNING, (bicycle,), sure=bicycle.sure)
            return


def real_vehicles(view: View) -> list[Sighting]:
    """Motor vehicles that are no toys, nearest first: nothing drives in rooms or on tables."""
    tables = view.of({"diningtable", "bed", "sofa"})
    on_road_or_street = [] if view.indoors else view.of(MOTOR_VEHICLES)
    return [each for each in on_road_or_street if not any(overlap(each.box, table.box) > 0.7 for table in tables)]


def on_road(view: View) -> bool:
    """Whether the wearer seems to be on a road, not on a pavement: a road ahead, and street things to go with it."""
    return view.ground.get("road", 0.0) >= ROAD_SHARE and view.outdoors


def _whole_of(part: Sighting, others: Sequence[Sighting]) -> Sighting:
    """The large vehicle close by that another one lies inside of: the front of a bus is taken for a car too."""
    around = [each for each in others if each.sure and each.depth == "near" and each.box.area > part.box.area]
    return next((each for each in around if overlap(part.box, each.box) >= _INSIDE), part)


def _in_the_way(view: View, nearest: Sighting) -> Finding:
    vague = not nearest.sure
    sure = nearest.confidence >= _VAGUE
    case = "vague" if vague and sure else ""
    if nearest.distance_m <= _CLOSE_M or nearest.depth == "near" or _ground_covered(view):
        at_crossing = any(each.sure for each in view.of({"traffic light", "stop sign"}))
        severity = Severity.DANGER if (on_road(view) or at_crossing) and not vague else Severity.WARNING
        return Finding("vehicle_near", severity, (nearest,), case or "close", sure=sure)
    lower_middle = nearest.box.bottom >= 0.75 or on_road(view)
    return Finding("vehicle_near", Severity.WARNING if lower_middle else Severity.INFO, (nearest,), case, sure=sure)


def _ground_covered(view: View) -> bool:
    """Whether there is hardly any ground left before the wearer for vehicles."""
    return sum(view.ground.get(kind, 0.0) for kind in ("car", "truck", "bus")) >= ROAD_SHARE


def _sits_on(person: Sighting, bicycle: Sighting) -> bool:
    above = person.box.bottom < bicycle.box.bottom + 0.02 and person.box.top < bicycle.box.top
    return above and overlap(bicycle.box, person.box) >= _RIDDEN
