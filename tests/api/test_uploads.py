"""Recordings uploaded over HTTP: as a session, into one, and what is refused."""

import asyncio
from typing import Any

import pytest

from app.domain.session.models import SessionKey
from tests.conftest import StartServer
from tests.server import RunningServer, spoken
from tests.wav_files import wav

pytestmark = pytest.mark.unit


async def test_an_uploaded_recording_becomes_a_session(server: RunningServer) -> None:
    answer = await server.http.post("/session/up/audio", content=wav(1, 2, 3), headers={"content-type": "audio/wav"})
    assert answer.status_code == 200
    uploaded = answer.json()
    assert uploaded["status"] == "processing"
    assert uploaded["added_s"] == pytest.approx(1.5)
    analysis = await server.finished("up")
    assert " ".join(line["text"] for line in analysis["transcript"]) == "w1 w2 w3"
    # Ending what has ended changes nothing.
    assert (await server.http.post("/session/up/finish")).json()["status"] == "finished"
    assert (await server.http.get("/session/up/analysis")).json() == analysis


async def test_uploads_as_a_form_and_one_after_the_other(server: RunningServer) -> None:
    await server.http.post("/session", json={"session_id": "parts"})
    for words in ((1, 2), (3, 4)):
        answer = await server.http.post(
            "/session/parts/audio?finish=false", files={"file": ("part.wav", wav(*words), "audio/wav")}
        )
        assert answer.status_code == 200, answer.text
        assert answer.json()["status"] == "open"
    assert (await server.http.get("/session/parts/analysis")).status_code == 202
    assert (await server.http.post("/session/parts/finish")).status_code == 202
    analysis = await server.finished("parts")
    assert " ".join(line["text"] for line in analysis["transcript"]) == "w1 w2 w3 w4"


async def test_late_audio_fills_its_gap(server: RunningServer) -> None:
    began = await server.record("gappy", spoken(1), 3.0, spoken(2))
    gap = began["gaps"][0]
    answer = await server.http.post(
        f"/session/gappy/audio?offset_ms={gap['start'] * 1000 + 500}",
        content=wav(7, 8),
        headers={"content-type": "audio/wav"},
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["filled_s"] == pytest.approx(1.0)
    assert answer.json()["added_s"] == 0
    analysis = await server.finished("gappy")
    assert analysis["version"] == 2
    texts = [(line["id"], line["text"]) for line in analysis["transcript"]]
    assert texts == [("s1", "w1"), ("s3", "w7 w8"), ("s2", "w2")]
    assert [round(span["end"] - span["start"], 2) for span in analysis["gaps"]] == [0.5, 1.5]
    old = (await server.http.get("/session/gappy/analysis?version=1")).json()
    assert old["version"] == 1


async def test_a_recording_with_an_offset_leaves_a_gap_before_it(server: RunningServer) -> None:
    answer = await server.http.post("/session/later/audio?offset_ms=2000", content=wav(5))
    assert (answer.json()["duration_s"], answer.json()["added_s"]) == (2.5, 0.5)
    analysis = await server.finished("later")
    assert analysis["gaps"] == [{"start": 0.0, "end": 2.0}]
    assert analysis["transcript"][0]["start"] == pytest.approx(2.0, abs=0.1)


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [(b"", 400, None), (b"no recording at all, just text", 400, None), (wav(1)[:30], 400, None)],
)
async def test_what_is_no_recording_is_refused(server: RunningServer, content: bytes, status: int, code: Any) -> None:
    answer = await server.http.post("/session/bad/audio", content=content)
    assert answer.status_code == status
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}
    assert (await server.http.get("/session/bad")).status_code == 404  # nothing is left of it
    again = await server.http.post("/session/bad/audio", content=wav(1))
    assert again.status_code == 200
    assert again.json()["duration_s"] == pytest.approx(0.5)


async def test_bodies_are_bounded(start_server: StartServer) -> None:
    server = await start_server(audio={"max_upload_bytes": 100_000})
    answer = await server.http.post("/session/big/audio", content=bytes(8_000_000))
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "too_large"
    answer = await server.http.post("/session", content=b" " * 2_000_000, headers={"content-type": "application/json"})
    assert answer.status_code == 413


async def test_a_body_announced_as_too_large_is_refused_before_it_is_sent(server: RunningServer) -> None:
    async def refused(path: str) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(server.url.rsplit(":", 1)[1]))
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {2**50}\r\n\r\n"
        writer.write(head.encode())
        assert b" 413 " in await asyncio.wait_for(reader.readline(), 5)
        writer.close()
        await writer.wait_closed()

    await asyncio.gather(*map(refused, ("/session/huge/audio", "/session")))


