"""Model files from the model hub, at a pinned commit."""

import importlib.util
import os
import shutil
import socket
import sys
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from app.infrastructure.catalog.entries import HubPin, ModelEntry, ModelFile
from app.infrastructure.catalog.source import Advance, ModelSource, Piece, SourceError
from app.infrastructure.catalog.sources.download import run_download

_CONNECT_S = 5.0
_FETCH = (
    "import sys; from huggingface_hub import hf_hub_download; "
    "hf_hub_download(sys.argv[1], sys.argv[2], revision=sys.argv[3], local_dir=sys.argv[4])"
)


class HubSource(ModelSource):
    """Downloads with huggingface_hub in a child process, so that its endpoint, proxy and token settings hold."""

    name = "hub"

    def __init__(self, token: str | None = None, endpoint: str | None = None) -> None:
        """Prepare.

        Args:
            token: for models that need one.
            endpoint: of the hub or a mirror of it; None is what huggingface_hub is set to.
        """
        self._token = token
        self._endpoint = endpoint
        self._unreachable: str | None = None

    def pieces(self, entry: ModelEntry, file: ModelFile, workspace: Path) -> Sequence[Piece]:
        """The whole file; the library resumes it by itself."""
        pin = entry.hub
        if pin is None:
            raise SourceError("the catalog has no pinned revision of it on the model hub")
        if importlib.util.find_spec("huggingface_hub") is None:
            raise SourceError("the package huggingface_hub is not installed")
        self._check_reachable()

        def fetch(target: Path, advance: Advance) -> None:
            self._download(pin, file, workspace, advance)
            os.replace(workspace / file.name, target)
            shutil.rmtree(workspace, ignore_errors=True)

        return [Piece(f"{pin.repository}/{file.name}", file.size_bytes, file.sha256, fetch)]

    def _download(self, pin: HubPin, file: ModelFile, workspace: Path, advance: Advance) -> None:
        workspace.mkdir(parents=True, exist_ok=True)
        env = {**os.environ, "HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
        if self._endpoint:
            env["HF_ENDPOINT"] = self._endpoint
        if self._token:
            env["HF_TOKEN"] = self._token
        command = [sys.executable, "-c", _FETCH, pin.repository, file.name, pin.revision, str(workspace)]
        run_download(command, env, workspace, advance)
        if not (workspace / file.name).is_file():
            raise SourceError(f"{pin.repository} did not deliver {file.name}")

    def _check_reachable(self) -> None:
        """Fail within seconds where the library would retry for half a minute, file after file."""
        if self._unreachable is None:
            self._unreachable = _why_unreachable(self._endpoint)
        if self._unreachable:
            raise SourceError(self._unreachable)


def _why_unreachable(chosen: str | None) -> str:
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return "HF_HUB_OFFLINE is set"
    if urllib.request.getproxies():  # then the endpoint itself need not be reachable from here
        return ""
    endpoint = urlsplit(chosen or constants.ENDPOINT)
    try:
        address = (endpoint.hostname or "", endpoint.port or (80 if endpoint.scheme == "http" else 443))
        socket.create_connection(address, timeout=_CONNECT_S).close()
    except OSError as error:
        return f"the model hub cannot be reached ({error.strerror or type(error).__name__})"
    return ""
