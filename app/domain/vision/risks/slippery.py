"""Wet ground, which no model sees: an open umbrella tells of rain."""

from collections.abc import Iterator

from app.domain.vision.models import Severity
from app.domain.vision.placing import overlap
from app.domain.vision.risks.finding import Finding
from app.domain.vision.view import Sighting, View

_SUMMER = frozenset({"surfboard", "diningtable", "frisbee", "chair", "kite", "boat"})
"""Where these are, umbrellas are for the sun."""
_SUNNY = 0.7
"""Mean luma of beaches and snow in the sun; rainy days are dimmer."""


def slippery_ground(view: View) -> Iterator[Finding]:
    """Somebody holds an open umbrella outdoors: weak evidence, told as such."""
    summer = any(each.label in _SUMMER for each in view.sightings) or view.brightness > _SUNNY
    if view.indoors or summer:
        return
    for umbrella in view.of({"umbrella"}):
        if _open(umbrella) and any(_held(umbrella, person) for person in view.of({"person"})):
            yield Finding("slippery", Severity.INFO, (umbrella,))
            return


def _open(umbrella: Sighting) -> bool:
    """A closed umbrella is long and thin, an open one as wide as high or wider; both in the photo's own fractions."""
    return umbrella.box.width >= 0.8 * umbrella.box.height


def _held(umbrella: Sighting, person: Sighting) -> bool:
    over = umbrella.box.top < person.box.top + person.box.height / 3
    beside = umbrella.box.left < person.box.right and umbrella.box.right > person.box.left
    return over and beside and (umbrella.box.bottom > person.box.top or overlap(umbrella.box, person.box) > 0)
