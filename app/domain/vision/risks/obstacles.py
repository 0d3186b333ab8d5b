"""What the wearer may stumble over or walk into."""

from collections.abc import Iterator

from app.domain.vision.models import Severity
from app.domain.vision.placing import overlap
from app.domain.vision.risks.finding import Finding
from app.domain.vision.view import Sighting, View

_AT_FEET = frozenset(
    {
        "chair", "bench", "suitcase", "backpack", "fire hydrant", "parking meter", "pottedplant", "skateboard",
        "sports ball", "bicycle", "snowboard", "stop sign",
    }
)  # fmt: skip
_STEPS_M = 2.5
"""Three steps: what is nearer has to be avoided now, what is further may still be passed by."""
_TWO_STEPS_M = 1.8
_ON_FLOOR = 0.7
"""A thing's foot is below this part of the photo if it stands on the floor three steps ahead, even with the head held up."""
_SEATS = frozenset({"chair", "bench"})


def obstacles(view: View) -> Iterator[Finding]:
    """Things that stand on the floor in the wearer's way; nothing while the wearer sits at a table."""
    if view.at_table:
        return
    ahead = [each for each in view.of(_AT_FEET) if each.in_the_way and each.box.bottom >= _ON_FLOOR]
    for thing in ahead:
        if thing.distance_m > _STEPS_M or _taken(view, thing):
            continue
        low_in_the_middle = thing.box.bottom >= 0.85 and thing.distance_m <= _TWO_STEPS_M
        severity = Severity.WARNING if low_in_the_middle else Severity.INFO
        yield Finding("obstacle", severity, (thing,), sure=thing.sure)
        return


def _taken(view: View, thing: Sighting) -> bool:
    """Somebody sits on it, carries it, or rides it: then it is the person who is in the way, and who moves."""
    people = view.of({"person"})
    at_table = thing.label in _SEATS and any(overlap(thing.box, each.box) > 0.3 for each in view.of({"diningtable"}))
    return at_table or any(overlap(thing.box, person.box) > 0.4 for person in people)
