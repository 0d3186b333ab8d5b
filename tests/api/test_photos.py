"""Photos over HTTP: described, kept with their session, and part of its analysis."""

import asyncio
import base64
import contextlib
import io
from typing import Any
from urllib.parse import quote

import pytest
from PIL import Image

from tests.coloured_photos import BLUE, GREEN, RED, photo
from tests.conftest import StartServer
from tests.server import Message, RunningServer, spoken

pytestmark = pytest.mark.unit
PROTOCOL = {
    "frame_id", "session_id", "captured_at", "description", "risks", "suggestions", "objects", "text", "language",
    "model", "duplicate_of", "timings_ms",
}  # fmt: skip


async def send(server: RunningServer, data: bytes, status: int = 200, query: str = "", **fields: Any) -> Message:
    files = {"file": ("photo.jpg", data, "image/jpeg")}
    answer = await server.http.post(f"/vision/frame{query}", files=files, data=fields)
    assert answer.status_code == status, answer.text
    result: Message = answer.json()
    return result


async def test_a_photo_without_a_session_is_described_and_not_kept(server: RunningServer) -> None:
    told = await send(server, photo(GREEN), captured_at="1763710031.5")
    assert set(told) >= PROTOCOL
    assert told["session_id"] is None
    assert told["captured_at"] == 1763710031.5
    assert told["language"] == "es"
    assert told["description"] == "Una foto con mucho verde."
    assert told["objects"][0]["box"] == [0, 0, 320, 240]
    assert told["risks"] == told["suggestions"] == []
    assert (await server.http.get("/session")).json()["sessions"] == []


async def test_base64_and_data_urls_give_the_same(server: RunningServer) -> None:
    bare = base64.b64encode(photo(BLUE)).decode()
    lines = "\r\n".join(bare[start : start + 76] for start in range(0, len(bare), 76)) + "\n"
    for text in (
        bare,
        lines,
        bare.rstrip("="),
        bare.replace("+", "-").replace("/", "_"),
        f"data:image/jpeg;base64,{bare}",
        f"data:image/jpeg;charset=utf-8;base64,{bare}",
        f"DATA:image/jpeg; Base64,{quote(bare, safe='')}",
    ):
        answer = await server.http.post("/vision/frame_b64", json={"image_b64": text, "language": "en"})
        assert answer.status_code == 200, answer.text
        assert answer.json()["description"] == "A photo with much blue."
    with_time = {"image_b64": bare, "session_id": "timed", "metadata": {"timestamp": 1763710031.0, "app": "x"}}
    answer = await server.http.post("/vision/frame_b64", json=with_time)
    assert (answer.json()["frame_id"], answer.json()["captured_at"]) == ("f1", 1763710031.0)


async def test_photos_make_a_session_and_the_session_knows_them(server: RunningServer) -> None:
    first = await send(server, photo(GREEN, 1), session_id="walk", captured_at="1000.0")
    second = await send(server, photo(RED, 2), session_id="walk", captured_at="1030.0", prompt="¿Qué es?")
    assert [first["frame_id"], second["frame_id"]] == ["f1", "f2"]
    listed = (await server.http.get("/session/walk/frames")).json()
    assert [frame["status"] for frame in listed] == ["described", "described"]
    assert listed[1]["prompt"] == "¿Qué es?"
    assert listed[1]["scene"]["risk_details"][0]["severity"] == "danger"
    assert (await server.http.get("/session/walk/frames?limit=1")).json() == listed[:1]
    assert (await server.http.get("/session/walk/frames?limit=1&after=1")).json() == listed[1:]
    image = await server.http.get("/session/walk/frames/f2")
    assert image.headers["content-type"] == "image/jpeg"
    assert Image.open(io.BytesIO(image.content)).size == (320, 240)
    as_json = (await server.http.get("/session/walk/frames/f2", headers={"accept": "application/json"})).json()
    assert as_json == listed[1] == (await server.http.get("/session/walk/frames/f2?format=json")).json()
    hits = (await server.http.get("/search?q=verde")).json()["results"]
    assert [(hit["session_id"], hit["kind"], hit["reference"]) for hit in hits] == [("walk", "photo", "f1")]
    assert (await server.http.delete("/session/walk")).status_code == 204
    assert (await server.http.get("/search?q=verde")).json()["results"] == []
    for path in ("/session/walk/frames", "/session/walk/frames/f2"):
        assert (await server.http.get(path)).status_code == 404
    assert not list(await asyncio.to_thread(lambda: list(server.settings.data_dir.rglob("*.jpg"))))


