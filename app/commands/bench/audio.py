"""``python -m app bench audio``: word errors, speed, memory and delays of recognition, beside bare faster-whisper."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import quantiles
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from app.commands.bench.child_process import in_child_process
from app.commands.bench.listening import Measured, measure_bare, measure_live, measure_recordings
from app.commands.bench.machine import describe, machine
from app.commands.bench.references import Counts, rate, read_references, reference_of, word_errors
from app.commands.options import SpokenLanguage, load_settings, reported
from app.domain.errors import ConfigurationError
from app.infrastructure.models import listening_options

DEMO = Path(__file__).parents[2] / "demo"
BARE, WHOLE, LIVE = "bare faster-whisper", "whole files", "live"

Files = Annotated[list[Path] | None, typer.Argument(help="Recordings; default: the bundled ones.")]
Reference = Annotated[
    Path | None, typer.Option("--reference", help="JSON: texts by file name, or a list of {file, text}.")
]
Output = Annotated[Path | None, typer.Option("--json", help="Write all figures there.")]
Pace = Annotated[float, typer.Option("--pace", min=0.1, help="Of live sessions, times real time.")]
AtOnce = Annotated[
    list[int] | None,
    typer.Option(
        "--at-once",
        min=2,
        help="Also stream so many sessions at a time, and compare their texts with those alone. Can be given again.",
    ),
]
NoBare = Annotated[bool, typer.Option("--no-bare", help="Leave bare faster-whisper out.")]
Profile = Annotated[str | None, typer.Option("--profile", help="Whose models; default: the configured profile.")]
ModelsDir = Annotated[Path | None, typer.Option("--models-dir", help="Where models lie; default: the user's cache.")]


def bench_audio(
    files: Files = None,
    reference: Reference = None,
    output: Output = None,
    pace: Pace = 1.0,
    at_once: AtOnce = None,
    language: SpokenLanguage = None,
    no_bare: NoBare = False,
    profile: Profile = None,
    models_dir: ModelsDir = None,
) -> None:
    """Recognise recordings as whole files and as live sessions, and compare with bare faster-whisper in the same run."""
    settings = load_settings(profile=profile, models_dir=models_dir)
    with reported():
        paths = files or sorted(DEMO.glob("*.ogg"))
        missing = [path for path in paths if not path.is_file()]
        if missing:
            raise ConfigurationError(f"there is no file {missing[0]}")
        texts = _demo_references() if files is None and reference is None else {}
        if reference is not None:
            texts = read_references(reference)
        recordings = [(path, language) for path in paths]
        ways: dict[str, tuple[list[Measured], float]] = {}
        if not no_bare and settings.models.transcriber == "faster-whisper":
            ways[BARE] = in_child_process(measure_bare, settings, recordings)
        ways[WHOLE] = in_child_process(measure_recordings, settings, recordings)
        options = listening_options(settings)
        ways[LIVE] = in_child_process(measure_live, settings, recordings, pace, options)
        for sessions in at_once or ():
            ways[f"{sessions} at once"] = in_child_process(measure_live, settings, recordings, pace, options, sessions)
        figures = {
            "machine": machine(),
            "transcriber": settings.models.transcriber_model,
            "beam_size": settings.listening.beam_size,
            "pace": pace,
            "ways": {name: _summary(paths, texts, found, peak) for name, (found, peak) in ways.items()},
            "same_text_as_alone": _same_texts(ways),
        }
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(json.dumps(figures, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    show(Console(), figures)


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
        ("end of stream to transcript, worst", "end_to_transcript_max_s", " s"),
    ):
        cells = [way[name] for way in ways.values()]
        costs.add_row(label, *("–" if value is None else f"{value:.3g}{unit}" for value in cells))
    console.print(costs)
    for name, same in figures["same_text_as_alone"].items():
        console.print(f"{name}, same text as alone: {same} of {len(ways[LIVE]['recordings'])}", highlight=False)


def _summary(paths: Sequence[Path], texts: dict[str, str], found: list[Measured], peak_mib: float) -> dict[str, Any]:
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
                "text": each.text,
            }
        )
    duration_s = sum(each.duration_s for each in found)
    wall_s, cpu_s = sum(each.wall_s for each in found), sum(each.cpu_s for each in found)
    lags = [lag for each in found for lag in each.lags_s]
    firsts = [each.first_partial_s for each in found if each.first_partial_s is not None]
    ends = [each.end_to_transcript_s for each in found if each.end_to_transcript_s is not None]
    return {
        "word_error_rate": rate(counted),
        "duration_s": round(duration_s, 2),
        "wall_s": round(wall_s, 3),
        "cpu_s": round(cpu_s, 3),
        "real_time_factor": wall_s / duration_s,
        "cpu_factor": cpu_s / duration_s,
        "peak_mib": round(peak_mib),
        "first_partial_p50_s": _percentile(firsts, 50),
        "lag_p50_s": _percentile(lags, 50),
        "lag_p95_s": _percentile(lags, 95),
        "end_to_transcript_max_s": max(ends, default=None),
        "recordings": entries,
    }


def _same_texts(ways: Mapping[str, tuple[list[Measured], float]]) -> dict[str, int]:
    """How many sessions gave the same text beside others as alone."""
    alone, _ = ways[LIVE]
    return {
        name: sum(a.text == b.text for a, b in zip(alone, found, strict=True))
        for name, (found, _) in ways.items()
        if name not in (BARE, WHOLE, LIVE)
    }


def _percentile(values: Sequence[float], percent: int) -> float | None:
    if len(values) < 2:
        return values[0] if values else None
    return quantiles(values, n=100, method="inclusive")[percent - 1]


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


def _demo_references() -> dict[str, str]:
    texts = {}
    for path in DEMO.glob("*.json"):
        lines = json.loads(path.read_text(encoding="utf-8"))["transcript"]
        texts[f"{path.stem}.ogg"] = " ".join(line["text"] for line in lines)
    return texts
