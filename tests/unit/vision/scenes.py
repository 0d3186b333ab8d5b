"""Evidence written by hand: a photo of 640 x 480 pixels in daylight unless said otherwise."""

from collections.abc import Mapping, Sequence

from app.domain.vision.compose import compose_scene
from app.domain.vision.models import Box, DescribeOptions, DetectedObject, Scene, SceneEvidence, TextLine

Placed = tuple[str, float, float, float, float, float]
"""Label or text, confidence, left, top, right, bottom."""


def evidence(
    *things: Placed,
    texts: Sequence[Placed] = (),
    ground: Mapping[str, float] | None = None,
    brightness: float = 0.5,
    sharpness: float = 500.0,
    width: int = 640,
    height: int = 480,
) -> SceneEvidence:
    return SceneEvidence(
        objects=tuple(DetectedObject(label, confidence, Box(*box)) for label, confidence, *box in things),
        texts=tuple(TextLine(text, confidence, Box(*box)) for text, confidence, *box in texts),
        ground=ground,
        brightness=brightness,
        sharpness=sharpness,
        width=width,
        height=height,
    )


def sign(*lines: str, confidence: float = 0.95) -> list[Placed]:
    """Lines of large letters in the middle, below one another."""
    return [(line, confidence, 0.3, 0.2 + 0.1 * row, 0.7, 0.28 + 0.1 * row) for row, line in enumerate(lines)]


def told(seen: SceneEvidence, language: str = "en", prompt: str | None = None) -> Scene:
    return compose_scene(seen, DescribeOptions(language, prompt))
