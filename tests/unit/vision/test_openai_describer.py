"""Remote vision-language models, asked over real connections: what is sent, and what becomes of every kind of answer."""

import asyncio
import gzip
import json
import time
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest

from app.domain.errors import (
    GatewayBusy,
    GatewayProtocolError,
    GatewayTimeout,
    GatewayUnavailable,
)
from app.domain.vision.models import DescribeOptions, Photo, Severity
from app.domain.vision.scene_prompt import scene_instruction, scene_schema
from app.infrastructure.vision.openai_describer import OpenAiSceneDescriber
from app.telemetry import configure_logging
from tests.contracts.scene_describer import check_scene, noise
from tests.vision_server import (
    Reply,
    VisionServer,
    chunk,
    failure,
    photo_in,
    refuses,
    run_vision_server,
    says_nothing,
    scene_json,
    seen_in,
    sees,
    sends,
    streams_forever,
    writes,
)

pytestmark = pytest.mark.unit
EN = DescribeOptions("en")
PHOTO = noise(64, 48)


async def test_what_is_sent() -> None:
    async with run_vision_server() as server:
        describer = OpenAiSceneDescriber(server.url, "tiny", key="s3cret")
        scene = await describer.describe(PHOTO, DescribeOptions("es", "¿Hay un escalón?"))
    check_scene(scene, "es")
    assert [(risk.kind, risk.severity) for risk in scene.risks] == [("stairs", Severity.WARNING)]
    assert scene.text == ("EXIT",)
    assert scene.timings_ms.keys() == {"prepare", "ask"}
    (request,), (headers,) = server.requests, server.headers
    assert server.paths == ["/v1/chat/completions"]
    assert headers["authorization"] == "Bearer s3cret"
    assert "api-key" not in headers
    assert (request["model"], request["temperature"], request["stream"]) == ("tiny", 0, True)
    assert 100 < request["max_tokens"] < 2000
    assert request["messages"][0] == {"role": "system", "content": scene_instruction("es")}
    assert "¿Hay un escalón?" in request["messages"][1]["content"][1]["text"]
    assert photo_in(request).size == (64, 48)
    form = request["response_format"]
    assert form["type"] == "json_schema"
    assert form["json_schema"]["strict"]
    assert form["json_schema"]["schema"] == scene_schema()
    jsonschema.validate(json.loads(seen_in(request)), form["json_schema"]["schema"])


async def test_azures_key_header_and_address() -> None:
    async with run_vision_server() as server:
        base = server.url.removesuffix("/v1")
        url = f"{base}/openai/deployments/eyes?api-version=2024-10-21"
        await OpenAiSceneDescriber(url, key="s3cret", key_header="api-key").describe(PHOTO, EN)
    assert server.headers[0]["api-key"] == "s3cret"
    assert "authorization" not in server.headers[0]
    assert server.paths == ["/openai/deployments/eyes/chat/completions?api-version=2024-10-21"]
    assert "model" not in server.requests[0]


async def test_the_stored_jpeg_is_sent_as_it_is_and_a_large_photo_smaller() -> None:
    async with run_vision_server() as server:
        describer = OpenAiSceneDescriber(server.url)
        await describer.describe(noise(2048, 1024), EN)
        small = noise(64, 48, seed=5)
        kept = Photo(small.pixels, 64, 48, b"\xff\xd8 as it was stored")
        with pytest.raises(GatewayUnavailable):  # the test's server looks at photos; this one is none
            await describer.describe(kept, EN)
    assert photo_in(server.requests[0]).size == (1280, 640)
    data = server.requests[1]["messages"][1]["content"][0]["image_url"]["url"]
    assert data == "data:image/jpeg;base64,/9ggYXMgaXQgd2FzIHN0b3JlZA=="


