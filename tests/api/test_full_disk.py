"""What an upload is told when the disk takes no more."""

import pytest

from tests.full_disk import file_size_limit
from tests.server import RunningServer

pytestmark = pytest.mark.unit
MIB = 1024 * 1024


@pytest.mark.parametrize("size", [MIB + 1000, 3 * MIB], ids=["the last write fails", "a write before it fails"])
async def test_an_upload_that_does_not_fit_is_507(server: RunningServer, size: int) -> None:
    with file_size_limit(MIB + 500):
        answer = await server.http.post("/session/full/audio", content=bytes(size))
    assert answer.status_code == 507
    assert answer.json()["error"]["code"] == "storage_error"
    assert "File too large" in answer.json()["error"]["message"]
    assert list((server.settings.data_dir / "owners" / "local" / "uploads").iterdir()) == []
    assert (await server.http.get("/session/full")).status_code == 404


async def test_an_upload_without_a_place_is_507(server: RunningServer) -> None:
    (server.settings.data_dir / "owners").touch()
    answer = await server.http.post("/session/full/audio", content=bytes(1000))
    assert answer.status_code == 507
    message = answer.json()["error"]["message"]
    assert "make room" not in message
    assert "check that the data folder is there" in message
