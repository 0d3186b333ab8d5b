"""Places that cannot be written to, full disks among them (``/dev/full``), cost no results and no traceback."""

import json
import os
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from app.cli import app
from app.commands.options import reported
from app.commands.output import check_writable, make_folder, write_json
from app.domain.errors import StorageError
from tests.wav_files import write_words

pytestmark = [
    pytest.mark.unit,
    pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no disk that is always full"),
]
DIALOGUE = str(Path(__file__).parents[2] / "evaluation" / "seen" / "es-laboratorio.json")


def failed(*arguments: str) -> str:
    """What a command that must fail with a sentence prints."""
    done = CliRunner().invoke(app, arguments, env={"COLUMNS": "200"})
    assert done.exit_code == 1, done.output
    assert isinstance(done.exception, SystemExit)
    assert done.output.splitlines()[-1].startswith("error: ")
    return done.output


@pytest.mark.parametrize("kind", ["analysis", "diarization", "audio"])
def test_benchmarks_measure_nothing_that_they_cannot_write(kind: str, tmp_path: Path) -> None:
    source = DIALOGUE if kind == "analysis" else str(write_words(tmp_path / "a.wav", [1, 2]))
    told = failed("bench", kind, source, "--profile", "dummy", "--json", "/dev/null/x/y.json")
    assert "/dev/null/x cannot be written to (Not a directory); choose another place with --json" in told
    assert "RTF" not in told


def test_figures_are_shown_before_they_are_written() -> None:
    told = failed("bench", "analysis", DIALOGUE, "--profile", "dummy", "--json", "/dev/full")
    assert "ungrounded quotes" in told
    assert "/dev/full cannot be written to (No space left on device)" in told


def test_the_demo_looks_at_its_folder_before_it_fetches_models(tmp_path: Path) -> None:
    told = failed("demo", "--out", "/dev/null/x", "--models-dir", str(tmp_path / "none"))
    assert "/dev/null/x cannot be written to" in told
    assert not (tmp_path / "none").exists()


def test_transcripts_need_a_folder(tmp_path: Path) -> None:
    recording = str(write_words(tmp_path / "a.wav", [1, 2]))
    assert "--output" in failed("transcribe", recording, "--profile", "dummy", "--output", "/dev/null/x")


def test_looking_changes_nothing(tmp_path: Path) -> None:
    old, new, folder = tmp_path / "old.json", tmp_path / "new" / "new.json", tmp_path / "folder"
    old.write_text("{}")
    folder.mkdir()
    check_writable(old)
    check_writable(new)
    check_writable(None)
    assert old.read_text() == "{}"
    assert not new.exists()
    with pytest.raises(StorageError, match="folder cannot be written to"):
        check_writable(folder)
    with pytest.raises(StorageError, match=r"old\.json cannot be written to"):
        make_folder(old, "--out")


def test_what_waits_for_a_reader_is_not_opened_by_looking(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    check_writable(tmp_path / "pipe")


def test_json_keeps_its_letters(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"año": [1]})
    assert "año" in (tmp_path / "a.json").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == {"año": [1]}
    write_json(None, {})


def test_whatever_the_system_refuses_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit), reported(as_json=True):
        Path("/dev/null/x").read_text(encoding="utf-8")
    told = capsys.readouterr()
    assert told.err == "error: /dev/null/x: Not a directory\n"
    assert json.loads(told.out)["error"]["code"] == "storage_error"
    with pytest.raises(BrokenPipeError), reported():
        raise BrokenPipeError
