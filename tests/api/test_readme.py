"""What the README claims is true."""

import asyncio
import re
import shutil
import sys
from pathlib import Path
from typing import get_args
from urllib.parse import urlsplit

import pytest
from typer.testing import CliRunner

from app.cli import app
from app.infrastructure.catalog.entries import read_catalog
from app.main import create_app
from app.settings import PROFILES_DIR, Profile, Settings
from tests.coloured_photos import RED, photo
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


@pytest.mark.skipif(not (shutil.which("bash") and shutil.which("curl")), reason="the examples need bash and curl")
async def test_the_examples_run_as_they_stand(server: RunningServer, tmp_path: Path) -> None:
    here = urlsplit(server.url).netloc
    script = code_blocks("python")[0].replace("127.0.0.1:8000", here)
    (tmp_path / "stream.py").write_text(script, encoding="utf-8")
    recording = write_words(tmp_path / "recording.wav", range(6))
    (tmp_path / "photo.jpg").write_bytes(photo(RED))
    blocks = [block for block in code_blocks("bash") if "localhost:8000" in block]
    for find, put in (
        ("localhost:8000", here),
        (".venv/bin/python", sys.executable),
        ("app/demo/en.ogg", str(recording)),
        ("~/.cache/vigia/models/demo-photos/chelsea.png", str(tmp_path / "photo.jpg")),
    ):
        assert any(find in block for block in blocks), find
        blocks = [block.replace(find, put) for block in blocks]
    upload, stream, photos = blocks
    assert '"status":"processing"' in await run_bash(upload, tmp_path)
    assert "w0" in await run_bash(stream, tmp_path)
    told = await run_bash(photos, tmp_path)
    assert told.count('"description":"A photo with much red."') == 3 + 2  # each answer, and twice in the timeline
    assert told.count('"duplicate_of":"f1"') == 2
    assert '"kind":"risk"' in told
    assert (await server.finished("walk"))["photos"]


def test_the_photos_of_the_examples_are_those_of_the_demo() -> None:
    named = set(re.findall(r"demo-photos/([\w.]+)", README))
    assert named
    assert named <= {file.name for file in read_catalog()["demo-photos"].files}


async def run_bash(commands: str, folder: Path) -> str:
    process = await asyncio.create_subprocess_exec(
        "bash", "-ec", commands, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, output.decode()
    return output.decode()


def test_every_profile_has_its_requirements() -> None:
    rows = dict(re.findall(r"^\| `([\w-]+)`(?: \(default\))? \|(.*)\|$", README, re.MULTILINE))
    assert set(get_args(Profile)) <= rows.keys()
    for profile in get_args(Profile):
        cells = [cell.strip() for cell in rows[profile].split("|")]
        assert len(cells) == 5
        assert all(cells)
        assert ("not available yet" in rows[profile]) == (not (PROFILES_DIR / f"{profile}.toml").is_file())


def test_the_models_named_for_the_default_profile_are_its_models() -> None:
    models = Settings().models
    assert models.transcriber_model in README
    assert models.language_model_model in README.lower()
