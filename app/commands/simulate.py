"""``python -m app simulate``: play a recording to the server as a phone would."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from app.commands.audio_messages import prepare_audio
from app.commands.options import reported
from app.commands.output import check_writable, write_json
from app.commands.recording_client import Client
from app.domain.errors import InvalidInput


def simulate(
    audio: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="WAV, FLAC, Ogg or MP3.")],
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
    """Play a recording to the server as a phone would, and show what comes back."""
    from app.commands.live_transcript import LiveTranscript
    from app.commands.show_analysis import show_analysis

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
        check_writable(json_file)
        chunks, chunk_s = prepare_audio(
            audio,
            encoding="opus" if encoding == "opus" else "pcm16",
            sample_rate=sample_rate,
            channels=channels,
            chunk_ms=chunk_ms,
        )
        with LiveTranscript(console, total_s=len(chunks) * chunk_s) as live:
            client = Client(
                url,
                {name: value for name, value in wanted.items() if value is not None},
                chunks,
                chunk_s,
                speed=speed,
                use_base64=base64_messages,
                drop_after_s=drop_after,
                api_key=api_key,
                on_message=live.show,
            )
            analysis = asyncio.run(client.run())
        show_analysis(console, analysis)
        write_json(json_file, analysis)
