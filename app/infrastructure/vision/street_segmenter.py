"""How the street lies: DeepLab for Cityscapes' 19 classes, from a TensorFlow Lite file in the models folder."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.domain.vision.models import DetectedObject, Pixels

CLASSES = (
    "road",
    "sidewalk",
    "building",
    "wall",
    "fence",
    "pole",
    "traffic light",
    "traffic sign",
    "vegetation",
    "terrain",
    "sky",
    "person",
    "rider",
    "car",
    "truck",
    "bus",
    "train",
    "motorcycle",
    "bicycle",
)
"""Cityscapes' names, in the order of the network's numbers (arXiv:1604.01685)."""

GROUND_ROWS, GROUND_COLUMNS = (0.6, 1.0), (0.3, 0.7)
"""Where the wearer would walk: the lower two fifths, in the middle two fifths of the width."""

OPEN_AIR_SHARE = 0.2
"""Of sky and plants in a photo taken outdoors, at least. The network knows only streets and sees one everywhere: without
open air its answer means nothing, since table tops become roads and rooms trucks."""

INDOOR_LABELS = {
    *("sofa", "bed", "diningtable", "toilet", "tvmonitor", "laptop", "mouse", "keyboard"),
    *("microwave", "oven", "toaster", "sink", "refrigerator"),
}
"""Things that stand in rooms: where one is seen, nobody looks for a street."""

_SMALLEST_SHARE = 0.01

Labels = NDArray[np.integer]
"""Number of the class of each pixel; height x width."""


class StreetSegmenter:
    """Runs on LiteRT, an optional package; not safe to use from two threads at once."""

    model_id = "deeplab-cityscapes"

    def __init__(self, weights: Path, *, threads: int) -> None:
        """Load the network.

        Args:
            weights: the TensorFlow Lite file; the catalog has checked it.
            threads: that one call may use.

        Raises:
            ImportError: LiteRT is not installed.
        """
        from ai_edge_litert.interpreter import Interpreter

        self.weights_bytes = weights.stat().st_size
        """Size of the file."""
        self._interpreter = Interpreter(str(weights), num_threads=threads)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]
        self._output = self._interpreter.get_output_details()[0]["index"]

    def ground(self, pixels: Pixels) -> Mapping[str, float] | None:
        """What lies before the wearer's feet, as ``SceneEvidence.ground``; None if the photo shows no street. Blocking.

        Args:
            pixels: uint8, height x width x 3, RGB.
        """
        import cv2

        height, width = self._input["shape"][1:3].tolist()
        picture = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
        self._interpreter.set_tensor(self._input["index"], picture[None])
        self._interpreter.invoke()
        return ground_of(self._interpreter.get_tensor(self._output)[0])


def may_be_a_street(objects: Sequence[DetectedObject]) -> bool:
    """Whether nothing among the objects belongs into a room."""
    return not any(each.label in INDOOR_LABELS for each in objects)


def ground_of(labels: Labels) -> Mapping[str, float] | None:
    """Shares of the classes on the ground, largest first; None if too little open air shows."""
    whole = _shares(labels)
    if whole.get("sky", 0.0) + whole.get("vegetation", 0.0) < OPEN_AIR_SHARE:
        return None
    height, width = labels.shape
    rows = slice(*(round(height * each) for each in GROUND_ROWS))
    columns = slice(*(round(width * each) for each in GROUND_COLUMNS))
    return _shares(labels[rows, columns])


def _shares(labels: Labels) -> dict[str, float]:
    shares = np.bincount(labels.ravel(), minlength=len(CLASSES)) / max(labels.size, 1)
    order = np.argsort(-shares, kind="stable")
    return {CLASSES[each]: round(float(shares[each]), 3) for each in order if shares[each] >= _SMALLEST_SHARE}
