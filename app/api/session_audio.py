"""A session's audio as files: recordings in, WAV out."""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import IO, Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse
from starlette.datastructures import UploadFile

from app.api.body_limit import allow_body
from app.api.byte_range import byte_range
from app.api.dependencies import ContainerDep, SessionKeyDep, SettingsDep
from app.api.routes import Route
from app.api.schemas.session import UploadedJson
from app.api.status import status_json
from app.application.container import Container, UploadFolder
from app.application.listening.audio_reader import read_pcm
from app.domain.audio.models import SAMPLE_RATE_HZ
from app.domain.audio.pcm import WAV_HEADER_BYTES, wav_header
from app.domain.errors import InvalidInput, StorageError
from app.domain.session.models import SessionKey

router = APIRouter(tags=["audio"], route_class=Route)
COPY_BYTES = 1024 * 1024
MULTIPART_BYTES = 64 * 1024
"""What the parts of a form add to the file itself."""
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "audio/*": {"schema": {"type": "string", "format": "binary"}},
            "multipart/form-data": {
                "schema": {"type": "object", "properties": {"file": {"type": "string", "format": "binary"}}}
            },
        },
    }
}
_WAV: dict[str, Any] = {"content": {"audio/wav": {"schema": {"type": "string", "format": "binary"}}}}
_WAV_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: _WAV,
    206: {**_WAV, "description": "The bytes that ``Range`` names: one stretch."},
}


@router.post("/session/{session_id}/audio", summary="Upload a recording", openapi_extra=_BODY)
async def upload_audio(
    request: Request,
    key: SessionKeyDep,
    container: ContainerDep,
    settings: SettingsDep,
    offset_ms: Annotated[
        float | None,
        Query(ge=0, le=1e9, description="Where it begins on the session's clock: fills gaps; absent = at the end."),
    ] = None,
    finish: Annotated[
        bool | None, Query(description="Whether the session ends with it; absent = if it is all of the session.")
    ] = None,
) -> UploadedJson:
    """A recording (WAV, FLAC, Ogg/Opus or MP3; the body itself, or ``file`` of a form) as, or into, a session.

    A session of that id is made if there is none. Late audio fills the gaps it covers; the session is then analysed again.
    """
    allow_body(request.scope, settings.audio.max_upload_bytes + MULTIPART_BYTES)
    async with _received(request, container.upload_folder, key.owner) as path:
        offset_s = None if offset_ms is None else offset_ms / 1000
        imported = await container.import_recording(key, path, offset_s=offset_s, finish=finish)
    return UploadedJson(
        **status_json(imported.session, container).model_dump(),
        duration_s=round(imported.audio_s, 3),
        added_s=round(imported.added_s, 3),
        filled_s=round(imported.filled_s, 3),
        whole=imported.whole,
    )


@router.get(
    "/session/{session_id}/audio", response_class=StreamingResponse, responses=_WAV_RESPONSES, summary="Audio as WAV"
)
async def download_audio(request: Request, key: SessionKeyDep, container: ContainerDep) -> Response:
    """The whole session as one WAV file (16 kHz mono), or the bytes of it that ``Range`` names; gaps are silence."""
    await container.sessions.get(key)
    samples = round((await container.journal.state(key)).audio_s * SAMPLE_RATE_HZ)
    size = WAV_HEADER_BYTES + 2 * samples
    headers = {
        "Accept-Ranges": "bytes",
        "Content-Length": str(size),
        "Content-Disposition": f'attachment; filename="{key.session_id}.wav"',
    }
    if request.method == "HEAD":
        return Response(media_type="audio/wav", headers=headers)
    part = byte_range(request.headers, size)
    if part is not None:
        headers["Content-Length"] = str(len(part))
        headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{size}"
    wav = _wav(container, key, samples, part or range(size))
    return StreamingResponse(wav, 200 if part is None else 206, media_type="audio/wav", headers=headers)


async def _wav(container: Container, key: SessionKey, samples: int, part: range) -> AsyncIterator[bytes]:
    """A part of the header and as many samples as it announces: a live session may have grown meanwhile."""
    yield wav_header(samples)[part.start : part.stop]
    first, end = max(0, part.start - WAV_HEADER_BYTES), part.stop - WAV_HEADER_BYTES
    if end <= first:
        return
    position = first - first % 2
    async for block in read_pcm(container.journal, container.codec, key, start_s=position / 2 / SAMPLE_RATE_HZ):
        yield block[max(0, first - position) : end - position]
        position += len(block)
        if position >= end:
            return


@contextlib.asynccontextmanager
async def _received(request: Request, upload_folder: UploadFolder, owner: str) -> AsyncIterator[Path]:
    """The request's recording as a temporary file.

    Raises:
        StorageError: the disk refused.
    """
    file = await asyncio.to_thread(_temporary_file, upload_folder, owner)
    try:
        pending = bytearray()
        async for block in _recording(request):
            pending += block
            if len(pending) >= COPY_BYTES:
                await asyncio.to_thread(_write, file, bytes(pending))
                pending.clear()
        await asyncio.to_thread(_finish_file, file, bytes(pending))
        yield Path(file.name)
    finally:
        await asyncio.to_thread(_remove, file)


async def _recording(request: Request) -> AsyncIterator[bytes]:
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        async for block in request.stream():
            yield block
        return
    async with request.form(max_files=1, max_fields=8) as form:
        upload = form.get("file")
        if not isinstance(upload, UploadFile):
            raise InvalidInput("the form has no file", code="missing_file", param="file")
        while block := await upload.read(COPY_BYTES):
            yield block


def _temporary_file(upload_folder: UploadFolder, owner: str) -> IO[bytes]:
    with _writing():
        return tempfile.NamedTemporaryFile(dir=upload_folder(owner), delete=False)


def _write(file: IO[bytes], data: bytes) -> None:
    with _writing():
        file.write(data)


def _finish_file(file: IO[bytes], rest: bytes) -> None:
    with _writing():
        file.write(rest)
        file.close()


def _remove(file: IO[bytes]) -> None:
    with contextlib.suppress(OSError):  # what could not be written before cannot be written now
        file.close()
    Path(file.name).unlink(missing_ok=True)


@contextlib.contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError.of("the recording could not be written to disk", error) from error
