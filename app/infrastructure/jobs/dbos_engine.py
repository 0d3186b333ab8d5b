"""DBOS itself: one process-wide instance on a SQLite file, quiet and without network. Everything here blocks."""

import contextlib
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from app.domain.errors import ConfigurationError, StorageError

QUEUE = "jobs"
WORKFLOW = "job"

POLLING_INTERVAL_S = 0.1
"""How often DBOS looks for queued work: the longest that a job waits when nothing else runs.
Measured: an idle engine takes 1.3 % of one core at 0.1 s and 0.8 % at 1 s."""

RECORDING_TIMEOUT_S = 5.0
"""How long a new run of a job, and closing, wait for DBOS to record the outcome of the last.
It takes milliseconds unless the disk fails."""

APPLICATION_VERSION = "1"
"""Fixed: DBOS resumes only workflows of the same version, and a session must be finished after an update too."""

_open_engine = threading.Lock()


class DbosEngine:
    """Starts, feeds and stops DBOS."""

    def __init__(
        self,
        path: Path,
        work: Callable[[str, str, str, str], None],
        concurrency: int,
        polling_interval_s: float = POLLING_INTERVAL_S,
    ) -> None:
        """Prepare an engine; ``open`` starts it.

        Args:
            path: the SQLite file; made if it is not there.
            work: the workflow: called in a thread of DBOS with workflow id, job, owner and session id.
            concurrency: how many workflows run at once.
            polling_interval_s: how often DBOS looks for queued work.
        """
        self._path = path
        self._work = work
        self._concurrency = concurrency
        self._polling_interval_s = polling_interval_s
        self._opened = False
        self._workflow: Callable[[str, str, str], None]

    def open(self) -> None:
        """Start DBOS, which resumes what was pending.

        Raises:
            ConfigurationError: DBOS is in use by another engine of this process.
            StorageError: the file cannot be used.
        """
        if not _open_engine.acquire(blocking=False):
            raise ConfigurationError("Durable jobs can be open only once in a process: close the other server first.")
        try:
            self._launch()
        except BaseException:
            self._destroy()
            raise
        self._opened = True

    def _launch(self) -> None:
        with _storage_errors(self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.closing(sqlite3.connect(self._path)) as connection:
                connection.execute("PRAGMA journal_mode=WAL")  # stays with the file; DBOS keeps SQLite's default
        _quieten(logging.getLogger("dbos"))
        from dbos import DBOS, DBOSPortableJSONSerializer

        DBOS(
            config={
                "name": "vigia",
                "system_database_url": f"sqlite:///{self._path}",
                "executor_id": "server",
                "application_version": APPLICATION_VERSION,
                "serializer": DBOSPortableJSONSerializer(),  # its default is pickle
                "enable_otlp": False,
                "log_level": "WARNING",
                "scheduler_polling_interval_sec": 3600.0,
                # Only decides how long closing takes: nothing here waits for DBOS's notifications.
                "notification_listener_polling_interval_sec": self._polling_interval_s,
            }
        )

        # No limit on recoveries: the steps themselves give up what repeatedly ends the process.
        @DBOS.workflow(name=WORKFLOW, max_recovery_attempts=None)
        def workflow(job: str, owner: str, session_id: str) -> None:
            self._work(DBOS.workflow_id or "", job, owner, session_id)

        self._workflow = workflow
        with _storage_errors(self._path):
            DBOS.launch()
            DBOS.register_queue(
                QUEUE,
                worker_concurrency=self._concurrency,
                # A partition is a session: its second job would wait in a place that others need. The price is that DBOS
                # takes waiting sessions in random order.
                partition_worker_concurrency=1,
                polling_interval_sec=self._polling_interval_s,
                on_conflict="always_update",
            )

    def run_step(self, name: str, function: Callable[[], None]) -> None:
        """Run one step of the workflow of the calling thread, unless it is recorded as done."""
        from dbos import DBOS

        DBOS.run_step({"name": name}, function)

    def enqueue(self, workflow_id: str, arguments: tuple[str, str, str], *, ended: bool) -> bool:
        """Queue a workflow unless it is queued or running.

        Args:
            workflow_id: its id; a workflow of this id that ended is forgotten.
            arguments: job, owner and session id.
            ended: the caller knows that a running one has ended, though DBOS may not have recorded it yet.

        Returns:
            False if one runs: it may have read already what it works on.

        Raises:
            StorageError: the disk refused.
        """
        from dbos import DBOS, SetEnqueueOptions, SetWorkflowID

        with _storage_errors(self._path):
            status = self._status(workflow_id)
            deadline = time.monotonic() + RECORDING_TIMEOUT_S
            while ended and status == "PENDING" and time.monotonic() < deadline:
                time.sleep(0.01)
                status = self._status(workflow_id)
            if status == "ENQUEUED" or (status == "PENDING" and not ended):
                return status == "ENQUEUED"
            if status is not None:
                DBOS.delete_workflow(workflow_id)
            partition = "/".join(quote(part, safe="") for part in arguments[1:])
            with SetWorkflowID(workflow_id), SetEnqueueOptions(queue_partition_key=partition):
                DBOS.enqueue_workflow(QUEUE, self._workflow, *arguments)
            return True

    def _status(self, workflow_id: str) -> str | None:
        from dbos import DBOS

        found = DBOS.list_workflows(workflow_ids=[workflow_id], load_input=False, load_output=False)
        if found and found[0].status == "ENQUEUED" and found[0].queue_partition_key is None:
            return "UNREACHABLE"  # queued by a version whose queue had no partitions: DBOS never takes it from this one
        return found[0].status if found else None

    def delete(self, workflow_ids: Sequence[str]) -> None:
        """Erase workflows, whatever their state.

        Raises:
            StorageError: the disk refused.
        """
        from dbos import DBOS

        with _storage_errors(self._path):
            DBOS.delete_workflows(list(workflow_ids))

    def close(self, ended: Collection[str] = ()) -> None:
        """Stop DBOS without waiting for workflows; no-op if it is not open.

        Args:
            ended: workflows that have nothing left to do: only until DBOS has recorded that, or the next start resumes them.
        """
        if self._opened:
            self._opened = False
            self._wait_recorded(ended)
            self._destroy()

    def _wait_recorded(self, ended: Collection[str]) -> None:
        from dbos import DBOS

        deadline = time.monotonic() + RECORDING_TIMEOUT_S
        with contextlib.suppress(StorageError), _storage_errors(self._path):
            while ended and time.monotonic() < deadline:
                pending = DBOS.list_workflows(status="PENDING", load_input=False, load_output=False)
                if not any(workflow.workflow_id in ended for workflow in pending):
                    break
                time.sleep(0.01)

    def _destroy(self) -> None:
        from dbos import DBOS

        try:
            # With the registry, so that the next engine of this process can register its own workflow.
            DBOS.destroy(destroy_registry=True)
        finally:
            _open_engine.release()


def _quieten(dbos_log: logging.Logger) -> None:
    if not dbos_log.handlers:
        dbos_log.addHandler(logging.NullHandler())  # without one, DBOS adds its own for the console
        dbos_log.addFilter(_is_no_reported_failure)


def _is_no_reported_failure(record: logging.LogRecord) -> bool:
    """Drops DBOS's traceback of a failed workflow: the runner has logged the failure in a line."""
    return not record.getMessage().startswith("Exception encountered in background workflow")


@contextlib.contextmanager
def _storage_errors(path: Path) -> Iterator[None]:
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (OSError, sqlite3.Error, SQLAlchemyError) as exc:
        # The statement's parameters are ids only, but the driver's message is enough.
        cause: Any = getattr(exc, "orig", None) or exc
        raise StorageError(f"The job file {path} cannot be used: {cause}. Check the disk, then start again.") from exc
