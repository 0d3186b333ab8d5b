"""The ``/session`` routes: the life of a session over HTTP."""

import asyncio
import io
import wave

import numpy as np
import pytest

from app.domain.audio.pcm import to_pcm16
from tests.server import RunningServer, spoken

pytestmark = pytest.mark.unit


async def test_speakers_get_names(server: RunningServer) -> None:
    long_pause = np.zeros(32_000, np.float32)
    quiet = [to_pcm16(long_pause)[start : start + 640] for start in range(0, 64_000, 640)]
    before = await server.record("names", spoken(1), quiet, spoken(2))
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
    await server.record("scripts", spoken(1))
    for name in ("علی\u200cرضا", "👨\u200d👩\u200d👧", "Ñandú O'Hara-李"):
        answer = await server.http.patch("/session/scripts/speakers", json={"S1": name})
        assert answer.json() == {"S1": name}, answer.text
    for name in ("\u200d", " \u200c\u200d ", "a\u202eb", "a\u200fb", "a\ufeffb", "a\nb", "\nMarta", "a\0b"):
        answer = await server.http.patch("/session/scripts/speakers", json={"S1": name})
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, "S1"), ascii(name)


async def test_transcripts_in_every_format(server: RunningServer) -> None:
    await server.record("formats", spoken(1, 2))
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
    await server.record("sound", chunks, 1.0, chunks)
    answer = await server.http.get("/session/sound/audio")
    assert answer.headers["content-type"] == "audio/wav"
    assert int(answer.headers["content-length"]) == len(answer.content)
    with wave.open(io.BytesIO(answer.content)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (16_000, 1, 2)
        samples = file.readframes(file.getnframes())
    sent = b"".join(chunks)
    assert samples == sent + bytes(32_000) + sent


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("bytes=0-", slice(0, None)),
        ("bytes=0-9", slice(0, 10)),
        ("bytes=40-51", slice(40, 52)),
        ("bytes=45-47", slice(45, 48)),
        ("bytes=30001-70000", slice(30001, 70001)),
        ("bytes=-7", slice(-7, None)),
        ("Bytes=50-999999999", slice(50, None)),
        ("bytes=-999999999", slice(0, None)),
    ],
)
async def test_a_range_of_the_audio(server: RunningServer, asked: str, part: slice) -> None:
    await server.record("ranges", spoken(1, 2), 0.5, spoken(3))
    whole = (await server.http.get("/session/ranges/audio")).content
    answer = await server.http.get("/session/ranges/audio", headers={"Range": asked})
    assert answer.status_code == 206
    assert answer.content == whole[part]
    first, last, _ = part.indices(len(whole))
    assert answer.headers["content-range"] == f"bytes {first}-{last - 1}/{len(whole)}"


async def test_ranges_that_are_not_served(server: RunningServer) -> None:
    await server.record("whole", spoken(1))
    whole = await server.http.get("/session/whole/audio")
    assert whole.headers["accept-ranges"] == "bytes"
    for asked in ("bytes=0-1,5-6", "bytes=9-3", "bytes=-", "seconds=1-2", "bytes=x-"):
        answer = await server.http.get("/session/whole/audio", headers={"Range": asked})
        assert (answer.status_code, answer.content) == (200, whole.content), asked
    headers = {"Range": "bytes=0-1", "If-Range": '"old"'}
    assert (await server.http.get("/session/whole/audio", headers=headers)).status_code == 200
    for asked in (f"bytes={len(whole.content)}-", "bytes=-0"):
        answer = await server.http.get("/session/whole/audio", headers={"Range": asked})
        assert (answer.status_code, answer.json()["error"]["code"]) == (416, "range_not_satisfiable")
        assert answer.headers["content-range"] == f"bytes */{len(whole.content)}"
    head = await server.http.head("/session/whole/audio", headers={"Range": "bytes=0-1"})
    assert (head.status_code, head.content) == (200, b"")
    assert {**head.headers, "date": ""} == {**whole.headers, "date": ""}


async def test_gaps_below_a_millisecond_are_left_out(server: RunningServer) -> None:
    analysis = await server.record("tiny", spoken(1), 0.0003, spoken(2), 0.001, spoken(3))
    assert [round(gap["end"] - gap["start"], 3) for gap in analysis["gaps"]] == [0.001]
    assert (await server.http.get("/session/tiny/timeline")).json()["gaps"] == analysis["gaps"]


async def test_the_timeline_holds_segments_and_gaps(server: RunningServer) -> None:
    await server.record("time", spoken(1), 2.0, spoken(2))
    timeline = (await server.http.get("/session/time/timeline")).json()
    assert [line["text"] for line in timeline["segments"]] == ["w1", "w2"]
    assert len(timeline["gaps"]) == 1
    assert timeline["photos"] == []


async def test_search_finds_what_was_said(server: RunningServer) -> None:
    await server.record("find", spoken(41, 42))
    found = (await server.http.get("/search", params={"q": "w42"})).json()
    hit = found["results"][0]
    assert (hit["session_id"], hit["kind"], hit["reference"]) == ("find", "segment", "s1")
    assert "[w42]" in hit["snippet"]
    for odd in ('"', "* OR (", "NEAR(", "a" * 200):
        assert (await server.http.get("/search", params={"q": odd})).status_code == 200
    assert (await server.http.get("/search")).status_code == 400


async def test_a_new_analysis_is_a_new_version(server: RunningServer) -> None:
    await server.record("again", spoken(1))
    assert (await server.http.post("/session/again/analysis")).status_code == 202
    assert (await server.finished("again"))["version"] == 2
    assert (await server.http.get("/session/again/analysis?version=1")).json()["version"] == 1
    assert (await server.http.get("/session/again/analysis?version=9")).status_code == 404
    await server.http.post("/session", json={"session_id": "new"})
    assert (await server.http.post("/session/new/analysis")).status_code == 409


async def test_erasing_leaves_nothing(server: RunningServer) -> None:
    await server.record("erase", spoken(1, 2))
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
    for bad in ("x", "nan,a", "inf,a", "-inf,a", "1,../x", "1", "1,", ",a"):
        answer = await server.http.get("/session", params={"before": bad})
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_cursor"), bad


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
    await server.record("odd", spoken(1))
    await server.http.patch("/session/odd/speakers", json={"S1": "<i> --> & Co"})
    for kind in ("srt", "vtt"):
        text = (await server.http.get(f"/session/odd/transcript?format={kind}")).text
        assert text.count("-->") == 1
