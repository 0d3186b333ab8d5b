"""Servers that refuse, are busy, or are not there: what is told, and what is tried."""

import socket
import time

import pytest

from app.domain.errors import (
    ConfigurationError,
    GatewayBusy,
    GatewayError,
    GatewayProtocolError,
    GatewayUnavailable,
)
from app.domain.vision.models import DescribeOptions
from app.infrastructure.vision.openai_describer import OpenAiSceneDescriber
from tests.contracts.scene_describer import check_scene, noise
from tests.vision_server import (
    failure,
    refuses,
    run_vision_server,
    sees,
)

pytestmark = pytest.mark.unit
EN = DescribeOptions("en")
PHOTO = noise(64, 48)


async def test_a_photo_that_a_server_refuses_in_every_form_is_told_and_changes_nothing() -> None:
    async with run_vision_server(*[refuses(400, "secret of the server")] * 4, sees) as server:
        describer = OpenAiSceneDescriber(server.url)
        with pytest.raises(GatewayProtocolError) as raised:
            await describer.describe(PHOTO, EN)
        assert len(server.requests) == 4
        await describer.describe(PHOTO, EN)
    assert server.requests[-1] == server.requests[0]
    assert "secret" not in raised.value.message


@pytest.mark.parametrize(
    ("status", "kind", "told"),
    [
        (401, GatewayUnavailable, "VIGIA_VISION__SERVER_KEY"),
        (403, GatewayUnavailable, "VIGIA_VISION__SERVER_KEY"),
        (404, GatewayUnavailable, "'tiny'.*VIGIA_VISION__SERVER_MODEL"),
        (413, GatewayProtocolError, "413"),
        (500, GatewayUnavailable, "500"),
    ],
)
async def test_refusals(status: int, kind: type[GatewayError], told: str) -> None:
    error = await failure(refuses(status, "words of the server"), key="s3cret")
    assert type(error) is kind
    with pytest.raises(kind, match=told):
        raise error
    assert "words" not in error.message
    assert "s3cret" not in error.message


async def test_redirects_are_not_followed() -> None:
    async with run_vision_server() as other:
        away = refuses(307, headers={"location": f"{other.url}/chat/completions"})
        error = await failure(away)
        assert isinstance(error, GatewayProtocolError)
        assert other.requests == []


@pytest.mark.parametrize("status", [429, 503])
async def test_a_busy_server_is_asked_again(status: int) -> None:
    async with run_vision_server(refuses(status, headers={"retry-after": "0.05"}), sees) as server:
        began = time.monotonic()
        check_scene(await OpenAiSceneDescriber(server.url).describe(PHOTO, EN), "en")
    assert len(server.requests) == 2
    assert time.monotonic() - began > 0.05


async def test_a_server_that_stays_busy_is_told() -> None:
    async with run_vision_server(refuses(429, headers={"retry-after": "0"})) as server:
        with pytest.raises(GatewayBusy):
            await OpenAiSceneDescriber(server.url).describe(PHOTO, EN)
    assert len(server.requests) == 3


@pytest.mark.parametrize(("wait", "told_s"), [("30", 30.0), ("1e99", 3600.0), ("nan", 0.5), ("soon", 0.5)])
async def test_nobody_waits_longer_than_the_deadline_for_a_busy_server(wait: str, told_s: float) -> None:
    began = time.monotonic()
    error = await failure(refuses(503, headers={"retry-after": wait}), deadline_s=0.45)
    assert isinstance(error, GatewayBusy)
    assert error.retry_after_s == told_s
    assert time.monotonic() - began < 2


async def test_a_server_that_is_not_there_is_told_without_secrets() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    describer = OpenAiSceneDescriber(f"http://127.0.0.1:{port}/v1?token=hidden", key="s3cret")
    with pytest.raises(GatewayUnavailable, match=f"127.0.0.1:{port} cannot be reached") as raised:
        await describer.describe(PHOTO, EN)
    assert "hidden" not in raised.value.message
    assert "s3cret" not in repr(raised.value.__cause__) + raised.value.message


@pytest.mark.parametrize(
    "url", [None, "", "localhost:8000", "ftp://host/v1", "http://", "http://[", "http://u:p@host/v1"]
)
async def test_addresses_that_are_none(url: str | None) -> None:
    with pytest.raises(ConfigurationError, match="VIGIA_VISION__SERVER_URL"):
        await OpenAiSceneDescriber(url).describe(PHOTO, EN)


async def test_a_key_that_no_header_can_hold() -> None:
    with pytest.raises(ConfigurationError, match="VIGIA_VISION__SERVER_KEY"):
        await OpenAiSceneDescriber("http://localhost/v1", key="a\r\nb").describe(PHOTO, EN)
