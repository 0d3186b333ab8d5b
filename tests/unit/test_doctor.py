"""The ``doctor`` command and its checks."""

import json
import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import app
from app.commands.checks import Check, installation, machine
from app.infrastructure.catalog.catalog import Catalog
from app.settings import Settings
from tests.catalog_models import MemorySource, tiny_entry

pytestmark = pytest.mark.unit


def run(*arguments: str, code: int) -> dict[str, Check]:
    done = CliRunner().invoke(app, ["doctor", "--json", *arguments])
    assert done.exit_code == code, done.output
    return {check["name"]: Check(**check) for check in json.loads(done.stdout)["checks"]}


def test_the_dummy_profile_is_healthy(tmp_path: Path) -> None:
    checks = run("--profile", "dummy", "--data-dir", str(tmp_path), code=0)
    assert {name for name in checks if name.startswith("package")} == {"package av", "package soxr", "package dbos"}
    assert checks["profile"].detail == "dummy"
    assert checks["audio decoding"].status == "ok"


def test_models_that_are_missing_say_how_to_get_them(tmp_path: Path) -> None:
    entry = tiny_entry()
    catalog = Catalog(tmp_path, [MemorySource()], entries={"tiny": entry})
    missing, wrong_path = installation.model_checks(catalog, ["tiny", str(tmp_path / "none.gguf")])
    assert (missing.status, missing.advice) == ("fail", "run `python -m app models pull tiny`")
    assert (wrong_path.name, wrong_path.status) == ("model none.gguf", "fail")
    catalog.pull("tiny")
    assert installation.model_checks(catalog, ["tiny"]) == [Check("model tiny", "ok", str(tmp_path / "tiny"))]


def test_a_port_in_use_is_noticed() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert machine.port_check("127.0.0.1", port).status == "warn"
    assert machine.port_check("127.0.0.1", 0).status == "ok"


def test_memory_that_can_never_suffice_fails() -> None:
    assert machine.memory_check(0).status in {"ok", "warn"}
    assert machine.memory_check(10**9).status == "fail"


def test_models_that_do_not_fit_on_the_disk_fail(tmp_path: Path) -> None:
    assert machine.models_disk_check(tmp_path / "new" / "folder", 10**18).status == "fail"
    assert machine.models_disk_check(tmp_path / "new" / "folder", 1).status == "ok"


def test_a_compiler_is_only_needed_while_llama_cpp_is_not_built(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert machine.compiler_check(needed=False).status == "ok"
    assert machine.compiler_check(needed=True).status == "fail"
    assert machine.gpu_check(Settings(profile="dummy")).status == "ok"
    assert machine.gpu_check(Settings(profile="gpu-24gb")).status == "fail"
