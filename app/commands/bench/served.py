"""What ``bench audio`` measures on a real server: sessions from the first audio to the analysis, as a client sees them."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console

from app.commands.audio_messages import prepare_audio
from app.commands.bench.child_process import process_cpu_s, process_peak_mib
from app.commands.bench.listening import Measured
from app.commands.local_server import LocalServer, running_server
from app.commands.recording_client import Client
from app.commands.session_over_http import Message
from app.composition.choice import models_used
from app.domain.audio.models import SAMPLE_RATE_HZ
from app.infrastructure.catalog.catalog import Catalog
from app.settings import Settings

CHUNK_MS = 20
AFTER_TRANSCRIPT = ("diarize", "analyze")


def require_models(settings: Settings) -> None:
    """See that the server will find every model, before anything is measured.

    Raises:
        ConfigurationError: one is missing or damaged; says which, and how to get it.
    """
    catalog = Catalog.from_settings(settings)
    for name in models_used(settings):
        catalog.locate(name)


def measure_served(
    settings: Settings, recordings: Sequence[tuple[Path, str | None]], pace: float
) -> tuple[list[Measured], float | None]:
    """Play each recording as a session through a real server with the reference client, one after another.

    Args:
        settings: as the bench was given them; the server reads the same profile, models folder and environment.
        recordings: each with its language, or None to have it detected.
        pace: times real time.

    Returns:
        What each session gave and took, and the peak memory of the server in MiB, where the system tells it.

    Raises:
        ConfigurationError: as for ``require_models``.
        GatewayUnavailable: the server does not come up, or is gone; its log is kept and named.
        GatewayError: a session ended without an analysis.
    """
    require_models(settings)
    with _scratch() as folder, running_server(settings, folder, Console(stderr=True)) as server:
        measured = [_session(server, path, language, pace) for path, language in recordings]
        return measured, process_peak_mib(server.pid)


class _Arrivals:
    """When the first messages that matter came."""

    def __init__(self) -> None:
        self.ready_s: float | None = None
        self.first_text_s: float | None = None

    def __call__(self, message: Message) -> None:
        if message["type"] == "ready" and self.ready_s is None:
            self.ready_s = time.perf_counter()
        shows_text = message["type"] == "partial_result" and (message["text"] or message["segments"])
        if shows_text and self.first_text_s is None:
            self.first_text_s = time.perf_counter()


def _session(server: LocalServer, path: Path, language: str | None, pace: float) -> Measured:
    chunks, chunk_s = prepare_audio(path, encoding="pcm16", sample_rate=SAMPLE_RATE_HZ, channels=1, chunk_ms=CHUNK_MS)
    config = {"encoding": "pcm16", "sample_rate": SAMPLE_RATE_HZ, "channels": 1}
    if language is not None:
        config["language"] = language
    arrivals = _Arrivals()
    client = Client(f"ws://{server.address}/ws/audio", config, chunks, chunk_s, speed=pace, on_message=arrivals)
    began_s, began_cpu_s = time.perf_counter(), process_cpu_s(server.pid)
    analysis = asyncio.run(client.run())
    wall_s, cpu_s = time.perf_counter() - began_s, process_cpu_s(server.pid) - began_cpu_s
    return measured_of(analysis, wall_s, cpu_s, _first_partial_s(analysis["transcript"], arrivals, pace))


def measured_of(analysis: Message, wall_s: float, cpu_s: float, first_partial_s: float | None) -> Measured:
    """A session's figures from its analysis.

    The transcript is complete when all is done but the later stages, so whatever lies between stages counts to its wait.
    What an incomplete analysis took says nothing about a complete one, so it has no waits.
    """
    timings_ms: dict[str, int] = analysis["timings_ms"]
    complete = bool(analysis["quality"]["complete"])
    end_to_final_s = timings_ms["end_to_final"] / 1000
    later_s = sum(timings_ms[stage] for stage in AFTER_TRANSCRIPT) / 1000
    return Measured(
        " ".join(line["text"] for line in analysis["transcript"]),
        analysis["duration_s"],
        wall_s,
        cpu_s,
        first_partial_s,
        end_to_transcript_s=max(0.0, end_to_final_s - later_s) if complete else None,
        end_to_final_s=end_to_final_s if complete else None,
        timings_ms=timings_ms,
        notes=tuple(analysis["quality"]["notes"]),
    )


def _first_partial_s(transcript: Sequence[dict[str, Any]], arrivals: _Arrivals, pace: float) -> float | None:
    if not transcript or arrivals.ready_s is None or arrivals.first_text_s is None:
        return None
    first_word_s = float(transcript[0]["start"])
    return max(0.0, arrivals.first_text_s - arrivals.ready_s - first_word_s / pace)


@contextmanager
def _scratch() -> Iterator[Path]:
    """A folder for the server. After a failure its log stays there: logs hold nothing of what was said."""
    folder = Path(tempfile.mkdtemp(prefix="vigia-bench-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder / "data", ignore_errors=True)
    shutil.rmtree(folder)
