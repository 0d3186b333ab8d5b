"""Settings whose models cannot be built are one sentence, whichever command meets them first."""

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from app.cli import app
from app.composition.choice import check_models
from app.composition.models import build_diarizer, build_language_model, build_models, build_transcriber, build_vad
from app.domain.errors import ConfigurationError
from app.infrastructure import registry
from app.settings import Settings

pytestmark = pytest.mark.unit
RECORDING = str(Path(__file__).parents[2] / "app" / "demo" / "en.ogg")
FILES = {"transcribe": [RECORDING], "bench diarization": [RECORDING]}


def commands_with_profiles(group: typer.Typer, path: str = "") -> Iterator[str]:
    """Every command that can be told whose models to use."""
    for command in group.registered_commands:
        assert command.callback is not None
        if "profile" in inspect.signature(command.callback).parameters:
            yield f"{path}{command.name or command.callback.__name__}"
    for inner in group.registered_groups:
        assert inner.typer_instance is not None
        yield from commands_with_profiles(inner.typer_instance, f"{inner.name} ")


COMMANDS = sorted(commands_with_profiles(app))


def failure(command: str, *options: str) -> str:
    done = CliRunner().invoke(app, [*command.split(), *FILES.get(command, []), *options], env={"COLUMNS": "200"})
    assert done.exit_code == 1, done.output
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return done.output


def test_the_commands_that_use_models_are_found() -> None:
    assert {"serve", "transcribe", "doctor", "models pull", "bench audio", "bench analysis"} < set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_planned_profile_is_not_available_yet(command: str) -> None:
    told = failure(command, "--profile", "gpu-12gb")
    assert "not available yet: the profile gpu-12gb" in told
    assert "--profile cpu" in told


@pytest.mark.parametrize("command", COMMANDS)
def test_an_unknown_adapter_is_told_by_every_command(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIGIA_MODELS__VAD", "foo")
    told = failure(command, "--profile", "dummy")
    assert "no vad is called 'foo'" in told
    assert "set VIGIA_MODELS__VAD to dummy or silero" in told


@pytest.mark.parametrize("role", registry.ROLES)
def test_an_unknown_adapter_is_named_with_those_that_there_are(role: str) -> None:
    known = " or ".join(registry.ROLES[role])
    with pytest.raises(ConfigurationError, match=f"no {role} is called 'foo'; set .*{role.upper()} to {known}"):
        check_models(Settings.model_validate({"profile": "dummy", "models": {role: "foo"}}))


@pytest.mark.parametrize("build", [build_models, build_vad, build_transcriber, build_diarizer, build_language_model])
def test_nothing_is_built_unchecked(build: Callable[[Settings], object]) -> None:
    with pytest.raises(ConfigurationError, match="not available yet"):
        build(Settings(profile="remote"))
    settings = Settings.model_validate({"profile": "dummy", "models": {"diarizer": "foo"}})
    with pytest.raises(ConfigurationError, match="no diarizer is called 'foo'"):
        build(settings)
