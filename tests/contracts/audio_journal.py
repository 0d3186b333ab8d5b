"""What every audio journal must do."""

import asyncio
from collections.abc import Sequence

import numpy as np
import pytest

from app.domain.audio.gateway import AudioJournal, StoredChunk
from app.domain.audio.models import AudioChunk, AudioFormat, Encoding, JournalState, Waveform
from app.domain.audio.pcm import from_pcm16
from app.domain.errors import Conflict, InvalidInput
from app.domain.session.models import SessionKey

KEY = SessionKey("ana", "first")
OPUS = AudioFormat(Encoding.OPUS, 16_000, 1)


def audio_chunk(chunk_id: int, duration_s: float = 0.1) -> AudioChunk:
    """Samples that all equal the chunk's number, so that a chunk in the wrong place is seen."""
    payload = np.full(round(duration_s * 16_000), chunk_id, "<i2").tobytes()
    return AudioChunk(chunk_id, AudioFormat(), payload, duration_s)


def gap_chunk(chunk_id: int, duration_s: float) -> AudioChunk:
    return AudioChunk(chunk_id, AudioFormat(), b"", duration_s, gap=True)


async def read_all(
    journal: AudioJournal, key: SessionKey = KEY, *, start_s: float = 0.0, end_s: float | None = None
) -> list[StoredChunk]:
    return [stored async for batch in journal.read(key, start_s=start_s, end_s=end_s) for stored in batch]


def chunks_of(stored: Sequence[StoredChunk]) -> list[AudioChunk]:
    return [one.chunk for one in stored]


def level(value: float, duration_s: float) -> Waveform:
    return np.full(round(duration_s * 16_000), value / 32_768, np.float32)