async def test_a_session_of_photos_alone_gets_a_summary(server: RunningServer) -> None:
    for seed, colour in enumerate((GREEN, RED, BLUE)):
        await send(server, photo(colour, seed), session_id="walk", captured_at=str(1000.0 + 30 * seed))
    assert (await server.http.post("/session/walk/finish")).status_code == 202
    analysis = await server.finished("walk")
    assert analysis["language"] == analysis["summary_language"] == "es"
    assert analysis["summary"]
    assert [(each["frame_id"], each["offset_s"]) for each in analysis["photos"]] == [("f1", 0), ("f2", 30), ("f3", 60)]
    assert analysis["photos"][1]["risks"]
    assert analysis["evidence"]["risks"] == [[{"frame_id": "f2"}]]
    assert analysis["models"]["scene_describer"] == "dummy"
    assert analysis["quality"]["complete"]


async def test_a_photo_that_comes_after_the_end_makes_a_new_version(server: RunningServer) -> None:
    await server.record("talk", spoken(1, 2))
    assert (await server.finished("talk"))["photos"] == []
    await send(server, photo(RED), session_id="talk", language="en")
    for _ in range(200):
        analysis = await server.finished("talk")
        if analysis["version"] == 2:
            break
        await asyncio.sleep(0.02)
    assert [each["frame_id"] for each in analysis["photos"]] == ["f1"]
    assert (await server.http.get("/session/talk/analysis?version=1")).json()["photos"] == []


async def test_the_timeline_joins_words_photos_gaps_and_risks(server: RunningServer) -> None:
    await server.record("joint", spoken(1), 3.0, spoken(2))
    await send(server, photo(RED), session_id="joint")
    timeline = (await server.http.get("/session/joint/timeline")).json()
    assert {entry["kind"] for entry in timeline["entries"]} == {"segment", "gap", "photo", "risk"}
    starts = [entry["start"] for entry in timeline["entries"]]
    assert starts == sorted(starts)
    assert [each["frame_id"] for each in timeline["photos"]] == ["f1"]
    assert [line["text"] for line in timeline["segments"]] == ["w1", "w2"]
    assert timeline["risks"][0]["frame_id"] == "f1"


async def test_a_photo_that_shows_the_same_is_not_described_again(server: RunningServer) -> None:
    first = await send(server, photo(GREEN, 1), session_id="still")
    again = await send(server, photo(GREEN, 1), session_id="still")
    other = await send(server, photo(GREEN, 2), session_id="still")
    question = await send(server, photo(GREEN, 2), session_id="still", prompt="¿Y esto?")
    assert again["duplicate_of"] == first["frame_id"]
    assert again["description"] == first["description"]
    assert again["photo_interval_s"] > first["photo_interval_s"]
    assert other["duplicate_of"] is question["duplicate_of"] is None
    frames = (await server.http.get("/session/still/frames")).json()
    assert frames[1]["scene"]["description"] == first["description"]
    assert (await server.http.get("/session/still/frames/f2")).status_code == 200


async def test_deferred_photos_are_described_later(server: RunningServer) -> None:
    told = await send(server, photo(RED), 202, "?defer=true", session_id="late")
    assert told["frame_id"] == "f1"
    for _ in range(200):
        frame = (await server.http.get("/session/late/frames/f1?format=json")).json()
        if frame["status"] == "described":
            break
        await asyncio.sleep(0.02)
    assert frame["scene"]["risks"]
    refused = await send(server, photo(RED), 400, "?defer=true")
    assert refused["error"]["code"] == "session_required"


async def test_a_danger_in_a_photo_reaches_the_phone_once(server: RunningServer) -> None:
    async with server.socket() as client:
        await client.configure(session_id="live", language="en")
        await client.send(spoken(1)[0])
        await send(server, photo(RED, 1), session_id="live", language="es")
        alert = await client.receive("alert")
        assert (alert["severity"], alert["source"], alert["frame_id"], alert["language"]) == (
            "danger", "photo", "f1", "en",
        )  # fmt: skip
        assert alert["text"] == "There is much red ahead"
        await send(server, photo(RED, 2), session_id="live")
        await client.send({"type": "end_of_stream"})
        assert await client.closed() == 1000
    assert [message["frame_id"] for message in client.messages if message["type"] == "alert"] == ["f1"]


