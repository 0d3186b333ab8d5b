"""Hostile and broken clients get a clear answer, and the server goes on."""

import asyncio
import base64
import contextlib
import json

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.conftest import StartServer
from tests.server import AudioClient, RunningServer, spoken

pytestmark = pytest.mark.unit


async def healthy(server: RunningServer) -> None:
    """The server still does its work."""
    assert (await server.http.get("/health")).json()["ok"] is True
    async with server.socket() as client:
        await client.configure()
        for chunk in spoken(1):
            await client.send(chunk)
        await client.send({"type": "end_of_stream"})
        assert await client.closed() == 1000


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (b"\0\0", "config_expected"),
        ('{"type": "end_of_stream"}', "config_expected"),
        ('{"type": "gap", "duration_ms": 5}', "config_expected"),
        ('{"type": "hello"}', "config_expected"),
        ("[]", "config_expected"),
        ("{broken", "invalid_json"),
        ('{"type": "config", "sample_rate": 0}', "invalid_config"),
        ('{"type": "config", "encoding": "mp3"}', "invalid_config"),
        ('{"type": "config", "session_id": "../../etc/passwd"}', "invalid_config"),
        ('{"type": "config", "session_id": ".."}', "invalid_config"),
        ('{"type": "config", "language": "klingon"}', "invalid_config"),
    ],
)
async def test_bad_first_messages(server: RunningServer, message: str | bytes, code: str) -> None:
    async with server.socket() as client:
        assert await client.refused(message) == (code, 4400)
    await healthy(server)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("{broken", "invalid_json"),
        (b"\0\0\0", "invalid_audio"),
        ('{"type": "audio_chunk", "chunk_id": 1, "data_b64": "%%%"}', "invalid_base64"),
        ('{"type": "audio_chunk", "chunk_id": 2, "data_b64": "AAAA"}', "chunk_id_skipped"),
        ('{"type": "audio_chunk", "chunk_id": 1, "data_b64": "AAAA"}', "invalid_audio"),
        ('{"type": "gap", "duration_ms": -1}', "invalid_message"),
        ('{"type": "gap", "duration_ms": 1e12}', "gap_too_long"),
    ],
)
async def test_bad_messages_of_a_session(server: RunningServer, message: str | bytes, code: str) -> None:
    async with server.socket() as client:
        await client.configure()
        assert await client.refused(message) == (code, 4400)
        error = client.messages[-1]
        assert set(error) == {"type", "code", "message", "retryable", "fatal"}
    await healthy(server)


async def test_refusals_are_in_our_words(server: RunningServer) -> None:
    answer = await server.http.post("/session", json={"timezone": "Mars/Olympus"})
    assert answer.json()["error"]["message"] == "timezone: not an IANA time zone, such as Europe/Madrid"
    async with server.socket() as client:
        await client.refused('{"type": "config", "session_id": ".."}')
    assert client.messages[-1]["message"] == "session_id: a session_id of one or two dots is not allowed"


@pytest.mark.parametrize("message", ['{"type": "wave"}', "[]", '"text"', "{}", '{"type": 5}', '{"type": "config"}'])
async def test_what_is_not_known_is_not_fatal(server: RunningServer, message: str) -> None:
    async with server.socket() as client:
        await client.configure()
        await client.send(message)
        error = await client.receive("error")
        assert error["fatal"] is False
        assert error["code"] in ("unknown_type", "already_configured")
        await client.send({"type": "end_of_stream"})
        assert await client.closed() == 1000


async def test_truncated_opus_packets(server: RunningServer) -> None:
    async with server.socket() as client:
        await client.configure(encoding="opus")
        # Code 3 (RFC 6716, section 3.2.5) announces a count of frames that this packet does not hold.
        code, close = await client.refused(b"\x03")
        assert close == 4400
        assert code
    await healthy(server)


@pytest.mark.parametrize("text", [True, False])
async def test_a_message_over_the_limit_closes_with_1009(server: RunningServer, text: bool) -> None:
    async with server.socket() as client:
        await client.configure()
        with contextlib.suppress(ConnectionClosed):
            await client.send("x" * 100_000_000 if text else bytes(100_000_000))
        assert await client.closed() == 1009
    await healthy(server)


async def test_binary_and_numbered_audio_may_be_mixed(server: RunningServer) -> None:
    data = base64.b64encode(bytes(640)).decode()
    async with server.socket() as client:
        await client.configure()
        await client.send(bytes(640))
        await client.send({"type": "audio_chunk", "chunk_id": 2, "data_b64": data})
        await client.send(bytes(640))
        await client.send({"type": "end_of_stream"})
        assert await client.closed() == 1000
    acks = [message for message in client.messages if message["type"] == "ack"]
    assert acks[-1] == {"type": "ack", "chunk_id": 3, "audio_ms": 60}


async def test_silence_closes_with_4408(start_server: StartServer) -> None:
    server = await start_server(audio={"idle_timeout_s": 0.3})
    async with server.socket() as client:
        assert await client.refused() == ("idle_timeout", 4408)
    async with server.socket() as client:
        await client.configure(session_id="silent")
        assert await client.refused() == ("idle_timeout", 4408)
    assert (await server.http.get("/session/silent")).json()["state"] == "interrupted"


async def test_end_of_stream_twice_and_audio_after_it(server: RunningServer) -> None:
    async with server.socket() as client:
        await client.configure()
        for chunk in spoken(1):
            await client.send(chunk)
        for _ in range(3):
            await client.send({"type": "end_of_stream"})
        await client.send(bytes(640))
        await client.send({"type": "new_type"})
        for nonsense in ("{", {"type": "gap", "duration_ms": -1}, {"type": "config", "channels": 9}, b"x"):
            await client.send(nonsense)
        assert await client.closed() == 1000
    errors = [message["code"] for message in client.messages if message["type"] == "error"]
    assert errors.count("stream_ended") <= 1
    assert set(errors) <= {"stream_ended", "unknown_type"}
    assert client.messages[-1]["analysis"]["duration_s"] == pytest.approx(len(spoken(1)) * 0.02)


