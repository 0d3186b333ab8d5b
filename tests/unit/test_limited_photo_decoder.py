"""Photos are decoded by children that may die, stall, or be left alone."""

import asyncio
import contextlib
import io
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, cast

import numpy as np
import psutil
import pytest
from PIL import Image

from app.domain.errors import InvalidInput, Overloaded
from app.infrastructure.photos.decode_photo_child import DAMAGED, PHOTO, REPLY, REQUEST, ChildLimits, serve
from app.infrastructure.photos.limited_photo_decoder import MAX_WAITING_BYTES, LimitedPhotoDecoder
from app.infrastructure.photos.photo_child import read_reply
from tests.decoders import decoding_photos, photo_decoders, works
from tests.photos import corners, exif, quarters, saved

pytestmark = pytest.mark.unit
ROOT = Path(__file__).parents[2]
SMALL = saved(quarters())
SMALL_PNG = saved(quarters(), "PNG")
LIMITS = ChildLimits(1 << 30, 100, 10, 40_000_000, 2048)
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="systems differ in what can be limited")
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="no such signals")


async def gone(child: psutil.Process) -> bool:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if not child.is_running() or child.status() == psutil.STATUS_ZOMBIE:
            return True
        await asyncio.sleep(0.02)
    return False


async def test_children_start_when_first_needed_and_end_with_the_decoder() -> None:
    decoder = LimitedPhotoDecoder(children=2)
    assert photo_decoders() == []
    assert await works(decoder)
    assert len(photo_decoders()) == 1
    await decoder.warm_up()
    assert len(photo_decoders()) == 2
    await decoder.close()
    assert photo_decoders() == []
    with pytest.raises(Overloaded):
        await decoder.decode(SMALL)


async def test_the_same_child_decodes_many_photos_until_it_is_worn_out() -> None:
    async with decoding_photos(photos_per_child=4) as decoder:  # to be ready took one
        [first] = photo_decoders()
        for _ in range(2):
            assert await works(decoder)
        assert [child.pid for child in photo_decoders()] == [first.pid]
        assert await works(decoder)
        assert await gone(first)
        assert await works(decoder)
        assert len(photo_decoders()) == 1


TURNED_BACK = {90: Image.Transpose.ROTATE_90, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_270}


@pytest.mark.parametrize("rotation", TURNED_BACK)
async def test_photos_of_glasses_that_sit_askew_are_turned(rotation: int) -> None:
    askew = quarters().transpose(TURNED_BACK[rotation])  # anticlockwise
    async with decoding_photos(rotation=rotation) as decoder:
        photo = await decoder.decode(saved(askew, exif=Image.Exif().tobytes()))
        assert (photo.width, photo.height) == (64, 48)
        assert corners(photo.pixels) == corners(np.asarray(quarters()))
        told = await decoder.decode(saved(quarters(), exif=exif(1)))
        assert corners(told.pixels) == corners(np.asarray(quarters()))


async def test_a_child_killed_while_idle_is_replaced() -> None:
    async with decoding_photos() as decoder:
        [child] = photo_decoders()
        child.kill()
        assert await gone(child)
        assert await works(decoder)


@posix_only
async def test_a_child_killed_at_work_ends_in_an_answer() -> None:
    async with decoding_photos() as decoder:
        [child] = photo_decoders()
        child.suspend()
        photo = asyncio.create_task(decoder.decode(SMALL))
        await asyncio.sleep(0.1)
        child.kill()
        with pytest.raises(Overloaded, match="again") as interrupted:
            await photo
        assert interrupted.value.retry_after_s
        assert await works(decoder)


@posix_only
async def test_a_child_that_crashes_ends_in_an_answer() -> None:
    async with decoding_photos() as decoder:
        [child] = photo_decoders()
        child.suspend()
        photo = asyncio.create_task(decoder.decode(SMALL))
        await asyncio.sleep(0.1)
        child.send_signal(signal.SIGSEGV)
        child.resume()
        with pytest.raises(InvalidInput, match="damaged"):
            await photo
        assert await works(decoder)


@posix_only
async def test_a_child_that_stalls_is_killed() -> None:
    async with decoding_photos(timeout_s=0.3) as decoder:
        [child] = photo_decoders()
        child.suspend()
        with pytest.raises(InvalidInput, match="too long"):
            await decoder.decode(SMALL)
        assert await gone(child)


@posix_only
async def test_a_caller_that_leaves_leaves_no_half_read_child() -> None:
    async with decoding_photos() as decoder:
        [child] = photo_decoders()
        child.suspend()
        photo = asyncio.create_task(decoder.decode(SMALL))
        await asyncio.sleep(0.1)
        photo.cancel()
        with pytest.raises(asyncio.CancelledError):
            await photo
        assert await gone(child)
        assert await works(decoder)


@posix_only
async def test_only_so_many_photos_wait() -> None:
    async with decoding_photos(max_waiting=4) as decoder:
        [child] = photo_decoders()
        child.suspend()
        waiting = [asyncio.create_task(decoder.decode(SMALL)) for _ in range(5)]
        await asyncio.sleep(0.05)
        with pytest.raises(Overloaded) as refused:
            await decoder.decode(SMALL)
        assert refused.value.retry_after_s
        waiting[-1].cancel()
        child.resume()
        photos = await asyncio.gather(*waiting, return_exceptions=True)
        assert [getattr(photo, "width", None) for photo in photos] == [64, 64, 64, 64, None]
        assert await works(decoder)


