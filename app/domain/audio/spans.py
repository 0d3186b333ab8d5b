"""Sets of stretches of time."""

from collections.abc import Iterable, Sequence

from app.domain.audio.models import TimeSpan


def joined(spans: Iterable[TimeSpan]) -> list[TimeSpan]:
    """The same time as ``spans`` cover, in order, without overlap."""
    found: list[TimeSpan] = []
    for span in sorted(spans, key=lambda span: span.start):
        if found and span.start <= found[-1].end:
            found[-1] = TimeSpan(found[-1].start, max(found[-1].end, span.end))
        else:
            found.append(span)
    return found


def without(spans: Iterable[TimeSpan], holes: Sequence[TimeSpan]) -> list[TimeSpan]:
    """What is left of ``spans``, joined, outside of ``holes``."""
    left: list[TimeSpan] = []
    for span in joined(spans):
        start = span.start
        for hole in joined(holes):
            if hole.end > start and hole.start < span.end:
                if hole.start > start:
                    left.append(TimeSpan(start, hole.start))
                start = max(start, hole.end)
        if start < span.end:
            left.append(TimeSpan(start, span.end))
    return left