async def test_an_upload_into_a_live_or_ended_session_conflicts(start_server: StartServer) -> None:
    server = await start_server(sessions={"reconnect_grace_s": 0.1})
    async with server.socket() as client:
        await client.configure(session_id="live")
        answer = await server.http.post("/session/live/audio", content=wav(1))
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "session_live")
        answer = await server.http.post("/session/live/finish")
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "session_live")
    await server.record("ended", spoken(1))
    answer = await server.http.post("/session/ended/audio", content=wav(1))
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "session_ended")


async def test_a_recording_cannot_begin_behind_the_end_of_an_ended_session(server: RunningServer) -> None:
    duration_ms = (await server.record("ended", spoken(1)))["duration_s"] * 1000
    for offset_ms in (duration_ms, duration_ms + 9000):
        answer = await server.http.post(f"/session/ended/audio?offset_ms={offset_ms}", content=wav(1))
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "session_ended")


async def test_a_recording_cannot_begin_where_no_session_may_reach(start_server: StartServer) -> None:
    server = await start_server(audio={"max_session_s": 60})
    answer = await server.http.post("/session/far/audio?offset_ms=90000", content=wav(1))
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (413, "session_too_long", "offset_ms")
    assert "60 s" in error["message"]
    assert "90 s" in error["message"]
    assert (await server.http.get("/session/far")).status_code == 404
    assert (await server.http.post("/session/far/audio?offset_ms=59000", content=wav(1))).status_code == 200


async def test_an_upload_does_not_take_the_place_of_what_a_client_may_resume(server: RunningServer) -> None:
    async with server.socket() as client:
        await client.configure(session_id="cut")
        for chunk in spoken(1):
            await client.send(chunk)
        await client.acked(len(spoken(1)))
    await server.until_state("cut", "interrupted")
    answer = await server.http.post("/session/cut/audio", content=wav(2))
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "session_interrupted")
    answer = await server.http.post("/session/cut/audio?finish=true", content=wav(2))
    assert answer.status_code == 200, answer.text
    analysis = await server.finished("cut")
    assert " ".join(line["text"] for line in analysis["transcript"]) == "w1 w2"


@pytest.mark.parametrize("made_before", [False, True])
async def test_erasing_a_session_stops_its_import(server: RunningServer, made_before: bool) -> None:
    if made_before:
        await server.http.post("/session", json={"session_id": "slow"})
    long = await asyncio.to_thread(lambda: wav(1, pause_s=1200.0))
    upload = asyncio.create_task(server.http.post("/session/slow/audio", content=long))
    while not server.container.live.is_live(SessionKey("local", "slow")):  # noqa: ASYNC110 nothing announces it
        await asyncio.sleep(0.005)
    while (await server.http.get("/session/slow")).status_code != 200:  # noqa: ASYNC110 as a client would
        await asyncio.sleep(0.005)
    assert (await server.http.delete("/session/slow")).status_code == 204
    answer = await upload
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "session_erased")
    assert (await server.http.get("/session/slow")).status_code == 404
    assert await server.container.journal.stored_bytes("local") == 0


async def test_late_audio_moves_no_names_and_changes_no_older_version(server: RunningServer) -> None:
    await server.record("renamed", 3.0, spoken(1, 2), spoken(3, 4))
    await server.http.patch("/session/renamed/speakers", json={"S1": "Marta", "S2": "Juan"})
    before = (await server.http.get("/session/renamed/analysis")).json()
    assert [(line["speaker"], line["text"]) for line in before["transcript"]] == [("Marta", "w1 w2"), ("Juan", "w3 w4")]
    assert before["gaps"] == [{"start": 0.0, "end": 3.0}]

    await server.http.post("/session/renamed/audio?offset_ms=0", content=wav(7))
    after = await server.finished("renamed")
    assert (after["version"], after["gaps"]) == (2, [{"start": pytest.approx(0.5, abs=0.1), "end": 3.0}])
    assert [(line["speaker"], line["text"]) for line in after["transcript"]][1:] == [
        ("Marta", "w1 w2"),
        ("Juan", "w3 w4"),
    ]
    assert (await server.http.get("/session/renamed/analysis?version=1")).json() == before


async def test_what_is_missing_of_a_recording_is_told(server: RunningServer) -> None:
    whole = await server.http.post("/session/whole/audio", content=wav(1, 2, 3))
    assert whole.json()["whole"] is True
    assert (await server.finished("whole"))["quality"] == {"complete": True, "notes": []}
    recording = wav(1, 2, 3)
    cut = await server.http.post("/session/cut/audio", content=recording[: len(recording) // 2])
    assert (cut.status_code, cut.json()["whole"]) == (200, False)
    (note,) = (await server.finished("cut"))["quality"]["notes"]
    assert "damaged or cut off" in note
