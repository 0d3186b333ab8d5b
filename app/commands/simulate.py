"""``python -m app simulate``: play a recording, photos or both to the server as a phone would."""

import asyncio
import itertools
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console

from app.commands.audio_messages import prepare_audio
from app.commands.options import reported
from app.commands.output import check_writable, write_json
from app.commands.photo_client import FIRST_INTERVAL_S, PhotoClient, find_photos
from app.commands.play_session import began_at, play_photos, play_with_photos
from app.commands.recording_client import Client
from app.commands.session_over_http import Message, read_timeline
from app.domain.errors import InvalidInput


def simulate(
    audio: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="WAV, FLAC, Ogg or MP3.")] = None,
    photos: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            file_okay=False,
            help="Folder of JPEG, PNG or WebP: sent by name, over and over while the "
            "recording lasts. Without --audio they make a session of their own, each sent once.",
        ),
    ] = None,
    every: Annotated[
        float | None,
        typer.Option(min=0.1, help="Seconds of the session between photos; default: what the server asks for."),
    ] = None,
    url: Annotated[str, typer.Option(help="The server's socket.")] = "ws://127.0.0.1:8000/ws/audio",
    encoding: Annotated[str, typer.Option(help="pcm16 or opus.")] = "pcm16",
    sample_rate: Annotated[int, typer.Option(min=8000, max=48000, help="In Hz, for pcm16.")] = 16_000,
    channels: Annotated[int, typer.Option(min=1, max=2, help="For pcm16.")] = 1,
    chunk_ms: Annotated[int, typer.Option(min=10, max=1000, help="Audio a message, for pcm16.")] = 20,
    speed: Annotated[float, typer.Option(min=0, help="Times real time; 0 = as fast as the server takes it.")] = 1.0,
    base64_messages: Annotated[bool, typer.Option("--base64", help="JSON messages instead of binary.")] = False,
    drop_after: Annotated[
        float | None, typer.Option(help="Break the connection after S seconds of audio, then resume.")
    ] = None,
    session_id: Annotated[str | None, typer.Option(help="Name of the session; default: the server makes one.")] = None,
    language: Annotated[str | None, typer.Option(help="ISO 639-1; default: detected.")] = None,
    summary_language: Annotated[str | None, typer.Option(help="ISO 639-1; default: the transcript's.")] = None,
    vocabulary: Annotated[str | None, typer.Option(help="Names and jargon, separated by commas.")] = None,
    timezone: Annotated[str | None, typer.Option(help="IANA name, such as Europe/Madrid.")] = None,
    speakers: Annotated[int | None, typer.Option(min=1, help="How many people speak, if known.")] = None,
    diarize: Annotated[bool, typer.Option(help="Tell speakers apart.")] = True,
    api_key: Annotated[str | None, typer.Option(envvar="VIGIA_API_KEY", help="For servers that ask for one.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the analysis to this file.")] = None,
    quiet: Annotated[bool, typer.Option(help="Show nothing but errors.")] = False,
) -> None:
    """Play a recording, photos or both to the server as a phone would, and show what comes back."""
    from app.commands.live_transcript import LiveTranscript
    from app.commands.show_analysis import show_analysis
    from app.commands.show_timeline import show_timeline

    console = Console(quiet=quiet)
    wanted = {
        "session_id": session_id,
        "encoding": encoding,
        "sample_rate": sample_rate,
        "channels": 1 if encoding == "opus" else channels,
        "language": language,
        "summary_language": summary_language,
        "vocabulary": [word.strip() for word in vocabulary.split(",")] if vocabulary else None,
        "timezone": timezone,
        "speakers": speakers,
        "diarize": diarize,
    }
    with reported():
        if encoding not in ("pcm16", "opus"):
            raise InvalidInput("--encoding must be pcm16 or opus")
        if audio is None and photos is None:
            raise InvalidInput("give --audio, --photos or both")
        check_writable(json_file)
        paths = find_photos(photos) if photos else []
        config: dict[str, Any] = {name: value for name, value in wanted.items() if value is not None}
        chunks: list[bytes] = []
        chunk_s = 0.0
        if audio is not None:
            form: Literal["pcm16", "opus"] = "opus" if encoding == "opus" else "pcm16"
            chunks, chunk_s = prepare_audio(
                audio, encoding=form, sample_rate=sample_rate, channels=channels, chunk_ms=chunk_ms
            )
        total_s = len(chunks) * chunk_s if chunks else len(paths) * (every or FIRST_INTERVAL_S)
        began = began_at(time.time(), total_s, speed)
        sender = PhotoClient(url, began, every, summary_language or language, api_key)
        if paths:
            config["started_at"] = began
        with LiveTranscript(console, total_s=total_s) as live:
            sender.on_photo = live.show_photo
            client = Client(
                url,
                config,
                chunks,
                chunk_s,
                speed=speed,
                use_base64=base64_messages,
                drop_after_s=drop_after,
                api_key=api_key,
                on_message=live.show,
            )
            analysis = asyncio.run(_play(client if audio else None, sender, paths, config, speed))
        if audio is None:
            console.print(f"session {analysis['session_id']}", style="dim", highlight=False)
        show_analysis(console, analysis)
        write_json(json_file, analysis)
        if paths:
            timeline = asyncio.run(read_timeline(url, api_key, analysis["session_id"]))
            show_timeline(console, timeline, analysis["summary_language"])


async def _play(
    client: Client | None, photos: PhotoClient, paths: Sequence[Path], config: Mapping[str, Any], speed: float
) -> Message:
    if client is None:
        return await play_photos(photos, paths, config, speed)
    return await (play_with_photos(client, photos, itertools.cycle(paths)) if paths else client.run())
