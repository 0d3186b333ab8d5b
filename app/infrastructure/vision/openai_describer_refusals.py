"""What a server's status other than 200 means for the caller: nothing to be done, ask again, or ask in another form."""

import math
from collections.abc import Callable
from typing import Any

from app.domain.errors import GatewayBusy, GatewayError, GatewayProtocolError, GatewayUnavailable
from app.infrastructure.vision.openai_describer_answer import read_bounded
from app.infrastructure.vision.openai_describer_endpoint import Dialect, Endpoint

RETRY_WAIT_S = 0.5
"""Before asking again, if the server does not say how long."""
_LONGEST_WAIT_S = 3600.0
_MAX_REASON_BYTES = 16 * 1024


class TryAgain(Exception):
    """The server may answer later: after ``wait_s``, or ``error`` is what to tell."""

    def __init__(self, error: GatewayError, wait_s: float) -> None:
        super().__init__()
        self.error = error
        self.wait_s = wait_s


class OtherDialect(Exception):
    """The server refused the request's form."""

    def __init__(self, dialect: Dialect) -> None:
        super().__init__()
        self.dialect = dialect


async def raise_refusal(reply: Any, server: Endpoint, model: str, dialect: Dialect) -> None:
    """Raise what a status other than 200 means; the server's own words are never passed on."""
    status, where = int(reply.status_code), f"the vision server at {server.host}"
    if status in (400, 422):
        reason = await read_bounded(reply.aiter_bytes(), _MAX_REASON_BYTES)
        other = dialect.after_refusal(reason.decode("utf-8", "replace"))
        if other is not None:
            raise OtherDialect(other)
    if status in (429, 503):
        wait_s = _retry_after_s(reply.headers.get("retry-after"))
        raise TryAgain(GatewayBusy(f"{where} is busy", retry_after_s=wait_s), wait_s)
    say = _STATUS_MESSAGES.get(status)
    if say is not None:
        raise GatewayUnavailable(say(where, model))
    if status >= 500:
        raise GatewayUnavailable(f"{where} failed (status {status})")
    raise GatewayProtocolError(f"{where} refuses photos as we send them (status {status})")


def _wrong_key(where: str, model: str) -> str:
    return f"{where} does not accept the key; set VIGIA_VISION__SERVER_KEY and VIGIA_VISION__SERVER_KEY_HEADER"


def _no_model(where: str, model: str) -> str:
    name = f"no model {model!r}" if model else "no such model"
    return f"{where} has {name}, or another address; set VIGIA_VISION__SERVER_MODEL or VIGIA_VISION__SERVER_URL"


_STATUS_MESSAGES: dict[int, Callable[[str, str], str]] = {401: _wrong_key, 403: _wrong_key, 404: _no_model}


def _retry_after_s(header: str | None) -> float:
    """Seconds; dates, which few servers send, count as the usual wait."""
    try:
        wait_s = float(header or RETRY_WAIT_S)
    except ValueError:
        return RETRY_WAIT_S
    return min(max(wait_s, 0.0), _LONGEST_WAIT_S) if math.isfinite(wait_s) else RETRY_WAIT_S
