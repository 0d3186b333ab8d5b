"""Recordings of risky formats are decoded by a child that may die, stall or be left alone."""

import contextlib
import io
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest

from app.domain.audio.models import Waveform
from app.domain.audio.pcm import from_pcm16
from app.domain.errors import InvalidInput, Overloaded
from app.infrastructure.audio.containers import sniff
from app.infrastructure.audio.decode_child import AUDIO, HEADER, MAX_AUDIO_BYTES, REFUSED, WHOLE, send_recording
from app.infrastructure.audio.file_decoder import decode_file
from app.infrastructure.audio.limited_decoder import MAX_CHILDREN, decode_apart
from tests.contracts.audio_codec import tone
from tests.contracts.test_av_codec import MAKERS, encoded
from tests.decoders import decoders

pytestmark = pytest.mark.unit
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def mp3(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("apart") / "long.mp3"
    path.write_bytes(encoded(tone(60.0), "mp3", "libmp3lame"))
    return path


def messages(data: bytes) -> list[tuple[bytes, bytes]]:
    found, stream = [], io.BytesIO(data)
    while header := stream.read(HEADER.size):
        kind, size = HEADER.unpack(header)
        found.append((kind, stream.read(size)))
    return found


def joined(blocks: list[Waveform]) -> Waveform:
    return np.concatenate(blocks)


def wait_until(done: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if done():
            return True
        time.sleep(0.05)
    return False


def test_only_so_many_run_at_once(mp3: Path) -> None:
    with contextlib.ExitStack() as stack:
        running = [
            decode_apart(stack.enter_context(mp3.open("rb")), max_duration_s=60.0) for _ in range(MAX_CHILDREN + 1)
        ]
        for blocks in running:
            stack.callback(blocks.close)
        for blocks in running[:-1]:
            next(blocks)
        with pytest.raises(Overloaded):
            next(running[-1])
    with mp3.open("rb") as file:  # closing gave their places back
        assert len(next(decode_apart(file, max_duration_s=60.0)))


def test_gives_what_decoding_here_gives(mp3: Path) -> None:
    with mp3.open("rb") as file:
        file.read(100)
        apart = joined(list(decode_apart(file, max_duration_s=100)))
    with mp3.open("rb") as file:
        here = joined(list(decode_file(file)))
    assert apart.size == here.size
    assert np.abs(apart - here).max() < 1 / 32_768


def test_the_child_waits_for_the_reader_and_dies_with_it(mp3: Path) -> None:
    with mp3.open("rb") as file:
        blocks = decode_apart(file, max_duration_s=100)
        assert next(blocks).size <= MAX_AUDIO_BYTES // 2
        [child] = decoders()

        def position() -> int:  # the child's, which shares the descriptor
            return os.lseek(file.fileno(), 0, os.SEEK_CUR)

        assert wait_until(lambda: child.status() == psutil.STATUS_SLEEPING)
        assert position() < mp3.stat().st_size / 2
        blocks.close()
        assert not child.is_running()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the address space")
def test_too_little_memory_ends_in_an_answer(mp3: Path) -> None:
    with mp3.open("rb") as file, pytest.raises(InvalidInput, match="damaged"):
        list(decode_apart(file, max_duration_s=100, memory_bytes=100 << 20))


def test_a_child_that_stalls_is_killed(mp3: Path) -> None:
    with mp3.open("rb") as file, pytest.raises(InvalidInput, match="damaged"):
        list(decode_apart(file, max_duration_s=100, stall_s=0.001))
    assert decoders() == []


def test_a_killed_child_ends_in_an_answer(mp3: Path) -> None:
    with mp3.open("rb") as file:
        blocks = decode_apart(file, max_duration_s=100)
        next(blocks)
        [child] = decoders()
        child.kill()
        with pytest.raises(InvalidInput, match="damaged"):
            list(blocks)


def test_a_refusal_keeps_its_reason(tmp_path: Path) -> None:
    path = tmp_path / "text.mp3"
    path.write_bytes(b"ID3" + bytes(5000))
    with path.open("rb") as file, pytest.raises(InvalidInput, match="recording cannot be used") as refused:
        list(decode_apart(file, max_duration_s=100))
    assert refused.value.code == "invalid_recording"


def test_messages_of_the_child() -> None:
    output = io.BytesIO()
    send_recording(io.BytesIO(MAKERS["ogg vorbis"]()), output)
    *audio, last = messages(output.getvalue())
    assert last == (WHOLE, b"")
    assert {kind for kind, _ in audio} == {AUDIO}
    assert sum(from_pcm16(body).size for _, body in audio) == pytest.approx(48_000, abs=1500)
    refusal = io.BytesIO()
    send_recording(io.BytesIO(b"nothing"), refusal)
    assert [kind for kind, _ in messages(refusal.getvalue())] == [REFUSED]


@pytest.mark.skipif(sys.platform != "linux", reason="systems differ in what can be limited")
def test_limits_are_set() -> None:
    code = (
        "import resource as r; from app.infrastructure.runtime.process_limits import limit_self; limit_self(1 << 30, 40);"
        "print([r.getrlimit(k) for k in (r.RLIMIT_AS, r.RLIMIT_CPU, r.RLIMIT_NOFILE, r.RLIMIT_FSIZE, r.RLIMIT_CORE)])"
    )
    shown = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert shown.strip() == str([(1 << 30, 1 << 30), (40, 40), (64, 64), (0, 0), (0, 0)])


@pytest.mark.parametrize("kind", MAKERS)
def test_only_simple_formats_are_decoded_in_this_process(kind: str) -> None:
    assert sniff(MAKERS[kind]()[:512]).apart == (kind in {"mp3", "ogg vorbis"})


def test_opus_beside_another_stream_is_not_simple() -> None:
    opus, vorbis = MAKERS["ogg opus"](), MAKERS["ogg vorbis"]()
    assert sniff((opus[:47] + vorbis)[:512]).apart
    assert sniff(opus[:47]).apart
