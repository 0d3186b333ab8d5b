"""What a client asks over HTTP beside, or instead of, the socket of a session."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from app.domain.errors import GatewayError, GatewayUnavailable

if TYPE_CHECKING:
    import httpx2

Message = dict[str, Any]
RESULT_POLL_S = 0.5
TIMEOUT_S = 30.0


def http_address(socket_url: str) -> str:
    """The server that a socket's address belongs to: ``ws://127.0.0.1:8000/ws/audio`` is at ``http://127.0.0.1:8000``."""
    address = urlsplit(socket_url)
    return urlunsplit(("https" if address.scheme == "wss" else "http", address.netloc, "", "", ""))


def authorization(api_key: str | None) -> dict[str, str]:
    """The headers that show a key; none without one."""
    return {"Authorization": f"Bearer {api_key}"} if api_key else {}


def open_http(socket_url: str, api_key: str | None) -> "httpx2.AsyncClient":
    """A client for the server of a socket's address."""
    import httpx2

    return httpx2.AsyncClient(
        base_url=http_address(socket_url), headers=authorization(api_key), timeout=httpx2.Timeout(TIMEOUT_S)
    )


async def analysis_when_made(
    http: "httpx2.AsyncClient", session_id: str, is_gone: Callable[[bool], Awaitable[None]]
) -> Message:
    """The analysis of a session that has ended, asked for until it is there.

    Args:
        http: as of ``open_http``.
        session_id: the session's.
        is_gone: hears after each try whether the server could not be reached; waits, or raises to give up.

    Raises:
        GatewayError: the session ended without an analysis, or what answers is no server of ours.
    """
    import httpx2

    while True:
        try:
            answer = await http.get(f"/session/{session_id}/analysis")
        except httpx2.HTTPError:
            await is_gone(True)
            continue
        await is_gone(False)
        if answer.status_code != 202:
            return result(answer, "the session has no analysis")
        await asyncio.sleep(RESULT_POLL_S)


async def read_timeline(socket_url: str, api_key: str | None, session_id: str) -> Message:
    """The timeline of a session.

    Raises:
        GatewayError: it cannot be had; says why.
    """
    import httpx2

    try:
        async with open_http(socket_url, api_key) as http:
            return result(await http.get(f"/session/{session_id}/timeline"), "the session has no timeline")
    except httpx2.HTTPError as error:
        raise GatewayUnavailable(f"the server at {http_address(socket_url)} is gone") from error


def result(answer: "httpx2.Response", complaint: str) -> Message:
    """The object that a request was answered with.

    Raises:
        GatewayError: it was refused, told as ``complaint`` and the server's reason; or the answer is no JSON.
    """
    value = json_object(answer.content, f"{answer.url} answered HTTP {answer.status_code}, and no JSON")
    if answer.is_success:
        return value
    error = value.get("error")
    reason = error.get("message") if isinstance(error, dict) else None
    raise GatewayError(f"{complaint}: {reason or f'HTTP {answer.status_code}'}")


def json_object(text: str | bytes, complaint: str, *, field: str | None = None) -> Message:
    """The JSON object in ``text``, which has ``field``.

    Raises:
        GatewayError: it is none; says ``complaint``.
    """
    try:
        value = json.loads(text)
    except ValueError as error:
        raise GatewayError(complaint) from error
    if not isinstance(value, dict) or field not in {None, *value}:
        raise GatewayError(complaint)
    return value
