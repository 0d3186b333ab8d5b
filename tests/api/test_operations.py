"""Health, settings, metrics, access, and the shape of every error."""

import asyncio
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, WebSocketRoute

from app.api.application import make_application
from app.api.dependencies import admit_socket, authenticate
from app.bootstrap import build_container
from app.domain.errors import ConfigurationError
from app.settings import Profile, ServerSettings, Settings
from tests.conftest import StartServer
from tests.server import RunningServer

pytestmark = pytest.mark.unit
ERROR_FIELDS = {"message", "type", "param", "code"}


async def test_health_has_one_line_a_gateway(server: RunningServer) -> None:
    health = (await server.http.get("/health")).json()
    assert {"ok", "modelReady", "modelId", "error"} <= set(health)
    assert set(health["gateways"]) == {"vad", "transcriber", "diarizer", "language_model", "scene_describer"}


async def test_ready_warms_the_models_up(server: RunningServer) -> None:
    answer = await server.http.get("/ready")
    while answer.status_code == 503:
        assert int(answer.headers["retry-after"]) > 0
        assert set(answer.json()["error"]) == ERROR_FIELDS
        answer = await server.http.get("/ready")
    assert answer.status_code == 200
    assert answer.json()["modelReady"] is True


async def test_a_model_that_is_missing_is_told_by_health_and_ready(start_server: StartServer, tmp_path: Path) -> None:
    models = {"language_model": "llama-cpp", "language_model_model": str(tmp_path / "none.gguf")}
    server = await start_server(models=models)
    answer = await server.http.get("/ready")
    while "language_model" not in answer.json()["error"]["message"]:
        assert answer.status_code == 503
        answer = await server.http.get("/ready")
    health = (await server.http.get("/health")).json()
    assert health["ok"] is True
    assert health["modelReady"] is False
    assert health["gateways"]["language_model"]["error"]


async def test_settings_are_shown_without_secrets(start_server: StartServer) -> None:
    server = await start_server(models={"hf_token": "hf_secret"})
    answer = await server.http.get("/config")
    assert "secret" not in answer.text
    assert "hf_token" not in answer.json()["models"]
    assert answer.json()["profile"] == "dummy"
    assert answer.json()["audio"]["max_message_bytes"] == 65536


async def test_metrics_and_residency(server: RunningServer) -> None:
    await server.http.get("/session/no-such-session")
    text = (await server.http.get("/metrics")).text
    assert 'vigia_http_requests_total{method="GET",route="/session/{session_id}",status="404"} 1.0' in text
    assert "vigia_live_sockets 0.0" in text
    assert "vigia_event_loop_stall_seconds_bucket" in text
    residency = (await server.http.get("/models/residency")).json()
    roles = ["vad", "transcriber", "diarizer", "language_model", "scene_describer"]
    assert [model["role"] for model in residency["models"]] == roles
    assert residency["process_bytes"] > 0
    dummy = {"loaded": True, "bytes": 0, "waiting": 0, "load_factor": 0.0}
    assert all(model.items() >= dummy.items() for model in residency["models"])


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for part in value.values():
            yield from references(part)
    elif isinstance(value, list):
        for part in value:
            yield from references(part)


async def test_openapi_describes_every_route(server: RunningServer) -> None:
    description = (await server.http.get("/openapi.json")).json()
    for path, operations in description["paths"].items():
        for operation in operations.values():
            assert operation["description"], path
            assert operation["summary"], path
            assert "422" not in operation["responses"]
            assert operation["responses"]["4XX"]["content"]["application/json"]["schema"]["$ref"].endswith("/Error")
    jsonschema.validate(
        (await server.http.get("/session/unknown")).json(), description["components"]["schemas"]["Error"]
    )
    for reference in references(description):
        found = description
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]
    transcript = description["paths"]["/session/{session_id}/transcript"]["get"]["responses"]["200"]["content"]
    assert {"application/json", "text/plain", "text/vtt", "text/markdown", "application/x-subrip"} == set(transcript)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing/here", 404),
        ("PUT", "/session", 405),
        ("POST", "/search", 405),
        ("GET", "/session?limit=0", 400),
        ("GET", "/session/unknown", 404),
        ("GET", "/session/..%2f..%2fetc", 404),
        ("GET", "/session/a%20b", 400),
        ("DELETE", "/session/unknown", 404),
        ("POST", "/session/unknown/finish", 404),
        ("GET", "/session/unknown/analysis", 404),
        ("GET", "/session/unknown/analysis?version=0", 400),
        ("POST", "/session/unknown/analysis", 404),
        ("PATCH", "/session/unknown/speakers", 400),
        ("GET", "/session/unknown/transcript", 404),
        ("GET", "/session/unknown/audio", 404),
        ("GET", "/session/unknown/timeline", 404),
        ("POST", "/session/unknown/audio?offset_ms=-1", 400),
        ("GET", "/search", 400),
        ("GET", "/ws/audio", 404),
    ],
)
async def test_every_error_has_one_shape(server: RunningServer, method: str, path: str, status: int) -> None:
    answer = await server.http.request(method, path)
    assert answer.status_code == status
    assert set(answer.json()["error"]) == ERROR_FIELDS
    assert answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PUT", "/session", "GET, HEAD, POST"),
        ("PATCH", "/session/x", "DELETE, GET, HEAD"),
        ("DELETE", "/session/x/analysis", "GET, HEAD, POST"),
        ("DELETE", "/session/x/audio", "GET, HEAD, POST"),
        ("POST", "/openapi.json", "GET, HEAD"),
        ("HEAD", "/session/x/finish", "POST"),
    ],
)
async def test_a_wrong_method_is_told_all_that_are_right(
    server: RunningServer, method: str, path: str, allow: str
) -> None:
    answer = await server.http.request(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allow)


