"""What is done of the analysis while sessions run."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

import pytest

from app.application.sessions.work_ahead import KEPT_SESSIONS, WorkAhead
from app.domain.errors import GatewayBusy
from app.domain.session.models import Segment, SessionKey

pytestmark = pytest.mark.unit
KEY = SessionKey("local", "long")


class Analyzer:
    """Remembers what it was given; fails first with each of ``failures``."""

    def __init__(self, failures: Sequence[Exception] = ()) -> None:
        self.heard_ids: list[str] = []
        self.before: list[str] = []
        self.prepared: list[str] = []
        self.failures = list(failures)

    async def prepare(self, language: str) -> None:
        self.prepared.append(language)

    async def heard(self, segments: Sequence[Segment], before: Sequence[Segment], language: str) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.before = [segment.segment_id for segment in before]
        self.heard_ids += [segment.segment_id for segment in segments]


def segment(number: int) -> Segment:
    return Segment(f"s{number}", float(number), number + 1.0, "words")


@contextlib.asynccontextmanager
async def running(work: WorkAhead) -> AsyncIterator[None]:
    task = asyncio.create_task(work.run())
    yield
    await asyncio.sleep(0.05)
    task.cancel()


async def test_short_sessions_are_left_alone() -> None:
    analyzer = Analyzer()
    work = WorkAhead(analyzer, begin_at_s=300, pause_s=0)
    async with running(work):
        work.stored(KEY, [segment(1)], 299.0, "en")
    assert analyzer.heard_ids == []


async def test_nothing_is_kept_of_an_erased_session() -> None:
    analyzer = Analyzer()
    work = WorkAhead(analyzer, begin_at_s=300, pause_s=0)
    async with running(work):
        work.stored(KEY, [segment(1)], 299.0, "en")
        work.forget(KEY)
        work.forget(KEY)
        work.stored(KEY, [segment(2)], 301.0, "en")
        await asyncio.sleep(0.02)
        work.forget(KEY)
        work.stored(KEY, [segment(3)], 302.0, "en")
    assert analyzer.heard_ids == ["s2", "s3"]
    assert analyzer.before == []


async def test_every_session_has_its_language_prepared_once_it_is_known() -> None:
    analyzer = Analyzer()
    work = WorkAhead(analyzer, begin_at_s=300, pause_s=0)
    async with running(work):
        work.stored(KEY, [segment(1)], 2.0, None)
        await asyncio.sleep(0.02)
        assert analyzer.prepared == []
        work.stored(KEY, [segment(2)], 4.0, "es")
        await asyncio.sleep(0.02)
        work.stored(KEY, [segment(3)], 6.0, "es")
        work.stored(SessionKey("local", "another"), [segment(1)], 6.0, "en")
    assert analyzer.prepared == ["es", "en"]


async def test_long_sessions_are_analysed_from_their_beginning() -> None:
    analyzer = Analyzer()
    work = WorkAhead(analyzer, begin_at_s=300, pause_s=0)
    async with running(work):
        work.stored(KEY, [segment(1)], 100.0, None)
        work.stored(KEY, [segment(2)], 301.0, None)
        await asyncio.sleep(0.02)
        assert analyzer.heard_ids == []  # the language is not known yet
        work.stored(KEY, [segment(3)], 302.0, "es")
        await asyncio.sleep(0.02)
        work.stored(KEY, [segment(4)], 303.0, "es")
    assert analyzer.heard_ids == ["s1", "s2", "s3", "s4"]
    assert analyzer.before == ["s1", "s2", "s3"]


@pytest.mark.parametrize("failure", [GatewayBusy("busy"), RuntimeError("a bug")])
async def test_failures_do_not_stop_it(failure: Exception) -> None:
    analyzer = Analyzer([failure])
    work = WorkAhead(analyzer, begin_at_s=0, pause_s=0)
    async with running(work):
        work.stored(KEY, [segment(1)], 1.0, "en")
        await asyncio.sleep(0.02)
        work.stored(KEY, [segment(2)], 2.0, "en")
    assert analyzer.heard_ids == ["s2"]


async def test_what_is_remembered_is_bounded() -> None:
    analyzer = Analyzer()
    work = WorkAhead(analyzer, begin_at_s=10, pause_s=0)
    for number in range(KEPT_SESSIONS + 1):
        work.stored(SessionKey("local", f"session {number}"), [segment(number)], 1.0, "en")
    async with running(work):
        for number in range(KEPT_SESSIONS + 1):
            work.stored(SessionKey("local", f"session {number}"), [], 11.0, "en")
    assert "s0" not in analyzer.heard_ids
