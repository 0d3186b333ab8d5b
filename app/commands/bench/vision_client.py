"""What ``bench vision`` asks of a server: photos with their times, its metrics, and that sessions be erased."""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.commands.bench.loop_stalls import Buckets, read_stalls
from app.commands.bench.vision_photos import BenchPhoto
from app.commands.bench.vision_timings import Sample, served_stages
from app.domain.errors import GatewayError, GatewayUnavailable

if TYPE_CHECKING:
    import httpx2

ANSWER_S = 300.0


@dataclass(frozen=True)
class Described:
    """A server's answer to a photo.

    Attributes:
        body: of the answer.
        sample: its times.
    """

    body: Mapping[str, Any]
    sample: Sample

    @property
    def worked(self) -> bool:
        """Whether the models looked: not for near-duplicates, nor for what is remembered."""
        return self.body["duplicate_of"] is None and "remembered" not in self.body["timings_ms"]


class PhotoClient:
    """One connection to a server."""

    def __init__(self, http: "httpx2.AsyncClient", language: str) -> None:
        self._http = http
        self._language = language

    async def describe(self, photo: BenchPhoto, session_id: str | None = None) -> Described | None:
        """Send a photo and wait for its description; None if the server has no time for it (429 or 503).

        Raises:
            GatewayUnavailable: the server is gone.
            GatewayError: it refuses the photo.
        """
        import httpx2

        fields = {"language": self._language} | ({"session_id": session_id} if session_id else {})
        files = {
            "file": (photo.name, photo.data, "application/octet-stream")
        }  # else the library looks for the name's type
        began = time.perf_counter()
        try:
            answer = await self._http.post("/vision/frame", files=files, data=fields)
        except httpx2.TransportError as error:
            raise GatewayUnavailable("the server is gone") from error
        wall_ms = 1000 * (time.perf_counter() - began)
        if answer.status_code in (429, 503):
            return None
        if answer.status_code != 200:
            raise GatewayError(f"the server answers HTTP {answer.status_code} to {photo.name}: {_reason(answer)}")
        body = answer.json()
        return Described(body, Sample(photo.name, wall_ms, served_stages(wall_ms, body["timings_ms"])))

    async def erase(self, session_id: str) -> None:
        """Erase a session, so that nothing is analysed after it."""
        (await self._http.delete(f"/session/{session_id}")).raise_for_status()

    async def stalls(self) -> Buckets:
        """Waits on the server's event loop so far."""
        return read_stalls((await self._http.get("/metrics")).raise_for_status().text)

    async def describer_mib(self) -> float | None:
        """What loading the describer took, as the server measured it; None if it has measured nothing."""
        models = (await self._http.get("/models/residency")).raise_for_status().json()["models"]
        taken = next(model["measured_bytes"] for model in models if model["role"] == "scene_describer")
        return None if taken is None else round(taken / 2**20)


@asynccontextmanager
async def photo_client(address: str, language: str) -> AsyncIterator[PhotoClient]:
    """A client of the server at ``host:port``; photos are described in ``language``."""
    import httpx2

    async with httpx2.AsyncClient(base_url=f"http://{address}", timeout=ANSWER_S, trust_env=False) as http:
        yield PhotoClient(http, language)


def _reason(answer: "httpx2.Response") -> str:
    try:
        return str(answer.json()["error"]["code"])
    except (ValueError, KeyError, TypeError):
        return "no reason"
