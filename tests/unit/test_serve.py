"""How ``serve`` comes by its address, and what it says when it cannot start."""

import asyncio
import contextlib
import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import app
from app.commands.serve import hold_address, make_server
from app.settings import Settings

pytestmark = pytest.mark.unit


def failure(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["serve", *arguments])
    assert done.exit_code == 1
    assert isinstance(done.exception, SystemExit)
    return done.stderr


def loopback_addresses() -> list[str]:
    """Those that this machine has: many containers are without IPv6, whatever Python was built with."""
    found = ["127.0.0.1"]
    with contextlib.suppress(OSError), socket.create_server(("::1", 0), family=socket.AF_INET6):
        found.append("::1")
    return found


@pytest.mark.parametrize("host", loopback_addresses())
def test_nobody_is_kept_waiting_before_the_server_is_ready(host: str) -> None:
    with hold_address(host, 0) as held:
        port = held.getsockname()[1]
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((host, port), timeout=5)
        held.listen()
        socket.create_connection((host, port), timeout=5).close()


def test_a_taken_port_is_told_before_models_are_fetched(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        options = ["--profile", "cpu", "--port", str(port), "--pull", "--models-dir", str(tmp_path / "none")]
        told = failure(*options)
    assert told == (
        f"error: cannot listen on 127.0.0.1:{port}: Address already in use; choose another with --host and --port\n"
    )
    assert not (tmp_path / "none").exists()


def test_a_port_taken_while_models_were_fetched_is_told(tmp_path: Path) -> None:
    with hold_address("127.0.0.1", 0) as held, hold_address("127.0.0.1", held.getsockname()[1]) as quicker:
        quicker.listen()
        server = make_server(Settings(profile="dummy", data_dir=tmp_path))
        with pytest.raises(OSError, match="in use"):
            asyncio.run(server.serve([held]))


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("VIGIA_MODELS__LANGUAGE_MODEL", "foo", "set VIGIA_MODELS__LANGUAGE_MODEL to dummy or llama-cpp"),
        ("VIGIA_PORT", "70000", "server.port: Input should be less than or equal to 65535"),
        ("VIGIA_AUDIO", "loud", "audio"),
    ],
)
def test_settings_that_make_no_sense_are_a_sentence(
    name: str, value: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    assert told in failure("--profile", "dummy")
