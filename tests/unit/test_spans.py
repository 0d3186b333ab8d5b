import pytest

from app.domain.audio.models import TimeSpan
from app.domain.audio.spans import joined, without

pytestmark = pytest.mark.unit


def spans(*bounds: tuple[float, float]) -> list[TimeSpan]:
    return [TimeSpan(start, end) for start, end in bounds]


def test_overlapping_and_touching_spans_are_joined() -> None:
    assert joined(spans((5, 6), (0, 2), (1, 3), (3, 4))) == spans((0, 4), (5, 6))
    assert joined([]) == []


def test_holes_are_left_out() -> None:
    assert without(spans((0, 10), (12, 14)), spans((2, 3), (9, 13))) == spans((0, 2), (3, 9), (13, 14))
    assert without(spans((0, 10)), []) == spans((0, 10))
    assert without(spans((1, 2), (4, 5)), spans((0, 3))) == spans((4, 5))
