import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from app.application.listening.listening_options import ListeningOptions
from app.application.sessions.feed import Progress
from app.domain.audio.models import SAMPLE_RATE_HZ
from app.domain.errors import GatewayBusy, GatewayError, GatewayUnavailable, NotFound
from app.domain.session.models import SessionConfig, SessionKey
from app.infrastructure.transcription.dummy import tones
from tests.listening_world import (
    QUICK_RETRIES,
    UnreliableTranscriber,
    World,
    numbered,
    open_world,
    partials,
)

pytestmark = pytest.mark.unit
WORD = {"word_s": 0.3, "pause_s": 0.2}


def silence(seconds: float) -> "np.ndarray[tuple[int], np.dtype[np.float32]]":
    return np.zeros(int(seconds * SAMPLE_RATE_HZ), np.float32)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path) as world:
        yield world


async def test_every_word_is_heard_once(world: World) -> None:
    key = await world.open("a")
    await world.listening.start(key)
    for first in range(0, 200, 20):
        await world.send(key, tones(range(first, first + 20), **WORD))
        await world.send(key, silence(first / 100))
    await world.listening.finish(key)
    assert await world.words(key) == numbered(0, 200)
    segments = await world.segments(key)
    assert [segment.segment_id for segment in segments] == [f"s{n}" for n in range(1, len(segments) + 1)]
    session = await world.ports.sessions.get(key)
    assert session.heard_s == pytest.approx((await world.ports.journal.state(key)).audio_s)
    assert session.language == "en"


@pytest.mark.parametrize("audio_s", [0.001, 0.02, 0.05, 0.11, 0.777, 2.501])
async def test_a_session_may_end_anywhere(world: World, audio_s: float) -> None:
    key = await world.open("a")
    await world.send(key, tones([1] * 6, word_s=0.4, pause_s=0.1)[: int(audio_s * SAMPLE_RATE_HZ)])
    await world.listening.finish(key)
    session = await world.ports.sessions.get(key)
    end_s = (await world.ports.journal.state(key)).audio_s
    assert session.heard_s == pytest.approx(end_s)
    assert all(0 <= segment.start < segment.end <= end_s + 1e-3 for segment in await world.segments(key))


async def test_what_is_left_after_a_restart_may_be_shorter_than_a_recogniser_takes(world: World) -> None:
    key = await world.open("a")
    await world.send(key, tones([1], word_s=1.0))
    await world.ports.transcripts.add_segments(key, [], heard_s=0.96, language=None)
    await world.send(key, silence(0.3))
    await world.listening.finish(key)
    assert (await world.ports.sessions.get(key)).heard_s == pytest.approx(1.5)


async def test_times_are_on_the_sessions_clock(world: World) -> None:
    key = await world.open("a")
    await world.send(key, np.concatenate([silence(5), tones([1]), silence(4), tones([2, 3])]))
    await world.send(key, silence(0), gap_s=10)
    await world.send(key, tones([4]))
    await world.listening.finish(key)
    words = {word.text.strip(): word for segment in await world.segments(key) for word in segment.words}
    begins = {text: word.start for text, word in words.items()}
    assert begins == pytest.approx({"w1": 5.0, "w2": 9.5, "w3": 10.0, "w4": 20.5}, abs=0.05)


async def test_words_on_both_sides_of_a_short_gap_are_kept(world: World) -> None:
    key = await world.open("a")
    await world.send(key, tones([1, 2]))
    await world.send(key, silence(0), gap_s=0.5)
    await world.send(key, tones([3]))
    await world.listening.finish(key)
    assert await world.words(key) == ["w1", "w2", "w3"]


async def test_speech_without_pauses_is_cut_between_words(world: World) -> None:
    key = await world.open("a")
    await world.send(key, tones(range(150), word_s=0.35, pause_s=0.1))
    await world.listening.finish(key)
    assert await world.words(key) == numbered(0, 150)


