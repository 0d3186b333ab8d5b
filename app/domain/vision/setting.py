"""What kind of place it may be: only what several things tell together, and only ever told as an impression."""

from collections.abc import Sequence

from app.domain.vision.things import FOOD, MOTOR_VEHICLES, STREET_FIXTURES, TABLEWARE
from app.domain.vision.view import View

_KITCHEN = frozenset({"refrigerator", "microwave", "oven", "sink", "toaster"})
_BATHROOM = frozenset({"sink", "toothbrush", "hair drier"})
_BEDROOM = frozenset(
    {"teddy bear", "clock", "book", "chair", "vase", "pottedplant", "tvmonitor", "laptop", "cell phone"}
)
_LIVING_ROOM = frozenset({"tvmonitor", "pottedplant", "remote", "vase", "clock", "book", "chair"})
_DESK = frozenset({"keyboard", "mouse", "tvmonitor", "laptop"})
_LAID = TABLEWARE | FOOD | {"knife", "bottle"}
_STREET = STREET_FIXTURES | MOTOR_VEHICLES | {"bicycle"}


def setting_of(view: View) -> str | None:
    """``kitchen``, ``bathroom``, ``bedroom``, ``living_room``, ``desk``, ``computers``, ``table`` or ``street``; None if nothing tells."""
    seen = [each.label for each in view.sightings if each.sure]
    labels = set(seen)
    vehicles = sum(label in _STREET for label in seen)
    candidates = {
        "kitchen": len(labels & _KITCHEN) >= 2,
        "bathroom": "toilet" in labels and bool(labels & _BATHROOM),
        "bedroom": _bedroom(seen),
        "living_room": "sofa" in labels and len(labels & _LIVING_ROOM) >= 1,
        "computers": seen.count("laptop") + seen.count("keyboard") >= 3 and seen.count("person") >= 2,
        "desk": len(labels & _DESK) >= 2 and "person" not in labels,
        "table": "diningtable" in labels and len(labels & _LAID) >= 2 and "person" not in labels,
        "street": view.outdoors and len(labels & _STREET) >= 2 and vehicles >= 3,
    }
    found = [name for name, told in candidates.items() if told]
    return found[0] if found and (found[0] == "street" or not view.outdoors) else None


def _bedroom(seen: Sequence[str]) -> bool:
    """A bed and something else that stands in bedrooms: a mattress alone may be in a shop or in the street."""
    labels = set(seen)
    furnished = seen.count("bed") > 1 or bool(labels & _BEDROOM)
    return "bed" in labels and furnished and not labels & (_KITCHEN | {"toilet"})
