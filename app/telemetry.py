"""Logs and timings: structured, with the session's id on every line, never with content."""

import contextvars
import logging
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import structlog

from app.domain.error_fields import error_fields

session_id_var: contextvars.ContextVar[str | None] = contextvars.ContextVar("session_id", default=None)


def _add_session(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    session_id = session_id_var.get()
    if session_id is not None:
        event.setdefault("session_id", session_id)
    return event


def _drop_color(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    event.pop("color_message", None)  # uvicorn's own copy of its message, with terminal codes
    return event


def _without_messages_of_errors(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Libraries log tracebacks; their last line is a message that may quote what was said."""
    exc_info = event.pop("exc_info", None)
    if exc_info and exc_info[1] is not None:
        for name, value in error_fields(exc_info[1]).items():
            event.setdefault(name, value)
    return event


def _without_objects_of_asyncio(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """The event loop's messages go on with the objects concerned: a failed task's error, a callback's arguments."""
    if event.get("logger") == "asyncio":
        event["event"] = re.split(r"[\n(<]", str(event["event"]))[0].rstrip()
    return event


def _drop_queries(record: logging.LogRecord) -> bool:
    """Cut the query off every address that uvicorn logs: it may hold a ticket, and what was searched for."""
    if isinstance(record.args, tuple):
        record.args = tuple(arg.partition("?")[0] if isinstance(arg, str) else arg for arg in record.args)
    return True


def configure_logging(level: str, log_format: Literal["console", "json"]) -> None:
    """Send every log line, ours and the libraries', to standard error in one format."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        _drop_color,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_session,
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _without_messages_of_errors,
                _without_objects_of_asyncio,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for own_handlers in ("uvicorn", "uvicorn.access"):  # of its command line, and past these rules
        logging.getLogger(own_handlers).handlers.clear()
        logging.getLogger(own_handlers).propagate = True
    for noisy in ("dbos", "httpx", "httpx2", "httpcore2", "faster_whisper", "uvicorn.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # At debug level the socket's library logs every message and header: what was said, and the access key.
    logging.getLogger("uvicorn.error").setLevel(max(logging.INFO, root.level))
    for of_requests in ("uvicorn.error", "uvicorn.access"):
        logging.getLogger(of_requests).addFilter(_drop_queries)


@contextmanager
def stage(name: str, log: logging.Logger) -> Iterator[None]:
    """Log how long a stage took, whether it succeeded or not."""
    began = time.monotonic()
    outcome = "failed"
    try:
        yield
        outcome = "done"
    finally:
        log.info(name, extra={"outcome": outcome, "duration_ms": int((time.monotonic() - began) * 1000)})


@contextmanager
def session_context(session_id: str) -> Iterator[None]:
    """Put the session's id on every log line written inside."""
    token = session_id_var.set(session_id)
    try:
        yield
    finally:
        session_id_var.reset(token)
