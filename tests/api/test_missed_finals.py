"""What became final while the client was away is told when it comes back."""

import asyncio

import pytest

from app.application.sessions.missed_finals import missed
from app.domain.session.models import SessionEvent
from tests.server import RunningServer, spoken

pytestmark = pytest.mark.unit

SILENCE = [bytes(640)] * 150
"""Three seconds: what was said before becomes final."""


async def final_texts(server: RunningServer, session_id: str, count: int) -> list[str]:
    """Wait until the transcript has so many lines."""
    for _ in range(500):
        answer = await server.http.get(f"/session/{session_id}/transcript")
        texts = [line["text"] for line in answer.json()["segments"]]
        if len(texts) >= count:
            return texts
        await asyncio.sleep(0.02)
    raise AssertionError("the words did not become final")


async def test_finals_that_the_client_cannot_have_seen_come_after_ready(server: RunningServer) -> None:
    async with server.socket() as client:
        ready = await client.configure(session_id="away")
        for chunk in [*spoken(1, 2), *SILENCE]:
            await client.send(chunk)
        client.socket.transport.abort()
    texts = await final_texts(server, "away", 1)
    await server.until_state("away", "interrupted")
    async with server.socket() as client:
        again = await client.configure(session_id="away", resume_token=ready["resume_token"])
        told = await client.receive("partial_result")
    assert again["resumed"] is True
    assert told["text"] == ""
    assert told["audio_ms"] == again["audio_ms"]
    assert [(line["text"], line["final"]) for line in told["segments"]] == [(text, True) for text in texts]


def event(at: float, kind: str, *ids: str) -> SessionEvent:
    return SessionEvent(0, kind, {"ids": ids}, at)


def test_only_what_the_client_certainly_read_is_left_out() -> None:
    first = [event(0, "connected"), event(10, "segments", "s1"), event(400, "segments", "s2")]
    away = [event(430, "interrupted"), event(440, "segments", "s3"), event(450, "connected")]
    assert missed(first + away, 120.0) == {"s2", "s3"}
    # The second connection broke before it can have read what it was told.
    short = [event(460, "segments", "s4"), event(470, "interrupted"), event(900, "connected")]
    assert missed(first + away + short, 120.0) == {"s2", "s3", "s4"}
    long = [event(1100, "segments", "s5"), event(1110, "interrupted"), event(1120, "connected")]
    assert missed(first + away + short + long, 120.0) == {"s5"}


def test_a_crash_is_no_proof_that_anything_was_read() -> None:
    assert missed([event(0, "connected"), event(10, "segments", "s1"), event(900, "interrupted")], 120.0) == {"s1"}
