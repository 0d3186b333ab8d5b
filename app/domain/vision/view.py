"""What the models saw, put in order: things with their places, texts, and what kind of place it may be."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from app.domain.vision.models import Box, DetectedObject, SceneEvidence
from app.domain.vision.placing import STANDS_WITHIN_M, depth_of, distance_m, overlap, side_of
from app.domain.vision.reading import Reading, read_texts
from app.domain.vision.things import (
    INDOOR_FIXTURES,
    LOOK_ALIKE,
    MOTOR_VEHICLES,
    ON_TABLES,
    SHOW_PICTURES,
    SIZES,
    STREET_FIXTURES,
)

SURE = 0.5
"""Confidence from which a thing is told as seen; below it, the detector is about as often wrong as right, and the telling says "may"."""

DARK = 0.12
"""Mean luma below which a photo shows lights and outlines at best: about an eighth of full scale, two stops below a normal exposure."""

BLURRED = 30.0
"""As ``SceneEvidence.sharpness`` says."""

ROAD_SHARE = 0.4
"""Share of road in the lower middle from which the wearer stands on it or is about to: a kerb or a strip at the side is less."""

_INSIDE = 0.8
_SAME_THING = 0.85
"""Share of a box inside another one of the same class from which both are taken for one thing, seen twice; boxes of classes that
are confused must cover each other so."""
_MOST_OF_IT = 0.5
"""Share of the larger of two boxes of confused classes that the smaller one covers, while it lies inside: what stands before a thing and is
seen apart from it hides less than half of it."""
_MAX_THINGS = 100
"""As many as detectors give at most; the most confident are kept."""
_PEOPLE_HIDE_EACH_OTHER = frozenset({"person"})
_CORRIDOR = (0.3, 0.7)
"""Where the wearer walks to, in the middle of the photo: 26 of 65 degrees, about the width of a path two metres ahead."""


@dataclass(frozen=True)
class Sighting:
    """A thing that was seen.

    Attributes:
        label: COCO's.
        confidence: the detector's, 0 to 1.
        box: where it is in the photo.
        distance_m: about how far it is at most, see ``placing``.
        side: ``left``, ``ahead`` or ``right``.
        depth: ``near``, ``middle`` or ``far``.
    """

    label: str
    confidence: float
    box: Box
    distance_m: float
    side: str
    depth: str

    @property
    def sure(self) -> bool:
        """Whether it may be told as seen."""
        return self.confidence >= SURE

    @property
    def in_the_way(self) -> bool:
        """Whether it is before the wearer, and not only beside: it covers half of itself or half of the way."""
        inside = min(self.box.right, _CORRIDOR[1]) - max(self.box.left, _CORRIDOR[0])
        narrower = min(self.box.width, _CORRIDOR[1] - _CORRIDOR[0])
        return narrower > 0 and inside >= narrower / 2


@dataclass(frozen=True)
class View:
    """All that can be told of a photo.

    Attributes:
        sightings: things in front of the wearer, by confidence.
        shown: things that screens and pages show.
        readings: texts, in reading order.
        ground: as in the evidence.
        brightness: as in the evidence.
        sharpness: as in the evidence.
        aspect: the photo's width over its height.
    """

    sightings: tuple[Sighting, ...]
    shown: tuple[Sighting, ...]
    readings: tuple[Reading, ...]
    ground: Mapping[str, float]
    brightness: float
    sharpness: float
    aspect: float

    def of(self, labels: Iterable[str]) -> list[Sighting]:
        """The things of some classes, nearest first."""
        wanted = frozenset(labels)
        return sorted((each for each in self.sightings if each.label in wanted), key=lambda each: each.distance_m)

    @cached_property
    def indoors(self) -> bool:
        """Whether it looks like a room: several fixtures of rooms, and none of streets."""
        return self._weight(INDOOR_FIXTURES) >= 2 * SURE and self._weight(STREET_FIXTURES) < SURE

    @cached_property
    def outdoors(self) -> bool:
        """Whether it looks like a street: its fixtures, or vehicles, and no fixtures of rooms.

        A single car may be seen through a window. The ground alone does not tell: models of streets take floors for roads too.
        """
        car_weight = 1.0 if self.ground.get("road", 0.0) >= ROAD_SHARE else 0.5
        street = self._weight(STREET_FIXTURES) + car_weight * self._weight(MOTOR_VEHICLES - STREET_FIXTURES)
        return street >= SURE and self._weight(INDOOR_FIXTURES) < SURE

    @cached_property
    def at_table(self) -> bool:
        """Whether the wearer looks at a table nearby: what stands in the way then is no obstacle to walking."""
        lying = (each for each in self.of(ON_TABLES) if each.depth == "near" and each.box.bottom > 0.5)
        tables = (each for each in self.of({"diningtable"}) if each.box.bottom > 0.9)
        return any(lying) or any(tables)

    @property
    def dark(self) -> bool:
        """Whether it is too dark to trust what was not seen."""
        return self.brightness < DARK

    @property
    def blurred(self) -> bool:
        """Whether it is too blurred for the same; a dark photo has no edges either, and is only dark."""
        return self.sharpness < BLURRED and not self.dark

    def _weight(self, labels: frozenset[str]) -> float:
        return sum(each.confidence for each in self.sightings if each.label in labels)


def look(evidence: SceneEvidence) -> View:
    """Put the evidence in order. Objects of classes that are none of COCO's are left out."""
    known = sorted((each for each in evidence.objects if each.label in SIZES), key=lambda each: -each.confidence)
    found = [_place(each, evidence) for each in known[:_MAX_THINGS]]
    single = [each for index, each in enumerate(found) if not _seen_before(each, found[:index])]
    carriers = [each for each in single if each.label in SHOW_PICTURES]
    shown = tuple(each for each in single if any(_shows(carrier, each) for carrier in carriers))
    return View(
        sightings=tuple(each for each in single if each not in shown),
        shown=shown,
        readings=read_texts(evidence),
        ground=evidence.ground or {},
        brightness=evidence.brightness,
        sharpness=evidence.sharpness,
        aspect=max(1, evidence.width) / max(1, evidence.height),
    )


