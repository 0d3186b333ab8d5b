"""The reference client with photos, against the real server."""

import asyncio
import io
import itertools
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpcore2  # noqa: F401 httpx2 imports it at its first use, which would block the event loop
import pytest
from PIL import Image
from typer.testing import CliRunner

from app.cli import app
from app.commands.audio_messages import prepare_audio
from app.commands.photo_client import PhotoClient, PhotoNews, find_photos
from app.commands.play_session import Pace, Playback, began_at, play_photos, play_with_photos
from app.commands.recording_client import Client
from app.domain.errors import InvalidInput
from tests.coloured_photos import BLUE, GREEN, RED, photo
from tests.conftest import StartServer
from tests.server import Message, RunningServer
from tests.wav_files import write_words

pytestmark = pytest.mark.unit
WORDS = range(1, 11)  # 6 s


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Photos of the three formats, and a file that is none."""
    place = tmp_path / "photos"
    place.mkdir()
    for name, kind, colour, seed in (
        ("c.webp", "WEBP", BLUE, 3), ("a.JPG", "JPEG", GREEN, 1), ("b.png", "PNG", RED, 2),
    ):  # fmt: skip
        Image.open(io.BytesIO(photo(colour, seed))).save(place / name, kind)
    (place / "notes.txt").write_text("no photo", encoding="utf-8")
    return place


class Session:
    """Plays a recording with photos, and keeps what came back."""

    def __init__(self, server: RunningServer, recording: Path, **options: Any) -> None:
        self.messages: list[Message] = []
        self.news: list[PhotoNews] = []
        self.server = server
        address = server.url.replace("http", "ws") + "/ws/audio"
        chunks, chunk_s = prepare_audio(recording, encoding="pcm16", sample_rate=16_000, channels=1, chunk_ms=20)
        self.began = began_at(time.time(), len(chunks) * chunk_s, options.get("speed", 0))
        config = {"language": "en", "started_at": self.began}
        every_s = options.pop("every_s", 2.0)
        options.setdefault("speed", 0)
        self.client = Client(address, config, chunks, chunk_s, on_message=self.messages.append, **options)
        self.photos = PhotoClient(address, self.began, every_s, on_photo=self.news.append, retry_delays_s=(0.01,))

    async def play(self, paths: list[Path]) -> Message:
        return await asyncio.wait_for(play_with_photos(self.client, self.photos, itertools.cycle(paths)), 60)


@pytest.fixture
async def recording(tmp_path: Path) -> Path:
    return await asyncio.to_thread(write_words, tmp_path / "words.wav", WORDS)


async def session(server: RunningServer, recording: Path, **options: Any) -> Session:
    return await asyncio.to_thread(lambda: Session(server, recording, **options))


@pytest.mark.parametrize("speed", [0, 20])
async def test_photos_lie_where_they_were_taken(
    server: RunningServer, recording: Path, folder: Path, speed: float
) -> None:
    played = await session(server, recording, speed=speed)
    analysis = await played.play(await asyncio.to_thread(find_photos, folder))
    assert [(news.name, news.offset_s) for news in played.news] == [("a.JPG", 0.0), ("b.png", 2.0), ("c.webp", 4.0)]
    assert not any(news.failed for news in played.news)
    assert [each["offset_s"] for each in analysis["photos"]] == [0.0, 2.0, 4.0]
    assert analysis["photos"][1]["description"] == "A photo with much red."
    assert analysis["version"] == 1
    timeline = (await server.http.get(f"/session/{analysis['session_id']}/timeline")).json()
    assert timeline["clock_skew_s"] == 0
    assert [each["captured_at"] for each in timeline["photos"]] == pytest.approx(
        [played.began + offset_s for offset_s in (0, 2, 4)], abs=1e-4
    )


async def test_descriptions_and_alerts_come_while_it_plays(
    server: RunningServer, recording: Path, folder: Path
) -> None:
    played = await session(server, recording, speed=2)
    await played.play(await asyncio.to_thread(find_photos, folder))
    assert [news.text for news in played.news][:2] == ["A photo with much green.", "A photo with much red."]
    assert [message["frame_id"] for message in played.messages if message["type"] == "alert"] == ["f2"]


async def test_photos_are_sent_over_and_over_and_follow_the_servers_interval(
    start_server: StartServer, recording: Path, folder: Path
) -> None:
    server = await start_server(vision={"photo_interval_s": 1.0})
    played = await session(server, recording, speed=2, every_s=None)
    only = [(await asyncio.to_thread(find_photos, folder))[0]]
    await played.play(only)
    assert [news.text for news in played.news[1:]] == ["shows the same as f1"] * (len(played.news) - 1)
    offsets = [news.offset_s for news in played.news]
    apart = [later - earlier for earlier, later in itertools.pairwise(offsets)]
    assert len(apart) >= 2
    assert apart == sorted(apart)
    assert apart[-1] > apart[0]


async def test_a_broken_connection_and_bad_photos_harm_nothing(
    server: RunningServer, recording: Path, folder: Path
) -> None:
    (folder / "aa.jpg").write_bytes(b"\xff\xd8 broken")
    paths = [*await asyncio.to_thread(find_photos, folder), folder / "gone.jpg"]
    played = await session(server, recording, speed=20, drop_after_s=2.0, every_s=1.0)
    analysis = await played.play(paths)
    assert " ".join(line["text"] for line in analysis["transcript"]) == " ".join(f"w{number}" for number in WORDS)
    failed = {news.name: news.text for news in played.news if news.failed}
    assert failed.keys() == {"aa.jpg", "gone.jpg"}
    assert failed["aa.jpg"].startswith("refused: ")
    assert "No such file" in failed["gone.jpg"]
    assert len(analysis["photos"]) == 4  # of six seconds: 0 a, 1 aa, 2 b, 3 c, 4 gone, 5 a


class BusyServer:
    """Answers photos as it was told to, and keeps when and how they were sent."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, str], Message]] = []
        self.requests: list[tuple[float, str]] = []
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
        await reader.readexactly(int(fields["content-length"]))
        self.requests.append((time.monotonic(), head.split(" ")[1]))
        status, headers, body = self.answers.pop(0)
        data = json.dumps(body).encode()
        lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(data)}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode() + data)
        await writer.drain()
        writer.close()


