"""What an upload is told when the disk takes no more."""

import contextlib
import sys
from collections.abc import Iterator

import pytest

from tests.server import RunningServer

if sys.platform == "win32":
    pytest.skip("files have no size limit of a process there", allow_module_level=True)

import resource

pytestmark = pytest.mark.unit
MIB = 1024 * 1024


@contextlib.contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """No file of this process may grow beyond ``size`` bytes while the block runs."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("size", [MIB + 1000, 3 * MIB], ids=["the last write fails", "a write before it fails"])
async def test_an_upload_that_does_not_fit_is_507(server: RunningServer, size: int) -> None:
    with files_up_to(MIB + 500):
        answer = await server.http.post("/session/full/audio", content=bytes(size))
    assert answer.status_code == 507
    assert answer.json()["error"]["code"] == "storage_error"
    assert list(server.container.uploads_dir.iterdir()) == []
    assert (await server.http.get("/session/full")).status_code == 404


async def test_an_upload_without_a_place_is_507(server: RunningServer) -> None:
    server.container.uploads_dir.rmdir()
    answer = await server.http.post("/session/full/audio", content=bytes(1000))
    assert answer.status_code == 507
