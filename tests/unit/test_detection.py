"""Fitting photos into the detectors' input, reading their answers, and choosing among boxes, by hand-computed values."""

import numpy as np
import pytest

from app.domain.vision.coco import COCO_LABELS
from app.domain.vision.models import Pixels
from app.infrastructure.vision import nanodet, yolox
from app.infrastructure.vision.detection import (
    INPUT_PX,
    MAX_OBJECTS,
    PADDING,
    Candidates,
    choose,
    find_objects,
    grid,
    letterbox,
    mirror,
    overlap,
    suppress,
)

pytestmark = pytest.mark.unit
CELLS = 52 * 52 + 26 * 26 + 13 * 13
CAR, TRUCK = COCO_LABELS.index("car"), COCO_LABELS.index("truck")


def boxes(*corners: tuple[float, float, float, float]) -> "np.ndarray[tuple[int, ...], np.dtype[np.float32]]":
    return np.array(corners, np.float32)


def test_labels_are_those_of_coco() -> None:
    assert len(COCO_LABELS) == len(set(COCO_LABELS)) == 80
    assert {"tvmonitor", "sofa", "diningtable", "pottedplant", "motorbike", "aeroplane"} <= set(COCO_LABELS)
    assert (COCO_LABELS[0], COCO_LABELS[11], COCO_LABELS[79]) == ("person", "stop sign", "toothbrush")


def test_a_wide_photo_lies_at_the_top_of_the_square_and_grey_fills_the_rest() -> None:
    square, scale = letterbox(np.full((200, 832, 3), 7, np.uint8))
    assert scale == 0.5
    assert square.shape == (INPUT_PX, INPUT_PX, 3)
    assert (square[:100] == 7).all()
    assert (square[100:] == PADDING).all()


def test_a_small_photo_is_made_larger() -> None:
    square, scale = letterbox(np.full((2, 1, 3), 9, np.uint8))
    assert scale == 208
    assert (square[:, :208] == 9).all()
    assert (square[:, 208:] == PADDING).all()


def test_a_photo_that_is_nearly_a_line_keeps_a_row() -> None:
    square, _ = letterbox(np.full((1, 2000, 3), 5, np.uint8))
    assert (square[0] == 5).all()
    assert (square[1:] == PADDING).all()


def test_the_grid_goes_row_by_row() -> None:
    cells = grid(32)
    assert cells.shape == (13 * 13, 2)
    assert cells[:2].tolist() == [[0, 0], [1, 0]]
    assert cells[13].tolist() == [0, 1]


def test_nanodet_sides_are_expected_distances_in_strides() -> None:
    scores = [np.zeros((side * side, 80), np.float32) for side in (52, 26, 13)]
    sides = [np.zeros((side * side, 4 * nanodet.BINS), np.float32) for side in (52, 26, 13)]
    sides[2][14].reshape(4, nanodet.BINS)[:, [1, 2, 3, 4]] = np.diag([90.0] * 4)  # cell (1, 1): sides 1, 2, 3, 4
    found = nanodet.decode([*scores, *sides]).boxes
    assert found.shape == (CELLS, 4)
    # Without a preference all distances are equally likely: 5 strides on average.
    assert found[0].tolist() == pytest.approx([4 - 40, 4 - 40, 4 + 40, 4 + 40])
    assert found[52 * 52 + 26 * 26 + 14].tolist() == pytest.approx([48 - 32, 48 - 64, 48 + 96, 48 + 128])


def test_yolox_boxes_and_scores() -> None:
    output = np.zeros((CELLS, 85), np.float32)
    output[52 * 52 + 27, :5] = [0.5, 0.25, np.log(2), np.log(4), 0.8]  # stride 16, cell (1, 1)
    output[52 * 52 + 27, 5 + CAR] = 0.5
    found = yolox.decode(output)
    assert found.boxes[52 * 52 + 27].tolist() == pytest.approx([24 - 16, 20 - 32, 24 + 16, 20 + 32])
    assert found.scores[52 * 52 + 27, CAR] == pytest.approx(0.4)
    assert found.scores.sum() == pytest.approx(0.4)
    assert found.boxes[0].tolist() == pytest.approx([-4, -4, 4, 4])


