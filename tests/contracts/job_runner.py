"""What every job runner must do."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import pytest

from app.domain.errors import InvalidInput, NotFound, StorageError
from app.domain.session.gateway import JobRunner
from app.domain.session.jobs import Job, Jobs, JobStep
from app.domain.session.models import SessionKey

KEY = SessionKey("local", "a")
OTHER = SessionKey("local", "b")
PATIENCE_S = 20.0
IDLE_S = 0.1
"""Long enough to begin whatever may begin: runners under test look for work at least ten times in it."""


class Workshop:
    """Steps that write down what they do and wait when told to."""

    def __init__(self) -> None:
        self.done: list[tuple[str, str]] = []
        self.failed: list[SessionKey] = []
        self.told_again: list[int] = []
        self.running: set[tuple[str, str]] = set()
        self.most_at_once = 0
        self.failures: dict[str, list[Exception]] = {}
        self.gates: dict[str, asyncio.Event] = {}
        self.loops: set[asyncio.AbstractEventLoop] = set()
        self._changed = asyncio.Condition()

    def step(self, name: str) -> JobStep:
        async def run(key: SessionKey) -> None:
            self.loops.add(asyncio.get_running_loop())
            entry = (name, key.session_id)
            self.running.add(entry)
            self.most_at_once = max(self.most_at_once, len(self.running))
            try:
                await self._tell()
                if self.failures.get(name):
                    raise self.failures[name].pop(0)
                if name in self.gates:
                    await self.gates[name].wait()
                self.done.append(entry)
            finally:
                self.running.discard(entry)
            await self._tell()

        return JobStep(name, run)

    def jobs(self) -> Jobs:
        return {
            "finish": Job(tuple(map(self.step, ("one", "two", "three"))), self.failed.append, self._will_run_again),
            "again": Job((self.step("again"),)),
        }

    def _will_run_again(self, key: SessionKey) -> None:
        self.told_again.append(len(self.done))

    async def until(self, condition: Callable[[], bool]) -> None:
        async with self._changed:
            await asyncio.wait_for(self._changed.wait_for(condition), PATIENCE_S)

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()


Open = Callable[[Jobs], AbstractAsyncContextManager[JobRunner]]


class JobRunnerContract:
    """Subclasses give ``open_runner``: makes a started runner, at most 2 jobs at once, retries without pauses, closed at the end."""

    @pytest.fixture
    def workshop(self) -> Workshop:
        return Workshop()

    @pytest.fixture
    async def runner(self, open_runner: Open, workshop: Workshop) -> AsyncIterator[JobRunner]:
        async with open_runner(workshop.jobs()) as runner:
            yield runner

    async def test_runs_the_steps_in_order_on_the_loop_of_the_application(
        self, runner: JobRunner, workshop: Workshop
    ) -> None:
        await runner.submit(KEY, "finish")
        await workshop.until(lambda: len(workshop.done) == 3)
        assert workshop.done == [("one", "a"), ("two", "a"), ("three", "a")]
        assert workshop.loops == {asyncio.get_running_loop()}

    async def test_a_job_that_runs_is_not_started_again(self, runner: JobRunner, workshop: Workshop) -> None:
        workshop.gates["two"] = asyncio.Event()
        await runner.submit(KEY, "finish")
        await workshop.until(lambda: ("two", "a") in workshop.running)
        await asyncio.gather(*(runner.submit(KEY, "finish") for _ in range(3)))
        workshop.gates["two"].set()
        await workshop.until(lambda: len(workshop.done) == 3)
        await self.settle(runner, workshop)
        assert workshop.done == [("one", "a"), ("two", "a"), ("three", "a"), ("again", "b")]

    @pytest.mark.parametrize("last", ["two", "three"])
    async def test_a_job_whose_work_changed_while_it_ran_is_run_once_more(
        self, runner: JobRunner, workshop: Workshop, last: str
    ) -> None:
        workshop.gates[last] = asyncio.Event()
        await runner.submit(KEY, "finish")
        await workshop.until(lambda: (last, "a") in workshop.running)
        for _ in range(3):
            await runner.submit(KEY, "finish", again=True)
        await runner.submit(KEY, "finish")
        workshop.gates[last].set()
        await workshop.until(lambda: len(workshop.done) == 6)
        await self.settle(runner, workshop)
        assert workshop.done[:6] == 2 * [("one", "a"), ("two", "a"), ("three", "a")]
        assert len(workshop.done) == 7
        assert workshop.told_again == [3]

    async def test_a_job_that_failed_is_run_once_more_too(self, runner: JobRunner, workshop: Workshop) -> None:
        workshop.gates["one"] = asyncio.Event()
        workshop.failures["two"] = [NotFound("no such session")]
        await runner.submit(KEY, "finish")
        await workshop.until(lambda: ("one", "a") in workshop.running)
        await runner.submit(KEY, "finish", again=True)
        workshop.gates["one"].set()
        await workshop.until(lambda: ("three", "a") in workshop.done)
        assert workshop.failed == [KEY]

    async def test_a_forgotten_session_is_not_worked_on_once_more(self, runner: JobRunner, workshop: Workshop) -> None:
        workshop.gates["one"] = asyncio.Event()
        await runner.submit(KEY, "finish")
        await workshop.until(lambda: ("one", "a") in workshop.running)
        await runner.submit(KEY, "finish", again=True)
        await runner.forget(KEY)
        workshop.gates["one"].set()
        await self.settle(runner, workshop)
        assert workshop.done == [("again", "b")]

    async def test_a_job_that_ended_can_be_run_again_at_once(self, runner: JobRunner, workshop: Workshop) -> None:
        for times in (1, 2, 3):
            await runner.submit(KEY, "finish")
            await workshop.until(lambda: workshop.done.count(("three", "a")) == times)  # noqa: B023
            assert len(workshop.done) == 3 * times

    async def test_jobs_of_one_session_do_not_overlap(self, runner: JobRunner, workshop: Workshop) -> None:
        workshop.gates["one"] = asyncio.Event()
        await runner.submit(KEY, "finish")
        await workshop.until(lambda: ("one", "a") in workshop.running)
        await runner.submit(KEY, "again")
        await asyncio.sleep(IDLE_S)
        assert ("again", "a") not in workshop.running
        workshop.gates["one"].set()
        await workshop.until(lambda: len(workshop.done) == 4)
        assert workshop.done[-1] == ("again", "a")

    async def test_a_session_with_two_jobs_takes_one_place(self, runner: JobRunner, workshop: Workshop) -> None:
        workshop.gates["one"] = asyncio.Event()
        await runner.submit(KEY, "finish")
        await workshop.until(lambda: ("one", "a") in workshop.running)
        await runner.submit(KEY, "again")
        await asyncio.sleep(IDLE_S)
        await runner.submit(OTHER, "again")
        await workshop.until(lambda: workshop.done == [("again", "b")])
        workshop.gates["one"].set()
        await workshop.until(lambda: len(workshop.done) == 5)
        assert workshop.done[-1] == ("again", "a")

    async def test_sessions_run_side_by_side_up_to_the_bound(self, runner: JobRunner, workshop: Workshop) -> None:
        workshop.gates["one"] = asyncio.Event()
        for name in "abcd":
            await runner.submit(SessionKey("local", name), "finish")
        await workshop.until(lambda: len(workshop.running) == 2)
        await asyncio.sleep(IDLE_S)
        assert len(workshop.running) == 2
        workshop.gates["one"].set()
        await workshop.until(lambda: len(workshop.done) == 12)
        assert workshop.most_at_once == 2

    async def test_a_failing_step_is_tried_again(self, runner: JobRunner, workshop: Workshop) -> None:
        workshop.failures["two"] = [StorageError("the disk is full"), ValueError("odd")]
        await runner.submit(KEY, "finish")
        await workshop.until(lambda: len(workshop.done) == 3)
        assert workshop.done == [("one", "a"), ("two", "a"), ("three", "a")]

    @pytest.mark.parametrize("errors", [[StorageError("the disk is full")] * 3, [NotFound("no such session")]])
    async def test_a_step_that_fails_for_good_ends_the_job_which_may_be_submitted_again(
        self, runner: JobRunner, workshop: Workshop, errors: list[Exception]
    ) -> None:
        workshop.failures["two"] = list(errors)
        await runner.submit(KEY, "finish")
        await workshop.until(lambda: workshop.failures["two"] == [] and not workshop.running)
        await self.settle(runner, workshop)
        assert workshop.done == [("one", "a"), ("again", "b")]
        assert workshop.failed == [KEY]
        await runner.submit(KEY, "finish")
        await workshop.until(lambda: ("three", "a") in workshop.done)

    async def test_forgetting_stops_the_jobs_of_the_session_only(self, runner: JobRunner, workshop: Workshop) -> None:
        workshop.gates["one"] = asyncio.Event()
        await runner.submit(KEY, "finish")
        await runner.submit(OTHER, "finish")
        await workshop.until(lambda: len(workshop.running) == 2)
        await runner.forget(KEY)
        assert workshop.running == {("one", "b")}
        workshop.gates["one"].set()
        await workshop.until(lambda: ("three", "b") in workshop.done)
        await runner.submit(KEY, "finish")
        await workshop.until(lambda: ("three", "a") in workshop.done)
        assert workshop.done.count(("one", "a")) == 1

    async def test_forgetting_a_session_without_jobs(self, runner: JobRunner) -> None:
        await runner.forget(KEY)

    async def test_an_unknown_job_is_refused(self, runner: JobRunner) -> None:
        with pytest.raises(InvalidInput, match="finish"):
            await runner.submit(KEY, "polish")

    async def test_closing_does_not_wait(self, open_runner: Open, workshop: Workshop) -> None:
        workshop.gates["one"] = asyncio.Event()
        async with open_runner(workshop.jobs()) as runner:
            await runner.submit(KEY, "finish")
            await runner.submit(OTHER, "again")
            await workshop.until(lambda: ("one", "a") in workshop.running and len(workshop.done) == 1)
            began = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - began < 5
        assert workshop.running == set()
        assert workshop.done == [("again", "b")]

    async def settle(self, runner: JobRunner, workshop: Workshop) -> None:
        """Let whatever wrongly waits in the queue run: another session's job goes through behind it."""
        await runner.submit(OTHER, "again")
        await workshop.until(lambda: ("again", "b") in workshop.done)
