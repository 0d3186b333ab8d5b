"""``python -m app serve``: the server."""

import contextlib
import logging
import os
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.commands.options import load_settings, reported
from app.commands.pull_progress import pull_missing
from app.composition.choice import check_models
from app.domain.errors import ConfigurationError, VigiaError
from app.settings import Settings
from app.telemetry import configure_logging

if TYPE_CHECKING:
    import uvicorn

    from app.application.container import Container

log = logging.getLogger(__name__)
PING_INTERVAL_S = 20.0
SHUTDOWN_S = 10


def serve(
    profile: Annotated[str | None, typer.Option(help="dummy, cpu, gpu-12gb, gpu-24gb, jetson or remote.")] = None,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on; beyond this machine, clients need a key.")
    ] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Where sessions are kept.")] = None,
    models_dir: Annotated[Path | None, typer.Option(help="Where models lie.")] = None,
    pull: Annotated[bool, typer.Option("--pull", help="First fetch the models that are missing.")] = False,
) -> None:
    """Start the server; Ctrl+C stops it."""
    address = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    settings = load_settings(profile=profile, data_dir=data_dir, models_dir=models_dir, server=address or None)
    configure_logging(settings.log.level, settings.log.format)
    with reported(), contextlib.closing(_held_address(settings)) as listener:
        if pull:
            pull_missing(settings)
        failures: list[VigiaError] = []
        # uvicorn would log a failed start as a traceback; the command ends with the error's sentence instead.
        logging.getLogger("uvicorn.error").addFilter(lambda record: not (failures and record.levelno >= logging.ERROR))
        server = make_server(settings, failures.append)
        bound_host, bound_port = listener.getsockname()[:2]
        log.info("starting", extra={"profile": settings.profile, "url": f"http://{_in_url(bound_host)}:{bound_port}"})
        with contextlib.suppress(SystemExit):
            server.run(sockets=[listener])
        if failures:
            raise failures[0]


def _held_address(settings: Settings) -> socket.socket:
    check_models(settings)
    return hold_address(settings.server.host, settings.server.port)


def hold_address(host: str, port: int) -> socket.socket:
    """A socket that has the address, and refuses connections until uvicorn listens on it, which it does when it is ready.

    Raises:
        ConfigurationError: the port is taken, or the address is not this machine's.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listener = _bound(family, address[:2])
    except OSError as error:
        raise ConfigurationError(
            f"cannot listen on {host}:{port}: {error.strerror or error}; choose another with --host and --port",
            param="server.port",
        ) from error
    listener.set_inheritable(True)
    return listener


def _bound(family: socket.AddressFamily, address: tuple[Any, ...]) -> socket.socket:
    """As ``socket.create_server`` does it, but for listening."""
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if (
            os.name == "posix"
        ):  # without it a port just left stays taken for minutes; on Windows it lets others share it
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6 and socket.has_dualstack_ipv6():
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(address)
    except OSError:
        listener.close()
        raise
    return listener


def make_server(settings: Settings, on_failure: Callable[[VigiaError], None] = lambda error: None) -> "uvicorn.Server":
    """The server as it runs in production; tests use it too. ``on_failure`` hears why it could not start."""
    import uvicorn

    from app.api.application import make_application
    from app.bootstrap import build_container

    @contextlib.asynccontextmanager
    async def build(chosen: Settings) -> "AsyncIterator[Container]":
        try:
            async with build_container(chosen) as container:
                yield container
        except VigiaError as error:
            on_failure(error)
            raise

    config = uvicorn.Config(
        make_application(settings, build),
        # "auto" takes uvloop and httptools where they are installed. Compression would cost memory a socket, and audio
        # does not get smaller.
        loop="auto",
        http="auto",
        ws="websockets-sansio",
        ws_max_size=settings.audio.max_message_bytes,
        ws_per_message_deflate=False,
        # Pings keep middleboxes from forgetting the connection. A late pong is no reason to close: while a fast sender is
        # slowed, its pongs wait behind its audio. Clients that are gone are found by their silence.
        ws_ping_interval=PING_INTERVAL_S,
        ws_ping_timeout=None,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="on",
        timeout_graceful_shutdown=SHUTDOWN_S,
    )
    return uvicorn.Server(config)


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