def test_a_mirrored_cell_comes_back_to_its_place() -> None:
    boxes_there, scores = np.zeros((CELLS, 4), np.float32), np.zeros((CELLS, 80), np.float32)
    last = CELLS - 1  # stride 32: last row, last column; in the mirror the first column
    boxes_there[last], scores[last, CAR] = [300, 380, 400, 416], 0.7
    found = mirror(Candidates(boxes_there, scores))
    assert found.scores.nonzero()[0].tolist() == [CELLS - 13]
    assert found.boxes[CELLS - 13].tolist() == [16, 380, 116, 416]


def test_what_only_one_of_two_sights_shows_loses_half_its_score() -> None:
    bright = np.zeros((416, 416, 3), np.uint8)
    bright[:, :208] = 255

    def propose(square: Pixels) -> Candidates:
        there, scores = np.zeros((CELLS, 4), np.float32), np.zeros((CELLS, 80), np.float32)
        there[[0, 51]] = [[0, 0, 8, 8], [408, 0, 416, 8]]  # the first row's first and last cell
        scores[[0, 51], CAR] = 0.9 if square[0, 0, 0] else 0.0
        scores[51, CAR] = 0.9
        return Candidates(there, scores)

    # The first cell shows a car only in the photo as it is and, as its mirror image, in the mirrored one; the last cell
    # in the photo as it is, but not where the mirrored photo has it.
    found = {round(each.box.left): each.confidence for each in find_objects(bright, propose)}
    assert found == {0: pytest.approx(0.9), 1: pytest.approx(0.45)}


def test_overlap_is_intersection_over_union() -> None:
    found = overlap(boxes((0, 0, 10, 10))[0], boxes((0, 0, 10, 10), (5, 0, 15, 10), (10, 10, 20, 20), (3, 3, 3, 3)))
    assert found.tolist() == pytest.approx([1, 1 / 3, 0, 0])


def test_one_class_is_suppressed_strictly_and_others_only_at_the_same_place() -> None:
    best, half, nearly = (0, 0, 100, 100), (0, 0, 100, 60), (0, 0, 100, 90)
    assert suppress(boxes(best, half), np.array([CAR, CAR])) == [0]
    assert suppress(boxes(best, half), np.array([CAR, TRUCK])) == [0, 1]
    assert suppress(boxes(best, nearly), np.array([CAR, TRUCK])) == [0]


def test_objects_are_fractions_of_the_photo_best_first() -> None:
    scores = np.zeros((3, 80), np.float32)
    scores[0, CAR], scores[1, TRUCK], scores[2, CAR] = 0.5, 0.9, 0.39
    candidates = Candidates(boxes((-10, 0, 104, 52), (208, 104, 416, 600), (0, 0, 5, 5)), scores)
    found = choose(candidates, 0.4, 0.5, 832, 416)
    assert [(each.label, round(each.confidence, 2)) for each in found] == [("truck", 0.9), ("car", 0.5)]
    assert (found[0].box.left, found[0].box.top, found[0].box.right, found[0].box.bottom) == (0.5, 0.5, 1, 1)
    assert (found[1].box.left, found[1].box.top, found[1].box.right, found[1].box.bottom) == (0, 0, 0.25, 0.25)


def test_the_number_of_objects_is_bounded() -> None:
    lefts = np.arange(400, dtype=np.float32)
    many = np.stack([lefts, lefts, lefts + 0.5, lefts + 0.5], axis=1)
    scores = np.zeros((400, 80), np.float32)
    scores[:, CAR] = 0.9
    assert len(choose(Candidates(many, scores), 0.4, 1.0, 416, 416)) == MAX_OBJECTS
