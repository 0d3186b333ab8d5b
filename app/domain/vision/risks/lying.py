"""Somebody who lies where nobody is expected to lie."""

from collections.abc import Iterator

from app.domain.vision.models import Severity
from app.domain.vision.risks.finding import Finding
from app.domain.vision.view import Sighting, View

_LYING = 1.8
"""Width over height, in pixels: people who stand, sit or bend are no wider than high; a reaching arm adds less than this."""
_RESTING_OR_PLAYING = frozenset(
    {
        "bed", "sofa", "bench", "chair", "surfboard", "skis", "snowboard", "skateboard", "frisbee", "sports ball",
        "baseball bat", "baseball glove", "tennis racket", "diningtable", "motorbike", "bicycle", "toilet",
    }
)  # fmt: skip
_CONFIDENT = 0.6
_EDGE = 0.02


def lying_people(view: View) -> Iterator[Finding]:
    """A whole person, wider than high, low in the photo, without a bed, seat or sport that would explain it."""
    if any(each.label in _RESTING_OR_PLAYING for each in view.sightings):
        return
    for person in view.of({"person"}):
        if person.confidence >= _CONFIDENT and _whole(person) and _flat(view, person):
            yield Finding("person_lying", Severity.WARNING, (person,), sure=False)
            return


def _whole(person: Sighting) -> bool:
    box = person.box
    return box.left > _EDGE and box.right < 1 - _EDGE and box.top > _EDGE and box.bottom < 1 - _EDGE


def _flat(view: View, person: Sighting) -> bool:
    return person.box.width * view.aspect >= _LYING * person.box.height and person.box.bottom > 0.6
