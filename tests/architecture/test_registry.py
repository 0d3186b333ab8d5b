"""A new adapter is one file, one registry entry and one contract-suite subclass; while one of them is missing, a test fails."""

import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import pytest

from app.composition.choice import resolved
from app.domain.diarization.gateway import Diarizer
from app.domain.language.gateway import LanguageModel
from app.domain.transcription.gateway import Transcriber
from app.domain.vad.gateway import VoiceActivityDetector
from app.domain.vision.gateway import SceneDescriber
from app.infrastructure import diarization, language, transcription, vad, vision
from app.infrastructure.catalog.entries import read_catalog
from app.infrastructure.registry import ROLES
from app.settings import PROFILES_DIR, Settings

pytestmark = pytest.mark.unit
CONTRACTS = "\n".join(path.read_text(encoding="utf-8") for path in Path(__file__).parents[1].glob("contracts/*.py"))
PORTS = {
    "vad": (VoiceActivityDetector, vad),
    "transcriber": (Transcriber, transcription),
    "diarizer": (Diarizer, diarization),
    "language_model": (LanguageModel, language),
    "scene_describer": (SceneDescriber, vision),
}
ENTRIES = [(role, name) for role, adapters in ROLES.items() for name in adapters]


def nowhere(name: str) -> Path:
    raise AssertionError(f"{name} was looked for before it was needed")


def made(role: str, name: str) -> type:
    return type(ROLES[role][name].make(Settings(profile="dummy"), nowhere))


def test_every_role_has_a_port_and_a_folder() -> None:
    assert PORTS.keys() == ROLES.keys()


@pytest.mark.parametrize(("role", "name"), ENTRIES)
def test_every_adapter_runs_its_ports_contract_suite(role: str, name: str) -> None:
    port, _ = PORTS[role]
    suite = rf"class Test{made(role, name).__name__}\({port.__name__}Contract\)"
    assert re.search(suite, CONTRACTS), f"no contract test for {name}"


@pytest.mark.parametrize("role", PORTS)
def test_every_adapter_in_a_ports_folder_is_registered(role: str) -> None:
    port, folder = PORTS[role]
    modules = [
        importlib.import_module(found.name) for found in pkgutil.iter_modules(folder.__path__, f"{folder.__name__}.")
    ]
    there = {
        each
        for module in modules
        for _, each in inspect.getmembers(module, inspect.isclass)
        if each.__module__ == module.__name__ and port in each.__mro__
    }
    assert there == {made(role, name) for name in ROLES[role]}


@pytest.mark.parametrize(("role", "name"), ENTRIES)
def test_models_that_adapters_need_are_in_the_catalog(role: str, name: str) -> None:
    model = ROLES[role][name].model
    assert (model is None) == (name in {"dummy", "openai"})  # the model of the latter is on another machine
    assert model is None or model(Settings(profile="dummy")) in read_catalog()


@pytest.mark.parametrize("profile", sorted(path.stem for path in PROFILES_DIR.glob("*.toml")))
def test_profiles_name_adapters_that_exist(profile: str) -> None:
    models = resolved(Settings.model_validate({"profile": profile})).models
    assert {role: getattr(models, role) in adapters for role, adapters in ROLES.items()} == dict.fromkeys(ROLES, True)
