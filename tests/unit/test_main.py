"""``uvicorn app.main:app`` with settings that make no sense."""

from collections.abc import MutableMapping
from typing import Any

import pytest

from app.main import LazyApp

pytestmark = pytest.mark.unit


async def test_bad_settings_stop_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIGIA_LOG__FORMAT", "crayons")
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "lifespan.startup"}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    await LazyApp()({"type": "lifespan"}, receive, send)
    (answer,) = sent
    assert answer["type"] == "lifespan.startup.failed"
    assert "crayons" in answer["message"]
