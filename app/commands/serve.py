"""``python -m app serve``: the server."""

import contextlib
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.options import load_settings, reported
from app.domain.errors import ConfigurationError
from app.settings import Settings
from app.telemetry import configure_logging

if TYPE_CHECKING:
    import uvicorn

BACKLOG = 2048
"""Connections the system may hold for us: uvicorn's own default."""
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
) -> None:
    """Start the server; Ctrl+C stops it."""
    address = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    settings = load_settings(profile=profile, data_dir=data_dir, models_dir=models_dir, server=address or None)
    configure_logging(settings.log.level, settings.log.format)
    with reported():
        from app.bootstrap import check_profile, prepare_data_dir

        check_profile(settings)
        prepare_data_dir(settings.data_dir)
        with contextlib.closing(listen(settings.server.host, settings.server.port)) as listener:
            server = make_server(settings)
            bound_host, bound_port = listener.getsockname()[:2]
            typer.echo(f"Vigía ({settings.profile}) listens on http://{_in_url(bound_host)}:{bound_port}", err=True)
            server.run(sockets=[listener])
            if not server.started:
                raise ConfigurationError("the server could not start; the message above says why")


def listen(host: str, port: int) -> socket.socket:
    """A listening socket.

    Raises:
        ConfigurationError: the port is taken, or the address is not this machine's.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listener = socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except OSError as error:
        raise ConfigurationError(
            f"cannot listen on {host}:{port} ({error.strerror or error}); choose another with --host and --port",
            param="server.port",
        ) from error
    listener.set_inheritable(True)
    return listener


def make_server(settings: Settings) -> "uvicorn.Server":
    """The server as it runs in production; tests use it too."""
    import uvicorn

    from app.api.application import make_application
    from app.bootstrap import build_container

    config = uvicorn.Config(
        make_application(settings, build_container),
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
