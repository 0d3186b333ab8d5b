"""A real server of our own beside a command, for as long as the command needs it."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from app.domain.errors import GatewayUnavailable
from app.settings import Settings

START_DEADLINE_S = 120.0
STOP_DEADLINE_S = 15.0


@dataclass(frozen=True)
class LocalServer:
    """A server that runs.

    Attributes:
        address: ``host:port``.
        pid: of its process.
    """

    address: str
    pid: int


@contextmanager
def running_server(settings: Settings, out: Path, console: Console) -> Iterator[LocalServer]:
    """A real server on a free loopback port, warmed up.

    It reads the environment and ``.env`` as the command did, and is given the profile and the models folder of
    ``settings``; everything that it stores lies in ``out``, whatever the environment says.

    Raises:
        GatewayUnavailable: it does not come up; names its log.
    """
    log_path, data_dir = out / "server.log", out / "data"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    command = [sys.executable, "-m", "app", "serve", "--profile", settings.profile, "--port", address.split(":")[1]]
    command += ["--host", "127.0.0.1", "--data-dir", str(data_dir), "--models-dir", str(settings.models_dir)]
    environment = {**os.environ, "VIGIA_SESSIONS__DB_PATH": str(data_dir / "sessions.db")}
    with log_path.open("wb") as log, console.status(f"starting the server on {address} and loading the models"):
        server = subprocess.Popen(command, stdout=log, stderr=log, env=environment)  # noqa: S603 - our own program
        try:
            _wait_until_ready(address, server, log_path)
        except BaseException:
            _stop(server)
            raise
    try:
        yield LocalServer(address, server.pid)
    finally:
        _stop(server)


def _wait_until_ready(address: str, server: "subprocess.Popen[bytes]", log_path: Path) -> None:
    import httpx2

    deadline = time.monotonic() + START_DEADLINE_S
    while time.monotonic() < deadline:
        if server.poll() is not None:
            break
        try:
            if httpx2.get(f"http://{address}/ready", timeout=5).status_code == 200:
                return
        except httpx2.TransportError:
            time.sleep(0.1)
        time.sleep(0.2)
    raise GatewayUnavailable(f"the server did not start; its log tells why: {log_path}")


def _stop(server: "subprocess.Popen[bytes]") -> None:
    server.terminate()
    try:
        server.wait(STOP_DEADLINE_S)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
