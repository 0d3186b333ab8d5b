"""The networks of the composed describer: which ones there are, and what they see in a photo."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from app.domain.errors import ConfigurationError
from app.domain.vision.models import Photo, SceneEvidence
from app.infrastructure.vision.detection import ObjectDetector
from app.infrastructure.vision.image_statistics import brightness_and_sharpness
from app.infrastructure.vision.nanodet import NanoDet
from app.infrastructure.vision.street_segmenter import StreetSegmenter, may_be_a_street
from app.infrastructure.vision.text_reader import TextReader
from app.infrastructure.vision.turned_views import QuarterTurns, look_around, turn_by_objects, turn_by_text, turned
from app.infrastructure.vision.yolox import YoloxNano

DETECTOR, SEGMENTER = "yolox-nano", "street-segmentation"
"""Catalog names of the networks that are used as soon as they are in the models folder."""

BUNDLED_ID = f"{NanoDet.model_id}+{TextReader.model_id}"
"""What is used without them."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sight:
    """What the networks saw in a photo.

    Attributes:
        evidence: in the photo as the wearer saw it: places and sizes are those of the turned photo.
        turn: quarters clockwise by which the photo that was sent had to be turned.
        timings_ms: by stage.
    """

    evidence: SceneEvidence
    turn: QuarterTurns = 0
    timings_ms: Mapping[str, int] = field(default_factory=dict)


class SceneNetworks:
    """A detector, a text reader and, if it is there, a street segmenter; not safe to use from two threads at once."""

    def __init__(self, locate: Callable[[str], Path], *, threads: int) -> None:
        """Load them, the better ones if they are installed.

        Args:
            locate: finds the files of a model of the catalog; raises ConfigurationError if they are not there.
            threads: that one network may use; they run one after another.

        Raises:
            ConfigurationError: a network that comes with the installation is missing or damaged.
        """
        self._detector = _detector(locate, threads)
        self._reader = TextReader(threads=threads)
        self._segmenter = _segmenter(locate, threads)
        used = [each for each in (self._detector, self._reader, self._segmenter) if each is not None]
        self.model_id = "+".join(each.model_id for each in used)
        """The networks' names."""
        self.weights_bytes = sum(each.weights_bytes for each in used)
        """Size of all their files."""

    def look(self, photo: Photo, check: Callable[[], None]) -> Sight:
        """See what is in a photo; one that clearly was sent askew is turned first. Blocking.

        Args:
            photo: decoded.
            check: called between networks; what it raises ends the work.
        """
        timings = dict[str, int]()
        with _timed(timings, "detect"):
            views = look_around(photo.pixels, self._detector.detect)
            brightness, sharpness = brightness_and_sharpness(photo.pixels)
        check()
        with _timed(timings, "read"):
            turn = turn_by_objects(views)
            text = self._reader.read(turned(photo.pixels, turn), check)
            if not turn and (turn := turn_by_text(views, text.votes)):
                text = self._reader.read(turned(photo.pixels, turn), check)
        check()
        with _timed(timings, "segment"):
            objects = views[turn]
            streets = self._segmenter if may_be_a_street(objects) else None
            ground = streets.ground(turned(photo.pixels, turn)) if streets else None
        width, height = (photo.height, photo.width) if turn % 2 else (photo.width, photo.height)
        return Sight(SceneEvidence(objects, text.lines, ground, brightness, sharpness, width, height), turn, timings)


def _detector(locate: Callable[[str], Path], threads: int) -> ObjectDetector:
    weights = _installed(locate, DETECTOR)
    return NanoDet(threads=threads) if weights is None else YoloxNano(weights, threads=threads)


def _segmenter(locate: Callable[[str], Path], threads: int) -> StreetSegmenter | None:
    weights = _installed(locate, SEGMENTER)
    if weights is None:
        return None
    try:
        return StreetSegmenter(weights, threads=threads)
    except ImportError:
        log.warning("streets are not segmented: install the package ai-edge-litert", extra={"model": SEGMENTER})
        return None


def _installed(locate: Callable[[str], Path], name: str) -> Path | None:
    try:
        return locate(name)
    except ConfigurationError as error:
        log.info("optional model not used", extra={"model": name, "reason": str(error)})
        return None


@contextmanager
def _timed(timings: dict[str, int], stage: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    timings[stage] = round((time.perf_counter() - began) * 1000)
