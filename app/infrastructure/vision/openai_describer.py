"""Vision-language models on any server that understands OpenAI's chat completions: vLLM, llama-server, NVIDIA NIM, Azure."""

import asyncio
import ipaddress
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from app.domain.errors import GatewayProtocolError, GatewayTimeout, GatewayUnavailable
from app.domain.vision.gateway import SceneDescriber
from app.domain.vision.models import DescribeOptions, DescriberCapabilities, Photo, Scene
from app.domain.vision.scene_answer import scene_of_answer
from app.domain.vision.scene_prompt import written_language
from app.infrastructure.runtime.worker import Priority
from app.infrastructure.vision.openai_describer_answer import completion_text, streamed_text
from app.infrastructure.vision.openai_describer_endpoint import Dialect, Endpoint, KeyHeader, endpoint
from app.infrastructure.vision.openai_describer_queue import RequestQueue
from app.infrastructure.vision.openai_describer_refusals import RETRY_WAIT_S, OtherDialect, TryAgain, raise_refusal
from app.infrastructure.vision.openai_describer_request import scene_messages

_CONNECT_S = 5.0
_RETRIES = 2
_LANES, _QUEUE = 2, 32


class OpenAiSceneDescriber(SceneDescriber):
    """A remote vision-language model. Cancelling a call closes its connection, which stops the server's work."""

    def __init__(
        self,
        server_url: str | None,
        model: str = "",
        *,
        key: str | None = None,
        key_header: KeyHeader = "bearer",
        streaming: bool = True,
        deadline_s: float = 120.0,
        lanes: int = _LANES,
        queue_size: int = _QUEUE,
    ) -> None:
        """Prepare; nothing is asked yet, and settings are checked by the first call.

        Args:
            server_url: as for ``endpoint``.
            model: the server's name for it; empty if the server has but one.
            key: secret; None if the server wants none.
            key_header: which header carries it.
            streaming: take the answer as it is written.
            deadline_s: bound on waiting, all attempts and the answer of one call.
            lanes: requests at once.
            queue_size: how many calls may wait for their turn.
        """
        self._settings = (server_url, key, key_header)
        self._model = model
        self._streaming = streaming
        self._deadline_s = deadline_s
        self._dialect = Dialect()
        self._queue = RequestQueue("the vision server", lanes=lanes, queue_size=queue_size)
        self._tls: Any = None

    @property
    def model_id(self) -> str:
        """The server's name for its model."""
        return self._model or "vision server"

    @property
    def capabilities(self) -> DescriberCapabilities:
        """Answers questions."""
        return DescriberCapabilities(answers_prompts=True)

    async def describe(self, photo: Photo, options: DescribeOptions) -> Scene:
        """See the port."""
        server, priority = endpoint(*self._settings), Priority.PHOTO if options.urgent else Priority.POST_SESSION
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._deadline_s), self._queue.turn(priority):
                messages = await asyncio.to_thread(scene_messages, photo, options)
                sent = time.monotonic()
                answer = await self._asked(server, messages, began + self._deadline_s)
        except TimeoutError as error:
            raise GatewayTimeout(
                f"the vision server at {server.host} did not answer within {self._deadline_s:g} s; "
                "try again, or set a larger VIGIA_VISION__TIMEOUT_S",
                retry_after_s=self._deadline_s,
            ) from error
        scene = scene_of_answer(answer, written_language(options.language))
        timings = {"prepare": sent - began, "ask": time.monotonic() - sent}
        return replace(scene, timings_ms={stage: round(seconds * 1000) for stage, seconds in timings.items()})

    async def _asked(self, server: Endpoint, messages: Any, until: float) -> str:
        """The answer, after as many attempts as make sense."""
        retries, dialect = 0, self._dialect
        while True:
            try:
                answer = await self._ask_once(server, messages, dialect)
            except OtherDialect as refusal:
                dialect = refusal.dialect
            except TryAgain as failure:
                retries += 1
                if retries > _RETRIES or time.monotonic() + failure.wait_s >= until:
                    raise failure.error from failure.__cause__
                await asyncio.sleep(failure.wait_s)
            else:
                self._dialect = dialect  # only now: what was refused may have been the photo
                return answer

    async def _ask_once(self, server: Endpoint, messages: Any, dialect: Dialect) -> str:
        body = {"messages": messages, "stream": self._streaming, **dialect.parameters()}
        if self._model:
            body["model"] = self._model
        headers = {**server.headers, "accept-encoding": "identity"}
        async with (
            self._client(server) as client,
            client.stream("POST", server.url, json=body, headers=headers) as reply,
        ):
            if reply.headers.get("content-encoding", "identity") != "identity":  # could be small and become huge
                raise GatewayProtocolError(f"the vision server at {server.host} compresses although asked not to")
            if reply.status_code != 200:
                await raise_refusal(reply, server, self._model, dialect)
            streamed = reply.headers.get("content-type", "").startswith("text/event-stream")
            answer = await (streamed_text if streamed else completion_text)(reply.aiter_bytes())
        if not answer.strip():
            raise GatewayProtocolError(f"the model of {server.host} wrote nothing but, perhaps, its reasoning")
        return answer

    @asynccontextmanager
    async def _client(self, server: Endpoint) -> AsyncIterator[Any]:
        """A client for one request; the library's errors become ours."""
        if self._tls is None:
            self._tls = await asyncio.to_thread(_tls_context)
        import httpx2

        timeout = httpx2.Timeout(self._deadline_s, connect=min(_CONNECT_S, self._deadline_s))
        where = f"the vision server at {server.host}"
        try:
            async with httpx2.AsyncClient(
                verify=self._tls, timeout=timeout, follow_redirects=False, trust_env=not _is_local(server.url)
            ) as client:
                yield client
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
            unreachable = GatewayUnavailable(
                f"{where} cannot be reached; is it running, and VIGIA_VISION__SERVER_URL right?"
            )
            raise TryAgain(unreachable, RETRY_WAIT_S) from error
        except httpx2.TimeoutException as error:
            raise GatewayTimeout(f"{where} stopped answering", retry_after_s=self._deadline_s) from error
        except (httpx2.HTTPError, httpx2.StreamError, httpx2.InvalidURL) as error:
            raise GatewayProtocolError(f"{where} broke off or does not speak HTTP ({type(error).__name__})") from error


def _tls_context() -> Any:
    """Reads certificates and imports the client, which takes too long for the event loop."""
    import httpcore2  # noqa: F401  (httpx2 imports it at its first use)
    import httpx2

    return httpx2.create_ssl_context()


def _is_local(url: str) -> bool:
    """Whether the server is on this machine, where no proxy of the environment leads."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
