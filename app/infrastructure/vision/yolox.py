"""YOLOX-nano 416 (https://github.com/Megvii-BaseDetection/YOLOX, Apache-2.0), from a file in the models folder."""

from pathlib import Path

import numpy as np

from app.domain.vision.models import DetectedObject, Pixels
from app.infrastructure.vision.detection import STRIDES, Candidates, Floats, ObjectDetector, find_objects, grid
from app.infrastructure.vision.onnx_network import open_network


class YoloxNano(ObjectDetector):
    """Sees more than NanoDet-g, and faster; its weights are not part of the application."""

    model_id = "yolox-nano-416"

    def __init__(self, weights: Path, *, threads: int) -> None:
        """Load the weights; the catalog has checked them."""
        self._network = open_network(weights, threads=threads)
        self._input = self._network.get_inputs()[0].name
        self.weights_bytes = weights.stat().st_size

    def detect(self, pixels: Pixels) -> tuple[DetectedObject, ...]:
        """See the protocol."""
        return find_objects(pixels, self._propose)

    def _propose(self, square: Pixels) -> Candidates:
        image = square[:, :, ::-1].transpose(2, 0, 1).astype(np.float32)
        return decode(self._network.run(None, {self._input: np.ascontiguousarray(image[None])})[0][0])


def decode(output: Floats) -> Candidates:
    """Read the network's answer (arXiv:2107.08430).

    Args:
        output: a row for each cell, stride by stride: middle from the cell, in strides; logarithm of width and height
            in strides; how sure it is that there is an object; of which of 80 classes.
    """
    grids = [grid(stride) for stride in STRIDES]
    cells = np.concatenate(grids)
    strides = np.concatenate(
        [np.full((len(each), 1), stride, np.float32) for each, stride in zip(grids, STRIDES, strict=True)]
    )
    middles = (output[:, :2] + cells) * strides
    halves = np.exp(output[:, 2:4]) * strides / 2
    scores = output[:, 4:5] * output[:, 5:]
    return Candidates(np.concatenate([middles - halves, middles + halves], axis=1), scores)
