import asyncio
import contextlib
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from app.domain.errors import ConfigurationError, StorageError
from app.domain.session.gateway import JobRunner
from app.domain.session.jobs import Jobs
from app.infrastructure.jobs.dbos_engine import DbosEngine
from app.infrastructure.jobs.dbos_job_runner import DbosJobRunner
from app.infrastructure.jobs.inline_job_runner import InlineJobRunner
from tests.contracts.job_runner import IDLE_S, KEY, OTHER, JobRunnerContract, Open, Workshop

POLLING_INTERVAL_S = IDLE_S / 10


@pytest.fixture(scope="module")
def used_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that has been used: DBOS takes a second longer to serve a new one."""
    path = tmp_path_factory.mktemp("jobs") / "new" / "jobs.db"

    engine = DbosEngine(path, lambda *_: None, 1, POLLING_INTERVAL_S)
    engine.open()
    engine.close()
    return path


@pytest.mark.unit
class TestInlineJobRunner(JobRunnerContract):
    @pytest.fixture
    def open_runner(self) -> Open:
        @asynccontextmanager
        async def opened(jobs: Jobs) -> AsyncIterator[JobRunner]:
            runner = InlineJobRunner(jobs, concurrency=2, retry_delays_s=(0.0, 0.0))
            await runner.start()
            try:
                yield runner
            finally:
                await runner.close()

        return opened


@pytest.mark.unit
class TestDbosJobRunner(JobRunnerContract):
    @pytest.fixture
    def path(self, used_file: Path, tmp_path: Path) -> Path:
        return Path(shutil.copy(used_file, tmp_path))

    @pytest.fixture
    def open_runner(self, path: Path) -> Open:
        @asynccontextmanager
        async def opened(jobs: Jobs) -> AsyncIterator[JobRunner]:
            runner = DbosJobRunner(
                path, jobs, concurrency=2, retry_delays_s=(0.0, 0.0), polling_interval_s=POLLING_INTERVAL_S
            )
            await runner.start()
            try:
                yield runner
            finally:
                await runner.close()

        return opened

    async def test_what_ran_or_waited_at_closing_goes_on_at_the_next_start(
        self, open_runner: Open, workshop: Workshop
    ) -> None:
        workshop.gates["two"] = asyncio.Event()
        async with open_runner(workshop.jobs()) as runner:
            for session in (KEY, OTHER):
                await runner.submit(session, "finish")
            await workshop.until(lambda: len(workshop.running) == 2 and len(workshop.done) == 2)
            await runner.submit(KEY, "again")
        del workshop.gates["two"]
        async with open_runner(workshop.jobs()):
            await workshop.until(lambda: len(workshop.done) == 7)
        assert sorted(workshop.done) == [
            ("again", "a"),
            *((step, session) for step in ("one", "three", "two") for session in ("a", "b")),
        ]

    async def test_what_an_older_version_queued_is_run_when_it_is_submitted_again(
        self, open_runner: Open, path: Path, workshop: Workshop
    ) -> None:
        workshop.gates["one"] = asyncio.Event()
        async with open_runner(workshop.jobs()) as runner:
            await runner.submit(KEY, "finish")
            await workshop.until(lambda: ("one", "a") in workshop.running)
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute("UPDATE workflow_status SET queue_partition_key = NULL")
            connection.commit()
        workshop.gates["one"].set()
        async with open_runner(workshop.jobs()) as runner:
            await asyncio.sleep(IDLE_S)
            await runner.submit(KEY, "finish")
            await workshop.until(lambda: len(workshop.done) == 3)

    async def test_nothing_is_repeated_at_the_next_start(self, open_runner: Open, workshop: Workshop) -> None:
        async with open_runner(workshop.jobs()) as runner:
            await runner.submit(KEY, "finish")
            await workshop.until(lambda: len(workshop.done) == 3)
            await self.settle(runner, workshop)
        async with open_runner(workshop.jobs()) as runner:
            workshop.done.clear()
            await self.settle(runner, workshop)
        assert workshop.done == [("again", "b")]

    async def test_a_second_runner_of_the_process_is_refused(self, runner: JobRunner, tmp_path: Path) -> None:
        second = DbosJobRunner(tmp_path / "second.db", {})
        with pytest.raises(ConfigurationError):
            await second.start()
        await second.close()

    @pytest.fixture
    def damaged(self, tmp_path: Path) -> Path:
        path = tmp_path / "jobs.db"
        path.write_bytes(b"not a database " * 100)
        return path

    async def test_a_file_that_is_no_database_is_named_in_the_error(self, damaged: Path) -> None:
        broken = DbosJobRunner(damaged, {})
        with pytest.raises(StorageError, match=r"jobs\.db"):
            await broken.start()
        await broken.close()

    async def test_errors_recorded_hold_no_content(self, open_runner: Open, path: Path, workshop: Workshop) -> None:
        workshop.failures["one"] = [ValueError("the words that were said")] * 3
        async with open_runner(workshop.jobs()) as runner:
            await runner.submit(KEY, "finish")
            await workshop.until(lambda: workshop.failures["one"] == [])
            await self.settle(runner, workshop)
        stored = b"".join(file.read_bytes() for file in path.parent.iterdir())
        assert b"step one failed with ValueError" in stored
        assert b"words" not in stored
