"""NanoDet-g 416 (https://github.com/RangiLyu/nanodet, Apache-2.0), from the weights that come with the application."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from app.domain.vision.models import DetectedObject, Pixels
from app.infrastructure.vision.detection import STRIDES, Candidates, Floats, ObjectDetector, find_objects, grid
from app.infrastructure.vision.onnx_network import open_network

WEIGHTS = Path(__file__).parent / "weights" / "nanodet-g-416.onnx"

SHA256 = "c1c3b11b2c08f394c50e8490533ff114b56651c800503f01a79f401aa6c72a29"
"""What ``tools/convert_detector.py`` made and ``weights/README.md`` describes."""

BINS = 11
"""Distances of a side are spread over 0 to 10 strides (``reg_max`` 10)."""

_MEAN = np.array([103.53, 116.28, 123.675], np.float32)  # of ImageNet, blue first
_DEVIATION = np.array([57.375, 57.12, 58.395], np.float32)


class NanoDet(ObjectDetector):
    """NanoDet-g 416."""

    model_id = "nanodet-g-416"

    def __init__(self, *, threads: int, weights: Path = WEIGHTS) -> None:
        """Load the weights after checking them; raises ConfigurationError if they are missing or damaged."""
        self._network = open_network(weights, threads=threads, sha256=SHA256)
        self.weights_bytes = weights.stat().st_size

    def detect(self, pixels: Pixels) -> tuple[DetectedObject, ...]:
        """See the protocol."""
        return find_objects(pixels, self._propose)

    def _propose(self, square: Pixels) -> Candidates:
        normal = (square[:, :, ::-1].astype(np.float32) - _MEAN) / _DEVIATION
        outputs = self._network.run(None, {"image": np.ascontiguousarray(normal.transpose(2, 0, 1)[None])})
        return decode([each[0] for each in outputs])


def decode(outputs: Sequence[Floats]) -> Candidates:
    """Read the network's answer: generalized focal loss's distributions of box sides (arXiv:2006.04388).

    Args:
        outputs: for each stride the scores, shape ``(cells, 80)``, then for each the logits of the distances from
            the cell's middle to left, top, right and bottom, shape ``(cells, 4 * BINS)``.
    """
    scores, sides = outputs[: len(STRIDES)], outputs[len(STRIDES) :]
    boxes = [_boxes(logits, stride) for logits, stride in zip(sides, STRIDES, strict=True)]
    return Candidates(np.concatenate(boxes), np.concatenate(scores))


def _boxes(logits: Floats, stride: int) -> Floats:
    bins = logits.reshape(-1, 4, BINS)
    weights = np.exp(bins - bins.max(axis=2, keepdims=True))
    distances = weights @ np.arange(BINS, dtype=np.float32) / weights.sum(axis=2) * stride
    middles = (grid(stride) + 0.5) * stride
    boxes: Floats = np.concatenate([middles - distances[:, :2], middles + distances[:, 2:]], axis=1)
    return boxes
