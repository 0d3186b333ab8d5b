"""What routes and sockets are given: the container, the settings, and who asks."""

import hashlib
import hmac
import ipaddress
from dataclasses import dataclass
from typing import Annotated, cast
from urllib.parse import urlsplit

from fastapi import Depends, Path, WebSocket, WebSocketException
from starlette.requests import HTTPConnection

from app.api.errors import MAX_REASON_CHARACTERS, error_event, row_for
from app.api.metrics import Metrics
from app.api.schemas.fields import SessionId
from app.application.container import Container
from app.domain.errors import Forbidden, NotAuthenticated, VigiaError
from app.domain.session.models import SessionKey
from app.settings import Settings

LOCAL_OWNER = "local"
"""The one owner while there are no accounts."""
_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True)
class Principal:
    """Who asks."""

    owner: str


def get_container(connection: HTTPConnection) -> Container:
    """The application's container."""
    return cast(Container, connection.app.state.container)


def get_settings(connection: HTTPConnection) -> Settings:
    """The settings in force."""
    return cast(Settings, connection.app.state.settings)


def get_metrics(connection: HTTPConnection) -> Metrics:
    """The application's metrics."""
    return cast(Metrics, connection.app.state.metrics)


def authenticate(connection: HTTPConnection, container: Annotated[Container, Depends(get_container)]) -> Principal:
    """Say who asks, or refuse.

    With an access key (made when the server is bound beyond loopback) every request must show it. Without one, only this
    machine is served, and web pages of other sites are not: browsers let them reach loopback addresses.

    Raises:
        NotAuthenticated: the key is missing or wrong.
        Forbidden: a request from elsewhere to a server without a key.
    """
    if container.access_key_hash is None:
        _require_local(connection)
        return Principal(LOCAL_OWNER)
    scheme, _, key = connection.headers.get("authorization", "").partition(" ")
    shown = hashlib.sha256(key.strip().encode()).hexdigest()
    if scheme.lower() != "bearer" or not hmac.compare_digest(shown, container.access_key_hash):
        raise NotAuthenticated("send the server's key as 'Authorization: Bearer KEY'")
    return Principal(LOCAL_OWNER)


async def admit_socket(websocket: WebSocket, container: Annotated[Container, Depends(get_container)]) -> Principal:
    """Accept a socket and say who asks; a refused one gets the error and the close code of protocol.md."""
    await websocket.accept()
    try:
        return authenticate(websocket, container)
    except VigiaError as error:
        await websocket.send_json(error_event(error, fatal=True))
        raise WebSocketException(row_for(error).close_code, error.message[:MAX_REASON_CHARACTERS]) from error


def session_key(
    principal: Annotated[Principal, Depends(authenticate)],
    session_id: Annotated[SessionId, Path(description="Id of one of the caller's sessions.")],
) -> SessionKey:
    """The session that a path names, as the caller's own."""
    return SessionKey(principal.owner, session_id)


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host in _LOOPBACK_NAMES


def _require_local(connection: HTTPConnection) -> None:
    server = connection.scope.get("server")
    if server and server[1] is not None and not is_loopback(server[0]):
        raise Forbidden("this server has no access key: start it with --host, which makes one", code="key_required")
    if not is_loopback(connection.url.hostname or ""):
        raise Forbidden("ask for localhost: this server serves its own machine only", code="host_not_allowed")
    origin = connection.headers.get("origin")
    if origin is not None and not is_loopback(urlsplit(origin).hostname or ""):
        raise Forbidden("web pages of other sites may not use this server", code="origin_not_allowed")


ContainerDep = Annotated[Container, Depends(get_container)]
SettingsDep = Annotated[Settings, Depends(get_settings)]
MetricsDep = Annotated[Metrics, Depends(get_metrics)]
PrincipalDep = Annotated[Principal, Depends(authenticate)]
SessionKeyDep = Annotated[SessionKey, Depends(session_key)]
