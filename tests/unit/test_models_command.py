"""The ``models`` command, without a network."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from app.cli import app
from app.commands.pull_progress import pull_display
from app.composition.choice import models_to_pull, models_used
from app.infrastructure.catalog.assembly import PullEvent
from app.infrastructure.catalog.entries import read_catalog
from app.settings import Settings

pytestmark = pytest.mark.unit
runner = CliRunner()


def run(*arguments: str, code: int = 0) -> str:
    done = runner.invoke(app, ["models", *arguments])
    assert done.exit_code == code, done.output
    return done.stdout


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VIGIA_MODELS_DIR", str(tmp_path / "models"))
    return tmp_path / "models"


def test_list_shows_every_model(folder: Path) -> None:
    answer = json.loads(run("list", "--json"))
    rows = {row["name"]: row for row in answer["models"]}
    assert answer["models_dir"] == str(folder)
    assert rows["whisper-base"]["needed"]
    assert not rows["whisper-base"]["installed"]
    assert rows["whisper-base"]["sources"] == ["hub", "packages"]
    assert rows["silero-vad"]["sources"] == ["bundled"]
    assert "qwen2.5-coder-1.5b" in run("list", "--profile", "dummy")


def test_the_dummy_profile_needs_nothing(folder: Path) -> None:
    assert "needs no models" in run("pull", "--profile", "dummy")
    assert json.loads(run("pull", "--profile", "dummy", "--json")) == {"ok": True, "models": {}}


def test_unknown_names_and_profiles_fail(folder: Path) -> None:
    assert "whisper-base" in json.loads(run("pull", "nothing", "--json", code=1))["error"]["message"]
    assert "not available yet" in json.loads(run("pull", "--profile", "jetson", "--json", code=1))["error"]["message"]
    run("pull", "--profile", "nonsense", code=1)
    run("remove", "nothing", code=1)
    run("remove", "silero-vad", code=1)


def test_verify_tells_what_is_missing(folder: Path) -> None:
    answer = json.loads(run("verify", "whisper-base", "--json", code=1))
    assert answer["problems"]["whisper-base"][0] == "config.json is missing"
    assert "models pull whisper-base" in run("verify", "whisper-base", code=1)
    assert "silero-vad: ok" in run("verify", "silero-vad")


def test_remove_deletes_a_folder(folder: Path) -> None:
    (folder / "smollm2-135m").mkdir(parents=True)
    assert "smollm2-135m: removed" in run("remove", "smollm2-135m")
    assert not (folder / "smollm2-135m").exists()
    assert json.loads(run("remove", "smollm2-135m", "--json"))["removed"] == {"smollm2-135m": False}


def test_models_given_by_path_are_not_pulled(tmp_path: Path) -> None:
    own = tmp_path / "own.gguf"
    own.write_bytes(b"GGUF")
    entries, settings = read_catalog(), Settings(profile="cpu")
    assert models_to_pull(settings, entries) == ["whisper-base", "qwen2.5-coder-1.5b"]
    assert set(models_used(settings)) > {"silero-vad", "whisper-base"}
    for setting in ("language_model_model", "path"):
        chosen = settings.models.model_copy(update={setting: own})
        by_path = settings.model_copy(update={"models": chosen})
        assert models_to_pull(by_path, entries) == ["whisper-base"]
        assert str(own) in models_used(by_path)


def events() -> list[PullEvent]:
    return [
        PullEvent("tiny", "waiting", 0, 100, "another process is fetching it"),
        PullEvent("tiny", "failed source", 0, 100, "mirror: none"),
        *(PullEvent("tiny", "fetching", done, 100, "part") for done in range(0, 100, 10)),
        PullEvent("tiny", "done", 100, 100),
    ]


def test_without_a_terminal_progress_is_a_few_lines() -> None:
    console = Console(file=io.StringIO(), width=200)
    with pull_display(100, console) as on_progress:
        for event in events():
            on_progress(event)
    assert isinstance(console.file, io.StringIO)
    assert [line.split()[1] for line in console.file.getvalue().splitlines()] == ["waiting", "fetching", "done"]


def test_on_a_terminal_progress_is_a_bar_for_each_and_for_all() -> None:
    console = Console(file=io.StringIO(), width=200, force_terminal=True)
    with pull_display(100, console) as on_progress:
        for event in events():
            on_progress(event)
    assert isinstance(console.file, io.StringIO)
    shown = console.file.getvalue()
    assert "all models" in shown
    assert "100/100 bytes" in shown


def test_help_names_the_commands() -> None:
    help_text = run("--help")
    assert all(command in help_text for command in ("list", "pull", "verify", "remove"))
