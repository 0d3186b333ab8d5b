"""Results are computed once, kept within bounds, and forgotten."""

import asyncio

import pytest

from app.infrastructure.runtime.result_cache import CacheLimits, ResultCache

pytestmark = pytest.mark.unit


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Words:
    """Computes a text when it is let; counts how often, and how often it was stopped."""

    def __init__(self, text: str = "text") -> None:
        self.text = text
        self.open = asyncio.Event()
        self.begun = self.stopped = 0

    async def __call__(self) -> str:
        self.begun += 1
        try:
            await self.open.wait()
        except asyncio.CancelledError:
            self.stopped += 1
            raise
        if self.text == "fail":
            raise ValueError(self.text)
        return self.text


def cache_of(clock: Clock | None = None, entries: int = 10, size: int = 100) -> ResultCache[str]:
    return ResultCache(CacheLimits(entries, size, age_s=60), len, clock or Clock())


async def keep(cache: ResultCache[str], *texts: str) -> None:
    for text in texts:
        words = Words(text)
        words.open.set()
        assert await cache.compute(text, words) == text


async def test_results_are_kept_and_found() -> None:
    cache = cache_of()
    await keep(cache, "one", "three")
    assert (cache.find("one"), cache.find("three"), cache.find("two")) == ("one", "three", None)
    assert (cache.entries, cache.bytes) == (2, 8)


async def test_the_least_recently_found_make_room() -> None:
    cache = cache_of(entries=2)
    await keep(cache, "a", "b")
    assert cache.find("a") == "a"
    await keep(cache, "c")
    assert [cache.find(key) for key in "abc"] == ["a", None, "c"]


async def test_bytes_are_bounded_and_too_large_results_not_kept() -> None:
    cache = cache_of(size=10)
    await keep(cache, "aaaa", "bbbb", "cccc")
    assert (cache.entries, cache.bytes) == (2, 8)
    await keep(cache, "d" * 11)
    assert cache.entries == 2


async def test_old_results_are_gone() -> None:
    clock = Clock()
    cache = cache_of(clock)
    await keep(cache, "a")
    clock.now = 59
    assert cache.find("a") == "a"
    clock.now = 61
    assert cache.find("a") is None
    assert cache.bytes == 0


async def test_the_same_call_is_computed_once() -> None:
    cache, words = cache_of(), Words()
    calls = [asyncio.create_task(cache.compute("key", words)) for _ in range(5)]
    await asyncio.sleep(0)
    words.open.set()
    assert await asyncio.gather(*calls) == ["text"] * 5
    assert words.begun == 1


async def test_one_who_leaves_does_not_stop_the_others_and_the_last_one_does() -> None:
    cache, words = cache_of(), Words()
    calls = [asyncio.create_task(cache.compute("key", words)) for _ in range(2)]
    await asyncio.sleep(0.01)
    calls[0].cancel()
    await asyncio.gather(calls[0], return_exceptions=True)
    assert words.stopped == 0
    calls[1].cancel()
    await asyncio.gather(calls[1], return_exceptions=True)
    await asyncio.sleep(0.01)
    assert words.stopped == 1
    await keep(cache, "key")


async def test_failures_are_told_to_all_and_not_kept() -> None:
    cache, words = cache_of(), Words("fail")
    calls = [asyncio.create_task(cache.compute("key", words)) for _ in range(2)]
    await asyncio.sleep(0)
    words.open.set()
    assert [type(each) for each in await asyncio.gather(*calls, return_exceptions=True)] == [ValueError] * 2
    await keep(cache, "key")


async def test_the_hurried_do_not_wait_for_the_patient() -> None:
    cache, slow, quick = cache_of(), Words("slow"), Words("quick")
    patient = asyncio.create_task(cache.compute("key", slow, manner="patient"))
    await asyncio.sleep(0)
    quick.open.set()
    assert await cache.compute("key", quick, manner="hurried") == "quick"
    patient.cancel()
    await asyncio.gather(patient, return_exceptions=True)


async def test_what_is_forgotten_does_not_come_back() -> None:
    cache, words = cache_of(), Words()
    await keep(cache, "a")
    call = asyncio.create_task(cache.compute("key", words))
    await asyncio.sleep(0)
    cache.forget()
    words.open.set()
    assert await call == "text"
    assert (cache.find("a"), cache.find("key"), cache.bytes) == (None, None, 0)
