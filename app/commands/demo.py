"""``python -m app demo``: from nothing to an analysed meeting with photos, on the real server and the real models."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from app.commands.audio_messages import prepare_audio
from app.commands.demo_photos import demo_photos
from app.commands.live_transcript import LiveTranscript
from app.commands.local_server import running_server
from app.commands.options import load_settings, reported
from app.commands.output import make_folder, write_json
from app.commands.photo_client import PhotoClient
from app.commands.play_session import began_at, play_with_photos
from app.commands.pull_progress import pull_missing
from app.commands.recording_client import Client
from app.commands.session_over_http import read_timeline
from app.commands.show_analysis import show_analysis
from app.commands.show_timeline import show_timeline
from app.domain.errors import ConfigurationError, GatewayUnavailable
from app.infrastructure.catalog.catalog import Catalog

RECORDINGS = Path(__file__).parents[1] / "demo"


def demo(
    language: Annotated[str, typer.Option(help="en or es: which recording is played.")] = "en",
    speed: Annotated[float, typer.Option(min=0, help="Times real time; 0 = as fast as the server takes it.")] = 4.0,
    out: Annotated[Path, typer.Option(help="Folder for the analysis, the server's log and its data.")] = Path(
        "out/demo"
    ),
    models_dir: Annotated[Path | None, typer.Option(help="Where models lie; default: the user's cache.")] = None,
) -> None:
    """Fetch models and photos, start a server on a free port, play a bundled meeting through it, and show what it understood."""
    console = Console()
    with reported():
        recording = RECORDINGS / f"{language}.ogg"
        if not recording.is_file():
            raise ConfigurationError("--language must be en or es")
        settings = load_settings(profile="cpu", models_dir=models_dir)
        make_folder(out, "--out")
        pull_missing(settings)
        paths = demo_photos(Catalog.from_settings(settings), lambda told: console.print(told, style="yellow"))
        chunks, chunk_s = prepare_audio(recording, encoding="opus", sample_rate=16_000, channels=1, chunk_ms=20)
        total_s = len(chunks) * chunk_s
        began = began_at(time.time(), total_s, speed)
        config = {"encoding": "opus", "timezone": "Europe/Madrid", "started_at": began}
        with running_server(settings, out, console) as server:
            url = f"ws://{server.address}/ws/audio"
            console.print(f"playing {recording.name} ({total_s:.0f} s) at {speed:g} times real time{_with(paths)}\n")
            with LiveTranscript(console, total_s=total_s) as live:
                client = Client(url, config, chunks, chunk_s, speed=speed, on_message=live.show)
                sender = PhotoClient(url, began, total_s / max(1, len(paths)), language, on_photo=live.show_photo)
                playing = play_with_photos(client, sender, paths) if paths else client.run()
                analysis = asyncio.run(playing)
            timeline = asyncio.run(read_timeline(url, None, analysis["session_id"])) if paths else None
        show_analysis(console, analysis)
        if timeline is not None:
            show_timeline(console, timeline, language)
        result = out / f"analysis-{language}.json"
        write_json(result, analysis, "--out")
        console.print(f"\nThe same as JSON: {result}", highlight=False, soft_wrap=True)
        if not analysis["quality"]["complete"]:
            raise GatewayUnavailable(
                f"the analysis is incomplete (see the notes above); the server's log is {out / 'server.log'}"
            )


def _with(photos: Sequence[Path]) -> str:
    return f", with {len(photos)} photos" if photos else ""