@posix_only
async def test_photos_wait_only_so_long() -> None:
    async with decoding_photos(wait_s=0.2) as decoder:
        [child] = photo_decoders()
        child.suspend()
        at_work = asyncio.create_task(decoder.decode(SMALL))
        await asyncio.sleep(0.05)
        with pytest.raises(Overloaded, match="too many") as refused:
            await decoder.decode(SMALL)
        assert refused.value.retry_after_s
        child.resume()
        assert (await at_work).width == 64
        assert await works(decoder)


@posix_only
async def test_only_so_many_bytes_wait() -> None:
    async with decoding_photos(max_bytes=MAX_WAITING_BYTES) as decoder:
        [child] = photo_decoders()
        child.suspend()
        large = asyncio.create_task(decoder.decode(SMALL + bytes(MAX_WAITING_BYTES - len(SMALL))))
        await asyncio.sleep(0)
        with pytest.raises(Overloaded, match="too many"):
            await decoder.decode(SMALL)
        child.resume()
        assert (await large).width == 64
        assert await works(decoder)


async def test_a_burst_of_photos_is_decoded() -> None:
    async with decoding_photos(children=2) as decoder:
        photos = await asyncio.gather(*(decoder.decode(SMALL) for _ in range(30)))
        assert [photo.width for photo in photos] == [64] * 30


@posix_only
async def test_closing_ends_those_at_work() -> None:
    async with decoding_photos() as decoder:
        [child] = photo_decoders()
        child.suspend()
        photos = [asyncio.create_task(decoder.decode(SMALL)) for _ in range(3)]
        await asyncio.sleep(0.05)
        await decoder.close()
        answers = await asyncio.gather(*photos, return_exceptions=True)
        assert [type(answer) for answer in answers] == [Overloaded] * 3


@posix_only
async def test_children_end_with_the_server_however_it_ends() -> None:
    code = (
        "import os; from app.infrastructure.photos.photo_child import PhotoChild;"
        "from app.infrastructure.photos.decode_photo_child import ChildLimits;"
        f"child = PhotoChild(ChildLimits.from_arguments({LIMITS.arguments()}));"
        "print(child._process.pid, flush=True); os._exit(9)"
    )
    server = await asyncio.create_subprocess_exec(sys.executable, "-c", code, cwd=ROOT, stdout=subprocess.PIPE)
    shown = await server.communicate()
    with contextlib.suppress(psutil.NoSuchProcess):
        assert await gone(psutil.Process(int(shown[0])))


def reply(*numbers: int, kind: bytes = PHOTO, body: bytes = b"") -> IO[bytes]:
    return io.BytesIO(REPLY.pack(kind, *numbers) + body)


@pytest.mark.parametrize(
    "stream",
    [
        io.BytesIO(b""),
        io.BytesIO(b"P\0\0"),
        reply(2, 2, 2, 2, 4, kind=b"?"),
        reply(0, 2, 2, 2, 4),
        reply(2049, 2, 2, 2, 4, body=bytes(20_000)),
        reply(2, 2, 0, 2, 4, body=bytes(16)),
        reply(2, 2, 2**31, 2**31, 4, body=bytes(16)),
        reply(2, 2, 2, 2, 2**32 - 1, body=bytes(16)),
        reply(2, 2, 2, 2, 0, body=bytes(16)),
        reply(2, 2, 2, 2, 4, body=bytes(11)),
        reply(2, 2, 2, 2, 4, body=bytes(12) + b"\xff\xd8"),
        reply(2, 2, 2, 2, 4, body=bytes(12) + b"GIF8"),
    ],
)
def test_nothing_that_a_child_says_is_trusted(stream: IO[bytes]) -> None:
    with pytest.raises((EOFError, OSError)):
        read_reply(stream, LIMITS)


def test_what_children_say() -> None:
    requests = b"".join(REQUEST.pack(len(data)) + data for data in (SMALL, b"\xff\xd8\xff", b"", SMALL)) + b"cut"
    replies = io.BytesIO()
    limited: list[int] = []
    serve(
        io.BytesIO(requests), replies, LIMITS, limited.append
    )  # the real limit would be that of the tests' own process
    assert limited == 4 * [LIMITS.photo_cpu_s]
    replies.seek(0)
    first = read_reply(cast("IO[bytes]", replies), LIMITS)
    for _ in range(2):
        with pytest.raises(InvalidInput, match="damaged"):
            read_reply(cast("IO[bytes]", replies), LIMITS)
    assert np.array_equal(first.pixels, read_reply(cast("IO[bytes]", replies), LIMITS).pixels)
    assert replies.read() == b""
    assert np.asarray(Image.open(io.BytesIO(first.jpeg))).shape == first.pixels.shape
    with pytest.raises(InvalidInput):
        read_reply(reply(0, 0, 0, 0, 0, kind=DAMAGED), LIMITS)