async def test_the_client_is_told_when_to_take_fewer_photos(server: RunningServer) -> None:
    async with server.socket() as client:
        ready = await client.configure(session_id="paced")
        for _ in range(4):
            await send(server, photo(GREEN), session_id="paced")
        limits = (await client.receive("limits"))["limits"]
        assert set(limits) == set(ready["limits"])
        assert limits["photo_interval_s"] > ready["limits"]["photo_interval_s"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "invalid_request"),
        ({"image_b64": ""}, "invalid_request"),
        ({"image_b64": "%%%"}, "invalid_base64"),
        ({"image_b64": "data:image/png;base64,"}, "invalid_image"),
        ({"image_b64": "aGFsbG8="}, "invalid_image"),
        ({"image_b64": 3}, "invalid_request"),
        ({"image_b64": "aGFsbG8=", "session_id": "../x"}, "invalid_request"),
        ({"image_b64": "aGFsbG8=", "language": "klingon"}, "invalid_request"),
        ({"image_b64": "aGFsbG8=", "prompt": "x" * 1001}, "invalid_request"),
        ({"image_b64": "aGFsbG8=", "metadata": {"timestamp": -1}}, "invalid_request"),
    ],
)
async def test_bad_json_is_refused(server: RunningServer, body: Message, code: str) -> None:
    answer = await server.http.post("/vision/frame_b64", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)
    assert answer.json()["error"]["message"]


async def test_bad_forms_are_refused(server: RunningServer) -> None:
    for answer in (
        await server.http.post("/vision/frame", content=b"x", headers={"content-type": "image/jpeg"}),
        await server.http.post("/vision/frame", data={"file": "no file"}),
        await server.http.post("/vision/frame"),
    ):
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "missing_file")
    assert (await send(server, b"", 400))["error"]["code"] == "invalid_image"
    assert (await send(server, b"GIF89a\x01\x00", 400))["error"]["code"] == "invalid_image"
    assert (await send(server, photo(), 400, captured_at="yesterday"))["error"]["param"] == "captured_at"
    assert (await send(server, photo(), 400, session_id="a b"))["error"]["param"] == "session_id"


async def test_photos_that_are_too_large_are_refused(start_server: StartServer) -> None:
    server = await start_server(vision={"max_photo_bytes": 2000})
    assert (await send(server, b"x" * 2001, 413))["error"]["code"] == "photo_too_large"
    assert (await send(server, b"x" * 200_000, 413))["error"]["type"] == "invalid_request_error"
    body = {"image_b64": base64.b64encode(b"x" * 2001).decode()}
    assert (await server.http.post("/vision/frame_b64", json=body)).status_code == 413


async def test_the_quota_counts_photos(start_server: StartServer) -> None:
    server = await start_server(sessions={"quota_bytes": 40_000})
    for seed in range(20):
        files = {"file": ("photo.jpg", photo(GREEN, seed), "image/jpeg")}
        answer = await server.http.post("/vision/frame", files=files, data={"session_id": "full"})
        if answer.status_code != 200:
            break
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "quota_exceeded")
    assert 1 <= len((await server.http.get("/session/full/frames")).json()) == seed
    await server.http.delete("/session/full")
    await send(server, photo(GREEN, 1), session_id="other")


async def test_who_sends_slowly_blocks_nobody(server: RunningServer) -> None:
    async with contextlib.AsyncExitStack() as stack:
        host, _, port = server.url.removeprefix("http://").partition(":")
        for path, kind in (
            ("/vision/frame", "multipart/form-data; boundary=x"),
            ("/vision/frame_b64", "application/json"),
        ):
            for _ in range(20):
                _, writer = await asyncio.open_connection(host, int(port))
                stack.callback(writer.close)
                head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {kind}\r\nContent-Length: 5000\r\n\r\n{{"
                writer.write(head.encode())
                await writer.drain()
        await asyncio.sleep(0.1)
        await send(server, photo(GREEN), session_id="quick")


async def test_empty_fields_count_as_absent(server: RunningServer) -> None:
    told = await send(server, photo(), session_id="", captured_at="", language="", prompt="", extra="", more="1")
    assert told["session_id"] is None
    body = {"image_b64": base64.b64encode(photo()).decode(), "session_id": "", "language": ""}
    assert (await server.http.post("/vision/frame_b64", json=body)).json()["language"] == "es"


async def test_a_deferred_photo_that_repeats_one_is_described_already(server: RunningServer) -> None:
    await send(server, photo(GREEN), session_id="still")
    assert (await send(server, photo(GREEN), 202, "?defer=true", session_id="still"))["status"] == "described"
