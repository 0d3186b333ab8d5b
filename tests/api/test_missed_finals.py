"""What became final while the client was away is told when it comes back."""

import asyncio

import pytest

from tests.server import AudioClient, Message, RunningServer, spoken

pytestmark = pytest.mark.unit

SILENCE = [bytes(640)] * 150
"""Three seconds: what was said before becomes final."""


async def final_texts(server: RunningServer, session_id: str, count: int) -> list[str]:
    """Wait until the transcript has so many lines."""
    while True:
        answer = await server.http.get(f"/session/{session_id}/transcript")
        texts = [line["text"] for line in answer.json()["segments"]]
        if len(texts) >= count:
            return texts
        await asyncio.sleep(0.02)


def finals(client: AudioClient) -> list[Message]:
    told = (message for message in client.messages if message["type"] == "partial_result")
    return [line for message in told for line in message["segments"] if line["final"]]


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


async def test_finals_that_the_client_read_are_not_repeated(server: RunningServer) -> None:
    async with server.socket() as client:
        ready = await client.configure(session_id="stepped-out")
        for chunk in [*spoken(1, 2), *SILENCE]:
            await client.send(chunk)
        while not finals(client):
            await client.receive("partial_result")
        known = {line["id"] for line in finals(client)}
        await client.socket.close()
    await server.until_state("stepped-out", "interrupted")
    async with server.socket() as client:
        await client.configure(session_id="stepped-out", resume_token=ready["resume_token"])
        for chunk in [*spoken(3), *SILENCE]:
            await client.send(chunk)
        await client.send({"type": "end_of_stream"})
        assert await client.closed() == 1000
    assert known
    assert not known & {line["id"] for line in finals(client)}
    assert [line["text"] for line in client.messages[-1]["analysis"]["transcript"]] == ["w1 w2", "w3"]