def _place(thing: DetectedObject, evidence: SceneEvidence) -> Sighting:
    distance = distance_m(thing.label, thing.box, max(1, evidence.width), max(1, evidence.height))
    if thing.box.bottom >= 0.98 and max(SIZES[thing.label]) >= 0.5:
        distance = min(distance, STANDS_WITHIN_M)
    depth = depth_of(thing.label, thing.box, distance)
    return Sighting(thing.label, thing.confidence, thing.box, distance, side_of(thing.box), depth)


def _seen_before(thing: Sighting, others: Iterable[Sighting]) -> bool:
    """Whether another one is the same thing, since detectors keep doubles of very different size. People do hide one another."""
    if thing.label in _PEOPLE_HIDE_EACH_OTHER:
        return False
    for other in others:
        covers = sorted((overlap(thing.box, other.box), overlap(other.box, thing.box)))
        if other.label == thing.label and covers[1] >= _SAME_THING:
            return True
        if (
            covers[0] >= _MOST_OF_IT
            and covers[1] >= _SAME_THING
            and any({thing.label, other.label} <= family for family in LOOK_ALIKE)
        ):
            return True
    return False


def _shows(carrier: Sighting, thing: Sighting) -> bool:
    """A screen or a page shows what lies inside of it and is smaller; a keyboard before a screen, or a cup, may be real."""
    if carrier is thing or thing.label in SHOW_PICTURES | ON_TABLES or thing.box.bottom > carrier.box.bottom:
        return False
    return overlap(thing.box, carrier.box) >= _INSIDE and thing.box.area < 0.8 * carrier.box.area
