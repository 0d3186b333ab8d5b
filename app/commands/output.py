"""Files that commands write. A place that refuses is told in a sentence, where possible before anything long begins."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from app.domain.errors import StorageError


@contextmanager
def writing(place: Path, option: str) -> Iterator[None]:
    """What the system refuses within the block is about ``place``, which ``option`` chooses.

    Raises:
        StorageError: it refused.
    """
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"{place} cannot be written to ({error.strerror or error}); choose another place with {option}"
        ) from error


def make_folder(folder: Path, option: str) -> None:
    """Make sure that there is a folder in which files can be made.

    Raises:
        StorageError: there is none.
    """
    with writing(folder, option):
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()


def check_writable(file: Path | None, option: str = "--json") -> None:
    """See that a file can be written; what it holds stays. Nothing to see if there is no file.

    Raises:
        StorageError: it cannot.
    """
    if file is None:
        return
    if not file.exists():
        make_folder(file.parent, option)
    elif not (file.is_char_device() or file.is_fifo()):  # opening these may wait for a reader, or end what reads
        with writing(file, option), file.open("ab"):
            return


def write_json(file: Path | None, content: Any, option: str = "--json") -> None:
    """Write content for people and programs alike; nothing if there is no file.

    Raises:
        StorageError: the disk refused.
    """
    if file is not None:
        with writing(file, option):
            file.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
