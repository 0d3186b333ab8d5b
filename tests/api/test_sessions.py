"""The ``/session`` routes: the life of a session over HTTP."""

import asyncio
import io
import wave
from typing import Any

import numpy as np
import pytest

from app.domain.audio.pcm import to_pcm16
from app.infrastructure.transcription.dummy import tones
from tests.conftest import StartServer
from tests.server import Message, RunningServer, spoken

pytestmark = pytest.mark.unit


def wav(*numbers: int, pause_s: float = 0.2) -> bytes:
    """Words that the dummy recogniser understands, as a WAV file."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(to_pcm16(tones(numbers, pause_s=pause_s)))
    return buffer.getvalue()


async def record(server: RunningServer, session_id: str, *parts: list[bytes] | float) -> Message:
    """Record a session; a number is a gap of so many seconds. Returns its analysis."""
    async with server.socket() as client:
        await client.configure(session_id=session_id)
        for part in parts:
            if isinstance(part, float):
                await client.send({"type": "gap", "duration_ms": part * 1000})
            else:
                for chunk in part:
                    await client.send(chunk)
        await client.send({"type": "end_of_stream"})
        assert await client.closed() == 1000
    analysis: Message = client.messages[-1]["analysis"]
    return analysis


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
    began = await record(server, "gappy", spoken(1), 3.0, spoken(2))
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
    await record(server, "ended", spoken(1))
    answer = await server.http.post("/session/ended/audio", content=wav(1))
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "session_ended")


async def test_a_recording_cannot_begin_behind_the_end_of_an_ended_session(server: RunningServer) -> None:
    duration_ms = (await record(server, "ended", spoken(1)))["duration_s"] * 1000
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


async def test_speakers_get_names(server: RunningServer) -> None:
    long_pause = np.zeros(32_000, np.float32)
    quiet = [to_pcm16(long_pause)[start : start + 640] for start in range(0, 64_000, 640)]
    before = await record(server, "names", spoken(1), quiet, spoken(2))
    assert {line["speaker"] for line in before["transcript"]} == {"S1", "S2"}
    assert (await server.http.get("/session/names")).json()["speakers"] == {"S1": None, "S2": None}
    answer = await server.http.patch("/session/names/speakers", json={"S1": "Marta"})
    assert answer.json() == {"S1": "Marta", "S2": None}
    after = (await server.http.get("/session/names/analysis")).json()
    assert [line["speaker"] for line in after["transcript"]] == ["Marta", "S2"]
    transcript = (await server.http.get("/session/names/transcript")).json()
    assert [line["speaker"] for line in transcript["segments"]] == ["Marta", "S2"]
    assert (await server.http.patch("/session/names/speakers", json={"S1": ""})).json()["S1"] is None
    await server.http.patch("/session/names/speakers", json={"S1": "Marta"})
    unnamed = (await server.http.patch("/session/names/speakers", json={"S1": None, "S2": "Ana"})).json()
    assert unnamed == {"S1": None, "S2": "Ana"}
    assert (await server.http.patch("/session/names/speakers", json=unnamed)).json() == unnamed
    for bad in ({"S9": "x"}, {"S9": None}, {"S1": "x" * 101}, {"S1": "a\u0000b"}, {"S1": 5}, ["S1"]):
        assert (await server.http.patch("/session/names/speakers", json=bad)).status_code == 400


async def test_names_of_every_script_are_taken_and_tricks_are_not(server: RunningServer) -> None:
    await record(server, "scripts", spoken(1))
    for name in ("علی\u200cرضا", "👨\u200d👩\u200d👧", "Ñandú O'Hara-李"):
        answer = await server.http.patch("/session/scripts/speakers", json={"S1": name})
        assert answer.json() == {"S1": name}, answer.text
    for name in ("\u200d", " \u200c\u200d ", "a\u202eb", "a\u200fb", "a\ufeffb", "a\nb", "\nMarta", "a\0b"):
        answer = await server.http.patch("/session/scripts/speakers", json={"S1": name})
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, "S1"), ascii(name)


async def test_transcripts_in_every_format(server: RunningServer) -> None:
    await record(server, "formats", spoken(1, 2))
    base = "/session/formats/transcript"
    json_answer = (await server.http.get(base)).json()
    assert json_answer["segments"][0]["text"] == "w1 w2"
    expected = {
        "txt": ("text/plain", "S1: w1 w2\n"),
        "md": ("text/markdown", "**S1** _0:00:00_  \nw1 w2\n\n"),
        "srt": ("application/x-subrip", "S1: w1 w2\n\n"),
        "vtt": ("text/vtt", "<v S1>w1 w2\n\n"),
    }
    for name, (media_type, end) in expected.items():
        answer = await server.http.get(f"{base}?format={name}")
        assert answer.headers["content-type"] == f"{media_type}; charset=utf-8"
        assert answer.text.endswith(end)
    assert (await server.http.get(f"{base}?format=vtt")).text.startswith("WEBVTT\n\ns1\n00:00:00.")
    assert (await server.http.get(f"{base}?format=doc")).status_code == 400


async def test_audio_comes_back_as_wav(server: RunningServer) -> None:
    chunks = spoken(1, 2)
    await record(server, "sound", chunks, 1.0, chunks)
    answer = await server.http.get("/session/sound/audio")
    assert answer.headers["content-type"] == "audio/wav"
    assert int(answer.headers["content-length"]) == len(answer.content)
    with wave.open(io.BytesIO(answer.content)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (16_000, 1, 2)
        samples = file.readframes(file.getnframes())
    sent = b"".join(chunks)
    assert samples == sent + bytes(32_000) + sent


async def test_the_timeline_holds_segments_and_gaps(server: RunningServer) -> None:
    await record(server, "time", spoken(1), 2.0, spoken(2))
    timeline = (await server.http.get("/session/time/timeline")).json()
    assert [line["text"] for line in timeline["segments"]] == ["w1", "w2"]
    assert len(timeline["gaps"]) == 1
    assert timeline["photos"] == []


async def test_search_finds_what_was_said(server: RunningServer) -> None:
    await record(server, "find", spoken(41, 42))
    found = (await server.http.get("/search", params={"q": "w42"})).json()
    hit = found["results"][0]
    assert (hit["session_id"], hit["kind"], hit["reference"]) == ("find", "segment", "s1")
    assert "[w42]" in hit["snippet"]
    for odd in ('"', "* OR (", "NEAR(", "a" * 200):
        assert (await server.http.get("/search", params={"q": odd})).status_code == 200
    assert (await server.http.get("/search")).status_code == 400


async def test_a_new_analysis_is_a_new_version(server: RunningServer) -> None:
    await record(server, "again", spoken(1))
    assert (await server.http.post("/session/again/analysis")).status_code == 202
    assert (await server.finished("again"))["version"] == 2
    assert (await server.http.get("/session/again/analysis?version=1")).json()["version"] == 1
    assert (await server.http.get("/session/again/analysis?version=9")).status_code == 404
    await server.http.post("/session", json={"session_id": "new"})
    assert (await server.http.post("/session/new/analysis")).status_code == 409


async def test_erasing_leaves_nothing(server: RunningServer) -> None:
    await record(server, "erase", spoken(1, 2))
    assert (await server.http.delete("/session/erase")).status_code == 204
    assert (await server.http.get("/session/erase")).status_code == 404
    assert (await server.http.get("/session/erase/analysis")).status_code == 404
    assert (await server.http.get("/search", params={"q": "w1"})).json()["results"] == []
    assert await server.container.journal.stored_bytes("local") == 0
    assert (await server.http.delete("/session/erase")).status_code == 404


async def test_erasing_a_live_session_ends_its_socket(server: RunningServer) -> None:
    async with server.socket() as client:
        await client.configure(session_id="now")
        for chunk in spoken(1):
            await client.send(chunk)
        assert (await server.http.delete("/session/now")).status_code == 204
        assert await client.refused() == ("session_erased", 4404)
    assert (await server.http.get("/session/now")).status_code == 404
    assert await server.container.journal.stored_bytes("local") == 0


async def test_sessions_are_listed_in_pages(server: RunningServer) -> None:
    for number in range(5):
        await server.http.post("/session", json={"session_id": f"n{number}"})
        await asyncio.sleep(0.002)
    first = (await server.http.get("/session?limit=2")).json()
    assert [session["session_id"] for session in first["sessions"]] == ["n4", "n3"]
    second = (await server.http.get("/session", params={"limit": 3, "before": first["next_before"]})).json()
    assert [session["session_id"] for session in second["sessions"]] == ["n2", "n1", "n0"]
    last = (await server.http.get("/session", params={"limit": 3, "before": second["next_before"]})).json()
    assert last == {"sessions": [], "next_before": None}
    assert (await server.http.get("/session?before=x")).status_code == 400


async def test_a_session_that_exists_is_not_made_again(server: RunningServer) -> None:
    assert (await server.http.post("/session", json={"session_id": "same"})).status_code == 201
    answer = await server.http.post("/session", json={"session_id": "same"})
    assert answer.status_code == 409
    assert (await server.http.post("/session", json={})).status_code == 201


async def test_every_field_of_a_new_session_may_be_absent_or_null(server: RunningServer) -> None:
    assert (await server.http.post("/session")).status_code == 201
    names = ("session_id", "kind", "language", "started_at", "vocabulary", "diarize")
    answer = await server.http.post("/session", json=dict.fromkeys(names))
    assert answer.status_code == 201
    session = (await server.http.get(f"/session/{answer.json()['session_id']}")).json()
    assert (session["kind"], session["diarize"]) == ("recording", True)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("session_id", 5),
        ("kind", 1),
        ("kind", "film"),
        ("language", True),
        ("started_at", True),
        ("started_at", "1763710000"),
        ("diarize", "yes"),
        ("diarize", 1),
        ("speakers", "3"),
        ("speakers", True),
        ("speakers", 2.5),
        ("vocabulary", "Marta"),
        ("vocabulary", [5]),
    ],
)
async def test_a_new_session_takes_no_other_types(server: RunningServer, field: str, value: object) -> None:
    answer = await server.http.post("/session", json={field: value})
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["param"].startswith(field)


async def test_a_new_session_takes_what_a_socket_takes(server: RunningServer) -> None:
    fields = {"kind": "voice", "started_at": 5, "speakers": 3.0, "vocabulary": ["Marta"], "diarize": False, "new": 1}
    answer = await server.http.post("/session", json=fields)
    assert answer.status_code == 201, answer.text
    session = (await server.http.get(f"/session/{answer.json()['session_id']}")).json()
    assert (session["kind"], session["started_at"], session["diarize"]) == ("voice", 5.0, False)


async def test_a_speakers_name_breaks_no_subtitles(server: RunningServer) -> None:
    await record(server, "odd", spoken(1))
    await server.http.patch("/session/odd/speakers", json={"S1": "<i> --> & Co"})
    for kind in ("srt", "vtt"):
        text = (await server.http.get(f"/session/odd/transcript?format={kind}")).text
        assert text.count("-->") == 1


async def test_late_audio_moves_no_names_and_changes_no_older_version(server: RunningServer) -> None:
    await record(server, "renamed", 3.0, spoken(1, 2), spoken(3, 4))
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
