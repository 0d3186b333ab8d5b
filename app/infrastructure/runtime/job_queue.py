"""A bounded priority queue of jobs, and the threads that take from it."""

import heapq
import itertools
import threading
from collections.abc import Callable
from typing import Any, TypeAlias

from app.domain.errors import GatewayBusy, GatewayUnavailable
from app.infrastructure.runtime.cores import give_way
from app.infrastructure.runtime.work import Job

Outcome: TypeAlias = tuple[Any, BaseException | None]
BACKGROUND_NICENESS = 10
"""Added for threads that run post-session work: Linux gives them about a tenth of a core that others want, too (sched(7))."""


class JobQueue:
    """Hands jobs to at most ``lanes`` threads at once, the most urgent first.

    Post-session work may have threads of its own, which give way to all others: a thread that has given way cannot
    take that back without a privilege. What a library computes in the calling thread, or in threads that it makes
    there (OpenMP's, so llama.cpp's), gives way with it; pools that it made while loading do not.
    """

    def __init__(self, name: str, execute: Callable[[Job], Outcome], *, size: int, lanes: int) -> None:
        """No thread runs yet.

        Args:
            name: for messages and threads.
            execute: runs a job and returns its result or why it failed; raises nothing.
            size: jobs that may wait.
            lanes: jobs that may run at once.
        """
        self.background_gives_way = False
        """Whether post-session work gets threads of its own; to be set before the first job."""
        self._name = name
        self._execute = execute
        self._size = size
        self._lanes = lanes
        self._lock = threading.Lock()
        self._ready = {background: threading.Condition(self._lock) for background in (False, True)}
        self._threads: dict[bool, list[threading.Thread]] = {False: [], True: []}
        self._heap: list[tuple[int, int, Job]] = []
        self._order = itertools.count()
        self._running: set[Job] = set()
        self._closed = False

    @property
    def waiting(self) -> int:
        """Jobs that wait."""
        return len(self._heap)

    @property
    def running(self) -> int:
        """Jobs that run."""
        return len(self._running)

    @property
    def closed(self) -> bool:
        """Whether it takes no more jobs."""
        return self._closed

    def put(self, job: Job) -> None:
        """Let a job wait for its turn.

        Raises:
            GatewayBusy: enough jobs wait already.
            GatewayUnavailable: the queue is closed.
        """
        with self._lock:
            if self._closed:
                raise GatewayUnavailable(f"{self._name} is shutting down")
            if len(self._heap) >= self._size:
                raise GatewayBusy(f"{self._name} is busy ({self._size} jobs wait)", retry_after_s=1.0)
            heapq.heappush(self._heap, (job.priority, next(self._order), job))
            self._have_thread(self._gives_way(job))
            self._next()

    def forget(self, job: Job) -> None:
        """Take a job out if it still waits."""
        with self._lock:
            kept = [entry for entry in self._heap if entry[2] is not job]
            if len(kept) < len(self._heap):
                heapq.heapify(kept)
                self._heap = kept
                self._next()

    def urgency(self, job: Job) -> int:
        """A running job's: that of the most urgent one that waits behind it, if this is more."""
        head = self._heap[:1]
        return min(job.priority, head[0][0]) if head else job.priority

    def close(self, timeout_s: float) -> bool:
        """Take no more, and cancel what waits or runs. Blocking; returns whether all threads have ended."""
        with self._lock:
            self._closed = True
            stopped = [job for _, _, job in self._heap] + list(self._running)
            self._heap = []
            for ready in self._ready.values():
                ready.notify_all()
        for job in stopped:
            job.token.cancel()
            job.finish(None, GatewayUnavailable(f"{self._name} is shutting down"))
        threads = [thread for group in self._threads.values() for thread in group]
        for thread in threads:
            thread.join(timeout_s)
        return not any(thread.is_alive() for thread in threads)

    def _gives_way(self, job: Job) -> bool:
        return self.background_gives_way and job.background

    def _have_thread(self, gives_way: bool) -> None:
        group = self._threads[gives_way]
        if len(group) < self._lanes:
            name = f"{self._name}-{'background-' if gives_way else ''}{len(group)}"
            thread = threading.Thread(target=self._serve, args=(gives_way,), name=name, daemon=True)
            group.append(thread)
            thread.start()

    def _next(self) -> None:
        """Wake a thread for the first job, and let those that run be as urgent as it is; under the lock."""
        for job in self._running:
            if job.token.turn is not None:
                job.token.turn.hurry(self.urgency(job))
        if self._heap and len(self._running) < self._lanes:
            self._ready[self._gives_way(self._heap[0][2])].notify()

    def _serve(self, gives_way: bool) -> None:
        if gives_way:
            give_way(BACKGROUND_NICENESS)
        while (job := self._take(gives_way)) is not None:
            result, error = job.context.run(self._execute, job)
            with self._lock:
                self._running.discard(job)
                self._next()
            job.finish(result, error)
            del job, result, error  # an idle thread must not keep the last result in memory

    def _take(self, gives_way: bool) -> Job | None:
        """The first job, once a lane is free and it is for this kind of thread; None when the queue is closed."""
        with self._lock:
            while not self._closed:
                if self._heap and len(self._running) < self._lanes and self._gives_way(self._heap[0][2]) is gives_way:
                    job = heapq.heappop(self._heap)[2]
                    self._running.add(job)
                    self._next()
                    return job
                self._ready[gives_way].wait()
            return None
