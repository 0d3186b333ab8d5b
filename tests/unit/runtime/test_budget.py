"""How much memory models may have, by the settings; and the command that tells it."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app.cli import app
from app.composition.memory import MEGABYTE, adapter_bytes, memory_budget, memory_needs
from app.composition.models import build_models
from app.domain.errors import ConfigurationError
from app.infrastructure.catalog.entries import read_catalog
from app.infrastructure.registry import Entry
from app.settings import Settings
from tests.server import RunningServer

pytestmark = pytest.mark.unit


def settings_with(**models: Any) -> Settings:
    return Settings.model_validate({"profile": "cpu", "models": {**Settings(profile="cpu").models.__dict__, **models}})


def budget(settings: Settings) -> int:
    return memory_budget(settings, memory_needs(settings))


def test_needs_are_the_catalogs() -> None:
    needs = memory_needs(settings_with())
    assert needs["language_model"] == 1700 * MEGABYTE
    assert needs["vad"] == 20 * MEGABYTE
    assert set(memory_needs(Settings(profile="dummy")).values()) == {0}


def test_the_describers_parts_count_those_that_may_be_installed_only_if_they_are(tmp_path: Path) -> None:
    settings = settings_with().model_copy(update={"models_dir": tmp_path})
    assert memory_needs(settings)["scene_describer"] == 400 * MEGABYTE
    here = Entry[object](lambda settings, locate: None, lambda settings: "nanodet-g", if_installed=("pp-ocrv6",))
    absent = replace(here, if_installed=("yolox-nano", "street-segmentation"))
    known = read_catalog()
    assert adapter_bytes(here, settings, known) == 400 * MEGABYTE
    assert adapter_bytes(absent, settings, known) == 60 * MEGABYTE


def test_a_model_given_by_path_needs_more_than_its_files(tmp_path: Path) -> None:
    own = tmp_path / "own.gguf"
    own.write_bytes(b"GGUF" + bytes(10_000_000))
    assert 110 * MEGABYTE < memory_needs(settings_with(path=own))["language_model"] < 120 * MEGABYTE
    assert memory_needs(settings_with(path=tmp_path / "none.gguf"))["language_model"] == 0


def test_the_operator_sets_the_budget_or_the_machine_does() -> None:
    assert budget(settings_with(memory_mb=1800)) == 1800 * MEGABYTE
    assert budget(settings_with()) >= 1700 * MEGABYTE


@pytest.mark.parametrize(
    ("models", "told"),
    [
        (
            {"memory_mb": 1000},
            "the language_model qwen2.5-coder-1.5b needs about 1700 MB of memory, and models can have 1000 MB: "
            "set VIGIA_MODELS__LANGUAGE_MODEL_MODEL=qwen2.5-coder-0.5b (800 MB), "
            "or set VIGIA_MODELS__MEMORY_MB to 1700 or more",
        ),
        (
            {"memory_mb": 2000, "transcriber_model": "whisper-large-v3"},
            "the transcriber whisper-large-v3 needs about 4500 MB of memory, and models can have 2000 MB: "
            "set VIGIA_MODELS__TRANSCRIBER_MODEL=whisper-small (1100 MB), "
            "or set VIGIA_MODELS__MEMORY_MB to 4500 or more",
        ),
    ],
)
def test_what_can_never_fit_is_refused_with_what_would(models: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        build_models(settings_with(**models))
    assert caught.value.message == told


def test_all_that_cannot_fit_are_named() -> None:
    with pytest.raises(
        ConfigurationError, match=r"the transcriber whisper-base .*; the diarizer .*; the language_model"
    ):
        budget(settings_with(memory_mb=200))


def test_models_of_one_application_share_one_budget() -> None:
    models = build_models(settings_with(memory_mb=1800))
    memories = [model.worker.memory for model in models.in_use().values() if model.worker]
    models.close()
    assert len(memories) >= 4
    assert {memory.budget_bytes for memory in memories if memory} == {1800 * MEGABYTE}


def run(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, ["models", "residency", *arguments])
    assert done.exit_code == code, done.output
    return done.stdout


def test_the_command_tells_the_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIGIA_MODELS__MEMORY_MB", "1800")
    shown = run("--profile", "cpu")
    assert "they may have: 1800 MB" in shown
    assert "loaded and evicted in turn" in shown
    told = json.loads(run("--profile", "cpu", "--json"))
    assert told["budget_bytes"] == 1800 * MEGABYTE
    assert {"role": "vad", "model": "silero-vad", "state": "unloaded", "expected_bytes": 20 * MEGABYTE} in told[
        "models"
    ]
    monkeypatch.setenv("VIGIA_MODELS__MEMORY_MB", "100")
    assert "VIGIA_MODELS__MEMORY_MB" in json.loads(run("--profile", "cpu", "--json", code=1))["error"]["message"]


async def test_the_command_asks_a_server(server: RunningServer) -> None:
    told = json.loads(await asyncio.to_thread(run, "--url", str(server.http.base_url), "--json"))
    assert {model["role"] for model in told["models"]} >= {"vad", "language_model"}
    assert told["budget_bytes"] is None
    assert "language_model" in await asyncio.to_thread(run, "--url", str(server.http.base_url))
    refused = await asyncio.to_thread(lambda: run("--url", f"{server.http.base_url}/nothing", "--json", code=1))
    assert not json.loads(refused)["ok"]
