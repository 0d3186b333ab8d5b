"""The normal life of a recording session over the socket."""

import asyncio
import base64

import pytest

from app.domain.session.models import SessionConfig, SessionKey
from app.infrastructure.transcription.dummy import tones
from tests.conftest import StartServer
from tests.opus import encode_opus
from tests.server import RunningServer, spoken

pytestmark = pytest.mark.unit


async def test_a_session_from_config_to_final_result(server: RunningServer) -> None:
    chunks = spoken(1, 2, 3)
    async with server.socket() as client:
        ready = await client.configure(session_id="first", language="en")
        assert ready["session_id"] == "first"
        assert ready["resumed"] is False
        assert ready["next_chunk_id"] == 1
        assert ready["audio_ms"] == 0
        assert len(ready["resume_token"]) >= 43
        assert ready["limits"] == {"max_message_bytes": 65536, "max_session_s": 14400, "photo_interval_s": 5.0}
        for chunk in chunks:
            await client.send(chunk)
        await client.send({"type": "end_of_stream"})
        assert await client.closed() == 1000
    final = client.messages[-1]
    assert final["type"] == "final_result"
    assert final["text"] == final["analysis"]["summary"]
    analysis = final["analysis"]
    assert " ".join(line["text"] for line in analysis["transcript"]) == "w1 w2 w3"
    assert analysis["session_id"] == "first"
    assert analysis["version"] == 1
    assert analysis["language"] == "en"
    assert analysis["duration_s"] == pytest.approx(len(chunks) * 0.02)
    assert analysis["quality"] == {"complete": True, "notes": []}
    assert set(analysis["timings_ms"]) == {"transcribe", "diarize", "describe", "analyze", "end_to_final"}
    assert analysis["gaps"] == []
    assert analysis["photos"] == []
    acks = [message for message in client.messages if message["type"] == "ack"]
    assert acks[-1] == {"type": "ack", "chunk_id": len(chunks), "audio_ms": len(chunks) * 20}
    stages = [message["stage"] for message in client.messages if message["type"] == "progress"]
    assert stages == sorted(stages, key=["transcribing", "diarizing", "analyzing"].index)
    assert (await server.http.get("/session/first/analysis")).json() == analysis


async def test_partial_results_come_while_audio_is_sent(server: RunningServer) -> None:
    async with server.socket() as client:
        await client.configure()
        for chunk in spoken(*range(1, 80)):
            await client.send(chunk)
        partial = await client.receive("partial_result")
        while not any(segment["final"] for segment in partial["segments"]):
            partial = await client.receive("partial_result")
        segment = partial["segments"][0]
        assert set(segment) == {"id", "start", "end", "text", "speaker", "final"}
        assert set(partial) == {"type", "text", "segments", "audio_ms"}
        assert len(partial["text"]) <= 1000


async def test_acks_come_at_least_once_a_second_while_audio_arrives(server: RunningServer) -> None:
    async with server.socket() as client:
        await client.configure()
        await client.send(spoken(1)[0])
        ack = await asyncio.wait_for(client.receive("ack"), 1.0)
        assert ack == {"type": "ack", "chunk_id": 1, "audio_ms": 20}
        assert (await server.container.journal.state(_key(client.messages[0]))).next_chunk_id == 2


async def test_base64_gives_the_same_result_as_binary(server: RunningServer) -> None:
    async with server.socket() as client:
        await client.configure()
        for number, chunk in enumerate(spoken(4, 5), start=1):
            await client.send({"type": "audio_chunk", "chunk_id": number, "data_b64": base64.b64encode(chunk).decode()})
            if number == 3:  # stored already, so ignored
                await client.send({"type": "audio_chunk", "chunk_id": 2, "data_b64": "AAAA"})
        await client.send({"type": "end_of_stream"})
        assert await client.closed() == 1000
    assert client.messages[-1]["analysis"]["transcript"][0]["text"] == "w4 w5"


@pytest.mark.parametrize("encoding", ["pcm16", "opus"])
async def test_an_empty_message_takes_a_chunk_id_and_no_time(server: RunningServer, encoding: str) -> None:
    packets = spoken(6) if encoding == "pcm16" else [*encode_opus(tones((6,)))]
    async with server.socket() as client:
        await client.configure(session_id="empty", encoding=encoding)
        await client.send(b"")
        await client.send({"type": "audio_chunk", "chunk_id": 2, "data_b64": ""})
        assert await client.acked(2) == {"type": "ack", "chunk_id": 2, "audio_ms": 0}
        for packet in packets:
            await client.send(packet)
        await client.send(b"")
        await client.send({"type": "end_of_stream"})
        assert await client.closed() == 1000
    acks = [message for message in client.messages if message["type"] == "ack"]
    assert acks[-1] == {"type": "ack", "chunk_id": len(packets) + 3, "audio_ms": len(packets) * 20}
    analysis = client.messages[-1]["analysis"]
    assert [line["text"] for line in analysis["transcript"]] == ["w6"]
    assert analysis["gaps"] == []
    assert (await server.http.get("/session/empty/audio")).status_code == 200


