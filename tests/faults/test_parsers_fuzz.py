"""Bytes that nobody vouches for: every parser answers with a value or with one of our errors, soon, and keeps nothing open."""

import contextlib
import functools
import io
import itertools
import json
import math
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.api.wire import parse
from app.domain.audio.models import AudioChunk, AudioFormat, Encoding, Waveform
from app.domain.audio.opus import MAX_PACKET_SAMPLES, parse_packet
from app.domain.errors import InvalidInput, VigiaError
from app.domain.session.models import SessionKey
from app.infrastructure.audio.av_codec import AvAudioCodec
from app.infrastructure.audio.decode_child import AUDIO, END, HEADER, REFUSED
from app.infrastructure.audio.file_decoder import decode_file
from app.infrastructure.audio.limited_decoder import read_message
from app.infrastructure.journal.records import FILE_START, Record
from app.infrastructure.journal.session_journal import FILL_NAME, JOURNAL_NAME, SessionJournal
from app.infrastructure.runtime.session_files import SessionFiles
from tests.contracts.audio_codec import tone
from tests.contracts.audio_journal import audio_chunk, gap_chunk, level
from tests.contracts.test_av_codec import encoded, wav
from tests.decoders import decoders
from tests.mutations import mutations

pytestmark = pytest.mark.slow
MAX_DURATION_S = 120.0

quick = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
"""About a second each."""

RECORDINGS: dict[str, Callable[[], bytes]] = {
    "wav": lambda: wav(tone(0.5)),
    "flac": lambda: encoded(tone(0.5), "flac", "flac"),
    "ogg opus": lambda: encoded(tone(0.5, 48_000), "ogg", "libopus", 48_000),
    "ogg vorbis": lambda: encoded(tone(0.5, 44_100), "ogg", "vorbis", 44_100, "stereo"),
    "mp3": lambda: encoded(tone(0.5, 44_100), "mp3", "libmp3lame", 44_100),
}
IN_THIS_PROCESS = ["wav", "flac", "ogg opus"]


@functools.cache
def recording(kind: str) -> bytes:
    return RECORDINGS[kind]()


@functools.cache
def journal_files() -> tuple[bytes, bytes]:
    """A journal with audio, a gap, and late audio in that gap."""
    with tempfile.TemporaryDirectory() as name:
        journal = SessionJournal(Path(name))
        journal.append([audio_chunk(1, 0.01), gap_chunk(2, 0.05)])
        journal.append([audio_chunk(3, 0.01), AudioChunk(4, AudioFormat(Encoding.OPUS), b"\x48abc", 0.02)])
        journal.fill(0.02, level(7, 0.02))
        return (Path(name) / JOURNAL_NAME).read_bytes(), (Path(name) / FILL_NAME).read_bytes()


@contextlib.contextmanager
def nothing_left_open() -> Iterator[None]:
    """No file, no thread and no process more than before."""
    process = psutil.Process()
    before = process.num_fds() if hasattr(process, "num_fds") else 0, threading.active_count()
    yield
    after = process.num_fds() if hasattr(process, "num_fds") else 0, threading.active_count()
    assert after == before
    assert decoders() == []


def assert_audio(blocks: list[Waveform]) -> None:
    audio = np.concatenate([np.zeros(0, np.float32), *blocks])
    assert audio.dtype == np.float32
    assert np.isfinite(audio).all()
    assert audio.size <= MAX_DURATION_S * 16_000


@given(
    st.binary(max_size=80)
    | st.tuples(st.integers(0, 255), st.binary(max_size=1500)).map(lambda p: bytes([p[0]]) + p[1])
)
@settings(deadline=None, max_examples=300)
@example(b"\x03\x7f" + b"\xff" * 400)
@example(b"\x03\xff" + b"\xff" * 50)
def test_opus_packets(packet: bytes) -> None:
    with contextlib.suppress(InvalidInput):
        parsed = parse_packet(packet)
        assert 0 < parsed.samples <= MAX_PACKET_SAMPLES
        assert 1 <= parsed.frames <= 48


@given(st.lists(st.binary(max_size=300), max_size=8), st.booleans())
@quick
def test_opus_packets_are_decoded_to_their_length(payloads: list[bytes], silk: bool) -> None:
    codec, opus = AvAudioCodec(), AudioFormat(Encoding.OPUS)
    decoder = codec.open_chunks(opus)
    total_s, samples = 0.0, 0
    for number, payload in enumerate(payloads, 1):
        packet = bytes([0x48 if silk else 0xF8]) + payload
        try:
            duration_s = codec.duration_s(packet, opus)
        except InvalidInput:
            continue
        total_s += duration_s
        samples += decoder.decode(AudioChunk(number, opus, packet, duration_s)).size
    assert samples + decoder.flush().size == pytest.approx(total_s * 16_000, abs=2)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
TYPES = st.sampled_from(["config", "audio_chunk", "gap", "end_of_stream", "other"])
FIELDS = st.sampled_from(
    [
        *("session_id", "sample_rate", "encoding", "channels", "language", "summary_language", "vocabulary"),
        *("timezone", "started_at", "diarize", "speakers", "resume_token", "chunk_id", "data_b64", "duration_ms"),
    ]
)
MESSAGES = st.tuples(TYPES, st.dictionaries(FIELDS, JSON, max_size=5)).map(lambda p: json.dumps({"type": p[0], **p[1]}))