@pytest.mark.parametrize("status", [400, 422])
async def test_a_server_that_knows_no_schemas_is_asked_otherwise_and_that_is_remembered(status: int) -> None:
    refusal = refuses(status, "response_format is not supported")
    async with run_vision_server(refusal, refusal, refusal, sees) as server:
        describer = OpenAiSceneDescriber(server.url, "tiny")
        check_scene(await describer.describe(PHOTO, EN), "en")
        await describer.describe(PHOTO, EN)
    formats = [request.get("response_format", {}) for request in server.requests]
    assert [form.get("type") for form in formats] == ["json_schema", "json_schema", "json_object", None, None]
    assert formats[1]["json_schema"]["schema"] == scene_schema(bounded=False)


async def test_reasoning_models_have_their_own_bound_and_no_temperature() -> None:
    refusals = [refuses(400, "Use 'max_completion_tokens' instead."), refuses(400, "'temperature' must be 1")]
    async with run_vision_server(*refusals, sees) as server:
        await OpenAiSceneDescriber(server.url, "tiny").describe(PHOTO, EN)
    last = server.requests[-1]
    assert "max_tokens" not in last
    assert last["max_completion_tokens"] > server.requests[0]["max_tokens"]
    assert "temperature" not in last
    assert last["response_format"]["type"] == "json_schema"


@pytest.mark.parametrize(
    "reply",
    [
        sends(b"<html>Bad gateway</html>", "text/html"),
        sends(b"", "application/json"),
        sends(b"[1, 2]", "application/json"),
        sends(b'{"choices": 5}', "application/json"),
        sends(b"[" * 100_000, "application/json"),
        sends(b"data: nonsense\n\n", "text/event-stream"),
        sends(b'data: {"error": {"message": "words"}}\n\n', "text/event-stream"),
        sends(b"hello\n\n", "text/event-stream"),
        sends(b"a" * 5_000_000, "application/json"),
        sends(b": \n" * 2_000_000, "text/event-stream"),
        sends(gzip.compress(b"a" * 10_000), "application/json", **{"content-encoding": "gzip"}),
        writes(""),
        writes("", reasoning_content="I wonder."),
    ],
)
async def test_what_is_no_completion_is_told(reply: Reply) -> None:
    error = await failure(reply)
    assert isinstance(error, GatewayProtocolError)
    assert "words" not in error.message