class AudioJournalContract:
    async def test_empty(self, journal: AudioJournal) -> None:
        assert await journal.state(KEY) == JournalState()
        assert await read_all(journal) == []
        assert await journal.stored_bytes("ana") == 0

    async def test_what_came_is_read_verbatim(self, journal: AudioJournal) -> None:
        chunks = [
            audio_chunk(1),
            AudioChunk(2, OPUS, b"\x48abc", 0.02),
            gap_chunk(3, 2.5),
            AudioChunk(4, AudioFormat(Encoding.PCM16, 44_100, 2), bytes(4000), 1000 / 44_100),
        ]
        state = await journal.append(KEY, chunks)
        assert state.next_chunk_id == 5
        assert state.audio_s == pytest.approx(2.62 + 1000 / 44_100)
        stored = await read_all(journal)
        assert chunks_of(stored) == chunks
        assert [one.start_s for one in stored] == pytest.approx([0.0, 0.1, 0.12, 2.62])
        assert await journal.state(KEY) == state
        assert await journal.stored_bytes("ana") == state.stored_bytes > 7000

    async def test_a_message_without_audio_takes_an_id_and_no_time(self, journal: AudioJournal) -> None:
        empty = AudioChunk(1, AudioFormat(), b"", 0.0)
        state = await journal.append(KEY, [empty])
        assert (state.next_chunk_id, state.audio_s) == (2, 0.0)
        assert await read_all(journal) == []
        rest = [audio_chunk(2), AudioChunk(3, OPUS, b"", 0.0), gap_chunk(4, 1.0)]
        state = await journal.append(KEY, rest)
        assert state.next_chunk_id == 5
        assert state.audio_s == pytest.approx(1.1)
        assert chunks_of(await read_all(journal))[0] == audio_chunk(2)
        assert chunks_of(await read_all(journal, start_s=0.5)) == [gap_chunk(4, 1.0)]

    async def test_ids_have_no_holes(self, journal: AudioJournal) -> None:
        await journal.append(KEY, [audio_chunk(1)])
        for wrong in ([audio_chunk(3)], [audio_chunk(1)], [audio_chunk(2), audio_chunk(4)]):
            with pytest.raises(Conflict):
                await journal.append(KEY, wrong)
        assert (await journal.append(KEY, [audio_chunk(2)])).next_chunk_id == 3
        assert (await journal.append(KEY, [])).next_chunk_id == 3

    async def test_read_a_stretch(self, journal: AudioJournal) -> None:
        for first in range(1, 401, 50):
            await journal.append(KEY, [audio_chunk(number) for number in range(first, first + 50)])
        for start_s, end_s, ids in ((0.0, 0.15, [1, 2]), (25.05, 25.15, [251, 252]), (39.95, None, [400])):
            stored = await read_all(journal, start_s=start_s, end_s=end_s)
            assert [one.chunk.chunk_id for one in stored] == ids
        assert await read_all(journal, start_s=41.0) == []

    async def test_a_long_session_comes_in_batches(self, journal: AudioJournal) -> None:
        await journal.append(KEY, [audio_chunk(number, 1.0) for number in range(1, 61)])
        sizes = [len(batch) async for batch in journal.read(KEY)]
        assert sum(sizes) == 60
        assert len(sizes) > 3

    async def test_a_reader_may_stop_early(self, journal: AudioJournal) -> None:
        await journal.append(KEY, [audio_chunk(number, 1.0) for number in range(1, 61)])
        reading = journal.read(KEY)
        assert len(await reading.__anext__()) < 60
        await reading.aclose()  # type: ignore[attr-defined]

    async def test_sessions_and_owners_are_apart(self, journal: AudioJournal) -> None:
        other = SessionKey("bea", "first")
        await asyncio.gather(
            *(journal.append(key, [audio_chunk(1)]) for key in (KEY, other, SessionKey("ana", "second")))
        )
        await journal.delete(other)
        assert (await journal.state(other)).audio_s == 0.0
        assert (await journal.state(KEY)).audio_s == pytest.approx(0.1)
        assert await journal.stored_bytes("bea") == 0

    async def test_deleted_audio_is_gone(self, journal: AudioJournal) -> None:
        await journal.delete(KEY)
        await journal.append(KEY, [gap_chunk(1, 1.0), audio_chunk(2)])
        await journal.fill(KEY, start_s=0.0, audio=level(9, 1.0))
        await journal.delete(KEY)
        assert await read_all(journal) == []
        await journal.append(KEY, [gap_chunk(1, 1.0)])
        assert chunks_of(await read_all(journal)) == [gap_chunk(1, 1.0)]

    @pytest.mark.parametrize("name", [".", "..", "", "a/b", "a" * 65, "ñ", "a\0"])
    async def test_keys_cannot_lead_elsewhere(self, journal: AudioJournal, name: str) -> None:
        for key in (SessionKey(name, "x"), SessionKey("x", name)):
            with pytest.raises(InvalidInput):
                await journal.append(key, [audio_chunk(1)])

    async def test_late_audio_fills_a_gap(self, journal: AudioJournal) -> None:
        await journal.append(KEY, [audio_chunk(1, 1.0), gap_chunk(2, 3.0), audio_chunk(3, 1.0)])
        await journal.fill(KEY, start_s=0.5, audio=level(7, 2.0))  # 0.5 s of it is not in the gap
        stored = await read_all(journal)
        assert [(one.chunk.gap, one.start_s, round(one.chunk.duration_s, 6)) for one in stored] == [
            (False, 0.0, 1.0),
            (False, 1.0, 1.0),
            (False, 2.0, 0.5),
            (True, 2.5, 1.5),
            (False, 4.0, 1.0),
        ]
        assert set(from_pcm16(stored[1].chunk.payload)) == {7 / 32_768}
        assert stored[1].chunk.format == AudioFormat()
        assert (await journal.state(KEY)).audio_s == 5.0

    async def test_what_is_there_is_never_replaced(self, journal: AudioJournal) -> None:
        await journal.append(KEY, [audio_chunk(1, 1.0), gap_chunk(2, 1.0)])
        await journal.fill(KEY, start_s=1.25, audio=level(5, 0.5))
        await journal.fill(KEY, start_s=0.0, audio=level(9, 10.0))
        stored = await read_all(journal, start_s=1.0)
        assert [one.start_s for one in stored] == [1.0, 1.25, 1.75]
        assert [round(float(from_pcm16(one.chunk.payload)[0]) * 32_768) for one in stored] == [9, 5, 9]
        assert [one.start_s for one in await read_all(journal, start_s=1.3, end_s=1.7)] == [1.25]

    async def test_parts_of_a_filled_gap_read_like_the_whole(self, journal: AudioJournal) -> None:
        await journal.append(KEY, [audio_chunk(1, 1.0), gap_chunk(2, 20.0), audio_chunk(3, 1.0)])
        for start_s, duration_s in ((12.5, 3.2), (3.0, 1.5), (18.0, 9.0), (2.0, 4.0), (9.9, 0.05)):
            await journal.fill(KEY, start_s=start_s, audio=level(start_s, duration_s))

        def missing(stored: Sequence[StoredChunk], start_s: float, end_s: float) -> list[int]:
            """Milliseconds of the window that no audio covers."""
            covered = [(one.start_s, one.start_s + one.chunk.duration_s) for one in stored if not one.chunk.gap]
            times = range(round(start_s * 1000), round(end_s * 1000))
            return [ms for ms in times if not any(begin <= (ms + 0.5) / 1000 < end for begin, end in covered)]

        whole = await read_all(journal)
        for start_s, end_s in ((0.0, 22.0), (2.5, 2.6), (5.5, 9.0), (9.0, 10.5), (13.1, 19.7), (15.9, 16.1)):
            part = await read_all(journal, start_s=start_s, end_s=end_s)
            assert missing(part, start_s, end_s) == missing(whole, start_s, end_s)
            gaps = [one for one in part if one.chunk.gap]
            assert not any(
                one.start_s < other.start_s + other.chunk.duration_s - 1e-3
                and other.start_s < one.start_s + one.chunk.duration_s - 1e-3
                for one in gaps
                for other in part
                if other is not one
            )

    async def test_a_gap_off_the_sample_grid_is_filled_to_within_a_sample(self, journal: AudioJournal) -> None:
        odd = AudioChunk(1, AudioFormat(Encoding.PCM16, 44_100), bytes(2 * 1001), 1001 / 44_100)
        await journal.append(KEY, [odd, gap_chunk(2, 0.0333), audio_chunk(3)])
        await journal.fill(KEY, start_s=0.0, audio=level(5, 1.0))
        stored = await read_all(journal)
        assert [one.chunk.gap for one in stored] == [False, False, False]
        assert stored[1].chunk.duration_s == pytest.approx(0.0333, abs=2 / 16_000)
