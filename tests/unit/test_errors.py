import errno
import os

import pytest

from app.domain.errors import StorageError

pytestmark = pytest.mark.unit


def refused(number: int) -> str:
    return StorageError.of("the recording could not be written", OSError(number, os.strerror(number))).message


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_needs_room(number: int) -> None:
    assert refused(number) == f"the recording could not be written ({os.strerror(number)}); make room on its disk"


@pytest.mark.parametrize("number", [errno.ENOENT, errno.EACCES, errno.EROFS, errno.EIO])
def test_what_is_wrong_otherwise_is_said(number: int) -> None:
    message = refused(number)
    assert os.strerror(number) in message
    assert "room" not in message
    assert "check that the data folder is there" in message


def test_an_error_without_words_is_named() -> None:
    assert "(FileNotFoundError)" in StorageError.of("it could not be written", FileNotFoundError()).message
