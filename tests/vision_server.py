"""A server on loopback that speaks OpenAI's chat completions, as vLLM, llama-server and Azure do, in good and bad days."""

import asyncio
import base64
import contextlib
import io
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from PIL import Image

from app.domain.errors import GatewayError
from app.domain.vision.models import DescribeOptions
from app.infrastructure.vision.openai_describer import OpenAiSceneDescriber
from tests.contracts.scene_describer import noise

Reply = Callable[[Request, dict[str, Any]], Awaitable[Response]]


@dataclass
class VisionServer:
    """What it is asked, and what it answers: ``replies`` in turn, the last one ever again."""

    replies: list[Reply]
    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a client goes away before it was answered."""

    async def answer(self, request: Request) -> Response:
        body = await request.json()
        self.requests.append(body)
        self.headers.append(dict(request.headers))
        self.paths.append(f"{request.url.path}?{request.url.query}".rstrip("?"))
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        self.arrived.set()
        return await reply(request, body)


@contextlib.asynccontextmanager
async def run_vision_server(*replies: Reply) -> AsyncIterator[VisionServer]:
    """A server on a free port while the block runs."""
    served = VisionServer(list(replies) or [sees])
    app = FastAPI()
    app.add_api_route("/{path:path}", served.answer, methods=["POST"])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        served.url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        config = uvicorn.Config(app, log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            while not server.started:
                assert not serving.done(), "the server did not start"
                await asyncio.sleep(0.005)
            yield served
        finally:
            server.should_exit = True
            await asyncio.wait_for(serving, 10)


def photo_in(body: dict[str, Any]) -> Image.Image:
    """The photo of a request; fails unless it is a JPEG in a data URL."""
    url = body["messages"][-1]["content"][0]["image_url"]["url"]
    kind, _, data = url.partition(",")
    assert kind == "data:image/jpeg;base64"
    image = Image.open(io.BytesIO(base64.b64decode(data, validate=True)))
    assert image.format == "JPEG"
    return image


def scene_json(description: str) -> str:
    risk = {"kind": "stairs", "severity": "warning", "text": "Steps ahead.", "reason": "Edges."}
    return json.dumps({"description": description, "risks": [risk], "suggestions": ["Slow down."], "text": ["EXIT"]})


def seen_in(body: dict[str, Any]) -> str:
    """An answer that depends on the photo alone."""
    return scene_json(f"A photo as bright as {np.asarray(photo_in(body)).mean():.1f}.")


def completion(text: str, **more: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": text, **more}
    return {"object": "chat.completion", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}


def chunk(**delta: Any) -> bytes:
    event = {"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta}]}
    return b"data: " + json.dumps(event).encode() + b"\n\n"


async def sees(request: Request, body: dict[str, Any]) -> Response:
    """As vLLM does: in pieces if asked to, with a role first and a count last."""
    text = seen_in(body)
    if not body["stream"]:
        return JSONResponse(completion(text))

    async def events() -> AsyncIterator[bytes]:
        yield b": ping\n\n" + chunk(role="assistant", content="")
        for start in range(0, len(text), 7):
            yield chunk(content=text[start : start + 7])
        yield b'data: {"choices": [], "usage": {"total_tokens": 9}}\n\ndata: [DONE]\n\n'

    return StreamingResponse(events(), media_type="text/event-stream; charset=utf-8")


def writes(text: str, **more: Any) -> Reply:
    """Always the same text, in one piece."""

    async def reply(request: Request, body: dict[str, Any]) -> Response:
        return JSONResponse(completion(text, **more))

    return reply


def refuses(status: int, reason: str = "", headers: dict[str, str] | None = None) -> Reply:
    async def reply(request: Request, body: dict[str, Any]) -> Response:
        return JSONResponse({"error": {"message": reason}}, status, headers)

    return reply


def sends(content: bytes, media_type: str, **headers: str) -> Reply:
    """Any bytes at all."""

    async def reply(request: Request, body: dict[str, Any]) -> Response:
        return Response(content, media_type=media_type, headers=headers)

    return reply


def streams_forever(
    server: Callable[[], VisionServer], pause_s: float = 0.01, piece: bytes = chunk(content="a ")
) -> Reply:
    """Writes until the client leaves."""

    async def events() -> AsyncIterator[bytes]:
        try:
            while True:
                yield piece
                await asyncio.sleep(pause_s)
        finally:
            server().left.set()

    async def reply(request: Request, body: dict[str, Any]) -> Response:
        return StreamingResponse(events(), media_type="text/event-stream")

    return reply


def says_nothing(server: Callable[[], VisionServer]) -> Reply:
    """Lets the client wait for an answer until it leaves."""

    async def reply(request: Request, body: dict[str, Any]) -> Response:
        while (await request.receive())["type"] != "http.disconnect":
            continue
        server().left.set()
        return Response()

    return reply


async def failure(*replies: Reply, **settings: Any) -> GatewayError:
    """What the describer says of a server's replies."""
    async with run_vision_server(*replies) as server:
        with pytest.raises(GatewayError) as raised:
            await OpenAiSceneDescriber(server.url, "tiny", **{"deadline_s": 5.0, **settings}).describe(
                noise(64, 48), DescribeOptions("en")
            )
    return raised.value