async def test_a_server_that_does_not_speak_http_is_told() -> None:
    async def shout(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ready\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(shout, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(GatewayProtocolError, match="does not speak HTTP"):
            await OpenAiSceneDescriber(f"http://127.0.0.1:{port}").describe(PHOTO, EN)


@pytest.mark.parametrize(
    "reply",
    [
        writes(f"<think>Is that so?</think>\n```json\n{scene_json('A hall.')}\n```"),
        writes(scene_json("A hall."), reasoning_content="Is that so?"),
        sends(b"data:" + chunk(content=scene_json("A hall."))[5:].rstrip(), "text/event-stream"),
        sends(chunk(reasoning_content="Is that so?") + chunk(content=scene_json("A hall.")), "text/event-stream"),
        sends(
            b"\r\n".join([chunk(content=scene_json("A hall.")).rstrip(), b"", b"data: [DONE]", b""]),
            "text/event-stream",
        ),
    ],
)
async def test_forms_of_answers(reply: Reply) -> None:
    async with run_vision_server(reply) as server:
        scene = await OpenAiSceneDescriber(server.url).describe(PHOTO, EN)
    assert scene.description == "A hall."


async def test_prose_is_a_description_too() -> None:
    async with run_vision_server(writes("I see a hall with {two} doors.")) as server:
        scene = await OpenAiSceneDescriber(server.url).describe(PHOTO, EN)
    assert scene.description == "I see a hall with two doors."


@pytest.mark.parametrize("make", [streams_forever, says_nothing])
async def test_cancelling_closes_the_connection(make: Callable[[Callable[[], VisionServer]], Reply]) -> None:
    servers: list[VisionServer] = []
    async with run_vision_server(make(lambda: servers[0])) as server:
        servers.append(server)
        task = asyncio.create_task(OpenAiSceneDescriber(server.url).describe(PHOTO, EN))
        await asyncio.wait_for(server.arrived.wait(), 5)
        await asyncio.sleep(0.05)
        assert not server.left.is_set()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wait_for(server.left.wait(), 1)


@pytest.mark.parametrize("make", [streams_forever, says_nothing])
async def test_the_deadline_holds_and_closes_the_connection(
    make: Callable[[Callable[[], VisionServer]], Reply],
) -> None:
    servers: list[VisionServer] = []
    async with run_vision_server(make(lambda: servers[0])) as server:
        servers.append(server)
        began = time.monotonic()
        with pytest.raises(GatewayTimeout, match="VIGIA_VISION__TIMEOUT_S"):
            await OpenAiSceneDescriber(server.url, deadline_s=0.4).describe(PHOTO, EN)
        assert time.monotonic() - began < 2
        await asyncio.wait_for(server.left.wait(), 1)


async def test_an_endless_stream_is_cut_off() -> None:
    servers: list[VisionServer] = []
    async with run_vision_server(streams_forever(lambda: servers[0], 0.0, chunk(content="a" * 1000))) as server:
        servers.append(server)
        with pytest.raises(GatewayProtocolError, match="too long"):
            await OpenAiSceneDescriber(server.url).describe(PHOTO, EN)
        await asyncio.wait_for(server.left.wait(), 1)


async def test_few_requests_at_once_the_urgent_ones_first_and_no_more_than_the_queue_holds() -> None:
    go = asyncio.Event()

    async def waits(request: Any, body: dict[str, Any]) -> Any:
        await go.wait()
        return await sees(request, body)

    async with run_vision_server(waits) as server:
        describer = OpenAiSceneDescriber(server.url, lanes=1, queue_size=2)
        photos = [noise(16 + 16 * number, 16) for number in range(3)]
        first = asyncio.create_task(describer.describe(photos[0], EN))
        await asyncio.wait_for(server.arrived.wait(), 5)
        later = asyncio.create_task(describer.describe(photos[1], DescribeOptions("en", urgent=False)))
        await asyncio.sleep(0)
        sooner = asyncio.create_task(describer.describe(photos[2], EN))
        await asyncio.sleep(0)
        with pytest.raises(GatewayBusy) as raised:
            await describer.describe(PHOTO, EN)
        assert raised.value.retry_after_s
        go.set()
        await asyncio.gather(first, later, sooner)
    assert [photo_in(request).size[0] for request in server.requests] == [16, 48, 32]


async def test_a_cancelled_call_leaves_its_place_to_others() -> None:
    servers: list[VisionServer] = []
    async with run_vision_server(says_nothing(lambda: servers[0]), sees) as server:
        servers.append(server)
        describer = OpenAiSceneDescriber(server.url, lanes=1, queue_size=2)
        first = asyncio.create_task(describer.describe(PHOTO, EN))
        await asyncio.wait_for(server.arrived.wait(), 5)
        second, third = (asyncio.create_task(describer.describe(PHOTO, EN)) for _ in range(2))
        await asyncio.sleep(0)
        for task in (second, first):
            task.cancel()
        check_scene(await asyncio.wait_for(third, 5), "en")
        assert len(server.requests) == 2
        await asyncio.gather(first, second, return_exceptions=True)


def test_names() -> None:
    assert OpenAiSceneDescriber("http://localhost", "qwen").model_id == "qwen"
    assert OpenAiSceneDescriber("http://localhost").model_id == "vision server"


async def test_the_log_holds_no_photo_no_key_and_no_address(
    restored_logging: None, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging("debug", "json")
    async with run_vision_server(refuses(400, "words"), sees) as server:
        await OpenAiSceneDescriber(f"{server.url}?token=hidden", key="s3cret").describe(PHOTO, EN)
    told = capsys.readouterr().err
    sent = server.requests[0]["messages"][1]["content"][0]["image_url"]["url"]
    assert not any(word in told for word in ("hidden", "s3cret", "words", sent[-40:]))
