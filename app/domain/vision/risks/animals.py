"""Animals, wild, large or close."""

from collections.abc import Iterator

from app.domain.vision.models import Severity
from app.domain.vision.placing import overlap
from app.domain.vision.risks.finding import Finding
from app.domain.vision.view import Sighting, View

_WILD = frozenset({"bear", "elephant"})
_EXOTIC = frozenset({"zebra", "giraffe"})
_HEAVY = frozenset({"horse", "cow"})
_WILD_DANGER_M = 15.0
_WILD_M = 60.0
_KICK_M = 4.0
"""As far as a horse or a cow kicks or steps aside, with a margin for the estimate."""
_HEAVY_M = 12.0
_DOG_M = 2.5
_AT_FEET_M = 1.8
_CERTAIN = 0.7
"""Dark dogs and statues are taken for bears: a wild animal in a place for people is rare, so that more is asked of the detector."""


def animals(view: View) -> Iterator[Finding]:
    """Each kind of animal that is close enough for its kind; toys and pictures of animals are left out where they can be told."""
    for animal in view.of(_WILD | _EXOTIC | _HEAVY | {"dog", "cat", "sheep"}):
        if _looks_real(view, animal):
            yield from _judged(animal)


def _judged(animal: Sighting) -> Iterator[Finding]:
    distance = animal.distance_m
    if animal.label in _WILD and distance <= _WILD_M:
        near = distance <= _WILD_DANGER_M
        certain = animal.confidence >= _CERTAIN
        yield Finding("animal_danger", Severity.DANGER if near else Severity.WARNING, (animal,), sure=certain)
    elif animal.label in _EXOTIC and distance <= _WILD_M:
        yield Finding("animal_unusual", Severity.INFO, (animal,), sure=animal.confidence >= _CERTAIN)
    elif animal.label in _HEAVY and distance <= _HEAVY_M:
        severity = Severity.WARNING if distance <= _KICK_M else Severity.INFO
        yield Finding("animal_near", severity, (animal,), sure=animal.sure)
    elif _tame_and_close(animal):
        yield Finding("animal_near", Severity.INFO, (animal,), sure=animal.sure)


def _tame_and_close(animal: Sighting) -> bool:
    """A dog or a sheep a few steps away; a cat only where the wearer may step on it."""
    if animal.label == "cat":
        return animal.distance_m <= _AT_FEET_M and animal.in_the_way and animal.box.bottom > 0.75
    return animal.label in {"dog", "sheep"} and animal.distance_m <= _DOG_M


def _looks_real(view: View, animal: Sighting) -> bool:
    """Bears and horses in rooms are toys, cushions or pictures; so is what overlaps with a teddy bear. Dogs and cats do live in rooms."""
    if animal.label in {"dog", "cat"}:
        return True
    toys = view.of({"teddy bear"})
    return not view.indoors and not any(overlap(animal.box, toy.box) > 0.3 for toy in toys)
