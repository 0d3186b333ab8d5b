import asyncio
import json
from collections.abc import Generator
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from app.application.listening.transcribe_recording import TranscribeRecording
from app.application.sessions.export_transcript import EXPORTS
from app.cli import app
from app.domain.audio.models import SAMPLE_RATE_HZ, Waveform
from app.domain.audio.pcm import to_pcm16, wav_header
from app.domain.errors import InvalidInput
from app.infrastructure.audio.av_codec import AvAudioCodec
from app.infrastructure.transcription.dummy import DummyTranscriber, tones
from app.infrastructure.vad.dummy import DummyVad
from tests.listening_world import numbered

pytestmark = pytest.mark.unit
runner = CliRunner()


def recording(path: Path, audio: Waveform) -> Path:
    path.write_bytes(wav_header(audio.size) + to_pcm16(audio))
    return path


@pytest.fixture
def use_case() -> TranscribeRecording:
    return TranscribeRecording(AvAudioCodec(), DummyVad(), DummyTranscriber())


async def test_a_recording_is_heard_once_and_in_order(use_case: TranscribeRecording, tmp_path: Path) -> None:
    path = recording(tmp_path / "a.wav", np.concatenate([tones(range(100)), np.zeros(80_000, np.float32), tones([7])]))
    heard: list[float] = []
    found = await use_case.transcribe(path, on_progress=lambda heard_s, duration_s: heard.append(heard_s))
    assert " ".join(each.text for each in found.segments).split() == [*numbered(0, 100), "w7"]
    assert [each.segment_id for each in found.segments] == [f"s{n + 1}" for n in range(len(found.segments))]
    assert found.language == "en"
    assert found.duration_s == pytest.approx(55.5, abs=0.05)
    assert found.segments[-1].start == pytest.approx(55.0, abs=0.05)
    assert heard[-1] == found.duration_s


async def test_silence_says_nothing(use_case: TranscribeRecording, tmp_path: Path) -> None:
    found = await use_case.transcribe(recording(tmp_path / "a.wav", np.zeros(SAMPLE_RATE_HZ, np.float32)))
    assert (found.segments, found.language) == ((), None)


async def test_what_is_no_recording_is_refused(use_case: TranscribeRecording, tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_text("hello")
    with pytest.raises(InvalidInput):
        await use_case.transcribe(tmp_path / "a.wav")


class HeldCodec(AvAudioCodec):
    """Says whether a recording is still open."""

    open = False

    def read_recording(self, path: Path, *, max_duration_s: float) -> Generator[Waveform, None, bool]:
        self.open = True
        try:
            return (yield from super().read_recording(path, max_duration_s=max_duration_s))
        finally:
            self.open = False


async def test_cancelling_lets_the_recording_go(tmp_path: Path) -> None:
    codec = HeldCodec()
    path = recording(tmp_path / "long.wav", np.zeros(600 * SAMPLE_RATE_HZ, np.float32))
    task = asyncio.create_task(TranscribeRecording(codec, DummyVad(), DummyTranscriber()).transcribe(path))
    for _ in range(500):
        if codec.open:
            break
        await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()
    assert not codec.open


def test_an_unknown_language_is_refused(tmp_path: Path) -> None:
    done = runner.invoke(app, ["transcribe", str(tmp_path / "a.wav"), "--profile", "dummy", "--language", "xx"])
    assert done.exit_code == 2
    assert "ISO 639-1" in done.output


def test_the_command_goes_on_after_a_bad_file(tmp_path: Path) -> None:
    good = recording(tmp_path / "good.wav", tones([1, 2]))
    (tmp_path / "bad.wav").write_text("hello")
    files = [str(tmp_path / "bad.wav"), str(tmp_path / "none.wav"), str(good)]
    done = runner.invoke(app, ["transcribe", *files, "--profile", "dummy", "--format", "vtt"])
    assert done.exit_code == 1
    assert "bad.wav" in done.stderr
    assert "none.wav: there is no such file" in done.stderr
    assert "w1 w2" in done.stdout
    assert "WEBVTT" in done.stdout


def test_the_command_writes_a_file_a_recording(tmp_path: Path) -> None:
    good = recording(tmp_path / "good.wav", tones([1, 2]))
    arguments = ["transcribe", str(good), "--profile", "dummy", "--format", "json", "--output", str(tmp_path / "out")]
    assert runner.invoke(app, arguments).exit_code == 0
    found = json.loads((tmp_path / "out" / "good.json").read_text())
    assert found["language"] == "en"
    assert [word["text"] for word in found["segments"][0]["words"]] == [" w1", " w2"]


@pytest.mark.parametrize(("format", "beginning"), [("txt", "w1 w2"), ("srt", "1\n"), ("vtt", "WEBVTT"), ("md", "**")])
def test_every_format_of_the_server_is_one_of_the_commands(format: str, beginning: str, tmp_path: Path) -> None:
    assert {"txt", "srt", "vtt", "md"} == set(EXPORTS)
    good = recording(tmp_path / "good.wav", tones([1, 2]))
    done = runner.invoke(app, ["transcribe", str(good), "--profile", "dummy", "--format", format])
    assert done.exit_code == 0
    assert done.stdout.startswith(beginning)
    assert "w1 w2" in done.stdout


def test_no_transcript_overwrites_another(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    names = ["a.wav", "a.flac", "b/a.wav", "c.wav"]
    files = [str(recording(tmp_path / name, tones([number]))) for number, name in enumerate(names)]
    output = tmp_path / "out"
    done = runner.invoke(app, ["transcribe", *files, "--profile", "dummy", "--output", str(output)])
    assert done.exit_code == 0
    assert sorted(path.read_text().strip() for path in output.iterdir()) == ["w0", "w1", "w2", "w3"]
    assert {"a.flac.txt", "c.txt"} < {path.name for path in output.iterdir()}
