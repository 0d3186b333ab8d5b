"""Only one server may use a data folder: two would write over each other's journals and run each other's jobs."""

from pathlib import Path
from types import TracebackType

from app.domain.errors import ConfigurationError

LOCK_FILE = "server.lock"


class DataLock:
    """Holds a data folder until it is closed. A context manager; the system lets go of it when the process dies, however."""

    def __init__(self, data_dir: Path) -> None:
        """Lock the folder; ``lock_data_dir`` is the way to get one."""
        from filelock import FileLock

        # Not bound to a thread: it is taken in a worker thread and given back in another.
        self._lock = FileLock(data_dir / LOCK_FILE, timeout=0, thread_local=False)
        self._lock.acquire()

    def close(self) -> None:
        """Let others use the folder. Safe to call twice."""
        self._lock.release()

    def __enter__(self) -> "DataLock":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def lock_data_dir(data_dir: Path) -> DataLock:
    """Keep every other server away from ``data_dir``, which is made if it is not there. Returns at once. Blocking.

    Raises:
        ConfigurationError: another server uses the folder, or it cannot be locked.
    """
    from filelock import Timeout

    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        return DataLock(data_dir)
    except Timeout as error:
        raise ConfigurationError(
            f"another server is using the data folder {data_dir}: stop it, or choose another folder with --data-dir",
            code="data_dir_in_use",
            param="data_dir",
        ) from error
    except (OSError, RuntimeError) as error:  # the latter where the file system knows no locks
        raise ConfigurationError(
            f"the data folder {data_dir} cannot be locked ({error}): choose one on a local disk, that this user may"
            " write to, with --data-dir",
            param="data_dir",
        ) from error