@pytest.mark.parametrize(
    "path", ["/health", "/session", "/session/here", "/openapi.json", "/session/none", "/session?limit=0"]
)
async def test_head_is_get_without_its_body(server: RunningServer, path: str) -> None:
    await server.http.post("/session", json={"session_id": "here"})
    got, head = await server.http.get(path), await server.http.head(path)
    assert head.content == b""
    assert head.status_code == got.status_code
    assert {**head.headers, "date": ""} == {**got.headers, "date": ""}


async def test_the_description_tells_nothing_of_head(server: RunningServer) -> None:
    description = (await server.http.get("/openapi.json")).json()
    assert not [path for path, operations in description["paths"].items() if "head" in operations]


async def test_the_answer_of_a_server_that_is_not_ready_is_described(start_server: StartServer, tmp_path: Path) -> None:
    models = {"language_model": "llama-cpp", "language_model_model": str(tmp_path / "none.gguf")}
    server = await start_server(models=models)
    description = (await server.http.get("/openapi.json")).json()
    answer = await server.http.get("/ready")
    assert answer.status_code == 503
    described = description["paths"]["/ready"]["get"]["responses"]["503"]["content"]["application/json"]["schema"]
    jsonschema.validate(answer.json(), {**description, **described})
    for status in ("206", "200"):
        assert "audio/wav" in description["paths"]["/session/{session_id}/audio"]["get"]["responses"][status]["content"]


async def test_invalid_bodies_name_the_field(server: RunningServer) -> None:
    answer = await server.http.post("/session", json={"session_id": "../x"})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "session_id"
    answer = await server.http.post("/session", content=b"{", headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert (answer.json()["error"]["code"], answer.json()["error"]["param"]) == ("invalid_json", None)


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'{"language": NaN}',
        b'{"new": "\\ud800"}',
        b'{"new": "\xff"}',
        b'{"new": ' + b"9" * 6000 + b"}",
        b"[" * 100_000,
        b'{"new": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
    ids=["cut", "nan", "surrogate", "utf-8", "endless number", "nested", "nested and closed"],
)
async def test_broken_json_is_the_same_error_whatever_breaks_it(server: RunningServer, body: bytes) -> None:
    answer = await server.http.post("/session", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert (answer.json()["error"]["code"], answer.json()["error"]["param"]) == ("invalid_json", None)


async def test_a_fault_of_ours_has_the_shape_too(server: RunningServer) -> None:
    await server.container.journal.close()  # type: ignore[attr-defined]  # the adapter's own
    await server.http.post("/session", json={"session_id": "broken"})
    answer = await server.http.get("/session/broken/audio")
    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "internal_error"


async def test_beyond_loopback_a_key_is_asked_for(
    start_server: StartServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server = await start_server(server={"host": "0.0.0.0"})
    key = capsys.readouterr().err.split("): ")[1].split()[0]
    stored = (server.settings.data_dir / "access_key.sha256").read_text()
    assert key not in stored
    answer = await server.http.get("/health")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["error"]["code"] == "not_authenticated"
    assert (await server.http.get("/health", headers={"Authorization": "Bearer wrong"})).status_code == 401
    authorized = {"Authorization": f"Bearer {key}", "Host": "vigia.example"}
    assert (await server.http.get("/health", headers=authorized)).status_code == 200
    async with server.socket() as client:
        assert await client.refused() == ("not_authenticated", 4401)
    async with server.socket(additional_headers={"Authorization": f"Bearer {key}"}) as client:
        await client.configure()


async def test_the_key_is_made_once(tmp_path: Path) -> None:
    settings = await asyncio.to_thread(
        lambda: Settings(profile="dummy", data_dir=tmp_path, server=ServerSettings(host="0.0.0.0"))
    )
    made: list[str] = []
    for _ in range(2):
        async with build_container(settings, lambda key, host, port: made.append(key)) as container:
            assert container.access_key_hash
    assert len(made) == 1


def test_every_route_and_socket_asks_who_is_there() -> None:
    app = make_application(Settings(profile="dummy"), build_container)
    routes = list(_flat(app.routes))
    assert len(routes) > 15
    for route in routes:
        assert _asks(route), route


@pytest.mark.parametrize("profile", ["gpu-12gb", "gpu-24gb", "jetson", "remote"])
async def test_profiles_without_adapters_are_refused(profile: Profile, tmp_path: Path) -> None:
    settings = await asyncio.to_thread(lambda: Settings(profile=profile, data_dir=tmp_path))
    with pytest.raises(ConfigurationError, match="not available yet"):
        async with build_container(settings):
            raise AssertionError


def _flat(routes: Iterable[BaseRoute]) -> Iterator[BaseRoute]:
    for route in routes:
        included = getattr(route, "original_router", None)
        yield from [route] if included is None else _flat(included.routes)


def _asks(route: BaseRoute) -> bool:
    if isinstance(route, WebSocketRoute):
        return admit_socket in _dependencies(route)
    return isinstance(route, APIRoute) and authenticate in _dependencies(route)


def _dependencies(route: BaseRoute) -> set[object]:
    found: set[object] = set()
    waiting = [route.dependant]  # type: ignore[attr-defined]  # of FastAPI's routes
    while waiting:
        dependant = waiting.pop()
        found.add(dependant.call)
        waiting.extend(dependant.dependencies)
    return found
