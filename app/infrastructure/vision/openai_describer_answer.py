"""The body of a chat completion, as one JSON object or as a stream of events; bounded, and nothing in it is trusted."""

import json
from collections.abc import AsyncIterator
from typing import Any

from app.domain.errors import GatewayProtocolError

_MAX_STREAM_BYTES = 4 * 1024 * 1024
"""A streamed token takes some 300 bytes, and reasoning models write thousands."""
_MAX_WHOLE_BYTES = 512 * 1024
"""The same in one piece; parsing it takes a few milliseconds of the event loop."""
_MAX_TEXT_CHARS = 64 * 1024
_DATA, _DONE = b"data:", b"[DONE]"
_TOO_LONG = "the vision server's answer is far too long"


async def read_bounded(body: AsyncIterator[bytes], longest: int) -> bytes:
    """The whole body.

    Raises:
        GatewayProtocolError: longer than allowed.
    """
    read = bytearray()
    async for part in body:
        read += part
        if len(read) > longest:
            raise GatewayProtocolError(_TOO_LONG)
    return bytes(read)


async def completion_text(body: AsyncIterator[bytes]) -> str:
    """What the model wrote, of a completion in one piece; its reasoning is left out.

    Raises:
        GatewayProtocolError: no chat completion, or too long.
    """
    return _content(_parsed(await read_bounded(body, _MAX_WHOLE_BYTES)), "message")[:_MAX_TEXT_CHARS]


async def streamed_text(body: AsyncIterator[bytes]) -> str:
    """What the model wrote, of a stream of server-sent events; its reasoning is left out.

    Raises:
        GatewayProtocolError: other events than a chat completion's, an error among them, or too long.
    """
    written, seen = "", False
    async for line in _lines(body):
        event = line.removeprefix(_DATA).strip() if line.startswith(_DATA) else b""  # others are comments and the like
        if event == _DONE:
            break
        if event:
            written, seen = written + _content(_parsed(event), "delta"), True
        if len(written) > _MAX_TEXT_CHARS:
            raise GatewayProtocolError(_TOO_LONG)
    if not seen:
        raise GatewayProtocolError("the vision server's stream holds no chat completion")
    return written


async def _lines(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    rest, size = bytearray(), 0
    async for part in body:
        size += len(part)
        if size > _MAX_STREAM_BYTES:
            raise GatewayProtocolError(_TOO_LONG)
        rest += part
        if b"\n" in part:  # only then: a line may come byte by byte
            *lines, rest = rest.split(b"\n")
            for line in lines:
                yield bytes(line)
    yield bytes(rest)


def _parsed(data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict) or "choices" not in value:
        raise GatewayProtocolError("the vision server's answer is no chat completion")
    return value


def _content(completion: dict[str, Any], part: str) -> str:
    """The text in the first choice; a chunk that only counts tokens has none."""
    choices = completion["choices"]
    if not isinstance(choices, list):
        raise GatewayProtocolError("the vision server's answer is no chat completion")
    message = choices[0].get(part) if choices and isinstance(choices[0], dict) else None
    content = message.get("content") if isinstance(message, dict) else None
    if isinstance(content, list):  # parts of text, as in requests
        content = "".join(str(piece.get("text", "")) for piece in content if isinstance(piece, dict))
    return content if isinstance(content, str) else ""