@pytest.fixture
async def busy() -> AsyncIterator[BusyServer]:
    busy = BusyServer()
    async with await asyncio.start_server(busy.serve, "127.0.0.1", 0) as listening:
        busy.url = f"ws://127.0.0.1:{listening.sockets[0].getsockname()[1]}/ws/audio"
        yield busy


def refusal(code: str) -> Message:
    return {"error": {"message": code, "type": "overloaded_error", "param": None, "code": code}}


async def sent(busy: BusyServer, paths: list[Path]) -> list[PhotoNews]:
    news: list[PhotoNews] = []
    client = PhotoClient(busy.url, 0.0, 0.1, on_photo=news.append, retry_delays_s=(0.01, 0.01))
    await asyncio.wait_for(client.run("a", paths, Pace(0)), 30)
    return news


async def test_a_busy_server_gets_its_time(busy: BusyServer, folder: Path) -> None:
    described = {"frame_id": "f1", "description": "Here.", "duplicate_of": None}
    busy.answers = [
        (429, {"Retry-After": "1"}, refusal("too_many_photos_at_once")),
        (200, {}, described),
        (429, {"Retry-After": "1"}, refusal("photo_superseded")),
        (429, {}, refusal("too_many_photos_at_once")),
    ]
    news = await sent(busy, await asyncio.to_thread(find_photos, folder))
    assert [each.text for each in news] == ["Here.", "kept, to be described later", "refused: too_many_photos_at_once"]
    assert [each.failed for each in news] == [False, False, True]
    times = [when for when, _ in busy.requests]
    assert times[1] - times[0] >= 0.99
    assert times[3] - times[2] >= 0.99


