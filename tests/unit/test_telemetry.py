"""Logs carry ids and timings, in one format, no terminal codes, and nothing of what was said."""

import asyncio
import gc
import json
import logging
from typing import Literal

import pytest
import uvicorn
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from app.telemetry import configure_logging, session_context, stage
from tests.server import RunningServer

pytestmark = [pytest.mark.unit, pytest.mark.usefixtures("restored_logging")]


SECRET = "my PIN is 4711"


def test_json_lines_carry_the_session_and_the_duration(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "json")
    log = logging.getLogger("app.test")
    with session_context("abc"), stage("diarize", log):
        log.info("inside", extra={"color_message": "\x1b[1minside", "chunks": 3})
    log.debug("too quiet")
    inside, done = map(json.loads, capsys.readouterr().err.splitlines())
    assert inside["event"] == "inside"
    assert (inside["session_id"], inside["chunks"], inside["level"]) == ("abc", 3, "info")
    assert "color_message" not in inside
    assert (done["event"], done["outcome"]) == ("diarize", "done")
    assert done["duration_ms"] >= 0


def test_no_level_shows_what_is_sent_over_sockets(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("debug", "json")
    logging.getLogger("uvicorn.error").debug("< authorization: Bearer SECRET")
    logging.getLogger("app.test").debug("ours")
    assert [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()] == ["ours"]


async def test_queries_are_never_logged(capsys: pytest.CaptureFixture[str], server: RunningServer) -> None:
    address = server.url.replace("http", "ws")
    configure_logging("info", "json")
    async with connect(f"{address}/ws/audio?ticket=SECRET", proxy=None):
        with pytest.raises(InvalidStatus):
            await connect(f"{address}/ws/nope?ticket=SECRET", proxy=None)
    lines = capsys.readouterr().err
    assert "SECRET" not in lines
    ours = (line for line in lines.splitlines() if line.startswith("{"))
    events = [json.loads(line)["event"].partition(" - ")[2] for line in ours]
    assert '"WebSocket /ws/audio" [accepted]' in events
    assert '"WebSocket /ws/nope" 404' in events


def test_queries_are_not_in_access_logs() -> None:
    configure_logging("info", "json")
    request = ("127.0.0.1:5000", "GET", "/search?q=SECRET", "1.1", 200)
    record = logging.LogRecord("uvicorn.access", logging.INFO, "", 0, '%s - "%s %s HTTP/%s" %d', request, None)
    assert logging.getLogger("uvicorn.access").filter(record)
    assert record.getMessage() == '127.0.0.1:5000 - "GET /search HTTP/1.1" 200'


def test_a_failed_stage_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "json")
    with pytest.raises(ValueError, match="no"), stage("analyze", logging.getLogger("app.test")):
        raise ValueError("no")
    assert json.loads(capsys.readouterr().err)["outcome"] == "failed"


def test_console_lines_are_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("warning", "console")
    logging.getLogger("some.library").warning("disk nearly full", extra={"free_bytes": 10})
    text = capsys.readouterr().err
    assert "disk nearly full" in text
    assert "free_bytes=10" in text


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_a_library_that_logs_an_error_quotes_nothing(
    log_format: Literal["console", "json"], capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging("info", log_format)
    try:
        raise ValueError(f"cannot tokenize {SECRET!r}")
    except ValueError:
        logging.getLogger("some.library").exception("it went wrong")
    text = capsys.readouterr().err
    assert SECRET not in text
    assert "ValueError" in text
    assert "unit/test_telemetry.py:" in text


def test_the_log_set_up_by_uvicorns_command_line_becomes_ours(capsys: pytest.CaptureFixture[str]) -> None:
    uvicorn.Config("app.main:app")  # sets up its own handlers, as `uvicorn app.main:app` does
    configure_logging("info", "json")
    try:
        raise ValueError(SECRET)
    except ValueError as error:
        logging.getLogger("uvicorn.error").error("Exception in ASGI application\n", exc_info=error)
    captured = capsys.readouterr()
    assert SECRET not in captured.out + captured.err
    assert json.loads(captured.err)["error"] == "ValueError"


async def test_the_event_loop_quotes_neither_errors_nor_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "json")

    async def fail() -> None:
        raise ValueError(SECRET)

    def deliver(text: str) -> None:
        raise KeyError(text)

    task = asyncio.create_task(fail())
    asyncio.get_running_loop().call_soon(deliver, SECRET)
    await asyncio.wait([task])
    del task
    gc.collect()
    await asyncio.sleep(0)
    text = capsys.readouterr().err
    assert SECRET not in text
    said = {line["error"]: line["event"] for line in map(json.loads, text.splitlines())}
    assert said["ValueError"] == "Task exception was never retrieved"
    assert said["KeyError"].startswith("Exception in callback")