@given(st.text(max_size=200) | st.binary(max_size=200) | MESSAGES)
@settings(deadline=None, max_examples=300)
@example('{"type":' * 5000)
@example('{"type": "config", "speakers": 1' + "0" * 5000 + "}")
def test_wire_messages(message: str | bytes) -> None:
    with contextlib.suppress(InvalidInput):
        parse(message)


@given(st.data(), st.sampled_from(list(RECORDINGS)))
@settings(parent=quick, max_examples=150)
def test_damaged_recordings(data: st.DataObject, kind: str) -> None:
    """The decoder itself, of all formats."""
    broken = data.draw(mutations(recording(kind)))
    audio: list[Waveform] = []
    with contextlib.suppress(InvalidInput):
        for block in decode_file(io.BytesIO(broken)):
            audio.append(block)
            if sum(map(len, audio)) > MAX_DURATION_S * 16_000:
                audio.pop()
                break
    assert_audio(audio)


@given(st.data(), st.sampled_from(IN_THIS_PROCESS))
@quick
def test_damaged_recordings_as_files(data: st.DataObject, kind: str) -> None:
    read_broken(data.draw(mutations(recording(kind))))


@pytest.mark.parametrize("kind", ["ogg vorbis", "mp3"])
def test_damaged_recordings_in_a_child(kind: str) -> None:
    generator = np.random.default_rng(4)
    broken = bytearray(recording(kind))
    for at in generator.integers(4, len(broken), 60):
        broken[at] = generator.integers(256)
    read_broken(bytes(broken))
    read_broken(recording(kind)[:700])


def read_broken(broken: bytes) -> None:
    with tempfile.TemporaryDirectory() as name, nothing_left_open():
        path = Path(name) / "recording"
        path.write_bytes(broken)
        with contextlib.suppress(InvalidInput):
            assert_audio(list(AvAudioCodec().read_recording(path, max_duration_s=MAX_DURATION_S)))


@given(
    st.binary(max_size=40)
    | st.tuples(st.sampled_from([AUDIO, REFUSED, END, b"?"]), st.integers(0, 2**32 - 1), st.binary(max_size=64)).map(
        lambda p: HEADER.pack(p[0], p[1]) + p[2]
    )
)
@settings(deadline=None, max_examples=200)
def test_messages_of_a_decoding_child(data: bytes) -> None:
    """A child that was taken over may say anything."""
    with contextlib.suppress(InvalidInput):
        kind, body = read_message(io.BytesIO(data))
        assert kind in {AUDIO, REFUSED, END}
        assert len(body) <= len(data)


@given(st.data(), st.booleans())
@settings(parent=quick, max_examples=120)
def test_damaged_journals(data: st.DataObject, late: bool) -> None:
    journal_bytes, fill_bytes = journal_files()
    with tempfile.TemporaryDirectory() as name, nothing_left_open():
        folder = Path(name)
        (folder / JOURNAL_NAME).write_bytes(journal_bytes if late else data.draw(mutations(journal_bytes)))
        (folder / FILL_NAME).write_bytes(data.draw(mutations(fill_bytes)) if late else fill_bytes)
        with contextlib.suppress(VigiaError):
            journal = SessionJournal(folder)
            state = journal.state()
            stored = list(journal.read(0.0, None))
            assert all(0 <= one.start_s <= state.audio_s for one in stored)
            journal.append([AudioChunk(state.next_chunk_id, AudioFormat(), bytes(320), 0.01)])
            assert journal.state().next_chunk_id == state.next_chunk_id + 1


@given(st.binary(max_size=400))
@quick
def test_foreign_bytes_in_place_of_a_journal(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / JOURNAL_NAME).write_bytes(content)
        with contextlib.suppress(VigiaError):
            journal = SessionJournal(Path(name))
            assert journal.state().next_chunk_id == 1
            assert list(journal.read(0.0, None)) == []


@given(st.text(max_size=70), st.text(max_size=70))
@settings(deadline=None, max_examples=200)
def test_keys_never_lead_out_of_the_folder(owner: str, session_id: str) -> None:
    root = Path("/data")
    with contextlib.suppress(InvalidInput):
        folder = SessionFiles(root).folder(SessionKey(owner, session_id))
        assert folder.parts[:3] == (*root.parts, "owners")
        assert len(folder.parts) == 6
        assert not {".", ".."} & set(folder.parts)


RECORDS = st.builds(
    Record,
    st.integers(0, 2**31),
    st.builds(AudioFormat, st.sampled_from(list(Encoding)), st.integers(0, 2**32 - 1), st.integers(0, 255)),
    st.floats() | st.floats(0, 100),
    st.floats() | st.floats(0, 100),
    st.binary(max_size=20),
    st.booleans(),
    st.booleans(),
)


@given(st.lists(RECORDS, max_size=5))
@settings(parent=quick, max_examples=100)
def test_journals_with_intact_records_that_say_absurd_things(records: list[Record]) -> None:
    with tempfile.TemporaryDirectory() as name, nothing_left_open():
        content = FILE_START + b"".join(record.pack() for record in records)
        for file_name in (JOURNAL_NAME, FILL_NAME):
            (Path(name) / file_name).write_bytes(content)
        with contextlib.suppress(VigiaError):
            journal = SessionJournal(Path(name))
            state = journal.state()
            assert math.isfinite(state.audio_s)
            stored = list(itertools.islice(journal.read(0.0, None), 1000))
            assert len(stored) < 1000
            journal.append([AudioChunk(state.next_chunk_id, AudioFormat(), bytes(320), 0.01)])
