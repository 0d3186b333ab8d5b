from pathlib import Path

import numpy as np
import pytest

from app.domain.errors import InvalidInput, NotFound, StorageError
from app.domain.session.models import SessionKey
from app.infrastructure.journal.file_journal import FileAudioJournal
from app.infrastructure.photos.photo_files import FolderPhotoFiles
from app.infrastructure.runtime.session_files import SessionFiles
from tests.contracts.audio_journal import audio_chunk
from tests.full_disk import file_size_limit

pytestmark = pytest.mark.unit
KEY, OTHER = SessionKey("ana", "first"), SessionKey("ana", "second")


@pytest.fixture
def files(tmp_path: Path) -> SessionFiles:
    return SessionFiles(tmp_path)


@pytest.fixture
def photos(files: SessionFiles) -> FolderPhotoFiles:
    return FolderPhotoFiles(files)


async def test_what_was_written_is_read(photos: FolderPhotoFiles, files: SessionFiles) -> None:
    await photos.write(KEY, "f1", b"one")
    await photos.write(KEY, "f2", b"two")
    await photos.write(OTHER, "f1", b"another")
    await photos.write(KEY, "f1", b"one anew")
    assert await photos.read(KEY, "f1") == b"one anew"
    assert await FolderPhotoFiles(files).read(KEY, "f2") == b"two"
    assert await photos.read(OTHER, "f1") == b"another"
    assert sorted(path.name for path in (files.folder(KEY) / "photos").iterdir()) == ["f1.jpg", "f2.jpg"]


async def test_what_is_not_there(photos: FolderPhotoFiles) -> None:
    await photos.write(KEY, "f1", b"one")
    for key, frame_id in ((KEY, "f2"), (OTHER, "f1"), (SessionKey("eva", "first"), "f1")):
        with pytest.raises(NotFound) as missing:
            await photos.read(key, frame_id)
        assert missing.value.code == "photo_not_found"


@pytest.mark.parametrize(
    "frame_id", ["", "f", "1", "F1", "f1.jpg", "f-1", "../f1", "f1/../f2", "f1\n", "f" + "1" * 10, "f١"]
)
async def test_ids_that_lead_elsewhere_are_refused(photos: FolderPhotoFiles, frame_id: str) -> None:
    with pytest.raises(InvalidInput):
        await photos.write(KEY, frame_id, b"data")
    with pytest.raises(InvalidInput):
        await photos.read(KEY, frame_id)


async def test_keys_that_lead_elsewhere_are_refused(photos: FolderPhotoFiles) -> None:
    for key in (SessionKey("..", "first"), SessionKey("ana", "../second")):
        with pytest.raises(InvalidInput):
            await photos.write(key, "f1", b"data")
        with pytest.raises(InvalidInput):
            await photos.delete_all(key)


async def test_deleted_photos_leave_nothing(photos: FolderPhotoFiles, files: SessionFiles) -> None:
    await photos.write(KEY, "f1", b"one")
    await photos.write(OTHER, "f1", b"another")
    (files.folder(KEY) / "photos" / "f2.part").write_bytes(b"cut off by a crash")
    await photos.delete_all(KEY)
    await photos.delete_all(KEY)
    assert not files.folder(KEY).exists()
    assert await photos.read(OTHER, "f1") == b"another"


@pytest.mark.parametrize("photos_first", [True, False])
async def test_the_journal_and_the_photos_are_deleted_in_any_order(
    photos: FolderPhotoFiles, files: SessionFiles, photos_first: bool
) -> None:
    journal = FileAudioJournal(files)
    await journal.append(KEY, [audio_chunk(1, 0.01)])
    await photos.write(KEY, "f1", b"one")
    if photos_first:
        await photos.delete_all(KEY)
        assert (await journal.state(KEY)).next_chunk_id == 2
        await journal.delete(KEY)
    else:
        await journal.delete(KEY)
        assert await photos.read(KEY, "f1") == b"one"
        await photos.delete_all(KEY)
    assert not files.folder(KEY).exists()
    await journal.close()


async def test_photos_count_for_the_quota(photos: FolderPhotoFiles, files: SessionFiles) -> None:
    await photos.write(KEY, "f1", bytes(1000))
    await photos.write(OTHER, "f1", bytes(500))
    await photos.write(SessionKey("eva", "first"), "f1", bytes(70))
    assert files.stored_bytes("ana") == 1500
    await photos.delete_all(OTHER)
    assert files.stored_bytes("ana") == 1000
    assert files.stored_bytes("nobody") == 0


async def test_a_full_disk(photos: FolderPhotoFiles, files: SessionFiles) -> None:
    await photos.write(KEY, "f1", b"one")
    with file_size_limit(1000), pytest.raises(StorageError):
        await photos.write(KEY, "f1", np.random.default_rng(1).bytes(5000))
    assert await photos.read(KEY, "f1") == b"one"
    assert files.stored_bytes("ana") == 3


async def test_a_folder_that_cannot_be_used(photos: FolderPhotoFiles, files: SessionFiles) -> None:
    files.folder(KEY).mkdir(parents=True)
    (files.folder(KEY) / "photos").write_bytes(b"a file")
    with pytest.raises(StorageError):
        await photos.write(KEY, "f1", b"one")
    with pytest.raises(StorageError):
        await photos.read(KEY, "f1")
    with pytest.raises(StorageError):
        await photos.delete_all(KEY)
