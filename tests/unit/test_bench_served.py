"""Sessions that the benchmark plays through a server of its own."""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from app.cli import app
from app.commands.bench.audio_figures import SERVED, WHOLE, show, summary
from app.commands.bench.served import measure_served, measured_of
from app.domain.errors import ConfigurationError, GatewayUnavailable
from app.settings import Settings
from tests.wav_files import write_words

WORDS = range(1, 7)
TEXT = " ".join(f"w{number}" for number in WORDS)
TIMINGS = {"transcribe": 900, "diarize": 2_000, "describe": 0, "analyze": 6_000, "end_to_final": 9_000}


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders are made."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return write_words(tmp_path / "words.wav", WORDS)


def analysis(*, complete: bool = True, **timings_ms: int) -> dict[str, Any]:
    return {
        "transcript": [{"text": "w1"}, {"text": "w2"}],
        "duration_s": 60.0,
        "timings_ms": TIMINGS | timings_ms,
        "quality": {"complete": complete, "notes": [] if complete else ["The transcript could not be analysed."]},
    }


@pytest.mark.slow
def test_the_command_measures_sessions_on_a_server_and_leaves_nothing_behind(
    recording: Path, tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    users_own, output = tmp_path / "users-own.db", tmp_path / "figures.json"
    monkeypatch.setenv("VIGIA_SESSIONS__DB_PATH", str(users_own))
    options = ["--profile", "dummy", "--pace", "20", "--language", "es", "--json", str(output)]
    done = CliRunner().invoke(app, ["bench", "audio", str(recording), *options], env={"COLUMNS": "200"})
    assert done.exit_code == 0, done.output
    assert "end of stream to analysis, worst" in done.output
    figures = json.loads(output.read_text(encoding="utf-8"))
    assert (figures["transcriber"], figures["language_model"]) == ("dummy", "dummy")
    served = figures["ways"][SERVED]
    session = served["recordings"][0]
    assert session["text"] == TEXT
    assert session["duration_s"] == pytest.approx(4.0)
    assert set(session["timings_ms"]) == set(TIMINGS)
    assert 0 <= session["end_to_transcript_s"] <= session["end_to_final_s"] < session["wall_s"]
    assert session["first_partial_s"] >= 0
    assert served["end_to_final_max_s"] == session["end_to_final_s"]
    assert served["incomplete"] == 0
    assert served["cpu_s"] > 0
    if sys.platform in ("linux", "win32"):
        assert 30 < served["peak_mib"] < 2000
    assert not users_own.exists()
    assert list(temporary.glob("vigia-bench-*")) == []


@pytest.mark.slow
def test_sessions_on_a_server_can_be_left_out(recording: Path, tmp_path: Path) -> None:
    output = tmp_path / "figures.json"
    options = ["--profile", "dummy", "--pace", "20", "--no-served", "--json", str(output)]
    done = CliRunner().invoke(app, ["bench", "audio", str(recording), *options])
    assert done.exit_code == 0, done.output
    ways = json.loads(output.read_text(encoding="utf-8"))["ways"]
    assert SERVED not in ways
    assert ways[WHOLE]["end_to_final_p50_s"] is None
    assert "timings_ms" not in ways[WHOLE]["recordings"][0]


@pytest.mark.unit
def test_a_missing_language_model_is_told_before_anything_is_measured(recording: Path, tmp_path: Path) -> None:
    environment = {"VIGIA_MODELS__LANGUAGE_MODEL": "llama-cpp"}
    options = ["--profile", "dummy", "--models-dir", str(tmp_path)]
    done = CliRunner().invoke(app, ["bench", "audio", str(recording), *options], env=environment)
    assert done.exit_code == 1
    assert "python -m app models pull qwen2.5-coder-1.5b" in done.output
    with pytest.raises(ConfigurationError, match="models pull"):
        measure_served(Settings(profile="cpu", models_dir=tmp_path), [(recording, None)], 20.0)


@pytest.mark.slow
def test_the_log_of_a_server_that_does_not_start_is_kept(
    recording: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(profile="dummy")
    monkeypatch.setenv("VIGIA_LOG__FORMAT", "crayons")
    with pytest.raises(GatewayUnavailable, match="did not start") as told:
        measure_served(settings, [(recording, None)], 20.0)
    log = next(temporary.glob("vigia-bench-*/server.log"))
    assert str(log) in told.value.message
    assert "log.format" in log.read_text(encoding="utf-8")


@pytest.mark.unit
def test_what_lies_between_the_stages_counts_to_the_transcripts_wait() -> None:
    measured = measured_of(analysis(), 70.0, 30.0, 1.5)
    assert measured.text == "w1 w2"
    assert measured.end_to_transcript_s == pytest.approx(1.0)
    assert measured.end_to_final_s == pytest.approx(9.0)


@pytest.mark.unit
def test_incomplete_analyses_are_counted_and_have_no_waits() -> None:
    found = [
        measured_of(analysis(), 70.0, 30.0, 1.5),
        measured_of(analysis(analyze=12_000, end_to_final=15_000), 70.0, 30.0, None),
        measured_of(analysis(complete=False, analyze=1, end_to_final=3_000), 70.0, 30.0, None),
    ]
    figures = summary([Path("a.wav"), Path("b.wav"), Path("c.wav")], {}, found, 1234.5)
    assert figures["end_to_final_p50_s"] == pytest.approx(12.0)
    assert figures["end_to_final_max_s"] == pytest.approx(15.0)
    assert figures["analysis_factor"] == pytest.approx(18 / 120)
    assert figures["incomplete"] == 1
    assert [each["analysis_factor"] for each in figures["recordings"][:2]] == [pytest.approx(0.1), pytest.approx(0.2)]
    assert figures["recordings"][2]["end_to_final_s"] is None
    assert figures["recordings"][2]["notes"] == ["The transcript could not be analysed."]

    console = Console(record=True, width=200)
    machine = {"processor": "x", "cores": 2, "memory_gb": 4, "system": "Linux", "python": "3.11"}
    everything = {"machine": machine, "transcriber": "dummy", "beam_size": 5, "pace": 1.0, "same_text_as_alone": {}}
    show(console, everything | {"ways": {SERVED: figures}})
    told = console.export_text()
    assert "1 of 3 analyses are incomplete" in told
    assert "1234 MiB" in told
