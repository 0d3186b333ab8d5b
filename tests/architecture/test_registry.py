"""A new adapter is one file, one registry line and one contract-suite subclass."""

import re
from pathlib import Path

import pytest

from app.infrastructure import registry
from app.settings import PROFILES_DIR, Settings

pytestmark = pytest.mark.unit
CONTRACTS = "\n".join(path.read_text(encoding="utf-8") for path in Path(__file__).parents[1].glob("contracts/*.py"))
ROLES = {
    "transcriber": registry.TRANSCRIBERS,
    "vad": registry.VOICE_ACTIVITY_DETECTORS,
    "diarizer": registry.DIARIZERS,
    "language_model": registry.LANGUAGE_MODELS,
}


def nowhere(name: str) -> Path:
    raise AssertionError(f"{name} was looked for before it was needed")


@pytest.mark.parametrize(("role", "name"), [(role, name) for role, adapters in ROLES.items() for name in adapters])
def test_every_adapter_runs_its_ports_contract_suite(role: str, name: str) -> None:
    adapter = ROLES[role][name](Settings(profile="dummy"), nowhere)
    assert re.search(rf"class Test{type(adapter).__name__}\w*\(\w+Contract", CONTRACTS), f"no contract test for {name}"


@pytest.mark.parametrize("profile", sorted(path.stem for path in PROFILES_DIR.glob("*.toml")))
def test_profiles_name_adapters_that_exist(profile: str) -> None:
    models = Settings.model_validate({"profile": profile}).models
    assert {role: getattr(models, role) in adapters for role, adapters in ROLES.items()} == dict.fromkeys(ROLES, True)
