"""``python -m app transcribe``: recognise recordings, one after the other."""

import asyncio
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from app.application.listening.transcribe_recording import RecordingTranscript, TranscribeRecording
from app.application.sessions.export_transcript import EXPORTS
from app.commands.options import SpokenLanguage, load_settings, reported
from app.commands.output import make_folder
from app.composition.models import build_transcriber, build_vad, close_adapters, listening_options
from app.composition.recordings import build_codec
from app.domain.errors import NotFound, VigiaError
from app.domain.session.models import TranscriptLine
from app.settings import Settings

Files = Annotated[list[Path], typer.Argument(help="Recordings: WAV, FLAC, Ogg/Opus, MP3.")]
Format = Annotated[Literal["txt", "json", "srt", "vtt", "md"], typer.Option("--format", help="Of the transcripts.")]
Output = Annotated[
    Path | None, typer.Option("--output", help="Folder for one file a recording; default: standard output.")
]
Vocabulary = Annotated[
    list[str] | None, typer.Option("--vocabulary", help="A name or term that may occur; repeatable.")
]
Profile = Annotated[str | None, typer.Option("--profile", help="Whose models; default: the configured profile.")]
ModelsDir = Annotated[Path | None, typer.Option("--models-dir", help="Where models lie; default: the user's cache.")]


def transcribe(
    files: Files,
    language: SpokenLanguage = None,
    format: Format = "txt",
    output: Output = None,
    vocabulary: Vocabulary = None,
    profile: Profile = None,
    models_dir: ModelsDir = None,
) -> None:
    """Transcribe recordings. Goes on after a file that fails, and then exits with 1."""
    settings = load_settings(profile=profile, models_dir=models_dir)
    with reported(), transcription(settings) as use_case:
        if output is not None:
            make_folder(output, "--output")

        def done(path: Path) -> bool:
            try:
                if not path.is_file():
                    raise NotFound("there is no such file")
                found = asyncio.run(_with_progress(use_case, path, language, tuple(vocabulary or ())))
                _write(path, found, format, _target(path, files, format, output), several=len(files) > 1)
                if not found.whole:
                    typer.echo(f"warning: {path} is damaged or cut off: this is what could be decoded", err=True)
            except (VigiaError, OSError) as error:
                typer.echo(f"error: {path}: {error}", err=True)
                return False
            return True

        failed = [path for path in files if not done(path)]
    if failed:
        raise typer.Exit(1)


@contextmanager
def transcription(settings: Settings) -> Iterator[TranscribeRecording]:
    """The use case on the configured models; they are closed afterwards."""
    vad, transcriber = build_vad(settings), build_transcriber(settings)
    try:
        yield TranscribeRecording(build_codec(), vad, transcriber, listening_options(settings))
    finally:
        close_adapters(vad, transcriber)


async def _with_progress(
    use_case: TranscribeRecording, path: Path, language: str | None, vocabulary: tuple[str, ...]
) -> RecordingTranscript:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[heard]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task(path.name, total=None, heard="")

        def show(heard_s: float, duration_s: float | None) -> None:
            progress.update(task, completed=heard_s, total=duration_s, heard=f"{heard_s:.0f} s")

        return await use_case.transcribe(path, language=language, vocabulary=vocabulary, on_progress=show)


def _target(path: Path, files: list[Path], format: str, folder: Path | None) -> Path | None:
    """Where the transcript goes; recordings that differ in their ending or folder only get files of their own."""
    if folder is None:
        return None
    for name in (path.stem, path.name, "-".join(path.absolute().parts[1:])):
        if sum(name in (other.stem, other.name) for other in files) <= 1:
            break
    return folder / f"{name}.{format}"


def _write(path: Path, found: RecordingTranscript, format: str, target: Path | None, *, several: bool) -> None:
    text = _as_text(path, found, format)
    if target is not None:
        target.write_text(text, encoding="utf-8")
    elif several and format != "json":
        typer.echo(f"== {path} ==\n{text}")
    else:
        typer.echo(text, nl=not text.endswith("\n"))


def _as_text(path: Path, found: RecordingTranscript, format: str) -> str:
    if format == "json":
        segments = [asdict(segment) for segment in found.segments]
        return json.dumps(
            {
                "file": str(path),
                "language": found.language,
                "duration_s": found.duration_s,
                "whole": found.whole,
                "segments": segments,
            },
            ensure_ascii=False,
        )
    export, _ = EXPORTS[format]
    return export([TranscriptLine(each.segment_id, None, each.start, each.end, each.text) for each in found.segments])
