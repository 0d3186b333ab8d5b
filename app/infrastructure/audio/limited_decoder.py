"""Recordings decoded in a process of their own, which has little memory and time, and may crash without harm."""

import contextlib
import logging
import os
import subprocess
import threading
import time
from collections.abc import Generator, Iterator
from types import TracebackType
from typing import IO, BinaryIO, cast

from app.domain.audio.models import Waveform
from app.domain.audio.pcm import from_pcm16
from app.domain.errors import InvalidInput, Overloaded
from app.infrastructure.audio.containers import unusable
from app.infrastructure.audio.decode_child import AUDIO, END, HEADER, MAX_AUDIO_BYTES, MAX_REFUSAL_BYTES, REFUSED, WHOLE
from app.infrastructure.runtime.child_process import start_child

log = logging.getLogger(__name__)

CHILD_MODULE = "app.infrastructure.audio.decode_child"
MEMORY_BYTES = 1 << 30
"""Address space; the interpreter, numpy and FFmpeg take about a fifth of it."""
STALL_S = 60.0
"""How long the child may take for the next second of audio. It takes milliseconds; a busy machine may take longer."""
_BASE_CPU_S = 30
_CPU_SHARE = 0.05
"""CPU seconds that a second of audio may take; MP3 takes 0.003 on a 2-core x86 machine."""
MAX_CHILDREN = 8
"""Decoders that may run at once: 8 GiB of address space, of which each uses a tenth."""
_slots = threading.BoundedSemaphore(MAX_CHILDREN)


def decode_apart(
    file: BinaryIO, *, max_duration_s: float, memory_bytes: int = MEMORY_BYTES, stall_s: float = STALL_S
) -> Generator[Waveform, None, bool]:
    """Like ``decode_file``, in a child process that ends when the generator is closed. Blocking.

    The child gets the open file and no path, and of the environment nothing that is secret. It waits while its audio is
    not taken: the pipe holds about two seconds of it.

    Args:
        file: a real file; its descriptor's position, which the child shares, is set to the start.
        max_duration_s: bounds the child's CPU time; more audio than this is the caller's to refuse.
        memory_bytes: the child's address space.
        stall_s: the child is killed if it takes longer than this for a block.

    Raises:
        InvalidInput: no such recording, or the child died of it.
        Overloaded: no process could be started, or too many run.
    """
    os.lseek(file.fileno(), 0, os.SEEK_SET)  # whatever ``file`` itself has read ahead
    cpu_s = round(_BASE_CPU_S + _CPU_SHARE * max_duration_s)
    with _slot(), _start(file, memory_bytes, cpu_s) as child:
        try:
            with _Watchdog(child, stall_s) as watchdog:
                stream = cast("IO[bytes]", child.stdout)  # a pipe, as ``_start`` asked for
                return (yield from _blocks(stream, watchdog))
        finally:
            child.kill()


@contextlib.contextmanager
def _slot() -> Iterator[None]:
    if not _slots.acquire(blocking=False):
        raise Overloaded(f"{MAX_CHILDREN} recordings are being decoded already; try again in a moment", retry_after_s=5)
    try:
        yield
    finally:
        _slots.release()


def _start(file: BinaryIO, memory_bytes: int, cpu_s: int) -> "subprocess.Popen[bytes]":
    try:
        return start_child(CHILD_MODULE, [str(memory_bytes), str(cpu_s)], stdin=file)
    except OSError as error:
        raise Overloaded(
            f"no process could be started to decode the recording ({error.strerror}); try again later", retry_after_s=5
        ) from error


def _blocks(stream: IO[bytes], watchdog: "_Watchdog") -> Generator[Waveform, None, bool]:
    """What the child sends, none of it trusted."""
    while True:
        with watchdog.waiting():
            kind, body = read_message(stream)
        if kind in (WHOLE, END):
            return kind == WHOLE
        if kind == REFUSED:
            raise InvalidInput(body.decode("utf-8", "replace"), param="file", code="invalid_recording")
        yield from_pcm16(body)


def read_message(stream: IO[bytes]) -> tuple[bytes, bytes]:
    """Kind and body of the child's next message.

    Raises:
        InvalidInput: it ends early or is malformed, as if the child had crashed.
    """
    header = stream.read(HEADER.size)
    if len(header) < HEADER.size:
        raise _crashed()
    kind, size = HEADER.unpack(header)
    allowed = {AUDIO: MAX_AUDIO_BYTES, REFUSED: MAX_REFUSAL_BYTES, WHOLE: 0, END: 0}.get(kind)
    if allowed is None or size > allowed or (kind == AUDIO and size % 2):
        raise _crashed()
    body = stream.read(size)
    if len(body) < size:
        raise _crashed()
    return kind, body


def _crashed() -> InvalidInput:
    return unusable("it is damaged; make it anew, or convert it to WAV or FLAC")


class _Watchdog:
    """A thread that kills the child when it is waited for too long. It runs inside ``with``."""

    def __init__(self, child: "subprocess.Popen[bytes]", stall_s: float) -> None:
        self._child = child
        self._stall_s = stall_s
        self._waiting_since: float | None = None
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="decoder-watchdog", daemon=True)

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """Around each wait for the child; the time between them is the reader's own."""
        self._waiting_since = time.monotonic()
        try:
            yield
        finally:
            self._waiting_since = None

    def _watch(self) -> None:
        while not self._done.wait(min(1.0, self._stall_s / 4)):
            since = self._waiting_since
            if since is not None and time.monotonic() - since > self._stall_s:
                log.warning("decoder killed", extra={"stalled_s": self._stall_s})
                self._child.kill()
                return

    def __enter__(self) -> "_Watchdog":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()
