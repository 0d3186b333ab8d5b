"""Journals that a crash, a full disk or a bad sector left damaged."""

import dataclasses
import functools
import struct
import tempfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.audio.models import AudioChunk, AudioFormat, JournalState
from app.domain.errors import ConfigurationError, StorageError
from app.infrastructure.journal.file_journal import FileAudioJournal
from app.infrastructure.journal.records import FILE_START, HEADER_BYTES
from app.infrastructure.journal.session_journal import FILL_NAME, JOURNAL_NAME, JournalChunk, SessionJournal
from app.infrastructure.runtime.session_files import SessionFiles
from tests.contracts.audio_journal import KEY, audio_chunk, chunks_of, gap_chunk, level, read_all
from tests.full_disk import file_size_limit

pytestmark = pytest.mark.unit

DURATION_S = 0.01
RECORD_BYTES = HEADER_BYTES + 320
APPENDS = (2, 3, 1, 4)
CHUNKS = [audio_chunk(number, DURATION_S) for number in range(1, sum(APPENDS) + 1)]


@functools.cache
def journal_bytes() -> bytes:
    with tempfile.TemporaryDirectory() as name:
        journal = SessionJournal(Path(name))
        done = 0
        for count in APPENDS:
            journal.append(CHUNKS[done : done + count])
            done += count
        return (Path(name) / JOURNAL_NAME).read_bytes()


def write_journal(folder: Path) -> Path:
    path = folder / JOURNAL_NAME
    path.write_bytes(journal_bytes())
    return path


def read_journal(folder: Path) -> tuple[JournalState, list[JournalChunk]]:
    journal = SessionJournal(folder)
    return journal.state(), list(journal.read(0.0, None))


