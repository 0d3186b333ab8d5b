"""The figures of ``bench audio``, for JSON and as tables."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import quantiles
from typing import Any, TypeAlias

from rich.console import Console
from rich.table import Table

from app.commands.bench.listening import Measured
from app.commands.bench.machine import describe
from app.commands.bench.references import Counts, rate, reference_of, word_errors
from app.commands.bench.scores import ratio

BARE, WHOLE, LIVE, SERVED = "bare faster-whisper", "whole files", "live", "served"
Way: TypeAlias = tuple[list[Measured], float | None]
"""Every recording, and the peak memory in MiB where it is known."""


def show(console: Console, figures: dict[str, Any]) -> None:
    """Print the figures as tables."""
    console.print(
        f"{figures['transcriber']}, beam {figures['beam_size']}, live at {figures['pace']:g} times real time, "
        f"on {describe(figures['machine'])}",
        highlight=False,
    )
    ways = figures["ways"]
    table = Table("Word error rate", *ways, box=None, pad_edge=False)
    for number, entry in enumerate(next(iter(ways.values()))["recordings"]):
        errors = [_percent(way["recordings"][number]["word_error_rate"]) for way in ways.values()]
        table.add_row(entry["file"], *errors)
    table.add_section()
    table.add_row("total", *(_percent(way["word_error_rate"]) for way in ways.values()))
    console.print(table)
    costs = Table("", *ways, box=None, pad_edge=False)
    for label, name, unit in (
        ("wall time", "wall_s", " s"),
        ("CPU time", "cpu_s", " s"),
        ("real-time factor", "real_time_factor", ""),
        ("CPU per second of audio", "cpu_factor", " s"),
        ("peak memory", "peak_mib", " MiB"),
        ("first partial after first word, median", "first_partial_p50_s", " s"),
        ("partial lag p50", "lag_p50_s", " s"),
        ("partial lag p95", "lag_p95_s", " s"),
        ("end of stream to transcript, median", "end_to_transcript_p50_s", " s"),
        ("end of stream to transcript, worst", "end_to_transcript_max_s", " s"),
        ("end of stream to analysis, median", "end_to_final_p50_s", " s"),
        ("end of stream to analysis, worst", "end_to_final_max_s", " s"),
        ("analysis per second of audio", "analysis_factor", " s"),
    ):
        cells = [way[name] for way in ways.values()]
        costs.add_row(label, *(_figure(value, unit) for value in cells))
    console.print(costs)
    for name, way in ways.items():
        if way["incomplete"]:
            told = f"{way['incomplete']} of {len(way['recordings'])} analyses are incomplete and not among the waits"
            console.print(f"{name}: {told}; the JSON's notes say why", highlight=False)
    for name, same in figures["same_text_as_alone"].items():
        console.print(f"{name}, same text as alone: {same} of {len(ways[LIVE]['recordings'])}", highlight=False)


def summary(
    paths: Sequence[Path], texts: Mapping[str, str], found: Sequence[Measured], peak_mib: float | None
) -> dict[str, Any]:
    """The figures of one way, in all and for each recording, ready for JSON."""
    entries, counted = [], []
    for path, each in zip(paths, found, strict=True):
        said = reference_of(path, texts)
        errors: Counts | None = None if said is None else word_errors(said, each.text)
        counted += [] if errors is None else [errors]
        entries.append(
            {
                "file": path.name,
                "duration_s": round(each.duration_s, 2),
                "word_error_rate": None if errors is None else rate([errors]),
                "wall_s": round(each.wall_s, 3),
                "cpu_s": round(each.cpu_s, 3),
                "first_partial_s": each.first_partial_s,
                "end_to_transcript_s": each.end_to_transcript_s,
                **_served(each),
                "text": each.text,
            }
        )
    duration_s = sum(each.duration_s for each in found)
    wall_s, cpu_s = sum(each.wall_s for each in found), sum(each.cpu_s for each in found)
    lags = [lag for each in found for lag in each.lags_s]
    return {
        "word_error_rate": rate(counted),
        "duration_s": round(duration_s, 2),
        "wall_s": round(wall_s, 3),
        "cpu_s": round(cpu_s, 3),
        "real_time_factor": wall_s / duration_s,
        "cpu_factor": cpu_s / duration_s,
        "peak_mib": None if peak_mib is None else round(peak_mib),
        "first_partial_p50_s": percentile(_known(each.first_partial_s for each in found), 50),
        "lag_p50_s": percentile(lags, 50),
        "lag_p95_s": percentile(lags, 95),
        **_waits(found),
        "recordings": entries,
    }


def _waits(found: Sequence[Measured]) -> dict[str, Any]:
    """How long a user waits after the end of a session; incomplete analyses have no waits and are only counted."""
    to_transcript = _known(each.end_to_transcript_s for each in found)
    to_final = _known(each.end_to_final_s for each in found)
    complete = [each for each in found if each.end_to_final_s is not None]
    return {
        "end_to_transcript_p50_s": percentile(to_transcript, 50),
        "end_to_transcript_max_s": max(to_transcript, default=None),
        "end_to_final_p50_s": percentile(to_final, 50),
        "end_to_final_max_s": max(to_final, default=None),
        "analysis_factor": ratio(sum(_analyze_s(each) for each in complete), sum(each.duration_s for each in complete)),
        "incomplete": sum(each.timings_ms is not None for each in found) - len(complete),
    }


def _served(each: Measured) -> dict[str, Any]:
    """What only a server's sessions have."""
    if each.timings_ms is None:
        return {}
    return {
        "end_to_final_s": each.end_to_final_s,
        "timings_ms": dict(each.timings_ms),
        "analysis_factor": ratio(_analyze_s(each), each.duration_s),
        "notes": list(each.notes),
    }


def _analyze_s(each: Measured) -> float:
    return (each.timings_ms or {}).get("analyze", 0) / 1000


def same_texts(ways: Mapping[str, Way]) -> dict[str, int]:
    """How many sessions gave the same text beside others as alone."""
    alone, _ = ways[LIVE]
    return {
        name: sum(a.text == b.text for a, b in zip(alone, found, strict=True))
        for name, (found, _) in ways.items()
        if name not in (BARE, WHOLE, LIVE, SERVED)
    }


def percentile(values: Sequence[float], percent: int) -> float | None:
    """Linear between the two nearest values; None of nothing."""
    if len(values) < 2:
        return values[0] if values else None
    return quantiles(values, n=100, method="inclusive")[percent - 1]


def _known(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def _figure(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    return f"{value:.0f}{unit}" if value >= 1000 else f"{value:.3g}{unit}"  # 3g would write 1.23e+03


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"
