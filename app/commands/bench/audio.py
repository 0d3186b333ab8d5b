"""``python -m app bench audio``: word errors, speed, memory and delays of recording sessions, beside bare faster-whisper."""

import json
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from app.commands.bench.audio_figures import BARE, LIVE, SERVED, WHOLE, Way, same_texts, show, summary
from app.commands.bench.child_process import in_child_process
from app.commands.bench.listening import measure_bare, measure_live, measure_recordings
from app.commands.bench.machine import machine
from app.commands.bench.references import read_references
from app.commands.bench.served import measure_served, require_models
from app.commands.bench.variants import with_variants
from app.commands.options import SpokenLanguage, load_settings, reported
from app.commands.output import check_writable, write_json
from app.composition.choice import check_models, chosen
from app.composition.models import listening_options
from app.domain.errors import ConfigurationError
from app.settings import Settings

DEMO = Path(__file__).parents[2] / "demo"

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
Variants = Annotated[
    bool,
    typer.Option("--variants", help="Add each recording quieter, later and with faint noise: word errors to rely on."),
]
NoBare = Annotated[bool, typer.Option("--no-bare", help="Leave bare faster-whisper out.")]
NoServed = Annotated[
    bool, typer.Option("--no-served", help="Leave the sessions on a real server out, and with them the language model.")
]
Profile = Annotated[str | None, typer.Option("--profile", help="Whose models; default: the configured profile.")]
ModelsDir = Annotated[Path | None, typer.Option("--models-dir", help="Where models lie; default: the user's cache.")]


def bench_audio(
    files: Files = None,
    reference: Reference = None,
    output: Output = None,
    pace: Pace = 1.0,
    at_once: AtOnce = None,
    language: SpokenLanguage = None,
    variants: Variants = False,
    no_bare: NoBare = False,
    no_served: NoServed = False,
    profile: Profile = None,
    models_dir: ModelsDir = None,
) -> None:
    """Recognise recordings as whole files, as live sessions and on a real server, beside bare faster-whisper in one run."""
    settings = load_settings(profile=profile, models_dir=models_dir)
    with reported(), tempfile.TemporaryDirectory(prefix="vigia-bench-") as scratch:
        check_models(settings)
        check_writable(output)
        paths = files or sorted(DEMO.glob("*.ogg"))
        missing = [path for path in paths if not path.is_file()]
        if missing:
            raise ConfigurationError(f"there is no file {missing[0]}")
        texts = _demo_references() if files is None and reference is None else {}
        if reference is not None:
            texts = read_references(reference)
        if not no_served:
            require_models(settings)
        if variants:
            paths, texts = with_variants(paths, texts, Path(scratch))
        recordings = [(path, language) for path in paths]
        ways: dict[str, Way] = {}
        if not no_bare and "faster_whisper" in chosen(settings)["transcriber"].packages:
            ways[BARE] = in_child_process(measure_bare, settings, recordings)
        ways[WHOLE] = in_child_process(measure_recordings, settings, recordings)
        options = listening_options(settings)
        ways[LIVE] = in_child_process(measure_live, settings, recordings, pace, options)
        if not no_served:
            ways[SERVED] = measure_served(settings, recordings, pace)
        for sessions in at_once or ():
            ways[f"{sessions} at once"] = in_child_process(measure_live, settings, recordings, pace, options, sessions)
        figures = {
            "machine": machine(),
            "transcriber": _model(settings, "transcriber"),
            "language_model": _model(settings, "language_model") if SERVED in ways else None,
            "beam_size": settings.listening.beam_size,
            "pace": pace,
            "variants": variants,
            "ways": {name: summary(paths, texts, found, peak) for name, (found, peak) in ways.items()},
            "same_text_as_alone": same_texts(ways),
        }
        show(Console(), figures)
        write_json(output, figures)


def _model(settings: Settings, role: str) -> str:
    """What recognised or analysed: a model, or the adapter itself if it needs none."""
    model = chosen(settings)[role].model
    return str(getattr(settings.models, role)) if model is None else model(settings)


def _demo_references() -> dict[str, str]:
    texts = {}
    for path in DEMO.glob("*.json"):
        lines = json.loads(path.read_text(encoding="utf-8"))["transcript"]
        texts[f"{path.stem}.ogg"] = " ".join(line["text"] for line in lines)
    return texts