async def test_a_gap_takes_a_chunk_id_and_time(server: RunningServer) -> None:
    async with server.socket() as client:
        await client.configure()
        chunks = spoken(1)
        for chunk in chunks:
            await client.send(chunk)
        await client.send({"type": "gap", "duration_ms": 2500})
        for chunk in spoken(2):
            await client.send(chunk)
        await client.send({"type": "end_of_stream"})
        assert await client.closed() == 1000
    analysis = client.messages[-1]["analysis"]
    began = len(chunks) * 0.02
    assert analysis["gaps"] == [{"start": pytest.approx(began), "end": pytest.approx(began + 2.5)}]
    assert [line["text"] for line in analysis["transcript"]] == ["w1", "w2"]
    acks = [message for message in client.messages if message["type"] == "ack"]
    assert acks[-1]["chunk_id"] == 2 * len(chunks) + 1


async def test_a_dropped_session_is_resumed_where_it_was(server: RunningServer) -> None:
    chunks = spoken(1, 2, 3, 4)
    async with server.socket() as client:
        ready = await client.configure(session_id="dropped")
        for chunk in chunks[:50]:
            await client.send(chunk)
        await client.acked(50)
        client.socket.transport.abort()
    await server.until_state("dropped", "interrupted")
    async with server.socket() as client:
        again = await client.configure(session_id="dropped", resume_token=ready["resume_token"])
        assert again["resumed"] is True
        assert again["next_chunk_id"] == 51
        assert again["audio_ms"] == 1000
        assert again["resume_token"] == ready["resume_token"]
        for chunk in chunks[50:]:
            await client.send(chunk)
        await client.send({"type": "end_of_stream"})
        assert await client.closed() == 1000
    text = " ".join(line["text"] for line in client.messages[-1]["analysis"]["transcript"])
    assert text == "w1 w2 w3 w4"


async def test_a_session_that_dropped_before_its_first_audio_is_resumed_too(server: RunningServer) -> None:
    async with server.socket() as client:
        ready = await client.configure(session_id="early")
        assert ready["resumed"] is False
        client.socket.transport.abort()
    await server.until_state("early", "interrupted")
    async with server.socket() as client:
        again = await client.configure(session_id="early", resume_token=ready["resume_token"])
        assert (again["resumed"], again["next_chunk_id"]) == (True, 1)


async def test_a_session_that_nobody_resumes_is_finished(start_server: StartServer) -> None:
    server = await start_server(sessions={"resume_window_s": 0.2})
    async with server.socket() as client:
        await client.configure(session_id="left")
        for chunk in spoken(7):
            await client.send(chunk)
        await client.acked(len(spoken(7)))
    await server.until_state("left", "finished")
    assert (await server.finished("left"))["transcript"][0]["text"] == "w7"


async def test_work_goes_on_when_the_client_leaves_after_the_end(server: RunningServer) -> None:
    async with server.socket() as client:
        await client.configure(session_id="gone")
        for chunk in spoken(8, 9):
            await client.send(chunk)
        await client.send({"type": "end_of_stream"})
    assert (await server.finished("gone"))["transcript"][0]["text"] == "w8 w9"


async def test_a_socket_attaches_to_a_session_made_over_http(server: RunningServer) -> None:
    made = (await server.http.post("/session", json={"session_id": "made", "language": "es"})).json()
    async with server.socket() as client:
        ready = await client.configure(session_id="made", resume_token=made["resume_token"])
        assert ready["resumed"] is False
        assert ready["resume_token"] == made["resume_token"]
        for chunk in spoken(3):
            await client.send(chunk)
        await client.send({"type": "end_of_stream"})
        assert await client.closed() == 1000
    assert client.messages[-1]["analysis"]["language"] == "es"


async def test_what_a_socket_sets_replaces_what_the_session_was_made_with(server: RunningServer) -> None:
    made_with = {"session_id": "wishes", "language": "es", "diarize": False, "started_at": 5.0, "vocabulary": ["Marta"]}
    made = (await server.http.post("/session", json=made_with)).json()
    key = SessionKey("local", "wishes")
    for asked, expected in (
        ({}, SessionConfig("es", None, ("Marta",), None, 5.0, diarize=False)),
        ({"diarize": None, "timezone": "UTC"}, SessionConfig("es", None, ("Marta",), "UTC", 5.0, diarize=False)),
        ({"diarize": True, "vocabulary": [], "started_at": 0}, SessionConfig("es", None, (), "UTC", 0.0, diarize=True)),
        ({"diarize": False, "language": "en"}, SessionConfig("en", None, (), "UTC", 0.0, diarize=False)),
    ):
        async with server.socket() as client:
            await client.configure(session_id="wishes", resume_token=made["resume_token"], **asked)
            assert (await server.container.sessions.get(key)).config == expected


async def test_an_empty_session_has_an_honest_result(server: RunningServer) -> None:
    async with server.socket() as client:
        await client.configure()
        await client.send({"type": "end_of_stream"})
        assert await client.closed() == 1000
    acks = [message for message in client.messages if message["type"] == "ack"]
    assert acks == [{"type": "ack", "chunk_id": 0, "audio_ms": 0}]
    analysis = client.messages[-1]["analysis"]
    assert analysis["transcript"] == []
    assert analysis["summary"] == ""
    assert analysis["quality"]["complete"] is True


def _key(ready: dict[str, str]) -> SessionKey:
    return SessionKey("local", ready["session_id"])
