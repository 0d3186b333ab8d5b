"""``python -m app bench vision``: how long photos take on a real server, beside the bare models, idle and under load."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console

from app.commands.bench.machine import load_average, machine
from app.commands.bench.served import require_models
from app.commands.bench.vision_figures import show
from app.commands.bench.vision_phases import ALONE, BARE, IN_SESSION, Idle, Loaded
from app.commands.bench.vision_photos import made_photos, read_photos
from app.commands.bench.vision_references import PhotoReference, compare, read_photo_references, totals
from app.commands.bench.vision_run import AS_THEY_ARE, Measured, Plan, measure
from app.commands.bench.vision_timings import ALLOWED_UNDER_LOAD, difference, summary
from app.commands.options import load_settings, reported
from app.commands.output import check_writable, write_json
from app.composition.choice import check_models
from app.domain.errors import ConfigurationError

SPEECH = Path(__file__).parents[2] / "demo" / "es.ogg"
REFERENCES = "references.json"

Folder = Annotated[Path | None, typer.Argument(help="Folder of photos; default: pictures that are made up.")]
Reference = Annotated[
    Path | None, typer.Option("--reference", help="What they show; default: references.json in the folder, if any.")
]
Output = Annotated[Path | None, typer.Option("--json", "--out", help="Write all figures there.")]
Rounds = Annotated[int, typer.Option("--rounds", min=1, help="How often each photo is sent in each way.")]
Glasses = Annotated[
    bool, typer.Option("--glasses", help="Also send them within 640 x 480 and at JPEG quality 25, as glasses do.")
]
Speech = Annotated[Path, typer.Option("--speech", help="What the sessions stream while photos are sent.")]
Sessions = Annotated[int, typer.Option("--sessions", min=0, help="How many stream at once; 0 leaves this out.")]
Every = Annotated[float, typer.Option("--every", min=0, help="Seconds between photos while sessions stream.")]
Language = Annotated[Literal["es", "en"], typer.Option("--language", help="Of the descriptions.")]
Profile = Annotated[str | None, typer.Option("--profile", help="Whose models; default: the configured profile.")]
ModelsDir = Annotated[Path | None, typer.Option("--models-dir", help="Where models lie; default: the user's cache.")]


def bench_vision(
    folder: Folder = None,
    reference: Reference = None,
    output: Output = None,
    rounds: Rounds = 3,
    glasses: Glasses = False,
    speech: Speech = SPEECH,
    sessions: Sessions = 4,
    every: Every = 2.0,
    language: Language = "es",
    profile: Profile = None,
    models_dir: ModelsDir = None,
) -> None:
    """Send photos to a real server and to its bare models by turns, then to the server while sessions stream."""
    settings = load_settings(profile=profile, models_dir=models_dir)
    with reported():
        check_models(settings)
        check_writable(output)
        require_models(settings)
        if sessions and not speech.is_file():
            raise ConfigurationError(f"there is no file {speech}")
        photos = made_photos() if folder is None else read_photos(folder)
        references = _references(folder, reference)
        plan = Plan(photos, rounds, glasses, speech, sessions, every, language)
        before = load_average()
        measured = measure(settings, plan)
        figures = {
            "machine": machine(),
            "load_average": {"before": before, "after": load_average()},
            "profile": settings.profile,
            "language": language,
            "photos": len(photos),
            "source": "made up" if folder is None else f"of {folder.resolve().name}",
            "rounds": rounds,
            **_figures(plan, measured, references),
        }
        show(Console(), figures)
        write_json(output, figures)


def _references(folder: Path | None, given: Path | None) -> dict[str, PhotoReference]:
    path = given or (None if folder is None else folder / REFERENCES)
    return {} if path is None or (given is None and not path.is_file()) else read_photo_references(path)


def _figures(plan: Plan, measured: Measured, references: dict[str, PhotoReference]) -> dict[str, Any]:
    rows = [
        compare(photo.name, described.body, references.get(photo.name))
        for photo, described in zip(plan.photos, measured.looked, strict=True)
    ]
    return {
        "model": measured.looked[0].body["model"],
        "latency": {size: _idle(idle) for size, idle in measured.idle.items()},
        "under_load": None if measured.loaded is None else _loaded(plan, measured.loaded, measured.idle[AS_THEY_ARE]),
        "memory": {"describer_mib": measured.describer_mib, "moments": measured.memory},
        "quality": {"totals": totals(rows), "photos": rows},
    }


def _idle(idle: Idle) -> dict[str, Any]:
    served = (ALONE, IN_SESSION)
    return {
        "ways": {way: summary(samples) for way, samples in idle.samples.items()},
        "more_than_bare": {way: difference(idle.samples[BARE], idle.samples[way]) for way in served},
        "skipped": idle.skipped,
        "stalls": idle.stalls,
    }


def _loaded(plan: Plan, loaded: Loaded, idle: Idle) -> dict[str, Any]:
    answers, alone = summary(loaded.samples), summary(idle.samples[IN_SESSION])
    times = round(answers["p95_ms"] / alone["p95_ms"], 2) if loaded.samples and alone["p95_ms"] else None
    return {
        "sessions": plan.sessions,
        "speech": plan.speech.name,
        "every_s": plan.every_s,
        "answers": answers,
        "p95_times_idle": times,
        "met": None if times is None else times <= ALLOWED_UNDER_LOAD,
        "skipped": loaded.skipped,
        "refused": loaded.refused,
        "stalls": loaded.stalls,
    }
