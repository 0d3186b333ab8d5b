"""What a photo may cost: memory, CPU time, and what else its decoder could use."""

import contextlib
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from app.domain.errors import InvalidInput, TooLarge
from app.infrastructure.photos.decode_photo_child import ChildLimits
from app.infrastructure.photos.photo_child import PhotoChild
from tests.decoders import decoding_photos, photo_decoders, works
from tests.photos import chunk, png, quarters, saved, textured, with_chunks

ROOT = Path(__file__).parents[2]
SMALL_PNG = saved(quarters(), "PNG")
LIMITS = ChildLimits(1 << 30, 100, 10, 40_000_000, 2048)
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="systems differ in what can be limited")


@pytest.mark.unit
@linux_only
async def test_too_little_memory_ends_in_an_answer_and_the_child_goes_on() -> None:
    large = png(4000, 4000, bytes(4000 * (4000 * 4 + 1)), color=6)  # 0.3 MB that become 64 MB
    async with decoding_photos(memory_bytes=90 << 20) as decoder:
        [child] = photo_decoders()
        with pytest.raises(TooLarge, match="memory"):
            await decoder.decode(large)
        assert await works(decoder)
        assert [child.pid] == [other.pid for other in photo_decoders()]
    async with decoding_photos() as decoder:
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
    async with decoding_photos() as decoder:
        photo = await decoder.decode(data)
        assert (photo.width, photo.height) == (7300, 5470)


@pytest.mark.slow
@linux_only
def test_a_photo_that_takes_too_much_cpu_time_is_refused() -> None:
    child = PhotoChild(replace(LIMITS, photo_cpu_s=0))
    with contextlib.closing(child), pytest.raises(InvalidInput, match="too long"):
        child.decode(with_chunks(SMALL_PNG, chunk(b"tEXt", b"") * 1_600_000))


@pytest.mark.unit
@linux_only
async def test_children_have_little(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIGIA_TEST_SECRET", "hidden")
    async with decoding_photos() as decoder:
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
    async with decoding_photos(photos_per_child=120) as decoder:
        for _ in range(50):
            await decoder.decode(data)
        before = psutil.Process().memory_info().rss
        for _ in range(300):
            await decoder.decode(data)
        assert psutil.Process().memory_info().rss - before < 8 << 20


@pytest.mark.unit
@linux_only
def test_a_piece_of_work_has_its_own_cpu_limit() -> None:
    code = (
        "import resource as r; from app.infrastructure.runtime.process_limits import limit_next_piece, limit_self;"
        "limit_self(1 << 30, 40); limit_next_piece(5); print(r.getrlimit(r.RLIMIT_CPU));"
        "limit_next_piece(500); print(r.getrlimit(r.RLIMIT_CPU))"
    )
    shown = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert shown.split("\n")[:2] == ["(6, 40)", "(40, 40)"]
