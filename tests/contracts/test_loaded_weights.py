"""What the server tells about loaded models."""

import pytest

from app.infrastructure.diarization.networks import SHA256, WEIGHTS_DIR
from app.infrastructure.vad.silero import bundled_model
from tests.conftest import StartServer

pytestmark = pytest.mark.integration


async def test_residency_tells_how_large_loaded_models_are(start_server: StartServer) -> None:
    server = await start_server(models={"vad": "silero", "diarizer": "onnx"})
    roles = ("vad", "diarizer")

    async def sizes() -> dict[str, int]:
        residency = (await server.http.get("/models/residency")).json()
        return {model["role"]: model["bytes"] for model in residency["models"] if model["role"] in roles}

    assert await sizes() == dict.fromkeys(roles, 0)
    for role in roles:
        await server.container.models[role].probe()
    loaded = await sizes()
    assert loaded["vad"] == bundled_model().stat().st_size
    assert loaded["diarizer"] == sum((WEIGHTS_DIR / name).stat().st_size for name in SHA256)