@given(st.integers(0, len(FILE_START) + len(CHUNKS) * RECORD_BYTES))
@settings(deadline=None, max_examples=60)
def test_a_torn_tail_costs_only_what_is_torn(length: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        path = write_journal(Path(name))
        path.write_bytes(path.read_bytes()[:length])
        whole = max(0, (length - len(FILE_START)) // RECORD_BYTES)
        state, stored = read_journal(Path(name))
        assert chunks_of(stored) == CHUNKS[:whole]
        assert state.next_chunk_id == whole + 1
        SessionJournal(Path(name)).append(CHUNKS[whole:])
        assert chunks_of(read_journal(Path(name))[1]) == CHUNKS


@given(st.integers(0, len(FILE_START) + len(CHUNKS) * RECORD_BYTES - 1), st.integers(0, 7))
@settings(deadline=None, max_examples=150)
def test_a_flipped_bit_costs_one_record_and_is_never_heard(position: int, bit: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        path = write_journal(Path(name))
        data = bytearray(path.read_bytes())
        data[position] ^= 1 << bit
        path.write_bytes(data)
        state, stored = read_journal(Path(name))
        heard = [one for one in stored if not one.chunk.gap]
        assert all(one.chunk == CHUNKS[one.chunk.chunk_id - 1] for one in heard)
        assert [one.start_s for one in heard] == pytest.approx([(one.chunk.chunk_id - 1) * DURATION_S for one in heard])
        assert sum(one.chunk.duration_s for one in stored) == pytest.approx(state.audio_s)
        first_of_last_append = len(FILE_START) + (len(CHUNKS) - APPENDS[-1] - APPENDS[-2]) * RECORD_BYTES
        if position < first_of_last_append:
            assert len(heard) >= len(CHUNKS) - 1
            assert state.next_chunk_id == len(CHUNKS) + 1


@given(st.binary(max_size=2000))
@settings(deadline=None, max_examples=40)
def test_foreign_bytes_are_not_audio(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / JOURNAL_NAME).write_bytes(data)
        state, stored = read_journal(Path(name))
        assert (state, stored) == (JournalState(), [])


def test_an_append_torn_in_its_middle_is_not_taken_for_stored(tmp_path: Path) -> None:
    """Sectors of one unsynced append may reach the disk in any order."""
    path = write_journal(tmp_path)
    data = bytearray(path.read_bytes())
    second_of_last = len(FILE_START) + (len(CHUNKS) - APPENDS[-1] + 1) * RECORD_BYTES
    data[second_of_last : second_of_last + HEADER_BYTES + 9] = bytes(HEADER_BYTES + 9)
    path.write_bytes(data)
    state, stored = read_journal(tmp_path)
    assert state.next_chunk_id == len(CHUNKS) - APPENDS[-1] + 2
    assert chunks_of(stored) == CHUNKS[: state.next_chunk_id - 1]


def test_damage_while_running_is_a_gap_up_to_the_end(tmp_path: Path) -> None:
    path = write_journal(tmp_path)
    journal = SessionJournal(tmp_path)
    journal.state()
    data = bytearray(path.read_bytes())
    data[-RECORD_BYTES] ^= 1
    path.write_bytes(data)
    last = list(journal.read(0.0, None))[-1]
    assert last.chunk.gap
    assert last.end_s == pytest.approx(len(CHUNKS) * DURATION_S)


def test_damaged_late_audio_leaves_the_gap(tmp_path: Path) -> None:
    journal = SessionJournal(tmp_path)
    journal.append([gap_chunk(1, 3.0)])
    journal.fill(0.0, level(4, 3.0))
    path = tmp_path / FILL_NAME
    data = bytearray(path.read_bytes())
    data[len(FILE_START) + HEADER_BYTES + 1000] ^= 1
    path.write_bytes(data)
    assert [one.chunk.gap for one in journal.read(0.0, None)] == [True, False, False]


def test_messages_without_audio_survive_a_restart(tmp_path: Path) -> None:
    journal = SessionJournal(tmp_path)
    journal.append([AudioChunk(1, AudioFormat(), b"", 0.0), audio_chunk(2)])
    state = journal.append([AudioChunk(3, AudioFormat(), b"", 0.0)])
    assert SessionJournal(tmp_path).state() == state
    assert state.next_chunk_id == 4


def test_late_audio_survives_a_restart(tmp_path: Path) -> None:
    journal = SessionJournal(tmp_path)
    journal.append([gap_chunk(1, 3.0)])
    journal.fill(1.0, level(4, 1.0))
    assert list(SessionJournal(tmp_path).read(0.0, None)) == list(journal.read(0.0, None))


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    body = FILE_START[:8] + struct.pack("<I", 2)
    (tmp_path / JOURNAL_NAME).write_bytes(body + struct.pack("<I", zlib.crc32(body)))
    with pytest.raises(ConfigurationError, match="upgrade"):
        SessionJournal(tmp_path).state()


def test_a_full_disk_loses_nothing_and_the_next_append_works(tmp_path: Path) -> None:
    path = write_journal(tmp_path)
    size = path.stat().st_size
    journal = SessionJournal(tmp_path)
    before = journal.state()
    more = [audio_chunk(number, DURATION_S) for number in range(len(CHUNKS) + 1, len(CHUNKS) + 4)]
    with file_size_limit(size + 500), pytest.raises(StorageError):
        journal.append(more)
    assert path.stat().st_size == size
    assert journal.state() == before
    journal.append(more)
    assert chunks_of(read_journal(tmp_path)[1]) == [*CHUNKS, *more]


def write_file(path: Path) -> None:
    path.write_bytes(b"content")


def file_names(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file()]


async def test_deleting_leaves_no_audio_but_what_is_not_audio(tmp_path: Path) -> None:
    files = SessionFiles(tmp_path)
    journal = FileAudioJournal(files)
    for key in (KEY, dataclasses.replace(KEY, session_id="second")):
        await journal.append(key, [gap_chunk(1, 1.0)])
        write_file(files.folder(key) / "rendered.pcm")
    write_file(files.folder(KEY) / "photo.jpg")
    for key in (KEY, dataclasses.replace(KEY, session_id="second")):
        await journal.delete(key)
    assert file_names(tmp_path) == ["photo.jpg"]
    await journal.close()


async def test_many_sessions_leave_memory(tmp_path: Path) -> None:
    journal = FileAudioJournal(SessionFiles(tmp_path), kept_sessions=3)
    keys = [dataclasses.replace(KEY, session_id=f"n{number}") for number in range(10)]
    for key in keys:
        await journal.append(key, [gap_chunk(1, 1.0)])
    assert len(journal._sessions) == 3
    assert chunks_of(await read_all(journal, keys[0])) == [gap_chunk(1, 1.0)]
    await journal.close()


def test_an_hour_of_small_messages_is_read_from_the_middle(tmp_path: Path) -> None:
    journal = SessionJournal(tmp_path)
    silence = np.zeros(160, "<i2").tobytes()
    chunks = [AudioChunk(number, AudioFormat(), silence, DURATION_S) for number in range(1, 10_001)]
    journal.append(chunks)
    nearest = next(journal.read(77.0, None))
    assert nearest.start_s == pytest.approx(77.0, abs=DURATION_S)
    assert len(journal._index_starts) == 10
