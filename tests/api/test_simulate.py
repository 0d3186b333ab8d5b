"""The reference client, against the real server."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from app.commands.audio_messages import prepare_audio
from app.commands.recording_client import Client
from app.domain.errors import GatewayUnavailable, InvalidInput
from tests.server import Message, RunningServer
from tests.wav_files import write_wav, write_words

pytestmark = pytest.mark.unit
WORDS = range(1, 11)
TEXT = " ".join(f"w{number}" for number in WORDS)


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return write_words(tmp_path / "words.wav", WORDS)


async def play(
    server: RunningServer,
    recording: Path,
    *,
    encoding: str = "pcm16",
    sample_rate: int = 16_000,
    channels: int = 1,
    use_base64: bool = False,
    drop_after_s: float | None = None,
) -> tuple[Message, list[Message]]:
    """Play the recording; the analysis and every message that came."""
    chunks, chunk_s = await asyncio.to_thread(
        prepare_audio,
        recording,
        encoding="opus" if encoding == "opus" else "pcm16",
        sample_rate=sample_rate,
        channels=channels,
        chunk_ms=20,
    )
    messages: list[Message] = []
    client = Client(
        server.url.replace("http", "ws") + "/ws/audio",
        {"encoding": encoding, "sample_rate": sample_rate, "channels": channels},
        chunks,
        chunk_s,
        speed=0 if drop_after_s is None else 20,
        use_base64=use_base64,
        drop_after_s=drop_after_s,
        on_message=messages.append,
    )
    return await asyncio.wait_for(client.run(), 60), messages


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"use_base64": True},
        {"encoding": "opus"},
        {"sample_rate": 48_000, "channels": 2},
        {"sample_rate": 8_000},
    ],
)
async def test_every_way_of_sending_gives_the_same_words(
    server: RunningServer, recording: Path, options: dict[str, object]
) -> None:
    analysis, messages = await play(server, recording, **options)  # type: ignore[arg-type]
    assert " ".join(line["text"] for line in analysis["transcript"]) == TEXT
    assert messages[-1]["type"] == "final_result"


async def test_a_dropped_connection_loses_nothing(server: RunningServer, recording: Path) -> None:
    analysis, messages = await play(server, recording, drop_after_s=2.0)
    assert " ".join(line["text"] for line in analysis["transcript"]) == TEXT
    ready = [message for message in messages if message["type"] == "ready"]
    assert [message["resumed"] for message in ready] == [False, True]
    assert analysis["duration_s"] == pytest.approx(6.0)


async def test_refusals_and_absent_servers_are_told(server: RunningServer) -> None:
    address = server.url.replace("http", "ws") + "/ws/audio"
    with pytest.raises(InvalidInput, match="4400"):
        await Client(address, {"sample_rate": 1}, [], 0.02).run()
    with pytest.raises(GatewayUnavailable, match="no server answers"):
        await Client("ws://127.0.0.1:9/ws/audio", {}, [], 0.02).run()
    with pytest.raises(GatewayUnavailable, match="404"):
        await Client(address.replace("/ws/audio", "/elsewhere"), {}, [], 0.02).run()
    with pytest.raises(InvalidInput, match="address"):
        await Client(server.url, {}, [], 0.02).run()


@pytest.mark.parametrize(("size", "use_base64"), [(65_538, False), (50_000, True)])
async def test_messages_keep_to_the_servers_limit(server: RunningServer, size: int, use_base64: bool) -> None:
    client = Client(server.url.replace("http", "ws") + "/ws/audio", {}, [bytes(size)], 1.0, use_base64=use_base64)
    with pytest.raises(InvalidInput, match="65536 bytes at most"):
        await client.run()


def test_pcm16_is_sent_sample_for_sample(recording: Path) -> None:
    samples = np.array([-32768, -20_001, -1, 0, 1, 20_001, 32767] * 100, "<i2").tobytes()
    write_wav(recording, samples)
    chunks, _ = prepare_audio(recording, encoding="pcm16", sample_rate=16_000, channels=1, chunk_ms=20)
    assert b"".join(chunks) == samples


async def test_a_session_that_ended_before_is_refused(server: RunningServer) -> None:
    await server.record("over", [bytes(640)])
    client = Client(server.url.replace("http", "ws") + "/ws/audio", {"session_id": "over"}, [bytes(640)], 0.02, speed=0)
    with pytest.raises(InvalidInput, match="has ended"):
        await asyncio.wait_for(client.run(), 60)
