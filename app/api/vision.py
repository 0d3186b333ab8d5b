"""``/vision``: photos in, what can be seen on them out; and the photos of a session."""

import asyncio
import base64
import binascii
import contextlib
import re
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import unquote

import anyio
import orjson
from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ValidationError
from starlette.datastructures import UploadFile

from app.api.body_limit import allow_body
from app.api.dependencies import ContainerDep, PrincipalDep, SessionKeyDep, SettingsDep
from app.api.openapi import inlined
from app.api.routes import Route
from app.api.schemas.vision import (
    DeferredPhoto,
    DescribedPhoto,
    FrameJson,
    PhotoBase64,
    PhotoForm,
    described_photo,
    frame_json,
)
from app.api.validation import describe
from app.application.container import Container
from app.application.vision.photo_messages import PhotoRequest
from app.domain.errors import InvalidInput, SessionSilent, TooLarge
from app.domain.session.models import SessionKey

Fields = TypeVar("Fields", bound=BaseModel)
router = APIRouter(tags=["photos"], route_class=Route)

FORM_BYTES = 64 * 1024
"""What the fields of a form, or of a JSON body, add to the photo itself."""
MAX_FIELDS = 64
UPLOAD_S = 120.0
"""A photo of half a megabyte over a slow mobile link (64 kbit/s) takes a minute."""
FREE_BYTES = 1024 * 1024
"""So much of a JSON body may be held without taking one of the places for photos: whoever sends slowly blocks nobody."""
_DATA_URL = re.compile(r"\s*data:[^,]{0,200}?;\s*base64\s*,", re.ASCII | re.IGNORECASE)
_WHITE = re.compile(r"\s+")
_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary", "description": "JPEG, PNG or WebP."},
                        "session_id": {"type": "string", "description": "The session that it joins."},
                        "captured_at": {"type": "number", "description": "Unix seconds when it was taken."},
                        "prompt": {"type": "string", "description": "A question about the photo."},
                        "language": {"type": "string", "description": "Of the description, ISO 639-1."},
                    },
                }
            }
        },
    }
}
_JSON = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": inlined(PhotoBase64.model_json_schema())}},
    }
}
_DEFERRED: dict[int | str, dict[str, Any]] = {
    202: {"model": DeferredPhoto, "description": "Kept; it is described when there is time."}
}
_DeferQuery = Annotated[bool, Query(description="Answer at once, and describe the photo when there is time.")]


@router.post(
    "/vision/frame",
    response_model=DescribedPhoto,
    responses=_DEFERRED,
    openapi_extra=_FORM,
    summary="Send a photo",
)
async def send_photo(
    request: Request,
    principal: PrincipalDep,
    container: ContainerDep,
    settings: SettingsDep,
    defer: _DeferQuery = False,
) -> Response | DescribedPhoto:
    """Have a photo described: what is there, what is dangerous or unusual, what to do.

    With a ``session_id`` it joins that session, also after it ended; nothing is kept of a photo without one.
    """
    limit = settings.vision.max_photo_bytes
    allow_body(request.scope, limit + FORM_BYTES)
    with _in_time():
        upload, fields = await _form(request)
    try:
        with container.describe_frame.place():
            data = await upload.read(limit + 1)
            _check_size(len(data), limit)
            return await _take(container, principal.owner, data, fields, defer=defer)
    finally:
        await upload.close()


