"""The one table from domain errors to HTTP status, WebSocket close code and wire code; and every error's shape."""

import asyncio
import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from app.api.routes import allowed_methods
from app.api.validation import describe
from app.domain import errors
from app.domain.error_fields import error_fields

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ErrorRow:
    """What one class of errors becomes.

    Attributes:
        status: HTTP status.
        close_code: WebSocket close code if the error ends the connection.
        kind: ``error.type`` of the HTTP shape.
        retryable: whether the same request may succeed later; any error that says when does so, too.
    """

    status: int
    close_code: int
    kind: str
    retryable: bool = False


ERROR_TABLE: Mapping[type[errors.VigiaError], ErrorRow] = {
    errors.InvalidInput: ErrorRow(400, 4400, "invalid_request_error"),
    errors.TooLarge: ErrorRow(413, 1009, "invalid_request_error"),
    errors.NotAuthenticated: ErrorRow(401, 4401, "authentication_error"),
    errors.Forbidden: ErrorRow(403, 4403, "permission_error"),
    errors.NotFound: ErrorRow(404, 4404, "not_found_error"),
    errors.Conflict: ErrorRow(409, 4409, "conflict_error"),
    errors.Overloaded: ErrorRow(429, 1013, "overloaded_error", retryable=True),
    errors.SessionSilent: ErrorRow(408, 4408, "timeout_error", retryable=True),
    errors.ConfigurationError: ErrorRow(503, 1011, "server_error"),
    errors.StorageError: ErrorRow(507, 1013, "server_error", retryable=True),
    errors.GatewayError: ErrorRow(502, 1011, "server_error", retryable=True),
    errors.GatewayUnavailable: ErrorRow(503, 1013, "server_error", retryable=True),
    errors.GatewayBusy: ErrorRow(503, 1013, "overloaded_error", retryable=True),
    errors.GatewayTimeout: ErrorRow(504, 1013, "timeout_error", retryable=True),
    errors.GatewayProtocolError: ErrorRow(502, 1011, "server_error"),
    errors.VigiaError: ErrorRow(500, 1011, "server_error"),
}
"""Rows by error class; a class without a row has that of its nearest base. The event code is ``error.code``."""

MAX_REASON_CHARACTERS = 60
"""Of a close frame: 123 bytes at most (RFC 6455, section 5.5), and a character of our messages takes one or two."""

REFUSED_SOCKET_S = 0.05
"""Connections of refused sockets are closed as soon as their answer is written."""

_CODES_BY_STATUS = {
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
    416: "range_not_satisfiable",
}


def row_for(error: errors.VigiaError) -> ErrorRow:
    """The table's row for ``error``: that of its class or of the nearest base."""
    return next(ERROR_TABLE[base] for base in type(error).__mro__ if base in ERROR_TABLE)


def error_event(error: errors.VigiaError, *, fatal: bool) -> dict[str, Any]:
    """``error`` as a socket message."""
    wait = "" if error.retry_after_s is None else f" (retry in {error.retry_after_s:g} s)"
    return {
        "type": "error",
        "code": error.code,
        "message": error.message + wait,
        "retryable": row_for(error).retryable or error.retry_after_s is not None,
        "fatal": fatal,
    }


def internal_error() -> errors.VigiaError:
    """What a client is told about a fault of ours; the log has the rest."""
    return errors.VigiaError("the server failed; its log says why")


def error_body(message: str, kind: str, code: str, param: str | None = None) -> dict[str, Any]:
    """The shape of every HTTP error."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def error_response(error: errors.VigiaError) -> JSONResponse:
    """``error`` as an HTTP response, with Retry-After where a repetition helps."""
    row = row_for(error)
    headers = {}
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after_s)))
    if row.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    body = error_body(error.message, row.kind, error.code, error.param)
    return JSONResponse(body, row.status, headers=headers)


def install_error_handlers(app: FastAPI) -> None:
    """Give every error of every route the protocol's shape."""

    @app.exception_handler(errors.VigiaError)
    async def _domain_error(_: Request, error: errors.VigiaError) -> JSONResponse:
        if row_for(error).status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            log.warning("request failed", extra={"code": error.code, "error": error.message})
        return error_response(error)

    @app.exception_handler(RequestValidationError)
    async def _invalid_request(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        if first["type"] == "json_invalid":
            return error_response(errors.InvalidInput("the body is not JSON", code="invalid_json"))
        message, param = describe(first, leave_out=("body", "query", "path"))
        return error_response(errors.InvalidInput(message, code="invalid_request", param=param))

    @app.exception_handler(HTTPException)
    async def _http_error(request: Request, error: HTTPException) -> JSONResponse:
        code = _CODES_BY_STATUS.get(error.status_code, "invalid_request")
        kind = "not_found_error" if error.status_code == HTTPStatus.NOT_FOUND else "invalid_request_error"
        headers = dict(error.headers or {})
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            headers["Allow"] = allowed_methods(request)
        body = error_body(str(error.detail), kind, code)
        # uvicorn takes a refused handshake for one without an answer, and logs that, until its connection is gone.
        afterwards = BackgroundTask(asyncio.sleep, REFUSED_SOCKET_S) if request.scope["type"] == "websocket" else None
        return JSONResponse(body, error.status_code, headers=headers, background=afterwards)

    @app.exception_handler(ClientDisconnect)
    async def _client_left(_: Request, error: ClientDisconnect) -> JSONResponse:
        log.info("client left in the middle of a request")
        return error_response(errors.InvalidInput("the request was cut off", code="incomplete_request"))

    @app.exception_handler(Exception)
    async def _unexpected(_: Request, error: Exception) -> JSONResponse:
        log.error("unexpected error", extra=error_fields(error))
        return error_response(internal_error())
