"""Every line that is logged for a request names the request's session."""

import json
from typing import Any

import httpx2
import pytest
from starlette.routing import Route

from app.main import create_app
from app.settings import Settings
from app.telemetry import configure_logging, session_id_var
from tests.server import RunningServer

pytestmark = [pytest.mark.unit, pytest.mark.usefixtures("restored_logging")]
SETTINGS = Settings(profile="dummy")
ROUTES = [
    (method, route.path)
    for route in create_app(SETTINGS).routes
    if isinstance(route, Route)
    for method in sorted(route.methods or ())
]


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


async def fail(method: str, path: str) -> None:
    """A request to an application that was not started: every route fails in a way that nobody expects."""
    transport = httpx2.ASGITransport(create_app(SETTINGS), raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as http:
        assert (await http.request(method, path)).status_code == 500


@pytest.mark.parametrize(("method", "path"), [entry for entry in ROUTES if "{session_id}" in entry[1]])
async def test_routes_of_a_session(method: str, path: str, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("warning", "json")
    await fail(method, path.replace("{session_id}", "Meeting-1"))
    assert [line.get("session_id") for line in lines(capsys)] == ["Meeting-1"]


@pytest.mark.parametrize("path", ["/session/a%0Ab", f"/session/{'a' * 65}", "/session"])
async def test_what_is_no_id_is_not_logged(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("warning", "json")
    session_id_var.set("of the request before")
    await fail("GET", path)
    assert ["session_id" in line for line in lines(capsys)] == [False]


async def test_an_upload_that_fails(server: RunningServer, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("warning", "json")
    (server.settings.data_dir / "owners").touch()  # where its folder would be
    answers = [await server.http.post(f"/session/{name}/audio", content=bytes(1000)) for name in ("one", "other")]
    assert [answer.status_code for answer in answers] == [507, 507]
    failed = [line for line in lines(capsys) if line["event"] == "request failed"]
    assert [line["session_id"] for line in failed] == ["one", "other"]
