"""What the README claims is true."""

import asyncio
import re
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import app
from app.main import create_app
from app.settings import Settings
from tests.server import RunningServer
from tests.wav_files import write_words

pytestmark = pytest.mark.unit
ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def code_blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_files_that_are_named_exist() -> None:
    linked = re.findall(r"\]\(([\w./-]+)\)", README)
    named = re.findall(r"`((?:app|scripts|docs|tests)/[\w./-]+)`|(\./scripts/\w+)", README)
    paths = {path for pair in named for path in pair if path} | set(linked)
    assert {path for path in paths if not (ROOT / path).exists()} == set()
    assert len(paths) > 10


def test_commands_that_are_named_exist() -> None:
    named = set(re.findall(r"python -m app (\w+)(?: (list|audio|pull))?", README))
    assert {command for command, _ in named} >= {"serve", "demo", "simulate", "transcribe", "models", "doctor", "bench"}
    for command, subcommand in named:
        arguments = [command, *([subcommand] if subcommand else []), "--help"]
        assert CliRunner().invoke(app, arguments).exit_code == 0, arguments


def test_options_that_are_named_exist() -> None:
    for command in re.findall(r"^python -m app (\w+) (--.*)$", README, re.MULTILINE):
        text = CliRunner().invoke(app, [command[0], "--help"], env={"COLUMNS": "200"}).output
        for option in re.findall(r"--[\w-]+", command[1]):
            assert option in text, command


def test_routes_that_are_named_exist(tmp_path: Path) -> None:
    schema = create_app(Settings(profile="dummy", data_dir=tmp_path)).openapi()
    known = [re.sub(r"\{\w+\}", r"[^/]+", path) + "$" for path in schema["paths"]]
    named = re.findall(r"localhost:8000(/[\w/-]*)", README)
    assert named
    assert [path for path in named if not any(re.match(pattern, path) for pattern in known)] == []


async def test_the_socket_example_runs(server: RunningServer, tmp_path: Path) -> None:
    script, recording = tmp_path / "stream.py", tmp_path / "recording.wav"
    script.write_text(code_blocks("python")[0], encoding="utf-8")
    write_words(recording, range(6))
    arguments = [str(script), str(recording), server.url.replace("http", "ws") + "/ws/audio"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, output.decode()
    assert "w0" in output.decode()


def test_the_models_named_for_the_default_profile_are_its_models() -> None:
    models = Settings().models
    assert models.transcriber_model in README
    assert models.language_model_model in README.lower()