@pytest.mark.parametrize("heard_before", [3, 30, 55])
async def test_a_restart_repeats_and_loses_nothing(world: World, heard_before: int) -> None:
    key = await world.open("a")
    await world.listening.start(key)
    await world.send(key, tones(range(heard_before), **WORD))
    await world.send(key, silence(1))
    await world.listening.wait_below(key, 0.5)
    await asyncio.sleep(0.1)
    await world.listening.stop(key)
    await world.send(key, tones(range(heard_before, 80), **WORD))
    second = world.restarted()
    await second.start(key)
    await second.finish(key)
    assert await world.words(key) == numbered(0, 80)


async def test_finish_is_idempotent_and_starts_by_itself(world: World) -> None:
    key = await world.open("a")
    await world.send(key, tones(range(10)))
    await asyncio.gather(world.listening.finish(key), world.listening.finish(key))
    await world.listening.finish(key)
    assert await world.words(key) == numbered(0, 10)


async def test_an_empty_or_silent_session_has_no_segments(world: World) -> None:
    empty, silent = await world.open("a"), await world.open("b")
    await world.listening.finish(empty)
    await world.send(silent, silence(60))
    await world.listening.finish(silent)
    assert await world.segments(empty) == await world.segments(silent) == []
    assert (await world.ports.sessions.get(silent)).heard_s == pytest.approx(60)


async def test_an_unknown_session_cannot_be_listened_to(world: World) -> None:
    with pytest.raises(NotFound):
        await world.listening.finish(SessionKey("local", "nobody"))


async def test_eight_sessions_give_what_each_gives_alone(world: World) -> None:
    keys = [await world.open(f"s{n}", SessionConfig(language="es")) for n in range(8)]
    for key in keys:
        await world.listening.start(key)
    for first in range(0, 60, 6):
        for number, key in enumerate(keys):
            await world.send(key, tones(range(first + number, first + 6 + number), **WORD))
    await asyncio.gather(*(world.listening.finish(key) for key in keys))
    for number, key in enumerate(keys):
        expected = [f"w{first + number + n}" for first in range(0, 60, 6) for n in range(6)]
        assert await world.words(key) == expected
        assert (await world.ports.sessions.get(key)).language == "es"


async def test_partial_results_carry_the_next_id_and_are_replaced(tmp_path: Path) -> None:
    options = ListeningOptions(partial_interval_s=0.01, retry=QUICK_RETRIES)
    async with open_world(tmp_path, options=options) as world:
        key = await world.open("a")
        await world.listening.start(key)
        with world.ports.feed.subscribe(key) as queue:
            audio = np.concatenate([tones(range(60), **WORD), silence(3)])
            for at in range(0, audio.size, 4800):
                await world.send(key, audio[at : at + 4800])
                await world.listening.wait_below(key, 0.4)
                await asyncio.sleep(0.01)
            await world.listening.finish(key)
            messages = [queue.get_nowait() for _ in range(queue.qsize())]
        shown, final = [], []
        for message in partials(messages):
            for line in message.lines:
                if line.segment_id in message.final:
                    final.append(line)
                else:
                    shown.append(line)
                    assert line.segment_id == f"s{len(final) + 1}"
        assert " ".join(line.text for line in final).split() == numbered(0, 60)
        assert len(shown) > 5
        assert partials(messages)[-1].text == ""
        progress = [message for message in messages if isinstance(message, Progress)]
        assert progress[-1] == Progress("transcribing", 1.0)
        assert [each.fraction for each in progress] == sorted(each.fraction for each in progress)


