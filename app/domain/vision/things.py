"""What is known of COCO's classes beyond their names: how big such things are, and what they have in common."""

from typing import NamedTuple


class Size(NamedTuple):
    """How big a thing of a class usually is, in metres.

    Attributes:
        height_m: from bottom to top.
        width_m: its longest horizontal side.
    """

    height_m: float
    width_m: float


SIZES = {
    "person": Size(1.7, 0.9),
    "bicycle": Size(1.1, 1.8),
    "car": Size(1.5, 4.5),
    "motorbike": Size(1.2, 2.1),
    "aeroplane": Size(12.0, 40.0),
    "bus": Size(3.1, 12.0),
    "train": Size(3.8, 25.0),
    "truck": Size(3.2, 9.0),
    "boat": Size(3.0, 8.0),
    "traffic light": Size(0.9, 0.35),
    "fire hydrant": Size(0.8, 0.4),
    "stop sign": Size(0.75, 0.75),
    "parking meter": Size(1.4, 0.4),
    "bench": Size(0.85, 1.6),
    "bird": Size(0.25, 0.4),
    "cat": Size(0.3, 0.5),
    "dog": Size(0.6, 0.9),
    "horse": Size(1.9, 2.4),
    "sheep": Size(0.9, 1.3),
    "cow": Size(1.5, 2.4),
    "elephant": Size(3.0, 5.0),
    "bear": Size(1.2, 2.0),
    "zebra": Size(1.5, 2.3),
    "giraffe": Size(4.8, 4.0),
    "backpack": Size(0.5, 0.35),
    "umbrella": Size(0.7, 1.0),
    "handbag": Size(0.35, 0.4),
    "tie": Size(0.5, 0.15),
    "suitcase": Size(0.65, 0.5),
    "frisbee": Size(0.27, 0.27),
    "skis": Size(1.7, 1.7),
    "snowboard": Size(1.5, 1.5),
    "sports ball": Size(0.22, 0.22),
    "kite": Size(1.0, 1.5),
    "baseball bat": Size(0.85, 0.85),
    "baseball glove": Size(0.3, 0.3),
    "skateboard": Size(0.15, 0.8),
    "surfboard": Size(2.0, 2.0),
    "tennis racket": Size(0.7, 0.7),
    "bottle": Size(0.28, 0.1),
    "wine glass": Size(0.2, 0.09),
    "cup": Size(0.11, 0.12),
    "fork": Size(0.2, 0.2),
    "knife": Size(0.3, 0.3),
    "spoon": Size(0.2, 0.2),
    "bowl": Size(0.1, 0.22),
    "banana": Size(0.18, 0.2),
    "apple": Size(0.08, 0.08),
    "sandwich": Size(0.1, 0.2),
    "orange": Size(0.08, 0.08),
    "broccoli": Size(0.18, 0.18),
    "carrot": Size(0.18, 0.18),
    "hot dog": Size(0.07, 0.2),
    "pizza": Size(0.2, 0.35),
    "donut": Size(0.06, 0.1),
    "cake": Size(0.15, 0.3),
    "chair": Size(0.9, 0.6),
    "sofa": Size(0.9, 2.0),
    "pottedplant": Size(0.7, 0.5),
    "bed": Size(0.9, 2.1),
    "diningtable": Size(0.8, 1.6),
    "toilet": Size(0.8, 0.6),
    "tvmonitor": Size(0.6, 1.0),
    "laptop": Size(0.25, 0.36),
    "mouse": Size(0.06, 0.12),
    "remote": Size(0.18, 0.18),
    "keyboard": Size(0.15, 0.44),
    "cell phone": Size(0.15, 0.15),
    "microwave": Size(0.3, 0.5),
    "oven": Size(0.85, 0.6),
    "toaster": Size(0.2, 0.32),
    "sink": Size(0.3, 0.6),
    "refrigerator": Size(1.8, 0.8),
    "book": Size(0.24, 0.3),
    "clock": Size(0.3, 0.3),
    "vase": Size(0.3, 0.18),
    "scissors": Size(0.2, 0.2),
    "teddy bear": Size(0.35, 0.3),
    "hair drier": Size(0.22, 0.24),
    "toothbrush": Size(0.19, 0.19),
}
"""By label: sizes of everyday specimens, the larger ones where they vary (a dog on a lead, a family car, a city bus)."""

MOTOR_VEHICLES = frozenset({"car", "motorbike", "bus", "truck"})
"""Run on roads and may start at any moment."""

ANIMALS = frozenset(
    {"bird", "cat", "dog", "horse", "sheep", "cow", "elephant", "bear", "zebra", "giraffe"},
)
SHOW_PICTURES = frozenset({"tvmonitor", "laptop", "cell phone", "book"})
"""What lies inside of them is not in front of the wearer."""

TEXT_CARRIERS = SHOW_PICTURES | {"person", "cup", "backpack", "handbag"}
"""What is written on them (clothes, pages, screens, mugs) warns of nothing here."""

LOOK_ALIKE = (
    frozenset({"car", "bus", "truck"}),
    frozenset({"chair", "sofa", "bench", "bed"}),
    frozenset({"cup", "bowl", "vase", "bottle", "wine glass"}),
    frozenset({"tvmonitor", "laptop"}),
    frozenset({"backpack", "handbag", "suitcase"}),
    frozenset({"dog", "cat", "sheep", "cow", "horse"}),
)
"""Classes that detectors confuse: two of them in one place are one thing."""

INDOOR_FIXTURES = frozenset(
    {
        "sofa", "bed", "diningtable", "toilet", "tvmonitor", "microwave", "oven", "toaster", "sink", "refrigerator",
        "keyboard", "mouse", "remote", "hair drier", "toothbrush",
    }
)  # fmt: skip
STREET_FIXTURES = frozenset({"traffic light", "fire hydrant", "stop sign", "parking meter", "bus", "truck", "train"})
"""Stand or drive outdoors only. Cars do not count: they are seen through windows, and toys are taken for them."""

FOOD = frozenset(
    {"banana", "apple", "sandwich", "orange", "broccoli", "carrot", "hot dog", "pizza", "donut", "cake"},
)
TABLEWARE = frozenset({"fork", "spoon", "wine glass", "bowl", "cup"})
ON_TABLES = frozenset({"laptop", "keyboard", "mouse", "book", "vase", "bottle", "knife", "scissors"}) | TABLEWARE | FOOD
"""Lie on tables: one that is large at the lower edge of a photo shows that the wearer looks down on a table."""
