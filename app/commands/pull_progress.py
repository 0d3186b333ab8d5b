"""Shows on standard error how a pull goes: bars on a terminal, now and then a line elsewhere."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import TransferSpeedColumn as SpeedColumn

from app.composition.choice import models_to_pull
from app.infrastructure.catalog.assembly import OnProgress, PullEvent
from app.infrastructure.catalog.catalog import Catalog
from app.infrastructure.catalog.entries import ModelEntry
from app.settings import Settings

_LINE_EVERY_S = 5.0


@contextmanager
def pull_display(total_bytes: int, console: Console | None = None) -> Iterator[OnProgress]:
    """Give what ``Catalog.pull`` reports to; what it shows is closed at the end."""
    console = console or Console(stderr=True)
    if not console.is_terminal:
        yield _Lines(console)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), SpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        yield _Bars(progress, total_bytes)


def pull_missing(settings: Settings) -> None:
    """Fetch the models that the settings need and that are not installed; nothing is shown if there are none.

    Raises:
        ConfigurationError, StorageError: as for ``Catalog.pull``.
    """
    catalog = Catalog.from_settings(settings)
    pull_entries(catalog, map(catalog.entry, models_to_pull(settings, catalog.entries)))


def pull_entries(catalog: Catalog, entries: Iterable[ModelEntry]) -> None:
    """Fetch those that are not installed; raises as ``pull_missing`` does."""
    missing = [entry for entry in entries if not catalog.is_installed(entry)]
    if missing:
        with pull_display(sum(entry.size_bytes for entry in missing)) as on_progress:
            for entry in missing:
                catalog.pull(entry.name, on_progress)


class _Bars:
    """One bar for all models together, and one a model."""

    def __init__(self, progress: Progress, total_bytes: int) -> None:
        self._progress = progress
        self._overall = progress.add_task("all models", total=total_bytes)
        self._tasks: dict[str, TaskID] = {}
        self._done_bytes: dict[str, int] = {}

    def __call__(self, event: PullEvent) -> None:
        if event.model not in self._tasks:
            self._tasks[event.model] = self._progress.add_task(event.model, total=event.total_bytes)
        label = f"{event.model} (waiting)" if event.stage == "waiting" else event.model
        self._progress.update(self._tasks[event.model], completed=event.done_bytes, description=label)
        self._done_bytes[event.model] = event.done_bytes
        self._progress.update(self._overall, completed=sum(self._done_bytes.values()))


class _Lines:
    """A line when a model begins, every few seconds, and when it is done."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._last_s = 0.0
        self._last: tuple[str, str] = ("", "")

    def __call__(self, event: PullEvent) -> None:
        if event.stage == "failed source":
            return  # told at the end, if no other source has it
        now, key = time.monotonic(), (event.model, event.stage)
        if key == self._last and now - self._last_s < _LINE_EVERY_S:
            return
        self._last, self._last_s = key, now
        share = 100 * event.done_bytes // max(1, event.total_bytes)
        sizes = f"{event.done_bytes / 1e6:.0f} of {event.total_bytes / 1e6:.0f} MB"
        self._console.print(
            f"{event.model}: {event.stage} {sizes} ({share} %) {event.detail}".rstrip(), highlight=False, soft_wrap=True
        )