async def test_a_cut_in_long_speech_takes_nothing_back(tmp_path: Path) -> None:
    options = ListeningOptions(partial_interval_s=0.01, hear_interval_s=0.05, retry=QUICK_RETRIES)
    async with open_world(tmp_path, options=options) as world:
        key = await world.open("a")
        await world.listening.start(key)
        with world.ports.feed.subscribe(key) as queue:
            audio = tones(range(40), **WORD)  # pauses too short to end an utterance: it is cut
            for at in range(0, audio.size, 4800):
                await world.send(key, audio[at : at + 4800])
                await world.listening.wait_below(key, 0.4)
                await asyncio.sleep(0.01)
            messages = [queue.get_nowait() for _ in range(queue.qsize())]
        words = said = 0
        for message in partials(messages):
            finals = sum(len(line.text.split()) for line in message.lines if line.segment_id in message.final)
            said, words = said + finals, max(words, said + finals + len(message.text.split()))
            assert said + len(message.text.split()) >= words - 1  # the word being spoken may change
        assert words > 30
        heard = [message.audio_s for message in partials(messages)]
        assert heard == sorted(heard)


async def test_the_events_name_the_segments(world: World) -> None:
    key = await world.open("a")
    await world.send(key, tones(range(40), **WORD))
    await world.listening.finish(key)
    events = [event for event in await world.ports.events.read(key) if event.kind == "segments"]
    named = [name for event in events for name in event.payload["ids"]]
    assert named == [segment.segment_id for segment in await world.segments(key)]


async def test_a_busy_or_stumbling_model_is_asked_again(tmp_path: Path) -> None:
    transcriber = UnreliableTranscriber([GatewayBusy("full")] * 10 + [GatewayError("oops")] * 2)
    async with open_world(tmp_path, transcriber) as world:
        key = await world.open("a")
        await world.send(key, tones(range(60), **WORD))
        await world.listening.finish(key)
        assert await world.words(key) == numbered(0, 60)


async def test_a_lasting_failure_is_raised_and_nothing_is_skipped(tmp_path: Path) -> None:
    transcriber = UnreliableTranscriber([GatewayUnavailable("gone")] * 100)
    async with open_world(tmp_path, transcriber, ListeningOptions(partial_interval_s=0, retry=QUICK_RETRIES)) as world:
        key = await world.open("a")
        await world.listening.start(key)
        await world.send(key, tones(range(60), **WORD))
        await world.listening.wait_below(key, 0.1)
        with pytest.raises(GatewayUnavailable):
            await world.listening.finish(key)
        assert await world.words(key) == []
        transcriber.errors.clear()
        await world.listening.finish(key)
        assert await world.words(key) == numbered(0, 60)


async def test_a_backlog_is_not_recognised_in_vain_after_a_lasting_failure(tmp_path: Path) -> None:
    transcriber = UnreliableTranscriber([GatewayUnavailable("gone")] * 1000)
    async with open_world(tmp_path, transcriber, ListeningOptions(partial_interval_s=0, retry=QUICK_RETRIES)) as world:
        key = await world.open("a")
        for first in range(0, 600, 60):
            await world.send(key, tones(range(first, first + 60), **WORD))
        with pytest.raises(GatewayUnavailable):
            await world.listening.finish(key)
        assert 1000 - len(transcriber.errors) <= 4 * QUICK_RETRIES.attempts  # two blocks at once, and two that waited


async def test_listening_goes_on_by_itself_when_the_model_is_back(tmp_path: Path) -> None:
    transcriber = UnreliableTranscriber([GatewayUnavailable("gone")] * QUICK_RETRIES.attempts)
    options = ListeningOptions(partial_interval_s=0, retry=QUICK_RETRIES, restart_after_s=0)
    async with open_world(tmp_path, transcriber, options) as world:
        key = await world.open("a")
        await world.listening.start(key)
        for first in range(0, 120, 10):
            await world.send(key, tones(range(first, first + 10), **WORD))
            await asyncio.sleep(0.05)
        for _ in range(100):
            if await world.words(key):
                break
            await asyncio.sleep(0.05)
        assert (await world.words(key))[0] == "w0"
        await world.listening.finish(key)
        assert await world.words(key) == numbered(0, 120)