@router.post(
    "/vision/frame_b64",
    response_model=DescribedPhoto,
    responses=_DEFERRED,
    openapi_extra=_JSON,
    summary="Send a photo as JSON",
)
async def send_photo_as_json(
    request: Request,
    principal: PrincipalDep,
    container: ContainerDep,
    settings: SettingsDep,
    defer: _DeferQuery = False,
) -> Response | DescribedPhoto:
    """The same, with the photo in base64 or as a data URL."""
    limit = settings.vision.max_photo_bytes
    allow_body(request.scope, 4 * limit // 3 + FORM_BYTES)
    with contextlib.ExitStack() as places:
        body = await _body(request, lambda: places.enter_context(container.describe_frame.place()))
        # Tens of megabytes of base64 take long enough to be felt by live sessions.
        data, fields = await asyncio.to_thread(_from_json, body, limit)
        return await _take(container, principal.owner, data, fields, defer=defer)


@router.get(
    "/session/{session_id}/frames/{frame_id}",
    response_model=FrameJson,
    responses={200: {"content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}}},
    summary="A photo of a session",
)
async def read_frame(
    request: Request,
    key: SessionKeyDep,
    frame_id: str,
    container: ContainerDep,
    format: Annotated[
        Literal["jpeg", "json"] | None,
        Query(description="The photo, or what was told of it; absent = the photo, unless only JSON is accepted."),
    ] = None,
) -> Response | FrameJson:
    """The photo, upright and without metadata; or, as JSON, where it stands and what was told of it."""
    await container.sessions.get(key)
    frame = await container.frames.get(key, frame_id)
    if format == "json" or (format is None and _wants_json(request)):
        scenes = await container.frames.scenes(key, frame.photo.duplicate_of or frame_id)
        return frame_json(frame, scenes[-1] if scenes else None)
    return Response(await container.photo_files.read(key, frame_id), media_type="image/jpeg")


@router.get("/session/{session_id}/frames", summary="Photos of a session")
async def list_frames(
    key: SessionKeyDep,
    container: ContainerDep,
    limit: Annotated[int, Query(ge=1, le=1000, description="Photos a page.")] = 500,
    after: Annotated[int, Query(ge=0, le=10**9, description="Number of the last photo of the page before.")] = 0,
) -> list[FrameJson]:
    """The photos of a session in the order of arrival, in pages, and what was told of each."""
    await container.sessions.get(key)
    told = {each.frame_id: each for each in await container.frames.scenes(key)}
    frames = [frame for frame in await container.frames.frames(key) if frame.number > after][:limit]
    return [frame_json(frame, told.get(frame.photo.duplicate_of or frame.frame_id)) for frame in frames]


async def _take(
    container: Container, owner: str, data: bytes, fields: PhotoForm, *, defer: bool
) -> Response | DescribedPhoto:
    wanted = PhotoRequest(data, **fields.model_dump(), defer=defer)
    answer = await container.describe_frame(owner, wanted)
    key = SessionKey(owner, fields.session_id) if fields.session_id else None
    interval_s = container.photo_pace.interval_s(key)
    if defer or answer.scene is None:
        waiting = DeferredPhoto(
            frame_id=answer.frame_id,
            session_id=fields.session_id or "",
            captured_at=answer.captured_at,
            status="waiting" if answer.scene is None else "described",
            photo_interval_s=interval_s,
        )
        return JSONResponse(waiting.model_dump(), 202)
    return described_photo(answer, answer.scene, session_id=fields.session_id, interval_s=interval_s)


async def _form(request: Request) -> tuple[UploadFile, PhotoForm]:
    """The photo's part, open, and the other fields."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise InvalidInput(
            "send a form (multipart/form-data) with the photo as file", code="missing_file", param="file"
        )
    form = await request.form(max_files=1, max_fields=MAX_FIELDS, max_part_size=FORM_BYTES)
    upload = form.get("file")
    if not isinstance(upload, UploadFile):
        await form.close()
        raise InvalidInput("the form has no file", code="missing_file", param="file")
    try:
        return upload, _validated(PhotoForm, {name: value for name, value in form.items() if isinstance(value, str)})
    except InvalidInput:
        await form.close()
        raise


async def _body(request: Request, take_place: Callable[[], None]) -> bytes:
    """The whole body; ``take_place`` is called once, before more than ``FREE_BYTES`` are held or when all is there."""
    body, placed = bytearray(), False
    with _in_time():
        async for part in request.stream():
            body += part
            if len(body) > FREE_BYTES and not placed:
                placed = True
                take_place()
    if not placed:
        take_place()
    return bytes(body)


@contextlib.contextmanager
def _in_time() -> Iterator[None]:
    try:
        with anyio.fail_after(UPLOAD_S):
            yield
    except TimeoutError:
        raise SessionSilent(
            f"the photo did not arrive within {UPLOAD_S:g} s; send it smaller", code="upload_timeout"
        ) from None


def _from_json(body: bytes, limit: int) -> tuple[bytes, PhotoForm]:
    """Blocking."""
    try:
        fields = orjson.loads(body)
    except ValueError:
        raise InvalidInput("the body is not JSON", code="invalid_json") from None
    sent = _validated(PhotoBase64, fields)
    data = _decoded(sent.image_b64, limit)
    form = PhotoForm(
        session_id=sent.session_id,
        captured_at=sent.metadata.timestamp if sent.metadata else None,
        prompt=sent.prompt,
        language=sent.language,
    )
    return data, form


def _validated(model: type[Fields], fields: Any) -> Fields:
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        message, param = describe(error.errors(include_url=False, include_input=False)[0])
        raise InvalidInput(message, code="invalid_request", param=param) from None


def _decoded(text: str, limit: int) -> bytes:
    """Base64 as it occurs: with line breaks, without padding, in the alphabet of URLs, or as a data URL, percent-encoded or not."""
    head = _DATA_URL.match(text)
    bare = text[head.end() :] if head else text
    bare = unquote(bare) if "%" in bare else bare
    bare = _WHITE.sub("", bare).rstrip("=").replace("-", "+").replace("_", "/")
    try:
        data = base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidInput(
            "image_b64 is not base64, nor a data URL such as data:image/jpeg;base64,…",
            code="invalid_base64",
            param="image_b64",
        ) from None
    _check_size(len(data), limit)
    return data


def _check_size(size: int, limit: int) -> None:
    if not size:
        raise InvalidInput("the photo is empty", code="invalid_image", param="file")
    if size > limit:
        raise TooLarge(f"the photo is larger than {limit} bytes; send it smaller", code="photo_too_large", param="file")


def _wants_json(request: Request) -> bool:
    accept = request.headers.get("accept", "*/*").lower()
    return "application/json" in accept and "image/" not in accept and "*/*" not in accept
