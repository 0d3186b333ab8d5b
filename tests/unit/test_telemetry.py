"""Logs carry ids and timings, in one format, and no terminal codes."""

import json
import logging
from collections.abc import Iterator

import pytest

from app.telemetry import configure_logging, session_context, stage

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def _restored_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


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
