"""Reads text in photos with PP-OCRv6 by RapidOCR (https://github.com/RapidAI/RapidOCR, Apache-2.0), from the files in its wheel."""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from app.domain.errors import ConfigurationError
from app.domain.vision.models import Pixels, TextLine
from app.infrastructure.vision.onnx_network import open_network
from app.infrastructure.vision.text_lines import (
    Corners,
    Directions,
    box_around,
    directions_of,
    readable,
    reading_order,
    upright_turn,
    worth_reading,
)

FILES = {
    "Det": "PP-OCRv6_det_small.onnx",
    "Cls": "ch_ppocr_mobile_v2.0_cls_mobile.onnx",
    "Rec": "PP-OCRv6_rec_small.onnx",
}
"""What finds lines, turns those that stand on their head, and reads them."""

SMALLEST_SIDE_PX = 960
"""Photos with shorter longer sides are made larger: glasses send 640 x 480, where small print is ten pixels high and
PP-OCR finds letters from about 15 on. Beyond 960 such photos gave no more lines, and took longer."""

LARGEST_FACTOR = 4.0
"""Beyond it, nothing in a tiny picture becomes legible."""

LARGEST_SIDE_PX = 1280
"""Lines are looked for at this size at most (it bounds the time); they are read at the photo's own."""

NARROWEST_PX = 32
"""Photos with a shorter side, made larger, have no room for a line: the network's own stride."""

FLIP_CONFIDENCE = 0.9
"""Lines are turned if it is at least as sure that they stand on their heads; RapidOCR's own number."""

BATCH = 6
"""Lines that are read at once; RapidOCR's own number."""


def bundled_models() -> Path:
    """The folder of networks in the installed rapidocr wheel, found without importing it.

    Raises:
        ConfigurationError: rapidocr is not installed, or brings other networks.
    """
    spec = importlib.util.find_spec("rapidocr")
    folder = Path(spec.origin).parent / "models" if spec and spec.origin else None
    if folder is None or not all((folder / name).is_file() for name in FILES.values()):
        raise ConfigurationError(
            "The text reader's networks are missing: reinstall rapidocr as pinned in requirements.txt"
        )
    return folder


@dataclass(frozen=True)
class ReadText:
    """What is written in a photo.

    Attributes:
        lines: in reading order; their number is bounded.
        votes: of each line that tells which way up it is, the quarters clockwise that would set the photo upright.
    """

    lines: tuple[TextLine, ...] = ()
    votes: tuple[int, ...] = ()


class TextReader:
    """Finds, turns and reads lines; never fetches anything. Not safe to use from two threads at once."""

    model_id = "pp-ocrv6"

    def __init__(self, *, threads: int) -> None:
        """Load the networks.

        Args:
            threads: that one call may use.

        Raises:
            ConfigurationError: they are not installed.
        """
        from omegaconf import flag_override
        from rapidocr import RapidOCR

        folder = bundled_models()
        self.weights_bytes = sum((folder / name).stat().st_size for name in FILES.values())
        """Size of the networks' files."""
        self._engine: Any = RapidOCR(
            params={
                "Global.log_level": "critical",  # its messages quote errors
                "Global.use_preprocess_img": False,
                "Det.limit_type": "max",
                "Det.limit_side_len": LARGEST_SIDE_PX,
                "Cls.cls_thresh": FLIP_CONFIDENCE,
                "Rec.rec_batch_num": BATCH,
            }
        )
        with flag_override(self._engine.cfg, "allow_objects", True):
            for step, name in FILES.items():  # given a session, RapidOCR neither looks for files nor fetches any
                self._engine.cfg[step].session = open_network(folder / name, threads=threads)
        white = np.full((64, 64, 3), 255, np.uint8)
        self._find(white)  # RapidOCR prepares each step when it is first used
        self._recognise(white, np.array([[[0, 0], [63, 0], [63, 31], [0, 31]]], np.float32))

    def read(self, pixels: Pixels, check: Callable[[], None]) -> ReadText:
        """Read what is written in a photo. Blocking.

        Args:
            pixels: uint8, height x width x 3, RGB.
            check: called between steps; what it raises ends the reading.
        """
        image = _enlarged(pixels)
        if min(image.shape[:2]) < NARROWEST_PX:
            return ReadText()
        corners = self._find(image)
        check()
        height, width = image.shape[:2]
        chosen = worth_reading(corners)
        read: list[TextLine] = []
        places, directions = list[int](), list[Directions]()
        for start in range(0, len(chosen), BATCH):
            batch = chosen[start : start + BATCH]
            for each, (text, confidence, direction) in zip(batch, self._recognise(image, corners[batch]), strict=True):
                line = readable(text, confidence, box_around(corners[each], width, height))
                if line is not None:
                    read.append(line)
                    places.append(each)
                    directions.append(direction)
            check()
        if not read:
            return ReadText()
        order = reading_order(corners[places], np.stack(directions))
        votes = (upright_turn(line.text, direction) for line, direction in zip(read, directions, strict=True))
        return ReadText(tuple(read[each] for each in order), tuple(vote for vote in votes if vote is not None))

    def _find(self, image: Pixels) -> Corners:
        found = self._engine(image, use_det=True, use_cls=False, use_rec=False).boxes
        return np.zeros((0, 4, 2), np.float32) if found is None else np.asarray(found, np.float32)

    def _recognise(self, image: Pixels, corners: Corners) -> list[tuple[str, float, Directions]]:
        """Text and confidence of each line, and which way it is read."""
        upright, sides = self._engine.cls_and_rotate(self._engine.crop_text_regions(image, corners))
        read = self._engine.recognize_txt(upright)
        flipped = [label == "180" and score > FLIP_CONFIDENCE for label, score in sides.cls_res]
        directions = directions_of(corners, flipped)
        lines = zip(read.txts, read.scores, directions, strict=True)
        return [(str(text), float(score), direction) for text, score, direction in lines]


def _enlarged(pixels: Pixels) -> Pixels:
    """Blue first, as the networks want it, and large enough."""
    import cv2

    image = np.ascontiguousarray(pixels[:, :, ::-1])
    factor = min(SMALLEST_SIDE_PX / max(image.shape[:2]), LARGEST_FACTOR)
    if factor <= 1:
        return image
    size = max(1, round(image.shape[1] * factor)), max(1, round(image.shape[0] * factor))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_CUBIC), np.uint8)