async def test_a_photo_is_given_up_after_some_tries(busy: BusyServer, folder: Path) -> None:
    path = [(await asyncio.to_thread(find_photos, folder))[0]]
    busy.answers = [(429, {"Retry-After": "0"}, refusal("too_many_photos_at_once"))] * 3
    assert [each.failed for each in await sent(busy, path)] == [True]
    assert len(busy.requests) == 3
    busy.answers = [(429, {"Retry-After": "3600"}, refusal("quota_exceeded"))]
    assert [each.text for each in await sent(busy, path)] == ["refused: quota_exceeded"]
    busy.answers = [(200, {}, {"unexpected": True})]
    assert [each.failed for each in await sent(busy, path)] == [False]
    busy.url = "ws://127.0.0.1:9/ws/audio"
    assert [each.text for each in await sent(busy, path)] == ["the server is gone"]


async def test_what_is_left_at_the_end_is_not_waited_for(busy: BusyServer, folder: Path) -> None:
    playback = Playback(10.0)
    playback.end()
    busy.answers = [(202, {}, {"frame_id": f"f{number}", "status": "waiting"}) for number in (1, 2, 3)]
    news: list[PhotoNews] = []
    client = PhotoClient(busy.url, 0.0, 4.0, on_photo=news.append)
    await client.run("a", await asyncio.to_thread(find_photos, folder), playback)
    assert {path for _, path in busy.requests} == {"/vision/frame?defer=true"}
    assert [each.text for each in news] == ["kept, to be described later"] * 3


def test_nothing_that_is_played_lies_in_the_future() -> None:
    assert began_at(1000.0, 60.0, 0) == 940.0
    assert began_at(1000.0, 60.0, 4) == 955.0
    assert began_at(1000.0, 60.0, 1) == began_at(1000.0, 60.0, 0.5) == 1000.0


async def test_photos_alone_make_a_session(server: RunningServer, folder: Path) -> None:
    news: list[PhotoNews] = []
    address = server.url.replace("http", "ws") + "/ws/audio"
    photos = PhotoClient(address, 1000.0, 30.0, on_photo=news.append)
    paths = await asyncio.to_thread(find_photos, folder)
    fields = {"session_id": "walk", "started_at": 1000.0, "language": "en", "encoding": "pcm16"}
    analysis = await asyncio.wait_for(play_photos(photos, paths, fields, 0), 60)
    assert analysis["session_id"] == "walk"
    assert [each["offset_s"] for each in analysis["photos"]] == [0.0, 30.0, 60.0]
    assert analysis["summary"]


async def test_the_command_shows_photos_and_their_timeline(
    server: RunningServer, recording: Path, folder: Path
) -> None:
    address = server.url.replace("http", "ws") + "/ws/audio"
    options = ["--photos", str(folder), "--every", "2", "--url", address, "--speed", "2", "--language", "en"]
    both = await asyncio.to_thread(CliRunner().invoke, app, ["simulate", "--audio", str(recording), *options])
    assert both.exit_code == 0, both.output
    assert "0:02  [photo f2, b.png] A photo with much red." in both.stdout
    assert "danger: There is much red ahead" in both.stdout
    timeline = both.stdout.split("Timeline")[1]
    assert "photo f2" in timeline
    assert "danger" in timeline
    options[options.index("--speed") + 1] = "0"
    alone = await asyncio.to_thread(CliRunner().invoke, app, ["simulate", *options])
    assert alone.exit_code == 0, alone.output
    assert "photo f3" in alone.stdout.split("Timeline")[1]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "give --audio, --photos or both"),
        (["--photos", "{empty}"], "has no photos"),
        (["--photos", "{folder}", "--url", "ws://127.0.0.1:9/ws/audio"], "no server answers"),
        (["--photos", "{folder}", "--url", "nonsense"], "no server answers"),
    ],
)
def test_what_cannot_be_played_is_told(tmp_path: Path, folder: Path, arguments: list[str], told: str) -> None:
    (tmp_path / "empty").mkdir()
    filled = [part.format(empty=tmp_path / "empty", folder=folder) for part in arguments]
    done = CliRunner().invoke(app, ["simulate", *filled])
    assert done.exit_code == 1
    assert told in done.stderr


def test_a_folder_without_photos_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="has no photos"):
        find_photos(tmp_path)
