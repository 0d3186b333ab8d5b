from pathlib import Path

import pytest

from app.domain.errors import ConfigurationError, InvalidInput
from app.infrastructure.runtime.session_files import SessionFiles
from app.infrastructure.runtime.uploads import UploadFolders

pytestmark = pytest.mark.unit


@pytest.fixture
def uploads(tmp_path: Path) -> UploadFolders:
    return UploadFolders(SessionFiles(tmp_path))


def test_every_owner_has_a_folder_of_their_own(uploads: UploadFolders, tmp_path: Path) -> None:
    assert uploads.folder("ana") == tmp_path / "owners" / "ana" / "uploads"
    assert uploads.folder("ana") != uploads.folder("Ana")
    assert uploads.folder("ana").is_dir()
    with pytest.raises(InvalidInput):
        uploads.folder("..")


def test_what_a_crash_left_behind_is_removed_and_nothing_else(uploads: UploadFolders, tmp_path: Path) -> None:
    left_behind = [uploads.folder(owner) / "tmpabc" for owner in ("ana", "Ben")]
    journal = tmp_path / "owners" / "ana" / "sessions" / "uploads" / "journal"
    journal.parent.mkdir(parents=True)
    for file in (*left_behind, journal):
        file.write_bytes(b"audio")
    uploads.clear()
    assert [file.exists() for file in left_behind] == [False, False]
    assert journal.exists()


def test_nothing_to_clear_is_fine(uploads: UploadFolders) -> None:
    uploads.clear()


def test_what_cannot_be_removed_is_said(uploads: UploadFolders) -> None:
    (uploads.folder("ana") / "a folder").mkdir()
    with pytest.raises(ConfigurationError, match="cannot be removed"):
        uploads.clear()