async def test_two_sockets_on_one_session(start_server: StartServer) -> None:
    server = await start_server(sessions={"reconnect_grace_s": 0.1})
    async with server.socket() as first:
        ready = await first.configure(session_id="one")
        async with server.socket() as second:
            config = {"type": "config", "session_id": "one", "resume_token": ready["resume_token"]}
            assert await second.refused(config) == ("session_live", 4409)
        async with server.socket() as third:
            assert await third.refused({"type": "config", "session_id": "one"}) == ("session_live", 4409)
            assert third.messages[-1]["retryable"] is True
        for chunk in spoken(5):
            await first.send(chunk)
        await first.send({"type": "end_of_stream"})
        assert await first.closed() == 1000
    async with server.socket() as late:
        assert await late.refused(config) == ("session_ended", 4409)
        assert late.messages[-1]["retryable"] is False


async def test_resuming_needs_the_right_token(server: RunningServer) -> None:
    async with server.socket() as client:
        await client.configure(session_id="mine")
        await client.send(bytes(640))
        await client.receive("ack")
    while (await server.http.get("/session/mine")).json()["state"] != "interrupted":  # noqa: ASYNC110 as a client would
        await asyncio.sleep(0.01)
    for token, expected in (
        ("wrong", ("wrong_resume_token", 4403)),
        (None, ("resume_token_required", 4403)),
    ):
        async with server.socket() as client:
            config = {"type": "config", "session_id": "mine", "resume_token": token}
            assert await client.refused(config) == expected
    async with server.socket() as client:
        config = {"type": "config", "session_id": "unknown", "resume_token": "any"}
        assert await client.refused(config) == ("session_not_found", 4404)


async def test_too_many_live_sessions(start_server: StartServer) -> None:
    server = await start_server(sessions={"max_live": 1})
    async with server.socket() as first:
        await first.configure()
        async with server.socket() as second:
            assert await second.refused({"type": "config"}) == ("too_many_sessions", 1013)
            error = second.messages[-1]
            assert "10 s" in error["message"]
            assert error["retryable"] is True
    while server.container.live.count:  # noqa: ASYNC110 nothing announces it
        await asyncio.sleep(0.01)
    await healthy(server)


async def test_a_session_that_becomes_too_long_is_ended_and_analysed(start_server: StartServer) -> None:
    server = await start_server(audio={"max_session_s": 60})
    async with server.socket() as client:
        await client.configure()
        for chunk in spoken(1):
            await client.send(chunk)
        await client.send({"type": "gap", "duration_ms": 58_000})
        for chunk in spoken(2, 3):
            await client.send(chunk)
        assert await client.closed() == 1000
    errors = [message for message in client.messages if message["type"] == "error"]
    assert errors[0]["code"] == "session_too_long"
    assert errors[0]["fatal"] is False
    assert client.messages[-1]["analysis"]["duration_s"] <= 60


async def test_a_used_up_quota_refuses_audio(start_server: StartServer) -> None:
    server = await start_server(sessions={"quota_bytes": 100_000})
    async with server.socket() as client:
        await client.configure(session_id="big")
        with contextlib.suppress(ConnectionClosed):
            for _ in range(300):
                await client.send(bytes(640))
        assert await client.refused() == ("quota_exceeded", 1013)
    async with server.socket() as client:
        assert await client.refused({"type": "config"}) == ("quota_exceeded", 1013)
    assert (await server.http.delete("/session/big")).status_code == 204
    await healthy(server)


async def test_a_client_that_never_reads_is_not_waited_for(server: RunningServer) -> None:
    async with server.socket() as client:
        await client.configure(session_id="deaf")
        for _ in range(3):
            for chunk in spoken(1, 2):
                await client.send(chunk)
        await client.send({"type": "end_of_stream"})
        client.socket.transport.abort()
    assert (await server.finished("deaf"))["quality"]["complete"] is True


async def test_web_pages_of_other_sites_and_other_hosts_are_refused(server: RunningServer) -> None:
    async with server.socket(origin="https://evil.example") as client:
        assert await client.refused() == ("origin_not_allowed", 4403)
    async with server.socket(origin="http://localhost:3000") as client:
        await client.configure()
    answer = await server.http.get("/health", headers={"Host": "evil.example"})
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "host_not_allowed"


@pytest.mark.parametrize("path", ["/ws/other", "/ws/audio/", "/session"])
async def test_unknown_socket_paths_are_refused(
    server: RunningServer, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(InvalidStatus) as caught:
        await connect(server.url.replace("http", "ws") + path, proxy=None)
    response = caught.value.response
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/json"
    error = json.loads(response.body or b"")["error"]
    assert error == {"message": "Not Found", "type": "not_found_error", "param": None, "code": "not_found"}
    await asyncio.sleep(0.1)
    assert not [line.getMessage() for line in caplog.records if line.levelname == "ERROR"]


async def flood(client: AudioClient) -> None:
    for _ in range(1000):
        await client.send(json.dumps({"type": "nonsense"}))


async def test_a_flood_of_nonsense_is_survived(server: RunningServer) -> None:
    async with server.socket() as client:
        await client.configure()
        with contextlib.suppress(ConnectionClosed):
            await asyncio.wait_for(flood(client), 10)
        client.socket.transport.abort()
    await healthy(server)
