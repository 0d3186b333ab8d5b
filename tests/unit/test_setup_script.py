"""The first installation, with a Python whose pip takes for ever."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="scripts are for bash")]
SCRIPTS = Path(__file__).parents[2] / "scripts"
# Like the real one, pip starts a compiler; each shows that it works by writing to a file of its own.
FAKE_PYTHON = """#!/usr/bin/env bash
work() { for _ in {1..400}; do echo x >>"$1"; sleep 0.05; done; }
case "$*" in
    "-m venv .venv") rm without-pip ;;
    "-m pip --version") [ ! -e without-pip ] ;;
    "-m pip install --progress-bar "*)
        [ ! -e fail-at-once ] || { echo "no such package"; exit 1; }
        [ ! -e end-at-once ] || exit 0
        work compiler.log &
        work pip.log ;;
esac
"""
StartInstalling = Callable[[], "subprocess.Popen[str]"]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "scripts").mkdir()
    shutil.copy(SCRIPTS / "setup.sh", tmp_path / "scripts")
    (tmp_path / "requirements.txt").write_text("something==1\n", encoding="utf-8")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    python = tmp_path / ".venv" / "bin" / "python"
    python.write_text(FAKE_PYTHON, encoding="utf-8")
    python.chmod(0o755)
    return tmp_path


def _as_from_a_terminal() -> None:
    """Whoever runs the tests in the background makes their children ignore Ctrl+C, and bash cannot trap what is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def start(checkout: Path) -> Iterator[StartInstalling]:
    """Starts an installation in a process group of its own, as a terminal does."""
    started: list[subprocess.Popen[str]] = []

    def installing() -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            ["bash", "-c", ". scripts/setup.sh; install requirements.txt; echo ready"],
            cwd=checkout,
            env={**os.environ, "PYTHON": str(checkout / ".venv/bin/python")},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=_as_from_a_terminal,
        )
        started.append(process)
        return process

    yield installing
    for process in started:
        process.kill()
        process.communicate()


def grows(file: Path) -> bool:
    before = file.stat().st_size
    time.sleep(0.3)
    return file.stat().st_size > before


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("number", "whole_group", "code"),
    [(signal.SIGINT, True, 130), (signal.SIGTERM, False, 143), (signal.SIGHUP, False, 129)],
    ids=["Ctrl+C", "kill", "the terminal is closed"],
)
def test_stopping_stops_pip_and_its_compiler(
    checkout: Path, start: StartInstalling, number: int, whole_group: bool, code: int
) -> None:
    process = start()
    logs = [checkout / "pip.log", checkout / "compiler.log"]
    until(lambda: all(log.exists() for log in logs))
    (os.killpg if whole_group else os.kill)(process.pid, number)
    said, _ = process.communicate(timeout=20)
    assert process.returncode == code
    assert said.endswith("\nStopped. What was installed stays; start again to go on.\n")
    assert [grows(log) for log in logs] == [False, False]


def test_an_installation_that_was_stopped_goes_on(checkout: Path, start: StartInstalling) -> None:
    process = start()
    until((checkout / "pip.log").exists)
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=20)
    (checkout / "end-at-once").touch()
    again = start()
    said, _ = again.communicate(timeout=20)
    assert again.returncode == 0, said
    assert said.endswith("ready\n")


def test_a_virtual_environment_that_was_half_made_is_made_again(checkout: Path, start: StartInstalling) -> None:
    (checkout / "without-pip").touch()
    (checkout / "end-at-once").touch()
    process = start()
    said, _ = process.communicate(timeout=20)
    assert process.returncode == 0, said
    assert "Making .venv" in said
    assert not (checkout / "without-pip").exists()


def test_a_failed_installation_says_why(checkout: Path, start: StartInstalling) -> None:
    (checkout / "fail-at-once").touch()
    process = start()
    said, _ = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "no such package" in said
    assert "error: packages could not be installed" in said
