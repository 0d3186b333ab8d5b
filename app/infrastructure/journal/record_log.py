"""One append-only file of records: durable appends, and recovery from whatever a crash left."""

import contextlib
import logging
import os
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from app.domain.errors import StorageError
from app.infrastructure.journal.records import FILE_START, Record, check_file_header, read_records
from app.infrastructure.runtime.session_files import make_durable_folder, sync_folder

log = logging.getLogger(__name__)

_SCAN_BUFFER_BYTES = 1024 * 1024
_READ_BUFFER_BYTES = 128 * 1024
_sync = getattr(os, "fdatasync", os.fsync)  # macOS and Windows have only fsync


class RecordLog:
    """A file of records. Blocking; the caller sees to it that only one thread appends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.end = 0
        """Bytes that hold whole records; what lies behind them is never read, and cut by the next append."""

    def load(self, visit: Callable[[int, Record], None]) -> None:
        """Find out what the file holds, cut a torn tail, and show every record (without payload) to ``visit``.

        Raises:
            StorageError: the disk refused.
            ConfigurationError: written by a newer version.
        """
        with _disk_errors("read"):
            if not self._path.exists():
                return
            with self._path.open("rb", buffering=_SCAN_BUFFER_BYTES) as file:
                check_file_header(file.read(len(FILE_START)))
                size = file.seek(0, os.SEEK_END)
                self.end = self._scan(file, size, visit)
            if self.end < size:
                log.warning("journal's torn tail cut", extra={"bytes": size - self.end})
                os.truncate(self._path, self.end)

    def append(self, records: Sequence[Record]) -> list[int]:
        """Write records durably and return their offsets.

        Raises:
            StorageError: the disk refused; nothing of ``records`` is stored.
        """
        with _disk_errors("write"):
            if self.end == 0:
                make_durable_folder(self._path.parent)
            # 0x8000 is O_BINARY, which only Windows has and needs.
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
            try:
                return self._append(descriptor, records)
            finally:
                os.close(descriptor)

    def read(self, offset: int, end: int) -> Generator[tuple[int, Record], None, None]:
        """Records with payloads from ``offset`` up to ``end``."""
        with _disk_errors("read"), self._path.open("rb", buffering=_READ_BUFFER_BYTES) as file:
            yield from read_records(file, max(offset, len(FILE_START)), end, payloads=True)

    def delete(self) -> None:
        """Remove the file, if there is one."""
        with _disk_errors("write"):
            self._path.unlink(missing_ok=True)
            self.end = 0

    def _append(self, descriptor: int, records: Sequence[Record]) -> list[int]:
        size = os.fstat(descriptor).st_size
        if size < self.end:
            raise OSError("the file became shorter")
        if size > self.end:
            os.ftruncate(descriptor, self.end)
        start = b"" if self.end else FILE_START
        marked = (*records[:-1], replace(records[-1], last_of_append=True))
        packed = [record.pack() for record in marked]
        try:
            os.lseek(descriptor, self.end, os.SEEK_SET)
            _write_all(descriptor, b"".join((start, *packed)))
            _sync(descriptor)
            if not self.end:
                sync_folder(self._path.parent)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, self.end)
            raise
        offsets = []
        self.end += len(start)
        for one in packed:
            offsets.append(self.end)
            self.end += len(one)
        return offsets

    def _scan(self, file: BinaryIO, size: int, visit: Callable[[int, Record], None]) -> int:
        """End of the last record worth keeping.

        Payloads are checked only in the last append: the ones before it were synced before the next began, so a crash
        cannot have torn them.
        """
        synced_end = len(FILE_START)
        append: list[tuple[int, Record]] = []
        for offset, record in read_records(file, synced_end, size, payloads=False):
            if append and append[-1][1].last_of_append:
                for entry in append:
                    visit(*entry)
                synced_end = append[-1][0] + append[-1][1].stored_bytes
                append = []
            append.append((offset, record))
        end = synced_end
        for offset, record in read_records(file, synced_end, size, payloads=True):
            if offset != end or not record.intact:
                break
            visit(offset, record)
            end = offset + record.stored_bytes
        return end if end > len(FILE_START) else 0


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


@contextlib.contextmanager
def _disk_errors(verb: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError.of(f"the disk refused to {verb} a session's audio", error) from error
