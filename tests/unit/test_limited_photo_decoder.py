"""Photos are decoded by children that may die, stall, or be left alone."""

import asyncio
import contextlib
import io
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
import psutil
import pytest
from PIL import Image

from app.domain.errors import InvalidInput, Overloaded, TooLarge
from app.infrastructure.photos.decode_photo_child import DAMAGED, PHOTO, REPLY, REQUEST, ChildLimits, serve
from app.infrastructure.photos.limited_photo_decoder import LimitedPhotoDecoder
from app.infrastructure.photos.photo_child import PhotoChild, read_reply
from tests.decoders import photo_decoders
from tests.photos import chunk, corners, png, quarters, saved, textured, with_chunks

pytestmark = pytest.mark.unit
ROOT = Path(__file__).parents[2]
SMALL = saved(quarters())
SMALL_PNG = saved(quarters(), "PNG")
LIMITS = ChildLimits(1 << 30, 100, 10, 40_000_000, 2048)
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="systems differ in what can be limited")
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="no such signals")


@contextlib.asynccontextmanager
async def decoding(**options: Any) -> AsyncIterator[LimitedPhotoDecoder]:
    """A decoder with one child that runs, and what it leaves behind: nothing."""
    decoder = LimitedPhotoDecoder(**{"children": 1, **options})
    try:
        await decoder.warm_up()
        yield decoder
    finally:
        await decoder.close()
    assert photo_decoders() == []


async def works(decoder: LimitedPhotoDecoder) -> bool:
    photo = await decoder.decode(SMALL)
    return corners(photo.pixels) == corners(np.asarray(quarters()))


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
    async with decoding(photos_per_child=4) as decoder:  # to be ready took one
        [first] = photo_decoders()
        for _ in range(2):
            assert await works(decoder)
        assert [child.pid for child in photo_decoders()] == [first.pid]
        assert await works(decoder)
        assert await gone(first)
        assert await works(decoder)
        assert len(photo_decoders()) == 1


async def test_a_child_killed_while_idle_is_replaced() -> None:
    async with decoding() as decoder:
        [child] = photo_decoders()
        child.kill()
        assert await gone(child)
        assert await works(decoder)


@posix_only
async def test_a_child_killed_at_work_ends_in_an_answer() -> None:
    async with decoding() as decoder:
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
    async with decoding() as decoder:
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
    async with decoding(timeout_s=0.3) as decoder:
        [child] = photo_decoders()
        child.suspend()
        with pytest.raises(InvalidInput, match="too long"):
            await decoder.decode(SMALL)
        assert await gone(child)


@posix_only
async def test_a_caller_that_leaves_leaves_no_half_read_child() -> None:
    async with decoding() as decoder:
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
    async with decoding() as decoder:
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
async def test_closing_ends_those_at_work() -> None:
    async with decoding() as decoder:
        [child] = photo_decoders()
        child.suspend()
        photos = [asyncio.create_task(decoder.decode(SMALL)) for _ in range(3)]
        await asyncio.sleep(0.05)
        await decoder.close()
        answers = await asyncio.gather(*photos, return_exceptions=True)
        assert [type(answer) for answer in answers] == [Overloaded] * 3


@linux_only
async def test_too_little_memory_ends_in_an_answer_and_the_child_goes_on() -> None:
    large = png(4000, 4000, bytes(4000 * (4000 * 4 + 1)), color=6)  # 0.3 MB that become 64 MB
    async with decoding(memory_bytes=90 << 20) as decoder:
        [child] = photo_decoders()
        with pytest.raises(TooLarge, match="memory"):
            await decoder.decode(large)
        assert await works(decoder)
        assert [child.pid] == [other.pid for other in photo_decoders()]
    async with decoding() as decoder:
        photo = await decoder.decode(large)
        assert (photo.width, photo.height) == (4000, 4000)
        assert photo.pixels.min() == 255


@pytest.mark.slow
@linux_only
@pytest.mark.parametrize(
    ("kind", "options"),
    [("JPEG", {"progressive": True, "quality": 80}), ("PNG", {"compress_level": 1}), ("WEBP", {"method": 0})],
)
async def test_the_largest_photos_that_are_allowed_have_enough_memory(kind: str, options: dict[str, Any]) -> None:
    image = textured(73, 55).resize((7300, 5470))
    image.putalpha(image.getchannel(0))
    data = saved(image if kind != "JPEG" else image.convert("CMYK"), kind, **{"lossless": False, **options})
    async with decoding() as decoder:
        photo = await decoder.decode(data)
        assert (photo.width, photo.height) == (7300, 5470)


@pytest.mark.slow
@linux_only
def test_a_photo_that_takes_too_much_cpu_time_is_refused() -> None:
    child = PhotoChild(replace(LIMITS, photo_cpu_s=0))
    with contextlib.closing(child), pytest.raises(InvalidInput, match="too long"):
        child.decode(with_chunks(SMALL_PNG, chunk(b"tEXt", b"") * 1_600_000))


@linux_only
async def test_children_have_little(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIGIA_TEST_SECRET", "hidden")
    async with decoding() as decoder:
        assert await works(decoder)
        [child] = photo_decoders()
        assert child.rlimit(psutil.RLIMIT_FSIZE) == (0, 0)
        assert child.rlimit(psutil.RLIMIT_NOFILE) == (64, 64)
        assert child.rlimit(psutil.RLIMIT_AS)[1] < 1.1e9
        assert child.rlimit(psutil.RLIMIT_CPU)[0] < 20
        assert "VIGIA_TEST_SECRET" not in child.environ()
        assert "numpy" not in {Path(mapped.path).parts[-2] for mapped in child.memory_maps() if "/" in mapped.path}


@pytest.mark.slow
async def test_memory_stays_flat() -> None:
    data = saved(textured(640, 480), quality=25)
    async with decoding(photos_per_child=120) as decoder:
        for _ in range(50):
            await decoder.decode(data)
        before = psutil.Process().memory_info().rss
        for _ in range(300):
            await decoder.decode(data)
        assert psutil.Process().memory_info().rss - before < 8 << 20


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
    serve(io.BytesIO(requests), replies, LIMITS)
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


@linux_only
def test_a_piece_of_work_has_its_own_cpu_limit() -> None:
    code = (
        "import resource as r; from app.infrastructure.runtime.process_limits import limit_next_piece, limit_self;"
        "limit_self(1 << 30, 40); limit_next_piece(5); print(r.getrlimit(r.RLIMIT_CPU));"
        "limit_next_piece(500); print(r.getrlimit(r.RLIMIT_CPU))"
    )
    shown = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert shown.split("\n")[:2] == ["(6, 40)", "(40, 40)"]
