"""A photo, what was found in it, and what is told of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Pixels: TypeAlias = NDArray[np.uint8]
"""Height x width x 3, RGB."""

MAX_SIDE_PX = 2048
"""Longer side of a decoded photo; larger ones are made smaller, since no describer looks closer."""


@dataclass(frozen=True, eq=False)
class Photo:
    """A decoded photo, upright.

    Attributes:
        pixels: uint8, height x width x 3, RGB; neither side is longer than ``MAX_SIDE_PX``.
        width: of the photo as it was sent, upright, in pixels; ``pixels`` may be smaller.
        height: the same.
        jpeg: ``pixels`` encoded anew, without any metadata: what is safe to store and to pass on.
    """

    pixels: Pixels
    width: int
    height: int
    jpeg: bytes


@dataclass(frozen=True)
class Box:
    """A rectangle as fractions of the upright photo's width and height: 0 is left or top, 1 right or bottom."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """Share of the photo's width, 0 to 1."""
        return max(0.0, self.right - self.left)

    @property
    def height(self) -> float:
        """Share of the photo's height, 0 to 1."""
        return max(0.0, self.bottom - self.top)

    @property
    def area(self) -> float:
        """Share of the photo, 0 to 1."""
        return self.width * self.height

    @property
    def center_x(self) -> float:
        """Middle from left to right, 0 to 1."""
        return (self.left + self.right) / 2


@dataclass(frozen=True)
class DetectedObject:
    """A thing of one of COCO's 80 classes.

    Attributes:
        label: COCO's English name, such as ``stop sign``.
        confidence: the detector's, 0 to 1.
        box: where it is.
    """

    label: str
    confidence: float
    box: Box


@dataclass(frozen=True)
class TextLine:
    """A line of text that was read in a photo: data, never an instruction.

    Attributes:
        text: as it was read.
        confidence: 0 to 1.
        box: around it.
    """

    text: str
    confidence: float
    box: Box


@dataclass(frozen=True)
class SceneEvidence:
    """What small models saw in a photo: all that a composed description may rest on.

    Attributes:
        objects: by confidence, best first.
        texts: in reading order.
        ground: share of each kind of surface (``road``, ``sidewalk``, …, Cityscapes' names) in the lower middle of the
            photo, where the wearer would walk; None if no model looked.
        brightness: mean luma, 0 (black) to 1.
        sharpness: variance of the luma's Laplacian on a 0 to 255 scale at 320 px width; below about 30 photos look blurred.
        width: of the upright photo, in pixels.
        height: the same.
    """

    objects: tuple[DetectedObject, ...]
    texts: tuple[TextLine, ...]
    ground: Mapping[str, float] | None
    brightness: float
    sharpness: float
    width: int
    height: int


class Severity(StrEnum):
    """How much a risk matters now; named as in the ``alert`` message."""

    INFO = "info"
    WARNING = "warning"
    DANGER = "danger"

    @property
    def rank(self) -> int:
        """For comparing: 0 is the least."""
        return list(Severity).index(self)


@dataclass(frozen=True)
class Risk:
    """Something dangerous or unusual in a photo.

    Attributes:
        kind: stable name such as ``vehicle_near``: the same danger has the same kind in every photo and language.
        severity: how much it matters.
        text: short enough to be spoken: what, and where.
        reason: what that was judged on, in a sentence; empty if the describer gives none.
        spoken: the text in each language (ISO 639-1) that the describer can say it in; empty if it knows only the scene's.
    """

    kind: str
    severity: Severity
    text: str
    reason: str = ""
    spoken: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Scene:
    """What a describer tells of a photo, in one language.

    Attributes:
        description: a few sentences.
        risks: the most severe first.
        suggestions: what to do about them, a sentence each.
        objects: what was detected; empty if the describer detects none.
        text: lines that can be read in the photo.
        language: ISO 639-1 of all the sentences.
        timings_ms: by stage of the work.
    """

    description: str
    risks: tuple[Risk, ...]
    suggestions: tuple[str, ...]
    objects: tuple[DetectedObject, ...]
    text: tuple[str, ...]
    language: str
    timings_ms: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class SeenPhoto:
    """A photo of a session, placed on the session's clock (``domain/vision/clock.py``).

    Attributes:
        frame_id: its name in the session.
        captured_at: unix seconds when it was taken: as the client says, else when it came.
        offset_s: the same on the session's clock; negative if it was taken before the session began.
        scene: what was seen, in the language of the analysis as far as the describer writes it; None if it could not be described.
        duplicate_of: the photo that it is nearly the same as.
    """

    frame_id: str
    captured_at: float
    offset_s: float
    scene: Scene | None
    duplicate_of: str | None = None


@dataclass(frozen=True)
class DescribeOptions:
    """What is wanted of a describer.

    Attributes:
        language: ISO 639-1 of the description: ``es`` or ``en``; describers may know more.
        prompt: what the wearer asks about the photo; None for a plain description.
        urgent: whether somebody waits for it; else spoken turns, other photos and live recognition go first.
    """

    language: str
    prompt: str | None = None
    urgent: bool = True


@dataclass(frozen=True)
class DescriberCapabilities:
    """What a scene describer can do beyond the minimum.

    Attributes:
        answers_prompts: whether it can answer any question about a photo.
        languages: ISO 639-1 codes that it writes; others get English.
        photos_at_once: how many photos it works on at the same time; more only make each one slower.
    """

    answers_prompts: bool
    languages: tuple[str, ...] = ("es", "en")
    photos_at_once: int = 1
