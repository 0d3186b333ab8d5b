"""From a socket's messages to values. Pure: whatever comes in, the answer is a value or one of our errors."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import orjson
from pydantic import BaseModel, ValidationError

from app.api.schemas.socket import AudioChunkMessage, ConfigMessage, EndOfStreamMessage, GapMessage
from app.api.validation import describe
from app.domain.errors import InvalidInput


@dataclass(frozen=True)
class Audio:
    """One audio message; ``chunk_id`` is None if it came as binary, which has no number of its own."""

    payload: bytes
    chunk_id: int | None = None


@dataclass(frozen=True)
class Gap:
    """Audio that the client lost."""

    duration_s: float


@dataclass(frozen=True)
class EndOfStream:
    """The recording is complete."""


@dataclass(frozen=True)
class Unknown:
    """A message that this server does not know; newer clients may send such."""

    type: str


ClientMessage: TypeAlias = ConfigMessage | Audio | Gap | EndOfStream | Unknown

_MODELS: Mapping[str, type[BaseModel]] = {
    "config": ConfigMessage,
    "audio_chunk": AudioChunkMessage,
    "gap": GapMessage,
    "end_of_stream": EndOfStreamMessage,
}


def parse(message: str | bytes) -> ClientMessage:
    """Understand one message: text is JSON, bytes are audio.

    Raises:
        InvalidInput: not JSON (``invalid_json``), a known type with invalid fields (``invalid_config``,
            ``invalid_message``), or ``data_b64`` that is not base64 (``invalid_base64``).
    """
    if isinstance(message, bytes):
        return Audio(message)
    fields = _json(message)
    kind = fields.get("type") if isinstance(fields, dict) else None
    model = _MODELS.get(kind) if isinstance(kind, str) else None
    if model is None:
        return Unknown(kind[:64] if isinstance(kind, str) else "")
    return _value(_validated(model, fields))


def _json(message: str) -> Any:
    try:
        return orjson.loads(message)
    except orjson.JSONDecodeError as error:
        raise InvalidInput(f"not JSON: {error.msg}", code="invalid_json") from None


def _validated(model: type[BaseModel], fields: Any) -> BaseModel:
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        message, param = describe(first)
        code = "invalid_config" if model is ConfigMessage else "invalid_message"
        raise InvalidInput(message, code=code, param=param) from None


def _value(message: BaseModel) -> ClientMessage:
    if isinstance(message, ConfigMessage):
        return message
    if isinstance(message, AudioChunkMessage):
        return Audio(_base64(message.data_b64), message.chunk_id)
    if isinstance(message, GapMessage):
        return Gap(message.duration_ms / 1000)
    return EndOfStream()


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidInput("data_b64 is not base64", code="invalid_base64", param="data_b64") from None
