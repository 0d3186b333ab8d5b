"""A process that finishes a session with durable jobs: ``python -m tests.finish_in_child FOLDER [STEP]`` hangs in STEP."""

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

from app.domain.session.jobs import Job, JobStep
from app.domain.session.models import SessionKey
from app.infrastructure.jobs.dbos_job_runner import DbosJobRunner
from tests.finishing import KEY, opened


def recorded(step: JobStep, log: Path, hang_in: str | None) -> JobStep:
    """The step, which writes its name when it begins and when it ends, and hangs after its work if it is told to."""

    async def run(key: SessionKey) -> None:
        _write(log, f"{step.name} begins")
        await step.run(key)
        if step.name == hang_in:
            print("hanging", flush=True)
            await asyncio.Event().wait()
        _write(log, f"{step.name} ends")

    return replace(step, run=run)


def _write(log: Path, line: str) -> None:
    with log.open("a") as file:
        file.write(line + "\n")


async def main(folder: Path, hang_in: str | None) -> None:
    published = asyncio.Event()

    async def note(key: SessionKey) -> None:
        published.set()

    async with opened(folder / "sessions.db") as finishing:
        steps = finishing.use_case().jobs()["finish_session"].steps
        finish = [recorded(step, folder / "log", hang_in) for step in steps]
        runner = DbosJobRunner(folder / "jobs.db", {"finish_session": Job([*finish, JobStep("note", note)])})
        await runner.start()
        if hang_in is not None:
            await finishing.add_session()
            await runner.submit(KEY, "finish_session")
        await published.wait()
        await runner.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None))
