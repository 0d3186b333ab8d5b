"""``python -m app bench diarization``: who spoke when, against reference annotations."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from app.application.warm_up import SilentSource
from app.commands.bench.child_process import in_child_process
from app.commands.bench.diarization_errors import COLLARS_S, ErrorRates, read_rttm
from app.commands.bench.machine import describe, machine
from app.commands.options import load_settings, reported
from app.commands.output import check_writable, write_json
from app.composition.choice import check_models
from app.composition.models import build_diarizer
from app.composition.recordings import decoded
from app.domain.audio.models import SAMPLE_RATE_HZ
from app.domain.diarization.models import SpeakerTurn
from app.domain.errors import ConfigurationError
from app.settings import Settings

Files = Annotated[list[Path], typer.Argument(help="Recordings.")]
RttmDir = Annotated[
    Path | None, typer.Option("--rttm-dir", help="Where the references lie; default: beside each recording.")
]
Output = Annotated[Path | None, typer.Option("--json", help="Write all figures there.")]
Speakers = Annotated[int | None, typer.Option("--speakers", min=1, help="How many speak; default: found.")]
Profile = Annotated[str | None, typer.Option("--profile", help="Whose diarizer; default: the configured profile.")]
ModelsDir = Annotated[Path | None, typer.Option("--models-dir", help="Where models lie; default: the user's cache.")]


@dataclass(frozen=True)
class Diarized:
    """One recording's turns and cost."""

    name: str
    turns: tuple[SpeakerTurn, ...]
    audio_s: float
    wall_s: float
    cpu_s: float


def bench_diarization(
    files: Files,
    rttm_dir: RttmDir = None,
    output: Output = None,
    speakers: Speakers = None,
    profile: Profile = None,
    models_dir: ModelsDir = None,
) -> None:
    """Measure diarization error rate (overlapped speech counted), speakers found, real-time factor and memory."""
    settings = load_settings(profile=profile, models_dir=models_dir)
    with reported():
        check_models(settings)
        check_writable(output)
        missing = [path for path in files if not path.is_file()]
        if missing:
            raise ConfigurationError(f"there is no file {missing[0]}")
        references = {path.name: (rttm_dir or path.parent) / f"{path.stem}.rttm" for path in files}
        (model_id, results), peak_mib = in_child_process(diarize_all, settings, files, speakers)
        figures = {"machine": machine(), "model": model_id, **compare(results, references), "peak_mib": round(peak_mib)}
        show(Console(), figures)
        write_json(output, figures)


def diarize_all(settings: Settings, files: Sequence[Path], speakers: int | None) -> tuple[str, list[Diarized]]:
    """Diarize recordings one after the other; the model is loaded before the clock runs."""
    return asyncio.run(_diarize_all(settings, files, speakers))


async def _diarize_all(settings: Settings, files: Sequence[Path], speakers: int | None) -> tuple[str, list[Diarized]]:
    diarizer = build_diarizer(settings)
    await diarizer.diarize(SilentSource())
    results = []
    for path in files:
        with decoded(path, max_duration_s=settings.audio.max_session_s) as audio:
            began_s, began_cpu_s = time.perf_counter(), time.process_time()
            turns = await diarizer.diarize(audio, speakers=speakers)
            wall_s, cpu_s = time.perf_counter() - began_s, time.process_time() - began_cpu_s
            results.append(Diarized(path.name, tuple(turns), audio.samples / SAMPLE_RATE_HZ, wall_s, cpu_s))
    return diarizer.model_id, results


def compare(results: Sequence[Diarized], references: Mapping[str, Path]) -> dict[str, Any]:
    """Error rates and costs, for each recording and in all; recordings without a reference have no error rates."""
    rates = ErrorRates()
    rows = []
    for result in results:
        row: dict[str, Any] = {
            "file": result.name,
            "audio_s": round(result.audio_s, 1),
            "speakers": len({turn.speaker for turn in result.turns}),
            "real_time_factor": round(result.wall_s / max(result.audio_s, 1e-9), 3),
            "cpu_factor": round(result.cpu_s / max(result.audio_s, 1e-9), 3),
            "turns": [asdict(turn) for turn in result.turns],
        }
        if references[result.name].is_file():
            expected = read_rttm(references[result.name])
            row["reference_speakers"] = len({turn.speaker for turn in expected})
            row["error_rates"] = rates.add(expected, result.turns, result.audio_s)
        rows.append(row)
    audio_s = sum(result.audio_s for result in results)
    total = {
        "audio_s": round(audio_s, 1),
        "error_rates": rates.total(),
        "real_time_factor": round(sum(result.wall_s for result in results) / max(audio_s, 1e-9), 3),
        "cpu_factor": round(sum(result.cpu_s for result in results) / max(audio_s, 1e-9), 3),
    }
    return {"files": rows, "total": total}


def show(console: Console, figures: dict[str, Any]) -> None:
    """Print the figures as a table."""
    table = Table(
        "recording", "length", "speakers", *(f"DER, collar {collar:g} s" for collar in COLLARS_S), "RTF", "CPU"
    )
    for row in [*figures["files"], {"file": "all", **figures["total"]}]:
        rates = row.get("error_rates") or {}
        table.add_row(
            row["file"],
            f"{row['audio_s']:.1f} s",
            f"{row.get('speakers', '')}" + (f" of {row['reference_speakers']}" if "reference_speakers" in row else ""),
            *(f"{100 * rates[f'{collar:g}']:.1f} %" if rates else "–" for collar in COLLARS_S),
            f"{row['real_time_factor']:.3f}",
            f"{row['cpu_factor']:.3f}",
        )
    console.print(table)
    console.print(f"{figures['model']}, peak memory {figures['peak_mib']} MiB")
    console.print(describe(figures["machine"]))
