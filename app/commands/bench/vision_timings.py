"""How long photos took, and what that says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from app.commands.bench.audio_figures import percentile

ALLOWED_SHARE, ALLOWED_MS = 0.05, 15.0
"""What the server may add to the bare models at the median: the more generous of the two."""
ALLOWED_UNDER_LOAD = 4.0
"""How many times its idle value the 95th percentile may have while sessions stream."""
ALLOWED_STALL_S = 0.02
"""Of the event loop, 99.9th percentile."""


@dataclass(frozen=True)
class Sample:
    """One photo that was described.

    Attributes:
        photo: its name.
        wall_ms: as whoever asked saw it.
        stages_ms: by stage, as whoever did it says.
    """

    photo: str
    wall_ms: float
    stages_ms: Mapping[str, float]


def served_stages(wall_ms: float, timings_ms: Mapping[str, float]) -> dict[str, float]:
    """A server's stages, with ``other`` (of its total, what no stage tells) and ``transfer`` (before and after its total)."""
    total = timings_ms.get("total", wall_ms)
    known = {name: float(value) for name, value in timings_ms.items() if name != "total"}
    return {**known, "other": total - sum(known.values()), "total": total, "transfer": wall_ms - total}


def summary(samples: Sequence[Sample]) -> dict[str, Any]:
    """Median and 95th percentile in all and by stage; stages that a photo did not go through count as 0."""
    stages = dict.fromkeys(name for sample in samples for name in sample.stages_ms)
    return {
        "photos": len(samples),
        **_percentiles([sample.wall_ms for sample in samples]),
        "stages": {name: _percentiles([sample.stages_ms.get(name, 0.0) for sample in samples]) for name in stages},
    }


def difference(bare: Sequence[Sample], served: Sequence[Sample]) -> dict[str, Any]:
    """How much longer the server takes, at the median, and photo by photo.

    Args:
        bare: the same photos in the same order as
        served: those of the server.
    """
    ours, theirs = (percentile([sample.wall_ms for sample in samples], 50) for samples in (served, bare))
    if ours is None or theirs is None:
        return {"p50_ms": None, "p50_share": None, "paired_median_ms": None, "met": None}
    more = ours - theirs
    pairs = [each.wall_ms - other.wall_ms for each, other in zip(served, bare, strict=True)]
    return {
        "p50_ms": round(more, 1),
        "p50_share": round(more / theirs, 4),
        "paired_median_ms": round(median(pairs), 1),
        "met": more <= max(ALLOWED_MS, ALLOWED_SHARE * theirs),
    }


def _percentiles(values: Sequence[float]) -> dict[str, float | None]:
    return {f"p{percent}_ms": _rounded(percentile(values, percent)) for percent in (50, 95)}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
